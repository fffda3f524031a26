"""The people who must sign this phase have signed what stands there today.

## Why
Some questions no program can answer: whether the scope is right, whether a remaining risk is bearable. For these a
named role takes the responsibility. A signature is worth something only for what was on the table when it was
given; whoever changes a document afterwards takes the signature off it.

## How it is measured
For each role under `signoffs` in `phase.yaml` the latest signature of that role for this phase is taken from the
ledger. It lists names (files, or `config:core` for what `crispq.yaml` says about task, tier and columns), each with
the sha256 it had. Every one is hashed again now. A sign-off is open when the role has not signed, when the
signature covers nothing, when anything it covers has changed since, or when nobody under `people` in `crispq.yaml`
holds the role. No open sign-off is allowed. Without any demanded role the check does not apply to a prototype, and
fails in the other tiers.

## How to mend it
Let the holder of the role read what changed and sign again with `crispq sign N --role ROLE` (N is the number of the
phase). Give roles to people under `people` in `crispq.yaml`.

## Source
CRISP-ML(Q) §3.1.6, p. 399 (review of the output documents and approval); §3.4, pp. 403-404 (the decision to deploy
is taken by domain experts and ML experts together).

## What it cannot see
Whether the signer read what was signed, and whether the person at the keyboard is who the ledger says. Which files
a signature covers is decided by `crispq sign`.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from crispq import (
    Evidence,
    Example,
    Finding,
    Findings,
    Measurement,
    NotMeasurable,
    Table,
    check,
    missing,
    none,
    not_applicable,
    phases,
)


@check(task="every_phase", catalogue=("BU6-C1", "FLOW-C6"), limits={"open": none()})
def signoffs_are_current(evidence: Evidence) -> Measurement:
    """Hold what each demanded signature covers against the bytes of today."""
    demands = evidence.signoff_demands
    if not demands:
        return _undemanded(evidence)
    bodies = {str(entry.body.get("role")): entry for entry in evidence.entries("signoff", evidence.phase)}
    number = next(phase.number for phase in phases() if phase.id == evidence.phase)
    found: list[Finding] = []
    rows = []
    for demand in demands:
        signed = bodies.get(demand.role)
        faults = (
            []
            if demand.role in evidence.roles
            else [f"nobody under people holds the role {demand.role!r}; name who does"]
        )
        if signed is None:
            faults.append(f"{demand.role} has not signed; sign with `crispq sign {number} --role {demand.role}`")
        else:
            faults += _outdated(evidence, demand.role, signed.body, number)
        found += [Finding(message=fault, path=evidence.phase_file, line=demand.place.line) for fault in faults]
        rows.append(
            (
                demand.role,
                signed.who if signed else None,
                signed.when if signed else None,
                "open" if faults else "current",
            )
        )
    closed = sum(row[-1] == "current" for row in rows)
    return Measurement(
        values={"open": Findings(examined=len(demands), items=tuple(found))},
        summary=f"{closed} of {len(demands)} demanded sign-offs are current",
        tables=(Table(title="Sign-offs", columns=("Role", "Signed by", "When", "State"), rows=tuple(rows)),),
    )


def _undemanded(evidence: Evidence) -> Measurement:
    if evidence.tier.value == "prototype":
        return not_applicable("a prototype needs no sign-off unless its phase.yaml demands one")
    return missing(
        "this phase does not say who must sign it; name at least one role under signoffs", path=evidence.phase_file
    )


def _outdated(evidence: Evidence, role: str, body: Mapping[str, Any], number: int) -> list[str]:
    subject = body.get("subject")
    if not isinstance(subject, Mapping):
        raise NotMeasurable(f"the signature of {role} in the ledger does not say what it covers")
    again = f"read it and sign again with `crispq sign {number} --role {role}`"
    if not subject:
        return [
            f"{role} signed nothing: the signature covers no file; sign again with `crispq sign {number} --role {role}`"
        ]
    changed = [name for name, digest in sorted(subject.items()) if digest is None or evidence.digest(name) != digest]
    return [f"{role} signed, but {name} changed since; {again}" for name in changed]


_SCOPE = "# Scope\n\nWhat it is for.\n"
_SIGNED = {
    "role": "ml_lead",
    "subject": {"1_business_and_data_understanding/scope.md": sha256(_SCOPE.encode()).hexdigest()},
}
_FIRST = "business_and_data_understanding"
_FILES = {"1_business_and_data_understanding/scope.md": _SCOPE}
_DEMANDED = {"signoffs": [{"role": "ml_lead"}]}

EXAMPLES = (
    Example(
        status="pass",
        title="signed as it stands",
        phase=_FIRST,
        files=_FILES,
        phase_file=_DEMANDED,
        entries=(("signoff", _FIRST, _SIGNED),),
        says="1 of 1 demanded sign-offs are current",
    ),
    Example(
        status="pass",
        title="signed again after a change",
        phase=_FIRST,
        files=_FILES,
        phase_file=_DEMANDED,
        entries=(
            ("signoff", _FIRST, _SIGNED | {"subject": {"1_business_and_data_understanding/scope.md": "0" * 64}}),
            ("signoff", _FIRST, _SIGNED),
        ),
    ),
    Example(
        status="fail",
        title="nobody has signed",
        phase=_FIRST,
        files=_FILES,
        phase_file=_DEMANDED,
        says="ml_lead has not signed; sign with `crispq sign 1 --role ml_lead`",
    ),
    Example(
        status="fail",
        title="signed for another phase",
        phase="data_preparation",
        files=_FILES,
        phase_file=_DEMANDED,
        entries=(("signoff", _FIRST, _SIGNED),),
        says="ml_lead has not signed",
    ),
    Example(
        status="fail",
        title="a document changed since",
        phase=_FIRST,
        files={"1_business_and_data_understanding/scope.md": _SCOPE + "And for more.\n"},
        phase_file=_DEMANDED,
        entries=(("signoff", _FIRST, _SIGNED),),
        says="scope.md changed since",
    ),
    Example(
        status="fail",
        title="a document is gone",
        phase=_FIRST,
        phase_file=_DEMANDED,
        entries=(("signoff", _FIRST, _SIGNED),),
        says="scope.md changed since",
    ),
    Example(
        status="fail",
        title="a signature that covers nothing",
        phase=_FIRST,
        phase_file=_DEMANDED,
        entries=(("signoff", _FIRST, {"role": "ml_lead", "subject": {}}),),
        says="the signature covers no file",
    ),
    Example(
        status="fail",
        title="nobody holds the role",
        phase=_FIRST,
        files=_FILES,
        phase_file={"signoffs": [{"role": "sponsor"}]},
        entries=(("signoff", _FIRST, _SIGNED | {"role": "sponsor"}),),
        says="nobody under people holds the role 'sponsor'",
    ),
    Example(status="fail", title="no role is demanded", phase=_FIRST, says="name at least one role under signoffs"),
    Example(
        status="not_applicable",
        title="a prototype that demands none",
        phase=_FIRST,
        config={"tier": "prototype"},
        says="a prototype needs no sign-off",
    ),
    Example(
        status="error",
        title="a signature that does not say what it covers",
        phase=_FIRST,
        phase_file=_DEMANDED,
        entries=(("signoff", _FIRST, {"role": "ml_lead"}),),
        says="does not say what it covers",
    ),
)
