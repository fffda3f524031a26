"""`crispq advance` and `crispq back`: the two ways in which the team moves from one phase to another."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from crispq.commands.gate import Answer, Watch, gate, now, unwatched
from crispq.errors import UsageMistake
from crispq.gate.files import write_atomically
from crispq.ledger import append, project_lock, read
from crispq.nouns import Entry, EntryKind
from crispq.process import find_phase, phases
from crispq.project import git, load_project
from crispq.project.load import PROJECT_FILE


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """Where the team works now; `answer` is the gate that was asked, `entry` is None when nothing moved."""

    phase: str
    answer: Answer | None = None
    entry: Entry | None = None


def advance(root: Path, *, watch: Watch = unwatched) -> Moved:
    """Ask the gate of the phase the team works in; when it opens, record it and move `phase:` to the next one."""
    project = load_project(root)
    order = [phase.id for phase in phases()]
    if project.phase == order[-1]:
        message = f"{order[-1]} is never left; ask `crispq gate {len(order)}` whenever new data has arrived"
        raise UsageMistake(message)
    answer = gate(root, project.phase, watch=watch)
    if not answer.verdict.opens:
        return Moved(phase=project.phase, answer=answer)
    following = order[order.index(project.phase) + 1]
    passed = answer.recorded.digest if answer.recorded else ""
    with project_lock(root):
        moved = _with_phase(root, following)
        entry = append(
            root,
            read(root),
            kind=EntryKind.ADVANCE,
            phase=project.phase,
            body={"to": following, "gate": passed},
            who=git.who(root),
            when=now(),
        )
        write_atomically(root / PROJECT_FILE, moved)
    return Moved(phase=following, answer=answer, entry=entry)


def back(root: Path, phase: str, reason: str) -> Moved:
    """Record stepping back to an earlier phase, with the reason, and move `phase:` there."""
    project = load_project(root)
    target = find_phase(phase).id
    order = [one.id for one in phases()]
    if order.index(target) >= order.index(project.phase):
        message = f"the team works in {project.phase}; step back to a phase before it, not to {target}"
        raise UsageMistake(message)
    if not reason.strip():
        message = "say why with --reason: whoever reads the ledger later will ask"
        raise UsageMistake(message)
    with project_lock(root):
        moved = _with_phase(root, target)
        entry = append(
            root,
            read(root),
            kind=EntryKind.BACK,
            phase=target,
            body={"from": project.phase, "reason": reason.strip()},
            who=git.who(root),
            when=now(),
        )
        write_atomically(root / PROJECT_FILE, moved)
    return Moved(phase=target, entry=entry)


def _with_phase(root: Path, phase: str) -> bytes:
    """The bytes of `crispq.yaml` with the one value changed and nothing else, line ends included."""
    place = load_project(root).place_of("phase")
    lines = (root / PROJECT_FILE).read_bytes().splitlines(keepends=True)
    pattern = rb"""(\bphase["']?\s*:\s*)["']?\w+["']?"""
    lines[place.line - 1], count = re.subn(pattern, rb"\g<1>" + phase.encode(), lines[place.line - 1], count=1)
    if not count:
        message = f"{place}: cannot change this line; write `phase: {phase}` on it and try again"
        raise UsageMistake(message)
    return b"".join(lines)
