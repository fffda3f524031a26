"""What remains of every risk of this phase is small enough, or accepted by name.

## Why
CRISP-ML(Q) asks of every phase what may go wrong, and lets the next one begin only when what remains is bearable. A
risk that was never looked at, a mitigation that exists on paper only, and a remainder that nobody answers for are
the three ways in which a register looks full and protects nobody.

## How it is measured
Every risk that the process names for this phase must stand under `risks` in `phase.yaml`: assessed (severity and
likelihood from 1 to 5, and as owner a role that someone holds), or set aside under `does_not_apply_because` in at
least `fewest_words` words. A risk of the project's own needs a statement as well. As in a failure mode and effects
analysis, severity x likelihood is the score; `residual` is the score of each assessed risk after mitigation.
Default limits: above 12 is not acceptable; from 7 to 12 is a warning and needs `accepted_by`, a role that signs
this phase; so does a severity of 5 with a likelihood of 2 or more, whatever the product. 6 and 12 are the customary
borders of a 5 x 5 risk matrix. A risk that is said to be lower `after` than before needs a mitigation, and every
mitigation must hold: a check (`NAME` of this phase or `PHASE.NAME` of an earlier one) whose result opens a gate,
`documents.NAME` that is listed here or earlier and exists, or `signoffs.ROLE` that this phase demands. A check of a
later phase cannot have worked yet. If every risk is set aside, the check fails: a phase in which nothing can go
wrong was not looked at.

## How to mend it
Go to the line that is named. Assess the risk together with its owner; name what keeps it small; mend the check that
should; or let the role that signs accept what remains. What stays above the limit calls for a further mitigation,
another goal, or the end of the project.

## Source
CRISP-ML(Q) §3 and Figure 1, p. 395 (risks are identified and mitigated until they are acceptable); §3.1.6, p. 399
(ranked risks); §3.4, p. 404 (updated assessment such as FMEA). IEC 60812:2018 (failure modes and effects analysis).

## What it cannot see
Whether the numbers are honest, whether a mitigation fits its risk, and risks that nobody thought of. Severity and
likelihood are ranks: 12 is not twice as bad as 6, the product only sorts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from crispq import (
    Chart,
    Estimate,
    Evidence,
    Example,
    Finding,
    Findings,
    Measurement,
    Risk,
    Table,
    at_most,
    check,
    none,
    phases,
    risks_of,
)
from crispq_checks.references import faults_of

GRAVEST = 5


@check(
    task="every_phase",
    catalogue=("FLOW-C2", "FLOW-C3", "FLOW-C4", "BU6-C2"),
    limits={"unanswered": none(), "residual": at_most(12, warn=6), "not_accepted": none(), "unproven": none()},
    reads_results=True,
)
def risks_are_acceptable(evidence: Evidence, *, accept_above: int = 6, fewest_words: int = 3) -> Measurement:
    """Read the phase's risk register, and ask whether each mitigation holds."""
    register = evidence.risks
    unanswered = (*_absent(evidence), *_unanswered(evidence, fewest_words))
    assessed = sorted((risk for risk in register if risk.after), key=_residual, reverse=True)
    if not assessed:
        all_set_aside = Finding(
            message="every risk is said not to apply; assess those that could happen here", path=evidence.phase_file
        )
        return Measurement(missing=unanswered or (all_set_aside,))
    not_accepted = tuple(_not_accepted(evidence, assessed, accept_above))
    unproven = tuple(_unproven(evidence, assessed))
    expected = {risk.id for risk in risks_of(evidence.phase)} | {risk.id for risk in register}
    return Measurement(
        values={
            "unanswered": Findings(examined=len(expected), items=unanswered),
            "residual": {risk.id: Estimate(value=_residual(risk)) for risk in assessed},
            "not_accepted": Findings(examined=len(assessed), items=not_accepted),
            "unproven": Findings(examined=len(assessed), items=unproven),
        },
        summary=f"{len(assessed)} of {len(expected)} risks assessed; the gravest that remains is {assessed[0].id} with "
        f"{_residual(assessed[0])} of 25; {len(unanswered)} gaps, {len(not_accepted)} not accepted, "
        f"{len(unproven)} not proven",
        tables=(_table(assessed),),
        charts=(_chart(assessed),),
    )


def _residual(risk: Risk) -> int:
    return risk.after.product if risk.after else 0


def _titles() -> Mapping[str, str]:
    """The title of every risk that the process names, in any phase."""
    return {risk.id: risk.title for phase in phases() for risk in risks_of(phase.id)}


def _absent(evidence: Evidence) -> Iterator[Finding]:
    listed = {risk.id for risk in evidence.risks}
    for risk in risks_of(evidence.phase):
        if risk.id not in listed:
            message = f"{risk.id} is not answered ({risk.title.rstrip('.')}); add it under risks"
            yield Finding(message=message, path=evidence.phase_file)


def _unanswered(evidence: Evidence, fewest_words: int) -> Iterator[Finding]:
    named_by_process = _titles()
    for risk in evidence.risks:
        gaps = []
        if risk.id not in named_by_process and not risk.statement:
            gaps.append("a statement, for it is a risk of your own")
        if risk.does_not_apply_because is None:
            gaps += _gaps_of_assessment(evidence, risk)
        elif len(risk.does_not_apply_because.split()) < fewest_words:
            gaps.append(f"a reason of at least {fewest_words} words for which it does not apply")
        elif risk.before is not None:
            gaps.append("one answer: it is assessed and said not to apply")
        if gaps:
            yield _at(risk, f"{risk.id} lacks {', '.join(gaps)}")


def _gaps_of_assessment(evidence: Evidence, risk: Risk) -> Iterator[str]:
    if risk.before is None:
        yield "severity and likelihood (or does_not_apply_because)"
    if risk.owner is None:
        yield "an owner"
    elif risk.owner not in evidence.roles:
        yield f"an owner whose role someone holds: nobody under people is {risk.owner!r}"


def _not_accepted(evidence: Evidence, assessed: Sequence[Risk], accept_above: int) -> Iterator[Finding]:
    signing = {demand.role for demand in evidence.signoff_demands}
    for risk in assessed:
        if not _needs_acceptance(risk, accept_above):
            continue
        if risk.accepted_by is None:
            yield _at(
                risk,
                f"{risk.id} remains at {_in_words(risk)}; name under accepted_by the signing role that accepts this",
            )
        elif risk.accepted_by not in signing:
            yield _at(
                risk,
                f"{risk.id} is accepted by {risk.accepted_by!r}, who does not sign this phase; add it under signoffs",
            )


def _needs_acceptance(risk: Risk, accept_above: int) -> bool:
    grave = risk.after is not None and risk.after.severity == GRAVEST and risk.after.likelihood > 1
    return grave or _residual(risk) > accept_above


def _unproven(evidence: Evidence, assessed: Sequence[Risk]) -> Iterator[Finding]:
    for risk in assessed:
        if _is_lowered(risk) and not risk.mitigations:
            yield _at(risk, f"{risk.id} is said to be lower after mitigation, but no mitigation is named")
        for fault in faults_of(evidence, risk.mitigations):
            yield _at(risk, f"a mitigation of {risk.id} is not shown to work: {fault}")


def _is_lowered(risk: Risk) -> bool:
    if risk.before is None or risk.after is None:
        return False
    return risk.after.severity < risk.before.severity or risk.after.likelihood < risk.before.likelihood


def _at(risk: Risk, message: str) -> Finding:
    return Finding(message=message, path=risk.place.path, line=risk.place.line)


def _in_words(risk: Risk, *, before: bool = False) -> str:
    rated = risk.before if before else risk.after
    return f"{rated.severity} x {rated.likelihood} = {rated.product}" if rated else ""


def _table(assessed: Sequence[Risk]) -> Table:
    titles = _titles()
    return Table(
        title="Assessed risks, the gravest that remains first (severity x likelihood)",
        columns=("Risk", "Title", "Before", "After", "Owner"),
        rows=tuple(
            (risk.id, risk.statement or titles.get(risk.id), _in_words(risk, before=True), _in_words(risk), risk.owner)
            for risk in assessed
        ),
    )


def _chart(assessed: Sequence[Risk]) -> Chart:
    cells: dict[tuple[int, int], list[str]] = {}
    for risk in assessed:
        if risk.after:
            cells.setdefault((risk.after.severity, risk.after.likelihood), []).append(risk.id)
    points = [
        {"severity": severity, "likelihood": likelihood, "risks": len(names), "score": severity * likelihood}
        for (severity, likelihood), names in sorted(cells.items())
    ]
    scale = {"domain": [1, 2, 3, 4, 5]}
    gravest = assessed[0]
    position = {
        "x": {
            "field": "likelihood",
            "type": "ordinal",
            "title": "Likelihood",
            "scale": scale,
            "axis": {"labelAngle": 0},
        },
        "y": {"field": "severity", "type": "ordinal", "title": "Severity", "scale": {"domain": [5, 4, 3, 2, 1]}},
    }
    colour = {
        "field": "score",
        "type": "quantitative",
        "title": "Score",
        "scale": {"domain": [1, 25], "range": ["#ffffff", "#f4a582"]},
    }
    return Chart(
        title="Risks after mitigation",
        description=f"How many of the {len(assessed)} assessed risks remain at each severity and likelihood; "
        f"the gravest is {gravest.id} with {_in_words(gravest)}.",
        spec={
            "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
            "width": 300,
            "height": 240,
            "data": {"values": points},
            "encoding": position,
            "layer": [
                {"mark": {"type": "rect", "stroke": "#555555"}, "encoding": {"color": colour}},
                {
                    "mark": {"type": "text", "color": "#000000"},
                    "encoding": {"text": {"field": "risks", "type": "quantitative"}},
                },
            ],
        },
    )


_REASON = {"does_not_apply_because": "nothing of this kind exists here"}
_OTHERS = [{"id": risk.id, **_REASON} for risk in risks_of("deployment")[1:]]
_SMALL = {"id": "R47", "severity": 3, "likelihood": 2, "owner": "ml_lead"}
_LARGE = _SMALL | {"severity": 4, "likelihood": 3}
_LOWERED = _SMALL | {"severity": 4, "likelihood": 4, "after": {"severity": 3, "likelihood": 2}}
_CHECKED = _LOWERED | {"mitigations": ["documents_are_complete", "modeling.documents_are_complete"]}
_RESULTS = {"deployment.documents_are_complete": "pass", "modeling.documents_are_complete": "warn"}
_SIGNED = {"signoffs": [{"role": "ml_lead"}]}


def _in_deployment(
    status: str, title: str, risk: Mapping[str, object], says: str = "", *, signed: bool = False
) -> Example:
    """An example in which one risk of phase 5 is assessed as given and the others are set aside."""
    return Example(
        status=status,
        title=title,
        phase="deployment",
        phase_file={"risks": [risk, *_OTHERS], **(_SIGNED if signed else {})},
        results=_RESULTS,
        says=says,
    )


EXAMPLES = (
    _in_deployment("pass", "a small risk and four that do not apply", _SMALL, "R47 with 6 of 25"),
    _in_deployment("pass", "a risk that two checks keep small", _CHECKED),
    _in_deployment(
        "warn", "a larger risk that a signing role accepts", _LARGE | {"accepted_by": "ml_lead"}, signed=True
    ),
    _in_deployment(
        "fail", "a larger risk that nobody accepts", _LARGE, "R47 remains at 4 x 3 = 12; name under accepted_by"
    ),
    _in_deployment(
        "fail", "accepted by one who does not sign", _LARGE | {"accepted_by": "ml_lead"}, "who does not sign this phase"
    ),
    _in_deployment(
        "fail",
        "too large to be accepted",
        _SMALL | {"severity": 5, "likelihood": 3, "accepted_by": "ml_lead"},
        "R47 with 15 of 25",
        signed=True,
    ),
    _in_deployment("fail", "lower without any mitigation", _LOWERED, "no mitigation is named"),
    _in_deployment(
        "fail",
        "a mitigation of a later phase",
        _LOWERED | {"mitigations": "monitoring_and_maintenance.documents_are_complete"},
        "cannot have worked yet",
    ),
    _in_deployment(
        "fail",
        "a mitigation that refers to this check",
        _LOWERED | {"mitigations": "risks_are_acceptable"},
        "reads the results",
    ),
    _in_deployment(
        "fail",
        "a mitigation that is not known",
        _LOWERED | {"mitigations": "prayer"},
        "there is no check deployment.prayer",
    ),
    _in_deployment(
        "fail", "an owner whom nobody is", _SMALL | {"owner": "sponsor"}, "nobody under people is 'sponsor'"
    ),
    _in_deployment(
        "fail", "not assessed and not set aside", {"id": "R47"}, "severity and likelihood (or does_not_apply_because)"
    ),
    _in_deployment("fail", "everything is set aside", {"id": "R47", **_REASON}, "every risk is said not to apply"),
    Example(
        status="fail",
        title="the check that should keep it small failed",
        phase="deployment",
        phase_file={"risks": [_CHECKED, *_OTHERS]},
        results=_RESULTS | {"modeling.documents_are_complete": "fail"},
        says="modeling.documents_are_complete does not hold: it came to 'fail'",
    ),
    Example(
        status="fail",
        title="a risk of one's own without words",
        phase="deployment",
        phase_file={"risks": [_SMALL, _SMALL | {"id": "OWN1"}, *_OTHERS]},
        says="OWN1 lacks a statement",
    ),
    Example(
        status="fail",
        title="a risk that the process names is left out",
        phase="deployment",
        phase_file={"risks": [_SMALL, *_OTHERS[:-1]]},
        says="R51 is not answered",
    ),
    Example(status="fail", title="an empty register", phase="deployment", says="R47 is not answered"),
    Example(
        status="error",
        title="a document that should keep it small is not text",
        phase="deployment",
        files={"5_deployment/plan.md": b"# Plan \xff"},
        phase_file={
            "documents": {"fallback_plan": "plan.md"},
            "risks": [_LOWERED | {"mitigations": "documents.fallback_plan"}, *_OTHERS],
        },
        says="not UTF-8 at byte",
    ),
)
