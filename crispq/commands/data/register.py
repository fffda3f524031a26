"""`crispq data register`: a version of a table, its content and summary, what changed and why; written for good."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from crispq.commands.data import fingerprints, registry
from crispq.commands.data.changes import change_of, label_counts, summary_of, words_of
from crispq.commands.data.summaries import distances
from crispq.commands.data.tables import door, named, plain_words
from crispq.commands.gate import now
from crispq.errors import UsageMistake
from crispq.evidence.contents import content_digest, kind_of
from crispq.evidence.digests import digest_of_file
from crispq.evidence.tables import TableData
from crispq.ledger import project_lock
from crispq.nouns import Project
from crispq.project import git, load_project

SPLIT = "2_data_preparation/split.json"
MOST_LABELS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """The version that stands for the table now; `new` is False when the same content was registered before."""

    version: registry.Version
    new: bool
    change: tuple[str, ...]


def register(  # noqa: PLR0913 - the verb's own options
    root: Path, table: str, *, reason: str = "", note: str = "", who: str | None = None, when: str | None = None
) -> Registered:
    """Record the table as it is now, unless its newest version holds the same.

    reason: demanded from the second version on. who, when: for the scaffold; else git's user and the clock.
    Raises UsageMistake when the reason is lacking (telling what changed) or a manifest's files are not what it states.
    """
    project = load_project(root)
    with project_lock(root), plain_words():
        data = named(project, table)
        known = registry.read(root)
        earlier = registry.versions_of(known, table)
        content = content_digest(data)
        if earlier and earlier[-1]["content"] == content:
            return Registered(version=earlier[-1], new=False, change=())
        _refuse_other_files(project, table)
        number = earlier[-1]["version"] + 1 if earlier else 1
        version: registry.Version = {
            "table": table,
            "version": number,
            "when": when or now(),
            "who": who or git.who(root),
            "reason": reason.strip(),
            "note": note.strip(),
            **_described(project, data, content),
        }
        file = _fingerprint(project, data, number)
        version["change"] = _change(project, earlier[-1], version, data, file) if earlier else None
        told = words_of(version["change"]) if earlier else ()
        if earlier and not reason.strip():
            if file is not None:
                file.unlink()
            listed = "\n".join(f"  {line}" for line in told)
            raise UsageMistake(f"version {number} of {table!r} differs; say why with --reason. What differs:\n{listed}")
        registry.write(root, [*known, version])
    return Registered(version=version, new=True, change=told)


def row_of(version: registry.Version) -> str:
    """The version as a row of the table of versions in data_versions.md."""
    day, digest = version["when"][:10], version["content"]
    said = [" ".join(str(one).replace("|", "/").split()) for one in (version["reason"], version["who"])]
    return f"| {version['version']} | {day} | {version['rows']} | `{digest}` | {said[0]} | {said[1]} |"


# --- what a version is ---------------------------------------------------------------------------


def _described(project: Project, table: TableData, content: str) -> registry.Version:
    root = Path(project.root)
    return {
        "rows": table.rows,
        "columns": {name: str(kind_of(type_)) for name, type_ in table.types.items()},
        "content": content,
        "files": [
            {"path": path, "sha256": digest_of_file(root / path), "bytes": (root / path).stat().st_size}
            for path in table.paths
            if ":" not in path  # a table of a database lies in no file
        ],
        "summary": summary_of(project, table),
        "labels": label_counts(project, table),
    }


def _refuse_other_files(project: Project, table: str) -> None:
    """A version of a manifest is a version of its files: each must be the file that the table states."""
    data, evidence = project.data, door(project)
    if data.file is None or data.digest is None or not {data.file, data.digest} <= set(evidence.table(table).columns):
        return
    found = [(row.path, evidence.digest(row.path), row.digest) for row in evidence.manifest(table)]
    odd = [path for path, digest, stated in found if digest != stated]
    if odd:
        raise UsageMistake(
            f"{len(odd)} of {len(found)} files of {table!r} are missing or not what {data.digest!r} states, the first "
            f"is {odd[0]}; restore them, or write the digests anew"
        )


def _fingerprint(project: Project, table: TableData, number: int) -> Path | None:
    if table.rows > fingerprints.MOST_ROWS:
        return None
    root = Path(project.root)
    file = fingerprints.place(root, table.name, number)
    fingerprints.sweep(root)
    fingerprints.write(table, file, fingerprints.salt(root), key=project.data.key, label=project.data.target)
    return file


# --- what changed --------------------------------------------------------------------------------


def _change(
    project: Project, before: registry.Version, after: registry.Version, table: TableData, file: Path | None
) -> dict[str, Any]:
    old = fingerprints.place(Path(project.root), table.name, before["version"])
    rows = None
    if file is not None and old.is_file():
        rows = fingerprints.compare(old, file, by_key=project.data.key in table.types)
    return {
        "since": before["version"],
        "derived_before": _derived(project, before),
        **change_of(before, after, distances(before["summary"], table, after["summary"])),
        "by_row": None if rows is None else asdict(rows),
        "unknown": _unknown(table, before["version"], rows),
    }


def _unknown(table: TableData, before: int, rows: fingerprints.RowChanges | None) -> list[str]:
    """What the recorded change cannot say, and why."""
    if rows is None:
        few = table.rows <= fingerprints.MOST_ROWS
        why = (
            f"the fingerprint of version {before} is not on this machine"
            if few
            else f"no fingerprint is made of more than {fingerprints.MOST_ROWS:,} rows"
        )
        return [f"which rows and labels changed: {why}"]
    return [] if rows.changed is not None else ["which labels flipped: rows are not told apart by a key"]


def _derived(project: Project, before: registry.Version) -> dict[str, str]:
    """The prepared tables that were made of the version before, so that its runs can still be traced to it."""
    file = Path(project.root) / SPLIT
    try:
        split = json.loads(file.read_text(encoding="utf-8"))
        cited = split["source"]["sha256"]
        tables: Sequence[Mapping[str, str]] = list(split["tables"].values())
        made_of_it = cited == before["content"] or cited in {one["sha256"] for one in before["files"]}
        return {one["path"]: one["sha256"] for one in tables} if made_of_it else {}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return {}
