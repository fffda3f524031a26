"""The report's words: what a status, a limit, a bound or a state is called before people who never open a terminal."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from math import floor, isfinite, log10
from types import MappingProxyType

from crispq.nouns import Estimate, JudgedValue, Limit, LimitKind, State, Status
from crispq.render.text import number


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A status as the page shows it: a word and a sign, never a colour alone. `key` names sign and colour."""

    key: str
    word: str
    meaning: str


MARKS: Mapping[Status, Mark] = MappingProxyType(
    {
        Status.PASS: Mark(key="pass", word="met", meaning="It was measured, and what was demanded holds."),
        Status.WARN: Mark(
            key="warn", word="met, with a warning", meaning="It holds, but so narrowly that somebody should look."
        ),
        Status.FAIL: Mark(
            key="fail", word="not met", meaning="It was looked at, and what was demanded does not hold or is not there."
        ),
        Status.INCONCLUSIVE: Mark(
            key="unsure",
            word="cannot be told",
            meaning="There is too little data to say yes or no. That does not open a gate.",
        ),
        Status.ERROR: Mark(
            key="error",
            word="could not be measured",
            meaning="The measurement itself failed or is out of date. That does not open a gate.",
        ),
        Status.NOT_APPLICABLE: Mark(
            key="na",
            word="does not apply",
            meaning="The question has no meaning for this project; the rule that says so is given.",
        ),
        Status.WAIVED: Mark(
            key="waived", word="waived", meaning="It does not hold, and a named person accepts that for a limited time."
        ),
    }
)
NOT_MEASURED = Mark(key="none", word="not measured yet", meaning="No check has measured it so far.")
FOR_PEOPLE = Mark(
    key="people", word="for people to judge", meaning="It cannot be measured; the reason is given, and people decide."
)
IN_PLACE = Mark(key="pass", word="in place", meaning="")
INCOMPLETE = Mark(key="unsure", word="there, but not finished", meaning="")
ABSENT = Mark(key="fail", word="not in place", meaning="")
UNSEEN = Mark(key="none", word="nobody looked", meaning="")
CURRENT = Mark(key="pass", word="signed, and current", meaning="")
OUTDATED = Mark(key="unsure", word="signed, but something changed since", meaning="")
UNSIGNED = Mark(key="fail", word="not signed", meaning="")

STATES: Mapping[State, Mark] = MappingProxyType(
    {
        State.PASSED: Mark(key="pass", word="open", meaning="Every demand of the phase is met."),
        State.FAILED: Mark(
            key="fail",
            word="closed",
            meaning="The phase lies behind the team, or was asked for, and a demand is not met.",
        ),
        State.IN_WORK: Mark(
            key="work", word="in work", meaning="The team works here; what is still missing is listed."
        ),
        State.BLOCKED: Mark(
            key="blocked", word="waiting", meaning="An earlier gate is closed, so this one cannot open."
        ),
        State.NOT_REACHED: Mark(key="none", word="not reached", meaning="Nothing was measured here yet."),
    }
)
READY = Mark(key="pass", word="ready to open", meaning="The team works here, and every demand is met.")

#: Between these, a number is written out.
LEAST_PLAIN, MOST_PLAIN = 1e-7, 1e12

LEVELS = {"business": "Business", "ml": "Machine learning", "economic": "Economic", "application": "Application"}
TIERS = {
    "prototype": "prototype: the least is demanded",
    "standard": "standard: what a system in daily use must show",
    "regulated": "regulated: the most is demanded, as in health care or finance",
}
PROJECT_TASKS = {
    "binary_classification": "telling two classes apart",
    "multiclass_classification": "telling several classes apart",
    "regression": "estimating a number",
    "other": "a task of its own kind",
}


def plural(count: int, one: str, many: str) -> str:
    """`1 demand`, `2 demands`."""
    return f"{count:,} {one if count == 1 else many}"


def listed(words: list[str]) -> str:
    """`1, 2 and 3`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def spaced(name: str) -> str:
    """The name of a value, role or task for reading: `worst_group.sex` is `worst group: sex`."""
    return re.sub(r"\bml\b", "ML", name.replace(".", ": ", 1).replace("_", " "))


def capital(text: str) -> str:
    """The text with its first letter large, unless it begins with a name such as `mean_radius` or `crispq.yaml`."""
    first = text.partition(" ")[0].rstrip(",;:")
    return text[:1].upper() + text[1:] if first.isalpha() else text


def clock(when: str) -> str:
    """An ISO time as `2026-11-03 14:05 UTC`; anything else as it is."""
    try:
        moment = datetime.fromisoformat(when)
    except ValueError:
        return when
    return f"{moment:%Y-%m-%d %H:%M} {moment.tzname() or ''}".strip()


def percent(level: float) -> str:
    """`95 %`, held together."""
    return f"{number(round(level * 100, 4))}\u00a0%"


def figure(value: float | None) -> str:
    """The number as people write it: four digits that count, and no powers of ten where they can be helped."""
    text = number(value)
    if value is None or "e" not in text or not isfinite(value):
        return text
    if LEAST_PLAIN <= abs(value) < 1:
        return f"{value:.{3 - floor(log10(abs(value)))}f}"
    return f"{value:,.1f}" if 1 < abs(value) < MOST_PLAIN else text


def demanded(limit: Limit, unit: str | None = None) -> str:
    """The limit in words: `at least 0.95`."""
    unit_ = f" {unit}" if unit else ""
    words = {
        LimitKind.AT_LEAST: f"at least {figure(limit.low)}{unit_}",
        LimitKind.AT_MOST: f"at most {figure(limit.high)}{unit_}",
        LimitKind.BETWEEN: f"between {figure(limit.low)} and {figure(limit.high)}{unit_}",
        LimitKind.EQUALS: f"exactly {figure(limit.low)}{unit_}",
        LimitKind.NONE: "none may be found",
        LimitKind.AS_REQUIRED: "what the requirement says",
    }[limit.kind]
    return f"{words}, on {limit.min_n:,} cases or more" if limit.min_n else words


def counts_findings(value: JudgedValue) -> bool:
    """Whether the value is a number of findings."""
    return value.limit is not None and value.limit.kind is LimitKind.NONE


def measured(value: JudgedValue, unit: str | None = None) -> str:
    """The measured number in words, with what it was measured on."""
    estimate = value.estimate
    if estimate is None:
        return "no value"
    if counts_findings(value):
        found = f"{number(estimate.value)} found"
        return found if estimate.n is None else f"{found} among {estimate.n:,} examined"
    unit_ = f" {unit}" if unit else ""
    cases = "" if estimate.n is None else f", on {plural(estimate.n, 'case', 'cases')}"
    return f"{_beside(estimate.value, value.limit)}{unit_}{cases}"


def bounds(value: JudgedValue) -> str:
    """How sure the number is, in a sentence; empty for an exact value."""
    estimate, limit = value.estimate, value.limit
    if estimate is None or estimate.exact:
        return ""
    sure = f"we are {percent(estimate.level)} sure" if estimate.level else "it is bounded:"
    low = _bound(estimate.low, "below", limit, wanted=limit is None or isfinite(limit.low))
    high = _bound(estimate.high, "above", limit, wanted=limit is None or isfinite(limit.high))
    told = [side for side in (low, high) if side]
    return f"{sure} it is {listed(told)}" if told else ""


def _bound(edge: float | None, side: str, limit: Limit | None, *, wanted: bool) -> str:
    return f"not {side} {_beside(edge, limit)}" if edge is not None and wanted else ""


def interval(estimate: Estimate, limit: Limit | None) -> str:
    """`0.981 to 0.999`, or `exact`."""
    if estimate.exact:
        return "exact"
    return f"{_beside(estimate.low, limit)} to {_beside(estimate.high, limit)}"


def _beside(value: float | None, limit: Limit | None) -> str:
    """The number with as many digits as it takes to tell it from the limit it is held against."""
    edges = [edge for edge in (limit.low, limit.high) if isfinite(edge)] if limit else []
    if value is None or not isfinite(value):
        return number(value)
    for digits in (4, 6, 9, 12):
        text = figure(value) if digits == 4 else f"{value:.{digits}g}"  # noqa: PLR2004 - what `number` shows
        if all(edge == value or figure(edge) != text for edge in edges):
            return text
    return text
