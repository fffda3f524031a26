"""Every requirement is linked to the business and can be measured.

## Why
A business goal that no measurable demand serves is never tested, and a demand that serves no business goal is work
for nobody. Both are found most cheaply while they are still lines in a file. What is not given a number before the
work begins is judged by taste after it.

## How it is measured
The requirements of the phase's own `phase.yaml` are followed along `serves`, also over several links and into
earlier phases. An orphan is: a name under `serves` that no requirement has; an ML or economic requirement that
leads to no business requirement; a business requirement without a metric of its own that no ML or economic
requirement leads to; a requirement with a metric but no limit. In the first phase each of the levels business, ml
and economic must have at least one requirement. An application requirement (latency, memory, ...), and every
requirement that is stated after the first phase, must have a metric and a limit, or say under
`not_measurable_because` why it has none. A later phase that states no requirement of its own is held to those it
inherits; they were examined where they stand. No orphan is allowed, because each one is a demand that later gates
cannot see.

## How to mend it
Go to the line that is named. Add the missing `serves`, `metric` and `at_least`, `at_most` or `between`; or write
down under `not_measurable_because` who will judge it instead, and how; or delete the requirement that nobody needs.

## Source
CRISP-ML(Q) §3.1.2, pp. 396-397 (measurable success criteria on three levels that fit each other); §3 and Figure 1,
p. 395 (every phase begins by defining requirements and constraints).

## What it cannot see
Whether a link is true: that a better ROC AUC really brings the business what it hopes for. Nor does it see whether
the limits are wise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from crispq import Evidence, Example, Finding, Findings, Measurement, Requirement, Table, check, missing, none, phases

SUCCESS_LEVELS = ("business", "ml", "economic")
Known = Mapping[str, Requirement]


@check(
    task="every_phase",
    catalogue=("FLOW-C1", "BU1-C4", "BU2-C2", "BU3-C7"),
    risks=("R03",),
    limits={"orphans": none()},
)
def requirements_are_covered(evidence: Evidence) -> Measurement:
    """Follow the links of the phase's requirements, and look for their metrics and limits."""
    own = evidence.own_requirements
    known = {one.id: one for one in evidence.requirements()}
    first = evidence.phase == phases()[0].id
    if not known:
        message = "no requirement is stated, here or in an earlier phase; write them under requirements"
        return missing(message, path=evidence.phase_file)
    found = [*_unlinked(own, known), *_unmeasurable(own, first=first)]
    if first:
        found += _absent_levels(own, evidence.phase_file)
    return Measurement(
        values={"orphans": Findings(examined=len(own) or len(known), items=tuple(found))},
        summary=_summary(len(own), len(known), len(found)),
        tables=(_table(own),) if own else (),
    )


def _unlinked(own: Sequence[Requirement], known: Known) -> Iterator[Finding]:
    served = {name for one in known.values() if one.level in {"ml", "economic"} for name in _roots(one, known)}
    for one in own:
        for name in one.serves:
            if name == one.id:
                yield _at(one, f"{one.id} serves itself; name the requirement that it is derived from")
            elif name not in known:
                yield _at(one, f"{one.id} serves {name!r}, which is not a requirement of this or an earlier phase")
        if one.level in {"ml", "economic"} and not any(known[root].level == "business" for root in _roots(one, known)):
            yield _at(one, f"{one.id} ({one.level}) serves no business requirement; name one under serves")
        if one.level == "business" and one.metric is None and one.id not in served:
            message = (
                f"{one.id} (business) has no metric and no ml or economic requirement serves it; state one that does"
            )
            yield _at(one, message)


def _roots(start: Requirement, known: Known) -> set[str]:
    """The ids of every requirement that is reached from `start` along `serves`."""
    reached: set[str] = set()
    waiting = list(start.serves)
    while waiting:
        name = waiting.pop()
        if name in known and name not in reached:
            reached.add(name)
            waiting += known[name].serves
    return reached


def _unmeasurable(own: Sequence[Requirement], *, first: bool) -> Iterator[Finding]:
    for one in own:
        if one.metric is not None and one.limit is None:
            message = f"{one.id} is measured by {one.metric} but has no limit; add at_least, at_most or between"
            yield _at(one, message)
        elif one.metric is None and one.not_measurable_because is None and not (first and one.level in SUCCESS_LEVELS):
            message = f"{one.id} ({one.level}) has no metric; add metric and limit, or not_measurable_because"
            yield _at(one, message)


def _absent_levels(own: Sequence[Requirement], path: str) -> Iterator[Finding]:
    for level in SUCCESS_LEVELS:
        if level not in {one.level for one in own}:
            message = f"no success criterion is stated on the level {level!r}; add a requirement with `level: {level}`"
            yield Finding(message=message, path=path)


def _at(requirement: Requirement, message: str) -> Finding:
    return Finding(message=message, path=requirement.place.path, line=requirement.place.line)


def _summary(own: int, known: int, found: int) -> str:
    if found:
        return f"{found} gaps in {own} requirements: links, metrics or limits are missing"
    if not own:
        return f"no requirement of its own; {known} inherited from earlier phases"
    return f"{own} requirements, each linked and with a limit or a reason where one is demanded"


def _table(own: Sequence[Requirement]) -> Table:
    return Table(
        title="Requirements stated in this phase",
        columns=("Requirement", "Level", "Statement", "Metric", "Serves"),
        rows=tuple((one.id, one.level, one.statement, one.metric, ", ".join(one.serves) or None) for one in own),
    )


_BUSINESS = {"id": "B1", "level": "business", "statement": "fewer than 3 in 100 parts are missed"}
_ML = {
    "id": "M1",
    "level": "ml",
    "statement": "parts told apart",
    "metric": "roc_auc",
    "at_least": 0.95,
    "serves": "B1",
}
_ECONOMIC = {"id": "E1", "level": "economic", "statement": "one hour saved on each shift", "serves": "M1"}
_APPLICATION = {"id": "A1", "level": "application", "statement": "answers at once"}
_FIRST = "business_and_data_understanding"
_PHASE_1 = {_FIRST: {"requirements": [_BUSINESS, _ML, _ECONOMIC]}}

EXAMPLES = (
    Example(
        status="pass",
        title="three levels linked to each other",
        phase=_FIRST,
        phase_file={"requirements": [_BUSINESS, _ML, _ECONOMIC]},
    ),
    Example(
        status="pass",
        title="a later phase inherits",
        phase="modeling",
        phase_files=_PHASE_1,
        says="3 inherited from earlier phases",
    ),
    Example(
        status="pass",
        title="an application requirement gives its reason",
        phase="deployment",
        phase_files=_PHASE_1,
        phase_file={
            "requirements": [_APPLICATION | {"not_measurable_because": "the users judge it in the field test"}]
        },
    ),
    Example(
        status="fail",
        title="a link leads nowhere",
        phase=_FIRST,
        phase_file={"requirements": [_BUSINESS, _ML | {"serves": ["B1", "B9"]}, _ECONOMIC]},
        says="M1 serves 'B9', which is not a requirement",
    ),
    Example(
        status="fail",
        title="an ML requirement serves nobody",
        phase="modeling",
        phase_files=_PHASE_1,
        phase_file={"requirements": [_ML | {"id": "M2", "serves": []}]},
        says="M2 (ml) serves no business requirement",
    ),
    Example(
        status="fail",
        title="requirements that serve only each other",
        phase=_FIRST,
        phase_file={
            "requirements": [_BUSINESS | {"metric": "recall", "at_least": 0.97}, _ML | {"serves": "E1"}, _ECONOMIC]
        },
        says="E1 (economic) serves no business requirement",
    ),
    Example(
        status="fail",
        title="a business goal that nothing measures",
        phase=_FIRST,
        phase_file={"requirements": [_BUSINESS, _BUSINESS | {"id": "B2"}, _ML, _ECONOMIC]},
        says="B2 (business) has no metric and no ml or economic requirement serves it",
    ),
    Example(
        status="fail",
        title="a metric without a limit",
        phase=_FIRST,
        phase_file={"requirements": [_BUSINESS, {k: v for k, v in _ML.items() if k != "at_least"}, _ECONOMIC]},
        says="M1 is measured by roc_auc but has no limit",
    ),
    Example(
        status="fail",
        title="no economic criterion",
        phase=_FIRST,
        phase_file={"requirements": [_BUSINESS, _ML]},
        says="on the level 'economic'",
    ),
    Example(
        status="fail",
        title="an application requirement without a number",
        phase=_FIRST,
        phase_file={"requirements": [_BUSINESS, _ML, _ECONOMIC, _APPLICATION]},
        says="A1 (application) has no metric",
    ),
    Example(status="fail", title="no requirement at all", phase="data_preparation", says="no requirement is stated"),
)
