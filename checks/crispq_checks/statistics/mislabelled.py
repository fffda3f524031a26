"""How many class labels are wrong, told from where out-of-fold predictions and labels disagree.

Where cases are hard, disagreement fades as the model becomes surer. Where labels are wrong, it does not: a share
remains however sure the model is. That remainder is estimated here, with its bounds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from crispq import Estimate

Vector: TypeAlias = NDArray[np.float64]

#: The shares of wrong labels that are tried.
GRID = np.concatenate([np.arange(0, 0.05, 0.005), np.arange(0.05, 0.1, 0.01), np.arange(0.1, 0.42, 0.02)])
#: Probabilities beyond these are taken for these: a forest that is unanimous is not certain.
SUREST = 0.002
LEVEL = 0.95
#: The least slope: a margin that means nothing would explain any disagreement.
FLATTEST = 0.3
#: Half of the chi-square quantile (one degree of freedom) of a one-sided bound at `LEVEL`.
DROP = 1.3528


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """For each row (n,): how sure the prediction is (margin, in log odds to the next class) and whether it differs."""

    margin: Vector
    differs: NDArray[np.bool_]
    classes: int


def disagreement(probability: NDArray[Any], label: NDArray[np.intp]) -> Disagreement:
    """Hold out-of-fold probabilities (n, classes) against labels (n,), given as positions among the classes."""
    clipped = np.clip(np.asarray(probability, dtype=np.float64), SUREST, 1 - SUREST)
    ordered = np.sort(clipped, axis=1)
    return Disagreement(
        margin=np.log(ordered[:, -1] / ordered[:, -2]),
        differs=clipped.argmax(axis=1) != label,
        classes=clipped.shape[1],
    )


def share_mislabelled(rows: Disagreement) -> Estimate:
    """Estimate the share of wrong labels by maximum likelihood, with one-sided profile bounds at 95 %.

    Model: P(differs | margin) = e + (1 - c e) / (1 + exp(a margin + b)), c = K / (K - 1) for K classes: the label is
    wrong with probability e whatever the case, and the true class differs from the prediction the less often the larger
    the margin (a >= 0.3; a calibrated model has a = 1). The three are fitted by maximum likelihood; the bounds of e are
    where twice the log-likelihood has fallen by chi2(0.90; 1).
    Source: Hausman, Abrevaya & Scott-Morton, "Misclassification of the dependent variable in a discrete-response
    setting", Journal of Econometrics 87 (1998), pp. 239-269.
    """
    losses = np.asarray(_losses(rows))
    within = GRID[losses - losses.min() <= DROP]
    value = float(GRID[losses.argmin()])
    return Estimate(
        value=value, low=float(within.min()), high=float(within.max()), n=int(rows.margin.size), level=LEVEL
    )


def _losses(rows: Disagreement) -> list[float]:
    """The least negative log-likelihood for each share of the grid."""
    from scipy.optimize import minimize

    rate = float(np.clip(rows.differs.mean(), 0.01, 0.99))
    flattest = float(np.log(FLATTEST))
    starts = [np.zeros(2), np.array([flattest, np.log((1 - rate) / rate)]), np.array([1.0, 0.0])]
    best, found = None, []
    for share in GRID:
        tried = [starts[1], best.x] if best is not None else starts
        fits = [
            minimize(_loss, start, args=(rows, share), jac=True, method="L-BFGS-B", bounds=[(flattest, 4), (-15, 30)])
            for start in tried
        ]
        best = min(fits, key=lambda fit: float(fit.fun))
        found.append(float(best.fun))
    return found


def _loss(parameters: Vector, rows: Disagreement, share: float) -> tuple[float, Vector]:
    from scipy.special import expit

    steepness, shift = float(np.exp(parameters[0])), parameters[1]
    hard = expit(-(steepness * rows.margin + shift))
    kept = 1 - share * rows.classes / (rows.classes - 1)
    chance = np.clip(share + kept * hard, 1e-9, 1 - 1e-9)
    loss = -float(np.log(np.where(rows.differs, chance, 1 - chance)).sum())
    slope = np.where(rows.differs, 1 / chance, -1 / (1 - chance)) * kept * hard * (1 - hard)
    return loss, np.array([(slope * steepness * rows.margin).sum(), slope.sum()])
