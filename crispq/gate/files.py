"""Files written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

READABLE = 0o644


def write_atomically(path: Path, raw: bytes, *, sweep: bool = False) -> None:
    """The whole file or none of it, also when the machine stops in the middle.

    sweep: remove what a writer before left behind; only under a lock, where no other writer can be at work.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    for stray in path.parent.glob(".*.crispq-tmp") if sweep else ():
        stray.unlink(missing_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".crispq-tmp")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(raw)
            os.fchmod(handle, READABLE)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)  # noqa: PTH105 - `temporary` is a plain string
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)  # noqa: PTH108
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
