"""A PostgreSQL server for tests: Debian's binaries, a folder of its own, a Unix socket, an unprivileged user."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    import duckdb

#: DuckDB's words for a type, and PostgreSQL's.
TYPES = {
    "TINYINT": "smallint",
    "UTINYINT": "smallint",
    "USMALLINT": "integer",
    "UINTEGER": "bigint",
    "UBIGINT": "numeric(20, 0)",
    "HUGEINT": "numeric(38, 0)",
    "FLOAT": "real",
    "DOUBLE": "double precision",
    "VARCHAR": "text",
    "TIMESTAMP_S": "timestamp",
    "TIMESTAMP_MS": "timestamp",
    "TIMESTAMP_NS": "timestamp",
}


def binaries() -> Path | None:
    """Where Debian keeps `initdb` and `pg_ctl`; the newest version."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda one: int(one.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


@dataclass(frozen=True)
class Postgres:
    """A running server with one database, `ward`, and one role that may log in, `ward`."""

    folder: Path

    def url(self, table: str, schema: str | None = None) -> str:
        """What `data.tables` says to read this table."""
        fragment = ".".join(quote(one, safe="").replace(".", "%2E") for one in (schema, table) if one)
        return f"postgresql+psycopg://ward@/ward?host={self.folder}#{fragment}"

    def connect(self) -> Any:
        """A psycopg connection that commits at once."""
        import psycopg

        return psycopg.connect(host=str(self.folder), user="ward", dbname="ward", autocommit=True)

    def load(self, relation: duckdb.DuckDBPyRelation, table: str, types: Mapping[str, str] | None = None) -> None:
        """Make the table anew, with the columns, types and rows of a DuckDB relation."""
        columns = {
            name: (types or {}).get(name) or TYPES.get(str(kind), str(kind))
            for name, kind in zip(relation.columns, relation.types, strict=True)
        }
        told = ", ".join(f"{quoted(name)} {kind}" for name, kind in columns.items())
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"DROP TABLE IF EXISTS {quoted(table)}")
            cursor.execute(f"CREATE TABLE {quoted(table)} ({told})")
            with cursor.copy(f"COPY {quoted(table)} FROM STDIN") as copy:
                for row in relation.fetchall():
                    copy.write_row(row)


def quoted(name: str) -> str:
    """The name as an identifier of SQL."""
    return '"' + name.replace('"', '""') + '"'


@contextmanager
def running() -> Iterator[Postgres]:
    """Start a server, and stop it at the end; root, whom PostgreSQL refuses, lets `postgres` or `nobody` run it."""
    programs = binaries()
    assert programs is not None, "PostgreSQL is not installed: apt-get install postgresql"
    folder = Path(tempfile.mkdtemp(prefix="crispq-pg-", dir="/tmp"))
    user: dict[str, Any] = {}
    if os.geteuid() == 0:
        names = {one.pw_name for one in pwd.getpwall()}
        user = {"user": "postgres" if "postgres" in names else "nobody", "group": None}
        os.chown(folder, pwd.getpwnam(user["user"]).pw_uid, -1)
        user["group"] = pwd.getpwnam(user["user"]).pw_gid
    data = folder / "data"

    def run(*words: str) -> None:
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False, **user)
        assert done.returncode == 0, done.stdout + done.stderr

    options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
    try:
        run(
            str(programs / "initdb"),
            "--pgdata", str(data), "--username", "ward", "--auth", "trust", "--encoding", "UTF8",
            "--locale", "C.UTF-8", "--no-sync", "--no-instructions",
        )  # fmt: skip
        run(str(programs / "pg_ctl"), "--pgdata", str(data), "-w", "-o", options, "-l", str(folder / "log"), "start")
        try:
            run(str(programs / "createdb"), "--host", str(folder), "--username", "ward", "ward")
            yield Postgres(folder)
        finally:
            run(str(programs / "pg_ctl"), "--pgdata", str(data), "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
