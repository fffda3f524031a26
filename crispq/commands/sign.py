"""`crispq sign`: a role says yes to exactly the bytes that were measured."""

from __future__ import annotations

from pathlib import Path

from crispq.commands.gate import Answer, Watch, gate, now, unwatched
from crispq.errors import GateClosed, UsageMistake, hint
from crispq.evidence import Digests
from crispq.gate.judge import closes
from crispq.ledger import append, project_lock, read
from crispq.nouns import Entry, EntryKind, PhaseVerdict
from crispq.process import find_phase
from crispq.project import git

#: Signed beside the files: what the target, the keys and the kind of task are.
CORE = "config:core"


def sign(
    root: Path,
    phase: str,
    roles: tuple[str, ...],
    *,
    all_roles: bool = False,
    watch: Watch = unwatched,
) -> tuple[Entry, ...]:
    """Record that each role signs the phase: the digests of every file its checks read, and of its `phase.yaml`.

    Raises GateClosed when anything but a signature is still missing: what is signed must be what is finished.
    """
    target = find_phase(phase).id
    answer = gate(root, target, record=False, watch=watch)
    demanded = tuple(demand.role for demand in answer.project.plan_of(target).signoffs)
    wanted = demanded if all_roles else roles
    if not wanted:
        message = f"no role signs {target}; name roles under signoffs" if all_roles else "name a role with --role"
        raise UsageMistake(message)
    for role in wanted:
        if role not in demanded:
            asked = ", ".join(demanded) or "none"
            message = f"{role!r} is not asked to sign {target}{hint(role, demanded)}; asked are: {asked}"
            raise UsageMistake(message)
    _refuse_unfinished(answer, target)
    subject = _subject(answer, target)
    with project_lock(root):
        signed = []
        for role in wanted:
            body = {"role": role, "subject": subject, "commit": answer.commit or "", "dirty": answer.dirty}
            entry = append(
                root, read(root), kind=EntryKind.SIGNOFF, phase=target, body=body, who=git.who(root), when=now()
            )
            signed.append(entry)
    return tuple(signed)


def _phase_of(answer: Answer, target: str) -> PhaseVerdict:
    return next(phase for phase in answer.verdict.phases if phase.phase == target)


def _waits_for_signature(phase: PhaseVerdict, check: str) -> bool:
    judgement = next(one for one in phase.judgements if one.check == check)
    return any(one.path.startswith("ledger:signoff") for one in judgement.measured.inputs)


def _refuse_unfinished(answer: Answer, target: str) -> None:
    phase = _phase_of(answer, target)
    shut = [one for one in phase.judgements if closes(one) and not _waits_for_signature(phase, one.check)]
    before = [one.phase for one in answer.verdict.phases if one.enforced and not one.opens and one.phase != target]
    reasons = [f"{one.check}: {one.summary}" for one in shut] + [f"the gate of {one} is closed" for one in before]
    if reasons:
        listed = "\n".join(f"  {reason}" for reason in reasons)
        message = f"{target} is not ready to be signed; what is signed must be finished:\n{listed}"
        raise GateClosed(message)


def _subject(answer: Answer, target: str) -> dict[str, str]:
    """Name -> sha256 of all that the phase's checks read, except what exists to hold signatures."""
    phase = _phase_of(answer, target)
    digests = Digests(answer.project, answer.entries, {})
    names = {answer.project.plan_of(target).path, CORE}
    for judgement in phase.judgements:
        if not _waits_for_signature(phase, judgement.check):
            names |= {one.path for one in judgement.measured.inputs if one.is_content and one.sha256 is not None}
    found = {name: digests(name) for name in sorted(names)}
    return {name: digest for name, digest in found.items() if digest is not None}
