"""Tables of the project: CSV, Parquet and Arrow read by DuckDB, strictly (`reading` says how)."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from crispq.errors import NotMeasurable
from crispq.evidence.paths import is_glob
from crispq.evidence.reading import Opened, opened, separator
from crispq.evidence.suites import Expectation, Outcome, Suite
from crispq.evidence.suites.columns import identifier
from crispq.evidence.suites.demands import Demand

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

__all__ = ["TableData", "separator"]


@dataclass(frozen=True)
class TableData:
    """One table of `data.tables`: one file or several of the same shape, in order of their names."""

    name: str
    root: Path
    paths: tuple[str, ...]
    #: Whether the rows stand in an order of their own.
    ordered: ClassVar[bool] = True

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(self.types)

    @cached_property
    def types(self) -> dict[str, str]:
        """The columns' types by name, in DuckDB's words (`BIGINT`, `DOUBLE`, `VARCHAR`, `TIMESTAMP` ...)."""
        described = self.opened.look(self.select).execute("DESCRIBE rows").fetchall()
        return {name: kind for name, kind, *_ in described}

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a SELECT in DuckDB's SQL over this table, which it calls `rows`.

        For aggregates that need not load the table: `SELECT count(*), max("age") FROM rows`.
        """
        self.opened.ensure(f"{self.select} {sql}")
        return self.opened.look(self.select).execute(sql).fetchall()

    @cached_property
    def rows(self) -> int:
        """The number of rows."""
        return int(self.query("SELECT count(*) FROM rows")[0][0])

    def frame(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """The rows as a DataFrame of shape (rows, columns); missing values are NaN or None.

        Raises NotMeasurable when a named column does not exist or the file cannot be read as a table.
        """
        if absent := [name for name in columns or () if name not in self.columns]:
            message = f"{self.paths[0]} has no column {absent[0]!r}; it has {', '.join(self.columns)}"
            raise NotMeasurable(message)
        named = "*" if columns is None else ", ".join(map(identifier, columns))
        connection = self.opened.look(self.select)
        with warnings.catch_warnings():  # DuckDB 2.0 calls pandas in an outdated way for times with a zone
            warnings.filterwarnings("ignore", message="The inplace keyword")
            frame: pd.DataFrame = connection.execute(f"SELECT {named} FROM rows").df()
        return frame

    def hold(
        self, suite: Suite | Sequence[Expectation], *, key: str | None = None, examples: bool = True
    ) -> tuple[Outcome, ...]:
        """What comes of each expectation on these rows; failing rows are told by their `key`, or numbered."""
        from crispq.evidence.suites.hold import hold

        return hold(suite, self, key=key, examples=examples)

    def answer(self, demands: Sequence[Demand]) -> Mapping[Demand, Any]:
        """The answers to what a suite asks, by way of what the files say of themselves where they do."""
        from crispq.evidence.suites.shortcuts import answered_by_duckdb

        with self.opened.wide():
            return answered_by_duckdb(demands, self.query, self.types, few=self.opened.few)

    def altered(self, columns: Mapping[str, str]) -> TableData:
        """The same rows with these columns replaced by DuckDB's SQL over the others: `{"age": 'age * 10'}`."""
        if absent := [name for name in columns if name not in self.columns]:
            raise NotMeasurable(f"{self.paths[0]} has no column {absent[0]!r}; it has {', '.join(self.columns)}")
        replaced = ", ".join(f"{sql} AS {identifier(name)}" for name, sql in columns.items())
        inner = f"({self.select}) AS rows"
        return AlteredTable(
            name=self.name,
            root=self.root,
            paths=self.paths,
            of=self.opened,
            by=f"SELECT * REPLACE ({replaced}) FROM {inner}" if columns else self.select,
        )

    def parts(self) -> tuple[TableData, ...]:
        """The table's files, each as a table of its own."""
        return tuple(
            TableData(name=f"{self.name}: {Path(one).stem}", root=self.root, paths=(one,)) for one in self.paths
        )

    def relation(self) -> duckdb.DuckDBPyRelation:
        """The rows as a DuckDB relation, for aggregates that need not load them. Raises as `frame` does."""
        self.opened.ensure(str(self.columns))
        return self.opened.look(self.select).sql(self.select)

    @cached_property
    def opened(self) -> Opened:
        """The files, open in DuckDB. Raises NotMeasurable when they cannot be read as a table."""
        if odd := [path for path in self.paths if is_glob(path)]:
            raise NotMeasurable(f"{odd[0]}: DuckDB takes *, ? and [ in a name for a pattern of names; rename the file")
        return opened(self.root, self.paths)

    @property
    def select(self) -> str:
        """The SELECT over the open files that gives the rows."""
        return "SELECT * FROM source"


@dataclass(frozen=True, kw_only=True)
class AlteredTable(TableData):
    """A table whose columns are replaced in passing; its files stay as they are."""

    of: Opened
    by: str

    @cached_property
    def opened(self) -> Opened:
        """The files, as the unaltered table has opened them."""
        return self.of

    @property
    def select(self) -> str:
        """The SELECT over the open files that gives the rows."""
        return self.by

    def parts(self) -> tuple[TableData, ...]:
        """The table itself: what is altered has no files of its own."""
        return (self,)
