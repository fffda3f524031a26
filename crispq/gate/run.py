"""Runs the plan: from the cache where every digest still holds, else each check in a process of its own."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from pathlib import Path

from crispq.errors import NotMeasurable, UsageMistake
from crispq.evidence.digests import Digests
from crispq.gate import cache, library, wire, worker
from crispq.gate.ahead import Ahead
from crispq.gate.judge import judge
from crispq.nouns import CheckSpec, Entry, Input, Judgement, Measured, Plan, PlannedCheck, Status

CACHE_FOLDER = ".crispq/cache"
NOT_MEASURED = "not measured yet"
#: How long a plugin may take to be imported.
PLUGIN_SECONDS = 60.0
#: How long a process that has answered may take to clean up behind itself.
PATIENCE = 2.0
#: Imported once, before the first check is forked: what most checks need.
PRELOAD = ("crispq.gate.worker", "numpy", "pandas", "duckdb")


def run(
    plan: Plan,
    entries: tuple[Entry, ...],
    *,
    only_cached: bool = False,
    recall: bool = True,
    ahead: Ahead | None = None,
) -> Iterator[Judgement]:
    """Measure and judge every check of the plan; judgements come as they are made.

    Checks that read the results of others come after those. only_cached: measure nothing; what is not kept, or kept
    but stale, is an error that says so. recall: whether kept measurements count at all. ahead: a process that was
    forked already, for a plan of one check.
    """
    results: dict[str, Status] = {}
    known = tuple(check.id for phase in plan.phases for check in phase.checks)
    for phase in plan.phases:
        for reads_results in (False, True):
            checks = [one for one in phase.checks if one.spec.reads_results is reads_results]
            round_ = _Round(plan=plan, entries=entries, results=dict(results), known=known, ahead=ahead)
            for judgement in round_.run(checks, only_cached=only_cached, recall=recall):
                results[judgement.check] = judgement.status
                yield judgement


def run_one(plan: Plan, planned: PlannedCheck, entries: tuple[Entry, ...], results: Mapping[str, Status]) -> Measured:
    """Measure one check of the plan in a process of its own, past the cache, with the given results of others."""
    known = tuple(check.id for phase in plan.phases for check in phase.checks)
    round_ = _Round(plan=plan, entries=entries, results=results, known=known)
    return next(measured for _, measured in _in_processes([planned], round_.job))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Round:
    """A set of checks that do not wait for each other."""

    plan: Plan
    entries: tuple[Entry, ...]
    results: Mapping[str, Status]
    known: tuple[str, ...]
    ahead: Ahead | None = None

    def run(self, checks: Iterable[PlannedCheck], *, only_cached: bool, recall: bool) -> Iterator[Judgement]:
        """Judge the checks: from the cache, or measured now."""
        folder = Path(self.plan.project.root) / CACHE_FOLDER
        digests = Digests(self.plan.project, self.entries, self.results, self.known)
        to_measure: list[PlannedCheck] = []
        for planned in checks:
            kept = cache.recall(folder, planned, digests) if recall else None
            if kept is not None and not kept.stale:
                yield judge(planned, kept)
            elif only_cached:
                yield judge(planned, kept or Measured(check=planned.id, measurement=None, stale=NOT_MEASURED))
            else:
                to_measure.append(planned)
        for planned, measured in _in_processes(to_measure, self.job, self.ahead):
            cache.keep(folder, planned, measured)
            yield judge(planned, measured)

    def job(self, planned: PlannedCheck) -> worker.Job:
        """Everything that the worker of this check may know."""
        return worker.Job(
            planned=planned,
            project=self.plan.project,
            entries=self.entries,
            results=self.results,
            known_checks=self.known,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Running:
    planned: PlannedCheck
    process: BaseProcess
    connection: Connection
    deadline: float
    started: float


def _in_processes(
    checks: list[PlannedCheck], job: Callable[[PlannedCheck], worker.Job], ahead: Ahead | None = None
) -> Iterator[tuple[PlannedCheck, Measured]]:
    """Run the checks, as many at once as there are processors; every process is reaped, whatever happens."""
    waiting = deque(checks)
    running: list[_Running] = []
    lanes = max(1, os.cpu_count() or 1)
    try:
        while waiting or running:
            if waiting and ahead is not None:
                running.append(_hand_over(waiting.popleft(), job, ahead))
                ahead = None
            while waiting and len(running) < lanes:
                running.append(_start(waiting.popleft(), job))
            yield from _collect(running)
    finally:
        for one in running:
            _end(one)


def _start(planned: PlannedCheck, job: Callable[[PlannedCheck], worker.Job]) -> _Running:
    near, far = _context().Pipe(duplex=False)
    process = _context().Process(target=worker.measure, args=(far, job(planned)), daemon=False)  # type: ignore[attr-defined]
    process.start()
    far.close()
    now = time.monotonic()
    return _Running(planned=planned, process=process, connection=near, deadline=now + planned.spec.seconds, started=now)


def _hand_over(planned: PlannedCheck, job: Callable[[PlannedCheck], worker.Job], ahead: Ahead) -> _Running:
    now = time.monotonic()
    ahead.jobs.send(job(planned))
    deadline = now + planned.spec.seconds
    return _Running(planned=planned, process=ahead.process, connection=ahead.answers, deadline=deadline, started=now)


def _collect(running: list[_Running]) -> Iterator[tuple[PlannedCheck, Measured]]:
    """What has come in by now; waits until something does or a deadline passes."""
    patience = max(0.0, min(one.deadline for one in running) - time.monotonic())
    ready = wait([one.connection for one in running], timeout=patience)
    for one in list(running):
        if one.connection in ready:
            measured = _receive(one)
        elif time.monotonic() >= one.deadline:
            measured = _failed(one, f"the check did not end within {one.planned.spec.seconds:g} s and was stopped")
        else:
            continue
        running.remove(one)
        _end(one, patience=PATIENCE if one.connection in ready else 0.0)
        yield one.planned, measured


def _receive(one: _Running) -> Measured:
    try:
        body = json.loads(one.connection.recv_bytes())
        inputs = tuple(Input(path=path, sha256=sha256) for path, sha256 in body["inputs"])
        seconds = float(body["seconds"])
        if "error" in body:
            return _failed(one, str(body["error"]), inputs)
        measurement = wire.decode(body["measurement"])
    except (EOFError, OSError):
        one.process.join(timeout=5)
        return _failed(one, f"the check's process ended without an answer ({_ending(one.process.exitcode)})")
    except (ValueError, KeyError, TypeError, NotMeasurable) as error:
        return _failed(one, str(error))
    return Measured(check=one.planned.id, measurement=measurement, inputs=inputs, seconds=seconds)


def _failed(one: _Running, error: str, inputs: tuple[Input, ...] = ()) -> Measured:
    seconds = time.monotonic() - one.started
    return Measured(check=one.planned.id, measurement=None, error=error, inputs=inputs, seconds=seconds)


def _ending(code: int | None) -> str:
    if code is not None and code < 0:
        return (
            f"signal {signal.Signals(-code).name}; out of memory?"
            if code == -signal.SIGKILL
            else signal.Signals(-code).name
        )
    return f"exit code {code}"


def _end(one: _Running, *, patience: float = 0.0) -> None:
    """End the check's process and everything it started; within `patience` seconds it may leave by itself."""
    one.connection.close()
    one.process.join(timeout=patience)
    if one.process.pid is not None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(one.process.pid, signal.SIGKILL)
    one.process.kill()
    one.process.join()


def _context() -> BaseContext:
    """A server process that has imported the heavy libraries once and is forked for every check."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(PRELOAD))
    return context


def describe_plugins(root: str, packages: tuple[str, ...]) -> tuple[CheckSpec, ...]:
    """The checks of the project's own plugins, imported in a process of their own.

    Raises UsageMistake when one cannot be imported, stops its process, or does not end in time.
    """
    if not packages:
        return ()
    near, far = _context().Pipe(duplex=False)
    process = _context().Process(target=worker.describe, args=(far, root, packages))  # type: ignore[attr-defined]
    process.start()
    far.close()
    try:
        answer = near.recv_bytes() if near.poll(PLUGIN_SECONDS) else b"-the plugins were not imported in time"
    except EOFError:
        answer = b"-a plugin ended its process while it was imported"
    finally:
        process.kill()
        process.join()
        near.close()
    if not answer.startswith(b"+"):
        raise UsageMistake(f"plugins: {answer[1:].decode(errors='replace')}")
    return library.loads(answer[1:])
