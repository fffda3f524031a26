"""Markdown documents as sections and tables, each with its line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

#: A block quote that begins so is guidance of the template and must give way to the writer's own text.
GUIDANCE = "To fill in:"


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    return MarkdownIt("js-default")


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkdownTable:
    """A table of a document: cells as text, and the line of each row."""

    line: int
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]

    def records(self) -> Iterator[tuple[int, dict[str, str]]]:
        """Each row as (line, {lower-case column: cell})."""
        names = [name.lower() for name in self.columns]
        for line, row in zip(self.lines, self.rows, strict=True):
            yield line, dict(zip(names, row, strict=False))


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One heading of a document and what stands under it, up to the next heading of its rank or above."""

    title: str
    line: int
    text: str
    words: int
    guidance_lines: tuple[int, ...]
    tables: tuple[MarkdownTable, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A phase's document: its path and its sections in order."""

    name: str
    path: str
    sections: tuple[Section, ...]

    def section(self, title: str) -> Section | None:
        """The section with this title, whatever its case."""
        wanted = title.casefold()
        return next((one for one in self.sections if one.title.casefold() == wanted), None)


def parse(name: str, path: str, text: str) -> Document:
    """The document whose Markdown is `text`."""
    tokens = _parser().parse(text)
    lines = text.splitlines()
    heads = [
        (_line(token), int(token.tag[1]), tokens[index + 1].content.strip())
        for index, token in enumerate(tokens)
        if token.type == "heading_open" and token.level == 0
    ]
    sections = []
    for position, (line, rank, title) in enumerate(heads):
        end = next((other for other, depth, _ in heads[position + 1 :] if depth <= rank), len(lines) + 1)
        sections.append(_section(title, line, end, lines, tokens))
    return Document(name=name, path=path, sections=tuple(sections))


def _line(token: Token) -> int:
    return token.map[0] + 1 if token.map else 1


def _section(title: str, line: int, end: int, lines: Sequence[str], tokens: Sequence[Token]) -> Section:
    within = [token for token in tokens if token.map and line < _line(token) < end]
    quotes = [token for token in within if token.type == "blockquote_open"]
    guidance = tuple(_line(token) for token in quotes if GUIDANCE in lines[_line(token) - 1])
    text = "\n".join(lines[line : end - 1])
    return Section(
        title=title,
        line=line,
        text=text,
        words=_words(lines[line : end - 1]),
        guidance_lines=guidance,
        tables=tuple(_tables(tokens, line, end)),
    )


def _words(lines: Sequence[str]) -> int:
    own = [line for line in lines if not line.lstrip().startswith((">", "#", "<!--"))]
    return len(re.findall(r"\w+", " ".join(own)))


def _tables(tokens: Sequence[Token], line: int, end: int) -> Iterator[MarkdownTable]:
    start: int | None = None
    for index, token in enumerate(tokens):
        if token.type == "table_open" and line < _line(token) < end:
            start = index
        elif token.type == "table_close" and start is not None:
            yield _table(tokens[start : index + 1])
            start = None


def _table(tokens: Sequence[Token]) -> MarkdownTable:
    rows: list[tuple[int, list[str]]] = []
    for token in tokens:
        if token.type == "tr_open":
            rows.append((_line(token), []))
        elif token.type == "inline" and rows:
            rows[-1][1].append(token.content.strip())
    (line, columns), *body = rows
    return MarkdownTable(
        line=line,
        columns=tuple(columns),
        rows=tuple(tuple(cells) for _, cells in body),
        lines=tuple(at for at, _ in body),
    )
