"""A look at the raw data: each column's type, range and values, by aggregates that DuckDB computes."""

from __future__ import annotations

import re
import tempfile
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crispq.errors import NotMeasurable, UsageMistake
from crispq.evidence.tables import SUFFIXES, TableData

if TYPE_CHECKING:
    import duckdb

#: A text column with at most so many values is a category, and its values are worth listing.
MOST_CATEGORIES = 25
#: A value set is proposed only where each value stands for at least so many rows on average.
ROWS_PER_CATEGORY = 5


class Kind(StrEnum):
    """What the values of a column are; the words stand in the project's data description."""

    WHOLE = "whole number"
    NUMBER = "number"
    TEXT = "text"
    YES_NO = "yes or no"
    DATE = "date"
    OTHER = "other"

    @property
    def is_number(self) -> bool:
        """Whether one can compute with the values."""
        return self in {Kind.WHOLE, Kind.NUMBER}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: `low` and `high` are its range, of the length for text; `values` are all its values where few."""

    name: str
    kind: Kind
    zoned: bool
    nulls: int
    distinct: int
    finite: bool
    low: float | None
    high: float | None
    values: tuple[Any, ...]

    def is_category(self, rows: int) -> bool:
        """Whether this is text that sorts the rows into few groups."""
        return self.kind is Kind.TEXT and bool(self.values) and self.distinct * ROWS_PER_CATEGORY <= rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A table as `crispq new` saw it. `file` is the name that it gets in the project."""

    source: Path
    file: str
    rows: int
    columns: tuple[Column, ...]

    def column(self, name: str) -> Column | None:
        """The column of this name."""
        return next((one for one in self.columns if one.name == name), None)


def look_at(source: Path) -> Profile:
    """Read the table strictly. Raises UsageMistake when it cannot be read, has no row or unusable column names."""
    if not source.is_file():
        raise UsageMistake(f"data: there is no file {source}")
    file = re.sub(r"[^A-Za-z0-9._-]+", "_", source.stem).strip("._") or "raw"
    file += source.suffix.lower()
    if source.suffix.lower() not in SUFFIXES:
        raise UsageMistake(f"data: {source.name} is none of {', '.join(SUFFIXES)}")
    try:
        # DuckDB takes brackets and stars in a path for a pattern: the link has a name without.
        with tempfile.TemporaryDirectory(prefix="crispq-") as folder:
            (Path(folder) / file).symlink_to(source.resolve())
            return _profile(source, file, TableData(name="raw", root=Path(folder), paths=(file,)))
    except NotMeasurable as error:
        raise UsageMistake(f"data: {error}") from error


def _profile(source: Path, file: str, table: TableData) -> Profile:
    relation = table.relation()
    for name in relation.columns:
        if reason := _unusable(name):
            raise UsageMistake(f"data: the column {name!r} {reason}; rename it first")
    kinds = [_kind(str(one)) for one in relation.types]
    rows, *facts = _aggregate(relation, file, ["count(*)", *_facts(relation.columns, kinds)])
    if not rows:
        raise UsageMistake(f"data: {source.name} holds no row")
    by_column = [facts[index : index + 5] for index in range(0, len(facts), 5)]
    few = [
        index
        for index, (_, distinct, *_) in enumerate(by_column)
        if 0 < distinct <= MOST_CATEGORIES and kinds[index] not in {Kind.DATE, Kind.OTHER}
    ]
    lists = _aggregate(relation, file, [f"list_sort(list(DISTINCT {_quoted(relation.columns[i])}))" for i in few])
    values = dict(zip(few, lists, strict=True))
    columns = tuple(
        Column(
            name=name,
            kind=kinds[index],
            zoned="TIME ZONE" in str(relation.types[index]),
            nulls=rows - filled,
            distinct=distinct,
            finite=bool(finite),
            low=None if low is None else float(low),
            high=None if high is None else float(high),
            values=tuple(one for one in values.get(index) or () if one is not None),
        )
        for index, (name, (filled, distinct, finite, low, high)) in enumerate(
            zip(relation.columns, by_column, strict=True)
        )
    )
    return Profile(source=source, file=file, rows=rows, columns=columns)


def _facts(names: Sequence[str], kinds: Sequence[Kind]) -> Iterator[str]:
    """Five aggregates a column: values present, distinct values, whether all are finite, lowest, highest."""
    for name, kind in zip(names, kinds, strict=True):
        column = _quoted(name)
        measured = f"length({column})" if kind is Kind.TEXT else column
        yield f"count({column})"
        yield f"count(DISTINCT {column})"
        yield f"coalesce(bool_and(isfinite({column}::DOUBLE)), true)" if kind.is_number else "true"
        for bound in ("min", "max"):
            yield f"{bound}({measured})" if kind.is_number or kind is Kind.TEXT else "NULL"


def _aggregate(relation: duckdb.DuckDBPyRelation, file: str, expressions: Sequence[str]) -> Sequence[Any]:
    import duckdb

    if not expressions:
        return ()
    named = ", ".join(f"{expression} AS f{index}" for index, expression in enumerate(expressions))
    try:
        return relation.aggregate(named).fetchall()[0]
    except duckdb.Error as error:
        raise NotMeasurable(f"{file}: {str(error).splitlines()[0]}") from error


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _kind(type_: str) -> Kind:
    if type_ in {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"}:
        return Kind.WHOLE
    if type_ in {"FLOAT", "DOUBLE", "HUGEINT", "UHUGEINT"} or type_.startswith("DECIMAL"):
        return Kind.NUMBER
    if type_ == "VARCHAR":
        return Kind.TEXT
    if type_ == "BOOLEAN":
        return Kind.YES_NO
    return Kind.DATE if type_ == "DATE" or type_.startswith("TIMESTAMP") else Kind.OTHER


def _unusable(name: str) -> str | None:
    if not name.strip():
        return "has no name"
    if any(unicodedata.category(one) in {"Cc", "Cs", "Zl", "Zp"} for one in name):
        return "holds a control character"
    return None
