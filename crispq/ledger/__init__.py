"""The recorded events of a project: one canonical JSON file each, named by its digest, naming its predecessors."""

from __future__ import annotations

from crispq.ledger.lock import project_lock
from crispq.ledger.store import append, heads, read

__all__ = ["append", "heads", "project_lock", "read"]
