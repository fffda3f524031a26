"""The table of columns in the data description: one parser for all checks that ask what a column is.

The document `data_description` has a section "Columns" with a table | Column | Meaning | Unit | Type | Known at |. A
name with `*` in it describes all columns that fit, such as the columns that a category was spread over. A further
column "Personal" may say whether a column holds personal data: `no`, or what it is (`name`, `e-mail`, ...).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from crispq import Evidence, MarkdownTable, MissingEvidence, NotMeasurable, hint

DOCUMENT = "data_description"
SECTION = "Columns"
HEADER = ("Column", "Meaning", "Unit", "Type", "Known at")
#: May stand in the table too.
PERSONAL = "Personal"
NOT_PERSONAL = frozenset({"", "-", "no", "none"})
#: When a column's value is known, as seen from the moment of prediction.
MOMENTS = ("before", "at", "after")


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnRow:
    """One row of the table: what is said about a column, and on which line."""

    name: str
    meaning: str
    unit: str
    type: str
    known_at: str
    line: int
    personal: str = ""

    @property
    def is_personal(self) -> bool:
        """Whether the row says that the column holds personal data."""
        return self.personal.casefold() not in NOT_PERSONAL

    @property
    def moment(self) -> str | None:
        """One of before, at and after; None where the row says something else."""
        said = self.known_at.casefold()
        return said if said in MOMENTS else None

    def describes(self, column: str) -> bool:
        """Whether this row speaks of the column: by its name, or by a name with `*`."""
        return column == self.name or ("*" in self.name and re.fullmatch(_pattern(self.name), column) is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnTable:
    """All rows of the section, and where it stands."""

    path: str
    line: int
    rows: tuple[ColumnRow, ...]

    def row_of(self, column: str) -> ColumnRow | None:
        """The row that describes the column: the one with its very name before one with `*`."""
        exact = (row for row in self.rows if row.name == column)
        return next(exact, None) or next((row for row in self.rows if row.describes(column)), None)


def described_columns(evidence: Evidence) -> ColumnTable:
    """The table of columns of the data description.

    Raises MissingEvidence where the document, the section or the table does not exist yet; NotMeasurable where the
    table has other columns than it must have.
    """
    document = evidence.document(DOCUMENT)
    section = document.section(SECTION)
    if section is None:
        raise MissingEvidence(f"the section {SECTION!r} is missing", path=document.path)
    tables = [table for table in section.tables if table.columns and _plain(table.columns[0]) == HEADER[0].casefold()]
    if not tables:
        message = f"the section {SECTION!r} holds no table | {' | '.join(HEADER)} |"
        raise MissingEvidence(message, path=document.path, line=section.line)
    rows = tuple(row for table in tables for row in _rows(document.path, table))
    return ColumnTable(path=document.path, line=tables[0].line, rows=rows)


def _rows(path: str, table: MarkdownTable) -> Iterator[ColumnRow]:
    heads = [_plain(name) for name in table.columns]
    if absent := [name for name in HEADER if name.casefold() not in heads]:
        found = hint(absent[0].casefold(), heads)
        raise NotMeasurable(f"{path}:{table.line}: the table of columns has no column {absent[0]!r}{found}")
    for line, record in table.records():
        cells = {_plain(name): cell for name, cell in record.items()}
        name, meaning, unit, type_, known_at = (_unmarked(cells.get(one.casefold(), "")) for one in HEADER)
        personal = _unmarked(cells.get(PERSONAL.casefold(), ""))
        yield ColumnRow(
            name=name, meaning=meaning, unit=unit, type=type_, known_at=known_at, line=line, personal=personal
        )


def _plain(head: str) -> str:
    return _unmarked(head).casefold()


def _unmarked(cell: str) -> str:
    """The cell without the marks that Markdown needs: code quotes around it, backslashes before signs."""
    return re.sub(r"\\([\\_*|`\[\]])", r"\1", cell.strip().strip("`").strip())


def _pattern(name: str) -> str:
    return ".*".join(re.escape(part) for part in name.split("*"))
