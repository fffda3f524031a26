"""What is required before the question can be answered: pure, from the project and the library to a plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from crispq.errors import ConfigurationMistake, hint
from crispq.nouns import (
    CheckSetting,
    CheckSpec,
    Level,
    Limit,
    LimitKind,
    PhasePlan,
    Plan,
    PlannedCheck,
    PlannedPhase,
    Project,
    Tier,
)

#: What a check given by a command is held to when the project names no limit for it.
COMMAND_SECONDS = 600.0
COMMAND_MEGABYTES = 8_000
COMMAND_KEYS = ("command", "limits", "level", "task", "reads")


def make_plan(project: Project, library: Sequence[CheckSpec], asked: str | None) -> Plan:
    """Every check that the project needs, phase by phase.

    asked: the phase whose gate is asked for; None asks where the team works: the phases before that are enforced.
    Raises ConfigurationMistake, with every mistake at once, for settings that fit no check.
    """
    mistakes = [mistake for plan in project.phases for mistake in _mistakes(plan, library)]
    if mistakes:
        raise ConfigurationMistake(mistakes)
    order = [plan.phase for plan in project.phases]
    last = order.index(asked or project.phase)
    phases = []
    for index, plan in enumerate(project.phases):
        enforced = index < last or (asked is not None and index == last)
        reached = index <= last
        required = _required(project.phases[: index + 1])
        checks = tuple(_planned(project, plan, library, required)) if reached else ()
        phases.append(PlannedPhase(phase=plan.phase, enforced=enforced, checks=checks))
    return Plan(project=project, asked=asked, phases=tuple(phases))


def plan_only(project: Project, library: Sequence[CheckSpec]) -> Plan:
    """The plan of exactly the library's checks: nothing else of their phases is asked.

    Raises ConfigurationMistake, with every mistake at once, for settings that do not fit these checks.
    """
    known = {spec.id: spec for spec in library}
    chosen = [
        replace(plan, checks=tuple(one for one in plan.checks if f"{plan.phase}.{one.name}" in known))
        for plan in project.phases
    ]
    if mistakes := [mistake for plan in chosen for mistake in _mistakes(plan, library)]:
        raise ConfigurationMistake(mistakes)
    phases = []
    for index, plan in enumerate(chosen):
        checks = tuple(_planned(project, plan, library, _required(project.phases[: index + 1])))
        phases.append(PlannedPhase(phase=plan.phase, enforced=bool(checks), checks=checks))
    return Plan(project=project, asked=None, phases=tuple(phases))


def _required(plans: Iterable[PhasePlan]) -> dict[str, Limit]:
    return {one.id: one.limit for plan in plans for one in plan.requirements if one.limit is not None}


def _planned(
    project: Project, plan: PhasePlan, library: Sequence[CheckSpec], required: Mapping[str, Limit]
) -> Iterator[PlannedCheck]:
    said = {one.name: one for one in plan.checks}
    for spec in (one for one in library if one.phase == plan.phase):
        setting = said.get(spec.name)
        yield PlannedCheck(
            spec=spec,
            level=_level(spec, project.tier, setting),
            settings=dict(spec.settings) | dict(setting.settings if setting else {}),
            limits=dict(spec.limits) | dict(setting.limits if setting else {}),
            required=required,
        )
    for setting in plan.checks:
        if setting.command is not None:
            yield _planned_command(plan, setting, required)


def _planned_command(plan: PhasePlan, setting: CheckSetting, required: Mapping[str, Limit]) -> PlannedCheck:
    spec = CheckSpec(
        name=setting.name,
        phase=plan.phase,
        module="",
        title=f"The command {setting.command!r} measures what the project demands",
        words=f"A check of this project: it runs `{setting.command}` and judges the measurement that it prints.",
        task=setting.task or "",
        catalogue=(),
        risks=(),
        level=setting.level or Level.MUST,
        tier=Tier.PROTOTYPE,
        limits=setting.limits,
        settings=setting.settings,
        reads_results=False,
        code_digest="",
        seconds=COMMAND_SECONDS,
        megabytes=COMMAND_MEGABYTES,
        command=setting.command or "",
    )
    return PlannedCheck(
        spec=spec, level=spec.level, settings=setting.settings, limits=setting.limits, required=required
    )


def _level(spec: CheckSpec, tier: Tier, setting: CheckSetting | None) -> Level:
    default = Level.MUST if spec.level is Level.MUST and tier.includes(spec.tier) else Level.SHOULD
    return setting.level if setting and setting.level else default


def _mistakes(plan: PhasePlan, library: Sequence[CheckSpec]) -> Iterator[str]:
    known = {spec.name: spec for spec in library if spec.phase == plan.phase}
    for setting in plan.checks:
        spec = known.get(setting.name)
        if setting.command is not None:
            if spec is not None:
                yield f"{setting.place}: {setting.name!r} is a check of the library and takes no command"
            yield from _mistakes_of_command(setting)
        elif spec is None:
            yield f"{setting.place}: unknown check {setting.name!r} in {plan.phase}{hint(setting.name, known)}"
            for name in setting.settings:
                if near := hint(name, COMMAND_KEYS):
                    yield f"{setting.place_of(name)}: unknown setting {name!r}{near}"
        else:
            yield from _mistakes_of(setting, spec)


def _mistakes_of_command(setting: CheckSetting) -> Iterator[str]:
    for name in sorted(set(setting.settings) - {"reads"}):
        near = hint(name, COMMAND_KEYS)
        yield f"{setting.place_of(name)}: unknown key {name!r} of the command check {setting.name}{near}"
    if not setting.limits:
        yield f"{setting.place}: the command check {setting.name!r} needs at least one limit"


def _mistakes_of(setting: CheckSetting, spec: CheckSpec) -> Iterator[str]:
    for name in sorted(set(setting.settings) - set(spec.settings)):
        every = [*spec.settings, "limits", "level"]
        yield f"{setting.place_of(name)}: unknown setting {name!r} of the check {spec.name}{hint(name, every)}"
    for name, value in sorted(setting.settings.items()):
        if name in spec.settings and not _is_like(value, spec.settings[name]):
            default_value = spec.settings[name]
            yield f"{setting.place_of(name)}: {name!r} of {spec.name} must be like its default {default_value!r}"
    for name, limit in sorted(setting.limits.items()):
        default = spec.limits.get(name)
        if default is None:
            place = setting.place_of(f"limits.{name}")
            yield f"{place}: the check {spec.name} has no value {name!r}{hint(name, spec.limits)}"
        elif default.kind is LimitKind.AS_REQUIRED:
            place = setting.place_of(f"limits.{name}")
            yield f"{place}: {name!r} of {spec.name} is judged by the requirements; change the requirement instead"
        elif (default.kind is LimitKind.NONE) and limit.kind not in {LimitKind.NONE, LimitKind.AT_MOST}:
            yield f"{setting.place}: {name!r} of {spec.name} counts findings: only none or at_most fit"
    if setting.level is Level.SHOULD and spec.level is Level.MUST:
        yield f"{setting.place}: {spec.name} is a must; a project cannot make it a should"


def _is_like(value: object, default: object) -> bool:
    """Whether a setting is of its default's kind; a default of None says nothing."""
    if default is None or isinstance(default, list | tuple):
        return default is None or isinstance(value, list)
    number = (int, float)
    if isinstance(default, number) and not isinstance(default, bool):
        return isinstance(value, number) and not isinstance(value, bool)
    return isinstance(value, type(default))
