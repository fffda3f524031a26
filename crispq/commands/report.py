"""`crispq report`: what the gate knows, as pages for readers who never open a terminal."""

from __future__ import annotations

from pathlib import Path

import crispq
from crispq.commands.gate import Answer, Watch, gate, now, unwatched
from crispq.errors import NotMeasurable
from crispq.evidence import Digests
from crispq.gate.files import write_atomically
from crispq.nouns import Entry, EntryKind
from crispq.process import find_phase, phases
from crispq.project import load_project
from crispq.render.html import Facts, Signature, pages

#: Where the pages go; projects keep it out of git.
FOLDER = "reports"
#: A report is for others to read.
READABLE = 0o644


def report(
    root: Path,
    phase: str | None = None,
    out: Path | None = None,
    *,
    watch: Watch = unwatched,
) -> list[Path]:
    """Write the report and return its files: the index and a page for each phase, or the page of `phase` alone.

    What was measured before and still holds is not measured again.
    """
    wanted = find_phase(phase).id if phase else None
    answer = gate(root, _asked(root, wanted), record=False, watch=watch)
    facts = Facts(version=crispq.__version__, when=now(), commit=answer.commit, dirty=answer.dirty)
    made = pages(
        answer.project, answer.verdict, facts, signatures=signatures(answer), entries=answer.entries, only=wanted
    )
    folder = out or root / FOLDER
    for name, text in made.items():
        write_atomically(folder / name, text.encode())
        (folder / name).chmod(READABLE)
    return [folder / name for name in made]


def signatures(answer: Answer) -> dict[str, tuple[Signature, ...]]:
    """By phase, each role that must sign it: who signed last, and what has changed since."""
    digests = Digests(answer.project, answer.entries, {})
    return {
        plan.phase: tuple(_signature(demand.role, plan.phase, answer, digests) for demand in plan.signoffs)
        for plan in answer.project.phases
    }


def _asked(root: Path, wanted: str | None) -> str | None:
    """The phase to ask the gate for: none where the team has been already, so that the report tells where it stands."""
    order = [one.id for one in phases()]
    return wanted if wanted and order.index(wanted) > order.index(load_project(root).phase) else None


def _signature(role: str, phase: str, answer: Answer, digests: Digests) -> Signature:
    given = [
        one
        for one in answer.entries
        if one.kind is EntryKind.SIGNOFF and one.phase == phase and one.body.get("role") == role
    ]
    if not given:
        return Signature(role=role)
    last = given[-1]
    return Signature(role=role, who=last.who, when=last.when, changed=_changed(last, digests))


def _changed(entry: Entry, digests: Digests) -> tuple[str, ...]:
    """What is no longer what was signed; a signature over nothing is not current either."""
    subject = entry.body.get("subject")
    if not isinstance(subject, dict) or not subject:
        return ("everything: the signature names nothing that was signed",)
    return tuple(name for name, digest in sorted(subject.items()) if _now(name, digests) != digest)


def _now(name: str, digests: Digests) -> str | None:
    """What stands behind the name now; a database that cannot be asked has not what was signed."""
    try:
        return digests(name)
    except NotMeasurable:
        return None
