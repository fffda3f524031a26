"""With the rows that can be had, a quick model comes within reach of the first ml criterion.

## Why
A criterion far above everything that the data can give is an early failure in the making. How a quick model improves
from 10 to 100 % of the rows shows where more rows will lead it; and where the curve has gone flat below the criterion,
more rows of the same kind are wasted money.

## How it is measured
The criterion is the first one on level ml that data can answer and that looks at both sides (not recall alone, nor a
cost, for any threshold can meet these). Labelled rows of the table `table` (`raw`) are held out by cross-validation
(`splits` 5, `repeats` 2: ten hold-outs; whole groups together, in time where `data.time` is named). On nested random
parts of each training part (10, 15, 20, 30, 40, 60, 80 and 100 %) a quick model is fitted: a linear one, or 60 small
boosted trees where these are better with all rows; for metrics of decisions the threshold is tuned on the rows that the
model was fitted on. Only columns that are declared as known before or at the moment of prediction are used. Of more
than 10,000 rows, 10,000 are drawn with a fixed seed.

The mean errors (distance from the metric's best value) are fitted by a power law, error(n) = a + b n^-c, and read off
at `attainable_rows` (by default all labelled rows in hand). The bounds (95 % each) come from drawing the hold-outs
anew, stretched for the rows that the hold-outs share (Nadeau and Bengio).
- `best_case_margin`: how far the better bound lies beyond the criterion's limit, in the metric's unit; at least 0. The
  check fails only where even the better bound misses the criterion: a quick model is no proof of what a good one can
  do.
- `not_yet_shown` (none, a warning only): the limit lies between the bounds.
- `predicted`: the score at the attainable rows, with its bounds; not judged by itself.

Of 40 simulated tables of 150 rows (ten columns, three of them informative) none failed where the criterion, an area
under the curve, is what a linear model reaches with so many rows on average; 15 failed where it lies 0.06 above that,
38 where it lies 0.10 above. With 600 rows: 2 failed at what is reached, 33 at 0.04 above, 39 at 0.06. For a mean
absolute error and 150 rows: 0 at what is reached (0.83), 15 at 0.10 below.

## How to mend it
Bring better columns rather than more rows where the curve is flat; more rows where it still rises (set
`attainable_rows` to what can really be had); or agree on a criterion that can be met, and write down why it is enough.

## Source
CRISP-ML(Q) §3.1.3, pp. 397-398 (feasibility; is the training sample large enough). Viering & Loog, "The Shape of
Learning Curves: A Review", IEEE TPAMI 45 (2023). Nadeau & Bengio, Machine Learning 52 (2003).

## What it cannot see
What a better model or better columns would bring. Curves that are no power law (double descent, a jump once a rare
pattern has been seen). Far beyond the rows in hand the law is a guess: more than five times as many are told as such.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import isfinite
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
    Requirement,
    Table,
    at_least,
    check,
    metrics,
    missing,
    none,
    not_applicable,
)
from crispq_checks import criteria

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from crispq_checks.refits import Question, Trial, Vector

MOST_ROWS = 10_000
PARTS = (0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0)
FEWEST_ROWS = 10
#: Beyond this multiple of the rows at hand, the law is a guess.
FAR = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class _Curve:
    """Scores (hold-outs, sizes) of the chosen quick model at the mean training sizes (sizes,)."""

    model: str
    sizes: tuple[float, ...]
    scores: Vector
    overlap: float


@check(
    task="feasibility",
    catalogue=("BU3-C1",),
    risks=("R02", "R07", "R09"),
    limits={"best_case_margin": at_least(0), "not_yet_shown": none(warn=True)},
    tier="standard",
    seconds=600,
)
def learning_curve_reaches_the_criterion(  # noqa: PLR0913 - each word is one setting
    evidence: Evidence,
    *,
    table: str = "raw",
    attainable_rows: int | None = None,
    splits: int = 5,
    repeats: int = 2,
    seed: int = 0,
) -> Measurement:
    """Fit quick models on growing parts of the rows, and read off the curve at the attainable rows."""
    if evidence.task == "other":
        return not_applicable("learning curves are measured for classification and regression only")
    from crispq_checks import refits, sketches

    ml = [one for one in criteria.on_rows(evidence) if one.level == "ml"]
    if not ml:
        message = "no criterion on level ml names a metric that data can answer, and a limit; state one"
        return missing(message, path=evidence.phase_file)
    one = next((each for each in ml if each.metric not in sketches.ONE_SIDED and isfinite(_limit(each))), None)
    if one is None:
        return not_applicable(
            "every ml criterion looks at one side of the question only, and a threshold alone can meet it"
        )
    data, _ = sketches.known_rows(evidence, table, most=MOST_ROWS, seed=seed)
    rows = attainable_rows if attainable_rows is not None else _labelled_rows(evidence, table)
    if rows < FEWEST_ROWS:
        raise NotMeasurable(f"attainable_rows is {rows}; a curve cannot be read off below {FEWEST_ROWS} rows")
    trial = sketches.trial(data, evidence.task, splits=splits, repeats=repeats, seed=seed)
    question = refits.question_of(evidence, one)
    curve = _curve(trial, question, seed)
    return _measurement(one, question, curve, rows)


def _limit(one: Requirement) -> float:
    """The side of the limit that a good model must reach."""
    low, high = criteria.bounds(one)
    return low if metrics()[str(one.metric)].greater_is_better else high


def _labelled_rows(evidence: Evidence, table: str) -> int:
    target = criteria.names_target(evidence).replace('"', '""')
    return int(evidence.table(table).query(f'SELECT count("{target}") FROM rows')[0][0])  # noqa: S608 - quoted


# --- the curve -----------------------------------------------------------------------------------


def _curve(trial: Trial, question: Question, seed: int) -> _Curve:
    """Choose the quick model by its scores with all rows, then let it grow up to them."""
    from crispq_checks import sketches

    builds = {
        "linear model": sketches.floor(trial.data, trial.classes),
        "boosted trees": sketches.ceiling(trial.data, trial.classes, question.metric, seed=seed),
    }
    builds = {name: sketches.deciding(build, question, trial.classes) for name, build in builds.items()}
    whole = {name: trial.scores(list(trial.answers(build)), question) for name, build in builds.items()}
    model = max(whole, key=lambda name: question.better * float(whole[name].mean()))
    parts = list(_parts(trial, seed))
    growing = replace(trial, folds=tuple((rows, fold[1]) for fold, nested in parts for rows in nested[:-1]))
    scores = growing.scores(list(growing.answers(builds[model])), question).reshape(len(parts), -1)
    return _joined(model, trial, parts, scores, whole[model])


def _joined(model: str, trial: Trial, parts: list[Any], growing: Vector, whole: Vector) -> _Curve:
    import numpy as np

    sizes = np.mean([[len(rows) for rows in nested] for _, nested in parts], axis=0)
    overlap = float(np.mean([len(test) / len(train) for train, test in trial.folds]))
    return _Curve(
        model=model,
        sizes=tuple(float(one) for one in sizes),
        scores=np.column_stack([growing, whole]),
        overlap=overlap,
    )


def _parts(trial: Trial, seed: int) -> Iterator[tuple[Any, list[NDArray[np.intp]]]]:
    """Each fold with nested parts of its training rows, the whole of them last."""
    import numpy as np

    smallest = min(len(train) for train, _ in trial.folds)
    shares = [share for share in PARTS if share * smallest >= FEWEST_ROWS]
    if len(shares) < 3:  # noqa: PLR2004 - a power law has three unknowns
        raise NotMeasurable(f"{smallest} training rows are too few for a learning curve; 25 are needed")
    for number, fold in enumerate(trial.folds):
        ordered = _order(trial, fold[0], np.random.default_rng([seed, number]))
        yield fold, [np.sort(ordered[: round(share * len(ordered))]) for share in shares]


def _order(trial: Trial, train: NDArray[np.intp], random: np.random.Generator) -> NDArray[np.intp]:
    """The training rows in random order, whole groups in a row; each class shows up at the beginning."""
    import numpy as np

    data = trial.data
    units = train if data.groups is None else data.groups[train]
    _, unit_of = np.unique(np.asarray(units).astype(str) if data.groups is not None else units, return_inverse=True)
    place = random.permutation(int(unit_of.max()) + 1)[unit_of]
    if trial.classes is not None:
        for label in set(data.target[train].tolist()):
            own = np.flatnonzero(data.target[train] == label)
            first = np.unique(place[own])[: 1 if data.groups is not None else 2]
            place = np.where(np.isin(place, first), place - len(train), place)
    return train[np.argsort(place, kind="stable")]


# --- what is told --------------------------------------------------------------------------------


def _measurement(one: Requirement, question: Question, curve: _Curve, rows: int) -> Measurement:
    metric, limit = metrics()[question.metric], _limit(one)
    predicted = question.within_range(_predicted(question, curve, rows))
    better = predicted.high if metric.greater_is_better else predicted.low
    worse = predicted.low if metric.greater_is_better else predicted.high
    margin = question.better * ((better if better is not None else predicted.value) - limit)
    sure = question.better * ((worse if worse is not None else predicted.value) - limit) >= 0
    told = f"with {rows:,} rows the curve of a {curve.model} predicts {question.metric} {criteria.shown(predicted)}"
    far = (
        f"; that is {rows / curve.sizes[-1]:.0f} times the rows it was fitted on, a guess" if _far(curve, rows) else ""
    )
    verb = "is out of its reach" if margin < 0 else "is within its reach"
    message = (
        f"{told}, and {one.id} demands {criteria.demand(one)}: not shown yet; bring better columns where the curve is "
        "flat, more rows where it rises"
    )
    found = () if sure or margin < 0 else (Finding(message=message, path=one.place.path, line=one.place.line),)
    return Measurement(
        values={
            "best_case_margin": Estimate(value=margin, n=rows),
            "not_yet_shown": Findings(examined=len(curve.sizes), items=found),
            "predicted": predicted,
        },
        summary=f"{'even ' if margin < 0 else ''}{told}; {one.id} ({criteria.demand(one)}) {verb}{far}",
        tables=(_table(question, curve),),
        charts=(_chart(one, question, curve, rows),),
    )


def _far(curve: _Curve, rows: int) -> bool:
    return rows > FAR * curve.sizes[-1]


def _errors(question: Question, curve: _Curve) -> tuple[Any, float, float]:
    """Scores as distances from the best value, so that less is better; the best value, and the sign."""
    metric = metrics()[question.metric]
    best = metric.high if metric.greater_is_better else metric.low
    origin = 0.0 if best is None else best
    return question.better * (origin - curve.scores), origin, question.better


def _predicted(question: Question, curve: _Curve, rows: int) -> Estimate:
    from crispq_checks.statistics.curves import extrapolated

    errors, origin, sign = _errors(question, curve)
    told = extrapolated(curve.sizes, errors, rows, overlap=curve.overlap, least=0.0)
    low, high = (origin - sign * (bound if bound is not None else told.value) for bound in (told.low, told.high))
    return replace(told, value=origin - sign * told.value, low=min(low, high), high=max(low, high))


def _table(question: Question, curve: _Curve) -> Table:
    means, spreads = curve.scores.mean(axis=0), curve.scores.std(axis=0, ddof=1)
    rows = tuple(
        (round(size), float(mean), float(spread))
        for size, mean, spread in zip(curve.sizes, means, spreads, strict=True)
    )
    return Table(title="Learning curve", columns=("training rows", question.metric, "spread of hold-outs"), rows=rows)


def _chart(one: Requirement, question: Question, curve: _Curve, rows: int) -> Chart:
    from crispq_checks.statistics.curves import power_law

    errors, origin, sign = _errors(question, curve)
    law = power_law(curve.sizes, errors.mean(axis=0), least=0.0)
    last = max(rows, curve.sizes[-1])
    steps = [curve.sizes[0] * (last / curve.sizes[0]) ** (step / 40) for step in range(41)]
    fitted = [{"rows": round(n, 1), "score": round(origin - sign * law.at(n), 6)} for n in steps]
    means = curve.scores.mean(axis=0)
    points = [{"rows": size, "score": round(float(mean), 6)} for size, mean in zip(curve.sizes, means, strict=True)]
    x = {"field": "rows", "type": "quantitative", "title": "training rows", "scale": {"type": "log"}}
    y = {"field": "score", "type": "quantitative", "title": question.metric, "scale": {"zero": False, "nice": True}}
    spec: dict[str, Any] = {
        "width": 460,
        "height": 220,
        "layer": [
            {"data": {"values": fitted}, "mark": "line", "encoding": {"x": x, "y": y}},
            {
                "data": {"values": points},
                "mark": {"type": "point", "filled": True, "size": 60},
                "encoding": {"x": x, "y": y},
            },
            {
                "data": {"values": [{}]},
                "mark": {"type": "rule", "strokeDash": [4, 4]},
                "encoding": {"y": {"datum": _limit(one)}},
            },
        ],
    }
    description = (
        f"The {question.metric} of a {curve.model} goes from {means[0]:.3g} with {curve.sizes[0]:.0f} training rows to "
        f"{means[-1]:.3g} with {curve.sizes[-1]:.0f}; the dashed line is the limit of {one.id}, {_limit(one):g}."
    )
    return Chart(title="Learning curve of a quick model", description=description, spec=spec)


# --- examples ------------------------------------------------------------------------------------

_N = 150
_SIGNAL = [(37 * i % _N) / _N for i in range(_N)]
_NOISE = [(53 * i * i % 101) / 101 for i in range(_N)]
_SICK = [int(one + 0.5 * noise > 0.75) for one, noise in zip(_SIGNAL, reversed(_NOISE), strict=True)]  # noqa: PLR2004
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


def _example(
    status: str, title: str, says: str, metric: str, task: str = "binary_classification", **limits: Any
) -> Example:
    columns = {name: limits.pop(name) for name in ("sick", "signal") if name in limits}
    settings = {name: limits.pop(name) for name in ("attainable_rows",) if name in limits}
    criterion = {"id": "ML1", "level": "ml", "statement": "it is good", "metric": metric} | limits
    table = {"id": list(range(_N)), "signal": _SIGNAL, "noise": _NOISE, "sick": _SICK} | columns
    return Example(
        status=status,
        title=title,
        config={"task": task, "data": _DATA},
        files={"raw.csv": table, _PATH: _HEAD},
        phase_file={
            "documents": {"data_description": "data_description.md"},
            "requirements": [criterion] if metric else [],
            "checks": {"learning_curve_reaches_the_criterion": settings},
        },
        says=says,
    )


_COIN = [int((71 * i * i + 13 * i) % 97 % 2) for i in range(_N)]

EXAMPLES = (
    _example("pass", "the criterion is within reach", "is within its reach", "roc_auc", at_least=0.8),
    _example("pass", "a decision that is tuned", "is within its reach", "f1", at_least=0.7),
    _example("fail", "a coin cannot be told", "is out of its reach", "roc_auc", at_least=0.9, sick=_COIN),
    _example("warn", "the bounds lie around the limit", "not shown yet", "accuracy", at_least=0.9),
    _example(
        "pass",
        "a number, and more rows than in hand",
        "a guess",
        "mean_absolute_error",
        task="regression",
        at_most=0.5,
        attainable_rows=5_000,
        sick=[one + 0.2 * noise for one, noise in zip(_SIGNAL, _NOISE, strict=True)],
    ),
    _example("not_applicable", "only recall is asked", "one side of the question", "recall", at_least=0.8),
    _example("fail", "no ml criterion", "state one", ""),
    _example("error", "one class only", "there is nothing to learn", "roc_auc", at_least=0.8, sick=[0] * _N),
)
