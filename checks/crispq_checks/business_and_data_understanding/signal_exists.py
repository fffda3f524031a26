"""The data holds a signal: even a quick model does better than always giving the same answer.

## Why
Where the columns say nothing about the target, no method, no tuning and no time will find anything. That can be known
in the first week, for the price of a minute's computing, instead of after a year.

## How it is measured
Two quick models are fitted on the table `table` (by default `raw`) and held against the best constant answer, on the
same folds of a repeated cross-validation (`splits` 5, `repeats` 5; whole groups together; in time where `data.time` is
named): the floor, a linear model, and the ceiling, 60 small gradient-boosted trees. They see only the columns that the
data description declares as known before or at the moment of prediction; a column known later would show a signal that
is not there in use. Classes are judged by ranking, the area under the ROC curve (each class against the rest), whatever
the criteria ask, for a decision at one threshold hides a signal where one class is rare. Numbers are judged by the root
mean squared error, or by the mean absolute error where the first ml criterion asks for an error that the median answers
best. Rows without a target are left out; above 5,000 rows there is one repeat, and of more than `first_rows` (20,000),
as many are drawn with a fixed seed (200 of each class at least). If these leave the answer open, the question is asked
once more of as many as `most_rows` (100,000) allows. Where a class is so rare, or so bunched in groups or in time, that
a fold would lack it, there are fewer folds, and a class with one row or group only is left out.
- `gain`: how much better the better one of the two is than the constant answer, in the metric's unit, with the bounds
  of Nadeau and Bengio on the paired differences. Each bound is at 97.5 % instead of 95 %, for the better of two was
  chosen (Holm's first step). Limit: at least 0, so that the lower bound must not be below 0.
- `no_gain_at_all`: a finding if both score exactly what the constant answer scores, in every fold.

On 600 simulated tables of pure noise (100 to 1,000 rows, 10 and 30 columns) the check was passed by 11 of 200 with
classes as target, judged by the area under the curve (5.5 %, as a level of 5 % lets expect), and by none of 400 with
numbers. With one informative column among ten whose own area under the curve is 0.70, it was passed by 36 of 50 tables
of 100 rows and by all 50 of 200 rows; with 0.65 by 22 and 34, and by all 50 of 400 rows. The rest came to "too little
data to tell".

## How to mend it
Ask the people who decide today what they look at, and bring that as a column; check that target and columns belong to
the same case and moment; collect more rows if the answer is "too little data to tell". Otherwise stop or wait: that is
what the feasibility study is for.

## Source
CRISP-ML(Q) §3.1.3, pp. 397-398 (feasibility). Nadeau & Bengio, "Inference for the Generalization Error", Machine
Learning 52 (2003). Holm, Scand. J. Statistics 6 (1979).

## What it cannot see
Whether the signal is strong enough for the criteria: `learning_curve_reaches_the_criterion` asks that. Whether it is
honest: `no_target_leak` does. Signals that neither model can take up, such as those in free text, images or long
sequences; a project on such data sets `table` to a table of prepared features.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from crispq import (
    Chart,
    Estimate,
    Evidence,
    Example,
    Finding,
    Findings,
    Measurement,
    Table,
    at_least,
    check,
    none,
    not_applicable,
)
from crispq_checks import criteria

if TYPE_CHECKING:
    from crispq_checks.refits import Question, Trial, Vector

#: Scores that differ by less than this are the same.
SAME = 1e-12
#: One-sided, for each of two comparisons: 5 % shared by both.
LEVEL = 0.975
#: With so many rows a single cross-validation is sharp enough, and repeats would only cost time.
ROWS_WITHOUT_REPEATS = 5_000
#: Where rows are drawn, so many of each class stay; ranking does not hang on the classes' shares.
OF_A_RARE_CLASS = 200
CONSTANT, FLOOR, CEILING = "constant answer", "floor: linear model", "ceiling: boosted trees"


@check(
    task="feasibility",
    catalogue=("BU3-C2",),
    risks=("R02", "R07"),
    limits={"gain": at_least(0), "no_gain_at_all": none()},
    seconds=600,
)
def signal_exists(  # noqa: PLR0913 - each word is one setting
    evidence: Evidence,
    *,
    table: str = "raw",
    splits: int = 5,
    repeats: int = 5,
    seed: int = 0,
    first_rows: int = criteria.MOST_ROWS,
    most_rows: int = 100_000,
) -> Measurement:
    """Fit the constant answer, the floor and the ceiling on the same folds; on more rows where few leave it open."""
    if evidence.task == "other":
        return not_applicable("how well a target is predicted is measured for classification and regression only")

    def asked(most: int) -> Measurement:
        return _asked(evidence, table, splits, repeats, seed, most)

    found, rows = asked(min(first_rows, most_rows)), evidence.table(table).rows
    if _is_open(found) and first_rows < min(rows, most_rows):
        found = asked(most_rows)
    if _is_open(found) and rows > most_rows:
        said = (
            f"{found.summary}; the setting most_rows allows {most_rows} of {rows} rows, raise it for a sharper answer"
        )
        found = replace(found, summary=said)
    return found


def _is_open(found: Measurement) -> bool:
    """Whether the bounds lie on both sides of no gain."""
    gain = found.values["gain"]
    bounds = (gain.low, gain.high) if isinstance(gain, Estimate) else (None, None)
    return bounds[0] is not None and bounds[1] is not None and bounds[0] < 0 <= bounds[1]


def _asked(  # noqa: PLR0913, PLR0917 - each word is one setting
    evidence: Evidence, table: str, splits: int, repeats: int, seed: int, most: int
) -> Measurement:
    """The answer of so many rows."""
    from crispq_checks import refits, sketches

    question = sketches.question_of_signal(evidence)
    rare = 0 if evidence.task == "regression" else OF_A_RARE_CLASS
    data, left_out = sketches.known_rows(evidence, table, most=most, seed=seed, fewest=rare)
    once = len(data.target) > ROWS_WITHOUT_REPEATS
    trial = sketches.trial(data, evidence.task, splits=splits, repeats=1 if once else repeats, seed=seed)
    rungs = {
        CONSTANT: refits.best_constant(question, trial.classes),
        FLOOR: sketches.floor(data, trial.classes),
        CEILING: sketches.ceiling(data, trial.classes, question.metric, seed=seed),
    }
    scores = {name: trial.scores(list(trial.answers(build)), question) for name, build in rungs.items()}
    return _measurement(trial, question, scores, left_out)


def _measurement(
    trial: Trial, question: Question, scores: Mapping[str, Vector], left_out: tuple[str, ...]
) -> Measurement:
    gains = {name: _gain(trial, question, scores[name] - scores[CONSTANT]) for name in (FLOOR, CEILING)}
    better, gain = max(gains.items(), key=lambda one: (_evidence_of(one[1]), one[1].value))
    bounds = {name: question.within_range(trial.bound(one)) for name, one in scores.items()}
    features = trial.data.features.shape[1]
    more = f"; {len(left_out)} columns left out, for they are not declared as known in time" if left_out else ""
    return Measurement(
        values={"gain": gain, "no_gain_at_all": _nothing(question, scores)},
        summary=(
            f"{question.metric}: the {better} gains {criteria.shown(gain)} over a constant answer, with {features} "
            f"columns on {len(trial.data.target)} rows{more}"
        ),
        tables=(_table(question, bounds, gains),),
        charts=(_chart(question, bounds),),
    )


def _gain(trial: Trial, question: Question, differences: Vector) -> Estimate:
    from crispq_checks.statistics.comparisons import corrected_resampled

    train, test = (sum(len(fold[part]) for fold in trial.folds) / len(trial.folds) for part in (0, 1))
    return replace(corrected_resampled(question.better * differences, train, test, LEVEL), n=trial.units)


def _evidence_of(gain: Estimate) -> float:
    """The gain in units of its margin: the larger, the smaller its p-value."""
    margin = gain.value - (gain.low if gain.low is not None else gain.value)
    return gain.value / margin if margin > 0 else (float("inf") if gain.value > 0 else 0.0)


def _nothing(question: Question, scores: Mapping[str, Vector]) -> Findings:
    constant, *others = scores.values()
    if any(float(abs(one - constant).max()) > SAME for one in others):
        return Findings(examined=len(constant))
    message = (
        f"in each of {len(constant)} folds both quick models score exactly the {question.metric} of a constant answer; "
        "bring columns that say something about the target"
    )
    return Findings(examined=len(constant), items=(Finding(message=message, path="crispq.yaml"),))


def _table(question: Question, bounds: Mapping[str, Estimate], gains: Mapping[str, Estimate]) -> Table:
    def gained(name: str) -> tuple[float | None, float | None]:
        return (gains[name].value, gains[name].low) if name in gains else (None, None)

    rows = tuple((name, one.value, one.low, one.high, *gained(name)) for name, one in bounds.items())
    columns = ("model", question.metric, "lower bound", "upper bound", "gain", "lower bound of the gain")
    return Table(title="What quick models get out of the data", columns=columns, rows=rows)


def _chart(question: Question, bounds: Mapping[str, Estimate]) -> Chart:
    values = [{"model": name, "score": one.value, "low": one.low, "high": one.high} for name, one in bounds.items()]
    row = {"field": "model", "type": "nominal", "title": None, "sort": list(bounds)}
    score = {"field": "score", "type": "quantitative", "title": question.metric, "scale": {"zero": False, "nice": True}}
    spec: dict[str, Any] = {
        "width": 420,
        "height": 110,
        "data": {"values": values},
        "layer": [
            {"mark": "rule", "encoding": {"x": {**score, "field": "low"}, "x2": {"field": "high"}, "y": row}},
            {"mark": {"type": "point", "filled": True, "size": 80}, "encoding": {"x": score, "y": row}},
        ],
    }
    told = ", ".join(f"{name} {one.value:.4g}" for name, one in bounds.items())
    return Chart(
        title="Floor, ceiling and constant answer",
        description=f"Points with bounds show the mean {question.metric} over the folds: {told}.",
        spec=spec,
    )


_N = 120
_SIGNAL = [(37 * i % _N) / _N for i in range(_N)]
_NOISE = [(53 * i * i % 101) / 101 for i in range(_N)]
_MIDDLE, _WIDTH = 0.5, 0.25
_HILL = [int(abs(one - _MIDDLE) < _WIDTH) for one in _SIGNAL]
_COIN = [int((71 * i * i + 13 * i) % 97 % 2) for i in range(_N)]
_PATH = "1_business_and_data_understanding/data_description.md"
_HEAD = """# Data description

## Columns

| Column | Meaning | Unit | Type | Known at |
|---|---|---|---|---|
| id | number of the case | - | text | before |
| signal | level of the marker in blood | mg/l | number | at |
| noise | level of another marker | mg/l | number | before |
| sick | whether it was confirmed | - | 0 or 1 | after |
"""
_DATA = {"target": "sick", "positive": 1, "key": "id", "tables": {"raw": "raw.csv"}}


def _example(  # noqa: PLR0913 - each word is one fact about the example
    status: str,
    title: str,
    says: str,
    *,
    task: str = "binary_classification",
    rows: str = _HEAD,
    settings: dict[str, Any] | None = None,
    **columns: Any,
) -> Example:
    table = {"id": list(range(_N)), "signal": _SIGNAL, "noise": _NOISE, "sick": _HILL} | columns
    return Example(
        status=status,
        title=title,
        config={"task": task, "data": _DATA},
        files={"raw.csv": table, _PATH: rows},
        phase_file={"documents": {"data_description": "data_description.md"}},
        settings=settings or {},
        says=says,
    )


EXAMPLES = (
    _example("pass", "trees see what a straight line cannot", "the ceiling: boosted trees gains"),
    _example(
        "pass",
        "a number as target",
        "root_mean_squared_error",
        task="regression",
        sick=[3 * one + noise for one, noise in zip(_SIGNAL, _NOISE, strict=True)],
    ),
    _example(
        "pass",
        "a class of one row, and one of two",
        "roc_auc_ovr",
        task="multiclass_classification",
        sick=[3, *_HILL[1:40], 2, *_HILL[41:80], 2, *_HILL[81:]],
    ),
    _example(
        "pass",
        "few rows leave it open, so that more are asked",
        "on 120 rows",
        task="regression",
        settings={"first_rows": 16, "splits": 2},
    ),
    _example(
        "inconclusive",
        "no more rows are allowed",
        "the setting most_rows allows 16 of 120 rows",
        task="regression",
        settings={"most_rows": 16, "splits": 2},
    ),
    _example("inconclusive", "the target is thrown like a coin", "over a constant answer", sick=_COIN),
    _example(
        "fail",
        "no column differs between rows",
        "both quick models score exactly",
        signal=[1.0] * _N,
        noise=[2.0] * _N,
    ),
    _example(
        "fail",
        "no column is declared as known in time",
        "no column of the table 'raw' is declared",
        rows=_HEAD.replace("| at |", "| after |").replace("mg/l | number | before", "mg/l | number | later"),
    ),
    _example("error", "one class only", "there is nothing to learn", sick=[1] * _N),
    _example("not_applicable", "another kind of task", "classification and regression only", task="other"),
)
