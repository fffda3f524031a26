"""Measurements by key, on disk, with the trace that says what they are about.

Key: the check's code, crispq's and the libraries' versions, the settings. Valid only while every digest of the
trace still holds. Limits are no part of it: a measurement can be judged again under others. Never a proof: a ledger
entry is not read from here, and a cache file that is not what it should be counts as none.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from crispq.errors import CrispqError
from crispq.evidence.digests import digest_of_value
from crispq.gate import wire
from crispq.gate.files import write_atomically
from crispq.nouns import Input, Measured, PlannedCheck

FORMAT = 1
LIBRARIES = ("crispq", "duckdb", "great-expectations", "numpy", "pandas", "pyarrow", "scikit-learn", "scipy", "skops")


@cache
def _versions() -> dict[str, str]:
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = ""
    return found


def key_of(planned: PlannedCheck) -> str:
    """Under which name the check's measurement is kept."""
    spec = planned.spec
    return digest_of_value(
        {
            "format": FORMAT,
            "check": spec.id,
            "code": spec.code_digest,
            "command": spec.command,
            "settings": planned.settings,
            "versions": _versions(),
        }
    )


def recall(folder: Path, planned: PlannedCheck, digest: Callable[[str], str | None]) -> Measured | None:
    """The kept measurement, if every digest of its trace still holds.

    A result with `stale` set says which input changed since; None says that nothing is kept.
    """
    body = _read(folder, planned)
    if body is None:
        return None
    inputs = tuple(Input(path=path, sha256=sha256) for path, sha256 in body["inputs"])
    try:
        changed = [one.path for one in inputs if digest(one.path) != one.sha256]
    except (CrispqError, TypeError, ValueError, KeyError, OSError):
        return None
    return Measured(
        check=planned.id,
        measurement=wire.decode(body["measurement"]),
        inputs=inputs,
        seconds=body["seconds"],
        cached=True,
        stale=f"{changed[0]} changed since it was measured" if changed else "",
    )


def _read(folder: Path, planned: PlannedCheck) -> dict[str, Any] | None:
    try:
        body = json.loads((folder / f"{key_of(planned)}.json").read_bytes())
        wire.decode(body["measurement"])
        if body["check"] != planned.id or not isinstance(body["seconds"], float) or not body["inputs"]:
            return None
        for path, sha256 in body["inputs"]:
            if not isinstance(path, str) or not (sha256 is None or isinstance(sha256, str)):
                return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError, CrispqError):
        return None
    return dict(body)


def keep(folder: Path, planned: PlannedCheck, measured: Measured) -> None:
    """Keep a measurement that was made; an error is never kept. Written whole or not at all."""
    if measured.measurement is None or measured.error:
        return
    body = {
        "check": planned.id,
        "measurement": wire.encode(measured.measurement),
        "inputs": [[one.path, one.sha256] for one in measured.inputs],
        "seconds": float(measured.seconds),
    }
    write_atomically(folder / f"{key_of(planned)}.json", json.dumps(body).encode(), sweep=True)
