"""How far two labels of the same cases agree beyond chance."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def kappa(first: ArrayLike, second: ArrayLike, *, weighted: bool = False) -> float:
    """Return Cohen's kappa of two columns of class numbers (n,): 1 - disagreement / disagreement expected by chance.

    weighted: disagreement counts by the square of the distance of the class numbers. Labels that are all of one class
    on both sides agree without that chance could say so: 1. Source: Cohen, Educational and Psychological Measurement 20
    (1960), pp. 37-46; weighted: Psychological Bulletin 70 (1968), pp. 213-220.
    """
    one, other = np.asarray(first, dtype=np.intp), np.asarray(second, dtype=np.intp)
    classes = int(max(one.max(), other.max())) + 1
    table = np.zeros((classes, classes))
    np.add.at(table, (one, other), 1)
    places = np.arange(classes)
    distance = (places[:, None] - places) ** 2.0
    weights = distance if weighted else (distance > 0).astype(np.float64)
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / one.size
    by_chance = float((weights * expected).sum())
    return 1.0 if by_chance == 0 else 1 - float((weights * table).sum()) / by_chance


def intraclass(ratings: ArrayLike) -> float:
    """Return ICC(2,1) of numbers (n cases, k judges): two-way random effects, absolute agreement, single measurement.

    Formula: (BMS - EMS) / (BMS + (k - 1) EMS + k (JMS - EMS) / n). Equal numbers throughout give 1.
    Source: Shrout & Fleiss, "Intraclass correlations", Psychological Bulletin 86 (1979), pp. 420-428.
    """
    numbers = np.asarray(ratings, dtype=np.float64)
    n, k = numbers.shape
    centre = numbers.mean()
    between = k * float(((numbers.mean(axis=1) - centre) ** 2).sum()) / (n - 1)
    judges = n * float(((numbers.mean(axis=0) - centre) ** 2).sum()) / (k - 1)
    total = float(((numbers - centre) ** 2).sum())
    rest = (total - between * (n - 1) - judges * (k - 1)) / ((n - 1) * (k - 1))
    below = between + (k - 1) * rest + k * (judges - rest) / n
    return 1.0 if below <= 0 else (between - rest) / below
