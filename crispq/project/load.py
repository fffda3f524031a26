"""Reads the project's files and turns them into a `Project`; tells every mistake at once, each with its place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from crispq.check import at_least, at_most, between, equals, none
from crispq.errors import ConfigurationMistake, UsageMistake, hint
from crispq.evidence.positions import Location, Positioned, read
from crispq.nouns import (
    CheckSetting,
    DataSpec,
    DocumentEntry,
    Level,
    Limit,
    ModelSpec,
    Person,
    PhasePlan,
    Project,
    Requirement,
    Risk,
    Severity,
    SignoffDemand,
    TaskAnswer,
    Tier,
)
from crispq.process import phases
from crispq.project import names
from crispq.project.models import CheckModel, LimitModel, PhaseFile, ProjectFile, RequirementModel, RiskModel

PROJECT_FILE = "crispq.yaml"
PHASE_FILE = "phase.yaml"

FileModel = TypeVar("FileModel", bound=BaseModel)


def find_root(start: Path) -> Path:
    """The nearest folder, from `start` upwards, that holds a `crispq.yaml`."""
    for folder in (start, *start.parents):
        if (folder / PROJECT_FILE).is_file():
            return folder
    message = f"no {PROJECT_FILE} here or above {start}; make a project with `crispq new DIR`"
    raise UsageMistake(message)


def load_project(root: Path) -> Project:
    """The project in the folder `root`. Raises ConfigurationMistake with every mistake of every file."""
    mistakes: list[str] = []
    whole, file = _load(root, PROJECT_FILE, ProjectFile, mistakes)
    if file is not None:
        mistakes += names.of_project(whole, file)
    plans = []
    for phase in phases():
        path = f"{phase.folder}/{PHASE_FILE}"
        written, phase_file = _load(root, path, PhaseFile, mistakes)
        if phase_file is not None:
            mistakes += names.of_phase(phase.id, written, phase_file)
            plans.append(_phase_plan(phase.id, phase.folder, written, phase_file))
    if not mistakes:
        mistakes += names.twice(plans)
    if mistakes or file is None:
        raise ConfigurationMistake(mistakes)
    return _project(root, whole, file, plans)


def _load(root: Path, path: str, model: type[FileModel], mistakes: list[str]) -> tuple[Positioned, FileModel | None]:
    try:
        written = read(root, path)
        return written, model.model_validate(written.value)
    except ConfigurationMistake as error:
        mistakes += error.mistakes
    except ValidationError as error:
        mistakes += [_tell(written, model, dict(one)) for one in error.errors()]
    return Positioned(path=path, value=None), None


# --- messages ----------------------------------------------------------------------------------


def _tell(written: Positioned, model: type[BaseModel], error: Mapping[str, Any]) -> str:
    place = written.place(error["loc"])
    above = ".".join(str(part) for part in error["loc"][:-1])
    if error["type"] == "extra_forbidden":
        key = str(error["loc"][-1])
        under = f" under {above}" if above else ""
        return f"{place}: unknown key {key!r}{under}{hint(key, _known_keys(model, error['loc'][:-1]))}"
    name = ".".join(str(part) for part in error["loc"])
    if error["type"] == "missing":
        return f"{place}: the key {str(error['loc'][-1])!r} is missing" + (f" under {above}" if above else "")
    told = error["msg"].removeprefix("Value error, ")
    told = told[:1].lower() + told[1:]
    return f"{place}: {name}: {told}" if name else f"{place}: {told}"


def _known_keys(model: type[BaseModel], location: Iterable[str | int]) -> list[str]:
    """The keys that may stand at `location` of a file of this model."""
    current: Any = model
    for part in location:
        if isinstance(current, type) and issubclass(current, BaseModel) and part in current.model_fields:
            current = _inner(current.model_fields[str(part)].annotation)
    if isinstance(current, type) and issubclass(current, BaseModel):
        return list(current.model_fields)
    return []


def _inner(annotation: Any) -> Any:
    """The model inside `list[...]`, `dict[str, ...]`, `... | None` and `Annotated`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in {Union, UnionType, list, dict} or hasattr(annotation, "__metadata__"):
        inner = (_inner(one) for one in get_args(annotation))
        return next((one for one in inner if isinstance(one, type) and issubclass(one, BaseModel)), None)
    return None


# --- to nouns ----------------------------------------------------------------------------------


def _project(root: Path, written: Positioned, file: ProjectFile, plans: Iterable[PhasePlan]) -> Project:
    data = file.data
    return Project(
        root=str(root),
        name=file.name,
        title=file.title,
        task=file.task,
        tier=Tier(file.tier),
        phase=file.phase,
        people=tuple(Person(name=one.name, email=one.email, roles=tuple(one.roles)) for one in file.people),
        data=DataSpec(
            target=data.target,
            positive=data.positive,
            key=data.key,
            group=data.group,
            time=data.time,
            sensitive=tuple(data.sensitive),
            tables=dict(data.tables),
            file=data.file,
            digest=data.digest,
            engine=data.engine,
        ),
        models=tuple(
            ModelSpec(
                name=name,
                estimator=one.estimator,
                artifact=one.artifact,
                predictions=dict(one.predictions),
                uses=tuple(one.uses),
            )
            for name, one in file.models.items()
        ),
        plugins=tuple(file.plugins),
        phases=tuple(plans),
        places={".".join(map(str, key)): place for key, place in written.places.items() if key},
    )


def _phase_plan(phase: str, folder: str, written: Positioned, file: PhaseFile) -> PhasePlan:
    place = written.place
    return PhasePlan(
        phase=phase,
        path=written.path,
        requirements=tuple(_requirement(one, written, index) for index, one in enumerate(file.requirements)),
        risks=tuple(_risk(one, written, index) for index, one in enumerate(file.risks)),
        tasks=tuple(
            TaskAnswer(
                task=name,
                place=place(("tasks", name)),
                answered_by=tuple(one.answered_by),
                not_applicable_because=one.not_applicable_because,
            )
            for name, one in file.tasks.items()
        ),
        checks=tuple(_check_setting(name, one, written) for name, one in file.checks.items()),
        documents=tuple(
            DocumentEntry(name=name, path=f"{folder}/{path}", place=place(("documents", name)))
            for name, path in file.documents.items()
        ),
        signoffs=tuple(
            SignoffDemand(role=one.role, place=place(("signoffs", index))) for index, one in enumerate(file.signoffs)
        ),
        commands=tuple(file.commands),
    )


def _requirement(one: RequirementModel, written: Positioned, index: int) -> Requirement:
    place = written.place(("requirements", index))
    return Requirement(
        id=one.id,
        level=one.level,
        statement=one.statement,
        place=place,
        metric=one.metric,
        parameters=dict(one.parameters),
        limit=_requirement_limit(one, written, index),
        unit=one.unit,
        population=one.population,
        window=one.window,
        source=one.source,
        owner=one.owner,
        serves=tuple(one.serves),
        not_measurable_because=one.not_measurable_because,
    )


def _requirement_limit(one: RequirementModel, written: Positioned, index: int) -> Limit | None:
    for kind in ("at_least", "at_most", "between"):
        bound = getattr(one, kind)
        if bound is not None:
            limit = between(*bound) if kind == "between" else (at_least if kind == "at_least" else at_most)(bound)
            return replace(limit, origin=f"{one.id} at {written.place(('requirements', index, kind))}")
    return None


def _risk(one: RiskModel, written: Positioned, index: int) -> Risk:
    assessed = one.severity is not None and one.likelihood is not None
    before = Severity(severity=one.severity or 0, likelihood=one.likelihood or 0) if assessed else None
    after = Severity(severity=one.after.severity, likelihood=one.after.likelihood) if one.after else before
    return Risk(
        id=one.id,
        place=written.place(("risks", index)),
        statement=one.statement or "",
        before=before,
        after=after,
        owner=one.owner,
        mitigations=tuple(one.mitigations),
        accepted_by=one.accepted_by,
        does_not_apply_because=one.does_not_apply_because,
    )


def _check_setting(name: str, one: CheckModel, written: Positioned) -> CheckSetting:
    here: Location = ("checks", name)
    settings = dict(one.model_extra or {})
    places = {key: written.place((*here, key)) for key in settings}
    places |= {f"limits.{key}": written.place((*here, "limits", key)) for key in one.limits}
    return CheckSetting(
        name=name,
        place=written.place(here),
        settings=settings,
        limits={key: _limit(limit, str(places[f"limits.{key}"])) for key, limit in one.limits.items()},
        level=Level(one.level) if one.level else None,
        command=one.command,
        task=one.task,
        places=places,
    )


def _limit(one: LimitModel, origin: str) -> Limit:
    number = float(one.warn) if one.warn is not None and not isinstance(one.warn, bool) else None
    min_n = one.min_n or 0
    if one.at_least is not None:
        limit = (
            at_least(one.at_least, min_n=min_n) if number is None else at_least(one.at_least, warn=number, min_n=min_n)
        )
    elif one.at_most is not None:
        limit = at_most(one.at_most, min_n=min_n) if number is None else at_most(one.at_most, warn=number, min_n=min_n)
    elif one.between is not None:
        limit = between(one.between[0], one.between[1], min_n=min_n)
    elif one.equals is not None:
        limit = equals(one.equals)
    else:
        limit = none(warn=bool(one.warn))
    return replace(limit, origin=origin)
