"""`crispq data diff`: two tables, two registered versions or two files, held against each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from crispq.commands.data import fingerprints, registry
from crispq.commands.data.changes import change_of, label_counts, summary_of, words_of
from crispq.commands.data.summaries import distances, distances_told
from crispq.commands.data.tables import named_or_file, plain_words
from crispq.errors import UsageMistake
from crispq.evidence.contents import content_digest, kind_of
from crispq.evidence.tables import TableData
from crispq.nouns import Project
from crispq.project import load_project

SCHEMA = "crispq/data_diff/1"
LONGEST_NUMBER = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """One of the two: what is told of it, its rows if they are at hand, and its fingerprint if one was made."""

    word: str
    told: Mapping[str, Any]
    table: TableData | None
    fingerprint: Path | None

    @property
    def has_key(self) -> bool:
        return bool(self.told["key"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What `crispq data diff` says: as a document, and in lines for a person."""

    equal: bool
    document: dict[str, Any]
    lines: tuple[str, ...]


def diff(root: Path, first: str, second: str) -> Difference:
    """Hold two sides against each other, each a table's name, `TABLE@VERSION`, or a file of the project.

    Raises UsageMistake for a word that names none of these.
    """
    project = load_project(root)
    with plain_words(), TemporaryDirectory(prefix="crispq-") as folder:
        before, after = (
            _side(project, word, Path(folder) / f"{index}.parquet") for index, word in enumerate((first, second))
        )
        equal = before.told["content"] == after.told["content"]
        change = _change(before, after)
    document = {"schema": SCHEMA, "a": _about(before), "b": _about(after), "equal": equal} | change
    lines = (f"{first} and {second} hold the same {before.told['rows']:,} rows",) if equal else words_of(change)
    return Difference(equal=equal, document=document, lines=lines)


def _about(side: _Side) -> dict[str, Any]:
    return {
        "name": side.word,
        "rows": side.told["rows"],
        "content": side.told["content"],
        "labels": side.told["labels"],
    }


def _side(project: Project, word: str, file: Path) -> _Side:
    name, at, number = word.rpartition("@")
    if at:
        if not (number.isascii() and number.isdecimal() and len(number) <= LONGEST_NUMBER):
            raise UsageMistake(f"{word!r}: write a registered version as TABLE@NUMBER, such as {name}@1")
        return _registered(project, word, name, int(number))
    table = named_or_file(project, word)
    key, target = project.data.key, project.data.target
    told = {
        "rows": table.rows,
        "columns": {column: str(kind_of(type_)) for column, type_ in table.types.items()},
        "content": content_digest(table),
        "summary": summary_of(project, table),
        "labels": label_counts(project, table),
        "key": key in table.types,
    }
    if table.rows <= fingerprints.MOST_ROWS:
        fingerprints.write(table, file, fingerprints.salt(Path(project.root)), key=key, label=target)
    return _Side(word=word, told=told, table=table, fingerprint=file if file.is_file() else None)


def _registered(project: Project, word: str, name: str, number: int) -> _Side:
    root = Path(project.root)
    version = registry.find(registry.read(root), name, number)
    file = fingerprints.place(root, name, number)
    told = {**version, "key": project.data.key in version["columns"]}
    return _Side(word=word, told=told, table=None, fingerprint=file if file.is_file() else None)


def _change(before: _Side, after: _Side) -> dict[str, Any]:
    old, new = before.told["summary"], after.told["summary"]
    apart = distances_told(old, new) if after.table is None else distances(old, after.table, new)
    rows = None
    if before.fingerprint and after.fingerprint:
        by_key = before.has_key and after.has_key
        rows = fingerprints.compare(before.fingerprint, after.fingerprint, by_key=by_key)
    return change_of(before.told, after.told, apart) | {
        "by_row": None if rows is None else asdict(rows),
        "unknown": [] if rows else ["which rows and labels changed: no fingerprint of both sides is on this machine"],
    }
