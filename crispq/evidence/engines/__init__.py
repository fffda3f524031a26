"""Tables that DuckDB does not read from files itself: databases, and files on Spark. All answer DuckDB's SQL.

Nothing heavy is imported here: sqlglot, psycopg, SQLAlchemy and Spark come when a table of theirs is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from crispq.evidence.engines.addresses import POSTGRESQL, Address, address_of, is_address, refusal_of_source
from crispq.evidence.paths import inside

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

__all__ = ["Address", "Rows", "address_of", "digest_of", "is_address", "on_spark", "refusal_of_source", "rows_of"]


class Rows(Protocol):
    """The rows of one table, wherever they lie."""

    def columns_and_types(self) -> dict[str, str]:
        """The names of the columns in order, each with its type in DuckDB's words."""

    def count(self) -> int:
        """The number of rows."""

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """The answer to a SELECT in DuckDB's SQL over the table `rows`, as the values DuckDB gives."""

    def frame(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """The rows as DuckDB's `df()` gives them, in a lasting order."""

    def relation(self) -> duckdb.DuckDBPyRelation:
        """The rows as a relation of DuckDB, copied where they do not lie in files."""


def rows_of(address: Address, root: Path, *, key: str | None = None) -> Rows:
    """The rows of a database's table, in the order of `key` and then of all other columns."""
    return _database(address, root, key)


def digest_of(address: Address, root: Path) -> str:
    """The sha256 of what the table holds now, whatever order its rows lie in."""
    return _database(address, root, None).digest()


def on_spark(files: Sequence[Path], *, separator: str | None, opened: Callable[[], duckdb.DuckDBPyRelation]) -> Rows:
    """The rows of files, asked on Spark.

    separator: of CSV, None for Parquet; opened: the files as DuckDB reads them.
    """
    from crispq.evidence.engines.spark import SparkRows

    return SparkRows(files, separator, opened)


class Digested(Rows, Protocol):
    """Rows of a database, with a digest of all of them."""

    def digest(self) -> str:
        """The sha256 of what the table holds now, whatever order its rows lie in."""


def _database(address: Address, root: Path, key: str | None) -> Digested:
    if address.dialect == POSTGRESQL:
        from crispq.evidence.engines.postgresql import PostgreSQLRows

        return PostgreSQLRows(address, key)
    from crispq.evidence.engines.sql import SQLAlchemyRows

    if address.is_file:
        inside(root, address.database)
    return SQLAlchemyRows(address, root, key)
