"""Every success criterion can be measured.

## Why
"The model shall be good" cannot fail, so it cannot be met either. A criterion that names what is measured, on whom,
from which data, against which limit and who answers for it is the only kind that a later phase can hold the model to.

## How it is measured
The success criteria are the requirements of phase 1 on the levels business, ml and economic. Each must have

- a `metric`, and the `parameters` that the metric needs;
- a limit: `at_least`, `at_most` or `between` (whether there is one is looked at, not where it lies);
- a `unit`, unless the metric is a share, a ratio or a correlation, or has its unit in its name (`..._ms`, `..._mb`);
- a `population` (over whom or what it is measured) and a `source` (from which data);
- an `owner`: a role that a person in `crispq.yaml` holds;
- a metric that fits the project's task: a metric of regression says nothing about classes. A project of the task
  `other` may use any metric.

A criterion that says `not_measurable_because` is excused from all this, for some aims of a business cannot be put
into a number. But each of the three levels needs at least one criterion that is measurable. The limit is none: a
criterion is either measurable or it is a wish.

## How to mend it
Go to the line that is named and add the field. If nothing measurable comes to mind, ask: what would we see in which
data, if we had succeeded?

## Source
CRISP-ML(Q) §3.1.2, pp. 396-397: criteria on business, ML and economic level, each measurable.

## What it cannot see
Whether the limit is high enough, the metric the right one, and the population the one that will be met in use. The
owners of the criteria sign for that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from crispq import (
    Evidence,
    Example,
    Finding,
    Findings,
    Measurement,
    Requirement,
    Table,
    check,
    metrics,
    missing,
    none,
)

LEVELS = ("business", "ml", "economic")
#: Unbounded, and yet without a unit.
DIMENSIONLESS = frozenset({"log_loss", "mean_absolute_percentage_error"})
UNIT_IN_NAME = ("_ms", "_mb")


@check(
    task="success_criteria",
    catalogue=("BU2-C1",),
    risks=("R06",),
    limits={"not_measurable": none()},
    seconds=60,
)
def criteria_are_measurable(evidence: Evidence) -> Measurement:
    """Look at each success criterion for what it lacks."""
    criteria = [one for one in evidence.own_requirements if one.level in LEVELS]
    if not criteria:
        message = "no success criterion is stated; write at least one each on the levels business, ml and economic"
        return missing(message, path=evidence.phase_file)
    lacks = {one.id: tuple(_lacks(one, evidence.task, evidence.roles)) for one in criteria}
    found = [
        Finding(message=f"the criterion {one.id} {lack}", path=one.place.path, line=one.place.line)
        for one in criteria
        for lack in lacks[one.id]
    ]
    found += _empty_levels(evidence, criteria)
    measurable = sum(not lacks[one.id] and not one.not_measurable_because for one in criteria)
    return Measurement(
        values={"not_measurable": Findings(examined=len(criteria) + len(LEVELS), items=tuple(found))},
        summary=_summary(criteria, measurable),
        tables=(_table(criteria, lacks),),
    )


def _lacks(one: Requirement, task: str, roles: frozenset[str]) -> Iterator[str]:
    if one.not_measurable_because:
        if one.metric is not None:
            yield "names a metric and also says that it cannot be measured; delete one of the two"
        return
    if one.metric is None:
        yield "names no metric; name one, or say not_measurable_because"
    else:
        yield from _lacks_of_metric(one, one.metric, task)
    if one.limit is None:
        yield "has no limit; add at_least, at_most or between"
    if not (one.population or "").strip():
        yield "has no population; say over whom or what it is measured"
    if not (one.source or "").strip():
        yield "has no source; say from which data it is measured"
    if not one.owner:
        yield "has no owner; name the role that answers for it"
    elif one.owner not in roles:
        yield f"is owned by {one.owner!r}, a role that nobody holds (people: {', '.join(sorted(roles)) or 'none yet'})"


def _lacks_of_metric(one: Requirement, name: str, task: str) -> Iterator[str]:
    metric = metrics()[name]
    if metric.tasks and task != "other" and task not in metric.tasks:
        yield f"uses the metric {name}, which is for {' and '.join(metric.tasks)}; this project's task is {task}"
    if absent := [key for key in metric.parameters if key not in one.parameters]:
        yield f"uses the metric {name} without its parameters {' and '.join(absent)}; add them under parameters"
    dimensionless = metric.high is not None or name in DIMENSIONLESS or name.endswith(UNIT_IN_NAME)
    if not dimensionless and not (one.unit or "").strip():
        yield f"uses the metric {name} without a unit; say in which unit its limit is meant"


def _empty_levels(evidence: Evidence, criteria: Sequence[Requirement]) -> Iterator[Finding]:
    for level in LEVELS:
        on_level = [one for one in criteria if one.level == level]
        if not on_level:
            yield Finding(
                message=f"there is no success criterion on the level {level}; add one", path=evidence.phase_file
            )
        elif all(one.not_measurable_because for one in on_level):
            message = f"every criterion on the level {level} says that it is not measurable; add one that is"
            yield Finding(message=message, path=on_level[0].place.path, line=on_level[0].place.line)


def _summary(criteria: Sequence[Requirement], measurable: int) -> str:
    excused = sum(bool(one.not_measurable_because) for one in criteria)
    more = f", {excused} say why not" if excused else ""
    return f"{measurable} of {len(criteria)} success criteria are measurable{more}"


def _table(criteria: Sequence[Requirement], lacks: dict[str, tuple[str, ...]]) -> Table:
    rows = tuple(
        (
            one.id,
            one.level,
            one.statement,
            one.metric or "-",
            one.owner or "-",
            one.not_measurable_because or "; ".join(lacks[one.id]),
        )
        for one in criteria
    )
    return Table(
        title="Success criteria", columns=("id", "level", "statement", "metric", "owner", "what it lacks"), rows=rows
    )


_FIELDS: dict[str, object] = {
    "population": "all patients",
    "source": "the registry",
    "owner": "ml_lead",
    "at_least": 0.9,
}
_BUSINESS: dict[str, object] = {
    "id": "B1",
    "level": "business",
    "statement": "Few ill patients are missed",
    "metric": "recall",
    **_FIELDS,
}
_ML: dict[str, object] = {"id": "ML1", "level": "ml", "statement": "Ranks well", "metric": "roc_auc", **_FIELDS}
_COST: dict[str, object] = {
    "id": "E1",
    "level": "economic",
    "statement": "Errors stay cheap",
    "metric": "expected_cost",
    "parameters": {"false_positive": 1.0, "false_negative": 20.0},
    "unit": "EUR per patient",
    "population": "all patients",
    "source": "the registry",
    "owner": "ml_lead",
    "at_most": 2.0,
}


def _example(status: str, title: str, criteria: list[dict[str, object]], says: str, **config: str) -> Example:
    return Example(status=status, title=title, phase_file={"requirements": criteria}, config=config, says=says)


def _without(criterion: dict[str, object], *names: str) -> dict[str, object]:
    return {key: value for key, value in criterion.items() if key not in names}


_WISH: dict[str, object] = {
    "id": "B2",
    "level": "business",
    "statement": "Trust grows",
    "not_measurable_because": "trust has no unit",
}

EXAMPLES = (
    _example("pass", "each level has a measurable criterion", [_BUSINESS, _ML, _COST], "3 of 3 success criteria"),
    _example("pass", "a further aim says why it is no number", [_BUSINESS, _WISH, _ML, _COST], "1 say why not"),
    _example("fail", "a limit is missing", [_BUSINESS, _without(_ML, "at_least"), _COST], "ML1 has no limit"),
    _example(
        "fail",
        "nobody holds the owner's role",
        [_BUSINESS, _ML | {"owner": "sponsor"}, _COST],
        "nobody holds",
    ),
    _example("fail", "a cost has no unit", [_BUSINESS, _ML, _without(_COST, "unit")], "without a unit"),
    _example(
        "fail",
        "a cost lacks its parameters",
        [_BUSINESS, _ML, _without(_COST, "parameters")],
        "false_positive and false_negative",
    ),
    _example(
        "fail",
        "population and source are missing",
        [_BUSINESS, _without(_ML, "population", "source"), _COST],
        "has no population",
    ),
    _example(
        "fail",
        "the metric is for another task",
        [_BUSINESS, _ML, _COST],
        "this project's task is regression",
        task="regression",
    ),
    _example("fail", "a level is empty", [_BUSINESS, _ML], "no success criterion on the level economic"),
    _example("fail", "a level has wishes only", [_WISH, _ML, _COST], "is not measurable"),
    _example("fail", "there are no criteria", [], "no success criterion is stated"),
)
