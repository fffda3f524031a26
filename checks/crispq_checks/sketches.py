"""Sketches of a model: two quick ones that show what the data can give before anybody builds the real one.

The floor is a linear model, the ceiling a small ensemble of trees. Both see only columns that the data description
declares as known before or at the moment of prediction. Used by the checks of feasibility.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from crispq import Evidence, MissingEvidence, NotMeasurable, Requirement, Supervised
from crispq_checks import criteria, refits
from crispq_checks.columns import described_columns
from crispq_checks.refits import Build, Question, Trial
from crispq_checks.statistics.folds import CLASSIFICATION, Fold, folds
from crispq_checks.statistics.scoring import needs_probabilities, score

#: Metrics that any threshold can satisfy by itself, or that hang on a price of errors.
ONE_SIDED = refits.ONE_SIDED | {"expected_cost"}
#: Metrics that the median answers best, not the mean.
OF_MEDIANS = frozenset(
    {"mean_absolute_error", "median_absolute_error", "mean_absolute_percentage_error", "within_tolerance"}
)
#: Metrics of decisions that the likeliest class answers best; for others the decision is tuned.
OF_LIKELIEST = frozenset({"accuracy"})
TREES = 60
DIFFERENT_VALUES = 200


def first_criterion(evidence: Evidence) -> Requirement | None:
    """The first ml criterion that data can answer and that looks at both sides of the question."""
    asked = (one for one in criteria.on_rows(evidence) if one.level == "ml" and one.metric not in ONE_SIDED)
    return next(asked, None)


def question_of_signal(evidence: Evidence) -> Question:
    """What is asked where only a signal is looked for: ranking for classes, the size of errors for numbers.

    Not what the criterion asks: a decision at one threshold hides the signal where one class is rare.
    """
    if evidence.task == "regression":
        first = first_criterion(evidence)
        middle = first is not None and first.metric in OF_MEDIANS
        return Question(metric="mean_absolute_error" if middle else "root_mean_squared_error")
    metric = "roc_auc" if evidence.task == "binary_classification" else "roc_auc_ovr"
    return Question(metric=metric, positive=evidence.data.positive)


def known_rows(
    evidence: Evidence, table: str, *, most: int, seed: int, fewest: int = 0
) -> tuple[Supervised, tuple[str, ...]]:
    """The labelled rows with the features that are declared as known in time, and the names of those left out.

    most, seed, fewest: how rows are drawn, as for `criteria.labelled`.
    Raises MissingEvidence where no feature is declared so.
    """
    described = described_columns(evidence)
    columns = [name for name in evidence.table(table).columns if name not in evidence.data.not_features]
    rows = {name: described.row_of(name) for name in columns}
    known = tuple(name for name, row in rows.items() if row is not None and row.moment in {"before", "at"})
    if not known:
        message = f"no column of the table {table!r} is declared as known before or at the moment of prediction"
        raise MissingEvidence(message, path=described.path, line=described.line)
    data = criteria.labelled(evidence, table, features=known, most=most, seed=seed, fewest=fewest)
    return replace(data, features=refits.plain(data.features)), tuple(name for name in columns if name not in known)


def trial(data: Supervised, task: str, *, splits: int, repeats: int, seed: int) -> Trial:
    """The rows with the folds that their target, groups and times demand.

    Where a class is so rare, or so bunched in groups or in time, that a part would lack it, there are fewer folds, two
    at least. Rows of a class that two parts cannot share, for it has one row or group only, are left out.
    """
    data = data if task not in CLASSIFICATION else without_single(data)
    classes = tuple(sorted(set(data.target.tolist()))) if task in CLASSIFICATION else None
    if classes is not None and len(classes) < 2:  # noqa: PLR2004 - nothing to tell apart
        raise NotMeasurable(f"all {len(data.target)} rows have the same target; there is nothing to learn")
    return Trial(data=data, folds=_folds(data, task, classes, splits, repeats, seed), classes=classes)


def without_single(data: Supervised) -> Supervised:
    """The rows of classes that have two rows at least, or two groups where rows belong together."""
    units = pd.Series(range(len(data.target)) if data.groups is None else data.groups)
    chosen = np.flatnonzero(units.groupby(data.target).transform("nunique").to_numpy() > 1)
    if len(chosen) in {0, len(data.target)}:
        return data

    def some(column: Any) -> Any:
        return None if column is None else column[chosen]

    return Supervised(
        features=data.features.iloc[chosen].reset_index(drop=True),
        target=data.target[chosen],
        key=some(data.key),
        groups=some(data.groups),
        times=some(data.times),
    )


def _folds(  # noqa: PLR0913, PLR0917 - each word is one fact about the split
    data: Supervised, task: str, classes: tuple[Any, ...] | None, splits: int, repeats: int, seed: int
) -> tuple[Fold, ...]:
    """As many folds as wanted, or as many as can be had with each class in each part that is held out."""
    told = NotMeasurable(f"{splits} splits give no folds; 2 are the least")
    for count in range(max(2, splits), 1, -1):
        try:
            parts = folds(
                data.target,
                task=task,
                groups=data.groups,
                times=data.times,
                splits=count,
                repeats=repeats,
                seed=seed,
            )
        except NotMeasurable as reason:
            told = reason
            continue
        if classes is None or all(len(set(data.target[test].tolist())) == len(classes) for _, test in parts):
            return tuple(parts)
        told = NotMeasurable("some class has no row in a part that is held out; more history or rows are needed")
    raise told


def floor(data: Supervised, classes: tuple[Any, ...] | None) -> Build:
    """Build the linear model."""
    return refits.linear(data.features, classes)


def ceiling(data: Supervised, classes: tuple[Any, ...] | None, metric: str, *, seed: int = 0) -> Build:
    """Build gradient-boosted trees: 60 small ones, on numbers as they are and on codes of categories."""
    from sklearn.compose import ColumnTransformer
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OrdinalEncoder

    numbers = [name for name in data.features if pd.api.types.is_float_dtype(data.features[name])]
    words = [name for name in data.features if name not in numbers]
    shape: dict[str, Any] = {
        "max_iter": TREES,
        "max_leaf_nodes": 8,
        "min_samples_leaf": max(2, min(20, len(data.target) // 20)),
        "max_bins": 64,
        "early_stopping": False,
        "random_state": seed,
    }

    def build() -> Any:
        codes = OrdinalEncoder(
            handle_unknown="use_encoded_value",
            unknown_value=-1,
            max_categories=DIFFERENT_VALUES,
        )
        prepared = ColumnTransformer([("numbers", "passthrough", numbers), ("words", codes, words)])
        if classes is not None:
            return make_pipeline(prepared, HistGradientBoostingClassifier(**shape))
        loss = "absolute_error" if metric in OF_MEDIANS else "squared_error"
        return make_pipeline(prepared, HistGradientBoostingRegressor(loss=loss, **shape))

    return build


def deciding(build: Build, question: Question, classes: tuple[Any, ...] | None) -> Build:
    """Build the same model, but with decisions that suit the question's metric where it is one of decisions."""
    if classes is None or needs_probabilities(question.metric) or question.metric in OF_LIKELIEST:
        return build
    return lambda: Deciding(build=build, question=question)


@dataclass(slots=True, kw_only=True)
class Deciding:
    """A classifier that weighs the classes' probabilities as scored best on the rows it was fitted on.

    For two classes that is a threshold among the quantiles of the probabilities; for more, the classes' shares to a
    power between 0 and 1.
    """

    build: Build
    question: Question
    model: Any = None
    classes_: Any = None
    weights: Any = None

    def fit(self, features: pd.DataFrame, target: Any) -> Deciding:
        """Fit the model, then choose the weights."""
        self.model = self.build().fit(features, target)
        self.classes_ = self.model.classes_
        told = self.model.predict_proba(features)
        self.weights = max(self._candidates(told, target), key=lambda one: self._worth(told, one, target))
        return self

    def predict(self, features: pd.DataFrame) -> Any:
        """The class with the largest weighted probability."""
        return self._decided(self.predict_proba(features), self.weights)

    def predict_proba(self, features: pd.DataFrame) -> Any:
        """The model's own probabilities."""
        return self.model.predict_proba(features)

    def _decided(self, told: Any, weights: Any) -> Any:
        return self.classes_[np.argmax(told * weights, axis=1)]

    def _candidates(self, told: Any, target: Any) -> list[Any]:
        if len(self.classes_) == 2:  # noqa: PLR2004 - a threshold
            thresholds = [0.5, *np.quantile(told[:, 1], np.linspace(0.05, 0.95, 19)).tolist()]
            return [np.asarray([one, 1 - one]) for one in thresholds]
        shares = np.asarray([np.mean(target == label) for label in self.classes_])
        return [shares**-power for power in np.linspace(0, 1, 9)]

    def _worth(self, told: Any, weights: Any, target: Any) -> float:
        question = self.question
        try:
            value = score(
                question.metric,
                target,
                self._decided(told, weights),
                positive=question.positive,
                parameters=question.parameters,
            )
        except NotMeasurable:
            return -np.inf
        return question.better * value
