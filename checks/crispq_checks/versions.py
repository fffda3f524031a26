"""The registry of data versions, as `crispq data register` writes it: one reader for all checks that ask for it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from crispq import Evidence, NotMeasurable, phases

SCHEMA = "crispq/data_versions/1"
REGISTRY = f"{phases()[0].folder}/data_versions.json"
DEMANDED: Mapping[str, type] = {
    "table": str,
    "version": int,
    "rows": int,
    "columns": dict,
    "content": str,
    "files": list,
    "summary": dict,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One entry of the registry, and the line on which it begins."""

    table: str
    number: int
    line: int
    body: Mapping[str, Any]

    @property
    def content(self) -> str:
        """The digest of what the table held."""
        return str(self.body["content"])

    @property
    def files(self) -> dict[str, str]:
        """Path -> sha256 of the files that the table lay in."""
        return {str(one.get("path")): str(one.get("sha256")) for one in self.body["files"] if isinstance(one, dict)}

    @property
    def derived_before(self) -> dict[str, str]:
        """Path -> sha256 of the tables that had been prepared from the version before."""
        change = self.body.get("change")
        found = change.get("derived_before") if isinstance(change, dict) else None
        return {str(path): str(digest) for path, digest in found.items()} if isinstance(found, dict) else {}

    def text(self, key: str) -> str:
        """What a person wrote under `key`."""
        value = self.body.get(key)
        return value.strip() if isinstance(value, str) else ""


def registered(evidence: Evidence) -> tuple[Version, ...]:
    """Every registered version, oldest first.

    Raises MissingEvidence when there is no registry yet, NotMeasurable when the file is none.
    """
    text = evidence.text(REGISTRY)
    body = evidence.json(REGISTRY)
    if not isinstance(body, dict) or body.get("schema") != SCHEMA or not isinstance(body.get("versions"), list):
        raise NotMeasurable(f"{REGISTRY}:1: an object with the schema {SCHEMA!r} and a list 'versions' is expected")
    lines = list(_lines(text, len(body["versions"])))
    return tuple(_version(line, one) for line, one in zip(lines, body["versions"], strict=True))


def _version(line: int, one: Any) -> Version:
    for key, kind in DEMANDED.items():
        if not isinstance(one, dict) or not isinstance(one.get(key), kind) or isinstance(one.get(key), bool):
            raise NotMeasurable(
                f"{REGISTRY}:{line}: this version has no {key!r} of the right type; restore it from git"
            )
    return Version(table=one["table"], number=one["version"], line=line, body=one)


def _lines(text: str, entries: int) -> Iterator[int]:
    """The line on which each entry begins."""
    decoder, found = json.JSONDecoder(), re.search(r'"versions"\s*:\s*\[', text)
    position = found.end() if found else 0
    for _ in range(entries):
        start = re.compile(r"[\s,]*").match(text, position)
        position = start.end() if start else position
        yield text.count("\n", 0, position) + 1
        _, position = decoder.raw_decode(text, position)
