"""Trained anew on other rows, the model still meets its criteria.

## Why
A model that was fitted once and looks good may owe it to the rows it happened to see. If the same recipe is fitted on
many different parts of the training data and always does well on the rows left out, the recipe works, not the luck.
This is known before the test set is touched.

## How it is measured
The estimator that `crispq.yaml` names is fitted anew on each fold of a repeated 5-fold cross-validation of the
training table (settings `splits`, `repeats`). Folds keep the shares of the classes; rows with one `data.group` stay
together; with `data.time` every fold trains on the past and is scored on what came after, once. Each requirement of
level `ml` whose metric is computed from data is scored on the rows left out, all from the same fits.
The value is the mean over folds. Its bounds are one-sided at 95 %, mean -+ t * sqrt((1/J + test/train) * s2) over J
folds with variance s2: the second term is there because training parts overlap, without it the interval is far too
narrow. Where folds agree, or nearly so (no error or one), that formula claims too much: so the bounds are never
narrower than those of the first repeat's pooled answers, which allow for errors that so few rows cannot show. Pooled
answers that cannot be bounded are left out, unless all folds agree.
No limit stands here: each requirement's own limit judges. The whole interval must be on the right side.

## How to mend it
If the value is clearly on the wrong side: better features, more data, another model, or a criterion that the data can
carry. If it is inconclusive: more training rows; the message says about how many.

## Source
CRISP-ML(Q) §3.3, pp. 401-402 (train the model; cross-validation against overfitting). Nadeau & Bengio, "Inference for
the Generalization Error", Machine Learning 52 (2003); Bouckaert & Frank, PAKDD 2004.

## What it cannot see
Choices made by looking at these same rows before (features, settings tuned outside of the estimator): they make
cross-validation too kind. Rows that differ from tomorrow's. A model of the chain is scored on the columns of the table
as it is; answers of models it uses are not made anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from crispq import (
    Chart,
    Estimate,
    Evidence,
    Example,
    Measurement,
    NotMeasurable,
    Requirement,
    Table,
    as_required,
    check,
    metrics,
    missing,
    phases,
)

if TYPE_CHECKING:
    from crispq_checks.refits import Answers, Question, Trial, Vector

MOST_CHARTS = 6


@check(
    task="model_training",
    catalogue=("MO5-C1", "MO9-C3", "BU3-C3"),
    risks=("R33", "R09"),
    limits={"score": as_required()},
    seconds=900,
)
def cross_validation_meets_the_criterion(  # noqa: PLR0913 - each word is one setting
    evidence: Evidence,
    *,
    model: str | None = None,
    table: str = "train",
    splits: int = 5,
    repeats: int = 5,
    seed: int = 0,
) -> Measurement:
    """Score every ML requirement on the folds of one repeated cross-validation."""
    from crispq_checks import refits

    criteria = refits.data_requirements(evidence, "ml")
    if not criteria:
        message = "no requirement of level ml names a metric that data can answer; state one, such as `metric: roc_auc`"
        return missing(message, path=f"{phases()[0].folder}/phase.yaml")
    questions = {one.id: refits.question_of(evidence, one) for one in criteria}
    evidence.model(model)
    trial = refits.trial(evidence, table, splits=splits, repeats=repeats, seed=seed)
    answers = list(trial.answers(lambda: evidence.estimator(model, seed=seed)))
    scores = {name: trial.scores(answers, question) for name, question in questions.items()}
    estimates = {
        name: _estimate(trial, answers[:splits], question, scores[name]) for name, question in questions.items()
    }
    return Measurement(
        values={"score": estimates},
        summary=_summary(criteria, estimates, trial),
        tables=(_table(criteria, estimates, len(trial.folds)),),
        charts=tuple(_charts(criteria, estimates, scores)),
    )


def _estimate(trial: Trial, first: list[Answers], question: Question, scores: Vector) -> Estimate:
    """Bound the mean of the fold scores: on each side the wider of the folds' bound and that of pooled answers."""
    estimate = trial.bound(scores)
    try:
        estimate = _with_pooled(trial, first, question, estimate)
    except NotMeasurable:
        if estimate.low == estimate.high:
            raise
    return question.within_range(estimate)


def _with_pooled(trial: Trial, first: list[Answers], question: Question, estimate: Estimate) -> Estimate:
    from dataclasses import replace

    import numpy as np

    from crispq_checks.refits import Answers, probability_for
    from crispq_checks.statistics.scoring import score_estimate

    told = [one.probability for one in first]
    pooled = Answers(
        rows=np.concatenate([one.rows for one in first]),
        prediction=np.concatenate([one.prediction for one in first]),
        probability=np.concatenate([one for one in told if one is not None]) if told[0] is not None else None,
    )
    groups = trial.data.groups
    wider = score_estimate(
        question.metric,
        trial.data.target[pooled.rows],
        pooled.prediction,
        probability_for(question, pooled, trial.classes),
        positive=question.positive,
        classes=trial.classes,
        parameters=question.parameters,
        groups=None if groups is None else groups[pooled.rows],
    )
    lows = [bound for bound in (estimate.low, wider.low) if bound is not None]
    highs = [bound for bound in (estimate.high, wider.high) if bound is not None]
    return replace(estimate, low=min(lows), high=max(highs))


def _summary(criteria: tuple[Requirement, ...], estimates: dict[str, Estimate], trial: Trial) -> str:
    told = [f"{one.metric} {_interval(estimates[one.id])}" for one in criteria]
    return f"{'; '.join(told)}: mean over {len(trial.folds)} folds of {len(trial.data.target)} rows"


def _interval(estimate: Estimate) -> str:
    return f"{estimate.value:.4g} [{estimate.low:.4g}, {estimate.high:.4g}]"


def _table(criteria: tuple[Requirement, ...], estimates: dict[str, Estimate], folds: int) -> Table:
    rows = []
    for one in criteria:
        estimate = estimates[one.id]
        rows.append((one.id, one.statement, one.metric, estimate.value, estimate.low, estimate.high, folds))
    columns = ("criterion", "statement", "metric", "mean over folds", "lower bound", "upper bound", "folds")
    return Table(title="Cross-validated scores", columns=columns, rows=tuple(rows))


def _charts(
    criteria: tuple[Requirement, ...], estimates: dict[str, Estimate], scores: dict[str, Vector]
) -> Iterator[Chart]:
    for one in criteria[:MOST_CHARTS]:
        estimate = estimates[one.id]
        words = metrics()[one.metric or ""].title
        yield Chart(
            title=f"{one.id}: {words}",
            description=(
                f"{one.metric} on {len(scores[one.id])} folds lies between {scores[one.id].min():.4g} and "
                f"{scores[one.id].max():.4g}; the mean is {_interval(estimate)}."
            ),
            spec=_spec(one.metric or "", estimate, scores[one.id].tolist()),
        )


def _spec(metric: str, estimate: Estimate, scores: list[float]) -> dict[str, Any]:
    scale = {"zero": False, "nice": True}
    folds = [{"row": "folds", "score": round(one, 6)} for one in scores[:190]]
    mean = [{"row": "mean", "score": estimate.value, "low": estimate.low, "high": estimate.high}]
    row = {"field": "row", "type": "nominal", "title": None, "sort": ["folds", "mean"]}
    score = {"field": "score", "type": "quantitative", "title": metric, "scale": scale}
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "width": 480,
        "height": 80,
        "layer": [
            {"data": {"values": folds}, "mark": {"type": "tick"}, "encoding": {"x": score, "y": row}},
            {
                "data": {"values": mean},
                "mark": {"type": "rule", "strokeWidth": 2},
                "encoding": {"x": {**score, "field": "low"}, "x2": {"field": "high"}, "y": row},
            },
            {
                "data": {"values": mean},
                "mark": {"type": "point", "filled": True, "size": 80},
                "encoding": {"x": score, "y": row},
            },
        ],
    }


_N, _MIDDLE = 120, 0.5
_SIGNAL = [(37 * i % _N) / _N for i in range(_N)]
_NOISE = [(53 * i * i % 101) / 101 for i in range(_N)]
_ROWS = {
    "id": list(range(_N)),
    "signal": _SIGNAL,
    "noise": _NOISE,
    "sick": [
        int(signal + 0.6 * (noise - _MIDDLE) > _MIDDLE) for signal, noise in zip(_SIGNAL, reversed(_NOISE), strict=True)
    ],
}
_MODEL = "from sklearn.linear_model import LogisticRegression\n\n\ndef build(seed):\n    return LogisticRegression()\n"
_FILES = {"data/train.csv": _ROWS, "src/tiny_model.py": _MODEL}
_CONFIG = {
    "data": {"target": "sick", "positive": 1, "key": "id", "tables": {"train": "data/train.csv"}},
    "models": {"tiny": {"estimator": "tiny_model:build"}},
}


def _asking(**asked: Any) -> dict[str, Any]:
    told = {"id": "ML1", "level": "ml", "statement": "sick cases are told apart"} | asked
    return {"business_and_data_understanding": {"requirements": [told]}}


EXAMPLES = (
    Example(
        status="pass",
        title="the recipe works on every part",
        files=_FILES,
        config=_CONFIG,
        phase_files=_asking(metric="roc_auc", at_least=0.8),
    ),
    Example(
        status="fail",
        title="the labels have nothing to do with the columns",
        files=_FILES | {"data/train.csv": _ROWS | {"sick": [i * i % 7 % 2 for i in range(_N)]}},
        config=_CONFIG,
        phase_files=_asking(metric="roc_auc", at_least=0.8),
    ),
    Example(
        status="inconclusive",
        title="the limit lies within the noise",
        files=_FILES,
        config=_CONFIG,
        phase_files=_asking(metric="accuracy", at_least=0.83),
        says="would settle it",
    ),
    Example(
        status="inconclusive",
        title="no error on twenty rows is no proof of 99 percent",
        files=_FILES
        | {
            "data/train.csv": {
                "id": list(range(20)),
                "signal": [float(i % 2) for i in range(20)],
                "sick": [i % 2 for i in range(20)],
            }
        },
        config=_CONFIG,
        phase_files=_asking(metric="accuracy", at_least=0.99),
        says="would settle it",
    ),
    Example(
        status="inconclusive",
        title="one error on twenty rows is no better proof than none",
        files=_FILES
        | {
            "data/train.csv": {
                "id": list(range(20)),
                "signal": [float(i % 2) if i else 1.0 for i in range(20)],
                "sick": [i % 2 for i in range(20)],
            }
        },
        config=_CONFIG,
        phase_files=_asking(metric="accuracy", at_least=0.8),
        says="would settle it",
    ),
    Example(
        status="fail",
        title="no criterion that data can answer",
        files=_FILES,
        config=_CONFIG,
        phase_files=_asking(metric="model_size_mb", at_most=5.0),
        says="no requirement of level ml",
    ),
    Example(
        status="fail",
        title="no training table",
        files={"src/tiny_model.py": _MODEL},
        config=_CONFIG,
        phase_files=_asking(metric="roc_auc", at_least=0.8),
        says="does not exist yet",
    ),
    Example(
        status="error",
        title="the model answers with nothing",
        files=_FILES
        | {
            "src/tiny_model.py": (
                "import numpy as np\n\n\nclass Silent:\n"
                "    def fit(self, features, target):\n        return self\n\n"
                "    def predict(self, features):\n        return np.full(len(features), np.nan)\n\n\n"
                "def build(seed):\n    return Silent()\n"
            )
        },
        config=_CONFIG,
        phase_files=_asking(metric="accuracy", at_least=0.8),
        says="missing or not finite",
    ),
    Example(
        status="error",
        title="a metric of another task",
        files=_FILES,
        config=_CONFIG,
        phase_files=_asking(metric="r2", at_least=0.8),
        says="this project's task is binary_classification",
    ),
)
