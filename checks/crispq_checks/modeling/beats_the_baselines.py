"""The model does better than a constant answer, and not worse than a linear model.

## Why
A model that is no better than always giving the same answer has learned nothing. A model that is no better than a
linear one costs more to explain, to check and to run than it brings.

## How it is measured
Three rungs are fitted on the same folds of a repeated cross-validation of the training table: the best constant answer
(for each metric the constant that scores best on the training rows; for probabilities the shares of the classes), a
linear model (logistic or ridge regression; numbers with the median for what is missing and standardised, categories as
columns of their own), and the project's estimator. They are scored by the metric of the first ML requirement (setting
`metric` for another). Metrics that look at one side only (recall, specificity, precision, ...) are left out, because
always answering "yes" has a recall of 1; where there is no other, balanced accuracy is taken.
- `gain_over_dummy`: model minus constant, in the metric's unit, signed so that more is better, with the one-sided 95 %
  bounds of Nadeau and Bengio on the paired differences. Limit: at least 0, so the lower bound must not be below 0.
- `identical_to_dummy`: a finding if both score the same in every fold.
- `shown_loss_to_linear`: how much worse than the linear model the model is shown to be. The unit is the larger of
  the two gains over the constant answer, so that 0.1 means a tenth of what was gained by learning at all (where neither
  gains anything, the metric's own unit). It is the lower bound of the loss, 0 if no loss is shown. Limit: at most 0.1.
- `not_shown_better_than_linear`: a warning if the lower bound of the gain over the linear model is not above 0.
Why the shown loss and not the loss itself: on a few hundred rows the interval of an honest model often reaches from
"a little worse" to "a little better". Were it held against the limit as a whole, such a project could not go on
although nothing is wrong with it. A proven loss closes the gate; an unproven gain only warns. More repeats would not
help: the width is governed by the overlap of training parts, 5 repeats are within 4 % of what 10 would give.

## How to mend it
Take the simpler model, or write in the modeling documents why the other is worth it (robustness, speed, a demand that
this metric does not see). A model that is no better than a constant: look at the features, the target and the fit.

## Source
CRISP-ML(Q) §3.3, pp. 400-401 (model selection: begin with low capacity, validate each step). Nadeau & Bengio, Machine
Learning 52 (2003).

## What it cannot see
Other simple models (a short tree, a rule of thumb of the experts). Whether a gain is worth its cost. The linear model
uses its settings as they come; a tuned one may be better.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from crispq import (
    Chart,
    Estimate,
    Evidence,
    Example,
    Finding,
    Findings,
    Measurement,
    NotMeasurable,
    Table,
    at_least,
    at_most,
    check,
    metrics,
    missing,
    none,
    phases,
)

if TYPE_CHECKING:
    from crispq_checks.refits import Question, Trial, Vector

#: Scores that differ by less than this are the same.
SAME = 1e-12


@check(
    task="model_selection",
    catalogue=("MO3-C1", "MO3-C2"),
    risks=("R31",),
    limits={
        "gain_over_dummy": at_least(0),
        "identical_to_dummy": none(),
        "shown_loss_to_linear": at_most(0.1),
        "not_shown_better_than_linear": none(warn=True),
    },
    seconds=900,
)
def beats_the_baselines(  # noqa: PLR0913 - each word is one setting
    evidence: Evidence,
    *,
    model: str | None = None,
    table: str = "train",
    metric: str | None = None,
    splits: int = 5,
    repeats: int = 5,
    seed: int = 0,
) -> Measurement:
    """Fit the constant answer, the linear model and the model on the same folds."""
    from dataclasses import replace

    from crispq_checks import refits

    question = _question(evidence, metric)
    if question is None:
        message = "no requirement of level ml names a metric that data can answer; state one, such as `metric: roc_auc`"
        return missing(message, path=f"{phases()[0].folder}/phase.yaml")
    spec = evidence.model(model)
    trial = refits.trial(evidence, table, splits=splits, repeats=repeats, seed=seed)
    plain = replace(trial, data=replace(trial.data, features=refits.plain(trial.data.features)))
    rungs = {
        "constant answer": (plain, refits.best_constant(question, trial.classes)),
        "linear model": (plain, refits.linear(plain.data.features, trial.classes)),
        f"model {spec.name}": (trial, lambda: evidence.estimator(model, seed=seed)),
    }
    scores = {name: asked.scores(list(asked.answers(build)), question) for name, (asked, build) in rungs.items()}
    return _measurement(trial, question, scores)


def _question(evidence: Evidence, metric: str | None) -> Question | None:
    """The first two-sided metric that an ML requirement names, or the one that the setting names."""
    from crispq_checks import refits

    asked = [refits.question_of(evidence, one) for one in refits.data_requirements(evidence, "ml")]
    if metric is not None:
        if metric not in metrics() or metric in refits.ONE_SIDED or metrics()[metric].parameters:
            raise NotMeasurable(f"The setting metric names {metric!r}; name a metric of both sides without parameters.")
        return refits.Question(metric=metric, positive=evidence.data.positive)
    two_sided = [one for one in asked if one.metric not in refits.ONE_SIDED]
    if two_sided or not asked:
        return two_sided[0] if two_sided else None
    return refits.Question(metric="balanced_accuracy", positive=evidence.data.positive)


def _measurement(trial: Trial, question: Question, scores: Mapping[str, Vector]) -> Measurement:
    dummy, linear, model = scores.values()
    gain = trial.bound(question.better * (model - dummy))
    over_linear = trial.bound(question.better * (model - linear))
    unit = max(gain.value, float((question.better * (linear - dummy)).mean()))
    loss = max(0.0, -(over_linear.high or 0.0)) / (unit if unit > SAME else 1.0)
    bounds = {name: question.within_range(trial.bound(one)) for name, one in scores.items()}
    return Measurement(
        values={
            "gain_over_dummy": gain,
            "identical_to_dummy": _identical(question, dummy, model),
            "shown_loss_to_linear": Estimate(value=loss, n=trial.units),
            "not_shown_better_than_linear": _not_better(question, over_linear, len(model)),
            "gain_over_linear": over_linear,
        },
        summary=(
            f"{question.metric}: {_interval(gain)} better than a constant answer, {_interval(over_linear)} better than "
            f"a linear model, over {len(model)} folds"
        ),
        tables=(_table(question, bounds),),
        charts=(_chart(question, bounds),),
    )


def _identical(question: Question, dummy: Vector, model: Vector) -> Findings:
    if float(abs(model - dummy).max()) > SAME:
        return Findings(examined=len(model))
    message = (
        f"in each of {len(model)} folds the model's {question.metric} is exactly that of a constant answer; "
        "see whether it answers anything else, and whether its features reach it"
    )
    return Findings(examined=len(model), items=(Finding(message=message, path="crispq.yaml"),))


def _not_better(question: Question, over_linear: Estimate, folds: int) -> Findings:
    if (over_linear.low or 0.0) > 0 or over_linear.low == over_linear.high == 0:
        return Findings(examined=folds)
    message = (
        f"the model is not shown to be better than a linear one ({question.metric} {_interval(over_linear)}); "
        "take the simpler one, or write down why not"
    )
    return Findings(examined=folds, items=(Finding(message=message, path="crispq.yaml"),))


def _interval(estimate: Estimate) -> str:
    return f"{estimate.value:.4g} [{estimate.low:.4g}, {estimate.high:.4g}]"


def _table(question: Question, bounds: Mapping[str, Estimate]) -> Table:
    rows = tuple((name, one.value, one.low, one.high) for name, one in bounds.items())
    columns = ("rung", question.metric, "lower bound", "upper bound")
    return Table(title="From the simplest to the chosen model", columns=columns, rows=rows)


def _chart(question: Question, bounds: Mapping[str, Estimate]) -> Chart:
    values = [
        {"rung": name, "score": round(one.value, 6), "low": one.low, "high": one.high} for name, one in bounds.items()
    ]
    row = {"field": "rung", "type": "nominal", "title": None, "sort": list(bounds)}
    score = {"field": "score", "type": "quantitative", "title": question.metric, "scale": {"zero": False, "nice": True}}
    spec: dict[str, Any] = {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "width": 480,
        "height": 110,
        "data": {"values": values},
        "layer": [
            {"mark": "rule", "encoding": {"x": {**score, "field": "low"}, "x2": {"field": "high"}, "y": row}},
            {"mark": {"type": "point", "filled": True, "size": 80}, "encoding": {"x": score, "y": row}},
        ],
    }
    told = ", ".join(f"{name} {one.value:.4g}" for name, one in bounds.items())
    return Chart(
        title="What each rung brings", description=f"Mean {question.metric} over the folds: {told}.", spec=spec
    )


_N = 120
_SIGNAL = [(37 * i % _N) / _N for i in range(_N)]
_NOISE = [(53 * i * i % 101) / 101 for i in range(_N)]
_MIDDLE = 0.5
_HILL = [int(abs(2 * one - 1) < _MIDDLE) for one in _SIGNAL]
_ROWS = {"id": list(range(_N)), "signal": _SIGNAL, "noise": _NOISE, "sick": _HILL}
_STRAIGHT = [int(one + 0.3 * (noise - _MIDDLE) > _MIDDLE) for one, noise in zip(_SIGNAL, reversed(_NOISE), strict=True)]
_CONFIG = {
    "data": {"target": "sick", "positive": 1, "key": "id", "tables": {"train": "data/train.csv"}},
    "models": {"tiny": {"estimator": "tiny_model:build"}},
}
_CRITERION = {
    "business_and_data_understanding": {
        "requirements": [
            {"id": "ML1", "level": "ml", "statement": "told apart", "metric": "roc_auc", "at_least": 0.8},
        ]
    }
}
_QUICK = {"repeats": 2}


def _files(rows: Mapping[str, Any], imported: str, returned: str) -> dict[str, Any]:
    source = f"from sklearn.{imported}\n\n\ndef build(seed):\n    return {returned}\n"
    return {"data/train.csv": rows, "src/tiny_model.py": source}


_TREE = ("tree import DecisionTreeClassifier", "DecisionTreeClassifier(max_depth=3, random_state=seed)")
_FOREST = ("ensemble import ExtraTreesClassifier", "ExtraTreesClassifier(n_estimators=30, random_state=seed)")
_DUMMY = ("dummy import DummyClassifier", "DummyClassifier()")

EXAMPLES = (
    Example(
        status="pass",
        title="a hill that no straight line can follow",
        files=_files(_ROWS, *_TREE),
        config=_CONFIG,
        phase_files=_CRITERION,
        settings=_QUICK,
    ),
    Example(
        status="warn",
        title="a tree where a straight line does as well",
        files=_files(_ROWS | {"sick": _STRAIGHT}, *_FOREST),
        config=_CONFIG,
        phase_files=_CRITERION,
        settings=_QUICK,
        says="not shown to be better than a linear one",
    ),
    Example(
        status="fail",
        title="the model is a constant answer",
        files=_files(_ROWS, *_DUMMY),
        config=_CONFIG,
        phase_files=_CRITERION,
        settings=_QUICK,
        says="exactly that of a constant answer",
    ),
    Example(
        status="fail",
        title="clearly worse than a straight line",
        files=_files(
            _ROWS | {"sick": _STRAIGHT},
            "tree import DecisionTreeClassifier",
            "DecisionTreeClassifier(max_depth=1, max_features=1, splitter='random', random_state=1)",
        ),
        config=_CONFIG,
        phase_files=_CRITERION,
        settings=_QUICK,
    ),
    Example(
        status="inconclusive",
        title="labels that have nothing to do with the columns",
        files=_files(_ROWS | {"sick": [i * i % 7 % 2 for i in range(_N)]}, *_TREE),
        config=_CONFIG,
        phase_files=_CRITERION,
        settings=_QUICK,
        says="gain_over_dummy",
    ),
    Example(
        status="fail",
        title="no criterion names a metric",
        files=_files(_ROWS, *_TREE),
        config=_CONFIG,
        says="no requirement of level ml",
    ),
    Example(
        status="error",
        title="the model cannot be built",
        files=_files(_ROWS, "tree import NoSuchTree", "NoSuchTree()"),
        config=_CONFIG,
        phase_files=_CRITERION,
        settings=_QUICK,
        says="cannot be built",
    ),
)
