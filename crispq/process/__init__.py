"""CRISP-ML(Q) as data: phases, tasks, risks, documents and metrics, and how to find a phase by what people call it.

The words stand in the TOML files beside this module; whoever wants to change what the process says changes those.
This module only reads them. It knows nothing of projects, checks or gates.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

from crispq.errors import UsageMistake

__all__ = [
    "Document",
    "Metric",
    "Phase",
    "Risk",
    "Section",
    "Task",
    "documents",
    "documents_of",
    "find_phase",
    "metrics",
    "phases",
    "risks",
    "risks_of",
    "tasks",
    "tasks_of",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """One of the six phases; `folder` is its folder in a project, `aliases` are its names elsewhere."""

    id: str
    number: int
    title: str
    folder: str
    purpose: str
    source: str
    aliases: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A task the paper names: what it asks for, and the quality-assurance methods it gives ("none named" if none)."""

    id: str
    code: str
    phase: str
    title: str
    asks: str
    quality: str
    outputs: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """What may go wrong with one or more tasks, the home task first; `named_by_paper` is false where only implied."""

    id: str
    tasks: tuple[str, ...]
    title: str
    quality: str
    named_by_paper: bool
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A section a document must have, and what its writer should write there."""

    title: str
    guidance: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document of the life cycle; `from_tier` is the lowest tier that demands it."""

    id: str
    code: str
    phase: str
    file: str
    title: str
    from_tier: str
    purpose: str
    sections: tuple[Section, ...]
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A metric a requirement may name.

    `low` and `high` bound its values, None where unbounded. `tasks` are the learning tasks it fits; none means that
    it measures operation. `needs` is what it is computed from: labels, probabilities, values or operation.
    """

    name: str
    title: str
    low: float | None = None
    high: float | None = None
    greater_is_better: bool
    tasks: tuple[str, ...]
    needs: str
    parameters: tuple[str, ...]
    explanation: str
    source: str


@cache
def phases() -> tuple[Phase, ...]:
    """Return the six phases in order."""
    return tuple(Phase(**entry) for entry in _entries("phases"))


@cache
def tasks() -> tuple[Task, ...]:
    """Return the 30 tasks in the order of the paper."""
    return tuple(Task(**entry) for entry in _entries("tasks"))


@cache
def risks() -> tuple[Risk, ...]:
    """Return the 58 risks in the order of the paper."""
    return tuple(Risk(**entry) for entry in _entries("risks"))


@cache
def documents() -> tuple[Document, ...]:
    """Return the 18 documents in the order of the life cycle."""
    return tuple(
        Document(**{**entry, "sections": tuple(Section(**section) for section in entry["sections"])})
        for entry in _entries("documents")
    )


@cache
def metrics() -> Mapping[str, Metric]:
    """Return every metric by its name."""
    table = _read("metrics")
    return MappingProxyType({name: Metric(name=name, **_frozen(entry)) for name, entry in table.items()})


def tasks_of(phase_id: str) -> tuple[Task, ...]:
    """Return the tasks of a phase."""
    return tuple(task for task in tasks() if task.phase == phase_id)


def risks_of(phase_id: str) -> tuple[Risk, ...]:
    """Return the risks whose home task belongs to a phase."""
    at_home = {task.id for task in tasks_of(phase_id)}
    return tuple(risk for risk in risks() if risk.tasks[0] in at_home)


def documents_of(phase_id: str) -> tuple[Document, ...]:
    """Return the documents of a phase."""
    return tuple(document for document in documents() if document.phase == phase_id)


def find_phase(text: str) -> Phase:
    """Return the phase a person means by its id, number, folder or alias, or by a unique prefix of one of them.

    Whole names come first, then prefixes of ids, then prefixes of folders and aliases: "model" is modeling,
    "model_d" is deployment. Case does not matter, and "-" and " " are the same as "_".
    Raises UsageMistake if no phase or more than one fits.
    """
    wanted = _plain(text)
    fitting = _named(wanted) or (_begun(wanted) if wanted else ())
    if not fitting:
        raise UsageMistake(_unknown(text, wanted))
    if len(fitting) > 1:
        fits = " and ".join(phase.id for phase in fitting)
        raise UsageMistake(f"'{text}' fits more than one phase: {fits}. Write a few letters more.")
    return fitting[0]


def _named(name: str) -> tuple[Phase, ...]:
    return tuple(phase for phase in phases() if name == str(phase.number) or name in _names(phase))


def _begun(prefix: str) -> tuple[Phase, ...]:
    by_id = tuple(phase for phase in phases() if phase.id.startswith(prefix))
    return by_id or tuple(phase for phase in phases() if any(name.startswith(prefix) for name in _names(phase)))


def _unknown(text: str, wanted: str) -> str:
    near = difflib.get_close_matches(wanted, [name for phase in phases() for name in _names(phase)], n=1)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    return f"There is no phase '{text}'.{hint} The phases are: {', '.join(phase.id for phase in phases())}."


def _names(phase: Phase) -> tuple[str, ...]:
    return (phase.id, phase.folder, *phase.aliases)


def _plain(text: str) -> str:
    return text.strip().rstrip("/").casefold().replace("-", "_").replace(" ", "_")


def _entries(table: str) -> tuple[dict[str, Any], ...]:
    return tuple(_frozen(entry) for entry in _read(table)[table])


def _read(table: str) -> dict[str, Any]:
    return tomllib.loads((resources.files(__name__) / f"{table}.toml").read_text(encoding="utf-8"))


def _frozen(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
