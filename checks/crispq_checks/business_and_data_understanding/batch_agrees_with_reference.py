"""Data that was added later looks like the data that was there before.

## Why
Data comes in batches: another year, another site, another export. Where a new batch has another unit, another code or
other patients, mixing it in blurs what the model learns, and a split at random hides it.

## How it is measured
The reference is the table `reference`, or the first file of `raw`. Batches are the files of the tables named in
`batches`, or the further files of `raw`, in the order of their names. Column by column (no key, group or time; the
target too), at most 20,000 rows of each sampled with a fixed seed, each batch is held against the reference:
- Size: for numbers the Wasserstein-1 distance in standard deviations of the reference; for categories twice the total
  variation distance, less what chance makes of it; for missing values the difference of shares, twice. Of dates only
  the missing ones count: a later batch has later dates.
- Chance: a permutation test at the batch's own size, adjusted over all columns of the batch (Benjamini-Hochberg, `q`
  0.05).
- `largest_shift`, for each batch: the largest size among the columns whose adjusted p-value is at most `q`, 0 where
  none is. At most 1.0, warning above 0.2 (what one calls a small effect): beyond one standard deviation lies a
  changed unit, code or population. Under 30 rows on a side nothing is decided.
- `accepted`, a setting (column: reason): columns in which batches differ on purpose, such as the year or the site that
  tells the batch. They are shown, not judged.
- `absent_columns`: columns of the reference that a batch lacks. None is allowed. Where `raw` is one file and no
  batches are named, the check does not apply.

## How to mend it
Find out what changed at the source before the batch is used: a unit or a code is mended there, a new population is
described in the data description and gets its own slice in evaluation.

## Source
CRISP-ML(Q) §3.1.5, pp. 398-399: verification of added data. Ramdas, Garcia Trillos and Cuturi, Entropy 19 (2017), 47;
Benjamini and Hochberg, J. R. Stat. Soc. B 57 (1995), pp. 289-300; Cohen, "Statistical Power Analysis" (1988). The
same measure as in `inputs_have_not_drifted`.

## What it cannot see
Shifts of several columns together that leave each as it was; a changed meaning of the same values; many batches that
each move a little (compare the last with the first). Batches that differ on purpose, one site each, show as shifts.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crispq import (
    Chart,
    Estimate,
    Evidence,
    Example,
    Finding,
    Findings,
    Measurement,
    NotMeasurable,
    Table,
    TableData,
    at_most,
    check,
    none,
    not_applicable,
)

if TYPE_CHECKING:
    import pandas as pd

RAW = "raw"
ENOUGH = 30
MOST_ROWS = 20_000
FEWEST_RESAMPLES = 1999
SHOWN = 5
POINTS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moved:
    """One column in one batch: the size of its shift, and whether chance explains it."""

    column: str
    size: float
    p_value: float
    beyond_chance: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    name: str
    path: str
    rows: int
    absent: tuple[str, ...]
    moved: tuple[_Moved, ...]
    meant: frozenset[str] = frozenset()

    @property
    def largest(self) -> _Moved | None:
        """The column that moved most among those that chance does not explain."""
        judged = (one for one in self.moved if one.beyond_chance and one.column not in self.meant)
        return max(judged, key=lambda one: one.size, default=None)


@check(
    task="data_quality_verification",
    catalogue=("BU5-C8",),
    risks=("R14",),
    tier="standard",
    limits={"largest_shift": at_most(1.0, warn=0.2, min_n=ENOUGH), "absent_columns": none()},
    seconds=900,
)
def batch_agrees_with_reference(
    evidence: Evidence,
    *,
    batches: Sequence[str] = (),
    reference: str = "",
    q: float = 0.05,
    accepted: Mapping[str, str] | None = None,
) -> Measurement:
    """Hold each added batch against the reference, column by column."""
    first, later = _tables_of(evidence, batches, reference)
    if not later:
        return not_applicable("the raw data is one file, and no batches are named")
    known = _rows(first)
    columns = _columns(evidence, first)
    meant = frozenset(name for name, why in (accepted or {}).items() if why.strip())
    found = [_batch(known, one, columns, q, meant) for one in later]
    absent = tuple(_absent(found, first.paths[0]))
    return Measurement(
        values={
            "largest_shift": {
                one.name: Estimate(value=one.largest.size if one.largest else 0.0, n=min(first.rows, one.rows))
                for one in found
            },
            "absent_columns": Findings(examined=len(columns) * len(found), items=absent),
        },
        summary=_summary(found, first, absent),
        tables=(_table(found),),
        charts=(_chart(found),),
    )


def _tables_of(evidence: Evidence, batches: Sequence[str], reference: str) -> tuple[TableData, tuple[TableData, ...]]:
    """The reference and the batches, each file by itself."""
    if not batches:
        parts = evidence.table(reference or RAW).parts()
        return parts[0], parts[1:]
    base = evidence.table(reference or RAW)
    return base, tuple(part for name in batches for part in evidence.table(name).parts())


def _columns(evidence: Evidence, first: TableData) -> list[str]:
    data = evidence.data
    apart = {data.key, data.group, data.time, data.file, data.digest}
    columns = [name for name in first.columns if name not in apart]
    if not columns:
        raise NotMeasurable(f"{first.paths[0]} has no column but key, group and time")
    return columns


def _rows(table: TableData) -> pd.DataFrame:
    frame = table.frame()
    return frame.sample(MOST_ROWS, random_state=0) if len(frame) > MOST_ROWS else frame


def _batch(known: pd.DataFrame, table: TableData, columns: Sequence[str], q: float, meant: frozenset[str]) -> _Batch:
    frame = _rows(table)
    shared = [name for name in columns if name in frame]
    return _Batch(
        name=table.name,
        path=table.paths[0],
        rows=table.rows,
        absent=tuple(name for name in columns if name not in frame),
        moved=tuple(_moved(known, frame, shared, q)) if shared and len(frame) else (),
        meant=meant,
    )


def _moved(known: pd.DataFrame, frame: pd.DataFrame, columns: Sequence[str], q: float) -> Iterator[_Moved]:
    from crispq_checks.statistics.drift import drift_screen

    resamples = max(FEWEST_RESAMPLES, math.ceil(2 * len(columns) / q))
    for one in drift_screen(known, frame, columns, q, resamples=resamples):
        size = one.effect if one.kind == "numeric" else 2 * one.effect
        size = 0.0 if _is_moment(known[one.column]) and _is_moment(frame[one.column]) else size
        tested = [(size, one.adjusted_p_value), (2 * one.missing_effect, one.missing_adjusted_p_value)]
        shifts = [(far, 1.0 if p_value is None else p_value) for far, p_value in tested]
        real = [(far, p_value) for far, p_value in shifts if p_value <= q and far > 0]
        far, p_value = max(real or shifts[:1])
        yield _Moved(column=one.column, size=far, p_value=p_value, beyond_chance=bool(real))


def _is_moment(column: pd.Series[Any]) -> bool:
    """Whether the column holds dates; one without any value tells nothing else."""
    from datetime import date

    from pandas.api import types

    present = column.dropna()
    return types.is_datetime64_any_dtype(column) or all(isinstance(one, date) for one in present.head(100))


# --- what the reader sees ------------------------------------------------------------------------


def _absent(found: Sequence[_Batch], reference: str) -> Iterator[Finding]:
    for one in found:
        for name in one.absent:
            message = f"the column {name!r} of {reference} is not in {one.path}; bring the batch to the same columns"
            yield Finding(message=message, path=one.path)


def _summary(found: Sequence[_Batch], first: TableData, absent: Sequence[Finding]) -> str:
    moved = [(one.largest.size, one.largest.column, one.name) for one in found if one.largest is not None]
    told = f"{len(found)} batches against {first.name} ({first.rows} rows)"
    if absent:
        return f"{told}; {absent[0].message}"
    if not moved:
        return f"{told}; no column moved beyond chance"
    size, column, batch = max(moved)
    return f"{told}; most moved {column!r} in {batch}, by {size:.2f}"


def _table(found: Sequence[_Batch]) -> Table:
    rows = tuple(
        (
            batch.name,
            batch.rows,
            one.column,
            round(one.size, 3),
            round(one.p_value, 4),
            "no" if one.beyond_chance else "yes",
        )
        for batch in found
        for one in sorted(batch.moved, key=lambda one: (not one.beyond_chance, -one.size))[:SHOWN]
    )
    return Table(
        title=f"The {SHOWN} columns of each batch that moved most",
        columns=("batch", "rows", "column", "size of the shift", "adjusted p-value", "chance explains it"),
        rows=rows,
    )


def _chart(found: Sequence[_Batch]) -> Chart:
    points = [
        {"batch": one.name, "size": round(one.largest.size if one.largest else 0.0, 4)} for one in found[-POINTS:]
    ]
    most = max(float(str(point["size"])) for point in points)
    return Chart(
        title="The largest shift in each batch",
        description=f"Bars show the largest shift in each of {len(points)} batches; the largest of all is {most:.2f}.",
        spec={
            "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
            "width": 420,
            "data": {"values": points},
            "mark": "bar",
            "encoding": {
                "x": {"field": "size", "type": "quantitative", "title": "size of the largest shift"},
                "y": {"field": "batch", "type": "nominal", "sort": None, "title": "batch"},
            },
        },
    )


def _cells(shift: float = 0.0, factor: float = 1.0, rows: int = 80, **more: list[Any]) -> dict[str, Any]:
    sizes = [factor * (10 + index * 7 % rows / rows + shift) for index in range(rows)]
    return {"id": list(range(rows)), "size": sizes, "ill": [0, 1] * (rows // 2)} | more


def _example(status: str, title: str, says: str, *batches: dict[str, list[Any]], **settings: Any) -> Example:
    return Example(
        status=status,
        title=title,
        says=says,
        config={"data": {"target": "ill", "positive": 1, "key": "id", "tables": {"raw": "data/raw/*.csv"}}},
        files={f"data/raw/{number}.csv": one for number, one in enumerate(batches, start=1)},
        settings=settings,
    )


EXAMPLES = (
    _example("pass", "a second file like the first", "no column moved", _cells(), _cells()),
    _example("warn", "a small shift", "by 0.", _cells(), _cells(0.15)),
    _example("fail", "a changed unit", "most moved 'size'", _cells(), _cells(), _cells(factor=2.54)),
    _example("fail", "other labels", "most moved 'ill'", _cells(), _cells(ill=[5] * 80)),
    _example(
        "pass",
        "years apart, and the year is a column",
        "no column moved",
        _cells(year=[2024] * 80, seen=["2024-05-01", "2024-06-01"] * 40),
        _cells(year=[2025] * 80, seen=["2025-05-01", "2025-06-01"] * 40),
        accepted={"year": "one file for each year"},
    ),
    _example("inconclusive", "a batch with few rows", "10 observations", _cells(), _cells(rows=10)),
    _example("not_applicable", "one file", "is one file", _cells()),
    Example(
        status="fail",
        title="a batch in a table of its own, without a column",
        config={"data": {"key": "id", "tables": {"raw": "raw.csv", "added": "added.csv"}}},
        files={
            "raw.csv": _cells(),
            "added.csv": {name: cells for name, cells in _cells().items() if name != "size"},
        },
        settings={"batches": ["added"]},
        says="is not in added.csv",
    ),
    _example("fail", "a batch that is not listed", "no table 'added' is listed", _cells(), batches=["added"]),
    Example(status="fail", title="there is no table", says="no table 'raw' is listed"),
)
