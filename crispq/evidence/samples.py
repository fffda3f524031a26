"""A sample of a table in memory, whose columns can be altered as SQL says, to see what a suite makes of it.

Nothing is written anywhere: an altered sample is a view.
"""

# ruff: noqa: S608 - names are quoted; what else goes into a query comes from a check

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from crispq.errors import NotMeasurable
from crispq.evidence.contents import quoted
from crispq.evidence.suites import Expectation, Outcome, Suite
from crispq.evidence.tables import TableData

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

    from crispq.evidence.suites.demands import Demand

#: The sample's name in SQL, the column with the number of each row, from 0, and one with random bits of each row.
SAMPLE = "sample"
NUMBER = "crispq_row"
DICE = "crispq_dice"
BITS = 62


@dataclass(frozen=True, kw_only=True)
class Altered:
    """The sample as a view: some columns other than they were, perhaps only some of the rows."""

    connection: duckdb.DuckDBPyConnection
    names: tuple[str, ...]
    columns: Mapping[str, str] = field(default_factory=dict)
    where: str = "TRUE"
    ordered: bool = True

    @property
    def select(self) -> str:
        """The SELECT that makes it of the sample."""
        cells = ", ".join(f"{self.columns.get(name, quoted(name))} AS {quoted(name)}" for name in self.names)
        return f"SELECT {cells} FROM {SAMPLE} WHERE {self.where}"

    @cached_property
    def types(self) -> dict[str, str]:
        """The columns' types by name, in DuckDB's words."""
        relation = self.connection.sql(self.select)
        return {name: str(kind) for name, kind in zip(relation.columns, relation.types, strict=True)}

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a SELECT over the view, which it calls `rows`."""
        self._connection.execute(sql)
        return self._connection.fetchall()

    @cached_property
    def _connection(self) -> duckdb.DuckDBPyConnection:
        """The sample's database by a door of its own, in which `rows` is this view."""
        own = self.connection.cursor()
        own.execute(f"CREATE TEMP VIEW rows AS {self.select}")
        return own

    def answer(self, demands: Sequence[Demand]) -> Mapping[Demand, Any]:
        """The answers to what a suite asks."""
        from crispq.evidence.suites.demands import answered

        return answered(demands, self.query)

    def frame(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """The rows as a DataFrame, for what only the library can answer."""
        frame: pd.DataFrame = self.connection.sql(self.select).df()
        return frame if columns is None else frame[list(columns)]

    def hold(self, suite: Suite | Sequence[Expectation]) -> tuple[Outcome, ...]:
        """What comes of each expectation on these rows."""
        from crispq.evidence.suites.hold import hold

        return hold(suite, self, examples=False)


class Sample:
    """At most `most` rows of a table, drawn with a fixed seed; all rows, in their order, where there are no more."""

    def __init__(self, table: TableData, *, most: int) -> None:
        import duckdb
        import numpy as np

        self.names = table.columns
        self.connection = duckdb.connect(config={"threads": 1})
        drawn = "SELECT * FROM rows"
        if table.rows > most:
            drawn += f" USING SAMPLE reservoir({most} ROWS) REPEATABLE (0)"
        relation = table.relation().query("rows", drawn)
        rows = relation.to_arrow_table() if relation is not None else None
        if rows is None:
            raise NotMeasurable(f"the table {table.name!r} holds no row")
        self.rows = int(rows.num_rows)
        dice = np.random.default_rng(0).integers(0, 2**BITS, self.rows)
        rows = rows.append_column(NUMBER, [np.arange(self.rows)]).append_column(DICE, [dice])
        self.connection.from_arrow(rows).create(SAMPLE)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a SELECT over `sample`; its column `crispq_row` numbers the rows from 0."""
        return self.connection.execute(sql).fetchall()

    def half(self, number: int, columns: Sequence[str]) -> Altered:
        """About half of the rows, at random: another half for each number from 0 to 61."""
        return Altered(connection=self.connection, names=tuple(columns), where=f"({DICE} >> {number % BITS}) & 1 = 1")

    def altered(
        self, columns: Mapping[str, str] | None = None, *, where: str = "TRUE", only: Sequence[str] = ()
    ) -> Altered:
        """The sample with these columns replaced by SQL expressions; `only` these columns, if any are named."""
        names = tuple(only) or self.names
        return Altered(connection=self.connection, names=names, columns=dict(columns or {}), where=where)
