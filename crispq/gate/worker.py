"""The far side: one process, one check. What runs here may crash, hang, exit or lie about None; the gate goes on.

Only JSON goes back, as bytes: the gate never unpickles what came from a check.
"""

from __future__ import annotations

import faulthandler
import json
import os
import resource
import shlex
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from crispq.errors import MissingEvidence, NotMeasurable, UsageMistake
from crispq.evidence import Evidence
from crispq.evidence.paths import is_glob, refusal
from crispq.gate import library, wire
from crispq.nouns import Entry, Finding, Measurement, PlannedCheck, Project, Status

MEGABYTE = 1024 * 1024
#: What importing the project's plugins may take.
PLUGIN_MEGABYTES = 4_000
#: So long after its time limit a worker ends by itself, should the gate no longer be there to end it.
GRACE = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One check to run, with everything it may know."""

    planned: PlannedCheck
    project: Project
    entries: tuple[Entry, ...]
    results: Mapping[str, Status]
    known_checks: tuple[str, ...]


def measure(connection: Connection, job: Job) -> None:
    """Run the job's check and send what came of it; the last thing this process does."""
    _confine(job.planned.spec.megabytes)
    signal.setitimer(signal.ITIMER_REAL, job.planned.spec.seconds + GRACE)
    _make_importable(Path(job.project.root))
    started = time.perf_counter()
    evidence = Evidence(
        job.project,
        job.planned.spec.phase,
        entries=job.entries,
        results=job.results,
        known_checks=job.known_checks,
    )
    body = _answer(evidence, job.planned)
    body["inputs"] = [[one.path, one.sha256] for one in evidence.inputs]
    body["seconds"] = time.perf_counter() - started
    _send(connection, body)


def describe(connection: Connection, root: str, packages: tuple[str, ...]) -> None:
    """Import the project's own plugins here and send what checks they hold."""
    _confine(PLUGIN_MEGABYTES)
    _make_importable(Path(root))
    try:
        connection.send_bytes(b"+" + library.dumps(library.load(packages)))
    except UsageMistake as error:
        connection.send_bytes(b"-" + str(error).encode())
    except BaseException as error:  # noqa: BLE001 - even SystemExit of a plugin is an answer
        connection.send_bytes(b"-" + f"a plugin stopped its process: {type(error).__name__}: {error}".encode())


def _answer(evidence: Evidence, planned: PlannedCheck) -> dict[str, Any]:
    evidence.digest("config:name")  # no answer is about nothing: a trace is never empty
    try:
        measurement = _run(evidence, planned)
        body: dict[str, Any] = {"measurement": wire.encode(measurement)}
        if changed := evidence.changed_since_read():
            return {"error": f"{changed[0]} changed while the check was reading it; run the gate again"}
    except MissingEvidence as absent:
        finding = Finding(message=absent.message, path=absent.path, line=absent.line)
        return {"measurement": wire.encode(Measurement(missing=(finding,)))}
    except (NotMeasurable, UsageMistake) as reason:
        return {"error": str(reason)}
    except MemoryError:
        return {"error": f"the check needs more than its {planned.spec.megabytes} MB"}
    except BaseException as fault:  # noqa: BLE001 - SystemExit(0) must not look like an answer
        return {"error": f"the check raised {type(fault).__name__}: {fault}{_where(fault)}"}
    return body


def _run(evidence: Evidence, planned: PlannedCheck) -> Measurement:
    if planned.spec.command:
        return _run_command(evidence, planned)
    function = library.function_of(planned.spec.module)
    returned: Measurement = function(evidence, **planned.settings)
    return returned


def _run_command(evidence: Evidence, planned: PlannedCheck) -> Measurement:
    """A check in any language: its standard output is one measurement as JSON, its exit code is 0.

    What it reads is what its setting `reads` lists (paths or globs); without that setting nothing can be remembered.
    """
    command = planned.spec.command
    reads = planned.settings.get("reads")
    if not isinstance(reads, list) or not reads:
        evidence.never_remember()
    own = [word for word in shlex.split(command) if refusal(word) is None and (evidence.root / word).is_file()]
    for pattern in [*own, *(reads if isinstance(reads, list) else [])]:
        for path in evidence.files(str(pattern)) if is_glob(str(pattern)) else (str(pattern),):
            evidence.digest(path)
    done = evidence.run_command(command)
    if done.returncode != 0:
        message = f"the command {command!r} ended with exit code {done.returncode}: {done.stderr.strip()[-300:]}"
        raise NotMeasurable(message)
    return wire.loads(done.stdout)


def _where(fault: BaseException) -> str:
    trace = fault.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    if trace is None:
        return ""
    return f" ({Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno})"


def _send(connection: Connection, body: Mapping[str, Any]) -> None:
    try:
        text = json.dumps(body)
    except (TypeError, ValueError) as error:
        text = json.dumps({"error": f"what the check returned is no JSON: {error}", "inputs": [], "seconds": 0.0})
    connection.send_bytes(text.encode())


def _confine(megabytes: int) -> None:
    """A process group of its own, a bound on memory, and no way to print into the gate's output."""
    os.setsid()
    faulthandler.disable()
    limit = megabytes * MEGABYTE
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    silence = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(silence, stream)
    sys.stdin, sys.stdout, sys.stderr = (os.fdopen(os.dup(silence), mode) for mode in ("r", "w", "w"))


def _make_importable(root: Path) -> None:
    """The project's folder and its `src/`, behind everything installed: a project replaces no check and no library."""
    sys.dont_write_bytecode = True
    sys.path += [str(root), str(root / "src")]
    os.chdir(root)
