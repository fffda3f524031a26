"""The table of the benchmark, and the forty demands that every contender holds against it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

REGIONS = ["north", "east", "south", "west", "centre"]
STATES = [f"s{number:02d}" for number in range(20)]
LEVELS = ["low", "middle", "high"]
FLAGS = ["yes", "no"]

#: Column -> how DuckDB makes it from the row's number `i`; hashes of `i` look random and are the same every time.
COLUMNS = {
    "id": "i",
    "visit": "TIMESTAMP '2024-01-01' + INTERVAL (hash(i) % 31536000) SECOND",
    **{f"measure_{number}": f"(hash(i + {number}) % 1000000) / 1000.0" for number in range(8)},
    **{f"count_{number}": f"CAST(hash(i * 31 + {number}) % {10 ** (number + 2)} AS BIGINT)" for number in range(4)},
    "region": f"list_extract({REGIONS}, 1 + CAST(hash(i + 101) % 5 AS INT))",
    "state": f"list_extract({STATES}, 1 + CAST(hash(i + 102) % 20 AS INT))",
    "level": f"list_extract({LEVELS}, 1 + CAST(hash(i + 103) % 3 AS INT))",
    "flag": f"list_extract({FLAGS}, 1 + CAST(hash(i + 104) % 2 AS INT))",
    "code": "'c' || lpad(CAST(hash(i + 105) % 100000 AS VARCHAR), 5, '0')",
    "name": "'person ' || CAST(hash(i + 106) % 5000 AS VARCHAR)",
}
NUMBERS = {
    **{f"measure_{number}": (0.0, 1000.0) for number in range(8)},
    **{f"count_{number}": (0, 10 ** (number + 2)) for number in range(4)},
}
SETS = {"region": REGIONS, "state": STATES, "level": LEVELS, "flag": FLAGS}


@dataclass(frozen=True, slots=True)
class Demand:
    """One demand, in words that every contender translates: a kind, a column, and what goes with the kind."""

    kind: str
    column: str = ""
    arguments: tuple[Any, ...] = ()


def demands(rows: int) -> list[Demand]:
    """The forty demands on a table of `rows` rows; all of them are met."""
    return [
        Demand("rows", arguments=(rows,)),
        *(Demand("not_null", column) for column in COLUMNS),
        *(Demand("between", column, bounds) for column, bounds in NUMBERS.items()),
        *(Demand("in_set", column, tuple(values)) for column, values in SETS.items()),
        Demand("unique", "id"),
        Demand("length", "code", (6,)),
        Demand("mean", "measure_0", (490.0, 510.0)),
    ]


def write_tables(folder: Path, rows: int, kind: str) -> None:
    """The table as `visits.parquet` (row groups of the usual size) or `visits.csv`; it is not written twice."""
    import duckdb

    folder.mkdir(parents=True, exist_ok=True)
    made = ", ".join(f"{sql} AS {name}" for name, sql in COLUMNS.items())
    select = f"SELECT {made} FROM range({rows}) AS numbers(i)"
    target = folder / f"visits.{kind}"
    if not target.exists():
        duckdb.sql(f"COPY ({select}) TO '{target}.new' (FORMAT {kind})")
        Path(f"{target}.new").rename(target)
