"""Tables that another engine reads, with the face of `TableData`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crispq.errors import NotMeasurable
from crispq.evidence.engines import Address, Rows, on_spark, rows_of
from crispq.evidence.engines.local import LocalRows, quoted
from crispq.evidence.suites.demands import Demand, answered
from crispq.evidence.tables import TableData, separator

if TYPE_CHECKING:
    import duckdb
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class EngineTable(TableData):
    """A table whose rows are asked elsewhere; what DuckDB's reader does with files is not done here."""

    source: Rows

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(self.types)

    @cached_property
    def types(self) -> dict[str, str]:
        """The columns' types by name, in DuckDB's words."""
        return self.source.columns_and_types()

    @cached_property
    def rows(self) -> int:
        """The number of rows."""
        return self.source.count()

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a SELECT in DuckDB's SQL over this table, which it calls `rows`."""
        return self.source.query(sql)

    def answer(self, demands: Sequence[Demand]) -> Mapping[Demand, Any]:
        """The answers to what a suite asks."""
        return answered(demands, self.query)

    def frame(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """The rows as a DataFrame of shape (rows, columns). Raises NotMeasurable when a named column does not exist."""
        if absent := [name for name in columns or () if name not in self.columns]:
            raise NotMeasurable(f"{self.paths[0]} has no column {absent[0]!r}; it has {', '.join(self.columns)}")
        return self.source.frame(columns)

    def altered(self, columns: Mapping[str, str]) -> TableData:
        """The same rows with these columns replaced by DuckDB's SQL over the others; DuckDB holds them then."""
        if absent := [name for name in columns if name not in self.columns]:
            raise NotMeasurable(f"{self.paths[0]} has no column {absent[0]!r}; it has {', '.join(self.columns)}")
        told = ", ".join(f"{sql} AS {quoted(name)}" for name, sql in columns.items())
        rows = LocalRows(lambda: self.source.relation().project(f"* REPLACE ({told})" if told else "*"))
        return replace(self, source=rows)

    def relation(self) -> duckdb.DuckDBPyRelation:
        """The rows as a DuckDB relation; those of a database are copied for it."""
        return self.source.relation()


@dataclass(frozen=True, kw_only=True)
class DatabaseTable(EngineTable):
    """A table of a database. Its rows have no order of their own: key first, then content orders them."""

    ordered = False

    def parts(self) -> tuple[TableData, ...]:
        """The table itself: a database keeps no batches."""
        return (self,)


@dataclass(frozen=True, kw_only=True)
class SparkTable(EngineTable):
    """A table of files that is asked on Spark."""

    def parts(self) -> tuple[TableData, ...]:
        """The table's files, each as a table of its own."""
        return tuple(spark_table(f"{self.name}: {Path(one).stem}", self.root, (one,)) for one in self.paths)


def database_table(name: str, address: Address, root: Path, *, key: str | None) -> DatabaseTable:
    """The table `name` at a database's address; its path is what names its bytes in a trace."""
    path = address.database if address.is_file else f"rows:{name}"
    return DatabaseTable(name=name, root=root, paths=(path,), source=rows_of(address, root, key=key))


def spark_table(name: str, root: Path, paths: tuple[str, ...]) -> SparkTable:
    """The table `name` of these files, asked on Spark."""
    plain = TableData(name=name, root=root, paths=paths)
    files = [root / one for one in paths]
    parquet = files[0].suffix.lower() == ".parquet"
    source = on_spark(files, separator=None if parquet else separator(files[0]), opened=plain.relation)
    return SparkTable(name=name, root=root, paths=paths, source=source)
