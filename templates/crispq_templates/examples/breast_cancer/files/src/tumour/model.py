"""The model, and the two simpler ones that it must be worth more than.

All of them call a case malignant from a probability of 1/11 on. For probabilities that mean what they say this is the
threshold with the lowest expected cost where a missed tumour counts ten times as much as a needless biopsy: p * 10 >
(1 - p) * 1 (Elkan, "The Foundations of Cost-Sensitive Learning", IJCAI 2001, section 2). The costs stand in phase 1.
"""

from __future__ import annotations

from sklearn.base import BaseEstimator
from sklearn.calibration import CalibratedClassifierCV
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import FixedThresholdClassifier, StratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.svm import SVC

from tumour.columns import POSITIVE
from tumour.features import preprocessor

COST_OF_FALSE_ALARM = 1.0
COST_OF_MISSED_TUMOUR = 10.0
THRESHOLD = COST_OF_FALSE_ALARM / (COST_OF_FALSE_ALARM + COST_OF_MISSED_TUMOUR)

PARAMETERS = {"C": 3.0, "gamma": 0.01, "calibration_folds": 5, "threshold": THRESHOLD}


def build(seed: int) -> FixedThresholdClassifier:
    """Return support vectors with a radial kernel, their scores turned into probabilities by cross-validated Platt scaling."""
    folds = StratifiedKFold(int(PARAMETERS["calibration_folds"]), shuffle=True, random_state=seed)
    support = SVC(C=PARAMETERS["C"], gamma=PARAMETERS["gamma"])
    scored = Pipeline([("prepare", preprocessor()), ("model", support)])
    return _with_threshold(CalibratedClassifierCV(scored, method="sigmoid", cv=folds, ensemble=False))


def ladder(seed: int) -> dict[str, FixedThresholdClassifier]:
    """Return the candidates from the simplest to the chosen one."""
    return {"dummy": dummy(), "linear": linear(), "chosen": build(seed)}


def dummy() -> FixedThresholdClassifier:
    """Know only how frequent malignant tumours are: send everybody to biopsy."""
    return _with_threshold(DummyClassifier(strategy="prior"))


def linear() -> FixedThresholdClassifier:
    """Return logistic regression on the same measurements."""
    return _with_threshold(Pipeline([("prepare", preprocessor()), ("model", LogisticRegression(max_iter=2000))]))


def _with_threshold(estimator: BaseEstimator) -> FixedThresholdClassifier:
    return FixedThresholdClassifier(estimator, threshold=THRESHOLD, pos_label=POSITIVE, response_method="predict_proba")
