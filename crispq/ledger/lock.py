"""One crispq process at a time writes to a project; an operating-system lock, so a dead holder holds nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from crispq.errors import LockHeld, UsageMistake
from crispq.gate.files import write_atomically
from crispq.process import phases

LOCK_FILE = ".crispq/cache/lock"
PATIENCE = 60.0


@contextmanager
def project_lock(root: Path, *, patience: float = PATIENCE) -> Iterator[None]:
    """Hold the project's lock. Raises LockHeld, naming the holder, when it is not free within `patience` seconds."""
    _refuse_links(root)
    path = root / LOCK_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    holder = path.with_suffix(".holder")
    lock = FileLock(path)
    try:
        lock.acquire(timeout=patience)
    except Timeout as error:
        named = holder.read_text() if holder.is_file() else "another process"
        message = f"the project is locked by {named}; waited {patience:g} s"
        raise LockHeld(message) from error
    try:
        write_atomically(holder, f"process {os.getpid()}".encode())
        yield
    finally:
        lock.release()


def _refuse_links(root: Path) -> None:
    """Nothing of crispq's own may be a link: what is written there stays in the project."""
    own = (".crispq", ".crispq/cache", ".crispq/ledger", LOCK_FILE)
    linked = [
        name for name in (*own, *(f".crispq/ledger/{phase.id}" for phase in phases())) if (root / name).is_symlink()
    ]
    if linked:
        message = f"{linked[0]} is a link; crispq writes only into the project itself"
        raise UsageMistake(message)
