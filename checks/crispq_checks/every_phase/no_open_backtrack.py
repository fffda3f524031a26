"""No step back to an earlier phase is still open.

## Why
Going back is a normal part of the process: evaluation finds that the data is not good enough, and the project
returns to preparing it. What must not happen is that the step back is forgotten, and the later phases are passed
with what was found to be wrong.

## How it is measured
The ledger's entries of the kinds `back` and `advance` are read together, in the order of the chain. A step back to
a phase is open until that phase's gate is passed again, that is until an `advance` of that phase stands after it.
For the phase that is asked, the open steps back to phases before it are counted. The limit is 0: each open one says
that something below this phase is known to be wrong. The count is exact. The first phase has none before it, so the
check does not apply there.

## How to mend it
Do the work for which the project went back, until `crispq advance` passes the gate of that phase again; then go on
from there, phase by phase.

## Source
CRISP-ML(Q) §3, p. 395 (stepping back to an earlier phase is an essential part of the process model); §3.4, p. 404
(from evaluation back to modeling or data preparation).

## What it cannot see
A step back that nobody recorded with `crispq back`, and whether the reason for which the project went back has
really been dealt with: it sees only that the gate opened again.
"""

from __future__ import annotations

from collections.abc import Sequence

from crispq import Estimate, Evidence, Example, Measurement, Table, at_most, check, not_applicable, phases


@check(task="every_phase", catalogue=("FLOW-C7",), limits={"open_backtracks": at_most(0)})
def no_open_backtrack(evidence: Evidence) -> Measurement:
    """Count the steps back to earlier phases after which that phase was not passed again."""
    order = [phase.id for phase in phases()]
    earlier = order[: order.index(evidence.phase)]
    if not earlier:
        return not_applicable("no phase stands before the first one")
    history = evidence.history("back", "advance")
    steps = [
        (number, entry) for number, entry in enumerate(history) if entry.kind.value == "back" and entry.phase in earlier
    ]
    open_steps = [
        entry
        for number, entry in steps
        if entry.phase not in {one.phase for one in history[number:] if one.kind.value == "advance"}
    ]
    told = [f"{entry.phase} ({entry.body.get('reason') or 'no reason given'})" for entry in open_steps]
    rows = [
        (entry.body.get("from"), entry.phase, entry.body.get("reason"), "open" if entry in open_steps else "closed")
        for _, entry in steps
    ]
    return Measurement(
        values={"open_backtracks": Estimate(value=len(open_steps))},
        summary=_summary(told, len(steps)),
        tables=(Table(title="Steps back", columns=("From", "To", "Reason", "State"), rows=tuple(rows)),)
        if rows
        else (),
    )


def _summary(told: Sequence[str], steps: int) -> str:
    if not told:
        return f"0 of {steps} steps back to earlier phases are open"
    return f"{len(told)} steps back are open, to {'; to '.join(told)}: pass that gate again with `crispq advance`"


_BACK = ("back", "data_preparation", {"from": "evaluation", "reason": "twelve labels are swapped"})
_AGAIN: tuple[str, str, dict[str, str]] = ("advance", "data_preparation", {})

EXAMPLES = (
    Example(
        status="pass", title="nobody ever went back", phase="modeling", entries=(_AGAIN,), says="0 of 0 steps back"
    ),
    Example(
        status="pass",
        title="went back and passed again",
        phase="evaluation",
        entries=(_AGAIN, _BACK, _AGAIN),
        says="0 of 1 steps back",
    ),
    Example(
        status="pass",
        title="the phase gone back to may be worked on",
        phase="data_preparation",
        entries=(_AGAIN, _BACK),
    ),
    Example(
        status="fail",
        title="went back and did not return",
        phase="evaluation",
        entries=(_AGAIN, _BACK),
        says="to data_preparation (twelve labels are swapped)",
    ),
    Example(
        status="fail",
        title="another phase was passed instead",
        phase="evaluation",
        entries=(_AGAIN, _BACK, ("advance", "modeling", {})),
        says="1 steps back are open",
    ),
    Example(
        status="fail",
        title="went back again after returning",
        phase="modeling",
        entries=(_BACK, _AGAIN, _BACK),
        says="1 steps back are open",
    ),
    Example(
        status="not_applicable",
        title="the first phase",
        phase="business_and_data_understanding",
        entries=(("back", "business_and_data_understanding", {"from": "modeling", "reason": "wrong scope"}),),
        says="no phase stands before",
    ),
)
