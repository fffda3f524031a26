"""Columns as SQL sees them, and literals and names as SQL writes them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from crispq.evidence.suites.arguments import MOMENT

SIGNED = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT"})
UNSIGNED = frozenset({"UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"})
FLOATS = frozenset({"FLOAT", "DOUBLE"})
#: These become floats on their way into a data frame.
AS_FLOATS = frozenset({"HUGEINT", "UHUGEINT"})
TIMES = frozenset({"DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"})
#: Whole numbers up to it compare alike as integers and as floats.
LARGEST = 2**52
INFINITY = "CAST('Infinity' AS DOUBLE)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column: what kind of values it holds and the SQL for its value.

    kind: "integer", "float", "boolean", "text", "time", "zoned" (a time with its zone) or "other".
    sql: its value; a float may be NaN, which is a missing value. present: the condition that it is not missing.
    """

    name: str
    type: str
    kind: str
    sql: str

    @property
    def present(self) -> str:
        """The condition that the value is not missing; never NULL itself."""
        return (
            f"({self.sql} IS NOT NULL AND {self.sql} <= {INFINITY})"
            if self.kind == "float"
            else f"{self.sql} IS NOT NULL"
        )

    @property
    def missing(self) -> str:
        """The condition that the value is missing; never NULL itself."""
        return f"({self.sql} IS NULL OR {self.sql} > {INFINITY})" if self.kind == "float" else f"{self.sql} IS NULL"

    @property
    def value(self) -> str:
        """Its value, NULL whenever it is missing."""
        return f"CASE WHEN {self.sql} <= {INFINITY} THEN {self.sql} END" if self.kind == "float" else self.sql

    @property
    def number(self) -> str:
        """Its value as a number: booleans count as 0 and 1."""
        return f"CAST({self.sql} AS INTEGER)" if self.kind == "boolean" else self.sql

    @property
    def numeric(self) -> bool:
        """Whether it holds numbers."""
        return self.kind in {"integer", "float"}


def column(name: str, type_: str) -> Column:
    """The column of this name and DuckDB type."""
    base = type_.upper().partition("(")[0]
    written = identifier(name)
    if base in SIGNED | UNSIGNED:
        return Column(name=name, type=base, kind="integer", sql=written)
    if base in FLOATS:
        return Column(name=name, type=base, kind="float", sql=written)
    if base in AS_FLOATS or base == "DECIMAL":
        return Column(name=name, type=base, kind="float", sql=f"CAST({written} AS DOUBLE)")
    kinds = {"BOOLEAN": "boolean", "VARCHAR": "text", "TIMESTAMP WITH TIME ZONE": "zoned"}
    if type_.upper() in kinds:
        return Column(name=name, type=type_.upper(), kind=kinds[type_.upper()], sql=written)
    return Column(name=name, type=base, kind="time" if base in TIMES else "other", sql=written)


def identifier(name: str) -> str:
    """The name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def text(value: str) -> str:
    """The text as SQL writes it."""
    return "'" + value.replace("'", "''") + "'"


def number(value: float) -> str:
    """The number as SQL writes it: a whole one as it stands, any other as the very same double."""
    if not math.isfinite(value):
        return _infinite(value)
    if value == int(value) and abs(value) <= LARGEST:
        return str(int(value))
    return f"CAST('{float(value)!r}' AS DOUBLE)"


def _infinite(value: float) -> str:
    return INFINITY if value > 0 else "CAST('-Infinity' AS DOUBLE)"


def moment(value: str, column_: Column) -> str | None:
    """The written moment as a literal for this column; None when it has a zone and the column none, or the reverse."""
    if MOMENT.fullmatch(value) is None:
        return None
    zoned = re.search(r"(Z|[+-]\d\d:?\d\d)$", value) is not None
    if zoned != (column_.kind == "zoned"):
        return None
    if not zoned:
        return f"CAST({text(value.replace('T', ' '))} AS TIMESTAMP)"
    plain = re.sub(r"([+-]\d\d):?(\d\d)$", r"\1:\2", value.replace("T", " ").replace("Z", "+00:00"))
    return f"CAST({text(plain)} AS TIMESTAMP WITH TIME ZONE)"


def literal(value: Any) -> str:
    """A text, number or boolean as SQL writes it."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return text(value) if isinstance(value, str) else number(value)


def fitting(values: Iterable[Any], column_: Column) -> tuple[str, ...] | None:
    """The values as literals for this column; None when one of them is of another kind."""
    kinds: Mapping[str, tuple[type, ...]] = {
        "integer": (int, float),
        "float": (int, float),
        "text": (str,),
        "boolean": (bool,),
    }
    types = kinds.get(column_.kind, ())
    fits = [one for one in values if isinstance(one, types) and isinstance(one, bool) == (column_.kind == "boolean")]
    if len(fits) != len(list(values)) or any(isinstance(one, int | float) and abs(one) > LARGEST for one in fits):
        return None
    return tuple(dict.fromkeys(map(literal, fits)))


def all_of(*conditions: str) -> str:
    """The conditions joined by AND; empty ones are left out."""
    return " AND ".join(f"({one})" for one in conditions if one)


def any_of(conditions: Iterable[str]) -> str:
    """The conditions joined by OR."""
    return " OR ".join(f"({one})" for one in conditions)
