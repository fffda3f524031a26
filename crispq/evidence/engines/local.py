"""DuckDB's part in asking other engines: which types a query gives, and rows that came from elsewhere, typed."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb
    import pandas as pd


def connect() -> duckdb.DuckDBPyConnection:
    """A database in memory; what outgrows it is spilled outside the project."""
    import duckdb

    folder = os.path.join(tempfile.gettempdir(), f"crispq-spill-{os.getpid()}")  # noqa: PTH118 - DuckDB takes text
    return duckdb.connect(config={"threads": 1, "temp_directory": folder})


def quoted(name: str) -> str:
    """The name as an identifier of DuckDB, and of PostgreSQL."""
    return '"' + name.replace('"', '""') + '"'


def lowered(name: str) -> str:
    """The name as DuckDB compares it: A to Z in lower case, other letters as they are."""
    return "".join(chr(ord(letter) + 32) if "A" <= letter <= "Z" else letter for letter in name)


def types_of(sql: str, columns: Mapping[str, str]) -> list[str]:
    """The types of what a query over `rows` gives. Raises DuckDB's own errors for a query that is none."""
    connection = connect()
    told = ", ".join(f"{quoted(name)} {kind}" for name, kind in columns.items())
    connection.execute(f"CREATE TABLE rows ({told})")
    return [str(one) for one in connection.sql(sql).types]


def from_csv(stream: IO[bytes], columns: Mapping[str, str], *, keep: bool) -> duckdb.DuckDBPyRelation:
    """The rows that PostgreSQL wrote as CSV behind a first cell that says nothing, with these names and types.

    keep: the rows are asked more than once; they are taken into DuckDB then.
    """
    stream.flush()
    stream.seek(0)
    names = {f"c{number}": kind for number, kind in enumerate(columns.values())}
    connection = connect()
    relation = connection.read_csv(
        f"/dev/fd/{stream.fileno()}",
        columns={"mark": "INTEGER", **names},
        header=False,
        auto_detect=False,
        delimiter=",",
        quotechar='"',
        escapechar='"',
        allow_quoted_nulls=False,
        strict_mode=True,
        parallel=False,
        max_line_size=100_000_000,
        buffer_size=200_000_000,
    )
    told = ", ".join(f"{one} AS {quoted(name)}" for one, name in zip(names, columns, strict=True))
    relation = relation.project(told)
    if not keep:
        return relation
    relation.create("kept")
    return connection.table("kept")


def frame_of(relation: duckdb.DuckDBPyRelation, columns: Sequence[str] | None) -> pd.DataFrame:
    """The relation's rows, or these columns of them."""
    import duckdb

    if columns is not None:
        relation = relation.select(*(duckdb.ColumnExpression(name) for name in columns))
    with warnings.catch_warnings():  # DuckDB 2.0 calls pandas in an outdated way for times with a zone
        warnings.filterwarnings("ignore", message="The inplace keyword")
        frame: pd.DataFrame = relation.df()
    return frame


class LocalRows:
    """Rows that DuckDB holds: what is left of a table of another engine when its columns are altered in passing."""

    def __init__(self, made: Callable[[], duckdb.DuckDBPyRelation]) -> None:
        self._made = made

    def columns_and_types(self) -> dict[str, str]:
        """The columns, with their types."""
        relation = self.relation()
        return {name: str(kind) for name, kind in zip(relation.columns, relation.types, strict=True)}

    def count(self) -> int:
        """The number of rows."""
        return int(self.query("SELECT count(*) FROM rows")[0][0])

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """The answer to a query over `rows`."""
        answer = self.relation().query("rows", sql)
        return [] if answer is None else answer.fetchall()

    def frame(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """The rows, or these columns of them."""
        return frame_of(self.relation(), columns)

    def relation(self) -> duckdb.DuckDBPyRelation:
        """The rows."""
        return self._made()


def values_of(arrow: Any, types: Sequence[str]) -> list[tuple[Any, ...]]:
    """An Arrow table's rows as the Python values that DuckDB gives for these types."""
    connection = connect()
    arrow = arrow.rename_columns([f"c{number}" for number in range(len(types))])
    told = ", ".join(f"CAST(c{number} AS {kind})" for number, kind in enumerate(types))
    return connection.from_arrow(arrow).project(told).fetchall()
