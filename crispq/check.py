"""How a check is written: a decorator, a measurement, estimates and limits.

A check is a function of the evidence and keyword-only settings that returns a `Measurement`. It measures; it
never says "pass". The limits of the decorator, or those that the project sets instead, are held against the
values in one place, `crispq.gate.judge`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any, TypeAlias

from crispq.errors import UsageMistake
from crispq.nouns import Finding, Level, Limit, LimitKind, Measurement, Tier

CheckFunction: TypeAlias = Callable[..., Measurement]

#: What a check may use unless its decorator says otherwise.
DEFAULT_SECONDS = 300.0
DEFAULT_MEGABYTES = 8_000
LONGEST_SECONDS = 86_400.0
MOST_MEGABYTES = 1_000_000


def at_least(bound: float, *, warn: float = -inf, min_n: int = 0) -> Limit:
    """The value must not lie below `bound`; between `bound` and `warn` it is a warning."""
    return Limit(kind=LimitKind.AT_LEAST, low=bound, warn_low=max(bound, warn), min_n=min_n)


def at_most(bound: float, *, warn: float = inf, min_n: int = 0) -> Limit:
    """The value must not lie above `bound`; between `warn` and `bound` it is a warning."""
    return Limit(kind=LimitKind.AT_MOST, high=bound, warn_high=min(bound, warn), min_n=min_n)


def between(low: float, high: float, *, warn: tuple[float, float] = (-inf, inf), min_n: int = 0) -> Limit:
    """The value must lie in [low, high]; inside that but outside `warn` it is a warning."""
    return Limit(
        kind=LimitKind.BETWEEN,
        low=low,
        high=high,
        warn_low=max(low, warn[0]),
        warn_high=min(high, warn[1]),
        min_n=min_n,
    )


def equals(value: float) -> Limit:
    """The value must be exactly `value`."""
    return Limit(kind=LimitKind.EQUALS, low=value, high=value, warn_low=value, warn_high=value)


def none(*, warn: bool = False) -> Limit:
    """Nothing may be found; with `warn=True` a finding is a warning only."""
    return Limit(kind=LimitKind.NONE, warn_only=warn)


def as_required(*, min_n: int = 0) -> Limit:
    """Each entry of the value is named after a requirement and judged by that requirement's own limit."""
    return Limit(kind=LimitKind.AS_REQUIRED, min_n=min_n)


def not_applicable(because: str) -> Measurement:
    """The measurement of a check that has no meaning for this project, with the rule that says so."""
    return Measurement(not_applicable=because)


def missing(message: str, *, path: str | None = None, line: int | None = None) -> Measurement:
    """The measurement of a check whose evidence does not exist yet: it fails, and says what to bring."""
    return Measurement(missing=(Finding(message=message, path=path, line=line),))


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """What the decorator leaves on a check's function."""

    task: str
    function: CheckFunction
    catalogue: tuple[str, ...]
    risks: tuple[str, ...]
    level: Level
    tier: Tier
    limits: Mapping[str, Limit]
    reads_results: bool
    seconds: float
    megabytes: int

    @property
    def settings(self) -> dict[str, Any]:
        """The names of the check's settings, with their defaults."""
        parameters = inspect.signature(self.function).parameters.values()
        return {p.name: p.default for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY}


def check(  # noqa: PLR0913 - each word is one fact about a check
    *,
    task: str,
    limits: Mapping[str, Limit],
    catalogue: tuple[str, ...] = (),
    risks: tuple[str, ...] = (),
    level: str = "must",
    tier: str = "prototype",
    reads_results: bool = False,
    seconds: float = DEFAULT_SECONDS,
    megabytes: int = DEFAULT_MEGABYTES,
) -> Callable[[CheckFunction], CheckFunction]:
    """Declare the function below as the check of its file.

    task: the id of the CRISP-ML(Q) task it answers; for a check of every phase, "every_phase".
    limits: for each value that is judged, its default limit.
    catalogue, risks: the ids of the ideas it comes from and of the risks it mitigates.
    level: "must" keeps the gate shut, "should" only speaks. tier: from which tier on it is a must.
    reads_results: whether it asks how other checks were judged; it then runs after them.
    seconds, megabytes: what its process may use before it is ended.
    """
    if not 0 < seconds <= LONGEST_SECONDS or not 0 < megabytes <= MOST_MEGABYTES:
        message = f"a check takes at most {LONGEST_SECONDS:g} s and {MOST_MEGABYTES} MB, and more than nothing"
        raise UsageMistake(message)

    def declare(function: CheckFunction) -> CheckFunction:
        declared = Declared(
            task=task,
            function=function,
            catalogue=catalogue,
            risks=risks,
            level=Level(level),
            tier=Tier(tier),
            limits=dict(limits),
            reads_results=reads_results,
            seconds=seconds,
            megabytes=megabytes,
        )
        function.__dict__["crispq_check"] = declared
        return function

    return declare


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A tiny project at the foot of a check's file, and the status that the check must come to there.

    files: path -> text, bytes, or for `.parquet` and `.csv` a mapping column -> list of values.
    config: keys of `crispq.yaml` laid over a small working default (nested keys are merged).
    phase: for a check of every phase, the phase it is asked in.
    phase_file: keys of that phase's `phase.yaml`; phase_files: the same for other phases, by id.
    settings, limits: as the project would set them under `checks`.
    entries: ledger entries (kind, phase, body) that have been recorded, oldest first.
    results: check id -> status, for a check that reads results.
    says: words that must stand in the summary or a finding.
    """

    status: str
    title: str
    files: Mapping[str, Any] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    phase: str = ""
    phase_file: Mapping[str, Any] = field(default_factory=dict)
    phase_files: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    limits: Mapping[str, Limit] = field(default_factory=dict)
    entries: tuple[tuple[str, str, Mapping[str, Any]], ...] = ()
    results: Mapping[str, str] = field(default_factory=dict)
    says: str = ""
