"""`crispq checks`: what the library can measure."""

from __future__ import annotations

from pathlib import Path

from crispq.commands.gate import load_library
from crispq.errors import UsageMistake, hint
from crispq.gate import library
from crispq.gate.library import EVERY_PHASE
from crispq.nouns import CheckSpec, Level, Tier
from crispq.process import find_phase, tasks
from crispq.project import find_root, load_project


def known_checks(start: Path) -> tuple[CheckSpec, ...]:
    """Every check: of installed packages and, inside a project, of its plugins."""
    try:
        root = find_root(start)
    except UsageMistake:
        return library.load(library.installed_packages())
    return load_library(load_project(root))


def list_checks(
    start: Path, *, phase: str | None = None, task: str | None = None, level: str | None = None, tier: str | None = None
) -> tuple[CheckSpec, ...]:
    """The checks that fit all the given filters. tier: those that are a must in this tier."""
    wanted = find_phase(phase).id if phase else None
    known = {EVERY_PHASE, *(one.id for one in tasks())}
    if task is not None and task not in known:
        message = f"unknown task {task!r}{hint(task, known)}; `crispq explain PHASE` lists tasks"
        raise UsageMistake(message)
    return tuple(
        spec
        for spec in known_checks(start)
        if wanted in {None, spec.phase}
        and task in {None, spec.task}
        and (level is None or spec.level is _member(Level, level))
        and (tier is None or (spec.level is Level.MUST and _tier(tier).includes(spec.tier)))
    )


def _member(kind: type[Level], text: str) -> Level:
    try:
        return kind(text)
    except ValueError as error:
        message = f"unknown level {text!r}; it is one of {', '.join(kind)}"
        raise UsageMistake(message) from error


def _tier(text: str) -> Tier:
    try:
        return Tier(text)
    except ValueError as error:
        message = f"unknown tier {text!r}; it is one of {', '.join(Tier)}"
        raise UsageMistake(message) from error
