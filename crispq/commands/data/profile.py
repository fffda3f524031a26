"""`crispq data profile`: propose what to expect of a table, for a person to edit and to freeze."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crispq.commands.data.look import Profile, look
from crispq.commands.data.suite import propose
from crispq.commands.data.tables import named, plain_words
from crispq.commands.data.units import unit_of
from crispq.errors import UsageMistake
from crispq.evidence.paths import inside
from crispq.gate.files import write_atomically
from crispq.nouns import DataSpec
from crispq.process import phases
from crispq.project import load_project

FOLDER = f"{phases()[0].folder}/expectations"
HEADER = "| Column | Meaning | Unit | Type | Known at |\n|---|---|---|---|---|"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """A suite, the table of columns for data_description.md, and what to tell the person about both."""

    suite: dict[str, Any]
    columns: str
    told: tuple[str, ...]


def profile(root: Path, table: str, *, write: bool = False, force: bool = False) -> Proposed:
    """Look at the table and propose. write: put the suite into expectations/TABLE.json of phase 1.

    Raises UsageMistake when that file exists and `force` is not given: a frozen suite is not lost to a guess.
    """
    project = load_project(root)
    path = f"{FOLDER}/{table}.json"
    with plain_words():
        data = named(project, table)
        if write and (root / path).exists() and not force:
            raise UsageMistake(f"{path} exists; print the proposal without --write, or replace the file with --force")
        found = look(data, source=root / data.paths[0], file=Path(data.paths[0]).name)
    spec = project.data
    by = f"crispq data profile {table}"
    suite = propose(found, key=spec.key, target=spec.target, task=project.task, name=table, by=by)
    columns = table_of_columns(found, spec)
    text = json.dumps(suite, indent=2, ensure_ascii=False, allow_nan=False)
    if write:
        write_atomically(inside(root, path), f"{text}\n".encode())
    first = f"Wrote {path}: {len(suite['expectations'])} proposed expectations." if write else text
    return Proposed(suite=suite, columns=columns, told=(first, columns))


def table_of_columns(found: Profile, data: DataSpec) -> str:
    """The table of the section "Columns", with what can be guessed; meanings and moments are for a person."""
    rows = [
        f"| {cell(one.name)} |  | {unit_of(one.name, one.kind)} | {one.kind} | {_known_at(one.name, data)} |"
        for one in found.columns
    ]
    return "\n".join([HEADER, *rows])


def _known_at(name: str, data: DataSpec) -> str:
    """The target is known after the prediction; of all other columns only a person knows."""
    return "after" if name == data.target else ""


def cell(name: str) -> str:
    """A column's name as a cell of a Markdown table; as code, so that no reader takes it for HTML."""
    escaped = re.sub(r"([\\|])", r"\\\1", name)
    return f"`{escaped}`" if "`" not in name else re.sub(r"([`<_*\[\]])", r"\\\1", escaped)
