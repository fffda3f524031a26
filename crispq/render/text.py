"""A verdict as lines for a terminal. Text is for people and not to be parsed; control characters are taken out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from crispq.gate.run import NOT_MEASURED
from crispq.nouns import (
    CheckSpec,
    Finding,
    JudgedValue,
    Judgement,
    Level,
    PhaseVerdict,
    Project,
    State,
    Status,
    Verdict,
)
from crispq.process import phases
from crispq.render.json import limit_text

SIGNS = {
    Status.PASS: "ok",
    Status.WARN: "warn",
    Status.FAIL: "FAIL",
    Status.INCONCLUSIVE: "unsure",
    Status.NOT_APPLICABLE: "n/a",
    Status.ERROR: "ERROR",
    Status.WAIVED: "waived",
}
STATES = {
    State.PASSED: "open",
    State.FAILED: "CLOSED",
    State.IN_WORK: "in work",
    State.BLOCKED: "blocked",
    State.NOT_REACHED: "not reached",
}
MOST_FINDINGS = 12
MOST_STALE = 5


def clean(text: str) -> str:
    """The text without control characters: nothing in a project may steer a terminal."""
    return "".join(character if character.isprintable() or character == " " else " " for character in text)


def gate_text(verdict: Verdict, *, verbose: bool = False) -> str:
    """The verdict as lines: each phase, what speaks against it, and the summary."""
    lines = [line for phase in verdict.phases for line in _phase(phase, verbose=verbose)]
    return "\n".join([*lines, "", _answer(verdict), verdict.summary])


def checks_text(judgements: Sequence[Judgement], summary: str) -> str:
    """Single checks as lines, whatever they came to, and the summary."""
    lines = [line for judgement in judgements for line in _judgement(judgement, verbose=True)]
    return "\n".join([*lines, "", summary])


def _answer(verdict: Verdict) -> str:
    if verdict.asked:
        return f"The gate of {verdict.asked} is {'open' if verdict.opens else 'closed'}."
    enforced = [phase for phase in verdict.phases if phase.enforced]
    if not enforced and verdict.opens:
        return "No phase is left behind yet, so nothing is enforced: the current phase shows what it still lacks."
    return "Every phase behind the team is open." if verdict.opens else "A phase behind the team is closed."


def _phase(phase: PhaseVerdict, *, verbose: bool) -> Iterator[str]:
    known = next(one for one in phases() if one.id == phase.phase)
    if phase.state is State.NOT_REACHED:
        yield f"{known.number} {known.title}: not reached"
        return
    opened = sum(one.opens for one in phase.judgements)
    count = f"{opened} of {len(phase.judgements)} do not stand in the way"
    yield f"{known.number} {known.title}: {STATES[phase.state]} ({count})"
    for reason in phase.reasons:
        if not any(reason.startswith(one.check) for one in phase.judgements):
            yield f"    {clean(reason)}"
    for judgement in phase.judgements:
        if verbose or judgement.status not in {Status.PASS, Status.NOT_APPLICABLE}:
            yield from _judgement(judgement, verbose=verbose)


def _judgement(judgement: Judgement, *, verbose: bool) -> Iterator[str]:
    spec = judgement.planned.spec
    name = f"{spec.name} (should)" if judgement.planned.level is Level.SHOULD else spec.name
    yield f"  {SIGNS[judgement.status]:>6} {name}: {clean(judgement.summary or spec.title)}"
    for value in judgement.values:
        if (
            value.estimate
            and value.limit
            and (verbose or value.status is not Status.PASS)
            and not _counts_findings(value)
        ):
            yield f"           {clean(value_text(value))}"
    shown = judgement.findings if verbose else judgement.findings[:MOST_FINDINGS]
    for finding in shown:
        yield f"           {clean(finding_text(finding))}"
    if len(judgement.findings) > len(shown):
        yield f"           ... and {len(judgement.findings) - len(shown)} more"


def _counts_findings(value: JudgedValue) -> bool:
    return value.limit is not None and limit_text(value.limit) == "none found"


def value_text(value: JudgedValue) -> str:
    """The value with its bounds, its limit and where the limit comes from."""
    estimate = value.estimate
    if estimate is None:
        return f"{value.name}: {value.reason}"
    bounds = "" if estimate.exact else f" [{number(estimate.low)}, {number(estimate.high)}]"
    count = "" if estimate.n is None else f", n = {estimate.n:,}"
    demanded = f"; demanded {limit_text(value.limit)} ({value.limit.origin})" if value.limit else ""
    return f"{value.name} = {number(estimate.value)}{bounds}{count}{demanded}"


def number(value: float | None) -> str:
    """The number with four significant digits, whole numbers whole."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if float(value).is_integer() and abs(value) < 1e15 else f"{value:.4g}"  # noqa: PLR2004


def finding_text(finding: Finding) -> str:
    """`path:line: message`, with what is known of it."""
    place = ":".join(str(part) for part in (finding.path, finding.line) if part is not None)
    told_already = finding.path is not None and finding.message.startswith(finding.path)
    return f"{place}: {finding.message}" if place and not told_already else finding.message


def status_text(project: Project, verdict: Verdict) -> str:
    """One screen: six phases, where each stands, what stands in its way, what is stale and why."""
    lines = [f"{clean(project.title)} ({project.name}), tier {project.tier.value}", ""]
    for phase in verdict.phases:
        known = next(one for one in phases() if one.id == phase.phase)
        here = " <- the team works here" if phase.phase == project.phase else ""
        lines.append(f"{known.number} {known.title}: {STATES[phase.state]}{here}")
        lines += _status_lines(phase)
    return "\n".join([*lines, "", verdict.summary])


def _status_lines(phase: PhaseVerdict) -> Iterator[str]:
    unmeasured = [one for one in phase.judgements if one.measured.stale == NOT_MEASURED]
    stale = [one for one in phase.judgements if one.measured.stale and one.measured.stale != NOT_MEASURED]
    shut = [one for one in phase.judgements if not one.opens and not one.measured.stale]
    for one in shut:
        yield f"    {SIGNS[one.status]:>6} {one.planned.spec.name}: {clean(one.summary)}"
    for one in stale[:MOST_STALE]:
        yield f"     stale {one.planned.spec.name}: {clean(one.measured.stale)}"
    if len(stale) > MOST_STALE:
        yield f"     stale ... and {len(stale) - MOST_STALE} more"
    if unmeasured:
        yield f"           {len(unmeasured)} of {len(phase.judgements)} checks were not measured yet; run `crispq gate`"


def check_lines(specs: Sequence[CheckSpec]) -> str:
    """One line a check, under its phase."""
    lines: list[str] = []
    for phase in phases():
        found = [spec for spec in specs if spec.phase == phase.id]
        if found:
            lines += [f"{phase.number} {phase.title}"]
            lines += [f"  {spec.level.value:6} {spec.name}: {clean(spec.title)}" for spec in found]
    return "\n".join([*lines, f"{len(specs)} checks"])
