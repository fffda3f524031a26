"""References: how a risk or a task of `phase.yaml` names what proves it, and whether that holds.

A reference is `CHECK` (of the same phase), `PHASE.CHECK`, `documents.NAME` or `signoffs.ROLE`. A check holds when its
result lets a gate open, a document when it is listed and exists, a sign-off when this phase demands it; whether the
role has signed is measured elsewhere, by `signoffs_are_current`.
"""

from __future__ import annotations

from collections.abc import Iterable

from crispq import Evidence, MissingEvidence, Status, phases

#: Signing waits until everything else is finished: what waits for this check would wait for ever.
SIGNATURES = "signoffs_are_current"
SYNTAX = "a check of this phase, PHASE.CHECK, documents.NAME or signoffs.ROLE"


def faults_of(evidence: Evidence, references: Iterable[str]) -> tuple[str, ...]:
    """For each reference that does not hold, one clause that says why; nothing when all hold."""
    told = (fault_of(evidence, reference) for reference in references)
    return tuple(one for one in told if one is not None)


def fault_of(evidence: Evidence, reference: str) -> str | None:
    """One clause that says why the reference does not hold; None when it holds."""
    kind, _, name = reference.partition(".")
    match kind:
        case "documents":
            return _fault_of_document(evidence, name)
        case "signoffs":
            return _fault_of_signoff(evidence, name)
        case _:
            return _fault_of_check(evidence, reference)


def _fault_of_document(evidence: Evidence, name: str) -> str | None:
    try:
        evidence.document(name)
    except MissingEvidence as absent:
        return f"documents.{name} does not hold: {absent.message}"
    return None


def _fault_of_signoff(evidence: Evidence, role: str) -> str | None:
    if role in {demand.role for demand in evidence.signoff_demands}:
        return None
    return f"signoffs.{role} does not hold: this phase demands no signature of the role {role!r}"


def _fault_of_check(evidence: Evidence, reference: str) -> str | None:
    order = [phase.id for phase in phases()]
    phase, _, name = reference.rpartition(".")
    phase = phase or evidence.phase
    if phase not in order:
        return f"{reference} names nothing that is known; name {SYNTAX}"
    if order.index(phase) > order.index(evidence.phase):
        return f"{reference} belongs to a later phase and cannot have worked yet"
    if (phase, name) == (evidence.phase, SIGNATURES):
        return f"{reference} waits for the signatures, which wait for this answer; name signoffs.ROLE instead"
    evidence.digest(f"config:{phase}.checks")
    check = f"{phase}.{name}"
    status = evidence.result(check)  # asked first: the trace must notice when a check of this name appears
    if not evidence.is_check(check):
        return f"{reference} does not hold: there is no check {check}; name {SYNTAX}"
    if status is None:
        return f"{reference} has no result that could be asked for here: it reads the results of others itself"
    if status is Status.NOT_APPLICABLE:
        return f"{reference} does not apply to this project and proves nothing"
    return None if status.opens else f"{reference} does not hold: it came to {status.value!r} just now"
