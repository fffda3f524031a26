"""Each known cause of decline has a monitor, and every production batch was watched.

## Why
A model in use gets worse for three reasons: the world changes, the hardware ages, and the systems around it are
updated. A cause that nobody watches is found by those who are harmed by it. And a monitor that did not run on a
batch is the same as none.

## How it is measured
The table | Cause | Monitor | Signal | Limit | Owner | in the section "Monitors" of the monitoring plan is read. A
row belongs to a cause if its first cell holds one of that cause's words: "stationary", "drift" or "distribution";
"ageing", "aging", "wear", "worn" or "degradation"; "update" or "upgrade". Each cause needs a row. In each row every
cell is filled, the owner is a role (or several, separated by commas) that someone under `people` holds, and the
monitor names in backticks at least one thing that exists: a check of this project or a file such as the script that
watches. A check is named by `NAME` if it is one of this phase, else by `PHASE.NAME`. A row whose monitor is "not
applicable: reason", with a reason of at least `fewest_words` words, needs no more. Then
`6_monitoring_and_maintenance/monitoring_log.json` is held against the table `production`: each of its files must
stand in the log with the digest that it has today. Nothing may be uncovered and no batch unwatched: one blind spot
is enough to miss a decline.

## How to mend it
Fill the row that is named, or write the monitor that it promises. For a batch run the project's monitoring script,
which writes the log; for one that changed, run it again.

## Source
CRISP-ML(Q) §3.6, p. 405 (three causes of degradation); §3.6.1 "Monitor", pp. 405-406.

## What it cannot see
Whether a monitor would notice what it is for, and whether its owner is really told: try that by hand with a planted
fault.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Any

from crispq import (
    Evidence,
    Example,
    Finding,
    Findings,
    MarkdownTable,
    Measurement,
    MissingEvidence,
    NotMeasurable,
    Table,
    check,
    none,
)

CAUSES: Mapping[str, tuple[str, ...]] = {
    "non-stationary data": ("stationar", "drift", "distribution"),
    "ageing hardware": (r"\bageing", r"\baging", r"\bwear\b", r"\bworn\b", "degrad"),
    "system updates": (r"\bupdat", r"\bupgrad"),
}
COLUMNS = ("cause", "monitor", "signal", "limit", "owner")
NOT_APPLICABLE = "not applicable"
EMPTY = {"", "-", "--", "?", "...", "n/a", "tbd", "todo"}
HARMLESS_PATH = re.compile(r"[\w.-]+(/[\w.-]+)*")
LOG = "6_monitoring_and_maintenance/monitoring_log.json"
LOG_SCHEMA = "crispq/monitoring/1"

Row = tuple[int, Mapping[str, str]]


@check(
    task="monitor",
    catalogue=("MM0-C1", "MM1-C12"),
    risks=("R52", "R53", "R54"),
    limits={"uncovered": none(), "unwatched_batches": none()},
)
def monitors_cover_every_cause(evidence: Evidence, *, fewest_words: int = 3) -> Measurement:
    """Read the table of monitors, and hold the monitoring log against the production batches."""
    path, table = _plan(evidence)
    rows = tuple(table.records())
    uncovered = [
        *(Finding(message=message, path=path, line=table.line) for message in _without_row(rows)),
        *(
            Finding(message=message, path=path, line=line)
            for line, row in rows
            for message in _faults_of_row(evidence, row, fewest_words)
        ),
    ]
    batches, unwatched = _unwatched(evidence)
    return Measurement(
        values={
            "uncovered": Findings(examined=len(CAUSES) + len(rows), items=tuple(uncovered)),
            "unwatched_batches": Findings(examined=batches, items=unwatched),
        },
        summary=f"{len(CAUSES) - len(tuple(_without_row(rows)))} of {len(CAUSES)} causes have a row, "
        f"{len(uncovered)} gaps in the plan; "
        f"{len(unwatched)} of {batches} production batches are not watched",
        tables=(_shown(rows),),
    )


def _plan(evidence: Evidence) -> tuple[str, MarkdownTable]:
    """The path of the monitoring plan and its table of monitors. Raises MissingEvidence when there is none."""
    document = evidence.document("monitoring_plan")
    section = document.section("Monitors")
    if section is None:
        raise MissingEvidence("the section 'Monitors' is missing", path=document.path)
    for table in section.tables:
        if set(COLUMNS) <= {name.lower() for name in table.columns}:
            return document.path, table
    message = "the section 'Monitors' holds no table | Cause | Monitor | Signal | Limit | Owner |"
    raise MissingEvidence(message, path=document.path, line=section.line)


def _causes_of(row: Mapping[str, str]) -> tuple[str, ...]:
    cell = row["cause"].lower()
    return tuple(cause for cause, words in CAUSES.items() if any(re.search(word, cell) for word in words))


def _without_row(rows: Sequence[Row]) -> Iterator[str]:
    named = {cause for _, row in rows for cause in _causes_of(row)}
    for cause in CAUSES:
        if cause not in named:
            yield f"the cause {cause!r} has no row; add one, or 'not applicable: reason' as its monitor"


def _faults_of_row(evidence: Evidence, row: Mapping[str, str], fewest_words: int) -> Iterator[str]:
    name = row["cause"] or "a row without a cause"
    if row["monitor"].lower().startswith(NOT_APPLICABLE):
        reason = row["monitor"][len(NOT_APPLICABLE) :].strip(" :,-")
        if len(reason.split()) < fewest_words:
            yield f"{name}: 'not applicable' needs a reason of at least {fewest_words} words"
        return
    if empty := [column for column in COLUMNS if row[column].lower() in EMPTY]:
        yield f"{name}: {', '.join(empty)} is not filled"
    if row["monitor"].lower() not in EMPTY:
        yield from _faults_of_monitor(evidence, name, row["monitor"])
    if row["owner"].lower() not in EMPTY:
        for role in _roles(row["owner"]):
            if role not in evidence.roles:
                yield f"{name}: nobody under people holds the role {role!r}"


def _roles(cell: str) -> Iterator[str]:
    for part in cell.split(","):
        yield re.sub(r"[\s-]+", "_", part.strip(" `*").lower())


def _faults_of_monitor(evidence: Evidence, name: str, monitor: str) -> Iterator[str]:
    named = re.findall(r"`([^`]+)`", monitor)
    if not named:
        yield f"{name}: the monitor names no check or file in backticks"
    for words in named:
        if not any(_exists(evidence, word) for word in words.split()):
            yield f"{name}: `{words}` is neither a check of this project nor a file of it"


def _exists(evidence: Evidence, word: str) -> bool:
    """Whether the word names a check other than this one, or a file in the project's or the phase's folder."""
    evidence.digest(f"config:{evidence.phase}.checks")
    own = f"{evidence.phase}.{word}"
    if f"{evidence.phase}.{monitors_cover_every_cause.__name__}" in {word, own}:
        return False
    if evidence.is_check(word) or evidence.is_check(own):
        return True
    if not HARMLESS_PATH.fullmatch(word) or ".." in word.split("/"):
        return False
    folder = PurePosixPath(evidence.phase_file).parent
    return evidence.exists(word) or evidence.exists(f"{folder}/{word}")


def _unwatched(evidence: Evidence) -> tuple[int, tuple[Finding, ...]]:
    """How many production batches there are, and a finding for each that the log does not cover as it is today."""
    place = evidence.place_of("data.tables.production")
    pattern = evidence.data.tables.get("production")
    if pattern is None:
        message = "no table 'production' is listed under data.tables; without it nothing that came in can be watched"
        return 0, (Finding(message=message, path=place.path, line=place.line),)
    paths = evidence.files(pattern)
    if not paths:
        return 0, (Finding(message=f"no file matches {pattern} yet", path=place.path, line=place.line),)
    if not evidence.exists(LOG):
        message = f"the monitoring log does not exist yet, so none of {len(paths)} production batches was watched"
        return len(paths), (Finding(message=message, path=LOG),)
    return len(paths), tuple(_unlogged(evidence, paths))


def _unlogged(evidence: Evidence, paths: Sequence[str]) -> Iterator[Finding]:
    logged = _logged(evidence.json(LOG))
    for path in paths:
        if path not in logged:
            yield Finding(message=f"{path} does not stand in the monitoring log; run the monitoring on it", path=LOG)
        elif evidence.digest(path) not in logged[path]:
            yield Finding(message=f"{path} changed since it was watched; run the monitoring on it again", path=LOG)


def _logged(log: Any) -> Mapping[str, set[str]]:
    """For each batch of the log its digests. Raises NotMeasurable when it is no monitoring log."""
    if not isinstance(log, dict) or log.get("schema") != LOG_SCHEMA or not isinstance(log.get("batches"), list):
        raise NotMeasurable(
            f"{LOG} is no monitoring log: a JSON object with schema {LOG_SCHEMA!r} and a list of batches"
        )
    logged: dict[str, set[str]] = {}
    for number, batch in enumerate(log["batches"]):
        if (
            not isinstance(batch, dict)
            or not isinstance(batch.get("path"), str)
            or not isinstance(batch.get("sha256"), str)
        ):
            raise NotMeasurable(f"{LOG}: batches[{number}] names no path and sha256")
        logged.setdefault(batch["path"], set()).add(batch["sha256"])
    return logged


def _shown(rows: Sequence[Row]) -> Table:
    columns = ("Cause", "Monitor", "Signal", "Limit", "Owner")
    return Table(
        title="Monitors in the plan",
        columns=(*columns, "Counts for"),
        rows=tuple(
            (*(row[one] for one in COLUMNS), ", ".join(_causes_of(row)) or "none of the three") for _, row in rows
        ),
    )


_HEAD = "# Monitoring plan\n\n## Monitors\n\n| Cause | Monitor | Signal | Limit | Owner |\n|---|---|---|---|---|\n"
_DRIFT = "| Non-stationary data | `documents_are_complete` | share of values | 0.1 | ml_lead |\n"
_AGEING = "| Ageing hardware | `monitor.py` | noise of the sensor | 2 % | ML lead, `data_scientist` |\n"
_UPDATES = "| System updates | not applicable: no part is ever updated | | | |\n"
_BATCH = "id,size\n1,2\n"
_ENTRY = {"path": "data/production/one.csv", "sha256": sha256(_BATCH.encode()).hexdigest(), "rows": 1}
_LOG = json.dumps({"schema": LOG_SCHEMA, "batches": [_ENTRY]})
_FILES = {
    "6_monitoring_and_maintenance/plan.md": _HEAD + _DRIFT + _AGEING + _UPDATES,
    "6_monitoring_and_maintenance/monitor.py": "print('watching')\n",
    "data/production/one.csv": _BATCH,
    LOG: _LOG,
}
_CONFIG = {"data": {"tables": {"production": "data/production/*.csv"}}}
_LISTED = {"documents": {"monitoring_plan": "plan.md"}}


def _with(status: str, title: str, says: str = "", **files: str | None) -> Example:
    """An example that has the files of the good one, with the plan, log, batch or script changed or (None) gone."""
    paths = {
        "plan": "6_monitoring_and_maintenance/plan.md",
        "script": "6_monitoring_and_maintenance/monitor.py",
        "batch": "data/production/one.csv",
        "second_batch": "data/production/two.csv",
        "log": LOG,
    }
    laid_over = {**_FILES, **{paths[name]: content for name, content in files.items()}}
    return Example(
        status=status,
        title=title,
        config=_CONFIG,
        phase_file=_LISTED,
        files={path: content for path, content in laid_over.items() if content is not None},
        says=says,
    )


EXAMPLES = (
    _with("pass", "three causes and a watched batch", "3 of 3 causes have a row, 0 gaps"),
    _with(
        "pass",
        "a command and words of one's own",
        plan=_HEAD
        + _DRIFT.replace("Non-stationary data", "Drift of inputs").replace("`doc", "statistics, by `deployment.doc")
        + _AGEING.replace("Ageing hardware", "Wear of the sensor").replace(
            "`monitor.py`", "`python monitor.py --all` nightly"
        )
        + _UPDATES.replace("System updates", "Update of hardware"),
    ),
    _with("fail", "a cause is forgotten", "'system updates' has no row", plan=_HEAD + _DRIFT + _AGEING),
    _with("fail", "the script does not exist", "`monitor.py` is neither a check", script=None),
    _with(
        "fail",
        "the check names itself",
        "neither a check",
        plan=(_HEAD + _DRIFT + _AGEING + _UPDATES).replace("documents_are_complete", "monitors_cover_every_cause"),
    ),
    _with(
        "fail",
        "no backticks",
        "names no check or file in backticks",
        plan=_HEAD + _DRIFT.replace("`", "") + _AGEING + _UPDATES,
    ),
    _with("fail", "an empty cell", "limit is not filled", plan=_HEAD + _DRIFT.replace("0.1", "") + _AGEING + _UPDATES),
    _with(
        "fail",
        "nobody holds the role",
        "the role 'operator'",
        plan=_HEAD + _DRIFT.replace("ml_lead", "operator") + _AGEING + _UPDATES,
    ),
    _with(
        "fail",
        "set aside without a reason",
        "needs a reason",
        plan=_HEAD + _DRIFT + _AGEING + _UPDATES.replace(": no part is ever updated", ""),
    ),
    _with(
        "fail",
        "no table of monitors",
        "holds no table",
        plan="# Monitoring plan\n\n## Monitors\n\nWe look at it now and then.\n",
    ),
    _with("fail", "a new batch is not watched", "two.csv does not stand in the monitoring log", second_batch=_BATCH),
    _with("fail", "a batch changed since", "one.csv changed since it was watched", batch=_BATCH + "2,2\n"),
    _with("fail", "no log", "none of 1 production batches was watched", log=None),
    _with("fail", "no batch has come in", "no file matches", batch=None),
    _with("error", "the log is no log", "is no monitoring log", log="[]"),
    _with("error", "a line of the log names nothing", "batches[0] names no path", log=_LOG.replace('"path"', '"file"')),
    Example(status="fail", title="no monitoring plan", says="no document 'monitoring_plan' is listed"),
    Example(
        status="fail",
        title="no production data",
        phase_file=_LISTED,
        files=_FILES,
        says="no table 'production' is listed",
    ),
)
