"""Tables behind any other address of SQLAlchemy: the rows are copied once into DuckDB, which answers every query.

What two engines mean by the same words is tested for PostgreSQL and Spark; elsewhere only "all rows" is asked, so that
an answer is never silently another one.
"""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crispq.errors import MissingEvidence, NotMeasurable
from crispq.evidence.engines import local
from crispq.evidence.engines.addresses import Address
from crispq.evidence.engines.postgresql import digest_of_rows, told

if TYPE_CHECKING:
    import duckdb
    import sqlalchemy

INSTALL = 'it is read with SQLAlchemy, which is not installed: pip install "crispq[sql]"'
#: So many rows are held at once.
BATCH = 20_000
MOST_DIGITS = 38


class SQLAlchemyRows(local.LocalRows):
    """The rows of one table, copied; in the order of `key`, then of all other columns."""

    def __init__(self, address: Address, root: Path, key: str | None = None) -> None:
        super().__init__(lambda: self._copy)
        self._address = address
        self._root = root
        self._key = key

    def columns_and_types(self) -> dict[str, str]:
        """The columns, with their types in DuckDB's words."""
        return {one.name: type_of(one.type) for one in self._table.columns}

    def digest(self) -> str:
        """The sha256 of columns, number of rows and content, whatever order the rows come in."""
        rows = total = 0
        for batch in self._batches():
            for row in batch:
                rows += 1
                total += int.from_bytes(hashlib.sha256(_canonical(row)).digest())
        return digest_of_rows(self.columns_and_types(), rows, total % 2**256)

    @cached_property
    def _engine(self) -> sqlalchemy.Engine:
        try:
            import sqlalchemy
        except ImportError as error:
            raise NotMeasurable(f"{self._address}: {INSTALL}") from error
        with self._told():
            return sqlalchemy.create_engine(self._url(), poolclass=sqlalchemy.NullPool, **self._creator())

    def _url(self) -> sqlalchemy.URL:
        import sqlalchemy

        address = self._address
        driver = address.dialect if address.driver is None else f"{address.dialect}+{address.driver}"
        if address.is_file:
            return sqlalchemy.URL.create(driver)
        return sqlalchemy.URL.create(
            driver,
            username=address.user,
            password=os.environ.get("CRISPQ_DATABASE_PASSWORD"),
            host=address.host,
            port=address.port,
            database=address.database,
            query=dict(address.options),
        )

    def _creator(self) -> dict[str, Any]:
        """SQLite's file, read-only and as it lies there: what a write-ahead log still holds would be missing."""
        if not self._address.is_file:
            return {}
        import sqlite3

        path = self._root / self._address.database
        for suffix in ("-wal", "-journal"):
            beside = path.with_name(path.name + suffix)
            if beside.exists() and beside.stat().st_size:
                raise NotMeasurable(f"{self._address.database}: {beside.name} holds changes that the file lacks")
        address = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
        return {"creator": lambda: sqlite3.connect(address, uri=True)}

    @cached_property
    def _table(self) -> sqlalchemy.Table:
        engine = self._engine
        import sqlalchemy

        try:
            with self._told(), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = sqlalchemy.Table(
                    self._address.table, sqlalchemy.MetaData(), schema=self._address.schema, autoload_with=engine
                )
        except sqlalchemy.exc.NoSuchTableError as error:
            raise MissingEvidence(f"{self._address}: the database has no such table") from error
        names = [local.lowered(one.name) for one in found.columns]
        if twice := [one for one in names if names.count(one) > 1]:
            raise NotMeasurable(f"{self._address}: two columns {twice[0]!r} differ in case only")
        return found

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn the library's errors into one line without a secret, and without a word of the rows."""
        import sqlalchemy

        try:
            yield
        except sqlalchemy.exc.NoSuchTableError:
            raise
        except (sqlalchemy.exc.OperationalError, sqlalchemy.exc.InterfaceError) as error:
            raise NotMeasurable(f"{self._address}: {told(error.orig or error)}") from None
        except sqlalchemy.exc.NoSuchModuleError as error:
            raise NotMeasurable(
                f"{self._address}: SQLAlchemy's dialect {self._address.dialect!r} is not installed"
            ) from error
        except ModuleNotFoundError as error:
            raise NotMeasurable(
                f"{self._address}: its driver {error.name!r} is not installed: pip install it"
            ) from error
        except (sqlalchemy.exc.SQLAlchemyError, ValueError, TypeError, ArithmeticError) as error:
            raise NotMeasurable(f"{self._address}: the rows cannot be read ({type(error).__name__})") from None

    def _batches(self) -> Iterator[Sequence[Sequence[Any]]]:
        import sqlalchemy

        with self._told(), self._engine.connect() as connection:
            asked = connection.execution_options(stream_results=True, yield_per=BATCH)
            yield from asked.execute(sqlalchemy.select(self._table)).partitions()

    @cached_property
    def _copy(self) -> duckdb.DuckDBPyRelation:
        import pyarrow as pa

        columns = self.columns_and_types()
        connection = local.connect()
        names = ", ".join(f"{local.quoted(name)} {kind}" for name, kind in columns.items())
        connection.execute(f"CREATE TABLE copied ({names})")
        for batch in self._batches():
            with self._told():
                cells = [[_fitting(row[index], kind) for row in batch] for index, kind in enumerate(columns.values())]
                arrays = [pa.array(one, _arrow(kind)) for one, kind in zip(cells, columns.values(), strict=True)]
            part = pa.Table.from_arrays(arrays, names=[f"c{number}" for number in range(len(columns))])
            connection.from_arrow(part).insert_into("copied")
        order = [one for one in columns if one == self._key] + [one for one in columns if one != self._key]
        told_ = ", ".join(f"{local.quoted(one)} ASC NULLS LAST" for one in order)
        connection.execute(f"CREATE TABLE kept AS SELECT * FROM copied ORDER BY {told_}")
        connection.execute("DROP TABLE copied")
        return connection.table("kept")


def type_of(declared: Any) -> str:
    """DuckDB's word for SQLAlchemy's type of a column; whatever is unknown is read as text."""
    from sqlalchemy import types

    match declared:
        case types.Boolean():
            return "BOOLEAN"
        case types.Integer():
            return "BIGINT"
        case types.Float():
            return "DOUBLE"
        case types.Numeric(precision=int(digits), scale=int(scale)) if scale <= digits <= MOST_DIGITS:
            return f"DECIMAL({digits},{scale})"
        case types.Numeric():
            return "DOUBLE"
        case types.DateTime():
            return "TIMESTAMP WITH TIME ZONE" if declared.timezone else "TIMESTAMP"
        case types.Date():
            return "DATE"
        case types.Time():
            return "TIME"
    return "VARCHAR"


def _arrow(kind: str) -> Any:
    import pyarrow as pa

    if kind.startswith("DECIMAL"):
        digits, scale = kind[len("DECIMAL(") : -1].split(",")
        return pa.decimal128(int(digits), int(scale))
    return {
        "BOOLEAN": pa.bool_(),
        "BIGINT": pa.int64(),
        "DOUBLE": pa.float64(),
        "DATE": pa.date32(),
        "TIME": pa.time64("us"),
        "TIMESTAMP": pa.timestamp("us"),
        "TIMESTAMP WITH TIME ZONE": pa.timestamp("us", tz="UTC"),
    }.get(kind, pa.string())


def _fitting(value: Any, kind: str) -> Any:
    """The value as its column's type wants it; SQLite keeps any value in any column, and that is no table.

    Raises ValueError when it is of another kind.
    """
    if value is None:
        return None
    if kind == "VARCHAR":
        return value if isinstance(value, str) else str(value)
    if kind == "DOUBLE" and isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return float(value)
    fits: dict[str, type] = {"BOOLEAN": bool, "BIGINT": int, "DATE": date, "TIME": time}
    wanted = datetime if kind.startswith("TIMESTAMP") else Decimal if kind.startswith("DECIMAL") else fits.get(kind)
    if wanted is None or not isinstance(value, wanted):
        raise ValueError(kind)
    return value


def _canonical(row: Sequence[Any]) -> bytes:
    """The row as JSON that two equal rows share and two different ones do not."""
    cells = [
        one if one is None or isinstance(one, bool | int | str) else [type(one).__name__, _written(one)] for one in row
    ]
    return json.dumps(cells, ensure_ascii=True, separators=(",", ":")).encode()


def _written(value: Any) -> str:
    return value.hex() if isinstance(value, bytes | float) else str(value)
