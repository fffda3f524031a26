"""Fitting estimators anew on folds, and scoring what they answer on the rows they were not fitted on.

Also the two baselines every model is held against: the best constant answer, and a linear model. Used by the checks of
modeling; knows estimators and arrays, neither files nor projects.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crispq import Estimate, Evidence, NotMeasurable, Requirement, Supervised, metrics
from crispq_checks.statistics.comparisons import corrected_resampled
from crispq_checks.statistics.folds import CLASSIFICATION, Fold, folds
from crispq_checks.statistics.scoring import needs_probabilities, score

Vector: TypeAlias = NDArray[np.float64]
Build: TypeAlias = Callable[[], Any]

#: Metrics of one side of a question: a constant answer gets the best value for nothing (always "yes": recall 1).
ONE_SIDED = frozenset({"precision", "recall", "specificity", "false_negative_rate", "false_positive_rate"})
#: Metrics that a decision function will do for, where an estimator has no probabilities.
RANKINGS = frozenset({"roc_auc", "average_precision"})
#: A category beyond the most frequent ones counts as "other" in the linear model.
MOST_CATEGORIES = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of an estimator's answers: a metric, with its parameters and the positive class."""

    metric: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    positive: Any = None

    @property
    def better(self) -> int:
        """1 where a greater value is better, else -1."""
        return 1 if metrics()[self.metric].greater_is_better else -1

    def within_range(self, estimate: Estimate) -> Estimate:
        """The estimate with bounds that do not leave the metric's range."""
        metric = metrics()[self.metric]
        low, high = estimate.low, estimate.high
        if low is not None and metric.low is not None:
            low = min(max(low, metric.low), estimate.value)
        if high is not None and metric.high is not None:
            high = max(min(high, metric.high), estimate.value)
        return replace(estimate, low=low, high=high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What an estimator says about rows (n,): prediction (n,), probability (n, classes) or scores (n,) or None."""

    rows: NDArray[np.intp]
    prediction: NDArray[Any]
    probability: NDArray[Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A supervised table with its folds: what every estimator of a check is fitted and scored on."""

    data: Supervised
    folds: tuple[Fold, ...]
    classes: tuple[Any, ...] | None

    @property
    def units(self) -> int:
        """The number of independent observations: groups where rows belong together, else rows."""
        return len(self.data.target) if self.data.groups is None else len(set(self.data.groups.tolist()))

    def answers(self, build: Build) -> Iterator[Answers]:
        """Fit a fresh estimator on each fold and let it answer for the fold's test rows."""
        for number, (train, test) in enumerate(self.folds, start=1):
            estimator = build()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    estimator.fit(self.data.features.iloc[train], self.data.target[train])
                    yield _answers(estimator, self.data.features.iloc[test], test, self.classes)
                except NotMeasurable:
                    raise
                except Exception as error:
                    told = f"{type(error).__name__}: {str(error)[:200]}"
                    raise NotMeasurable(
                        f"The estimator could not be fitted and asked on fold {number}: {told}"
                    ) from error

    def scores(self, answers: Sequence[Answers], question: Question) -> Vector:
        """Score the answers of each fold: shape (folds,)."""
        found = []
        for number, one in enumerate(answers, start=1):
            try:
                found.append(self.score(one, question))
            except NotMeasurable as reason:
                raise NotMeasurable(f"{question.metric} on fold {number}: {reason}") from reason
        return np.asarray(found, dtype=np.float64)

    def score(self, answers: Answers, question: Question) -> float:
        """Score answers against the truth of their rows."""
        return score(
            question.metric,
            self.data.target[answers.rows],
            answers.prediction,
            probability_for(question, answers, self.classes),
            positive=question.positive,
            classes=self.classes,
            parameters=question.parameters,
        )

    def bound(self, scores: Vector) -> Estimate:
        """Bound the mean of fold scores, or of differences between two estimators on these folds (Nadeau-Bengio)."""
        train, test = (float(np.mean([len(fold[part]) for fold in self.folds])) for part in (0, 1))
        return replace(corrected_resampled(scores, train, test), n=self.units)

    def standard_error(self, scores: Vector) -> float:
        """The standard error of the mean of fold scores that `bound` rests on."""
        train, test = (float(np.mean([len(fold[part]) for fold in self.folds])) for part in (0, 1))
        return float(np.sqrt((1 / len(scores) + test / train) * scores.var(ddof=1)))


def trial(evidence: Evidence, table: str, *, splits: int, repeats: int, seed: int) -> Trial:
    """The table with the folds that its target, groups and times demand."""
    data = evidence.supervised(table)
    task = evidence.task
    parts = folds(
        data.target, task=task, groups=data.groups, times=data.times, splits=splits, repeats=repeats, seed=seed
    )
    classes = tuple(sorted(set(data.target.tolist()))) if task in CLASSIFICATION else None
    return Trial(data=data, folds=tuple(parts), classes=classes)


def data_requirements(evidence: Evidence, level: str | None = None) -> tuple[Requirement, ...]:
    """The requirements whose metric is computed from rows of data, not from operation."""
    found = evidence.requirements(level=level)
    return tuple(one for one in found if one.metric and metrics()[one.metric].needs != "operation")


def question_of(evidence: Evidence, requirement: Requirement) -> Question:
    """What the requirement asks. Raises NotMeasurable where its metric does not fit the project's task."""
    metric = metrics()[requirement.metric or ""]
    if evidence.task != "other" and evidence.task not in metric.tasks:
        place = requirement.place
        raise NotMeasurable(
            f"{place.path}:{place.line}: {requirement.id} asks for {metric.name}, which is for "
            f"{', '.join(metric.tasks)}; this project's task is {evidence.task}."
        )
    return Question(metric=metric.name, parameters=dict(requirement.parameters), positive=evidence.data.positive)


def probability_for(question: Question, answers: Answers, classes: tuple[Any, ...] | None) -> NDArray[Any] | None:
    """The probabilities that the question needs; a decision function's scores only where ranking is all."""
    scores = answers.probability
    if not needs_probabilities(question.metric):
        return None
    if scores is None or (scores.ndim == 1 and question.metric not in RANKINGS):
        raise NotMeasurable(f"{question.metric} needs probabilities, and the estimator has no predict_proba.")
    if scores.ndim == 1 and classes and question.positive == classes[0]:
        return -scores
    return scores


def _answers(
    estimator: Any, features: pd.DataFrame, rows: NDArray[np.intp], classes: tuple[Any, ...] | None
) -> Answers:
    prediction = np.asarray(estimator.predict(features))
    return Answers(rows=rows, prediction=prediction, probability=_probability(estimator, features, classes))


def _probability(estimator: Any, features: pd.DataFrame, classes: tuple[Any, ...] | None) -> NDArray[Any] | None:
    if classes is None:
        return None
    if hasattr(estimator, "predict_proba"):
        told = np.asarray(estimator.predict_proba(features), dtype=np.float64)
        known = np.asarray(estimator.classes_).tolist()
        every = np.zeros((len(told), len(classes)))
        every[:, [classes.index(label) for label in known]] = told
        return every
    if hasattr(estimator, "decision_function"):
        return np.asarray(estimator.decision_function(features), dtype=np.float64)
    return None


# --- baselines ---------------------------------------------------------------------------------


@dataclass(slots=True)
class BestConstant:
    """An estimator that gives every row the one answer that scores best on the rows it was fitted on.

    Its probabilities are the shares of the classes.
    """

    question: Question
    classification: bool
    classes_: NDArray[Any] = field(default_factory=lambda: np.empty(0))
    shares_: Vector = field(default_factory=lambda: np.empty(0))
    answer_: Any = None

    def fit(self, features: pd.DataFrame, target: NDArray[Any]) -> BestConstant:
        """Look at the target only."""
        del features
        self.classes_, counts = np.unique(target, return_counts=True)
        self.shares_ = counts / counts.sum()
        candidates = self.classes_[np.argsort(-counts, kind="stable")] if self.classification else _levels(target)
        self.answer_ = max(candidates.tolist(), key=lambda one: self._worth(one, target))
        return self

    def predict(self, features: pd.DataFrame) -> NDArray[Any]:
        """The one answer, for each row."""
        return np.asarray([self.answer_] * len(features))

    def predict_proba(self, features: pd.DataFrame) -> Vector:
        """The shares of the classes, for each row."""
        return np.tile(self.shares_, (len(features), 1))

    def _worth(self, answer: Any, target: NDArray[Any]) -> float:
        if needs_probabilities(self.question.metric):
            return 0.0
        question = self.question
        everywhere = np.asarray([answer] * len(target))
        try:
            value = score(
                question.metric, target, everywhere, positive=question.positive, parameters=question.parameters
            )
        except NotMeasurable:
            return -np.inf
        return question.better * value


def _levels(target: NDArray[Any]) -> Vector:
    """Constants worth trying for a number: its mean, its median, and its other quantiles in steps of five percent."""
    numbers = target.astype(np.float64)
    return np.asarray([numbers.mean(), np.median(numbers), *np.quantile(numbers, np.linspace(0.05, 0.95, 19))])


def best_constant(question: Question, classes: tuple[Any, ...] | None) -> Build:
    """Build the best constant answer."""
    return lambda: BestConstant(question=question, classification=classes is not None)


def linear(features: pd.DataFrame, classes: tuple[Any, ...] | None) -> Build:
    """Build a linear model on the columns of `features`, which `plain` has made ready.

    Numbers: median for what is missing, then standardised. All else: one column for each frequent category.
    """
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers = [name for name in features if pd.api.types.is_float_dtype(features[name])]
    words = [name for name in features if name not in numbers]

    def build() -> Any:
        numeric = make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler())
        encoder = OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=MOST_CATEGORIES)
        prepared = ColumnTransformer([("numbers", numeric, numbers), ("words", encoder, words)])
        return make_pipeline(prepared, LogisticRegression(max_iter=1000) if classes is not None else Ridge())

    return build


def plain(features: pd.DataFrame) -> pd.DataFrame:
    """The same columns as floats or as text, row by row: nothing is learned from the rows here."""
    return pd.DataFrame({name: _plain(features[name]) for name in features}, index=features.index)


def _plain(column: pd.Series) -> pd.Series:
    if pd.api.types.is_datetime64_any_dtype(column):
        column = column.astype("int64").where(column.notna())
    if pd.api.types.is_numeric_dtype(column):
        return column.astype("float64").replace([np.inf, -np.inf], np.nan)
    return column.astype(object).where(column.notna(), "missing").astype(str)
