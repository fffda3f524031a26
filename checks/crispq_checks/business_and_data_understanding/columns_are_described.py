"""Every column of the raw data is described.

## Why
A number without a meaning, a unit and a moment is a guess waiting to happen: millimetres are taken for centimetres, a
code for a measurement, and a value that is only written down after the outcome becomes the model's best "predictor".

## How it is measured
The document `data_description` has a section "Columns" with a table | Column | Meaning | Unit | Type | Known at |. Its
rows are held against the columns of the table `table` (by default `raw`):

- each column has one row, by its own name or by a name with `*` (`site_*` stands for `site_north` and `site_south`);
- no cell is empty or a placeholder such as "TODO"; where there is no unit, the unit is `-`;
- the meaning has at least two words and says more than the column's name;
- "Known at" is `before`, `at` or `after` the moment of prediction;
- no row describes a column that does not exist, be it in the raw data or in another table of the project. A row for a
  column that is derived later belongs here too, as soon as a table has it.

The limit is none: the number of columns is small, and each one that is not described is an open question.

## How to mend it
Go to the line that is named and fill in the row; ask the person who records the value, not the one who models it.

## Source
CRISP-ML(Q) §3.1.5, pp. 398-399: format, unit and meaning of each signal, enriched by domain knowledge. Gebru et al.,
"Datasheets for Datasets", Communications of the ACM 64 (2021), pp. 86-92.

## What it cannot see
Whether what is written is true: whether the unit is the one in the file, the type the one that is stored, the moment
the real one. A domain expert has to read it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from crispq import Evidence, Example, Finding, Findings, Measurement, MissingEvidence, NotMeasurable, check, hint, none
from crispq_checks.columns import MOMENTS, ColumnRow, ColumnTable, described_columns

PLACEHOLDERS = frozenset({"", "?", "??", "...", "todo", "tbd", "tba", "fixme", "n/a", "unknown"})
SMALL_WORDS = frozenset({"the", "a", "an", "of", "is", "value", "column"})
FEWEST_WORDS = 2


@check(
    task="data_quality_verification",
    catalogue=("BU5-C1",),
    risks=("R12",),
    limits={"undescribed": none()},
    seconds=120,
)
def columns_are_described(evidence: Evidence, *, table: str = "raw") -> Measurement:
    """Hold the table of columns against the columns of the data."""
    columns = evidence.table(table).columns
    described = described_columns(evidence)
    found = (
        *_without_row(described, columns, table),
        *_badly_described(described),
        *_of_nothing(evidence, described, columns),
    )
    lacking = len({one.line for one in found if one.line != described.line})
    without = sum(described.row_of(column) is None for column in columns)
    told = f"all {len(columns)} columns of the table {table!r} are described"
    faults = f"{without} of {len(columns)} columns have no row, {lacking} rows of the table of columns need work"
    items = tuple(sorted(found, key=lambda one: one.line or 0))
    return Measurement(
        values={"undescribed": Findings(examined=len(columns) + len(described.rows), items=items)},
        summary=faults if found else told,
    )


def _without_row(described: ColumnTable, columns: Collection[str], table: str) -> Iterator[Finding]:
    unused = [row.name for row in described.rows if row.name not in columns]
    for column in columns:
        if described.row_of(column) is None:
            near = hint(column, unused)
            message = f"the column {column!r} of the table {table!r} has no row here{near}; add one"
            yield Finding(message=message, path=described.path, line=described.line)


def _badly_described(described: ColumnTable) -> Iterator[Finding]:
    seen: set[str] = set()
    for row in described.rows:
        for fault in _faults(row):
            yield Finding(message=f"the column {row.name!r}: {fault}", path=described.path, line=row.line)
        if row.name in seen:
            yield Finding(
                message=f"the column {row.name!r} has a second row; keep one", path=described.path, line=row.line
            )
        seen.add(row.name)


def _faults(row: ColumnRow) -> Iterator[str]:
    cells = {"Meaning": row.meaning, "Unit": row.unit, "Type": row.type, "Known at": row.known_at}
    empty = [name for name, cell in cells.items() if cell.casefold() in PLACEHOLDERS]
    if empty:
        advice = "; where there is no unit, write '-'" if "Unit" in empty else ""
        yield f"{' and '.join(empty)} {'are' if len(empty) > 1 else 'is'} not filled in{advice}"
    if "Meaning" not in empty and (fault := _fault_of_meaning(row)):
        yield fault
    if "Known at" not in empty and row.moment is None:
        near = hint(row.known_at.casefold(), MOMENTS)
        yield f"Known at is {row.known_at!r}; write before, at or after the moment of prediction{near}"


def _fault_of_meaning(row: ColumnRow) -> str:
    words = _words(row.meaning)
    if len(words) < FEWEST_WORDS:
        return f"its meaning has {len(words)} word, at least {FEWEST_WORDS} are expected"
    if set(words) - SMALL_WORDS <= set(_words(row.name)):
        return "its meaning only repeats the name; say what was measured, how and by whom"
    return ""


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.casefold())


def _of_nothing(evidence: Evidence, described: ColumnTable, columns: Collection[str]) -> Iterator[Finding]:
    """Rows that describe no column: other tables are only looked at where the raw data does not explain a row."""
    strange = [row for row in described.rows if not any(row.describes(column) for column in columns)]
    if not strange:
        return
    elsewhere = set(_columns_elsewhere(evidence))
    without_row = [column for column in columns if described.row_of(column) is None]
    for row in strange:
        if not any(row.describes(column) for column in elsewhere):
            near = hint(row.name, without_row)
            message = f"no table has a column {row.name!r}{near}; mend the name or delete the row"
            yield Finding(message=message, path=described.path, line=row.line)


def _columns_elsewhere(evidence: Evidence) -> Iterator[str]:
    for name in evidence.data.tables:
        try:
            yield from evidence.table(name).columns
        except (MissingEvidence, NotMeasurable):
            continue


_TABLES = {"data": {"tables": {"raw": "data/raw.csv"}}}
_RAW = {"data/raw.csv": {"id": ["a", "b"], "age": [41, 52], "ill": [0, 1]}}
_PATH = "1_business_and_data_understanding/data_description.md"
_LISTED = {"documents": {"data_description": "data_description.md"}}
_ROWS = """# Data description

## Columns

| Column | Meaning | Unit | Type | Known at |
|---|---|---|---|---|
| `id` | number of the case | - | text | before |
| `age` | age at admission, from the identity card | years | whole number | before |
| `ill` | whether the illness was confirmed within a year | - | 0 or 1 | after |
"""


def _example(status: str, title: str, text: str, says: str) -> Example:
    return Example(
        status=status,
        title=title,
        config=_TABLES,
        files=_RAW | {_PATH: text},
        phase_file=_LISTED,
        says=says,
    )


EXAMPLES = (
    _example("pass", "every column has its row", _ROWS, "all 3 columns"),
    _example("fail", "a column has no row", _ROWS.replace("| `ill`", "| `il`"), "did you mean 'ill'?"),
    _example(
        "fail", "the unit is not filled in", _ROWS.replace("| years |", "| |"), "where there is no unit, write '-'"
    ),
    _example(
        "fail",
        "the meaning repeats the name",
        _ROWS.replace("number of the case", "the id ID"),
        "only repeats the name",
    ),
    _example(
        "fail", "the moment is not one of three", _ROWS.replace("| after |", "| afterwards |"), "did you mean 'after'?"
    ),
    _example(
        "fail", "there is no table of columns", "# Data description\n\n## Columns\n\nSee the wiki.\n", "holds no table"
    ),
    _example("error", "the table has another shape", _ROWS.replace("Known at", "Known"), "did you mean 'known'?"),
    Example(status="fail", title="there is no raw data yet", config=_TABLES, says="does not exist yet"),
    Example(
        status="pass",
        title="a derived column is described once a table has it",
        config={"data": {"tables": {"raw": "data/raw.csv", "train": "data/train.csv"}}},
        files=_RAW
        | {
            "data/train.csv": {"age_group": [4, 5]},
            _PATH: _ROWS + "| age_* | age in whole decades | decades | whole number | at |\n",
        },
        phase_file=_LISTED,
    ),
)
