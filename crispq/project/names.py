"""Names that must fit each other or the process: what no schema can say, each slip with its place and a hint."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from crispq.errors import hint
from crispq.evidence.positions import Location, Positioned
from crispq.nouns import PhasePlan
from crispq.process import Metric, documents_of, metrics, tasks_of
from crispq.project.models import PhaseFile, ProjectFile, RequirementModel

#: Table names that crispq's own checks look for; a name that is nearly one of them is taken for a slip.
TABLE_NAMES = ("raw", "train", "test", "production")


def of_project(written: Positioned, file: ProjectFile) -> Iterator[str]:
    """What does not fit in `crispq.yaml`."""
    for name in file.data.tables:
        if name not in TABLE_NAMES and (near := hint(name, TABLE_NAMES)):
            yield f"{written.place(('data', 'tables', name))}: unknown table {name!r}{near}"
    for name, model in file.models.items():
        for table in model.predictions:
            if table not in file.data.tables:
                place = written.place(("models", name, "predictions", table))
                yield f"{place}: no table {table!r} in data.tables{hint(table, file.data.tables)}"
        for index, used in enumerate(model.uses):
            if used not in file.models or used == name:
                place = written.place(("models", name, "uses", index))
                yield f"{place}: no other model {used!r}{hint(used, file.models)}"


def of_phase(phase: str, written: Positioned, file: PhaseFile) -> Iterator[str]:
    """What does not fit in one `phase.yaml`."""
    known_tasks = [task.id for task in tasks_of(phase)]
    for name in file.tasks:
        if name not in known_tasks:
            yield f"{written.place(('tasks', name))}: unknown task {name!r} in {phase}{hint(name, known_tasks)}"
    kinds = [document.id for document in documents_of(phase)]
    for name in file.documents:
        if name not in kinds and (near := hint(name, kinds)):
            yield f"{written.place(('documents', name))}: unknown document {name!r} in {phase}{near}"
    for index, requirement in enumerate(file.requirements):
        yield from _of_requirement(written, requirement, ("requirements", index))


def _of_requirement(written: Positioned, requirement: RequirementModel, here: Location) -> Iterator[str]:
    if requirement.metric is None:
        return
    metric = metrics().get(requirement.metric)
    if metric is None:
        place = written.place((*here, "metric"))
        yield f"{place}: unknown metric {requirement.metric!r}{hint(requirement.metric, metrics())}"
        return
    for key in requirement.parameters:
        if key not in metric.parameters:
            place = written.place((*here, "parameters", key))
            yield f"{place}: {metric.name} has no parameter {key!r}{hint(key, metric.parameters)}"
    for kind in ("at_least", "at_most", "between"):
        bound = getattr(requirement, kind)
        for number in bound if isinstance(bound, list) else [bound]:
            if number is not None and not _is_value_of(metric, number):
                span = f"between {_end(metric.low)} and {_end(metric.high)}"
                yield f"{written.place((*here, kind))}: {number:g} is no value of {metric.name}, which lies {span}"


def _is_value_of(metric: Metric, number: float) -> bool:
    return (metric.low is None or number >= metric.low) and (metric.high is None or number <= metric.high)


def _end(bound: float | None) -> str:
    return "any number" if bound is None else f"{bound:g}"


def twice(plans: Iterable[PhasePlan]) -> Iterator[str]:
    """Ids that stand twice: requirements in the project, risks in a phase."""
    seen: dict[str, str] = {}
    for plan in plans:
        for one in plan.requirements:
            if one.id in seen:
                yield f"{one.place}: the requirement {one.id!r} stands already at {seen[one.id]}"
            seen.setdefault(one.id, str(one.place))
        risks = [risk.id for risk in plan.risks]
        for index, risk in enumerate(plan.risks):
            if risk.id in risks[:index]:
                yield f"{risk.place}: the risk {risk.id!r} stands twice in {plan.path}"
