"""Which table a word of the command line means, and a door to read it through."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from crispq.errors import MissingEvidence, NotMeasurable, UsageMistake, hint
from crispq.evidence import Evidence, TableData
from crispq.evidence.paths import inside
from crispq.evidence.reading import SUFFIXES
from crispq.nouns import Project
from crispq.process import phases


@contextmanager
def plain_words() -> Iterator[None]:
    """Whatever is wrong with a table is here the user's to mend: the verb ends with exit code 2."""
    try:
        yield
    except (MissingEvidence, NotMeasurable) as error:
        raise UsageMistake(str(error)) from error


def door(project: Project) -> Evidence:
    """The project as a check of the first phase sees it."""
    return Evidence(project, phases()[0].id)


def named(project: Project, name: str) -> TableData:
    """The table of `data.tables` of this name. Raises UsageMistake when there is none or it cannot be read."""
    if name not in project.data.tables:
        known = project.data.tables
        listed = ", ".join(known) or "none"
        raise UsageMistake(f"no table {name!r} is listed under data.tables{hint(name, known)}; there are: {listed}")
    with plain_words():
        return door(project).table(name)


def named_or_file(project: Project, word: str) -> TableData:
    """The table of this name, or else the project's file of this path."""
    if word in project.data.tables or Path(word).suffix.lower() not in SUFFIXES:
        return named(project, word)
    if not inside(Path(project.root), word).is_file():
        raise UsageMistake(f"there is no file {word} in the project")
    table = TableData(name=word, root=Path(project.root), paths=(word,))
    with plain_words():
        if not table.rows:
            raise UsageMistake(f"{word} holds no row")
    return table
