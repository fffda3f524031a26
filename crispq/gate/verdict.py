"""Does a gate open: decided from what is required, never from what happened to run. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from crispq.gate.judge import closes, counts
from crispq.nouns import Judgement, PhaseVerdict, Plan, PlannedPhase, State, Status, Verdict

OPEN, CLOSED, USAGE, UNMEASURED, NOTHING_CHECKED, INTERRUPTED = 0, 1, 2, 3, 5, 130


def decide(plan: Plan, judgements: Mapping[str, Judgement], *, strict: bool = False) -> Verdict:
    """The verdict over every phase of the plan.

    judgements: by check id; a planned check without one keeps its gate shut. strict: a warning does too.
    """
    phases: list[PhaseVerdict] = []
    for planned in plan.phases:
        phases.append(_decide_phase(plan, planned, judgements, tuple(phases), strict=strict))
    made = tuple(one for phase in phases for one in phase.judgements)
    enforced = [phase for phase in phases if phase.enforced]
    opens = all(phase.opens for phase in enforced) and any(_was_checked(one) for one in made)
    return Verdict(
        asked=plan.asked,
        opens=opens,
        exit_code=_exit_code(opens=opens, enforced=enforced, made=made),
        phases=tuple(phases),
        summary=summary_line(made),
    )


def summary_line(judgements: tuple[Judgement, ...]) -> str:
    """The line that every output ends with."""
    if not judgements:
        return "0 checks: nothing was checked"
    count = counts(judgements)
    return (
        f"{len(judgements)} checks: {count[Status.PASS]} passed, {count[Status.WARN]} warned, "
        f"{count[Status.FAIL]} failed, {count[Status.INCONCLUSIVE]} inconclusive, {count[Status.ERROR]} errors, "
        f"{count[Status.NOT_APPLICABLE]} not applicable, {count[Status.WAIVED]} waived"
    )


def exit_code_of(judgements: tuple[Judgement, ...]) -> int:
    """The exit code of single checks that were asked without their gate."""
    if not any(_was_checked(one) for one in judgements):
        return NOTHING_CHECKED
    shutting = [one for one in judgements if closes(one)]
    if any(one.status is Status.ERROR for one in shutting):
        return UNMEASURED
    return CLOSED if shutting else OPEN


def _was_checked(judgement: Judgement) -> bool:
    return judgement.status is not Status.NOT_APPLICABLE


def _decide_phase(
    plan: Plan,
    planned: PlannedPhase,
    judgements: Mapping[str, Judgement],
    before: tuple[PhaseVerdict, ...],
    *,
    strict: bool,
) -> PhaseVerdict:
    found = tuple(judgements[one.id] for one in planned.checks if one.id in judgements)
    reasons = [f"{one.id} was not measured" for one in planned.checks if one.id not in judgements]
    reasons += [f"{one.check}: {one.summary or one.status.value}" for one in found if _shuts(one, strict=strict)]
    if not any(_was_checked(one) for one in found):
        reasons.append("nothing was checked in this phase")
    blocking = [phase.phase for phase in before if not phase.opens]
    reasons += [f"the gate of {phase} is closed" for phase in blocking]
    opens = not reasons
    return PhaseVerdict(
        phase=planned.phase,
        state=_state(plan, planned, opens=opens, blocked=bool(blocking), measured=bool(planned.checks)),
        enforced=planned.enforced,
        opens=opens,
        reasons=tuple(reasons),
        judgements=found,
    )


def _shuts(judgement: Judgement, *, strict: bool) -> bool:
    return closes(judgement) or (strict and judgement.status is Status.WARN)


def _state(plan: Plan, planned: PlannedPhase, *, opens: bool, blocked: bool, measured: bool) -> State:
    if not measured and planned.phase != plan.project.phase and not planned.enforced:
        return State.NOT_REACHED
    if planned.enforced:
        return State.PASSED if opens else State.BLOCKED if blocked else State.FAILED
    return State.BLOCKED if blocked else State.IN_WORK


def _exit_code(*, opens: bool, enforced: list[PhaseVerdict], made: tuple[Judgement, ...]) -> int:
    if not any(_was_checked(one) for one in made):
        return NOTHING_CHECKED
    if opens:
        return OPEN
    shutting = [one for phase in enforced for one in phase.judgements if closes(one)]
    if any(one.status is Status.ERROR for one in shutting):
        return UNMEASURED
    if enforced and not any(_was_checked(one) for phase in enforced for one in phase.judgements):
        return NOTHING_CHECKED
    return CLOSED
