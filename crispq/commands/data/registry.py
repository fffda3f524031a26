"""The registry of versions, `data_versions.json` of phase 1: read strictly, only ever added to."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from crispq.errors import UsageMistake
from crispq.evidence.paths import inside
from crispq.gate.files import write_atomically
from crispq.process import phases

#: One version as it stands in the registry; docs/reference/files.md says what is in it.
Version: TypeAlias = dict[str, Any]

SCHEMA = "crispq/data_versions/1"
PATH = f"{phases()[0].folder}/data_versions.json"
MOST_ROWS = 2**63
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
    except (ValueError, RecursionError) as error:
        raise UsageMistake(f"{PATH} is no JSON: {error}; restore it from git") from error
    if not isinstance(body, dict) or body.get("schema") != SCHEMA or not isinstance(body.get("versions"), list):
        raise UsageMistake(f"{PATH} is no registry of the schema {SCHEMA!r}; restore it from git")
    found: list[Any] = body["versions"]
    for number, one in enumerate(found, start=1):
        for key, kind in DEMANDED.items():
            if not isinstance(one, dict) or not isinstance(one.get(key), kind):
                raise UsageMistake(f"{PATH}: entry {number} has no {key!r} of the right type; restore it from git")
        if odd := _odd(one):
            raise UsageMistake(f"{PATH}: entry {number} has no {odd!r} of the right type; restore it from git")
    return [{"when": "", "who": "", "reason": "", "note": "", "labels": None, "files": []} | one for one in found]


def _odd(one: Version) -> str:
    """The first key of the entry whose value is none that `register` writes; empty for none."""
    texts = ("when", "who", "reason", "note")
    told = {
        "version": _is_count(one["version"]) and one["version"] > 0,
        "rows": _is_count(one["rows"]),
        "columns": all(isinstance(kind, str) for kind in one["columns"].values()),
        "summary": set(one["summary"]) <= set(one["columns"]) and all(map(_is_summary, one["summary"].values())),
        "labels": one.get("labels") is None or _is_all(one["labels"], _is_count),
        "files": isinstance(one.get("files", []), list)
        and all(isinstance(file, dict) and isinstance(file.get("sha256"), str) for file in one.get("files", [])),
        **{key: isinstance(one.get(key, ""), str) for key in texts},
    }
    return next((key for key, right in told.items() if not right), "")


def _is_summary(one: Any) -> bool:
    if not isinstance(one, dict) or not isinstance(one.get("kind"), str) or not _is_number(one.get("missing")):
        return False
    counted = "counts" not in one or (_is_all(one["counts"], _is_count) and _is_count(one.get("other")))
    ranged = "quantiles" not in one or (
        _is_all(one["quantiles"], _is_number)
        and all(_is_number(one.get(end)) for end in ("low", "high"))
        and isinstance(one.get("shares"), list)
        and all(map(_is_number, one["shares"]))
        and len(one["shares"]) == len(set(one["quantiles"].values())) + 1
    )
    return counted and ranged


def _is_all(value: Any, right: Callable[[Any], bool]) -> bool:
    return isinstance(value, dict) and all(map(right, value.values()))


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MOST_ROWS


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < math.inf


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
    """Write the registry, whole or not at all; only under the project's lock."""
    body = {"schema": SCHEMA, "versions": list(versions)}
    raw = (json.dumps(body, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()
    write_atomically(inside(root, PATH), raw, sweep=True)
