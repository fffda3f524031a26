"""The criteria can all be met at once.

## Why
"Find 95 of 100, and be wrong in nothing else" may be two wishes that no model of any kind can fulfil together, and a
limit that was typed on the wrong side of a metric looks like any other. A contradiction that is found in evaluation has
cost the project; found here it costs a conversation.

## How it is measured
The criteria are the requirements with a metric and a limit. Whatever a model does, its numbers obey arithmetic; the
check asks whether any numbers obey the arithmetic and all limits together:
- two classes: the shares of found, missed, falsely alarmed and spared cases, which are none below 0 and add up to 1,
  with the share of positive cases as in the table `table` (`raw`; without one, any share in steps of 1 %). Recall,
  specificity, the false rates, precision, F1, accuracy, balanced accuracy and expected cost are then linear demands on
  four unknowns, and a linear programme finds a solution or proves that there is none;
- several classes: the recall of each class, between 0 and 1; accuracy, balanced accuracy and macro recall are linear in
  them;
- numbers: the mean absolute error is at most the root mean squared one; the median error at most twice the mean one and
  1.42 times the root mean squared one (Markov's inequality); R squared and root mean squared error are tied by the
  target's standard deviation; the share outside of a tolerance costs at least the tolerance each;
- operation: latencies at 50, 95 and 99 % rise in this order;
- any metric: limits on the same metric with the same parameters must overlap, and must lie within the metric's range.
- `contradictions` (none): each smallest set of criteria that cannot be met together, found by leaving out one after the
  other. It is arithmetic, without noise: a set that is reported is impossible.
- `out_of_order` (none, a warning only): a limit that another one makes void where that is most often a slip: a median
  latency allowed to be longer than the 99 % one, a mean error larger than the root mean squared one.
- `doubled` (none, a warning only): two criteria of the same level, metric, population, window and source with different
  limits.

Criteria that speak of another population than the rest go under the setting `apart`, as a list of ids; they are looked
at one by one only. Metrics that no rule here relates to another criterion are listed in the table; they are not judged.

## How to mend it
Bring the owners of the criteria together, say which one comes first (section "Competing criteria" of the document), and
move or drop the other.

## Source
CRISP-ML(Q) §3.1.2, pp. 396-397 (criteria of the three levels must fit each other). The smallest sets: Chinneck &
Dravnieks, "Locating Minimal Infeasible Constraint Sets in Linear Programs", ORSA Journal on Computing 3 (1991), pp.
157-168.

## What it cannot see
Whether a real model can come near: two limits may be possible for a clairvoyant only. Ties between ranking, calibration
and decisions (an area under the curve beside a recall), which are inequalities of another kind. Criteria without a
number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import inf, isfinite, sqrt
from typing import Any, TypeAlias

from crispq import (
    Evidence,
    Example,
    Finding,
    Findings,
    Measurement,
    MissingEvidence,
    NotMeasurable,
    Requirement,
    Table,
    check,
    hint,
    metrics,
    missing,
    none,
    not_applicable,
)
from crispq_checks import criteria

MOST_SETS = 10
#: Limits that differ by less than this are the same.
SAME = 1e-9
OF_TWO_CLASSES = frozenset(
    {
        "accuracy",
        "balanced_accuracy",
        "precision",
        "recall",
        "specificity",
        "false_negative_rate",
        "false_positive_rate",
        "f1",
        "expected_cost",
    }
)
OF_CLASSES = frozenset({"accuracy", "balanced_accuracy", "recall_macro"})
LATENCIES = ("latency_p50_ms", "latency_p95_ms", "latency_p99_ms")
#: The first is at most so many times the second, whatever the errors are.
RISING = {
    ("mean_absolute_error", "root_mean_squared_error"): 1.0,
    ("median_absolute_error", "mean_absolute_error"): 2.0,
    ("median_absolute_error", "root_mean_squared_error"): sqrt(2.0),
    **dict.fromkeys(combinations(LATENCIES, 2), 1.0),
}
#: Pairs of which the first is nearly always smaller: a larger limit on it is void or a slip.
USUALLY_RISING = (
    ("mean_absolute_error", "root_mean_squared_error"),
    ("median_absolute_error", "root_mean_squared_error"),
    *combinations(LATENCIES, 2),
)

#: coefficients . unknowns <= bound
Row: TypeAlias = tuple[tuple[float, ...], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shares:
    """What is known of the classes: their shares, or nothing."""

    classes: tuple[float, ...] = ()
    positive: float | None = None
    deviation: float | None = None


@check(
    task="success_criteria",
    catalogue=("BU2-C3",),
    risks=("R03",),
    limits={"contradictions": none(), "out_of_order": none(warn=True), "doubled": none(warn=True)},
    seconds=120,
)
def criteria_do_not_contradict(
    evidence: Evidence, *, table: str = "raw", apart: list[str] | None = None
) -> Measurement:
    """Look for sets of criteria that no model could meet together."""
    chosen = criteria.measurable(evidence)
    if not chosen:
        return missing("no criterion names a metric and a limit; state one", path=evidence.phase_file)
    ids = [one.id for one in chosen]
    if unknown := [name for name in apart or () if name not in ids]:
        raise NotMeasurable(f"the setting apart names {unknown[0]!r}, no measurable criterion{hint(unknown[0], ids)}")
    together = [one for one in chosen if one.id not in (apart or ())]
    shares = _shares(evidence, table, together)
    impossible = [(one,) for one in chosen if _clash((one,), shares, evidence.task)]
    possible = [one for one in together if (one,) not in impossible]
    families = _families(possible, evidence.task, shares)
    related = {one.id for family in families for one in family}
    if not related and not impossible:
        return not_applicable(f"no two of the {len(chosen)} measurable criteria are on metrics that are related")
    sets = [*impossible, *(found for family in families for found in _smallest_sets(family, shares, evidence.task))]
    examined = len(related) + len(impossible)
    return Measurement(
        values={
            "contradictions": Findings(examined=examined, items=tuple(_contradiction(one) for one in sets)),
            "out_of_order": Findings(examined=examined, items=tuple(_out_of_order(possible))),
            "doubled": Findings(examined=examined, items=tuple(_doubled(possible))),
        },
        summary=_summary(len(related), len(chosen), sets),
        tables=(_table(chosen, families, [one.id for found in sets for one in found]),),
    )


def _summary(related: int, stated: int, sets: Sequence[Sequence[Requirement]]) -> str:
    if not sets:
        return f"{related} of {stated} criteria are on related metrics, and can all be met at once"
    told = "; ".join(" and ".join(one.id for one in found) for found in sets)
    return f"{len(sets)} sets of criteria cannot be met by any model: {told}"


def _shares(evidence: Evidence, table: str, chosen: Sequence[Requirement]) -> _Shares:
    """What the labelled rows say about classes and spread; nothing where there are no rows yet."""
    if evidence.task == "other" or not any(metrics()[str(one.metric)].needs != "operation" for one in chosen):
        return _Shares()
    try:
        rows = criteria.labelled(evidence, table)
    except MissingEvidence:
        return _Shares()
    if evidence.task == "regression":
        return _Shares(deviation=float(rows.target.std()))
    labels = rows.target.tolist()
    classes = tuple(labels.count(label) / len(labels) for label in sorted(set(labels), key=str))
    return _Shares(classes=classes, positive=criteria.share_of_positives(evidence, rows))


# --- what is related -----------------------------------------------------------------------------


def _families(chosen: Sequence[Requirement], task: str, shares: _Shares) -> list[list[Requirement]]:
    """Criteria whose metrics are tied to each other, two of them at least."""
    of_classes = OF_TWO_CLASSES if task == "binary_classification" else OF_CLASSES if shares.classes else frozenset()
    of_numbers = {name for pair in RISING for name in pair if name not in LATENCIES} | {"within_tolerance"}
    of_numbers |= {"r2"} if shares.deviation else set()
    names: list[frozenset[str]] = [of_classes, frozenset(of_numbers), frozenset(LATENCIES)]
    names += [frozenset({str(one.metric)}) for one in chosen if not any(one.metric in family for family in names)]
    families = [[one for one in chosen if one.metric in family] for family in dict.fromkeys(names)]
    return [family for family in families if len(family) > 1]


def _smallest_sets(family: Sequence[Requirement], shares: _Shares, task: str) -> Iterator[tuple[Requirement, ...]]:
    """Sets that clash and of which every part is possible; one criterion of each is set aside before the next."""
    left = list(family)
    for _ in range(MOST_SETS):
        if not _clash(left, shares, task):
            return
        clash = list(left)
        for one in left:
            rest = [other for other in clash if other is not one]
            if _clash(rest, shares, task):
                clash = rest
        yield tuple(clash)
        left.remove(clash[-1])


def _clash(chosen: Sequence[Requirement], shares: _Shares, task: str) -> bool:
    """Whether no model at all could meet these criteria together."""
    if _bounds_clash(chosen):
        return True
    of_classes = [one for one in chosen if one.metric in OF_TWO_CLASSES]
    if task == "binary_classification":
        return bool(of_classes) and not _possible_for_two(of_classes, shares.positive)
    of_classes = [one for one in chosen if one.metric in OF_CLASSES]
    if task == "multiclass_classification" and of_classes and shares.classes:
        return not _possible_for_many(of_classes, shares.classes)
    return task == "regression" and _errors_clash(chosen, shares.deviation)


def _bounds_clash(chosen: Sequence[Requirement]) -> bool:
    """Whether limits on one metric leave nothing between them, or lie outside of what the metric can be."""
    for name, low, high in _intervals(chosen):
        metric = metrics()[name[0]]
        least = -inf if metric.low is None else metric.low
        most = inf if metric.high is None else metric.high
        if max(low, least) > min(high, most) + SAME:
            return True
    known = {name[0]: (low, high) for name, low, high in _intervals(chosen)}
    return any(
        known[first][0] > factor * known[second][1] + SAME
        for (first, second), factor in RISING.items()
        if first in known and second in known
    )


def _intervals(chosen: Sequence[Requirement]) -> Iterator[tuple[tuple[str, Any], float, float]]:
    """What is left of each metric, with its parameters, when all limits on it hold."""
    found: dict[tuple[str, Any], list[tuple[float, float]]] = {}
    for one in chosen:
        found.setdefault((str(one.metric), tuple(sorted(one.parameters.items()))), []).append(criteria.bounds(one))
    for name, every in found.items():
        yield name, max(low for low, _ in every), min(high for _, high in every)


# --- two classes ---------------------------------------------------------------------------------


def _possible_for_two(chosen: Sequence[Requirement], positive: float | None) -> bool:
    """Whether some shares of found, missed, falsely alarmed and spared cases meet every limit."""
    if positive is not None:
        return _solvable(chosen, positive)
    return any(_solvable(chosen, percent / 100) for percent in range(1, 100))


def _solvable(chosen: Sequence[Requirement], positive: float) -> bool:
    from scipy.optimize import linprog

    rows = [row for one in chosen for row in _rows_of(one, positive)]
    solution = linprog(
        c=[0.0] * 4,
        A_ub=[list(coefficients) for coefficients, _ in rows] or None,
        b_ub=[bound + SAME for _, bound in rows] or None,
        A_eq=[[1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 1.0]],
        b_eq=[positive, 1 - positive],
        bounds=[(0.0, 1.0)] * 4,
        method="highs",
    )
    if solution.status not in {0, 2}:
        raise NotMeasurable(f"the linear programme could not be solved: {solution.message}")
    return bool(solution.status == 0)


def _rows_of(one: Requirement, positive: float) -> Iterator[Row]:
    """The criterion's limits as linear demands on (found, missed, falsely alarmed, spared)."""
    top, bottom = _ratio(one, positive)
    low, high = criteria.bounds(one)
    if isfinite(low):  # top >= low * bottom
        yield tuple(low * below - above for above, below in zip(top, bottom, strict=True)), 0.0
    if isfinite(high):
        yield tuple(above - high * below for above, below in zip(top, bottom, strict=True)), 0.0


def _ratio(one: Requirement, positive: float) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The metric as a ratio of two sums over (found, missed, falsely alarmed, spared)."""
    everything = (1.0, 1.0, 1.0, 1.0)
    match str(one.metric):
        case "recall":
            return (1, 0, 0, 0), (1, 1, 0, 0)
        case "false_negative_rate":
            return (0, 1, 0, 0), (1, 1, 0, 0)
        case "specificity":
            return (0, 0, 0, 1), (0, 0, 1, 1)
        case "false_positive_rate":
            return (0, 0, 1, 0), (0, 0, 1, 1)
        case "precision":
            return (1, 0, 0, 0), (1, 0, 1, 0)
        case "f1":
            return (2, 0, 0, 0), (2, 1, 1, 0)
        case "accuracy":
            return (1, 0, 0, 1), everything
        case "balanced_accuracy":
            return (0.5 / positive, 0, 0, 0.5 / (1 - positive)), everything
        case _:
            costs = {name: float(one.parameters.get(name, 0.0)) for name in ("false_positive", "false_negative")}
            return (0, costs["false_negative"], costs["false_positive"], 0), everything


# --- several classes, and numbers ----------------------------------------------------------------


def _possible_for_many(chosen: Sequence[Requirement], classes: Sequence[float]) -> bool:
    """Whether some recalls of the classes meet every limit on their weighted and their plain mean."""
    from scipy.optimize import linprog

    demands: list[Row] = []
    for one in chosen:
        weights = classes if one.metric == "accuracy" else [1 / len(classes)] * len(classes)
        low, high = criteria.bounds(one)
        if isfinite(low):
            demands.append((tuple(-weight for weight in weights), -low))
        if isfinite(high):
            demands.append((tuple(weights), high))
    solution = linprog(
        c=[0.0] * len(classes),
        A_ub=[list(coefficients) for coefficients, _ in demands],
        b_ub=[bound + SAME for _, bound in demands],
        bounds=[(0.0, 1.0)] * len(classes),
        method="highs",
    )
    return bool(solution.status == 0)


def _errors_clash(chosen: Sequence[Requirement], deviation: float | None) -> bool:
    """Whether limits on errors of a number exclude each other, R squared and shares within a tolerance included."""
    low: dict[str, float] = {}
    high: dict[str, float] = {}
    for name, least, most in _implied(chosen, deviation):
        low[name] = max(low.get(name, 0.0), least)
        high[name] = min(high.get(name, inf), most)
    pairs = {**RISING, **{(name, name): 1.0 for name in low}}
    return any(
        low[first] > factor * high[second] * (1 + SAME) + SAME
        for (first, second), factor in pairs.items()
        if first in low and second in high
    )


def _implied(chosen: Sequence[Requirement], deviation: float | None) -> Iterator[tuple[str, float, float]]:
    """What each criterion says about an error: its name, and between which values it must lie."""
    for one in chosen:
        least, most = criteria.bounds(one)
        if one.metric == "r2" and deviation:
            yield (
                "root_mean_squared_error",
                deviation * sqrt(max(0.0, 1 - most)) if isfinite(most) else 0.0,
                deviation * sqrt(max(0.0, 1 - least)) if isfinite(least) else inf,
            )
        elif one.metric == "within_tolerance":
            tolerance, outside = float(one.parameters.get("tolerance", 0.0)), max(0.0, 1 - most)
            yield "mean_absolute_error", tolerance * outside, inf
            yield "root_mean_squared_error", tolerance * sqrt(outside), inf
            if least >= 0.5:  # noqa: PLR2004 - half of the cases, which is where the median lies
                yield "median_absolute_error", 0.0, tolerance
        elif any(one.metric in pair for pair in RISING) and one.metric not in LATENCIES:
            yield str(one.metric), max(0.0, least), most


# --- slips ---------------------------------------------------------------------------------------


def _out_of_order(chosen: Sequence[Requirement]) -> Iterator[Finding]:
    for smaller, larger in USUALLY_RISING:
        for one, other in ((a, b) for a in chosen for b in chosen if (a.metric, b.metric) == (smaller, larger)):
            most, least_of_other = criteria.bounds(one)[1], criteria.bounds(other)[1]
            if isfinite(most) and most > least_of_other:
                message = (
                    f"{one.id} ({criteria.demand(one)}) is met by whatever meets {other.id} "
                    f"({criteria.demand(other)}); see whether the two numbers are mixed up"
                )
                yield Finding(message=message, path=one.place.path, line=one.place.line)


def _doubled(chosen: Sequence[Requirement]) -> Iterator[Finding]:
    for one, other in combinations(chosen, 2):
        if _says_of_what(one) == _says_of_what(other) and criteria.bounds(one) != criteria.bounds(other):
            message = (
                f"{one.id} and {other.id} set two limits for the same thing ({criteria.demand(one)}, "
                f"{criteria.demand(other)}); keep the one that counts"
            )
            yield Finding(message=message, path=other.place.path, line=other.place.line)


def _says_of_what(one: Requirement) -> tuple[Any, ...]:
    words = (" ".join((text or "").casefold().split()) for text in (one.population, one.window, one.source))
    return (one.level, one.metric, tuple(sorted(one.parameters.items())), *words)


def _contradiction(clash: Sequence[Requirement]) -> Finding:
    place = clash[-1].place
    told = " and ".join(f"{one.id} ({criteria.demand(one)})" for one in clash)
    if len(clash) == 1:
        message = f"{told} lies outside of what the metric can be; mend the limit"
    else:
        message = f"no model can meet {told} together; agree on which one comes first and move the other"
    return Finding(message=message, path=place.path, line=place.line)


def _table(chosen: Sequence[Requirement], families: Sequence[Sequence[Requirement]], clashing: Sequence[str]) -> Table:
    related: Mapping[str, list[str]] = {
        one.id: [other.id for other in family if other is not one] for family in families for one in family
    }
    rows = tuple(
        (
            one.id,
            criteria.demand(one),
            ", ".join(related.get(one.id, [])) or "no other criterion that can be related",
            "clashes" if one.id in clashing else "can be met" if one.id in related else "not judged",
        )
        for one in chosen
    )
    return Table(
        title="Criteria and what they are related to", columns=("id", "demand", "related to", "told"), rows=rows
    )


# --- examples ------------------------------------------------------------------------------------

_SICK = [int(row % 5 == 0) for row in range(100)]
_DATA = {"target": "sick", "positive": 1, "tables": {"raw": "raw.csv"}}


def _criterion(name: str, metric: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "level": "ml", "statement": f"{metric} is good", "metric": metric} | more


def _example(
    status: str, title: str, says: str, *criteria: dict[str, Any], task: str = "binary_classification", **files: Any
) -> Example:
    settings = {"apart": files.pop("apart")} if "apart" in files else {}
    return Example(
        status=status,
        title=title,
        config={"task": task, "data": _DATA},
        files=files.get("files", {"raw.csv": {"sick": _SICK}}),
        phase_file={"requirements": list(criteria), "checks": {"criteria_do_not_contradict": settings}},
        says=says,
    )


_COST = {"false_positive": 1.0, "false_negative": 10.0}

EXAMPLES = (
    _example(
        "pass",
        "a few missed, a few alarmed, little cost",
        "3 of 4 criteria are on related metrics",
        _criterion("B1", "false_negative_rate", at_most=0.15),
        _criterion("B2", "false_positive_rate", at_most=0.4),
        _criterion("E1", "expected_cost", at_most=0.5, parameters=_COST),
        _criterion("ML1", "roc_auc", at_least=0.9),
    ),
    _example(
        "fail",
        "so many found and so few alarms right do not fit so high an accuracy",
        "no model can meet B1 (recall between 0.4 and 0.5) and ML1 (accuracy at least 0.95) together",
        _criterion("B1", "recall", between=[0.4, 0.5]),
        _criterion("B2", "specificity", at_least=0.9),
        _criterion("ML1", "accuracy", at_least=0.95),
    ),
    _example(
        "fail",
        "a limit on the wrong side",
        "B1 (recall at least 0.9) and ML1 (recall at most 0.8)",
        _criterion("B1", "recall", at_least=0.9),
        _criterion("ML1", "recall", at_most=0.8),
    ),
    _example(
        "pass",
        "of two populations, said so",
        "can all be met at once",
        _criterion("B1", "recall", at_least=0.9),
        _criterion("B2", "specificity", at_least=0.9),
        _criterion("ML1", "recall", at_most=0.8),
        apart=["ML1"],
    ),
    _example(
        "fail",
        "a cost that no error can reach",
        "lies outside of what the metric can be",
        _criterion("E1", "expected_cost", at_least=20, parameters=_COST),
    ),
    _example(
        "fail",
        "the mean error cannot exceed the root mean squared one",
        "no model can meet",
        _criterion("ML1", "mean_absolute_error", between=[5, 6]),
        _criterion("ML2", "root_mean_squared_error", at_most=4),
        task="regression",
    ),
    _example(
        "fail",
        "R squared and error are tied by the target's spread",
        "no model can meet",
        _criterion("ML1", "r2", at_least=0.9),
        _criterion("ML2", "root_mean_squared_error", between=[0.3, 0.4]),
        task="regression",
    ),
    _example(
        "fail",
        "accuracy and macro recall of three classes",
        "no model can meet",
        _criterion("ML1", "accuracy", at_most=0.5),
        _criterion("ML2", "recall_macro", at_least=0.9),
        task="multiclass_classification",
        files={"raw.csv": {"sick": [0] * 60 + [1] * 20 + [2] * 20}},
    ),
    _example(
        "warn",
        "the median may take longer than the slowest",
        "mixed up",
        _criterion("A1", "latency_p50_ms", at_most=300),
        _criterion("A2", "latency_p99_ms", at_most=200),
    ),
    _example(
        "warn",
        "two limits for one thing",
        "keep the one that counts",
        _criterion("ML1", "roc_auc", at_least=0.9),
        _criterion("ML2", "roc_auc", at_least=0.95),
    ),
    _example(
        "not_applicable",
        "metrics that say nothing about each other",
        "no two of the 2 measurable criteria",
        _criterion("ML1", "roc_auc", at_least=0.9),
        _criterion("A1", "model_size_mb", at_most=5),
    ),
    _example("fail", "there is no criterion", "state one"),
    _example(
        "error",
        "a criterion set apart that does not exist",
        "did you mean 'ML1'?",
        _criterion("ML1", "roc_auc", at_least=0.9),
        apart=["ML11"],
    ),
)
