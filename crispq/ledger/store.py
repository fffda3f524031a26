"""Entries to files and back. Canonical JSON (RFC 8785); the file's name is the sha256 of its bytes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from crispq.errors import LedgerDamaged
from crispq.gate.files import write_atomically
from crispq.nouns import Entry, EntryKind

LEDGER_FOLDER = ".crispq/ledger"
SCHEMA = "crispq/entry/1"
KEYS = {"schema", "kind", "phase", "previous", "when", "who", "body"}


def read(root: Path) -> tuple[Entry, ...]:
    """Every entry, each after all that it names as predecessors.

    Raises LedgerDamaged when a file is not what its name says, or a predecessor is gone.
    """
    entries = {}
    for path in sorted((root / LEDGER_FOLDER).glob("*/*.json")):
        entry = _read_entry(root, path)
        entries[entry.digest] = entry
    for entry in entries.values():
        for digest in entry.previous:
            if digest not in entries:
                file = f"{LEDGER_FOLDER}/{entry.phase}/{entry.digest}.json"
                message = f"{file} names {digest}, which is gone; restore it from git"
                raise LedgerDamaged(message)
    return _in_order(entries)


def _read_entry(root: Path, path: Path) -> Entry:
    name = path.relative_to(root).as_posix()
    raw = path.read_bytes()
    if hashlib.sha256(raw).hexdigest() != path.stem:
        message = f"{name}: its bytes are not what its name says; restore it from git"
        raise LedgerDamaged(message)
    try:
        body = json.loads(raw)
        if set(body) != KEYS or body["schema"] != SCHEMA or body["phase"] != path.parent.name:
            raise ValueError("it is no entry of this ledger")  # noqa: TRY301
        return Entry(
            digest=path.stem,
            kind=EntryKind(body["kind"]),
            phase=body["phase"],
            previous=tuple(body["previous"]),
            when=body["when"],
            who=body["who"],
            body=dict(body["body"]),
        )
    except (ValueError, TypeError, KeyError) as error:
        message = f"{name}: {error}"
        raise LedgerDamaged(message) from error


def _in_order(entries: Mapping[str, Entry]) -> tuple[Entry, ...]:
    """Predecessors first. What the chain leaves open is ordered by time and digest."""
    from graphlib import CycleError, TopologicalSorter

    sorter = TopologicalSorter({entry.digest: entry.previous for entry in entries.values()})
    ordered: list[Entry] = []
    try:
        sorter.prepare()
    except CycleError as error:
        message = "the ledger's entries name each other in a circle"
        raise LedgerDamaged(message) from error
    while sorter.is_active():
        ready = sorted((entries[digest] for digest in sorter.get_ready()), key=lambda entry: (entry.when, entry.digest))
        ordered += ready
        sorter.done(*(entry.digest for entry in ready))
    return tuple(ordered)


def heads(entries: Iterable[Entry]) -> tuple[str, ...]:
    """The digests of the entries that no other names: the next entry's predecessors."""
    entries = tuple(entries)
    named = {digest for entry in entries for digest in entry.previous}
    return tuple(sorted(entry.digest for entry in entries if entry.digest not in named))


def append(  # noqa: PLR0913 - an entry has these parts
    root: Path, entries: tuple[Entry, ...], *, kind: EntryKind, phase: str, body: Mapping[str, Any], who: str, when: str
) -> Entry:
    """Write one more entry after `entries`. Call it under the project's lock.

    The file is complete or absent: written aside, flushed to the disk, then renamed.
    """
    import rfc8785

    content = {
        "schema": SCHEMA,
        "kind": kind.value,
        "phase": phase,
        "previous": list(heads(entries)),
        "when": when,
        "who": who,
        "body": body,
    }
    raw = rfc8785.dumps(content)
    digest = hashlib.sha256(raw).hexdigest()
    write_atomically(root / LEDGER_FOLDER / phase / f"{digest}.json", raw, sweep=True)
    return Entry(
        digest=digest, kind=kind, phase=phase, previous=tuple(content["previous"]), when=when, who=who, body=body
    )
