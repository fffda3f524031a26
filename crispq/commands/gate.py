"""`crispq gate`: measure what each phase demands, judge it, decide, record, and say so."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import crispq
from crispq.errors import LedgerDamaged, UsageMistake
from crispq.gate import library
from crispq.gate.plan import make_plan
from crispq.gate.run import CACHE_FOLDER, describe_plugins, run
from crispq.gate.verdict import decide
from crispq.ledger import append, project_lock, read
from crispq.ledger.store import LEDGER_FOLDER
from crispq.nouns import CheckSpec, Entry, EntryKind, Judgement, Plan, Project, Verdict
from crispq.process import find_phase, phases
from crispq.project import git, load_project
from crispq.render.json import result_of

Watch = Callable[[Plan, Judgement], None]


def unwatched(plan: Plan, judgement: Judgement) -> None:
    """Watch nothing."""
    del plan, judgement


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of asking a gate: the project and plan it was asked of, the verdict, and the facts around it."""

    project: Project
    plan: Plan
    verdict: Verdict
    entries: tuple[Entry, ...]
    commit: str | None
    dirty: bool
    recorded: Entry | None = None


def gate(  # noqa: PLR0913 - the verb's own options
    root: Path,
    asked: str | None = None,
    *,
    strict: bool = False,
    record: bool = True,
    only_cached: bool = False,
    watch: Watch = unwatched,
) -> Answer:
    """Ask whether the gate of phase `asked` opens; without a phase, whether every phase behind the team still does.

    A verdict on one phase that says something new is recorded in the ledger. watch: called with each judgement as
    it is made. only_cached: measure nothing anew.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with nullcontext() if only_cached else project_lock(root):
        entries = read(root)
        project = load_project(root)
        _refuse_tampering(root, project, entries)
        plan = make_plan(project, load_library(project), find_phase(asked).id if asked else None)
        judgements = {}
        for judgement in run(plan, entries, only_cached=only_cached, recall=may_recall(root)):
            judgements[judgement.check] = judgement
            watch(plan, judgement)
        verdict = decide(plan, judgements, strict=strict)
        answer = Answer(
            project=project,
            plan=plan,
            verdict=verdict,
            entries=entries,
            commit=git.commit(root),
            dirty=git.is_dirty(root),
        )
        return _recorded(root, answer) if record and verdict.asked else answer


def may_recall(root: Path) -> bool:
    """Whether kept measurements count: not in CI, and not when the branch itself brings them along."""
    return not os.environ.get("CI") and not git.tracks(root, CACHE_FOLDER)


def _refuse_tampering(root: Path, project: Project, entries: tuple[Entry, ...]) -> None:
    """What the ledger shows must not have been undone by hand: an entry deleted, or `phase:` moved back."""
    if deleted := git.deleted(root, LEDGER_FOLDER):
        raise LedgerDamaged(f"{deleted[0]} was deleted; restore it from git")
    moves = [one for one in entries if one.kind in {EntryKind.ADVANCE, EntryKind.BACK}]
    if not moves:
        return
    last = moves[-1]
    there = str(last.body.get("to")) if last.kind is EntryKind.ADVANCE else last.phase
    order = [phase.id for phase in phases()]
    if there in order and order.index(project.phase) < order.index(there):
        place = project.place_of("phase")
        raise UsageMistake(
            f"{place}: the ledger says that the team works in {there}; step back with "
            f"`crispq back {project.phase} --reason ...`, not by editing this line"
        )


def load_library(project: Project) -> library.Library:
    """The checks of installed packages and, described in a process of their own, of the project's plugins."""
    installed: tuple[CheckSpec, ...] = library.load(library.installed_packages())
    return library.merged((*installed, *describe_plugins(project.root, project.plugins)))


def now() -> str:
    """The time of an entry, in UTC; it informs, the chain orders."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def gate_body(answer: Answer) -> dict[str, Any]:
    """What a gate's entry says: the asked phase's verdict with every value, limit and input digest."""
    phase = next(one for one in answer.verdict.phases if one.phase == answer.verdict.asked)
    results = [result_of(one) for one in phase.judgements]
    lasting = [{key: value for key, value in one.items() if key not in {"seconds", "cached"}} for one in results]
    return {"opens": answer.verdict.opens, "reasons": list(phase.reasons), "results": lasting}


def _recorded(root: Path, answer: Answer) -> Answer:
    """The answer with its entry: a new one only when it says something that the last one did not."""
    asked = str(answer.verdict.asked)
    body = gate_body(answer)
    earlier = [one for one in answer.entries if one.kind is EntryKind.GATE and one.phase == asked]
    if earlier and _said(earlier[-1].body) == _said(body):
        return _with_entry(answer, earlier[-1])
    facts = {"commit": answer.commit or "", "dirty": answer.dirty, "crispq": crispq.__version__}
    entry = append(
        root, answer.entries, kind=EntryKind.GATE, phase=asked, body=body | facts, who=git.who(root), when=now()
    )
    return _with_entry(answer, entry)


def _said(body: Mapping[str, Any]) -> bytes:
    """What a gate's entry says, in canonical form: a 1.0 that was written and read again is the same 1."""
    import rfc8785

    return rfc8785.dumps({key: body.get(key) for key in ("opens", "reasons", "results")})


def _with_entry(answer: Answer, entry: Entry) -> Answer:
    entries = answer.entries if entry in answer.entries else (*answer.entries, entry)
    return replace(answer, recorded=entry, entries=entries)
