"""The result does not hang on how gaps are filled.

## Why
Mean, median, neighbours: each way to fill a gap invents other numbers. If the score depends on the choice, the choice
is part of the model and must be made by comparison, not by habit.

## How it is measured
Where features of the table `table` (by default `train`) have missing numbers, the project's estimator (while no model
is listed, a linear one) is cross-validated on the same folds as it is, and with each of its imputers of numbers
(SimpleImputer, KNNImputer, IterativeImputer, wherever they stand in it) replaced by mean, median, most frequent value,
median with an indicator, and five nearest neighbours. An estimator without imputers is compared as it is with the same
ways put before it. A way that cannot be fitted is left out and said so. Score: the first criterion of level ml, or ROC
AUC, balanced accuracy, R². Above `rows` (2,000) rows a sample with a fixed seed.

- `strategies_compared`: at least 2, the project's own among them.
- `depends_on_imputation` (warning): the best and the worst way lie more than one standard error of the project's own
  score apart (s sqrt(1/J + test/train), Nadeau and Bengio), and more than chance: the lower 95 % bound of their paired
  difference, adjusted for the number of ways (Bonferroni over pairs with the best), is above 0.
- `worse_than_the_best` (warning): the project's own way is worse than the best one in the same sense.

ASSUMPTION: the folds are those that the data's groups and times demand. DEFAULT LIMITS: one standard error is what the
folds differ by anyway. FALSE ALARMS: none in 20 data sets with gaps by chance in 10 % of ten columns of diabetes.

## How to mend it
Take the better way, or say in the preparation log why not. Add an indicator where gaps mean something. Put the imputer
into the estimator, so that it learns from training rows only.

## Source
CRISP-ML(Q) §3.2.2, p. 400: compare model performance across ways of filling in. Nadeau and Bengio, "Inference for the
generalization error", Machine Learning 52 (2003), pp. 239-281. Le Morvan et al., "What's a good imputation to predict
with missing values?", NeurIPS 2021.

## What it cannot see
What was filled in before the prepared tables (`imputation_keeps_the_shape` compares them with `raw`); gaps in text
columns; whether filling in is right for inference about causes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from crispq import (
    Estimate,
    Evidence,
    Example,
    Finding,
    Findings,
    Measurement,
    NotMeasurable,
    Table,
    at_least,
    check,
    none,
    not_applicable,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from crispq_checks.refits import Question, Trial

OWN = "as the project does"


@check(
    task="clean_data",
    catalogue=("DP2-C3",),
    risks=("R24",),
    tier="standard",
    limits={
        "strategies_compared": at_least(2),
        "depends_on_imputation": none(warn=True),
        "worse_than_the_best": none(warn=True),
    },
)
def imputers_are_compared(
    evidence: Evidence, *, table: str = "train", splits: int = 5, repeats: int = 1, rows: int = 2_000
) -> Measurement:
    """Cross-validate the estimator with one way of filling in after the other."""
    if evidence.task == "other":
        return not_applicable("scores are compared for classification and regression only")
    from crispq_checks.imputers import numbers_of

    features = evidence.supervised(table).features
    gaps = [name for name in numbers_of(features) if features[name].isna().any()]
    if not gaps:
        return not_applicable(f"no feature of the table {table!r} has a missing number, so that nothing is filled in")
    from crispq_checks.usual_score import asked_model, drawn_trial

    whole, build, who = asked_model(evidence, drawn_trial(evidence, table, splits=splits, repeats=repeats, rows=rows))
    question = _question(evidence, whole)
    scores, failed = _scores(whole, build, question)
    path = evidence.table(table).paths[0]
    depends, worse = _differences(whole, question, scores)
    return Measurement(
        values={
            "strategies_compared": Estimate(value=len(scores)),
            "depends_on_imputation": Findings(examined=len(scores), items=_found(depends, path)),
            "worse_than_the_best": Findings(examined=len(scores), items=_found(worse, path)),
        },
        summary=_summary(who, gaps, scores, failed, question),
        tables=(_table(whole, scores, failed, question),),
    )


def _question(evidence: Evidence, whole: Trial) -> Question:
    from crispq_checks.refits import data_requirements, question_of
    from crispq_checks.usual_score import usual_question

    asked = data_requirements(evidence, "ml")
    if evidence.models and asked:
        return question_of(evidence, asked[0])
    return usual_question(evidence.task, evidence.data.positive, whole.classes)


def _scores(whole: Trial, build: Any, question: Question) -> tuple[dict[str, NDArray[np.float64]], list[str]]:
    """The fold scores of each way that works, and the names of those that do not."""
    from crispq_checks.imputers import STRATEGIES, with_imputer

    scores, failed, reason = {}, [], ""
    for name in (OWN, *STRATEGIES):
        made = build if name == OWN else (lambda name=name: with_imputer(build, name))
        try:
            scores[name] = whole.scores(list(whole.answers(made)), question)
        except NotMeasurable as problem:
            failed.append(name)
            reason = reason or str(problem)
    if OWN in failed:
        raise NotMeasurable(
            f"the estimator cannot be fitted on rows with gaps, and no way was chosen to fill them: {reason}"
        )
    return scores, failed


def _differences(whole: Trial, question: Question, scores: Mapping[str, NDArray[np.float64]]) -> tuple[str, str]:
    """A message if the ways differ beyond one standard error and chance; one if the project's own is worse."""
    from crispq_checks.statistics.comparisons import corrected_resampled

    worth = {name: question.better * one for name, one in scores.items()}
    best = max(worth, key=lambda name: float(worth[name].mean()))
    worst = min(worth, key=lambda name: float(worth[name].mean()))
    unit = whole.standard_error(scores[OWN])
    sizes = [sum(len(fold[part]) for fold in whole.folds) / len(whole.folds) for part in (0, 1)]
    told = []
    for name in (worst, OWN):
        gain = corrected_resampled(worth[best] - worth[name], sizes[0], sizes[1], 1 - 0.05 / max(1, len(scores) - 1))
        beyond = gain.value > unit and gain.low is not None and gain.low > 0
        told.append(
            f"{question.metric} differs by {gain.value:.4f} between {best!r} and {name!r}, with one standard error at "
            f"{unit:.4f}; choose by comparison, and say why in the preparation log"
            if beyond
            else ""
        )
    return told[0], told[1]


def _found(message: str, path: str) -> tuple[Finding, ...]:
    return (Finding(message=message, path=path),) if message else ()


def _summary(
    who: str, gaps: list[Any], scores: Mapping[str, NDArray[np.float64]], failed: list[str], question: Question
) -> str:
    means = [float(one.mean()) for one in scores.values()]
    left = f", {', '.join(failed)} could not be fitted" if failed else ""
    return (
        f"{len(gaps)} features have gaps; with {len(scores)} ways to fill them {who} reaches {question.metric} from "
        f"{min(means):.4f} to {max(means):.4f}{left}"
    )


def _table(whole: Trial, scores: Mapping[str, NDArray[np.float64]], failed: list[str], question: Question) -> Table:
    rows: list[tuple[str | float | None, ...]] = [
        (name, round(float(one.mean()), 4), round(whole.standard_error(one), 4)) for name, one in scores.items()
    ]
    rows += [(name, None, None) for name in failed]
    return Table(
        title="Ways to fill in, on the same folds", columns=("way", question.metric, "standard error"), rows=tuple(rows)
    )


# --- examples ------------------------------------------------------------------------------------

_MODEL = """
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

def build(seed):
    return make_pipeline(SimpleImputer(strategy="constant", fill_value=0.5), LogisticRegression())

def odd(seed):
    return make_pipeline(SimpleImputer(strategy="constant", fill_value=90.0), LogisticRegression())

def without(seed):
    return LogisticRegression()
"""


def _drawn(row: int, step: int) -> float:
    mixed = (row * 7919 + step * 104_729 + 12_345) * 2_654_435_761 % 2**32
    return (mixed ^ mixed >> 15) * 2_246_822_519 % 2**32 / 2**32


def _rows(gaps: float) -> dict[str, list[Any]]:
    numbers = range(200)
    size = [_drawn(row, 1) for row in numbers]
    return {
        "id": list(numbers),
        "size": [None if _drawn(row, 2) < gaps else one for row, one in zip(numbers, size, strict=True)],
        "age": [_drawn(row, 3) for row in numbers],
        "ill": [int(one + 0.4 * _drawn(row, 4) > 0.7) for row, one in zip(numbers, size, strict=True)],  # noqa: PLR2004
    }


def _example(status: str, title: str, says: str, *, gaps: float = 0.1, model: str = "build") -> Example:
    return Example(
        status=status,
        title=title,
        config={
            "data": {"target": "ill", "positive": 1, "key": "id", "tables": {"train": "train.csv"}},
            "models": {"ill": {"estimator": f"filling:{model}"}} if model else {},
        },
        files={"train.csv": _rows(gaps), "src/filling.py": _MODEL},
        says=says,
    )


EXAMPLES = (
    _example("pass", "all ways come to the same", "with 6 ways to fill them"),
    _example("pass", "no model yet", "a linear model reaches", model=""),
    _example("warn", "gaps filled with a number from nowhere", "choose by comparison", gaps=0.3, model="odd"),
    _example("not_applicable", "no gaps", "no feature of the table 'train' has a missing number", gaps=0.0),
    _example("error", "an estimator that takes no gaps", "no way was chosen to fill them", model="without"),
    Example(
        status="fail",
        title="there is no training table",
        config={"data": {"target": "ill", "tables": {"train": "train.csv"}}},
        says="does not exist yet",
    ),
)
