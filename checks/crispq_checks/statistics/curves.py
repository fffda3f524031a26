"""Learning curves: how an error falls with the number of training rows, and where it will be with more of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from crispq import Estimate, NotMeasurable

Vector: TypeAlias = NDArray[np.float64]

#: How fast an error may fall: with the tenth root of the rows, or with their square. Halves and ones are common.
EXPONENTS = np.geomspace(0.1, 2.0, 40)
FEWEST_SIZES = 3
RESAMPLES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerLaw:
    """error(n) = floor + height * (n / unit) ** -exponent, with height at least 0."""

    floor: float
    height: float
    exponent: float
    unit: float

    def at(self, rows: float) -> float:
        """The error with so many training rows."""
        return self.floor + self.height * float((rows / self.unit) ** -self.exponent)


def power_law(sizes: ArrayLike, errors: ArrayLike, *, least: float = -np.inf) -> PowerLaw:
    """Fit a power law to errors (k,) at training sizes (k,), by least squares; the floor is not below `least`.

    For each of 40 exponents between 0.1 and 2 the best floor and height follow by linear least squares; the exponent
    with the least squared error is taken. An error that does not fall gives height 0 and the mean as floor.
    Source: Viering & Loog, "The Shape of Learning Curves: A Review", IEEE TPAMI 45 (2023), pp. 7799-7819.
    Raises NotMeasurable with fewer than three sizes or a number that is not finite.
    """
    rows, told = np.asarray(sizes, dtype=np.float64), np.asarray(errors, dtype=np.float64)
    if rows.shape != told.shape or rows.size < FEWEST_SIZES or not np.all(np.isfinite(told)) or rows.min() <= 0:
        raise NotMeasurable(f"{rows.size} sizes are too few for a curve, or an error at one of them is not finite")
    fall = (rows[None, :] / rows.max()) ** -EXPONENTS[:, None]
    floors, heights = _best(fall, told, least)
    lost = ((floors[:, None] + heights[:, None] * fall - told) ** 2).sum(axis=1)
    best = int(np.argmin(lost))
    return PowerLaw(
        floor=float(floors[best]), height=float(heights[best]), exponent=float(EXPONENTS[best]), unit=float(rows.max())
    )


def _best(fall: Vector, told: Vector, least: float) -> tuple[Vector, Vector]:
    """The floor and the height that fit best, for each exponent: shape (exponents,) each."""
    centred = fall - fall.mean(axis=1, keepdims=True)
    heights = np.maximum(0.0, (centred * told).sum(axis=1) / (centred**2).sum(axis=1))
    floors = told.mean() - heights * fall.mean(axis=1)
    low = floors < least
    heights = np.where(low, np.maximum(0.0, (fall * (told - least)).sum(axis=1) / (fall**2).sum(axis=1)), heights)
    return np.where(low, least, floors), heights


def extrapolated(  # noqa: PLR0913 - each word is one fact about the curve
    sizes: ArrayLike,
    errors: ArrayLike,
    rows: float,
    *,
    overlap: float,
    least: float = -np.inf,
    level: float = 0.95,
    seed: int = 0,
) -> Estimate:
    """Tell the error with `rows` training rows from errors (j, k) of j hold-outs at k sizes, with one-sided bounds.

    Hold-outs are drawn anew 1,000 times and the law fitted to their mean each time. They share rows, so that their
    spread alone is far too small: the distance of each bound from the value is stretched by sqrt(1 + j * overlap),
    overlap being the ratio of test to training rows, as Nadeau and Bengio do for the variance of a mean (Machine
    Learning 52 (2003), section 3). Raises NotMeasurable as `power_law` does, and with fewer than two hold-outs.
    """
    told = np.asarray(errors, dtype=np.float64)
    if told.ndim != 2 or len(told) < 2:  # noqa: PLR2004 - a table; a spread needs two
        raise NotMeasurable("one hold-out tells nothing about its own spread; at least two are needed")
    value = power_law(sizes, told.mean(axis=0), least=least).at(rows)
    random = np.random.default_rng(seed)
    drawn = (told[random.integers(len(told), size=len(told))].mean(axis=0) for _ in range(RESAMPLES))
    found = np.asarray([power_law(sizes, one, least=least).at(rows) for one in drawn])
    stretch = float(np.sqrt(1 + len(told) * overlap))
    low, high = (value + stretch * (float(np.quantile(found, q)) - value) for q in (1 - level, level))
    return Estimate(value=value, low=min(low, value), high=max(high, value), n=len(told), level=level)
