"""One worker, forked while the project is still being read: what most checks import is there when the job comes."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """A process that waits for one job, and the pipes to it and from it."""

    process: BaseProcess
    jobs: Connection
    answers: Connection


@contextmanager
def forked_ahead() -> Iterator[Ahead]:
    """A worker for the first check, ended on leaving. Only a process of one thread may fork so."""
    context = multiprocessing.get_context("fork")
    job_end, jobs = context.Pipe(duplex=False)
    answers, answer_end = context.Pipe(duplex=False)
    process = context.Process(target=_wait, args=(job_end, answer_end, (jobs, answers)), daemon=False)
    process.start()
    job_end.close()
    answer_end.close()
    try:
        yield Ahead(process=process, jobs=jobs, answers=answers)
    finally:
        for end in (jobs, answers):
            end.close()
        with suppress(ProcessLookupError, AttributeError, TypeError):
            os.kill(process.pid, 9)  # type: ignore[arg-type] # None raises and is suppressed
        process.join()


def _wait(jobs: Connection, answers: Connection, not_mine: tuple[Connection, ...]) -> None:
    for end in not_mine:
        end.close()
    import duckdb

    from crispq.gate import worker

    del duckdb
    try:
        job: Any = jobs.recv()
    except EOFError:  # nothing to measure: it was kept from last time, or the project cannot be read
        return
    worker.measure(answers, job)
