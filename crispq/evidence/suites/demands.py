"""What a compiled expectation asks of the rows: aggregates, in SQL that DuckDB, PostgreSQL and Spark understand.

A demand is a value: two expectations that ask the same ask it once. Those with a `scalar` are folded into one SELECT
over one scan; the others are a `select` of their own. The table is always called `rows`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

Query: TypeAlias = Callable[[str], Sequence[tuple[Any, ...]]]

#: A SELECT reads at most so many aggregates: long lists make planning slow.
WIDEST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """One question. `where` narrows the rows ("" for all); `columns` are all the columns it reads."""

    columns: tuple[str, ...] = ()
    where: str = ""

    @property
    def scalar(self) -> str:
        """The aggregate expression; empty when the demand is a SELECT of its own."""
        return ""

    @property
    def select(self) -> str:
        """The SELECT that answers it alone."""
        return f"SELECT {self.scalar} FROM rows"

    def answer(self, rows: Sequence[tuple[Any, ...]]) -> Any:
        """The answer in the rows of `select`."""
        return rows[0][0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Count(Demand):
    """How many rows meet `where`. rare: none is expected, which an engine may turn to account."""

    rare: bool = False

    @property
    def scalar(self) -> str:
        """As `Demand.scalar`."""
        return f"count(*) FILTER (WHERE {self.where})" if self.where else "count(*)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Present(Demand):
    """How many values of one column are not missing, in all rows. `such` is the condition that one is not."""

    such: str

    @property
    def scalar(self) -> str:
        """As `Demand.scalar`."""
        return f"count(*) FILTER (WHERE {self.such})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate(Demand):
    """An aggregate `function` of an expression, such as min, max, sum, avg, stddev_samp, count."""

    function: str
    of: str

    @property
    def scalar(self) -> str:
        """As `Demand.scalar`."""
        called = f"{self.function}({self.of})"
        return f"{called} FILTER (WHERE {self.where})" if self.where else called


@dataclass(frozen=True, slots=True, kw_only=True)
class Distinct(Demand):
    """How many different values the expression takes; NULL is none."""

    of: str

    @property
    def select(self) -> str:
        """As `Demand.select`."""
        different = f"SELECT DISTINCT {self.of} AS crispq_v FROM rows {_where(self.where)}"
        return f"SELECT count(*) FROM ({different}) AS crispq_d WHERE crispq_v IS NOT NULL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeated(Demand):
    """How many rows share their values of the expressions with another row; NULLs are alike."""

    of: tuple[str, ...]

    @property
    def select(self) -> str:
        """As `Demand.select`."""
        return (
            f"SELECT coalesce(sum(crispq_n), 0) FROM (SELECT count(*) AS crispq_n FROM rows {_where(self.where)}"
            f" GROUP BY {', '.join(self.of)} HAVING count(*) > 1) AS crispq_g"
        )

    def answer(self, rows: Sequence[tuple[Any, ...]]) -> Any:
        """As `Demand.answer`."""
        return int(rows[0][0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps(Demand):
    """How many rows stand wrongly to the row before them, in the order of the table.

    `wrong` is a condition on `crispq_v` and the value before it, `crispq_b`. Only for tables that have an order.
    """

    of: str
    wrong: str

    @property
    def select(self) -> str:
        """As `Demand.select`."""
        return (
            f"SELECT count(*) FROM (SELECT {self.of} AS crispq_v, lag({self.of}) OVER () AS crispq_b FROM rows"
            f" {_where(self.where)}) AS crispq_s WHERE {self.wrong}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Modes(Demand):
    """How many values are the most common one, and how many of these meet `among`, a condition on `crispq_v`."""

    of: str
    among: str

    @property
    def select(self) -> str:
        """As `Demand.select`."""
        return (
            f"WITH crispq_g AS (SELECT {self.of} AS crispq_v, count(*) AS crispq_n FROM rows {_where(self.where)}"
            f" GROUP BY {self.of}) SELECT count(*), count(*) FILTER (WHERE {self.among}) FROM crispq_g"
            " WHERE crispq_n = (SELECT max(crispq_n) FROM crispq_g)"
        )

    def answer(self, rows: Sequence[tuple[Any, ...]]) -> Any:
        """As `Demand.answer`."""
        return rows[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups(Demand):
    """Each value of the expression with the number of its rows, at most `most` of them (None when there are more)."""

    of: str
    most: int

    @property
    def select(self) -> str:
        """As `Demand.select`."""
        return (
            f"SELECT {self.of} AS crispq_v, count(*) AS crispq_n FROM rows {_where(self.where)} GROUP BY {self.of}"
            f" LIMIT {self.most + 1}"
        )

    def answer(self, rows: Sequence[tuple[Any, ...]]) -> Any:
        """As `Demand.answer`."""
        return None if len(rows) > self.most else tuple(rows)


def answered(demands: Sequence[Demand], query: Query) -> dict[Demand, Any]:
    """The answers to the demands by way of `query`, in as few SELECTs as their kinds allow.

    A demand that the engine refuses (a pattern it cannot read, a sum that overflows) has no answer.
    """
    different = list(dict.fromkeys(demands))
    scalars = [one for one in different if one.scalar]
    found: dict[Demand, Any] = {}
    for start in range(0, len(scalars), WIDEST):
        found |= _folded(scalars[start : start + WIDEST], query)
    for one in different:
        if not one.scalar:
            found |= _alone(one, query)
    return found


def _folded(demands: Sequence[Demand], query: Query) -> dict[Demand, Any]:
    try:
        values = query(f"SELECT {', '.join(one.scalar for one in demands)} FROM rows")[0]
    except Exception:  # noqa: BLE001 - each engine has errors of its own; the one at fault is found below
        return {one: value for demand in demands for one, value in _alone(demand, query).items()}
    return dict(zip(demands, values, strict=True))


def _alone(demand: Demand, query: Query) -> dict[Demand, Any]:
    try:
        return {demand: demand.answer(query(demand.select))}
    except Exception:  # noqa: BLE001 - the library then says what is wrong, or knows better
        return {}


def _where(condition: str) -> str:
    return f"WHERE {condition}" if condition else ""
