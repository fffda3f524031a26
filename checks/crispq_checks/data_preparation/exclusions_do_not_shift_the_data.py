"""Leaving rows out has not changed whom the data is about.

## Why
A rule that is objective on paper may hit one group: "implausible blood pressure" removes the very ill, "incomplete
record" those who came at night. The model then never learns of them, and the test does not ask.

## How it is measured
A row of `raw` was left out if its `data.key` stands in none of `train`, `test` and `production`. For each class of the
target (quarters of a number) and each value of the columns of `data.sensitive` (quarters where a number has more than
ten values), with at least `fewest` (20) raw rows: ratio = rate of removal there / rate over all rows. The rate there is
bounded exactly (Clopper-Pearson, one-sided 95 %, Bonferroni over the slices).

- `hit_much_harder` (none): even the lower bound of the ratio is above 2.
- `hit_harder` (warning): the ratio is above 1.25 and its lower bound above 1.
- `ratio`, shown only, for the 20 slices hit hardest.

Not applicable where nothing was left out. ASSUMPTION: rows are independent; the overall rate counts as known. DEFAULT
LIMITS: the catalogue's 1.25, and 2 for what nobody can overlook. FALSE ALARMS: 2 warnings, no red, in 200 made tables
of 600 rows, 10 % left out by chance, eight slices. FOUND: a quarter of the rows hit three times as hard as the
others was warned of in 60 of 60; hit five times as hard, it was red in 30 and warned of in 30.

## How to mend it
Look at the rule that hits the group. Replace it by one that measures the fault itself; repair instead of removing; or
narrow the scope, so that the application is not used on those who were left out.

## Source
CRISP-ML(Q) §3.2.1, pp. 399-400: objective criteria. Clopper and Pearson, Biometrika 26 (1934), pp. 404-413. ISO/IEC TR
24027:2021, bias in AI systems: data selection.

## What it cannot see
Groups that no column of `data.sensitive` names; rows that never came into `raw`; whether the removed rows differ in
their measurements.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crispq import (
    Estimate,
    Evidence,
    Example,
    Finding,
    Findings,
    Measurement,
    Table,
    TableData,
    check,
    missing,
    none,
    not_applicable,
)
from crispq_checks.parts import among, keys, prepared

if TYPE_CHECKING:
    import pandas as pd

MOST_VALUES, SHOWN = 10, 20
MUCH_HARDER, HARDER = 2.0, 1.25


@dataclass(frozen=True, slots=True, kw_only=True)
class _Slice:
    """Some rows of raw: what they are, how many there are, and how many were left out."""

    name: str
    rows: int
    removed: int
    ratio: Estimate


@check(
    task="select_data",
    catalogue=("DP1-C9",),
    risks=("R20", "R22"),
    tier="standard",
    limits={"hit_much_harder": none(), "hit_harder": none(warn=True)},
)
def exclusions_do_not_shift_the_data(evidence: Evidence, *, fewest: int = 20) -> Measurement:
    """Compare the rate of removal in classes and groups with that over all rows."""
    raw, parts = evidence.table("raw"), prepared(evidence)
    data = evidence.data
    if data.key is None or data.key not in raw.columns:
        if sum(part.rows for part in parts.values()) >= raw.rows:
            return not_applicable("no row of raw was left out")
        place = evidence.place_of("data")
        return missing("rows were left out, and which is not known without data.key", path=place.path, line=place.line)
    removed = _removed(raw, parts.values(), data.key)
    if not removed.any():
        return not_applicable("no row of raw was left out")
    by = [name for name in dict.fromkeys((data.target, *data.sensitive)) if name in raw.columns]
    slices = list(_slices(raw.frame(by) if by else None, removed, by, fewest))
    if not slices:
        return not_applicable(f"no class and no column of data.sensitive has {fewest} rows of one value")
    much = [one for one in slices if (one.ratio.low or 0) > MUCH_HARDER]
    harder = [one for one in slices if one not in much and one.ratio.value > HARDER and (one.ratio.low or 0) > 1]
    path = raw.paths[0]
    return Measurement(
        values={
            "hit_much_harder": Findings(examined=len(slices), items=tuple(_finding(one, path) for one in much)),
            "hit_harder": Findings(examined=len(slices), items=tuple(_finding(one, path) for one in harder)),
            "ratio": {one.name: one.ratio for one in slices[:SHOWN]},
        },
        summary=_summary(len(removed), int(removed.sum()), slices),
        tables=(_table(slices),),
    )


def _removed(raw: TableData, parts: Iterable[TableData], key: str) -> pd.Series[Any]:
    """Which rows of raw stand in no part."""
    return ~among(keys(raw, key), *(keys(part, key) for part in parts if key in part.columns))


def _slices(frame: pd.DataFrame | None, removed: pd.Series[Any], by: Sequence[str], fewest: int) -> Iterator[_Slice]:
    if frame is None:
        return
    counted: list[tuple[str, int, int]] = []
    for name in by:
        for label, rows in removed.groupby(_labels(frame[name]), sort=True):
            if len(rows) >= fewest:
                counted.append((f"{name} is {label}", len(rows), int(rows.sum())))
    found = [_slice(*one, float(removed.mean()), len(counted)) for one in counted]
    yield from sorted(found, key=lambda one: (-(one.ratio.low or 0), -one.ratio.value, one.name))


def _slice(name: str, rows: int, removed: int, overall: float, slices: int) -> _Slice:
    from crispq_checks.statistics.intervals import proportion

    rate = proportion(removed, rows, 1 - 0.05 / slices)
    low, high = (bound / overall for bound in (rate.low or 0.0, rate.high or 1.0))
    ratio = Estimate(value=rate.value / overall, low=low, high=high, n=rows, level=rate.level)
    return _Slice(name=name, rows=rows, removed=removed, ratio=ratio)


def _labels(column: pd.Series[Any]) -> pd.Series[Any]:
    import pandas as pd
    from pandas.api import types

    if types.is_numeric_dtype(column) and column.nunique() > MOST_VALUES:
        return pd.qcut(column, 4, duplicates="drop").astype("str").where(column.notna())
    return column.astype("str").where(column.notna())


def _finding(one: _Slice, path: str) -> Finding:
    message = (
        f"{one.removed} of {one.rows} rows where {one.name} were left out, {one.ratio.value:.2f} times the rate of all "
        f"(at least {one.ratio.low:.2f}); look at the rule that hits them"
    )
    return Finding(message=message, path=path)


def _summary(rows: int, removed: int, slices: Sequence[_Slice]) -> str:
    worst = slices[0]
    return (
        f"{removed} of {rows} rows of raw were left out; hit hardest are those where {worst.name}, at "
        f"{worst.ratio.value:.2f} times the rate of all [{worst.ratio.low:.2f}, {worst.ratio.high:.2f}]"
    )


def _table(slices: Sequence[_Slice]) -> Table:
    rows = tuple(
        (
            one.name,
            one.rows,
            one.removed,
            *(None if it is None else round(it, 2) for it in (one.ratio.value, one.ratio.low, one.ratio.high)),
        )
        for one in slices[:SHOWN]
    )
    columns = ("rows where", "rows", "left out", "ratio", "lower bound", "upper bound")
    return Table(title="Who was left out", columns=columns, rows=rows)


# --- examples ------------------------------------------------------------------------------------

_TABLES = {"raw": "raw.csv", "train": "train.csv", "test": "test.csv"}
_DATA = {"target": "ill", "key": "id", "sensitive": ["sex"], "tables": _TABLES}


def _rows(numbers: Sequence[int]) -> dict[str, list[Any]]:
    return {
        "id": list(numbers),
        "sex": ["f" if row % 4 < 2 else "m" for row in numbers],  # noqa: PLR2004 - half of the rows
        "ill": [row % 2 for row in numbers],
    }


def _example(status: str, title: str, says: str, left_out: Sequence[int], data: dict[str, Any] = _DATA) -> Example:
    kept = [row for row in range(240) if row not in set(left_out)]
    files = {"raw.csv": _rows(range(240)), "train.csv": _rows(kept[:120]), "test.csv": _rows(kept[120:])}
    return Example(status=status, title=title, config={"data": data}, files=files, says=says)


_RARE = {"sex": ["x" if row < 30 else "f" for row in range(240)]}  # noqa: PLR2004 - an eighth of the rows


def _rare(left_out: int) -> dict[str, Any]:
    """A small group, the first 30 rows, of which so many are left out."""
    raw = _rows(range(240)) | _RARE
    parts = {name: [*cells[left_out:]] for name, cells in raw.items()}
    return {"raw.csv": raw, "train.csv": parts, "test.csv": _rows([999])}


EXAMPLES = (
    _example("pass", "rows left out evenly", "24 of 240 rows", range(100, 124)),
    _example("warn", "the ill are left out more often", "look at the rule", [*range(1, 61, 2), *range(100, 108, 2)]),
    Example(
        status="fail",
        title="a small group is nearly gone",
        config={"data": _DATA},
        files=_rare(25),
        says="25 of 30 rows where sex is x were left out",
    ),
    _example("not_applicable", "nothing left out", "no row of raw was left out", []),
    _example("fail", "without a key", "is not known without data.key", [1], {"target": "ill", "tables": _TABLES}),
    Example(status="fail", title="there is no raw table", config={"data": _DATA}, says="does not exist yet"),
)
