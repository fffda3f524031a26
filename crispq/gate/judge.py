"""The only place where a value is held against a limit. Pure: no file, no clock, no library.

An estimate passes if it is finite and its whole interval lies on the right side of the limit; it fails if the whole
interval lies on the wrong side; between the two there is too little data to tell. An exact value passes or fails.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import ceil, inf, isfinite

from crispq.nouns import (
    GRAVITY,
    Estimate,
    Finding,
    Findings,
    JudgedValue,
    Judgement,
    Level,
    Limit,
    LimitKind,
    Measured,
    Measurement,
    PlannedCheck,
    Status,
)


def judge(planned: PlannedCheck, measured: Measured) -> Judgement:
    """Hold what was measured against what was planned; always exactly one status."""
    measurement = measured.measurement
    if measured.stale:
        return _without_values(planned, measured, Status.ERROR, measured.stale)
    if measurement is None:
        return _without_values(planned, measured, Status.ERROR, measured.error or "no measurement came back")
    if measurement.missing:
        judgement = _without_values(planned, measured, Status.FAIL, _first_of(measurement.missing))
        return replace(judgement, findings=measurement.missing)
    if measurement.not_applicable:
        return _without_values(planned, measured, Status.NOT_APPLICABLE, measurement.not_applicable)
    return _judge_values(planned, measured, measurement)


def _without_values(planned: PlannedCheck, measured: Measured, status: Status, summary: str) -> Judgement:
    return Judgement(planned=planned, measured=measured, status=status, summary=summary)


def _judge_values(planned: PlannedCheck, measured: Measured, measurement: Measurement) -> Judgement:
    values = tuple(_all_values(planned, measurement))
    statuses = [value.status for value in values if value.status is not None]
    if unmeasured := sorted(set(planned.limits) - set(measurement.values)):
        status, reason = Status.ERROR, f"no value for {', '.join(unmeasured)}, which has a limit"
    elif not statuses:
        status, reason = Status.ERROR, "nothing was judged: the measurement has no value with a limit"
    else:
        status = max(statuses, key=GRAVITY.index)
        reason = ""
    findings = tuple(_findings(measurement))
    return Judgement(
        planned=planned,
        measured=measured,
        status=status,
        summary=reason or _summary(status, values, findings, measurement),
        values=values,
        findings=findings,
    )


def _all_values(planned: PlannedCheck, measurement: Measurement) -> Iterator[JudgedValue]:
    for name, value in measurement.values.items():
        limit = planned.limits.get(name)
        if isinstance(value, Findings):
            yield _judge_findings(name, value, limit)
        elif isinstance(value, Estimate):
            yield judge_estimate(name, value, limit)
        elif value or limit is None:
            yield from _judge_each(name, value, limit, planned.required)
        else:
            yield _error(name, limit, "nothing was measured")


def _judge_each(
    name: str, values: Mapping[str, Estimate], limit: Limit | None, required: Mapping[str, Limit]
) -> Iterator[JudgedValue]:
    for key, estimate in values.items():
        if limit is not None and limit.kind is LimitKind.AS_REQUIRED:
            demanded = required.get(key)
            if demanded is None:
                yield _error(f"{name}.{key}", limit, f"no requirement {key!r} says what it must be")
                continue
            yield judge_estimate(f"{name}.{key}", estimate, replace(demanded, min_n=max(demanded.min_n, limit.min_n)))
        else:
            yield judge_estimate(f"{name}.{key}", estimate, limit)


def _judge_findings(name: str, findings: Findings, limit: Limit | None) -> JudgedValue:
    if limit is not None and findings.examined == 0 and not findings.items:
        return _error(name, limit, "nothing was examined")
    if limit is not None and limit.kind is not LimitKind.NONE:
        return judge_estimate(name, Estimate(value=len(findings.items)), limit)
    count = Estimate(value=len(findings.items), n=findings.examined)
    if limit is None:
        return JudgedValue(name=name, estimate=count, limit=None, status=None)
    bad = Status.WARN if limit.warn_only else Status.FAIL
    status = bad if findings.items else Status.PASS
    return JudgedValue(name=name, estimate=count, limit=limit, status=status)


def judge_estimate(name: str, estimate: Estimate, limit: Limit | None) -> JudgedValue:
    """Hold one estimate against one limit; without a limit it is only shown."""
    if limit is None:
        return JudgedValue(name=name, estimate=estimate, limit=None, status=None)
    status, reason = _decide(estimate, limit)
    return JudgedValue(name=name, estimate=estimate, limit=limit, status=status, reason=reason)


def _decide(estimate: Estimate, limit: Limit) -> tuple[Status, str]:
    low = estimate.value if estimate.low is None else estimate.low
    high = estimate.value if estimate.high is None else estimate.high
    if limit.kind in {LimitKind.NONE, LimitKind.AS_REQUIRED}:
        return Status.ERROR, f"the limit {limit.kind.value!r} does not fit a number"
    if not all(isfinite(one) for one in (estimate.value, low, high)):
        return Status.ERROR, f"{estimate.value} [{low}, {high}] is not a finite number"
    if not low <= estimate.value <= high:
        return Status.ERROR, f"{estimate.value} does not lie between its own bounds [{low}, {high}]"
    if limit.min_n and (estimate.n is None or estimate.n < limit.min_n):
        return Status.INCONCLUSIVE, f"{estimate.n or 0} observations, at least {limit.min_n} are needed to tell"
    if low >= limit.low and high <= limit.high:
        calm = low >= limit.warn_low and high <= limit.warn_high
        return (Status.PASS, "") if calm else (Status.WARN, "within the limit, but too near to be calm")
    if high < limit.low or low > limit.high:
        return Status.FAIL, ""
    return Status.INCONCLUSIVE, _what_would_settle(estimate, limit, low, high)


def _what_would_settle(estimate: Estimate, limit: Limit, low: float, high: float) -> str:
    """How many observations would settle it, if the value stayed: the width of an interval falls with 1/sqrt(n).

    They are of the kind that `n` counts: rows, groups, or only the rows behind the value. At this number the bound lies
    on the limit for the value as it is, so the odds are even.
    """
    edges = [edge for edge in (limit.low, limit.high) if low < edge < high or edge in {low, high}]
    reach = (
        max((estimate.value - low if estimate.value > edge else high - estimate.value) for edge in edges)
        if edges
        else 0.0
    )
    gap = min((abs(estimate.value - edge) for edge in edges), default=0.0)
    if not estimate.n or gap <= 0 or not isfinite(reach):
        return "the interval crosses the limit; more data is needed to tell"
    needed = estimate.n * (reach / gap) ** 2
    if needed == inf or needed > 1e12:  # noqa: PLR2004 - beyond any data set
        return "the interval crosses the limit; no amount of data would tell"
    told = f"about {ceil(needed):,} observations would settle it at even odds, {estimate.n:,} count here"
    return f"the interval crosses the limit; {told}"


def _error(name: str, limit: Limit | None, reason: str) -> JudgedValue:
    return JudgedValue(name=name, estimate=None, limit=limit, status=Status.ERROR, reason=reason)


def _findings(measurement: Measurement) -> Iterator[Finding]:
    for value in measurement.values.values():
        if isinstance(value, Findings):
            yield from value.items


def _summary(
    status: Status, values: tuple[JudgedValue, ...], findings: tuple[Finding, ...], measurement: Measurement
) -> str:
    gravest = next(value for value in values if value.status is status)
    if gravest.reason and status is not Status.PASS:
        told = f"{gravest.name}: {gravest.reason}"
        return f"{measurement.summary}; {told}" if measurement.summary else told
    if findings and status in {Status.FAIL, Status.WARN}:
        return measurement.summary or _first_of(findings)
    return measurement.summary


def _first_of(findings: tuple[Finding, ...]) -> str:
    return findings[0].message + (f" (and {len(findings) - 1} more)" if len(findings) > 1 else "")


def counts(judgements: tuple[Judgement, ...]) -> dict[Status, int]:
    """How many judgements came to each status."""
    return {status: sum(one.status is status for one in judgements) for status in Status}


def closes(judgement: Judgement) -> bool:
    """Whether this judgement keeps its gate shut."""
    return judgement.planned.level is Level.MUST and not judgement.status.opens
