"""How far a window of new rows lies from a reference, feature by feature, and whether chance explains it.

The effect decides (it has a meaning at any size), the p-value only screens: it asks how often a window of this size,
drawn at random from all rows at hand, would look as different from the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from crispq import NotMeasurable

from .comparisons import benjamini_hochberg

Vector: TypeAlias = NDArray[np.float64]
Counts: TypeAlias = NDArray[np.int64]

#: Resampling sees a feature through at most this many cells.
MOST_CELLS = 256
#: Resamples are handled in blocks of at most this many numbers.
BLOCK = 4_000_000
#: The effect where one side has no value at all and the other has: one standard deviation, or all of the distribution.
ALL_MISSING = 1.0
#: Up to this many rows in all, and in the window, counting is the faster way to draw a window.
COUNTED_ROWS, COUNTED_WINDOW = 100_000, 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """How far one feature moved.

    effect: numeric: Wasserstein-1 distance in standard deviations of the reference; categorical: the share of rows (0
    to 1) that lie elsewhere, beyond what chance alone moves; constant: that share itself. missing_effect: absolute
    difference of the shares of missing values (0 to 1). The adjusted p-values and `significant` are set by
    `drift_screen`. rows: present values of reference and window.
    """

    effect: float
    p_value: float
    kind: str
    missing_effect: float
    missing_p_value: float
    rows: tuple[int, int]
    column: str = ""
    adjusted_p_value: float | None = None
    missing_adjusted_p_value: float | None = None
    significant: bool | None = None


def shift(reference: ArrayLike, window: ArrayLike, *, resamples: int = 1999, seed: int = 0) -> Shift:
    """Measure how far the values of `window` (n,) lie from those of `reference` (N,).

    Kinds. "numeric" (numbers, dates): W1 / SD(reference), by scipy; infinite values count as missing. "categorical"
    (text, booleans, a mixture): max(0, TV - mean permuted TV), TV being the total variation distance, half the sum of
    |share - share|: with many categories and few rows TV is large by chance alone, and the permutations below say how
    large. "constant": numbers whose reference has one value only, so no SD to divide by: TV itself (0 if the window has
    that value only).
    A side without any value has effect 1 and the p-value of its missing values; two such sides have effect 0, p 1.

    p = (1 + #{permuted >= observed}) / (1 + resamples), a permutation test: windows of n rows are drawn, without
    replacement, from reference and window together, and held against the rest (N rows). It is exact for any n and N,
    also where the window is larger than the reference. (Drawing from the reference alone is not: a skewed feature's
    window may hold a value beyond all of a small reference, and 15 % instead of 5 % of drift-free windows then had
    p <= 0.05.) Distances, the observed one too, are taken on at most 256 cells of the two together: quantile cells, or
    the 255 most frequent categories and the rest. Source: Phipson & Smyth, "Permutation P-values Should Never Be
    Zero", Stat. Appl. Genet. Mol. Biol. 9 (2010), 39. Effects are exact, not on cells, except for
    categories: there TV is taken on the same cells as the permuted ones.
    The p-value of the missing values is Fisher's exact test (two-sided) on missing and present rows.
    Source: Ramdas, Garcia Trillos & Cuturi, "On Wasserstein Two-Sample Testing", Entropy 19 (2017), 47, section 3.
    Raises NotMeasurable if reference or window has no rows, or if values are too large for an effect to be finite.
    """
    first, second, numeric = _columns(reference, window)
    if first.size == 0 or second.size == 0:
        raise NotMeasurable(f"The reference has {first.size} rows and the window {second.size}; both need some.")
    present = first[~_missing(first)], second[~_missing(second)]
    result = replace(_missing_shift(first, second, present), kind="numeric" if numeric else "categorical")
    if not present[0].size or not present[1].size:
        alone = present[0].size != present[1].size
        return replace(result, effect=ALL_MISSING if alone else 0.0, p_value=result.missing_p_value if alone else 1.0)
    if numeric and np.ptp(present[0]) > 0:
        effect, cells, widths = _numeric(*present)
    else:
        (effect, cells), widths = _categorical(*present), None
    kind = "constant" if numeric and np.ptp(present[0]) == 0 else result.kind
    if not np.isfinite(effect):
        raise NotMeasurable("The values are too large for their distance to be a finite number.")
    p_value, beyond_chance = _permuted(cells, widths, resamples, np.random.default_rng(seed))
    effect = max(0.0, beyond_chance) if kind == "categorical" else effect
    return replace(result, effect=effect, p_value=p_value, kind=kind)


def drift_screen(  # noqa: PLR0913 - each word is one fact about the screen
    reference: pd.DataFrame,
    window: pd.DataFrame,
    columns: Sequence[str],
    q: float = 0.05,
    *,
    resamples: int = 1999,
    seed: int = 0,
) -> list[Shift]:
    """Measure the shift of each of the `columns`, in their order, with p-values adjusted over all of them.

    One family of tests: every column's values, and its missing values where either side has some; adjusted after
    Benjamini & Hochberg (1995). `significant`: one of the column's adjusted p-values is at most `q`. Column i draws
    with seed + i. Raises NotMeasurable if a column is absent on one side, and where `shift` does.
    """
    for name, table in (("reference", reference), ("window", window)):
        if absent := [column for column in columns if column not in table.columns]:
            raise NotMeasurable(f"The {name} has no column {', '.join(absent)}.")
    shifts = [
        replace(
            shift(_array(reference[column]), _array(window[column]), resamples=resamples, seed=seed + i), column=column
        )
        for i, column in enumerate(columns)
    ]
    return list(_adjusted(shifts, q))


def _adjusted(shifts: Sequence[Shift], q: float) -> Iterator[Shift]:
    gaps = [one.missing_effect > 0 or one.missing_p_value < 1 for one in shifts]
    tested = [one.missing_p_value for one, has_gaps in zip(shifts, gaps, strict=True) if has_gaps]
    adjusted = benjamini_hochberg([one.p_value for one in shifts] + tested).tolist()
    rest = iter(adjusted[len(shifts) :])
    for one, p_value, has_gaps in zip(shifts, adjusted, gaps, strict=False):
        missing = next(rest) if has_gaps else 1.0
        significant = min(p_value, missing) <= q
        yield replace(one, adjusted_p_value=p_value, missing_adjusted_p_value=missing, significant=significant)


def _columns(reference: ArrayLike, window: ArrayLike) -> tuple[NDArray[Any], NDArray[Any], bool]:
    """Return both columns as finite-or-NaN floats if both hold numbers or dates, else as objects."""
    first, second = _array(reference), _array(window)
    if first.ndim != 1 or second.ndim != 1:
        raise NotMeasurable(f"One column on each side is needed, not shapes {first.shape} and {second.shape}.")
    numbers = [_numbers(column) for column in (first, second)]
    if numbers[0] is not None and numbers[1] is not None and (first.dtype.kind == "M") == (second.dtype.kind == "M"):
        return numbers[0], numbers[1], True
    return first.astype(object), second.astype(object), False


def _array(values: Any) -> NDArray[Any]:
    """Return a numpy array; pandas' own number types as floats, its other types as objects."""
    if not isinstance(values, pd.Series):
        return np.asarray(values)
    if pd.api.types.is_bool_dtype(values.dtype):
        return values.to_numpy(dtype=object)
    if pd.api.types.is_numeric_dtype(values.dtype):
        return values.to_numpy(dtype=np.float64, na_value=np.nan)
    return values.to_numpy()


def _numbers(column: NDArray[Any]) -> Vector | None:
    """Return floats (NaN for what is missing or infinite), seconds for dates; None for what holds no numbers."""
    if column.dtype.kind == "M":
        seconds = column.astype("datetime64[us]").astype(np.int64) / 1e6
        return np.where(np.isnat(column), np.nan, seconds)
    if column.dtype.kind == "O":
        kinds = {type(value) for value in column[~pd.isna(column)].tolist()}
        if not kinds or not all(issubclass(kind, int | float | np.number) and kind is not bool for kind in kinds):
            return None
        column = np.where(pd.isna(column), np.nan, column)
    if column.dtype.kind not in "iufO":
        return None
    floats = column.astype(np.float64)
    return np.where(np.isfinite(floats), floats, np.nan)


def _missing(column: NDArray[Any]) -> NDArray[np.bool_]:
    return np.asarray(pd.isna(column), dtype=np.bool_)


def _missing_shift(first: NDArray[Any], second: NDArray[Any], present: tuple[NDArray[Any], NDArray[Any]]) -> Shift:
    rows = present[0].size, present[1].size
    gaps = first.size - rows[0], second.size - rows[1]
    effect = abs(gaps[0] / first.size - gaps[1] / second.size)
    p_value = 1.0 if gaps == (0, 0) else float(stats.fisher_exact(np.asarray([gaps, rows])).pvalue)
    return Shift(effect=0.0, p_value=1.0, kind="", missing_effect=effect, missing_p_value=min(1.0, p_value), rows=rows)


def _numeric(first: Vector, second: Vector) -> tuple[float, tuple[Counts, Counts], Vector]:
    """Return the effect, the counts of both sides in the cells, and the distance from each cell to the next."""
    effect = float(stats.wasserstein_distance(first, second)) / float(np.std(first, ddof=1))
    both = np.concatenate([first, second])
    edges = np.unique(both)
    if edges.size > MOST_CELLS:
        edges = np.unique(np.quantile(both, np.linspace(0, 1, MOST_CELLS), method="inverted_cdf"))
    counts = [
        np.bincount(np.searchsorted(edges, side), minlength=edges.size).astype(np.int64) for side in (first, second)
    ]
    return effect, (counts[0], counts[1]), np.diff(edges, append=edges[-1])


def _categorical(first: NDArray[Any], second: NDArray[Any]) -> tuple[float, tuple[Counts, Counts]]:
    codes, labels = pd.factorize(np.concatenate([first, second]))
    counts = [np.bincount(side, minlength=len(labels)).astype(np.int64) for side in np.split(codes, [first.size])]
    effect = float(_distance(counts[0] / first.size - counts[1] / second.size, None))
    by_name = np.argsort([str(label) for label in labels], kind="stable")  # ties must not prefer the reference's
    return effect, _gathered(counts[0][by_name], counts[1][by_name])


def _gathered(first: Counts, second: Counts) -> tuple[Counts, Counts]:
    """Keep the most frequent categories and put together the rest."""
    order = np.argsort(-(first + second), kind="stable")
    kept, rest = order[: MOST_CELLS - 1], order[MOST_CELLS - 1 :]
    return np.append(first[kept], first[rest].sum()), np.append(second[kept], second[rest].sum())


def _permuted(
    cells: tuple[Counts, Counts], widths: Vector | None, resamples: int, random: np.random.Generator
) -> tuple[float, float]:
    """Return the p-value, and by how much the distance on cells exceeds the mean of the permuted distances."""
    reference, window = cells
    both = reference + window
    observed = float(_from_rest(window, both, widths))
    block = max(1, BLOCK // both.size)
    as_far, total = 0, 0.0
    for start in range(0, resamples, block):
        windows = _windows(both, int(window.sum()), min(block, resamples - start), random)
        permuted = _from_rest(windows, both, widths)
        as_far += int(np.count_nonzero(permuted >= observed * (1 - 1e-9)))
        total += float(permuted.sum())
    return (1 + as_far) / (1 + resamples), observed - total / resamples


def _windows(both: Counts, n: int, count: int, random: np.random.Generator) -> Counts:
    """Draw `count` windows of n rows from the cells of all rows: (count, cells)."""
    quick = both.sum() <= COUNTED_ROWS and n <= COUNTED_WINDOW
    method: Literal["count", "marginals"] = "count" if quick else "marginals"
    return random.multivariate_hypergeometric(both, n, size=count, method=method)


def _from_rest(window: Counts, both: Counts, widths: Vector | None) -> Vector:
    """Return the distance of each window (..., cells) from the rows of `both` that are not in it."""
    rest = both - window
    shares = window / window.sum(axis=-1, keepdims=True) - rest / rest.sum(axis=-1, keepdims=True)
    return _distance(shares, widths)


def _distance(difference: Vector, widths: Vector | None) -> Vector:
    """Return the distance that belongs to differences of cell shares (..., cells), `widths` apart or without order."""
    if widths is None:
        return np.asarray(np.abs(difference).sum(axis=-1) / 2)
    return np.asarray(np.abs(np.cumsum(difference, axis=-1)) @ widths)
