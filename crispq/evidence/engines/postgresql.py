"""Tables of a PostgreSQL database, asked there: aggregates run inside, only their answers come back.

Everything is read in one snapshot of the database, read-only. Answers come as CSV and are typed by DuckDB, so that
they are the values DuckDB would have given.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any

from crispq.errors import MissingEvidence, NotMeasurable
from crispq.evidence.engines import local
from crispq.evidence.engines.addresses import Address

if TYPE_CHECKING:
    import duckdb
    import pandas as pd
    import psycopg

#: PostgreSQL's types that DuckDB has too; every other one is read as the text that PostgreSQL writes.
TYPES = {
    "bool": "BOOLEAN",
    "int2": "SMALLINT",
    "int4": "INTEGER",
    "int8": "BIGINT",
    "float4": "FLOAT",
    "float8": "DOUBLE",
    "date": "DATE",
    "time": "TIME",
    "timestamp": "TIMESTAMP",
    "timestamptz": "TIMESTAMP WITH TIME ZONE",
}
#: How a column of DuckDB's type is read, so that sums do not overflow and texts are compared by their bytes.
READ_AS = {
    "SMALLINT": "CAST({} AS bigint)",
    "INTEGER": "CAST({} AS bigint)",
    "FLOAT": "CAST({} AS double precision)",
    "DOUBLE": "CAST({} AS double precision)",
    "VARCHAR": 'CAST({} AS text) COLLATE "C"',
}
#: The session's habits that change how a value is written.
SETTINGS = {
    "timezone": "UTC",
    "datestyle": "ISO, YMD",
    "intervalstyle": "iso_8601",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "standard_conforming_strings": "on",
    "jit": "off",
}
COLUMNS = """
SELECT a.attname, coalesce(b.typname, t.typname), CASE WHEN b.oid IS NULL THEN a.atttypmod ELSE t.typtypmod END
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_catalog.pg_type b ON t.typtype = 'd' AND b.oid = t.typbasetype
WHERE a.attrelid = to_regclass(%s) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
"""
#: A digest's 256 bits are added up in lanes of 32, which no sum of rows overflows.
LANES = 8
LANE_BITS = 32
MOST_DIGITS = 38
INSTALL = 'it is read with psycopg, which is not installed: pip install "crispq[sql]"'
SECONDS_TO_CONNECT = 10


class PostgreSQLRows:
    """The rows of one table, view or foreign table; in the order of `key`, then of all other columns."""

    def __init__(self, address: Address, key: str | None = None) -> None:
        self._address = address
        self._key = key

    # --- what Rows promises ---

    def columns_and_types(self) -> dict[str, str]:
        """The columns, with their types in DuckDB's words."""
        return dict(self._columns)

    def count(self) -> int:
        """The number of rows."""
        with self._connection.transaction():
            [number] = self._connection.execute(f"SELECT count(*) FROM {self._table}").fetchone() or (0,)
        return int(number)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """The answer to a query in DuckDB's SQL over `rows`: from inside the database where its meaning is sure."""
        found = self.inside(sql)
        if found is not None:
            return found
        answer = self.relation().query("rows", sql)
        return [] if answer is None else answer.fetchall()

    def inside(self, sql: str) -> list[tuple[Any, ...]] | None:
        """The database's answer; None when the query is left to DuckDB."""
        from crispq.evidence.engines.translate import PostgreSQL, Untranslated

        types = local.types_of(sql, self._columns)
        try:
            if self._encoding != "UTF8":
                return None
            return self._answer(PostgreSQL(self._source(), self._columns, self._order).write(sql, first="0, "), types)
        except (Untranslated, *_refusals()):  # type: ignore[misc] # a tuple made at run time
            return None

    def frame(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """The rows, or these columns of them."""
        if "_copy" in self.__dict__:
            return local.frame_of(self._copy, columns)
        names = list(self._columns if columns is None else columns)
        with tempfile.TemporaryFile(prefix="crispq-") as stream:
            return local.frame_of(self._read(names, stream, keep=False), None)

    def relation(self) -> duckdb.DuckDBPyRelation:
        """All rows, copied once into DuckDB."""
        return self._copy

    # --- what it takes ---

    @cached_property
    def _connection(self) -> psycopg.Connection[Any]:
        connection = connect(self._address)
        weakref.finalize(self, connection.close)
        return connection

    @cached_property
    def _encoding(self) -> str:
        return str(self._connection.info.parameter_status("server_encoding"))

    @cached_property
    def _table(self) -> str:
        parts = (self._address.schema, self._address.table)
        return ".".join(local.quoted(one) for one in parts if one is not None)

    @cached_property
    def _columns(self) -> Mapping[str, str]:
        with self._connection.transaction():
            rows = self._connection.execute(COLUMNS, [self._table]).fetchall()
        if not rows:
            raise MissingEvidence(f"{self._address}: the database has no such table, or shows it not to this user")
        columns = {name: _type(kind, modifier) for name, kind, modifier in rows}
        if twice := [one for one in columns if [*map(local.lowered, columns)].count(local.lowered(one)) > 1]:
            raise NotMeasurable(f"{self._address}: the columns {twice[0]!r} and {twice[1]!r} differ in case only")
        return columns

    @property
    def _order(self) -> tuple[str, ...]:
        first = [one for one in self._columns if self._key is not None and one == self._key]
        return (*first, *(one for one in self._columns if one not in first))

    def _source(self) -> str:
        told = ", ".join(
            f"{READ_AS.get(self._columns[one], '{}').format(local.quoted(one))} AS {local.quoted(local.lowered(one))}"
            for one in self._columns
        )
        return f"SELECT {told} FROM {self._table}"

    @cached_property
    def _copy(self) -> duckdb.DuckDBPyRelation:
        with tempfile.TemporaryFile(prefix="crispq-") as stream:
            return self._read(list(self._columns), stream, keep=True)

    def _read(self, names: Sequence[str], stream: IO[bytes], *, keep: bool) -> duckdb.DuckDBPyRelation:
        """These columns of all rows, in order, by way of a file that has no name and ends with its reader."""
        order = ", ".join(f"q.{local.quoted(local.lowered(one))} NULLS LAST" for one in self._order)
        told = ", ".join(f"q.{local.quoted(local.lowered(one))}" for one in names)
        try:
            self._write(f"SELECT 0, {told} FROM ({self._source()}) AS q ORDER BY {order}", stream)
        except _refusals() as error:
            raise NotMeasurable(f"{self._address}: the rows cannot be read ({type(error).__name__})") from error
        return local.from_csv(stream, {one: self._columns[one] for one in names}, keep=keep)

    def _answer(self, sql: str, types: Sequence[str]) -> list[tuple[Any, ...]]:
        with tempfile.TemporaryFile(prefix="crispq-") as stream:
            self._write(sql, stream)
            columns = {str(number): "VARCHAR" if kind == '"NULL"' else kind for number, kind in enumerate(types)}
            return local.from_csv(stream, columns, keep=False).fetchall()

    def _write(self, sql: str, stream: IO[bytes]) -> None:
        told = f"COPY ({sql}) TO STDOUT (FORMAT csv, ENCODING 'UTF8')"
        with self._connection.transaction(), self._connection.cursor() as cursor, cursor.copy(told) as answer:
            for block in answer:
                stream.write(block)

    # --- what a verdict is about ---

    def digest(self) -> str:
        """The sha256 of columns, number of rows and content, whatever order the rows lie in; made in the database."""
        text = ", ".join(local.quoted(one) for one in self._columns)
        hashed = f"SELECT encode(sha256(convert_to(CAST(ROW({text}) AS text), 'UTF8')), 'hex') AS h FROM {self._table}"
        lanes = ", ".join(
            f"sum(CAST(CAST('x' || substr(h, {8 * lane + 1}, 8) AS bit({LANE_BITS})) AS bigint))"
            for lane in range(LANES)
        )
        with self._connection.transaction():
            rows, *sums = self._connection.execute(f"SELECT count(*), {lanes} FROM ({hashed}) AS q").fetchone() or (0,)
        self._connection.close()  # what is asked again must be seen anew, and a table must not stay locked
        total = sum(int(one or 0) << (LANE_BITS * (LANES - 1 - lane)) for lane, one in enumerate(sums)) % 2**256
        return digest_of_rows(self._columns, int(rows), total)


def digest_of_rows(columns: Mapping[str, str], rows: int, total: int) -> str:
    """The digest of a table: its columns, how many rows, and the sum of their hashes."""
    told = {"schema": "crispq/rows/1", "columns": list(columns.items()), "rows": rows, "sum": f"{total:064x}"}
    return hashlib.sha256(json.dumps(told, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def connect(address: Address) -> psycopg.Connection[Any]:
    """A read-only connection that sees one snapshot of the database.

    The password comes from PGPASSWORD or ~/.pgpass; it is never sent in plain text unless PGREQUIREAUTH allows it.
    """
    try:
        import psycopg
    except ImportError as error:
        raise NotMeasurable(f"{address}: {INSTALL}") from error
    given: dict[str, Any] = {"connect_timeout": SECONDS_TO_CONNECT, "application_name": "crispq"}
    given |= dict(address.options) | {name: value for name, value in _place(address).items() if value is not None}
    if "PGREQUIREAUTH" not in os.environ:
        given["require_auth"] = "!password"
    try:
        connection: psycopg.Connection[Any] = psycopg.connect(**given)
    except psycopg.Error as error:
        raise NotMeasurable(f"{address}: {told(error)}") from None
    connection.read_only = True
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    for name, value in SETTINGS.items():
        connection.execute("SELECT set_config(%s, %s, false)", [name, value])
    return connection


def _place(address: Address) -> dict[str, Any]:
    named = {"user": address.user, "dbname": address.database, "host": address.host, "port": address.port}
    return {name: value for name, value in named.items() if name not in address.options}


def told(error: Exception) -> str:
    """What the database says, in one line, with no password of the environment in it."""
    line = " ".join(str(error).split("\n")[0].split())
    for name, value in os.environ.items():
        if value and ("PASSWORD" in name.upper() or "TOKEN" in name.upper()):
            line = line.replace(value, "***")
    return f"the database cannot be asked ({line or type(error).__name__})"


def _refusals() -> tuple[type[Exception], ...]:
    """What PostgreSQL raises when it cannot compute something; DuckDB may know better."""
    import psycopg

    return (psycopg.DataError, psycopg.ProgrammingError, psycopg.NotSupportedError, psycopg.InternalError)


def _type(name: str, modifier: int) -> str:
    """DuckDB's word for a type. numeric(p, s) is DECIMAL(p, s) as far as DuckDB goes, else DOUBLE."""
    if name != "numeric":
        return TYPES.get(name, "VARCHAR")
    digits, scale = (modifier - 4) >> 16 & 0xFFFF, (modifier - 4) & 0x7FF
    return f"DECIMAL({digits},{scale})" if modifier >= 0 and scale <= digits <= MOST_DIGITS else "DOUBLE"
