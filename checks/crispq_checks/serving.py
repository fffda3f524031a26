"""Talks to the project's serving program: one JSON object a line in, one line back (see `docs/reference/files.md`).

The only place that starts it. The program runs as long as a `with` block, and is ended with it; whatever it does (die,
hang, print something else), the answer is a NotMeasurable that says so.
"""

from __future__ import annotations

import json
import math
import os
import select
import shlex
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from numbers import Integral, Real
from pathlib import Path
from typing import IO, Any, TypeAlias

from crispq import Evidence, NotMeasurable

Row: TypeAlias = Mapping[str, Any]

#: How long the program may take until it says that it is ready (it loads its model meanwhile), and for each answer.
SECONDS_TO_START = 60.0
SECONDS_TO_ANSWER = 20.0
#: An answer is one short line; more than this is none.
LONGEST_LINE = 1_000_000
#: What one call reads or writes at most.
BLOCK = 65_536


class StoppedServing(NotMeasurable):
    """The program ended or fell silent in the middle of the conversation."""


@dataclass(kw_only=True)
class Server:
    """A running serving program."""

    process: subprocess.Popen[bytes]
    errors: IO[bytes]
    command: str
    unread: bytearray = field(default_factory=bytearray)

    def ask(self, row: Row, *, seconds: float = SECONDS_TO_ANSWER) -> Mapping[str, Any]:
        """Send one row (column -> plain JSON value) and return the answer.

        Raises StoppedServing when the program ends or does not answer in time, NotMeasurable when its line is no JSON
        object.
        """
        deadline = time.monotonic() + seconds
        self._write(json.dumps(row, allow_nan=False).encode() + b"\n", deadline)
        return self._object(deadline)

    def wait_until_ready(self, seconds: float = SECONDS_TO_START) -> None:
        """Return when the program has said that it is ready."""
        if self._object(time.monotonic() + seconds).get("ready") is not True:
            raise NotMeasurable(f'{self.command!r} did not begin with {{"ready": true}}; see docs/reference/files.md')

    def last_words(self) -> str:
        """The last line that the program wrote to its standard error."""
        end = self.errors.seek(0, os.SEEK_END)
        self.errors.seek(max(0, end - BLOCK))
        lines = self.errors.read().decode(errors="replace").split("\n")
        return next((line.strip()[:300] for line in reversed(lines) if line.strip()), "")

    def _object(self, deadline: float) -> Mapping[str, Any]:
        line = self._line(deadline)
        try:
            answer = json.loads(line, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            answer = None
        if not isinstance(answer, dict):
            raise NotMeasurable(f"{self.command!r} printed a line that is no JSON object; {self._told()}")
        return answer

    def _line(self, deadline: float) -> bytes:
        output = _descriptor(self.process.stdout)
        while (end := self.unread.find(b"\n")) < 0:
            self._await(deadline, read=output)
            block = os.read(output, BLOCK)
            if not block:
                raise self._stopped("ended")
            self.unread += block
            if len(self.unread) > LONGEST_LINE:
                raise NotMeasurable(f"{self.command!r} printed a line of more than {LONGEST_LINE:,} bytes")
        line = bytes(self.unread[:end])
        del self.unread[: end + 1]
        return line

    def _write(self, line: bytes, deadline: float) -> None:
        descriptor = _descriptor(self.process.stdin)
        rest = memoryview(line)
        while rest:
            self._await(deadline, write=descriptor)
            try:
                rest = rest[os.write(descriptor, rest[:BLOCK]) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise self._stopped("ended") from error

    def _await(self, deadline: float, *, read: int | None = None, write: int | None = None) -> None:
        patience = max(0.0, deadline - time.monotonic())
        reads, writes = [read] if read is not None else [], [write] if write is not None else []
        if not any(select.select(reads, writes, [], patience)):
            raise self._stopped("did not answer in time")

    def _stopped(self, how: str) -> StoppedServing:
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=1 if how == "ended" else 0)
        code = self.process.poll()
        ending = "" if code is None else f" (exit code {code})"
        return StoppedServing(f"{self.command!r} {how}{ending}; {self._told()}")

    def _told(self) -> str:
        words = self.last_words()
        return f"its last words: {words}" if words else "it wrote nothing to its standard error"


@contextmanager
def serving(evidence: Evidence, command: str) -> Iterator[Server]:
    """Start the project's serving program, wait until it is ready, and end it afterwards.

    Everything it is made of is recorded as read. Raises MissingEvidence when its script does not exist, NotMeasurable
    when it cannot be started or does not become ready.
    """
    record(evidence, command)
    with tempfile.TemporaryFile() as errors:
        process = evidence.start_command(command, stderr=errors)
        try:
            os.set_blocking(_descriptor(process.stdin), False)
            server = Server(process=process, errors=errors, command=command)
            server.wait_until_ready()
            yield server
        finally:
            _end(process)


def record(evidence: Evidence, command: str) -> None:
    """Read, for the trace, what the program is made of: its script, the project's code and the models' files."""
    for word in _words(command):
        if Path(word).suffix == ".py" and not Path(word).is_absolute():
            evidence.path(word)
    for pattern in ("5_deployment/**/*.py", "src/**/*.py"):
        for path in evidence.files(pattern):
            evidence.digest(path)
    for model in evidence.models:
        if model.artifact is not None:
            evidence.digest(model.artifact)


def _words(command: str) -> list[str]:
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise NotMeasurable(f"the setting command, {command!r}, is no command line: {error}") from error
    if not words:
        raise NotMeasurable("the setting command is empty; name the program that serves the model")
    return words


def rows_of(frame: Any, most: int) -> Iterator[Row]:
    """Up to `most` rows of a DataFrame, evenly spread over it, as plain JSON values; a missing value is None."""
    chosen = frame.iloc[list(positions(len(frame), most))]
    for row in chosen.itertuples(index=False, name=None):
        yield {str(name): plain(value) for name, value in zip(frame.columns, row, strict=True)}


def positions(rows: int, most: int) -> Sequence[int]:
    """Up to `most` of the positions 0 ... rows - 1, evenly spread."""
    count = min(rows, max(0, most))
    return [index * rows // count for index in range(count)]


def plain(value: Any) -> Any:
    """The cell as JSON knows it: numbers, text, true and false, None for what is missing, ISO 8601 for dates.

    Raises NotMeasurable for an infinite number, which JSON cannot carry.
    """
    import pandas as pd

    if value is None or (pd.api.types.is_scalar(value) and pd.isna(value)):
        return None
    if isinstance(value, bool | str):
        return value
    if type(value).__name__ in {"bool_", "bool"}:
        return bool(value)
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real) or hasattr(value, "__float__"):
        if math.isinf(float(value)):
            raise NotMeasurable("the test table holds an infinite number, which JSON cannot carry")
        return float(value)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _descriptor(stream: IO[bytes] | None) -> int:
    if stream is None:
        raise NotMeasurable("the serving program has no standard input or output")
    return stream.fileno()


def _refuse_constant(name: str) -> float:
    raise ValueError(name)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Close the program's input, as the protocol ends a conversation; kill it if that is not enough."""
    with suppress(OSError):
        if process.stdin is not None:
            process.stdin.close()
    try:
        process.wait(timeout=1)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
