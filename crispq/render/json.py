"""The JSON of a gate, `crispq/gate/1`: fields are added, never changed. No NaN, no control characters."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import isfinite
from typing import Any

from crispq.gate.wire import encode_finding
from crispq.nouns import JudgedValue, Judgement, Limit, LimitKind, PhaseVerdict, Verdict

SCHEMA = "crispq/gate/1"


def gate_json(verdict: Verdict, facts: Mapping[str, Any]) -> str:
    """The verdict as JSON text. facts: project, crispq, commit, dirty."""
    return json.dumps(gate_object(verdict, facts), indent=2, allow_nan=False) + "\n"


def gate_object(verdict: Verdict, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The verdict as plain values."""
    return {
        "schema": SCHEMA,
        **facts,
        "asked": verdict.asked,
        "opens": verdict.opens,
        "exit_code": verdict.exit_code,
        "summary": verdict.summary,
        "phases": [_phase(phase) for phase in verdict.phases],
    }


def _phase(phase: PhaseVerdict) -> dict[str, Any]:
    return {
        "phase": phase.phase,
        "state": phase.state.value,
        "enforced": phase.enforced,
        "opens": phase.opens,
        "reasons": list(phase.reasons),
        "results": [result_of(one) for one in phase.judgements],
    }


def result_of(judgement: Judgement) -> dict[str, Any]:
    """One judgement as plain values."""
    planned, measured = judgement.planned, judgement.measured
    return {
        "check": judgement.check,
        "task": planned.spec.task,
        "level": planned.level.value,
        "status": judgement.status.value,
        "summary": judgement.summary,
        "values": {value.name: _value(value) for value in judgement.values},
        "findings": [encode_finding(one) for one in judgement.findings],
        "inputs": [{"path": one.path, "sha256": one.sha256} for one in measured.inputs],
        "seconds": round(measured.seconds, 3),
        "cached": measured.cached,
        "waiver": None,
    }


def _value(value: JudgedValue) -> dict[str, Any]:
    estimate = value.estimate
    return {
        "value": finite(estimate.value) if estimate else None,
        "low": finite(estimate.low) if estimate else None,
        "high": finite(estimate.high) if estimate else None,
        "n": estimate.n if estimate else None,
        "level": finite(estimate.level) if estimate else None,
        "limit": limit_text(value.limit) if value.limit else None,
        "limit_from": value.limit.origin if value.limit else None,
        "status": value.status.value if value.status else None,
        "reason": value.reason,
    }


def finite(number: float | None) -> float | None:
    """The number where JSON can hold it."""
    return number if number is None or isfinite(number) else None


def limit_text(limit: Limit) -> str:
    """The demand in a few words, such as `>= 0.95`."""
    match limit.kind:
        case LimitKind.AT_LEAST:
            return f">= {limit.low:g}"
        case LimitKind.AT_MOST:
            return f"<= {limit.high:g}"
        case LimitKind.BETWEEN:
            return f"{limit.low:g} to {limit.high:g}"
        case LimitKind.EQUALS:
            return f"= {limit.low:g}"
        case LimitKind.NONE:
            return "none found"
        case LimitKind.AS_REQUIRED:
            return "as the requirement says"
