"""Training and test rows come from one distribution.

## Why
A test answers for the cases that it is like. If the test rows come from another clinic, another season or another end
of the file than the training rows, the score is that of a change nobody meant to measure; or the two parts were
prepared by different code, and the difference is a fault.

## How it is measured
All columns of `train` and `test` that are not key, group, time, file or digest are compared, the target included. Above
20,000 rows a part is sampled with a fixed seed.

- `differing_columns` (none): the distance of a column is at least `far` (0.5) and chance does not explain it. Distance:
  for numbers the Wasserstein-1 distance in standard deviations of the training rows, for categories the share of rows
  that lie elsewhere beyond what chance moves, and for missing values the difference of their shares. Chance: a
  permutation test (whole groups are permuted where `data.group` is named), its p-values adjusted by Holm over all
  columns, at most 0.01. Only columns whose distance reaches `near` are tested to that depth, which changes no verdict.
- `moved_columns` (warning): the same from `near` (0.25) on.
- `told_apart` (none): a classifier tells test rows from training rows. A ridge regression on the ranks of the
  features, their squares, their gaps, their frequent categories and 200 random bends of these is fitted to "is a test
  row" on four fifths of the rows and scored on the last fifth, five times. The same is done with 199 permutations of
  the labels (by whole groups). It counts if its AUC exceeds all of the permuted ones and if the lower 95 % bound of the
  AUC (Hanley and McNeil; n counts groups) lies above `apart` (0.6). The target is left out.
- `differences_over_time` (warning): the same findings where `data.time` is named, for then the test rows are meant
  to be later ones, and a difference is news about the world, not a fault of the split. Columns that are the time itself
  in other words (one value for each moment, never falling or never rising with it, such as the year) are left out.
- `adversarial_auc`, shown only: 0.5 where nothing tells the parts apart.

ASSUMPTION: rows (or groups) are independent. LIMITS: half a standard deviation, or one row in two, is a difference that
no stratification leaves behind; 0.6 is where an AUC begins to be of use. FALSE ALARMS: none (0 red, 0 warnings) over 20
random splits each of iris, wine, breast cancer, diabetes, digits and a made table with categories and gaps.

## How to mend it
Look at the columns named. If the parts were prepared by different code or sources, prepare them alike. If the split
follows the order of the file, shuffle it, or stratify by the column. If the test is to be later, name `data.time`.

## Source
CRISP-ML(Q) §3.2.1, pp. 399-400, and §3.4, p. 403. Lopez-Paz and Oquab, "Revisiting classifier two-sample tests", ICLR
2017. Holm, Scand. J. Statistics 6 (1979), pp. 65-70. Phipson and Smyth, Stat. Appl. Genet. Mol. Biol. 9 (2010), 39.
Hanley and McNeil, "The meaning and use of the area under a ROC curve", Radiology 143 (1982), pp. 29-36.

## What it cannot see
Whether both parts are like the cases of use: they may be wrong together. Differences smaller than chance makes in parts
of this size; what images and free texts show; the order within a part.
"""

from __future__ import annotations

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
    check,
    none,
)

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

MOST_ROWS = 20_000
#: The classifier sees at most so many rows of each part, and so many categories of a column.
MOST_JUDGED = 4_000
CATEGORIES = 10
BENDS, PERMUTATIONS, FOLDS = 200, 199, 5
SCREENED, ALPHA = 499, 0.01
LEVEL_SCORE = 1.645
SHOWN = 20
#: What to do about a column and about parts that can be told apart, by whether the test is meant to be later.
ADVICE = {
    False: ("prepare both parts alike, or stratify by it", "look at the columns that differ, and split anew"),
    True: (
        "if both were prepared alike, this is news about the world: watch it in use",
        "the later cases are others: look at the columns that differ, and watch them in use",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Distance:
    """How far a column's test rows lie from its training rows, and the chance of that under no difference."""

    column: str
    effect: float
    p_value: float
    what: str


@check(
    task="select_data",
    catalogue=("EV1-C1", "EV1-C2"),
    risks=("R40", "R19"),
    tier="standard",
    limits={
        "differing_columns": none(),
        "moved_columns": none(warn=True),
        "told_apart": none(),
        "differences_over_time": none(warn=True),
    },
)
def train_and_test_agree(
    evidence: Evidence, *, far: float = 0.5, near: float = 0.25, apart: float = 0.6
) -> Measurement:
    """Compare the two parts column by column, and let a classifier try to tell them apart."""
    data = evidence.data
    tables = {name: evidence.table(name) for name in ("train", "test")}
    frames = [_sampled(table.frame(), data.group, MOST_ROWS) for table in tables.values()]
    names = [
        str(name) for name in frames[0] if name in frames[1] and name not in set(data.not_features) - {data.target}
    ]
    features = [name for name in names if name != data.target]
    if not features:
        raise NotMeasurable("the tables 'train' and 'test' have no feature in common")
    clocks = _clocks(frames, data.time, features)
    clocks = clocks if len(clocks) < len(features) else []
    names, features = ([name for name in some if name not in clocks] for some in (names, features))
    groups = _groups(data.group, frames)
    distances = list(_distances(frames, names, groups, near))
    auc, told = _told_apart([frame[features] for frame in frames], groups, apart)
    path = tables["test"].paths[0]
    advice = ADVICE[data.time is not None]
    tested = [one for one in distances if one.effect >= near and one.p_value <= ALPHA]
    far_ones = [_finding(one, path, advice[0]) for one in tested if one.effect >= far]
    near_ones = [_finding(one, path, advice[0]) for one in tested if one.effect < far]
    distinct = [Finding(message=f"{told}; {advice[1]}", path=path)] if told else []
    later = [*far_ones, *near_ones, *distinct] if data.time is not None else []

    def found(items: Sequence[Finding], examined: int) -> Findings:
        return Findings(examined=examined, items=() if data.time is not None else tuple(items))

    return Measurement(
        values={
            "differing_columns": found(far_ones, len(names)),
            "moved_columns": found(near_ones, len(names)),
            "told_apart": found(distinct, 1),
            "differences_over_time": Findings(examined=len(names) + 1, items=tuple(later)),
            "adversarial_auc": auc,
        },
        summary=_summary([table.rows for table in tables.values()], distances, auc, (len(far_ones), len(near_ones)))
        + (f"; left out as the time in other words: {', '.join(clocks)}" if clocks else ""),
        tables=(_table(distances),),
        charts=(_chart(distances, far),),
    )


def _clocks(frames: Sequence[pd.DataFrame], time: str | None, names: Sequence[str]) -> list[str]:
    """The columns that say the time in other words: one value for each moment, in the moments' order or against it."""
    import pandas as pd
    from pandas.api import types

    if time is None or any(time not in frame for frame in frames):
        return []
    both = pd.concat([frame[[time, *names]] for frame in frames], ignore_index=True).dropna(subset=[time])
    moment = both[time].astype("str") if len(set(map(type, both[time]))) > 1 else both[time]
    found = []
    for name in names:
        column = both[name]
        ordered = types.is_numeric_dtype(column) or types.is_datetime64_any_dtype(column)
        if not ordered or types.is_bool_dtype(column) or column.isna().any() or not column.min() < column.max():
            continue
        spans = column.groupby(moment).agg(["min", "max"])
        one, own = bool((spans["min"] == spans["max"]).all()), spans["min"]
        if one and (own.is_monotonic_increasing or own.is_monotonic_decreasing):
            found.append(name)
    return found


def _sampled(frame: pd.DataFrame, group: str | None, most: int) -> pd.DataFrame:
    """At most so many rows, drawn with a fixed seed; whole groups where there are any."""
    import numpy as np

    if len(frame) <= most:
        return frame.reset_index(drop=True)
    random = np.random.default_rng(0)
    if group is None or group not in frame:
        return frame.iloc[np.sort(random.choice(len(frame), size=most, replace=False))].reset_index(drop=True)
    order = random.permutation(frame[group].dropna().unique())
    sizes = frame[group].value_counts().loc[order].cumsum()
    kept = set(order[: max(2, int((sizes <= most).sum()))])
    return frame[frame[group].isin(kept)].reset_index(drop=True)


def _groups(group: str | None, frames: Sequence[pd.DataFrame]) -> list[NDArray[np.intp]] | None:
    """Codes of the groups, other ones in each part: a group that stands in both is the business of the split."""
    import pandas as pd

    if group is None:
        return None
    if any(group not in frame for frame in frames):
        raise NotMeasurable(f"a table has no column {group!r}, which data.group names")
    codes = [pd.factorize(frame[group], use_na_sentinel=False)[0] for frame in frames]
    return [codes[0], codes[1] + codes[0].max() + 1]


# --- column by column ----------------------------------------------------------------------------


def _distances(
    frames: Sequence[pd.DataFrame], names: Sequence[str], groups: list[NDArray[np.intp]] | None, near: float
) -> Iterator[_Distance]:
    from crispq_checks.statistics.comparisons import holm

    first = [_shift(frames, name, groups, SCREENED) for name in names]
    needed = max(SCREENED, int(1.2 * 2 * len(names) / ALPHA))
    raw: list[tuple[float, float, float, float]] = []
    for name, (effect, p_value, gaps, p_gaps) in zip(names, first, strict=True):
        worth = effect >= near and p_value <= 2 * ALPHA
        raw.append(_shift(frames, name, groups, needed) if worth else (effect, p_value, gaps, p_gaps))
    adjusted = holm([one[1] for one in raw] + [one[3] for one in raw])
    for index, (name, (effect, _, gaps, _)) in enumerate(zip(names, raw, strict=True)):
        values, missing = adjusted[index], adjusted[len(names) + index]
        if gaps > effect and missing <= ALPHA:
            yield _Distance(column=str(name), effect=gaps, p_value=float(missing), what="missing values")
        else:
            yield _Distance(column=str(name), effect=effect, p_value=float(values), what="values")


def _shift(
    frames: Sequence[pd.DataFrame], name: str, groups: list[NDArray[np.intp]] | None, resamples: int
) -> tuple[float, float, float, float]:
    """Distance and p-value of the values, and of the missing values."""
    from crispq_checks.statistics.drift import shift

    own, other = (frame[name] for frame in frames)
    moved = shift(own, other, resamples=SCREENED if groups else resamples)
    if groups is None:
        return moved.effect, moved.p_value, moved.missing_effect, moved.missing_p_value
    values = _p_of_groups(own, other, groups, resamples)
    gaps = _p_of_groups(own.isna(), other.isna(), groups, resamples) if moved.missing_effect else 1.0
    return moved.effect, values, moved.missing_effect, gaps


def _p_of_groups(own: pd.Series[Any], other: pd.Series[Any], groups: list[NDArray[np.intp]], resamples: int) -> float:
    """The permutation p-value of the distance on cells, where whole groups change sides."""
    import numpy as np

    cells, ordered = _cells(own, other)
    units = np.concatenate(groups)
    counts = np.zeros((units.max() + 1, cells.max() + 1))
    np.add.at(counts, (units, cells), 1)
    everything, tested = counts.sum(axis=0), groups[1].max() - groups[1].min() + 1

    def distance(side: NDArray[np.float64]) -> NDArray[np.float64]:
        rest = everything - side
        shares = side / np.maximum(side.sum(-1, keepdims=True), 1) - rest / np.maximum(rest.sum(-1, keepdims=True), 1)
        return np.asarray(np.abs(np.cumsum(shares, axis=-1) if ordered else shares).sum(axis=-1))

    random = np.random.default_rng(0)
    observed = distance(counts[groups[1].min() :].sum(axis=0)[None])[0]
    as_far, done = 0, 0
    while done < resamples:
        some = min(500, resamples - done)
        order = np.argsort(random.random((some, len(counts))), axis=1) < tested
        as_far += int((distance(order.astype(np.float64) @ counts) >= observed - 1e-9).sum())
        done += some
    return (1 + as_far) / (1 + resamples)


def _cells(own: pd.Series[Any], other: pd.Series[Any]) -> tuple[NDArray[np.intp], bool]:
    """A cell for each row of both: numbers by quantile, in order, all else by value. A gap has the last cell."""
    import numpy as np
    import pandas as pd
    from pandas.api import types

    both = pd.concat([own, other], ignore_index=True)
    if types.is_datetime64_any_dtype(both):
        both = (both - both.min()).dt.total_seconds()
    if types.is_numeric_dtype(both) and not types.is_bool_dtype(both):
        numbers = both.astype("float64").replace([np.inf, -np.inf], np.nan)
        edges = np.unique(np.nanquantile(numbers, np.linspace(0, 1, 33))) if numbers.notna().any() else np.zeros(1)
        found = np.searchsorted(edges, numbers.fillna(edges[0]))
        return np.where(numbers.isna(), len(edges), found), True
    codes = pd.factorize(both.astype("str").where(both.notna(), "(missing)"))[0]
    return np.minimum(codes, 255), False


# --- a classifier --------------------------------------------------------------------------------


def _told_apart(
    frames: Sequence[pd.DataFrame], groups: list[NDArray[np.intp]] | None, apart: float
) -> tuple[Estimate, str]:
    """The AUC of telling test rows from training rows, and a message if it is neither chance nor small."""
    import numpy as np

    chosen = [_drawn(len(frame)) for frame in frames]
    points = _points(frames, chosen)
    sides = np.repeat([0, 1], [len(one) for one in chosen])
    units = (
        np.arange(len(sides)) if groups is None else np.concatenate([g[c] for g, c in zip(groups, chosen, strict=True)])
    )
    units = np.unique(units, return_inverse=True)[1]
    labels = _permuted(sides, units)
    told = _held_back(points, labels, units)
    found = [_area(labels[:, column], told[:, column]) for column in range(labels.shape[1])]
    auc, chance = found[0], max(found[1:])
    counts = [len(np.unique(units[sides == side])) for side in (0, 1)]
    low, high = _bounds(auc, *counts)
    estimate = Estimate(value=auc, low=low, high=high, n=sum(counts), level=0.95)
    if auc <= chance or low <= apart:
        return estimate, ""
    return estimate, (
        f"a classifier tells test rows from training rows with AUC {auc:.2f} (lower bound {low:.2f}, at most {apart:g} "
        f"is allowed; by chance up to {chance:.2f})"
    )


def _drawn(rows: int) -> NDArray[np.intp]:
    import numpy as np

    if rows <= MOST_JUDGED:
        return np.arange(rows)
    return np.sort(np.random.default_rng(0).choice(rows, size=MOST_JUDGED, replace=False))


def _points(frames: Sequence[pd.DataFrame], chosen: Sequence[NDArray[np.intp]]) -> NDArray[np.float64]:
    """Ranks, their squares, gaps, frequent categories, and random bends of these; shape (rows, columns)."""
    import numpy as np
    import pandas as pd

    both = pd.concat([frame.iloc[rows] for frame, rows in zip(frames, chosen, strict=True)], ignore_index=True)
    parts = [part for name in both for part in _parts(both[name])]
    plain = np.column_stack(parts) if parts else np.zeros((len(both), 1))
    plain = (plain - plain.mean(axis=0)) / np.maximum(plain.std(axis=0), 1e-9)
    random = np.random.default_rng(0)
    weights = random.normal(size=(plain.shape[1], BENDS)) * 1.5 / np.sqrt(plain.shape[1])
    return np.column_stack([plain, plain**2 - 1, np.tanh(plain @ weights + random.normal(size=BENDS))])


def _parts(column: pd.Series[Any]) -> Iterator[NDArray[np.float64]]:
    import numpy as np
    from pandas.api import types

    gaps = column.isna()
    if gaps.any() and not gaps.all():
        yield np.asarray(gaps, dtype=np.float64)
    if types.is_datetime64_any_dtype(column) or (types.is_numeric_dtype(column) and not types.is_bool_dtype(column)):
        ranks = column.rank(pct=True)
        if ranks.min() < ranks.max():
            yield np.asarray(ranks.fillna(0.5), dtype=np.float64)
        return
    labels = column.astype("str")
    for label in labels.value_counts().index[:CATEGORIES]:
        here = np.asarray(labels == label, dtype=np.float64)
        if 0 < here.sum() < len(here):
            yield here


def _permuted(sides: NDArray[np.intp], units: NDArray[np.intp]) -> NDArray[np.intp]:
    """The sides (rows, 1 + permutations): as they are, then with whole units changing sides."""
    import numpy as np

    random = np.random.default_rng(1)
    of_unit = np.zeros(units.max() + 1, dtype=np.intp)
    of_unit[units] = sides
    every = [of_unit, *(random.permutation(of_unit) for _ in range(PERMUTATIONS))]
    return np.column_stack(every)[units]


def _held_back(points: NDArray[np.float64], labels: NDArray[np.intp], units: NDArray[np.intp]) -> NDArray[np.float64]:
    """What ridge regressions say of the fifth they were not fitted on; one column for each column of labels."""
    import numpy as np

    fold = np.random.default_rng(2).permutation(units.max() + 1) % FOLDS
    told = np.zeros(labels.shape)
    for number in range(FOLDS):
        held = fold[units] == number
        own, goal = points[~held], labels[~held].astype(np.float64)
        middle = own.mean(axis=0)
        gram = (own - middle).T @ (own - middle)
        gram[np.diag_indices_from(gram)] += 0.2 * len(own)
        weights = np.linalg.solve(gram, (own - middle).T @ (goal - goal.mean(axis=0)))
        told[held] = (points[held] - middle) @ weights + goal.mean(axis=0)
    return told


def _area(side: NDArray[np.intp], told: NDArray[np.float64]) -> float:
    from scipy import stats

    ranks, ones = stats.rankdata(told), int(side.sum())
    zeros = len(side) - ones
    return float((ranks[side == 1].sum() - ones * (ones + 1) / 2) / (ones * zeros)) if ones and zeros else 0.5


def _bounds(auc: float, first: int, second: int) -> tuple[float, float]:
    """The one-sided 95 % bounds of Hanley and McNeil."""
    one, two = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = auc * (1 - auc) + (second - 1) * (one - auc**2) + (first - 1) * (two - auc**2)
    margin = LEVEL_SCORE * (max(variance, 0) / (first * second)) ** 0.5
    return max(0.0, auc - margin), min(1.0, auc + margin)


# --- words ---------------------------------------------------------------------------------------


def _finding(one: _Distance, path: str, advice: str) -> Finding:
    return Finding(
        message=(
            f"the {one.what} of {one.column!r} differ between train and test by {one.effect:.2f} (adjusted p = "
            f"{one.p_value:.2g}); {advice}"
        ),
        path=path,
    )


def _summary(rows: Sequence[int], distances: Sequence[_Distance], auc: Estimate, counts: tuple[int, int]) -> str:
    worst = max(distances, key=lambda one: one.effect)
    far, near = counts
    told = f"{far} columns differ, {near} more have moved" if far or near else f"{len(distances)} columns agree"
    return (
        f"{rows[0]} rows of train and {rows[1]} of test: {told}; the farthest is {worst.column!r} "
        f"({worst.effect:.2f}), and a classifier tells the parts apart with AUC {auc.value:.2f}"
    )


def _ordered(distances: Sequence[_Distance]) -> list[_Distance]:
    return sorted(distances, key=lambda one: (-one.effect, one.column))[:SHOWN]


def _table(distances: Sequence[_Distance]) -> Table:
    rows = tuple((one.column, one.what, round(one.effect, 3), round(one.p_value, 4)) for one in _ordered(distances))
    return Table(
        title="The columns that differ most between train and test",
        columns=("column", "what", "distance", "adjusted p"),
        rows=rows,
    )


def _chart(distances: Sequence[_Distance], far: float) -> Chart:
    points: list[Mapping[str, Any]] = [
        {"column": one.column, "distance": round(one.effect, 4)} for one in _ordered(distances)
    ]
    return Chart(
        title="How far test rows lie from training rows",
        description=f"Bars show the distance of {len(points)} columns; the limit is {far:g}.",
        spec={
            "width": 400,
            "data": {"values": points},
            "mark": "bar",
            "encoding": {
                "x": {"field": "distance", "type": "quantitative", "title": "distance"},
                "y": {"field": "column", "type": "nominal", "sort": "-x", "title": "column"},
            },
        },
    )


# --- examples ------------------------------------------------------------------------------------

_DATA = {"target": "ill", "key": "id", "tables": {"train": "train.csv", "test": "test.csv"}}


def _spread(row: int, step: int) -> float:
    mixed = (row * 7919 + step * 104_729 + 12_345) * 2_654_435_761 % 2**32
    return (mixed ^ mixed >> 15) * 2_246_822_519 % 2**32 / 2**32


def _rows(
    first: int, rows: int, *, longer: float = 0.0, twisted: bool = False, dated: bool = False
) -> dict[str, list[Any]]:
    numbers = range(first, first + rows)
    size = [_spread(number, 0) for number in numbers]
    dates = [f"2026-{1 + number // 28 % 12:02d}-{1 + number % 28:02d}" for number in numbers]
    columns: dict[str, list[Any]] = {"day": dates} if dated else {}
    return columns | {
        "id": list(numbers),
        "ward": [f"{'train' if first == 0 else 'test'} {number // 8}" for number in numbers],
        "size": [one + longer for one in size],
        "weight": [one if twisted else _spread(number, 1) for number, one in zip(numbers, size, strict=True)],
        "sort": ["abc"[int(3 * _spread(number, 2))] for number in numbers],
        "ill": [int(2 * _spread(number, 3)) for number in numbers],
    }


def _counted(first: int, rows: int) -> dict[str, list[Any]]:
    return _rows(first, rows, dated=True) | {"count": [number // 2 for number in range(first, first + rows)]}


def _without(column: str, rows: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    return {name: cells for name, cells in rows.items() if name != column}


def _example(status: str, title: str, says: str, test: Mapping[str, list[Any]], **data: Any) -> Example:
    return Example(
        status=status,
        title=title,
        config={"data": _DATA | {"group": "ward"} | data},
        files={
            "train.csv": _counted(0, 160) if "count" in test else _rows(0, 160, dated="time" in data),
            "test.csv": test,
        },
        says=says,
    )


EXAMPLES = (
    _example("pass", "rows of one kind", "columns agree", _rows(160, 80)),
    _example("fail", "a longer ruler in the test", "'size' differ", _rows(160, 80, longer=0.6)),
    _example(
        "warn",
        "a somewhat longer ruler",
        "1 more have moved",
        _without("ward", _rows(160, 240, longer=0.12)),
        group=None,
    ),
    _example("fail", "columns that belong together in the test only", "AUC", _rows(160, 120, twisted=True)),
    _example("warn", "a later test may differ", "'size' differ", _rows(160, 80, longer=0.6, dated=True), time="day"),
    _example(
        "warn",
        "a later test is told with other words",
        "this is news about the world",
        _rows(160, 80, longer=0.6, dated=True),
        time="day",
    ),
    _example(
        "pass",
        "a column that counts the days",
        "left out as the time in other words: count",
        _counted(160, 80),
        time="day",
    ),
    _example("pass", "single rows", "columns agree", _without("ward", _rows(160, 80)), group=None),
    _example(
        "error",
        "nothing in common",
        "no feature in common",
        {"id": list(range(9)), "other": list(range(9)), "ill": [1] * 9},
    ),
    Example(
        status="fail",
        title="there is no test table yet",
        config={"data": _DATA},
        files={"train.csv": _rows(0, 20)},
        says="does not exist yet",
    ),
)
