"""Every number has a unit, and it is one that exists.

## Why
A column of 37s is a temperature in one hospital and a length in another. Where sources are merged, a unit that nobody
wrote down is guessed by each reader anew; the orbiter that was lost over pounds and newtons had columns without units.

## How it is measured
Every numeric column of the table `table` (by default `raw`), but for key, group, time, file and digest, is looked up in
the data description, section "Columns", under "Unit". Nothing is estimated.

- `undeclared` (none): columns without a row there, or with an empty unit; `-` says that a column has no unit.
- `unknown` (none): units that the library pint does not know (SI and customary units with their prefixes, products and
  powers, and the common marks of UCUM) and that the setting `units`, the project's own, does not list. A logarithm is
  written `log(mg/dl)`. Two units in one cell ("mg/dl or mmol/l") are no unit: the column mixes them.
- `contradictory` (none): a column's name ends in a unit (`height_mm`) and the table says another.

DEFAULT LIMITS: none at all; a unit costs one word.

## How to mend it
Ask whoever made the measurement, and write the unit down. What only this project has (`grey level`) goes into the
setting: `units_are_declared: {units: [grey level]}`. Where a column mixes units, convert it in prepare.py.

## Source
CRISP-ML(Q) §3.2.4, pp. 400-401: a fixed set of standards and SI units. The International System of Units, 9th ed.
(BIPM, 2019). Schadow and McDonald, The Unified Code for Units of Measure (UCUM).

## What it cannot see
Whether the unit is true: `no_hidden_unit_change` looks for numbers that speak against it. Units of text columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crispq import Evidence, Example, Finding, Findings, Measurement, NotMeasurable, Table, check, none
from crispq_checks.columns import ColumnTable, described_columns

NUMERIC = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "REAL", "DOUBLE", "DECIMAL", "UTINYINT")
UNSIGNED = ("USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT")


@check(
    task="standardize_data",
    catalogue=("DP4-C2",),
    risks=("R27", "R54"),
    tier="standard",
    limits={"undeclared": none(), "unknown": none(), "contradictory": none()},
)
def units_are_declared(evidence: Evidence, *, table: str = "raw", units: Sequence[str] = ()) -> Measurement:
    """Look every numeric column's unit up."""
    described = described_columns(evidence)
    source = evidence.table(table)
    data = evidence.data
    others = {data.key, data.group, data.time, data.file, data.digest}
    numbers = [name for name, kind in source.types.items() if name not in others and _is_number(kind)]
    if not numbers:
        raise NotMeasurable(f"the table {table!r} has no column of numbers; there is no unit to declare")
    told = {name: _unit(described, name) for name in numbers}
    undeclared = [_undeclared(described, name) for name, unit in told.items() if not unit]
    unknown = [_unknown(described, name, unit) for name, unit in told.items() if unit and not _known(unit, units)]
    contradictory = [one for name, unit in told.items() if (one := _contradiction(described, name, unit))]
    return Measurement(
        values={
            "undeclared": Findings(examined=len(numbers), items=tuple(undeclared)),
            "unknown": Findings(examined=len(numbers), items=tuple(unknown)),
            "contradictory": Findings(examined=len(numbers), items=tuple(contradictory)),
        },
        summary=_summary(told, len(undeclared), len(unknown), len(contradictory)),
        tables=(_table(told),),
    )


def _is_number(kind: str) -> bool:
    return kind.startswith((*NUMERIC, *UNSIGNED))


def _unit(described: ColumnTable, name: str) -> str:
    row = described.row_of(name)
    return row.unit if row else ""


def _known(unit: str, own: Sequence[str]) -> bool:
    from crispq_checks.units import is_known

    return unit.casefold() in {one.casefold() for one in own} or is_known(unit)


def _line(described: ColumnTable, name: str) -> int:
    row = described.row_of(name)
    return row.line if row else described.line


def _undeclared(described: ColumnTable, name: str) -> Finding:
    message = f"the column {name!r} holds numbers and has no unit; write it under Unit, or `-` if it has none"
    return Finding(message=message, path=described.path, line=_line(described, name))


def _unknown(described: ColumnTable, name: str, unit: str) -> Finding:
    message = (
        f"the column {name!r} is said to be in {unit!r}, which is no unit that is known; correct it, or list it under "
        "the check's setting `units`"
    )
    return Finding(message=message, path=described.path, line=_line(described, name))


def _contradiction(described: ColumnTable, name: str, unit: str) -> Finding | None:
    from crispq_checks.units import agree, is_dimensionless, is_known, stated_by_name

    stated = stated_by_name(name)
    if stated is None or not unit or not is_known(unit):
        return None
    if stated != "percent" and not is_dimensionless(unit) and agree(stated, unit):
        return None
    if stated == "percent" and unit in {"%", "percent", "-"}:
        return None
    message = f"the name of {name!r} says {stated}, the table of columns says {unit!r}; find out which is true"
    return Finding(message=message, path=described.path, line=_line(described, name))


def _summary(told: Mapping[str, str], undeclared: int, unknown: int, contradictory: int) -> str:
    counts = {"without a unit": undeclared, "with an unknown unit": unknown, "with two units": contradictory}
    found = ", ".join(f"{count} {words}" for words, count in counts.items() if count)
    return f"{len(told)} columns of numbers: {found or 'each has a unit that is known'}"


def _table(told: Mapping[str, str]) -> Table:
    counts: dict[str, int] = {}
    for unit in told.values():
        counts[unit or "(none)"] = counts.get(unit or "(none)", 0) + 1
    rows = tuple(sorted(counts.items(), key=lambda one: (-one[1], one[0])))
    return Table(title="Units in use", columns=("unit", "columns"), rows=rows)


# --- examples ------------------------------------------------------------------------------------

_PATH = "1_business_and_data_understanding/data_description.md"
_HEAD = "# Data description\n\n## Columns\n\n| Column | Meaning | Unit | Type | Known at |\n|---|---|---|---|---|\n"
_RAW: dict[str, list[Any]] = {
    "id": [1, 2, 3],
    "height_mm": [1800, 1650, 1720],
    "bmi": [22.5, 30.1, 27.0],
    "ill": [0, 1, 0],
}


def _example(status: str, title: str, says: str, height: str = "mm", bmi: str = "kg/m^2", **more: Any) -> Example:
    rows = [f"| height_mm | height | {height} | number | at |", f"| bmi | body mass index | {bmi} | number | at |"]
    rows += ["| ill | whether ill | - | 0 or 1 | after |", ""]
    return Example(
        status=status,
        title=title,
        config={"data": {"target": "ill", "key": "id", "tables": {"raw": "raw.csv"}}},
        files={"raw.csv": more.get("raw", _RAW), _PATH: _HEAD + "\n".join(rows)},
        phase_files={"business_and_data_understanding": {"documents": {"data_description": "data_description.md"}}},
        settings=more.get("settings", {}),
        says=says,
    )


EXAMPLES = (
    _example("pass", "every number has a unit", "each has a unit that is known"),
    _example("pass", "other ways to write", "each has a unit", "millimetre", "kg.m-2".replace(".", " ")),
    _example(
        "pass", "a unit of the project's own", "each has a unit", bmi="grey level", settings={"units": ["grey level"]}
    ),
    _example("fail", "an empty cell", "holds numbers and has no unit", bmi=""),
    _example("fail", "a unit that nobody knows", "no unit that is known", bmi="smoots per furlongs"),
    _example("fail", "two units in one column", "no unit that is known", bmi="kg/m^2 or lb/in^2"),
    _example("fail", "the name says another unit", "says mm", "cm"),
    _example("error", "no numbers", "no column of numbers", raw={"id": ["a"], "ill": ["yes"]}),
    Example(
        status="fail",
        title="there is no description",
        config={"data": {"tables": {"raw": "raw.csv"}}},
        says="is listed under documents",
    ),
)
