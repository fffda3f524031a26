"""From which rows the parameters of a prepared column were learned, told from the tables alone.

Used by `fitted_on_training_only`. A standardised column has mean 0 and standard deviation 1 on exactly the rows that
its scaler was fitted on; a filled-in cell holds the mean of exactly the rows that its imputer saw; and so on. Nothing
is known about the program that prepared the data.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api import types

from crispq_checks.reruns import same

if TYPE_CHECKING:
    from collections.abc import Callable

Vector: TypeAlias = NDArray[np.float64]

#: A parameter fits a set of rows if it is met up to this, in units of the column's spread; files may round.
NEAR = 1e-6
#: And it does not fit another set if it misses it by at least this: between the two nothing is said.
FAR = 1e-5
TRAIN = "train"
#: Columns with fewer different values have no scale worth recovering.
FEWEST_VALUES = 3
#: So many rows are looked at before a whole column is.
GLANCE = 200
#: An encoded category needs rows of its own; a column as rich as the table is no category.
MOST_CATEGORIES = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """What was done to a column, and which sets of rows its parameters fit; none if they are not recognised."""

    column: str
    what: str
    rows: tuple[str, ...]

    @property
    def on_training(self) -> bool:
        """Whether the training rows alone explain the parameters."""
        return TRAIN in self.rows

    @property
    def beyond(self) -> bool:
        """Whether only rows beyond the training rows explain them."""
        return bool(self.rows) and TRAIN not in self.rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The prepared rows, the raw rows that they come from (same index; empty columns without a key), and sets of them.

    sets: name of a set of rows -> mask over the prepared rows. all_raw: the raw table with all its rows.
    """

    prepared: pd.DataFrame
    raw: pd.DataFrame
    all_raw: pd.DataFrame
    sets: Mapping[str, NDArray[np.bool_]]
    goal: Vector | None
    raw_goal: Vector | None


def rows_of(
    tables: Mapping[str, pd.DataFrame], raw: pd.DataFrame | None, key: str | None, target: str | None, positive: Any
) -> Rows:
    """Put the prepared tables one below the other, with the raw row of each by the key."""
    chosen = {name: frame for name, frame in tables.items() if not frame.empty}
    prepared = pd.concat(chosen.values(), ignore_index=True)
    home = np.repeat(list(chosen), [len(frame) for frame in chosen.values()])
    sets = {TRAIN: home == TRAIN}
    for names in (("train", "test"), ("train", "production"), ("train", "test", "production"), ("test",)):
        if set(names) <= set(chosen):
            sets[_words(names)] = np.isin(home, names)
    keyed = key is not None and raw is not None and key in prepared and key in raw and raw[key].is_unique
    empty = pd.DataFrame(index=prepared.index)
    own = raw.set_index(key).reindex(prepared[key]).reset_index(drop=True) if keyed and raw is not None else empty
    goal = _goal(prepared, target, positive)
    whole = raw if keyed and raw is not None else empty
    raw_goal = _goal(whole, target, positive)
    return Rows(prepared=prepared, raw=own, all_raw=whole, sets=sets, goal=goal, raw_goal=raw_goal)


def _words(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]


def _goal(prepared: pd.DataFrame, target: str | None, positive: Any) -> Vector | None:
    if target is None or target not in prepared:
        return None
    column = prepared[target]
    if positive is not None:
        return np.where(column.isna(), np.nan, (column == positive).astype("float64"))
    return _floats(column) if types.is_numeric_dtype(column) else None


def _floats(column: pd.Series[Any]) -> Vector:
    return np.asarray(column.astype("float64"), dtype=np.float64)


def fitted(rows: Rows, ignore: tuple[str, ...]) -> Iterator[Fitted]:
    """What was fitted, column by column; nothing for a column that is as it is in the raw table."""
    for name in (str(one) for one in rows.prepared.columns if one not in ignore):
        column = rows.prepared[name]
        raw = rows.raw.get(name)
        if raw is not None and _unchanged(column, raw):
            continue
        if not types.is_numeric_dtype(column) or types.is_bool_dtype(column):
            yield from _filled_words(rows, name, column, raw)
            continue
        values = _floats(column)
        if _came_so(rows, values):
            continue
        source, line = _source(rows, name, values)
        yield from _scaled(rows, name, values, source, line)
        if source is not None and line is not None:
            yield from _filled(rows, name, values, source, line)
        else:
            yield from _encoded(rows, name, values)


def _unchanged(column: pd.Series[Any], raw: pd.Series[Any]) -> bool:
    return bool(same(column, raw).all())


def _came_so(rows: Rows, values: Vector) -> bool:
    """Whether a raw column under another name holds these very values."""
    numbers = (_floats(rows.raw[one]) for one in rows.raw.columns if types.is_numeric_dtype(rows.raw[one]))
    return any(
        np.allclose(one[:GLANCE], values[:GLANCE], rtol=NEAR, atol=0, equal_nan=True)
        and np.allclose(one, values, rtol=NEAR, atol=0, equal_nan=True)
        for one in numbers
    )


# --- scaling -------------------------------------------------------------------------------------


def _source(rows: Rows, name: str, values: Vector) -> tuple[str | None, tuple[float, float] | None]:
    """The raw column of which this one is a straight line, with slope and intercept; its namesake before others."""
    names = [str(one) for one in rows.raw.columns if types.is_numeric_dtype(rows.raw[one])]
    for other in sorted(names, key=lambda one: (one != name, one not in name, one)):
        line = _line(_floats(rows.raw[other]), values)
        if line is not None:
            return other, line
    return None, None


def _line(raw: Vector, values: Vector) -> tuple[float, float] | None:
    both = np.isfinite(raw) & np.isfinite(values)
    x, z = raw[both], values[both]
    if abs(_correlation(x[:GLANCE], z[:GLANCE])) < 1 - NEAR:
        return None
    if np.unique(x).size < FEWEST_VALUES or np.ptp(z) == 0:
        return None
    low, high = int(np.argmin(x)), int(np.argmax(x))
    slope = float((z[high] - z[low]) / (x[high] - x[low]))
    if slope == 0 or np.max(np.abs(z[low] + slope * (x - x[low]) - z)) > NEAR * np.ptp(z):
        return None
    slope, intercept = (float(one) for one in np.polyfit(x - x[low], z, 1))
    return slope, intercept - slope * float(x[low])


def _correlation(x: Vector, z: Vector) -> float:
    """A glance at the first rows; 1 where they say nothing."""
    if x.size < FEWEST_VALUES or np.ptp(x) == 0 or np.ptp(z) == 0:
        return 1.0
    return float(np.corrcoef(x, z)[0, 1])


def _scaled(
    rows: Rows, name: str, values: Vector, source: str | None, line: tuple[float, float] | None
) -> Iterator[Fitted]:
    """What scalers leave behind on the rows that they were fitted on.

    Mean 0 with deviation 1 says enough by itself. Borders of 0 and 1, or a median of 0, occur in columns that nobody
    scaled: they count where the column is another scale of a raw one.
    """
    rescaled = line is not None and not np.allclose(line, (1.0, 0.0), rtol=NEAR, atol=NEAR)
    if np.unique(values[np.isfinite(values)]).size < FEWEST_VALUES or (line is not None and not rescaled):
        return  # a raw column as it came, be it under another name or with gaps filled in
    for what, measure in SCALES.items():
        if what not in ALONE and not rescaled:
            continue
        misses = {one: measure(values[mask & np.isfinite(values)]) for one, mask in rows.sets.items()}
        if source is not None and line is not None:
            misses[ALL_RAW] = measure(_on_all_raw(rows, source, line))
        if fits := tuple(one for one, miss in misses.items() if miss < NEAR):
            if TRAIN not in fits and misses[TRAIN] < FAR:
                continue
            yield Fitted(column=name, what=what, rows=fits)
            return


ALL_RAW = "all raw rows"


def _on_all_raw(rows: Rows, source: str, line: tuple[float, float]) -> Vector:
    """The column as it would be on all raw rows."""
    told = line[0] * _floats(rows.all_raw[source]) + line[1]
    return np.asarray(told[np.isfinite(told)])


def _standard(values: Vector) -> float:
    if values.size < FEWEST_VALUES:
        return np.inf
    spread = min(abs(float(values.std(ddof=one)) - 1) for one in (0, 1))
    return max(abs(float(values.mean())), spread)


def _bordered(values: Vector) -> float:
    if values.size < FEWEST_VALUES:
        return np.inf
    low, high = float(values.min()), float(values.max())
    return min(max(abs(low), abs(high - 1)), max(abs(low + 1), abs(high - 1)) / 2)


def _robust(values: Vector) -> float:
    if values.size < FEWEST_VALUES:
        return np.inf
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    return float(max(abs(middle), abs(high - low - 1)))


SCALES: Mapping[str, Callable[[Vector], float]] = {
    "standardised to mean 0 and deviation 1": _standard,
    "scaled to the borders 0 and 1, or -1 and 1": _bordered,
    "scaled to median 0 and quartile distance 1": _robust,
}
ALONE = frozenset({"standardised to mean 0 and deviation 1"})


# --- gaps filled in ------------------------------------------------------------------------------


def _filled(rows: Rows, name: str, values: Vector, source: str, line: tuple[float, float]) -> Iterator[Fitted]:
    """Gaps of the raw column that hold one value here, and whose mean, median or commonest value it is."""
    raw = _floats(rows.raw[source])
    cells = values[np.isnan(raw) & np.isfinite(values)]
    if cells.size == 0:
        return
    spread = float(np.nanstd(raw)) or 1.0
    if np.ptp(cells) > NEAR * spread * abs(line[0]):
        yield Fitted(column=name, what="filled in with values that differ", rows=())
        return
    value = (float(cells[0]) - line[1]) / line[0]
    candidates = {one: raw[mask & np.isfinite(raw)] for one, mask in rows.sets.items()}
    everything = _floats(rows.all_raw[source])
    candidates[ALL_RAW] = everything[np.isfinite(everything)]
    for what, statistic in FILLS.items():
        misses = {one: abs(statistic(cells) - value) / spread for one, cells in candidates.items() if cells.size}
        if fits := tuple(one for one, miss in misses.items() if miss < NEAR):
            if TRAIN in fits or misses.get(TRAIN, np.inf) >= FAR:
                yield Fitted(column=name, what=f"gaps filled in with the {what}", rows=fits)
            return
    yield Fitted(column=name, what="gaps filled in with one value", rows=())


def _commonest(values: Vector) -> float:
    told, counts = np.unique(values, return_counts=True)
    return float(told[np.argmax(counts)]) if counts.max() > 1 else float("nan")


FILLS: Mapping[str, Callable[[Vector], float]] = {
    "mean": lambda values: float(values.mean()),
    "median": lambda values: float(np.median(values)),
    "commonest value": _commonest,
}


def _filled_words(rows: Rows, name: str, column: pd.Series[Any], raw: pd.Series[Any] | None) -> Iterator[Fitted]:
    """Gaps in words that hold the commonest word, and of which rows it is."""
    if raw is None:
        return
    gaps = (raw.isna() & column.notna()).to_numpy()
    told = set(column[gaps].astype(str))
    if len(told) != 1:
        return
    value = told.pop()
    sets = {one: raw[mask] for one, mask in rows.sets.items()} | {ALL_RAW: rows.all_raw[name]}
    commonest = {one: cells.dropna().astype(str).value_counts() for one, cells in sets.items()}
    fits = tuple(one for one, counts in commonest.items() if len(counts) and counts.get(value, 0) == counts.iloc[0])
    yield Fitted(column=name, what="gaps filled in with the commonest value", rows=fits)


# --- categories as numbers -----------------------------------------------------------------------


def _encoded(rows: Rows, name: str, values: Vector) -> Iterator[Fitted]:
    """A number that is the same wherever a raw category is: the mean outcome, or the frequency, of some rows."""
    for source in rows.raw.columns:
        column = rows.raw[source]
        codes, categories = pd.factorize(column.astype(str).where(column.notna(), None))
        if not FEWEST_VALUES - 1 <= len(categories) <= min(MOST_CATEGORIES, len(column) / 2):
            continue
        told = _of_category(codes, values, len(categories))
        if told is None or np.unique(told[np.isfinite(told)]).size < 2:  # noqa: PLR2004 - nothing is told apart
            continue
        everywhere = pd.Index(categories).get_indexer(rows.all_raw[source].astype(str))
        for what, fits in _encodings(rows, codes, everywhere, told):
            yield Fitted(column=name, what=f"{source!r} {what}", rows=fits)
            return


def _of_category(codes: NDArray[np.intp], values: Vector, count: int) -> Vector | None:
    """The one value of each category; None where a category has several."""
    known = (codes >= 0) & np.isfinite(values)
    low, high = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(low, codes[known], values[known])
    np.maximum.at(high, codes[known], values[known])
    seen = high >= low
    if np.any(high[seen] - low[seen] > NEAR * (np.ptp(values[known]) or 1.0)):
        return None
    return np.where(seen, low, np.nan)


def _encodings(
    rows: Rows, codes: NDArray[np.intp], everywhere: NDArray[np.intp], told: Vector
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What the numbers of the categories are, with the sets of rows that they fit; everywhere: all raw rows' codes."""
    outcome, frequency = [], []
    sets = {one: (codes[mask], None if rows.goal is None else rows.goal[mask]) for one, mask in rows.sets.items()}
    for one, (own, goal) in (sets | {ALL_RAW: (everywhere, rows.raw_goal)}).items():
        counts = np.bincount(own[own >= 0], minlength=len(told)).astype("float64")
        if _matches(told, counts) or _matches(told, counts / max(1.0, counts.sum())):
            frequency.append(one)
        if goal is not None:
            labelled = (own >= 0) & np.isfinite(goal)
            if labelled.any() and _is_mean_outcome(told, own[labelled], goal[labelled]):
                outcome.append(one)
    if outcome:
        yield "replaced by the mean outcome of each category", tuple(outcome)
    if frequency:
        yield "replaced by the frequency of each category", tuple(frequency)


def _matches(told: Vector, wanted: Vector) -> bool:
    seen = np.isfinite(told) & (wanted > 0)
    spread = float(np.ptp(wanted[seen])) if seen.any() else 0.0
    return bool(spread > 0 and seen.sum() > 1 and np.all(np.abs(told[seen] - wanted[seen]) <= NEAR * spread))


def _is_mean_outcome(told: Vector, codes: NDArray[np.intp], goal: Vector) -> bool:
    """Whether told = (sum + m * prior) / (count + m) for one m >= 0: the mean, drawn to the mean of all by m rows."""
    counts = np.bincount(codes, minlength=len(told)).astype("float64")
    sums = np.bincount(codes, weights=goal, minlength=len(told))
    seen = np.isfinite(told) & (counts > 0)
    if seen.sum() < 2 or np.ptp(told[seen]) == 0:  # noqa: PLR2004 - one category fits anything
        return False
    counts, sums, values = counts[seen], sums[seen], told[seen]
    prior = float(goal.mean())
    over, below = sums - counts * values, values - prior
    weight = float(np.dot(over, below) / np.dot(below, below)) if np.any(below) else 0.0
    weight = 0.0 if abs(weight) < NEAR else weight
    if weight < 0:
        return False
    wanted = (sums + weight * prior) / (counts + weight)
    free = np.unique(np.round(values, 9)).size
    return bool(free > 2 - (weight == 0) and np.all(np.abs(wanted - values) <= NEAR * np.ptp(values)))
