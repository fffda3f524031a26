"""The registry of versions, `data_versions.json` of phase 1: read strictly, only ever added to."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

from crispq.errors import UsageMistake
from crispq.gate.files import write_atomically
from crispq.process import phases

#: One version as it stands in the registry; docs/reference/files.md says what is in it.
Version: TypeAlias = dict[str, Any]

SCHEMA = "crispq/data_versions/1"
PATH = f"{phases()[0].folder}/data_versions.json"
DEMANDED = {"table": str, "version": int, "rows": int, "columns": dict, "content": str, "summary": dict}


def read(root: Path) -> list[Version]:
    """Every version that is registered, oldest first; none where there is no registry yet.

    Raises UsageMistake when the file is not a registry: it is never written over then.
    """
    file = root / PATH
    if not file.is_file():
        return []
    try:
        body = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UsageMistake(f"{PATH} is no JSON: {error}; restore it from git") from error
    if not isinstance(body, dict) or body.get("schema") != SCHEMA or not isinstance(body.get("versions"), list):
        raise UsageMistake(f"{PATH} is no registry of the schema {SCHEMA!r}; restore it from git")
    for number, one in enumerate(body["versions"], start=1):
        for key, kind in DEMANDED.items():
            if not isinstance(one, dict) or not isinstance(one.get(key), kind):
                raise UsageMistake(f"{PATH}: entry {number} has no {key!r} of the right type; restore it from git")
    return list(body["versions"])


def versions_of(versions: Sequence[Version], table: str) -> list[Version]:
    """The versions of one table, oldest first."""
    return [one for one in versions if one["table"] == table]


def find(versions: Sequence[Version], table: str, number: int) -> Version:
    """One version. Raises UsageMistake, naming those that there are."""
    known = versions_of(versions, table)
    for one in known:
        if one["version"] == number:
            return one
    listed = ", ".join(str(one["version"]) for one in known) or "none"
    raise UsageMistake(f"{PATH} has no version {number} of the table {table!r}; there are: {listed}")


def write(root: Path, versions: Sequence[Version]) -> None:
    """Write the registry, whole or not at all."""
    body = {"schema": SCHEMA, "versions": list(versions)}
    write_atomically(root / PATH, (json.dumps(body, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode())
