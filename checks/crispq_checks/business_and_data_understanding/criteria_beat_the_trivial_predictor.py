"""No criterion is met by a program that always gives the same answer.

## Why
Where 95 of 100 patients are healthy, a program that says "healthy" to everybody is right in 95 % of cases. A criterion
of 90 % accuracy would call it a success. Whatever a constant answer reaches, a criterion must ask for more; otherwise
meeting it proves nothing.

## How it is measured
On the labelled rows of the table `table` (`raw`; of more than 100,000 rows, 100,000 are drawn with a fixed seed) each
criterion whose metric is computed from rows is asked of constant answers: for classes, each class in turn, with the
classes' shares as probabilities; for a number, its mean, its median and its quantiles in steps of 5 %.
- `met_by_a_constant` (none): criteria whose limit the best constant answer meets. The value itself is held against the
  limit, not a bound: a constant that meets the limit in the data at hand is no matter of chance.
- `met_together` (none): a constant answer that meets all criteria on rows at once. Metrics of one side (recall,
  specificity, the false rates, precision) are exempt from the first demand, since always saying "ill" finds every ill
  person; they must be guarded by a criterion of the other side.
- `decisions_unguarded` (none, a warning only): the criteria on decisions, those computed from the predicted class, are
  all met by one constant answer, and only a criterion on ranking or probabilities stands against it. A model may rank
  well and still decide like that constant.

What can be computed exactly has no bounds. An area under the curve of 0.5 is what any constant has.

## How to mend it
Raise the limit above what the table shows for the constant answer; take a metric that rare classes cannot hide in
(balanced accuracy, cost of errors, area under the curve); or add a criterion for the other kind of error.

## Source
CRISP-ML(Q) §3.1.2, pp. 396-397 (no metric is best for every purpose; a minimum level is to be named). Elkan, "The
Foundations of Cost-Sensitive Learning", IJCAI 2001 (the better of two constants as the baseline of a cost).

## What it cannot see
Rules that are nearly as cheap as a constant, such as one measurement with a threshold: `baseline_is_measured` asks for
them. Rows unlike those of the table, where another class is frequent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from crispq import (
    Evidence,
    Example,
    Finding,
    Findings,
    Measurement,
    NotMeasurable,
    Requirement,
    Table,
    check,
    metrics,
    missing,
    none,
    not_applicable,
)
from crispq_checks import criteria

if TYPE_CHECKING:
    from crispq import Supervised

MOST_ROWS = 100_000
#: A value that misses the limit by less than this meets it.
SAME = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class _Constant:
    """A constant answer, and the value it has by each criterion's id; None where the metric is undefined for it."""

    answer: Any
    values: Mapping[str, float | None] = field(default_factory=dict)

    def meets(self, one: Requirement) -> bool:
        value = self.values[one.id]
        low, high = criteria.bounds(one)
        return value is not None and low - SAME <= value <= high + SAME


@check(
    task="success_criteria",
    catalogue=("BU2-C6",),
    risks=("R04", "R06"),
    limits={"met_by_a_constant": none(), "met_together": none(), "decisions_unguarded": none(warn=True)},
    seconds=120,
)
def criteria_beat_the_trivial_predictor(evidence: Evidence, *, table: str = "raw") -> Measurement:
    """Hold the best constant answer against each criterion, and each constant answer against all of them."""
    if evidence.task == "other":
        return not_applicable("what a constant answer reaches is known for classification and regression only")
    chosen = criteria.on_rows(evidence)
    if not chosen:
        message = "no criterion names a metric that rows of data can answer, and a limit; state one"
        return missing(message, path=evidence.phase_file)
    rows = criteria.labelled(evidence, table, most=MOST_ROWS)
    classes = _classes(rows, evidence)
    constants = [_asked(answer, chosen, rows, classes, evidence) for answer in _answers(rows, classes, chosen)]
    best = {one.id: _best(one, constants) for one in chosen}
    met = tuple(_met(one, best[one.id], classes) for one in chosen if _proves_nothing(one, best[one.id]))
    together = tuple(_together(chosen, constants, classes)) if not met else ()
    return Measurement(
        values={
            "met_by_a_constant": Findings(examined=len(chosen), items=met),
            "met_together": Findings(examined=len(constants), items=together),
            "decisions_unguarded": Findings(
                examined=len(chosen), items=() if met or together else tuple(_unguarded(chosen, constants, classes))
            ),
        },
        summary=(
            f"{len(met)} of {len(chosen)} criteria are met by a constant answer on {len(rows.target)} rows"
            + (", and all of them by one and the same" if together else "")
        ),
        tables=(_table(chosen, best, classes),),
    )


def _classes(rows: Supervised, evidence: Evidence) -> tuple[Any, ...] | None:
    if evidence.task == "regression":
        return None
    classes = tuple(sorted(set(rows.target.tolist()), key=str))
    if len(classes) < 2:  # noqa: PLR2004 - nothing to tell apart
        raise NotMeasurable(f"all {len(rows.target)} rows have the same target; no criterion can be held against them")
    return classes


def _answers(rows: Supervised, classes: tuple[Any, ...] | None, chosen: Sequence[Requirement]) -> list[Any]:
    """The constants worth trying; for numbers with a tolerance, the middle of the fullest window of that width too."""
    import numpy as np

    if classes is not None:
        return list(classes)
    numbers = np.sort(rows.target)
    tolerances = [float(one.parameters["tolerance"]) for one in chosen if one.metric == "within_tolerance"]
    windows = [_fullest(numbers, 2 * one) for one in tolerances]
    quantiles = np.quantile(numbers, np.linspace(0.05, 0.95, 19)).tolist()
    return [float(numbers.mean()), float(np.median(numbers)), *quantiles, *windows]


def _fullest(numbers: Any, width: float) -> float:
    """The middle of the window of this width that holds most of the sorted numbers."""
    import numpy as np

    ends = np.searchsorted(numbers, numbers + width, side="right")
    start = int(np.argmax(ends - np.arange(len(numbers))))
    return float(numbers[start] + numbers[ends[start] - 1]) / 2


def _asked(
    answer: Any, chosen: Sequence[Requirement], rows: Supervised, classes: tuple[Any, ...] | None, evidence: Evidence
) -> _Constant:
    return _Constant(
        answer=answer, values={one.id: _value(answer, one, rows, classes, evidence.data.positive) for one in chosen}
    )


def _value(
    answer: Any, one: Requirement, rows: Supervised, classes: tuple[Any, ...] | None, positive: Any
) -> float | None:
    """The constant's score; None where the metric is undefined for it, such as precision without an alarm."""
    import numpy as np

    from crispq_checks.statistics.scoring import needs_probabilities, score

    metric, target = str(one.metric), rows.target
    probability = None
    if classes is not None and needs_probabilities(metric):
        shares = [float(np.mean([label == known for label in target.tolist()])) for known in classes]
        probability = np.tile(np.asarray(shares), (len(target), 1))
    try:
        return score(
            metric,
            target,
            np.asarray([answer] * len(target)),
            probability,
            positive=positive,
            classes=classes,
            parameters=dict(one.parameters),
        )
    except NotMeasurable as reason:
        if metric == "precision" or "zero" in str(reason):
            return None
        raise NotMeasurable(f"{one.place.path}:{one.place.line}: {one.id}: {reason}") from reason


def _best(one: Requirement, constants: Sequence[_Constant]) -> _Constant:
    """The constant that comes nearest to meeting the criterion, or meets it by most."""
    low, high = criteria.bounds(one)

    def short_by(constant: _Constant) -> float:
        value = constant.values[one.id]
        return float("inf") if value is None else max(low - value, value - high)

    return min(constants, key=short_by)


def _proves_nothing(one: Requirement, best: _Constant) -> bool:
    from crispq_checks.refits import ONE_SIDED

    return best.meets(one) and one.metric not in ONE_SIDED


def _met(one: Requirement, best: _Constant, classes: tuple[Any, ...] | None) -> Finding:
    message = (
        f"{one.id} demands {criteria.demand(one)}, and {_named(best, one, classes)} already reaches "
        f"{best.values[one.id]:.4g}: the criterion proves nothing; set the limit beyond that, or take another metric"
    )
    return Finding(message=message, path=one.place.path, line=one.place.line)


def _named(constant: _Constant, one: Requirement, classes: tuple[Any, ...] | None) -> str:
    """What the constant does, in words; a number is not told, for it may be somebody's own."""
    from crispq_checks.statistics.scoring import needs_probabilities

    if needs_probabilities(str(one.metric)):
        return "quoting everybody the classes' shares"
    return "giving every row one and the same number" if classes is None else f"always saying {constant.answer!r}"


def _together(
    chosen: Sequence[Requirement], constants: Sequence[_Constant], classes: tuple[Any, ...] | None
) -> Iterator[Finding]:
    for constant in constants:
        if all(constant.meets(one) for one in chosen):
            told = " and ".join(one.id for one in chosen)
            message = (
                f"{_named(constant, chosen[0], classes)} meets {told}, all there is; add a criterion for the other "
                "kind of error"
            )
            yield Finding(message=message, path=chosen[-1].place.path, line=chosen[-1].place.line)
            return


def _unguarded(
    chosen: Sequence[Requirement], constants: Sequence[_Constant], classes: tuple[Any, ...] | None
) -> Iterator[Finding]:
    from crispq_checks.statistics.scoring import needs_probabilities

    decisions = [one for one in chosen if not needs_probabilities(str(one.metric))]
    for constant in constants if decisions else ():
        if all(constant.meets(one) for one in decisions):
            told = " and ".join(one.id for one in decisions)
            message = (
                f"{_named(constant, decisions[0], classes)} meets {told}, the only criteria on decisions; a model may "
                "rank well and still decide like that: add a criterion for the other kind of error"
            )
            yield Finding(message=message, path=decisions[-1].place.path, line=decisions[-1].place.line)
            return


def _table(chosen: Sequence[Requirement], best: Mapping[str, _Constant], classes: tuple[Any, ...] | None) -> Table:
    rows = tuple(
        (
            one.id,
            criteria.demand(one),
            _named(best[one.id], one, classes),
            best[one.id].values[one.id],
            "meets it" if best[one.id].meets(one) else "misses it",
            "one side" if metrics()[str(one.metric)].name in _one_sided() else "both sides",
        )
        for one in chosen
    )
    columns = ("id", "demand", "best constant answer", "reaches", "and so", "the metric looks at")
    return Table(title="What a constant answer reaches", columns=columns, rows=rows)


def _one_sided() -> frozenset[str]:
    from crispq_checks.refits import ONE_SIDED

    return ONE_SIDED


# --- examples ------------------------------------------------------------------------------------

_SICK = [int(row % 20 == 0) for row in range(200)]
_DATA = {"target": "sick", "positive": 1, "tables": {"raw": "raw.csv"}}


def _criterion(name: str, metric: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "level": "ml", "statement": f"{metric} is good", "metric": metric} | more


def _example(
    status: str,
    title: str,
    says: str,
    *criteria: dict[str, Any],
    task: str = "binary_classification",
    sick: list[Any] = _SICK,
) -> Example:
    return Example(
        status=status,
        title=title,
        config={"task": task, "data": _DATA if task == "binary_classification" else _DATA | {"positive": None}},
        files={"raw.csv": {"sick": sick}} if sick else {},
        phase_file={"requirements": list(criteria)},
        says=says,
    )


_COST = {"false_positive": 1.0, "false_negative": 10.0}

EXAMPLES = (
    _example(
        "pass",
        "both kinds of error are limited",
        "0 of 3 criteria are met by a constant answer",
        _criterion("B1", "false_negative_rate", at_most=0.15),
        _criterion("B2", "false_positive_rate", at_most=0.4),
        _criterion("E1", "expected_cost", at_most=0.3, parameters=_COST),
    ),
    _example(
        "fail",
        "an accuracy that the frequent class has for nothing",
        "always saying 0 already reaches 0.95",
        _criterion("ML1", "accuracy", at_least=0.9),
    ),
    _example(
        "fail",
        "a cost that alarming nobody stays under",
        "always saying 0 already reaches 0.5",
        _criterion("E1", "expected_cost", at_most=0.6, parameters=_COST),
    ),
    _example(
        "fail",
        "a Brier score that the share of the ill has for nothing",
        "quoting everybody the classes' shares",
        _criterion("ML2", "brier_score", at_most=0.1),
    ),
    _example(
        "fail",
        "only missed cases are limited",
        "add a criterion for the other kind of error",
        _criterion("B1", "recall", at_least=0.95),
    ),
    _example(
        "warn",
        "ranking alone guards the decisions",
        "the only criteria on decisions",
        _criterion("B1", "recall", at_least=0.95),
        _criterion("ML1", "roc_auc", at_least=0.9),
    ),
    _example(
        "fail",
        "an error that the median has for nothing",
        "giving every row one and the same number",
        _criterion("ML1", "mean_absolute_error", at_most=30),
        task="regression",
        sick=[row % 100 for row in range(200)],
    ),
    _example("fail", "there is no criterion on rows", "state one"),
    _example("fail", "there are no rows yet", "does not exist yet", _criterion("B1", "recall", at_least=0.9), sick=[]),
    _example("error", "one class only", "the same target", _criterion("B1", "recall", at_least=0.9), sick=[0] * 20),
    _example("not_applicable", "another kind of task", "only", task="other"),
)
