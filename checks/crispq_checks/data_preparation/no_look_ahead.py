"""The features of a moment are made from what was known by then.

## Why
A mean over the week around a day, a gap filled in with the next value, a rank among all rows of the year: such features
contain the future. The archive has it, the service does not; the model that learned from it fails when it is used.

## How it is measured
The commands of this phase are run again, in a copy, on the raw rows up to a cut in time (`data.time`), for each of
`cuts` (by default after half and after three quarters of the instants, moved by up to a tenth to where most columns
have a gap, for a value filled in from later rows shows there only). Rows at or before the cut that are in both runs are
matched by `data.key`, whichever table they went to. Their features must be the same (numbers up to a relative 1e-9).

- `look_ahead` (none): features that differ in at least one such row. A column that only changed its scale, by one
  straight line for all rows and one value for all gaps of the raw column, does not count: that is what parameters do
  that were fitted on the training rows, which are fewer now; fitted_on_training_only judges them. Columns that differ
  between two runs on all rows do not count either (preparation_is_reproducible). `fitted` lists further columns (names,
  or patterns with `*`) whose parameters are learned from the training rows in another way, such as quantiles.

The limit is none, for a look ahead is not a matter of degree. On 100 simulated preparations with lags, running means,
differences, and scaling and filling by training rows nothing was found; a centred mean, a rank among all rows and a
deviation from the mean of all rows were found 100 times of 100, a gap filled in with the next value 97 times.
`raw_time` is the column of the raw table if it is not `data.time`; `reads` and `seconds` as in
selection_is_inside_folds.

## How to mend it
Sort by time and use only what comes before: `shift(1)`, `rolling(...)` without `center=True`, `ffill` but no `bfill`,
`expanding()` instead of a statistic of all rows.

## Source
CRISP-ML(Q) §3.2.3, p. 400. Kaufman et al., "Leakage in data mining: formulation, detection, and avoidance", ACM TKDD 6
(2012), 15: the no-time-machine requirement.

## What it cannot see
Raw columns that were corrected or filled in later (no_target_leak asks when a column is known). A look ahead that stays
before both cuts for every row. Features of rows that only one of the runs keeps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from crispq import (
    Evidence,
    Example,
    Finding,
    Findings,
    Measurement,
    NotMeasurable,
    Table,
    check,
    none,
    not_applicable,
)
from crispq_checks.reruns import Preparation, difference, follows, pooled, preparation, raw_gaps, same

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

NO_COMMANDS = "phase 2 has no commands: nothing is prepared by a program that could look ahead"
#: Something before the cut and something after it.
FEWEST_INSTANTS = 3
#: So many instants at most a cut is moved to where gaps are.
MOST_MOVED = 50


@check(
    task="construct_data",
    catalogue=("DP3-C5",),
    risks=("R19", "R25"),
    limits={"look_ahead": none()},
    seconds=1800,
)
def no_look_ahead(  # noqa: PLR0913 - each word is one setting
    evidence: Evidence,
    *,
    cuts: Sequence[float] = (0.5, 0.75),
    fitted: Sequence[str] = (),
    raw: str = "raw",
    raw_time: str | None = None,
    reads: Sequence[str] = (),
    seconds: float = 300,
) -> Measurement:
    """Prepare the data again as of two moments, and compare the features of the rows before them."""
    data = evidence.data
    if data.time is None:
        return not_applicable("data.time names no column: the rows have no order in time")
    if data.key is None:
        return not_applicable(
            "data.key names no column: rows of two runs cannot be matched, so nothing can be compared"
        )
    how = preparation(evidence, raw=raw, reads=reads, seconds=seconds)
    if how is None:
        return not_applicable(NO_COMMANDS)
    if not cuts or not all(0 < one < 1 for one in cuts):
        raise NotMeasurable("cuts are shares of the instants, between 0 and 1")
    times = _times(how, raw_time or data.time, data.key)
    ignore = (*data.not_features, *_fitted(how, fitted))
    compared, found = 0, dict[str, tuple[float, float]]()
    gaps = _gaps(how)
    for share in cuts:
        kept, gaps = _kept(times, share, gaps)
        rows, differing = _as_of(how, times, kept, data.key, ignore)
        compared += rows
        found |= {name: (share, told) for name, told in differing.items() if name not in found}
    if not compared:
        raise NotMeasurable("no row before a cut is in both runs; the key or the split changes with the rows")
    if found and how.control:
        again = difference(how.own, how.control, key=data.key, ignore=ignore)
        found = {name: one for name, one in found.items() if name not in again.cells}
    return _measurement(evidence, how, found, compared, ignore)


def _fitted(how: Preparation, patterns: Sequence[str]) -> tuple[str, ...]:
    names = [str(name) for name in how.own["train"].columns]
    return tuple(name for name in names if any(fnmatchcase(name, one) for one in patterns))


def _times(how: Preparation, column: str, key: str) -> pd.Series[Any]:
    """The moment of each raw row, in the order of the raw table's cells; its name is the key's column."""
    raw = how.raw_frame
    for name in (column, key):
        if name not in raw:
            raise NotMeasurable(f"the table {how.raw!r} has no column {name!r}; rows cannot be put in order of time")
    return raw[column]


def _gaps(how: Preparation) -> pd.DataFrame:
    """Where the raw table has gaps: only in columns that have some."""
    gaps = how.raw_frame.isna()
    return gaps.loc[:, gaps.any()]


def _kept(times: pd.Series[Any], share: float, gaps: pd.DataFrame) -> tuple[NDArray[np.bool_], pd.DataFrame]:
    """The raw rows up to the cut, and the gaps that no cut has met yet.

    Near the wanted share the cut is placed where most columns have a gap: a value that is filled in from later rows can
    only be told from the last row before the cut.
    """
    instants = sorted(times.dropna().unique().tolist())
    if len(instants) < FEWEST_INSTANTS:
        raise NotMeasurable(f"{len(instants)} instants cannot be cut; at least {FEWEST_INSTANTS} are needed")
    middle = max(0, min(len(instants) - 2, int(share * len(instants)) - 1))
    reach = min(len(instants) // 10, MOST_MOVED) if gaps.shape[1] else 0
    near = range(max(0, middle - reach), min(len(instants) - 2, middle + reach) + 1)
    moments = times.to_numpy()
    found = {place: _columns_with_gaps(gaps, moments == instants[place]) for place in near}
    best = max(near, key=lambda place: (len(found[place]), -abs(place - middle)))
    return (times.isna() | (times <= instants[best])).to_numpy(), gaps.drop(columns=found[best])


def _columns_with_gaps(gaps: pd.DataFrame, rows: NDArray[np.bool_]) -> list[str]:
    return [str(name) for name, gap in gaps.loc[rows].any().items() if gap] if gaps.shape[1] else []


def _as_of(
    how: Preparation, times: pd.Series[Any], kept: NDArray[np.bool_], key: str, ignore: Sequence[str]
) -> tuple[int, dict[str, float]]:
    """How many rows were compared, and for each feature that changed its share of changed rows."""
    tables = how.again(lambda frame: frame[kept])
    keys = how.raw_frame[key]
    before = set(keys[kept & times.notna().to_numpy()].tolist()) - set(keys[~kept].tolist())
    one, two = (pooled(part, key).set_index(key) for part in (how.own, tables))
    shared = [name for name in one.index.intersection(two.index) if name in before]
    found: dict[str, float] = {}
    for name in (str(name) for name in how.own["train"].columns if name not in ignore):
        if not shared or name not in one:
            continue
        if name not in two:
            found[name] = 1.0
            continue
        first, second = one.loc[shared, name], two.loc[shared, name]
        equal = same(first, second)
        if not equal.all() and not follows(first, second, raw_gaps(how, name, key, first.index)):
            found[name] = float(1 - equal.mean())
    return len(shared), found


def _measurement(
    evidence: Evidence,
    how: Preparation,
    found: Mapping[str, tuple[float, float]],
    compared: int,
    ignore: Sequence[str],
) -> Measurement:
    examined = sum(name not in ignore for name in how.own["train"].columns)
    said = f"{len(found)} of {examined} features" if found else f"none of {examined} features"
    return Measurement(
        values={"look_ahead": Findings(examined=examined, items=tuple(_findings(evidence, found)))},
        summary=f"{said} change when what came later is not there ({compared:,} rows compared)",
        tables=(
            Table(
                title="Features that look ahead",
                columns=("feature", "cut after this share of instants", "share of rows that change"),
                rows=tuple((name, cut, round(share, 3)) for name, (cut, share) in list(found.items())[:40]),
            ),
        )
        if found
        else (),
    )


def _findings(evidence: Evidence, found: Mapping[str, tuple[float, float]]) -> Iterator[Finding]:
    scripts = [word for command in evidence.commands for word in command.split() if word.endswith(".py")]
    path = scripts[0] if scripts and (evidence.root / scripts[0]).is_file() else evidence.phase_file
    for name, (cut, share) in found.items():
        yield Finding(
            message=f"the feature {name!r} uses what came later: without the rows after {cut:.0%} of the time it "
            f"changes in {share:.1%} of the rows before; make it from earlier rows only",
            path=path,
            line=1 if path in scripts else None,
        )


# --- examples ------------------------------------------------------------------------------------

_ROWS = 24
_LOAD = [row * 37 % 61 for row in range(_ROWS)]
_HEAD = """import csv

rows = list(csv.DictReader(open("data/raw.csv")))
loads = [float(row["load"]) for row in rows]
for number, row in enumerate(rows):
"""
_TAIL = """
train = rows[: len(rows) * 2 // 3]
for name, part in (("train", train), ("test", rows[len(train) :])):
    with open(f"data/{name}.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, ["id", "day", "made", "high"], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(part)
"""
_BEFORE = (
    '    row["made"] = sum(loads[max(0, number - 2) : number + 1]) / len(loads[max(0, number - 2) : number + 1])\n'
)
_AROUND = (
    '    row["made"] = sum(loads[max(0, number - 1) : number + 2]) / len(loads[max(0, number - 1) : number + 2])\n'
)
_CENTRED = """    row["made"] = float(row["load"])
train = rows[: len(rows) * 2 // 3]
mean = sum(row["made"] for row in train) / len(train)
for row in rows:
    row["made"] -= mean
"""
_PREPARE = "2_data_preparation/prepare.py"
_DATA: dict[str, Any] = {
    "target": "high",
    "key": "id",
    "time": "day",
    "tables": {"raw": "data/raw.csv", "train": "data/train.csv", "test": "data/test.csv"},
}
_RAW: dict[str, list[Any]] = {
    "id": list(range(_ROWS)),
    "day": [f"2026-01-{row + 1:02}" for row in range(_ROWS)],
    "load": _LOAD,
    "high": [int(load > 30) for load in _LOAD],  # noqa: PLR2004 - half of them
}


def _windows(before: int, after: int) -> list[float]:
    parts = [_LOAD[max(0, row - before) : row + after + 1] for row in range(_ROWS)]
    return [sum(part) / len(part) for part in parts]


def _prepared(made: list[float]) -> dict[str, Any]:
    cells = {"id": _RAW["id"], "day": _RAW["day"], "made": made, "high": _RAW["high"]}
    train = _ROWS * 2 // 3
    return {
        "data/train.csv": {name: column[:train] for name, column in cells.items()},
        "data/test.csv": {name: column[train:] for name, column in cells.items()},
    }


def _example(status: str, title: str, says: str, step: str, made: list[float], **data: Any) -> Example:
    return Example(
        status=status,
        title=title,
        config={"data": _DATA | data},
        files={"data/raw.csv": _RAW, _PREPARE: _HEAD + step + _TAIL} | _prepared(made),
        phase_file={"commands": [f"python {_PREPARE}"]},
        says=says,
    )


_MEAN = sum(_LOAD[: _ROWS * 2 // 3]) / (_ROWS * 2 // 3)

EXAMPLES = (
    _example("pass", "a mean of the last three days", "none of 1 features change", _BEFORE, _windows(2, 0)),
    _example("pass", "centred by the training rows", "none of 1 features", _CENTRED, [load - _MEAN for load in _LOAD]),
    _example("fail", "a mean with the next day", "'made' uses what came later", _AROUND, _windows(1, 1)),
    _example("not_applicable", "rows have no time", "no order in time", _BEFORE, _windows(2, 0), time=None),
    _example("not_applicable", "rows have no key", "cannot be matched", _BEFORE, _windows(2, 0), key=None),
    _example(
        "error",
        "the preparation breaks off on fewer rows",
        "exit code 1 on a changed copy",
        "    assert len(rows) == 24\n" + _BEFORE,
        _windows(2, 0),
    ),
    Example(
        status="fail",
        title="there is no training table yet",
        config={"data": _DATA},
        files={"data/raw.csv": _RAW},
        phase_file={"commands": [f"python {_PREPARE}"]},
        says="does not exist yet",
    ),
)
