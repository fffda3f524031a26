"""How stable a choice of features is: Nogueira's index, with its interval."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from crispq import Estimate, NotMeasurable

FEWEST = 2


def stability(chosen: NDArray[Any], level: float = 0.95) -> Estimate:
    """Bound the stability of M choices among d features; chosen (M, d) of zeros and ones, a row for each choice.

    Formula: 1 - mean_f(s_f²) / ((k/d) * (1 - k/d)), with s_f² = M/(M-1) * p_f * (1 - p_f), p_f how often feature f was
    chosen, and k the mean number chosen. 1 is the same choice every time, 0 what drawing at random gives; the least is
    -1/(M - 1). Bounds: value -+ z(level) * sqrt(v), v = 4/M² * sum_i (phi_i - mean phi)², phi_i as in theorem 7;
    they stay within [-1, 1].
    Source: Nogueira, Sechidis & Brown, "On the stability of feature selection algorithms", JMLR 18(174) (2018),
    definition 4 and section 5. `n` is M.
    Raises NotMeasurable with fewer than two choices, or where all or no features are chosen every time.
    """
    z = np.asarray(chosen, dtype=np.float64)
    if z.ndim != 2 or z.shape[0] < FEWEST or z.shape[1] < FEWEST:  # noqa: PLR2004 - a table
        raise NotMeasurable(f"{z.shape} choices by features cannot tell stability; at least two of each are needed.")
    if not np.isin(z, (0, 1)).all():
        raise NotMeasurable("A choice holds a feature or does not: zeros and ones are needed.")
    rounds, features = z.shape
    frequency, sizes = z.mean(axis=0), z.sum(axis=1)
    share = float(frequency.sum()) / features
    if share in {0.0, 1.0}:
        raise NotMeasurable("All or no features are chosen every time: there is no choice to be stable.")
    unit = share * (1 - share)
    spread = rounds / (rounds - 1) * frequency * (1 - frequency)
    value = 1 - float(spread.mean()) / unit
    bent = 2 * share * sizes / features - sizes / features - share + 1
    phi = ((z * frequency).mean(axis=1) - sizes * share / features + value / 2 * bent) / unit
    error = math.sqrt(4 / rounds**2 * float(np.sum((phi - phi.mean()) ** 2)))
    margin = float(stats.norm.ppf(level)) * error
    low, high = max(-1.0, value - margin), min(1.0, value + margin)
    return Estimate(value=value, low=min(low, value), high=max(high, value), n=rounds, level=level)
