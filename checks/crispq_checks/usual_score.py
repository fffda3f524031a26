"""The score by which a feature's worth is told where no requirement says more: one for each task."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crispq import Evidence, NotMeasurable, Supervised
from crispq_checks.refits import Build, Question, Trial, linear, plain
from crispq_checks.sketches import trial

USUAL = {
    "binary_classification": "roc_auc",
    "multiclass_classification": "balanced_accuracy",
    "regression": "r2",
}
#: So many rows of each class stay where rows are drawn; a target with more values than these is a number.
OF_EACH_CLASS, MOST_CLASSES = 20, 50
WORDS = {"roc_auc": "ROC AUC", "balanced_accuracy": "balanced accuracy", "r2": "R²"}


def usual_question(task: str, positive: Any, classes: tuple[Any, ...] | None) -> Question:
    """ROC AUC for two classes, balanced accuracy for more, R² for numbers."""
    if task not in USUAL:
        raise NotMeasurable(f"no score is usual for the task {task!r}")
    chosen = classes[-1] if classes and positive is None else positive
    return Question(metric=USUAL[task], positive=chosen if task == "binary_classification" else None)


def asked_model(evidence: Evidence, whole: Trial) -> tuple[Trial, Build, str]:
    """The project's estimator; while no model is listed, a linear one on plain columns. And its name in words."""
    if evidence.models:
        return whole, evidence.estimator, "the estimator"
    features = plain(whole.data.features)
    return (
        replace(whole, data=replace(whole.data, features=features)),
        linear(features, whole.classes),
        "a linear model",
    )


def drawn_trial(evidence: Evidence, table: str, *, splits: int, repeats: int, rows: int) -> Trial:
    """The table, or as many of its rows (whole groups of them), with folds as the project demands."""
    drawn = few_rows(evidence.supervised(table), rows)
    return trial(drawn, evidence.task, splits=splits, repeats=repeats, seed=0)


def few_rows(data: Supervised, rows: int) -> Supervised:
    """At most so many rows, whole groups of them where rows belong together; drawn with a fixed seed.

    Of each class 20 rows stay where the table has them, so that a rare one does not vanish.
    """
    count = len(data.target)
    if count <= rows:
        return data
    random = np.random.default_rng(0)
    if data.groups is None:
        chosen = _with_rare(random.permutation(count), data.target, rows)
    else:
        names, codes = np.unique(data.groups.astype(str), return_inverse=True)
        order = random.permutation(len(names))
        sizes = np.cumsum(np.bincount(codes)[order])
        chosen = np.flatnonzero(np.isin(codes, order[: max(1, int(np.searchsorted(sizes, rows, side="right")))]))
    return Supervised(
        features=data.features.iloc[chosen].reset_index(drop=True),
        target=data.target[chosen],
        key=None if data.key is None else data.key[chosen],
        groups=None if data.groups is None else data.groups[chosen],
        times=None if data.times is None else data.times[chosen],
    )


def _with_rare(shuffled: NDArray[np.intp], target: NDArray[Any], rows: int) -> NDArray[np.intp]:
    """The first rows of these, and of each value of a target with few values the first 20."""
    chosen = np.arange(len(shuffled)) < rows
    codes, known = pd.factorize(target[shuffled])
    if len(known) <= MOST_CLASSES:
        chosen |= pd.Series(codes).groupby(codes).cumcount().to_numpy() < OF_EACH_CLASS
    return np.sort(shuffled[chosen])


@dataclass(frozen=True, slots=True)
class Fitted:
    """An estimator that is fitted already: fitting it again changes nothing."""

    estimator: Any

    def fit(self, features: pd.DataFrame, target: NDArray[Any]) -> Fitted:
        """Stay as it is."""
        del features, target
        return self

    def __getattr__(self, name: str) -> Any:
        return getattr(self.estimator, name)


def fitted_on(build: Build, features: pd.DataFrame, target: NDArray[Any]) -> Fitted:
    """A fresh estimator, fitted. Raises NotMeasurable, with the reason, where that fails."""
    estimator = build()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            estimator.fit(features, target)
        except Exception as error:
            told = f"{type(error).__name__}: {str(error)[:200]}"
            raise NotMeasurable(f"The estimator could not be fitted: {told}") from error
    return Fitted(estimator)


def scores_of(  # noqa: PLR0913, PLR0917 - who is asked what about which rows
    fitted: Fitted, whole: Trial, features: pd.DataFrame, target: NDArray[Any], parts: int, question: Question
) -> Sequence[float]:
    """The scores of a fitted estimator on rows that consist of so many parts of the same size."""
    size = len(features) // parts
    nothing = np.arange(0)
    data = Supervised(features=features, target=target, key=None, groups=None, times=None)
    one = Trial(data=data, folds=((nothing, np.arange(len(features))),), classes=whole.classes)
    told = next(one.answers(lambda: fitted))
    places = [slice(number * size, (number + 1) * size) for number in range(parts)]
    answers = [
        replace(
            told,
            rows=told.rows[place],
            prediction=told.prediction[place],
            probability=None if told.probability is None else told.probability[place],
        )
        for place in places
    ]
    return [one.score(each, question) for each in answers]
