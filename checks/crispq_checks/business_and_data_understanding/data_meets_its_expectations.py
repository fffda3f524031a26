"""The data meets what is expected of it.

## Why
A domain expert knows that no adult weighs 7 kg and that a site code has three letters. Written down as expectations,
this knowledge looks at every row, today and whenever data is added; left in a head, it looks at none.

## How it is measured
For each table of the setting `tables` (by default `raw`) the file `expectations/<table>.json` of phase 1 holds a suite
of Great Expectations, in its own format: `{"name": ..., "expectations": [{"type": ..., "kwargs": {...}}, ...]}`; a
value written `{"$PARAMETER": "name"}` comes from `suite_parameters` of the same file. Most types of expectation are
compiled: all that they ask of the rows is asked in one pass over the table, whatever its size. Each answer is the one
that Great Expectations (pandas engine) gives on the same rows, and the counts are exact; where aggregates could not
promise that, the library itself looks at the columns (nothing written, nothing sent). Around it stand guards, for by
itself it would call success what shows nothing:

- a suite has at least one expectation, one that looks at a column, and no entry twice; as many are evaluated as are
  written;
- an unknown type, an unknown or impossible argument, a demand without content (no bound, an empty list) and a `mostly`
  of 0 are errors with their line, and so is an expectation that could not be evaluated;
- a condition that leaves no row, a column that the table lacks, and infinite numbers in a used column are findings;
- a used column without a single value is a finding: an empty column breaks no demand on its values, and neither do
  rows that all lack the value that is asked for;
- fewer than `fewest_rows` rows (by default 10) are a finding.

Limits: no expectation may be broken and no used column may be empty. How many rows may break an expectation is not a
limit here: it stands in the suite itself, as `mostly`.

## How to mend it
The finding names the line of the suite, how many rows break it, and the first of them by their key (by their number
where `data.key` is not named). Look at those rows with the person who knows the data: set wrong rows apart, or widen an
expectation that was too narrow, and write down why.

## Source
CRISP-ML(Q) §3.1.5, pp. 398-399: requirements on the data, as a schema; verification of all data. Schelter et al.,
"Automating large-scale data quality verification", PVLDB 11 (2018), pp. 1781-1794.

## What it cannot see
What nobody expected: whether the suite would notice a unit that changed or two columns that were swapped. In a CSV file
"nan" in a column of numbers counts as missing, like an empty cell. Severities of the suite play no part.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from crispq import (
    Evidence,
    Example,
    Expectation,
    Finding,
    Findings,
    Measurement,
    NotMeasurable,
    Outcome,
    Suite,
    Table,
    TableData,
    check,
    hint,
    none,
)

#: These speak of a column without demanding a value in it.
CONTENT_WITH_NOTHING = frozenset({"expect_column_to_exist", "expect_column_values_to_be_null"})
FLOATS = frozenset({"FLOAT", "DOUBLE"})
FEW_KEYS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """What came of one table's suite."""

    rows: int
    outcomes: tuple[Outcome, ...]
    broken: tuple[Finding, ...]
    empty: tuple[Finding, ...]
    used: int


@check(
    task="data_quality_verification",
    catalogue=("BU5-C5",),
    risks=("R12", "R14"),
    limits={"broken_expectations": none(), "columns_without_values": none()},
)
def data_meets_its_expectations(
    evidence: Evidence, *, tables: Sequence[str] = ("raw",), fewest_rows: int = 10
) -> Measurement:
    """Hold the rows of each table against its suite."""
    suites = [evidence.suite(name) for name in tables]
    held = [_held(evidence.table(one.table), one, evidence.data.key, fewest_rows) for one in suites]
    broken = tuple(finding for one in held for finding in one.broken)
    empty = tuple(finding for one in held for finding in one.empty)
    outcomes = tuple(outcome for one in held for outcome in one.outcomes)
    _refuse_what_was_not_evaluated(outcomes, broken)
    return Measurement(
        values={
            "broken_expectations": Findings(examined=len(outcomes), items=broken),
            "columns_without_values": Findings(examined=sum(one.used for one in held), items=empty),
        },
        summary=_summary(outcomes, sum(one.rows for one in held), len(broken), len(empty)),
        tables=tuple(_tables(outcomes)),
    )


def _held(table: TableData, suite: Suite, key: str | None, fewest_rows: int) -> _Held:
    columns = {name: entry for name, entry in _used_columns(suite).items() if name in table.types}
    filled = [_demand("expect_column_values_to_not_be_null", entry, name) for name, entry in columns.items()]
    every = table.hold([*suite.expectations, *filled], key=key)
    written = len(suite.expectations)
    outcomes, guards = every[:written], every[written:]
    empty = dict(_without_values(guards))
    broken = (
        *_too_few(suite, table.rows, fewest_rows),
        *_not_finite(columns, table),
        *_broken(outcomes, table, empty, "" if key in table.types else "rows "),
    )
    used = len(_used_columns(suite))
    return _Held(rows=table.rows, outcomes=outcomes, broken=broken, empty=tuple(empty.values()), used=used)


def _summary(outcomes: Sequence[Outcome], rows: int, broken: int, empty: int) -> str:
    asked = sum(one.how == "great_expectations" for one in outcomes)
    how = f"; {asked} of them asked of Great Expectations itself" if asked else ""
    if not broken and not empty:
        return f"{len(outcomes)} expectations hold on {rows} rows{how}"
    told = f"{broken} things break the {len(outcomes)} expectations on {rows} rows"
    return f"{told}; {empty} used columns hold no value{how}"


def _tables(outcomes: Sequence[Outcome]) -> Iterator[Table]:
    asked = [(one, one.expectation) for one in outcomes]
    yield Table(
        title="Expectations",
        columns=("table", "column", "expectation", "what came of it", "asked by"),
        rows=tuple(
            (entry.table, ", ".join(entry.columns) or "-", entry.type, _told(one), _HOW[one.how])
            for one, entry in asked
        ),
    )
    named = [(entry.line, entry.type, ", ".join(map(str, one.examples))) for one, entry in asked if one.examples]
    if named:
        yield Table(
            title="Rows that break them", columns=("line of the suite", "expectation", "rows"), rows=tuple(named)
        )


# --- what the library would not notice -----------------------------------------------------------


#: So many are named in one message.
MOST_TOLD = 5
_HOW = {"compiled": "one pass", "great_expectations": "Great Expectations"}


def _used_columns(suite: Suite) -> dict[str, Expectation]:
    """Each column whose values an expectation looks at, with the first entry that does."""
    used: dict[str, Expectation] = {}
    for one in suite.expectations:
        if one.type not in CONTENT_WITH_NOTHING:
            for column in one.columns:
                used.setdefault(column, one)
    return used


def _demand(type_: str, entry: Expectation, column: str, **asked: Any) -> Expectation:
    """A demand of crispq's own, told at the line of the entry that uses the column."""
    return replace(entry, type=type_, kwargs={"column": column, **asked})


def _too_few(suite: Suite, rows: int, fewest: int) -> Iterator[Finding]:
    if rows < fewest:
        message = f"the table {suite.table!r} has {rows} rows, at least {fewest} are needed to say anything"
        yield Finding(message=message, path=suite.path, line=1)


def _without_values(guards: Sequence[Outcome]) -> Iterator[tuple[str, Finding]]:
    """Each column without a value, and the finding."""
    for one in guards:
        if one.examined and one.unexpected == one.examined:
            message = (
                f"column {one.expectation.columns[0]!r}: all {one.examined} values are missing, so that every demand on"
                " them holds emptily"
            )
            finding = one.expectation.finding(f"{message}; find out why, or stop using the column")
            yield one.expectation.columns[0], finding


def _not_finite(columns: Mapping[str, Expectation], table: TableData) -> Iterator[Finding]:
    floats = [name for name in columns if table.types[name] in FLOATS]
    if not floats:
        return
    quoted = ['"' + name.replace('"', '""') + '"' for name in floats]
    counted = ", ".join(f"count(*) FILTER (WHERE isinf({name}))" for name in quoted)
    for name, count in zip(floats, table.query(f"SELECT {counted} FROM rows")[0], strict=True):  # noqa: S608 - quoted
        if count:
            message = f"column {name!r}: {count} of {table.rows} rows hold an infinite number; set them right or apart"
            yield columns[name].finding(message)


# --- what came of an expectation -----------------------------------------------------------------


def _broken(outcomes: Sequence[Outcome], table: TableData, empty: Collection[str], called: str) -> Iterator[Finding]:
    """A finding for each expectation that does not hold; `called` is what stands before the names of rows."""
    for one in outcomes:
        entry = one.expectation
        if absent := _absent(entry, table):
            near = hint(absent, list(table.types))
            yield entry.finding(
                f"the table {entry.table!r} has no column {absent!r}{near}; restore it or mend the suite"
            )
        elif one.error:
            continue
        elif one.vacuous and not set(entry.columns) & set(empty):
            yield entry.finding(f"{entry}, but {one.vacuous}; nothing is shown by it")
        elif not one.met:
            advice = "mend or set apart the rows, or have the expectation reviewed"
            yield entry.finding(f"{entry}, but {_told(one)}{_examples(one, called)}; {advice}")


def _absent(entry: Expectation, table: TableData) -> str:
    if entry.type == "expect_column_to_exist":
        return ""
    return next((name for name in entry.columns if name not in table.types), "")


def _refuse_what_was_not_evaluated(outcomes: Sequence[Outcome], broken: Sequence[Finding]) -> None:
    """An error for all that could not be evaluated, and what is broken besides: one must not hide the others.

    Without the library's words, for they may quote the data.
    """
    odd = [one for one in outcomes if one.error and "no column" not in one.error]
    if not odd:
        return
    told = [f"{one.expectation} {one.error}; does the demand fit the column's type?" for one in odd[:MOST_TOLD]]
    words = "; ".join(str(one.expectation.refusal(text)) for one, text in zip(odd, told, strict=False))
    more = f"; {len(odd)} could not be evaluated in all" if len(odd) > MOST_TOLD else ""
    besides = "; ".join(f"{one.path}:{one.line}: {one.message}" for one in broken[:MOST_TOLD])
    rest = f"; besides, {len(broken)} things break the suite: {besides}" if broken else ""
    raise NotMeasurable(f"{words}{more}{rest}")


def _told(one: Outcome) -> str:
    if one.error:
        return "no such column" if "no column" in one.error else one.error
    if one.vacuous:
        return "nothing to look at"
    if one.met:
        return "holds"
    if one.expectation.type.startswith("expect_column_distinct_values"):
        return "the column's different values break it"
    if one.unexpected is not None:
        return f"{one.unexpected} of {one.examined} rows break it"
    return "the column as a whole breaks it" if one.expectation.columns else "the table as a whole breaks it"


def _examples(one: Outcome, called: str) -> str:
    if not one.examples:
        return ""
    more = " ..." if len(one.examples) > FEW_KEYS else ""
    names = (repr(name) if isinstance(name, str) else str(name) for name in one.examples[:FEW_KEYS])
    return f": {called}{', '.join(names)}{more}"


_SUITE = "1_business_and_data_understanding/expectations/raw.json"
_CONFIG = {"data": {"key": "patient", "tables": {"raw": "raw.csv"}}}
_RAW: dict[str, list[Any]] = {"age": [20 + row for row in range(12)], "site": ["A", "B", "C"] * 4}
_AGE = {"type": "expect_column_values_to_be_between", "kwargs": {"column": "age", "min_value": 18, "max_value": 110}}
_SITE = {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "site", "value_set": ["A", "B", "C"]}}
_LIKELY = {"type": "expect_column_values_to_not_be_outliers", "kwargs": {"column": "age"}}


def _written(*entries: Mapping[str, Any]) -> str:
    lines = ",\n".join(f"  {json.dumps(one)}" for one in entries)
    return f'{{\n"name": "raw",\n"expectations": [\n{lines}\n]}}'


def _example(status: str, title: str, suite: str, says: str, **columns: list[Any]) -> Example:
    files = {"raw.csv": _RAW | columns, _SUITE: suite}
    return Example(status=status, title=title, config=_CONFIG, files=files, says=says)


def _age(**kwargs: Any) -> Mapping[str, Any]:
    return {"type": _AGE["type"], "kwargs": {**_AGE["kwargs"], **kwargs}}  # type: ignore[dict-item]


def _parameterised(adult: int | None) -> str:
    asked = [{"type": _AGE["type"], "kwargs": {"column": "age", "min_value": {"$PARAMETER": "adult"}}}]
    given = {} if adult is None else {"suite_parameters": {"adult": adult}}
    return json.dumps({"name": "raw", "expectations": asked, **given})


EXAMPLES = (
    _example("pass", "every row is as expected", _written(_AGE, _SITE), "2 expectations hold on 12 rows"),
    _example(
        "fail", "two rows are implausible", _written(_AGE, _SITE), "2 of 12 rows break it", age=[7, 300, *range(20, 30)]
    ),
    _example(
        "fail",
        "the failing rows are named by their key",
        _written(_AGE, _SITE),
        "1 of 12 rows break it: 'P03'",
        age=[20, 21, 7, *range(20, 29)],
        patient=[f"P{row:02}" for row in range(1, 13)],
    ),
    _example(
        "pass",
        "what is not compiled is asked of the library",
        _written(_AGE, _LIKELY),
        "1 of them asked of Great Expectations itself",
    ),
    _example(
        "pass",
        "a bound is a parameter of the suite",
        _parameterised(18),
        "1 expectations hold on 12 rows",
    ),
    _example("error", "a parameter is not given", _parameterised(None), "the parameter 'adult' stands in no"),
    _example("fail", "a column is empty", _written(_AGE, _SITE), "all 12 values are missing", age=[None] * 12),
    Example(
        status="fail",
        title="a number is infinite",
        config={"data": {"tables": {"raw": "raw.parquet"}}},
        files={
            "raw.parquet": {"age": [float("inf"), *[30.0] * 11]},
            _SUITE: _written(_age(max_value=None)),
        },
        says="1 of 12 rows hold an infinite number",
    ),
    _example("fail", "a column has another name now", _written(_age(column="agee"), _SITE), "did you mean 'age'?"),
    _example(
        "fail",
        "a condition leaves no row",
        _written(_age(row_condition="age > 200", condition_parser="pandas")),
        "no row",
    ),
    _example(
        "fail", "there are hardly any rows", _written(_AGE), "at least 10 are needed", age=[20, 21], site=["A", "B"]
    ),
    _example("error", "the suite is empty", _written(), "would hold for any data"),
    _example(
        "error",
        "a type is misspelt",
        _written(_AGE, _SITE | {"type": "expect_column_values_to_be_inset"}),
        "raw.json:5",
    ),
    _example("error", "an argument is misspelt", _written(_age(max_vale=9)), "did you mean 'max_value'?"),
    _example("error", "mostly is zero", _written(_age(mostly=0)), "mostly is 0"),
    _example("error", "a bound for text", _written(_age(column="site")), "does the demand fit the column's type?"),
    _example("error", "an entry stands twice", _written(_AGE, _SITE, _AGE), "line 4 stands here a second time"),
    Example(
        status="fail", title="there is no suite yet", config=_CONFIG, files={"raw.csv": _RAW}, says="does not exist yet"
    ),
    Example(
        status="fail",
        title="there are no rows",
        config=_CONFIG,
        files={"raw.csv": "age,site\n", _SUITE: _written(_AGE)},
        says="holds no row",
    ),
)
