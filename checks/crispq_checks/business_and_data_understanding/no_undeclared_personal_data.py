"""No column holds personal data that nobody declared.

## Why
An e-mail address in a column of notes, or a column of names that came along with an export, makes a project subject
to data protection law without anybody having decided so. It is then copied into training data, logs and reports, and
can no longer be taken back.

## How it is measured
Every column of the tables `tables` (by default `raw`) is read: up to `sample` (20,000) different values, always the
same ones, and beyond them every value with an `@` or a `+`. Recognisers that need no network grade each value; free
text is searched for what stands inside it. A column holds personal data if
- one value is beyond doubt: an e-mail address, an account number (IBAN, by its country's form and remainder modulo
  97), a phone number that begins with `+` and is valid, a card number in groups or inside a text (prefix, length,
  Luhn's check digit), a US social security number in its form, a French, Italian, Finnish, Swiss or Brazilian
  personal number with its check digits. Where fewer than one in ten values of the form are valid, they are taken for
  chance;
- or at least `fewest` (3) different values are likely: a bare card number (at least 30 % of the values of that length
  valid, chance makes 2.5 %), another national number with check digits (80 % valid, chance makes 10 %), and with a
  share of at least `share` (0.02) of the filled rows: phone numbers as written in one of the `regions`, postal
  addresses, IP addresses, names (a title such as Mrs before a name, a known given name beside a known surname, or
  columns of names, of which 20 % must be known); or what the column's title says (`surname`, `phone`, `ssn` ...), if
  the values look like it;
- or it is titled as a date of birth and holds dates.

Declared is a column whose row in the data description's table of columns says under "Personal" what it is (`name`,
`e-mail`, `date of birth` ...); a declaration that names a kind covers that kind only. Judged are:
- `undeclared`: columns with personal data that is not declared. The limit is none: one address is one person.
- `suspected`: columns titled like personal data whose many different values are not recognised (they may be hashed),
  and dates that are spread like dates of birth. They only warn.

Measured: one e-mail address in 10,000 and in 1,000,000 rows of text is found. Of 1421 columns without personal data
(all columns of scikit-learn's and statsmodels' data sets, cities, companies, cars, species, source code, and made-up
identifiers of 7 to 18 digits, time stamps, versions, part numbers, coordinates and codes) none was reported. Of
columns made up by Faker for 20 countries, without help of the title, those with full names were found for 18, with
given names for 17, with surnames for 8, with phone numbers and e-mail addresses for 20.

## How to mend it
Leave the column out, or replace it where it is collected (a number for a name, a year for a date of birth). Where it
is needed, declare it under "Personal" in the table of columns and name the legal basis in `legal_record.yaml`. Where
it only looks like personal data, say why under the setting `harmless` (column: reason).

## Source
CRISP-ML(Q) §3.1.3, pp. 397-398: legal constraints. Regulation (EU) 2016/679, art. 4(1). ISO 13616 (IBAN), ISO/IEC
7812 (card numbers), ITU-T E.164 (phone numbers); by python-stdnum and phonenumbers.

## What it cannot see
Persons who can be found by a combination of harmless columns, such as a post code, a date and a sex; names that are
rare, in other scripts, in lower case, or single ones in a text; phone numbers without `+` that are rarer than
`share`; images; what stands in values beyond the sample without `@` or `+`. A row number that another table turns
into a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from crispq import (
    Evidence,
    Example,
    Finding,
    Findings,
    Measurement,
    MissingEvidence,
    NotMeasurable,
    Table,
    TableData,
    check,
    hint,
    none,
)
from crispq_checks.columns import ColumnRow, ColumnTable, described_columns

#: Whole numbers below this are no phone numbers, accounts or identity numbers.
SMALLEST_NUMBER, LARGEST_NUMBER = 1_000_000, 10**20
NUMBERS = re.compile(r"U?(?:TINY|SMALL|BIG|HUGE)?INT(?:EGER)?|DOUBLE|FLOAT|REAL|DECIMAL(?:\(.*\))?")
DATES = ("DATE", "TIMESTAMP")
UNREADABLE = ("BLOB", "BOOLEAN", "BIT")
#: A title alone makes a column suspect only where its values are many.
MANY = 20
FEWEST_WORDS = 3
NOT_TOLD = "its title says so, its values do not tell"
SPREAD = "the dates are spread over decades as dates of birth are"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hit:
    """A column that holds a kind of personal data, in so many rows and different values; 0 values for a suspicion."""

    table: str
    path: str
    column: str
    kind: str
    rows: int
    texts: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _How:
    """The settings of a scan."""

    share: float
    fewest: int
    sample: int
    regions: tuple[str, ...]


@check(
    task="feasibility",
    catalogue=("BU3-C6",),
    risks=("R10",),
    tier="standard",
    limits={"undeclared": none(), "suspected": none(warn=True)},
    seconds=900,
)
def no_undeclared_personal_data(  # noqa: PLR0913 - each word is one setting
    evidence: Evidence,
    *,
    tables: Sequence[str] = ("raw",),
    share: float = 0.02,
    fewest: int = 3,
    sample: int = 20_000,
    regions: Sequence[str] = ("US", "GB", "DE", "FR", "IT", "ES", "NL", "AT", "CH"),
    harmless: Mapping[str, str] | None = None,
) -> Measurement:
    """Search the columns of the tables, and hold what is found against what is declared."""
    if not tables:
        raise NotMeasurable("the setting 'tables' is empty; name the tables to search")
    excused = dict(harmless or {})
    sources = [evidence.table(name) for name in tables]
    _refuse_odd_excuses(excused, sources)
    how = _How(share=share, fewest=fewest, sample=sample, regions=tuple(regions))
    hits = [hit for source in sources for hit in _searched(source, how)]
    described = _described(evidence)
    open_hits = [hit for hit in hits if hit.column not in excused and not _covered(hit, described)]
    examined = sum(len(source.columns) for source in sources)
    surely, perhaps = ([hit for hit in open_hits if bool(hit.reason) is guess] for guess in (False, True))
    return Measurement(
        values={
            "undeclared": Findings(examined=examined, items=tuple(_finding(hit, described) for hit in surely)),
            "suspected": Findings(examined=examined, items=tuple(_finding(hit, described) for hit in perhaps)),
        },
        summary=_summary(examined, hits, surely, perhaps),
        tables=_tables(hits, excused, described),
    )


def _refuse_odd_excuses(excused: Mapping[str, str], sources: Sequence[TableData]) -> None:
    known = {column for source in sources for column in source.columns}
    for column, reason in excused.items():
        if column not in known:
            raise NotMeasurable(f"harmless: no table that is searched has a column {column!r}{hint(column, known)}")
        if len(str(reason).split()) < FEWEST_WORDS:
            raise NotMeasurable(f"harmless.{column}: say in a few words why this is not personal data")


def _described(evidence: Evidence) -> ColumnTable | None:
    """The table of columns, if there is one: without it nothing is declared."""
    try:
        return described_columns(evidence)
    except MissingEvidence:
        return None


def _row_of(described: ColumnTable | None, column: str) -> ColumnRow | None:
    return None if described is None else described.row_of(column)


def _covered(hit: _Hit, described: ColumnTable | None) -> bool:
    from crispq_checks.personal import kinds_declared

    row = _row_of(described, hit.column)
    return row is not None and row.is_personal and hit.kind in kinds_declared(row.personal)


# --- reading the columns ---------------------------------------------------------------------------


def _searched(source: TableData, how: _How) -> Iterator[_Hit]:
    """What the table's columns hold. Two queries in all, since a large CSV file is slow to read."""
    expressions = dict(_expressions(source))
    for column, texts in _values(source, expressions, how.sample).items():
        if not source.types[column].startswith(DATES):
            yield from _scanned(source, column, texts, how)
        yield from _births(source, column, texts)


def _expressions(source: TableData) -> Iterator[tuple[str, str]]:
    """How each column is read as text. Whole and large numbers may be numbers of persons; measurements are not."""
    numbers = [column for column, kind in source.types.items() if NUMBERS.fullmatch(kind)]
    whole = _large_and_whole(source, numbers) if numbers else frozenset()
    for column, kind in source.types.items():
        if column in whole:
            yield column, f"CAST(CAST({_quoted(column)} AS DECIMAL(38, 0)) AS VARCHAR)"
        elif column not in numbers and not kind.startswith(UNREADABLE):
            yield column, f"CAST({_quoted(column)} AS VARCHAR)"


def _large_and_whole(source: TableData, columns: Sequence[str]) -> frozenset[str]:
    names = [_quoted(column) for column in columns]
    asked = ", ".join(f"max(abs({one})), count(*) FILTER ({one} <> floor({one}))" for one in names)
    answer = source.query(f"SELECT {asked} FROM rows")[0]  # noqa: S608 - the columns' own names, quoted
    facts = zip(columns, answer[::2], answer[1::2], strict=True)
    return frozenset(
        column
        for column, largest, broken in facts
        if largest is not None and not broken and SMALLEST_NUMBER <= largest < LARGEST_NUMBER
    )


def _values(source: TableData, expressions: Mapping[str, str], most: int) -> dict[str, dict[str, int]]:
    """For each column its different values with their numbers of rows: at most `most`, always the same.

    Those with an `@` or a `+` come first, the others in the order of their digest, which is no order of the data.
    """
    if not expressions:
        return {}
    named = {f"c{number}": column for number, column in enumerate(expressions)}
    read = ", ".join(f"{expressions[column]} AS {name}" for name, column in named.items())
    parts = " UNION ALL ".join(_most_telling(name, most) for name in named)
    found: dict[str, dict[str, int]] = {column: {} for column in expressions}
    asked = f"WITH t AS MATERIALIZED (SELECT {read} FROM rows) {parts}"  # noqa: S608 - the columns' names, quoted
    for name, value, count in source.query(asked):
        found[named[name]][str(value)] = int(count)
    return found


def _most_telling(name: str, most: int) -> str:
    told_first = f"CASE WHEN {name} LIKE '%@%' OR {name} LIKE '%+%' THEN 0 ELSE 1 END, md5({name})"
    asked = f"SELECT '{name}' AS c, {name} AS v, count(*) AS n FROM t WHERE {name} IS NOT NULL GROUP BY {name}"  # noqa: S608
    return f"SELECT * FROM ({asked} ORDER BY {told_first} LIMIT {int(most)}) AS p"  # noqa: S608


def _quoted(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _scanned(source: TableData, column: str, texts: Mapping[str, int], how: _How) -> Iterator[_Hit]:
    from crispq_checks.personal import BIRTH, kinds_named, scan

    found = list(scan(texts, column, regions=how.regions, share=how.share, fewest=how.fewest))
    for one in found:
        yield replace(_hit(source, column, one.kind, one.rows), texts=one.texts)
    many = len(texts) >= min(MANY, 1 + sum(texts.values()) // 2) and len(texts) > how.fewest
    for kind in sorted(kinds_named(column) - {one.kind for one in found} - {BIRTH}) if many else ():
        yield replace(_hit(source, column, kind, sum(texts.values())), reason=NOT_TOLD)


def _births(source: TableData, column: str, texts: Mapping[str, int]) -> Iterator[_Hit]:
    from crispq_checks.personal import BIRTH, are_like_births, dates_in, kinds_named

    dates = dates_in(texts)
    hit = _hit(source, column, BIRTH, sum(texts.values()))
    if BIRTH in kinds_named(column) and dates:
        yield replace(hit, texts=len(texts))
    elif are_like_births(dates, texts):
        yield replace(hit, reason=SPREAD)


def _hit(source: TableData, column: str, kind: str, rows: int) -> _Hit:
    return _Hit(table=source.name, path=source.paths[0], column=column, kind=kind, rows=rows)


# --- what the reader sees ----------------------------------------------------------------------------


def _finding(hit: _Hit, described: ColumnTable | None) -> Finding:
    row = _row_of(described, hit.column)
    said = "is said to hold no personal data, but " if row is not None and row.personal and not row.is_personal else ""
    if hit.reason:
        told = f"{said}may hold a {hit.kind} ({hit.reason})"
        advice = "look at it; then leave it out, declare it under Personal, or name it under harmless"
    else:
        told = f"{said}holds what looks like a {hit.kind} in {hit.rows} rows ({hit.texts} different values)"
        advice = "leave it out or replace it, or declare it under Personal in the table of columns"
    message = f"the column {hit.column!r} of the table {hit.table!r} {told}; {advice}"
    if row is None or described is None:
        return Finding(message=message, path=hit.path)
    return Finding(message=message, path=described.path, line=row.line)


def _summary(examined: int, hits: Sequence[_Hit], surely: Sequence[_Hit], perhaps: Sequence[_Hit]) -> str:
    declared = len({(hit.table, hit.column) for hit in hits} - {(hit.table, hit.column) for hit in (*surely, *perhaps)})
    kept = f"; {declared} more are declared or excused" if declared else ""
    if surely:
        first = surely[0]
        return (
            f"{len({(hit.table, hit.column) for hit in surely})} of {examined} columns hold personal data that is not "
            f"declared, such as {first.column!r} ({first.kind}, {first.rows} rows){kept}"
        )
    if perhaps:
        first = perhaps[0]
        return f"{examined} columns searched; {first.column!r} may hold a {first.kind}: {first.reason}{kept}"
    return f"{examined} columns searched, none holds personal data that is not declared{kept}"


def _tables(hits: Sequence[_Hit], excused: Mapping[str, str], described: ColumnTable | None) -> tuple[Table, ...]:
    def answer(hit: _Hit) -> str:
        if hit.column in excused:
            return f"harmless: {excused[hit.column]}"
        return "declared" if _covered(hit, described) else "open"

    rows = tuple((hit.table, hit.column, hit.kind, hit.rows, hit.texts or None, answer(hit)) for hit in hits)
    columns = ("table", "column", "looks like", "rows", "different values", "answer")
    return (Table(title="What was found, by column", columns=columns, rows=rows),) if rows else ()


_CONFIG = {"data": {"tables": {"raw": "raw.csv"}}}
_PHASE = {"documents": {"data_description": "data_description.md"}}
_DESCRIPTION = "1_business_and_data_understanding/data_description.md"
_ROWS = 60


def _written(**declared: str) -> str:
    head = "## Columns\n\n| Column | Meaning | Unit | Type | Known at | Personal |\n|---|---|---|---|---|---|\n"
    return head + "".join(f"| {name} | what it is | - | text | at | {cell} |\n" for name, cell in declared.items())


def _example(
    status: str, title: str, says: str, columns: Mapping[str, list[Any]], declared: str = "", **settings: Any
) -> Example:
    base: dict[str, list[Any]] = {
        "case": [f"case_{row:03}" for row in range(_ROWS)],
        "size": [9.5 + row * 0.37 for row in range(_ROWS)],
    }
    files: dict[str, Any] = {"raw.csv": base | dict(columns)}
    return Example(
        status=status,
        title=title,
        says=says,
        config=_CONFIG,
        files=files | ({_DESCRIPTION: declared} if declared else {}),
        phase_file={"checks": {"no_undeclared_personal_data": settings}, **(_PHASE if declared else {})},
        settings=settings,
    )


_NOTES = [f"visit {row} went without any trouble" for row in range(_ROWS)]
_MAIL = {"note": [*_NOTES[1:], "please answer to erika.mustermann@example.org"]}
_GIVEN = ["Anna", "Thomas", "Sabine", "Peter", "Julia", "Zork", "Martin", "Quanda", "Laura", "Florian"]
_BORN = [f"{1931 + row * 37 % 61}-{1 + row * 5 % 12:02}-{1 + row * 11 % 28:02}" for row in range(_ROWS)]

EXAMPLES = (
    _example("pass", "measurements only", "none holds personal data", {}),
    _example("fail", "one e-mail address in the notes", "e-mail address, 1 rows", _MAIL),
    _example("pass", "an e-mail address that is declared", "1 more are declared", _MAIL, _written(note="e-mail")),
    _example("fail", "a column said to be harmless", "is said to hold no personal data", _MAIL, _written(note="no")),
    _example(
        "pass",
        "an address that is nobody's",
        "1 more are declared or excused",
        _MAIL,
        harmless={"note": "made up for the example"},
    ),
    _example("fail", "given names", "name of a person", {"who": _GIVEN * 6}),
    _example(
        "fail", "another kind than declared", "'who' (name of a person", {"who": _GIVEN * 6}, _written(who="e-mail")
    ),
    _example("fail", "an account number", "IBAN", {"note": [*_NOTES[1:], "paid from DE89 3704 0044 0532 0130 00"]}),
    _example("fail", "dates of birth", "date of birth", {"geburtsdatum": _BORN}),
    _example("warn", "dates that look like it", "may hold a date of birth", {"day": _BORN}),
    _example("warn", "hashed addresses", "its title says so", {"email": [f"{row * 7919:08x}" for row in range(_ROWS)]}),
    _example(
        "pass",
        "numbers that are identifiers of things",
        "none holds",
        {"part": [4_000_000_000_000_000 + row * 7_919_000_003 for row in range(_ROWS)], "code": ["A1-77"] * _ROWS},
    ),
    _example(
        "error", "an excuse for no column", "did you mean 'size'?", {}, harmless={"sise": "a measurement of cells"}
    ),
    Example(status="fail", title="there is no table", says="no table 'raw' is listed"),
)
