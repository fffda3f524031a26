"""The criteria are those that stood there when the test set was first looked at.

## Why
A limit that is moved after the result is known is no limit. Nobody needs to cheat for that: a small correction "because
the old number was too strict anyway" is made in good faith, after the test set has said what it would have to be.

## How it is measured
The ledger records every gate. The first one that held predictions against the table `table` (`test`) and judged
criteria freezes them: each criterion's limit as it was judged, and its metric as the record names it. A criterion that
is judged for the first time later is frozen then. Today's limits and metrics are held against these.
- `changed` (none): criteria whose limit or metric differs from the frozen one, or that are gone.
- `amended` (none, a warning only): criteria that differ, but were opened again by a recorded step back to phase 1
  (`crispq back 1 --reason ...`) after they had been frozen. The reason is told; whether it is a good one is for people.
  The next look at the test set freezes them anew.

Limits are compared as the ledger writes them, with six digits. There is no noise in this. Before the first look nothing
can be frozen, and the check does not apply.

## How to mend it
Put the criterion back as it was. If it was wrong, say so in the open: `crispq back 1 --reason ...`, change it, have it
signed again, and draw a fresh test set, since the old one has told what it knows.

## Source
CRISP-ML(Q) §3.1.2, pp. 396-397 (criteria are set before modeling); §3.4, pp. 403-404. Nosek et al., "The
preregistration revolution", PNAS 115 (2018), pp. 2600-2606.

## What it cannot see
Looks outside of a recorded gate. Criteria whose statement, population or parameters were reworded around an unchanged
number. Limits of checks that are not criteria.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from crispq import (
    Evidence,
    Example,
    Finding,
    Findings,
    Measurement,
    Requirement,
    Table,
    check,
    metrics,
    none,
    not_applicable,
    phases,
)
from crispq_checks import criteria

JUDGE = "criteria_are_met"
PREFIX = "criteria."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Frozen:
    """A criterion as the ledger knows it: its limit in the ledger's words, its metric, and since when."""

    limit: str
    metric: str | None
    when: str


@dataclass(slots=True, kw_only=True)
class _Record:
    """What the ledger says, read from the oldest entry to the newest.

    first: each criterion as it was frozen for the first time ever; frozen: as it is frozen now; reason: of the last
    step back to phase 1 after something had been frozen.
    """

    first: dict[str, _Frozen] = field(default_factory=dict)
    frozen: dict[str, _Frozen] = field(default_factory=dict)
    reason: str = ""
    looks: int = 0

    def open_again(self, reason: str) -> None:
        """A step back to phase 1: criteria may be amended until the next look."""
        if self.first:
            self.frozen, self.reason = {}, reason

    def look(self, judged: Mapping[str, _Frozen]) -> None:
        """A look at the test set: what was judged is frozen, unless it is already."""
        self.looks += 1
        self.frozen = {**judged, **self.frozen}
        self.first = {**judged, **self.first}


@check(
    task="success_criteria",
    catalogue=("BU2-C7",),
    risks=("R05", "R06"),
    limits={"changed": none(), "amended": none(warn=True)},
    tier="standard",
    seconds=60,
)
def criteria_are_frozen(evidence: Evidence, *, table: str = "test") -> Measurement:
    """Hold today's criteria against those of the first look at the test set."""
    record = _record(evidence, table)
    if not record.first:
        return not_applicable(f"no gate has judged criteria on the table {table!r} yet, so that nothing is frozen")
    today = {one.id: one for one in evidence.criteria()}
    differing = {name: frozen for name, frozen in record.first.items() if _difference(today.get(name), frozen)}
    changed = {name: frozen for name, frozen in record.frozen.items() if _difference(today.get(name), frozen)}
    amended = {name: frozen for name, frozen in differing.items() if name not in changed}
    return Measurement(
        values={
            "changed": Findings(examined=len(record.first), items=tuple(_changed(changed, today, evidence.phase_file))),
            "amended": Findings(
                examined=len(record.first),
                items=tuple(_amended(amended, today, record.reason, evidence.phase_file)),
            ),
        },
        summary=(
            f"{len(record.first)} criteria were judged at {record.looks} looks at the test set; {len(changed)} of them "
            f"differ today, {len(amended)} were amended by a recorded step back"
        ),
        tables=(_table(record, today),),
    )


# --- the ledger ----------------------------------------------------------------------------------


def _record(evidence: Evidence, table: str) -> _Record:
    record, first_phase = _Record(), phases()[0].id
    for entry in evidence.judged(table):
        if entry.kind.value == "back":
            if entry.phase == first_phase:
                record.open_again(str(entry.body.get("reason", "")))
        elif judged := dict(_judged(entry.body.get("results"), table, entry.when)):
            record.look(judged)
    return record


def _judged(results: Any, table: str, when: str) -> Iterator[tuple[str, _Frozen]]:
    """The criteria that were judged in a gate which held predictions against the table."""
    for result in results if isinstance(results, list) else ():
        inputs = [str(one.get("path")) for one in result.get("inputs", ())]
        if not str(result.get("check", "")).endswith(f".{JUDGE}") or not _looks(inputs, table):
            continue
        summary = str(result.get("summary", ""))
        for name, value in dict(result.get("values") or {}).items():
            if name.startswith(PREFIX) and value.get("limit"):
                criterion = name.removeprefix(PREFIX)
                metric = _metric(criterion, summary)
                yield criterion, _Frozen(limit=str(value["limit"]), metric=metric, when=when)


def _looks(inputs: Iterable[str], table: str) -> bool:
    return any(one.startswith(f"predictions:{table}|") for one in inputs)


def _metric(criterion: str, summary: str) -> str | None:
    """The metric that the record's summary names for the criterion, as in `B1: recall 0.91 [0.88, 0.94]`."""
    found = re.search(rf"(?:^|; ){re.escape(criterion)}: (\w+) ", summary)
    return found[1] if found and found[1] in metrics() else None


# --- then and now --------------------------------------------------------------------------------


def _limit_text(one: Requirement) -> str:
    """The limit in the ledger's words."""
    low, high = criteria.bounds(one)
    if isfinite(low) and isfinite(high):
        return f"{low:g} to {high:g}"
    if not isfinite(low) and not isfinite(high):
        return "no limit"
    return f">= {low:g}" if isfinite(low) else f"<= {high:g}"


def _difference(one: Requirement | None, frozen: _Frozen) -> str:
    """What is different today, in words; nothing where all is as it was."""
    if one is None:
        return f"is gone; it demanded {frozen.metric or 'a value'} {frozen.limit}"
    if frozen.metric is not None and one.metric != frozen.metric:
        return f"asks for {one.metric} now; it asked for {frozen.metric}"
    if (now := _limit_text(one)) != frozen.limit:
        return f"demands {one.metric} {now} now; it demanded {frozen.limit}"
    return ""


def _changed(changed: Mapping[str, _Frozen], today: Mapping[str, Requirement], phase_file: str) -> Iterator[Finding]:
    for name, frozen in changed.items():
        message = (
            f"{name} {_difference(today.get(name), frozen)} when the test set was looked at on {frozen.when[:10]}; put "
            "it back, or step back to phase 1 with the reason"
        )
        yield _finding(message, today.get(name), phase_file)


def _amended(
    amended: Mapping[str, _Frozen], today: Mapping[str, Requirement], reason: str, phase_file: str
) -> Iterator[Finding]:
    for name, frozen in amended.items():
        message = (
            f"{name} {_difference(today.get(name), frozen)} at the first look at the test set; amended after a step "
            f"back ({reason[:120]!r}): judge it on a fresh test set"
        )
        yield _finding(message, today.get(name), phase_file)


def _finding(message: str, one: Requirement | None, phase_file: str) -> Finding:
    if one is None:
        return Finding(message=message, path=phase_file)
    return Finding(message=message, path=one.place.path, line=one.place.line)


def _table(record: _Record, today: Mapping[str, Requirement]) -> Table:
    rows = tuple(
        (
            name,
            f"{frozen.metric or ''} {frozen.limit}".strip(),
            frozen.when[:10],
            f"{today[name].metric} {_limit_text(today[name])}" if name in today else "gone",
        )
        for name, frozen in record.first.items()
    )
    return Table(title="Criteria then and now", columns=("id", "at the first look", "on", "today"), rows=rows)


# --- examples ------------------------------------------------------------------------------------

_FIRST = "business_and_data_understanding"


def _criterion(name: str, metric: str, limit: float) -> dict[str, Any]:
    return {"id": name, "level": "ml", "statement": f"{metric} is good", "metric": metric, "at_least": limit}


_TODAY = [_criterion("B1", "recall", 0.9), _criterion("ML1", "roc_auc", 0.95)]


def _look(b1: str = ">= 0.9", ml1: str = ">= 0.95", table: str = "test") -> tuple[str, str, dict[str, Any]]:
    result = {
        "check": f"evaluation.{JUDGE}",
        "summary": "B1: recall 0.95 [0.92, 0.97]; ML1: roc_auc 0.97 [0.96, 0.98], on 200 rows",
        "values": {"criteria.B1": {"value": 0.95, "limit": b1}, "criteria.ML1": {"value": 0.97, "limit": ml1}},
        "inputs": [{"path": f"predictions:{table}|tiny", "sha256": "0" * 64}],
    }
    return ("gate", "evaluation", {"results": [result]})


_BACK = ("back", _FIRST, {"from": "evaluation", "reason": "the clinic treats half as many now"})


def _example(status: str, title: str, says: str, *entries: Any, today: list[dict[str, Any]] | None = None) -> Example:
    return Example(
        status=status,
        title=title,
        phase_file={"requirements": _TODAY if today is None else today},
        entries=entries,
        says=says,
    )


EXAMPLES = (
    _example("pass", "as they were at the first look", "2 criteria were judged at 2 looks", _look(), _look()),
    _example(
        "fail",
        "a limit was lowered after the first look",
        "B1 demands recall >= 0.9 now; it demanded >= 0.95 when",
        _look(b1=">= 0.95"),
        _look(),
    ),
    _example(
        "fail",
        "the metric was exchanged",
        "ML1 asks for accuracy now; it asked for roc_auc",
        _look(),
        today=[_TODAY[0], _criterion("ML1", "accuracy", 0.95)],
    ),
    _example("fail", "a criterion is gone", "ML1 is gone", _look(), today=_TODAY[:1]),
    _example(
        "fail",
        "amended, looked at again, and changed once more",
        "it demanded >= 0.93 when",
        _look(b1=">= 0.95"),
        _BACK,
        _look(b1=">= 0.93"),
    ),
    _example(
        "warn",
        "amended by a recorded step back",
        "the clinic treats half as many now",
        _look(b1=">= 0.95"),
        _BACK,
    ),
    _example(
        "fail",
        "a step back before the first look amends nothing",
        "put it back",
        _BACK,
        _look(b1=">= 0.95"),
    ),
    _example(
        "pass",
        "a criterion that came later",
        "2 criteria were judged",
        _look(),
        today=[*_TODAY, _criterion("ML2", "accuracy", 0.8)],
    ),
    _example("not_applicable", "nobody has looked yet", "nothing is frozen"),
    _example("not_applicable", "only production was looked at", "nothing is frozen", _look(table="production")),
)
