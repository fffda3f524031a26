"""Where a table lies: a path of the project, or a database's address, `dialect+driver://user@host:port/database#table`.

Text only: nothing is opened and nothing heavy is imported, for every verb reads the configuration.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from crispq.evidence.paths import refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

SQLITE = "sqlite"
POSTGRESQL = "postgresql"
#: The dialects of SQLAlchemy, and of packages for it, that ask a server; any other scheme is no database.
SERVERS = frozenset(
    [
        "bigquery",
        "clickhouse",
        "clickhousedb",
        "cockroachdb",
        "crate",
        "databricks",
        "db2",
        "doris",
        "exa",
        "firebird",
        "hana",
        "ibm_db_sa",
        "impala",
        "mariadb",
        "mssql",
        "mysql",
        "oracle",
        "postgresql",
        "presto",
        "redshift",
        "snowflake",
        "starrocks",
        "teradatasql",
        "trino",
        "vertica",
    ]
)
#: What a PostgreSQL address may say after its question mark; none of it can hold a secret or load a library.
POSTGRESQL_OPTIONS = frozenset(
    [
        "application_name",
        "connect_timeout",
        "host",
        "keepalives",
        "port",
        "sslmode",
        "sslrootcert",
        "target_session_attrs",
    ]
)
SECRET = re.compile(r"pass|pwd|secret|token|key|cred|auth|plugin|odbc_connect|init", re.IGNORECASE)
SCHEME = re.compile(r"(?P<dialect>[a-z][a-z0-9_]*)(\+(?P<driver>[a-z][a-z0-9_]*))?")
PASSWORD = (
    "holds a password; leave it out of the file and give it as the environment variable PGPASSWORD, "  # noqa: S105
    "or in ~/.pgpass (other databases: CRISPQ_DATABASE_PASSWORD)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A database's table. It holds no password: an address with one is refused."""

    dialect: str
    driver: str | None
    user: str | None
    host: str | None
    port: int | None
    database: str
    options: Mapping[str, str]
    schema: str | None
    table: str

    @property
    def is_file(self) -> bool:
        """Whether the database is a file of the project."""
        return self.dialect == SQLITE

    def __str__(self) -> str:
        """The address for a message: no user, no options."""
        table = self.table if self.schema is None else f"{self.schema}.{self.table}"
        host = self.host or self.options.get("host", "")
        return f"{self.dialect}://{host}/{self.database}#{table}"


def is_address(text: str) -> bool:
    """Whether a table's value is a database's address, harmless or not."""
    scheme, sign, _ = text.partition("://")
    named = SCHEME.fullmatch(scheme)
    return bool(sign) and named is not None and named["dialect"] in SERVERS | {SQLITE}


def refusal_of_source(text: str) -> str | None:
    """Why `text` may not be a table of the project; None when it is a harmless path, glob or database's address."""
    if not is_address(text):
        return refusal(text)
    if any(ord(character) <= ord(" ") for character in text) or "\\" in text:
        return "holds white space, a control character or a backslash; write %20 for a space in a table's name"
    try:
        split = urlsplit(text)
        port = split.port
    except ValueError:
        return "is no address: dialect+driver://user@host:port/database#table"
    del port
    if split.password is not None:
        return PASSWORD
    return _refusal_of_options(split) or _refusal_of_place(split) or _refusal_of_fragment(split.fragment)


def _refusal_of_options(split: SplitResult) -> str | None:
    names = [name for name, _ in parse_qsl(split.query, keep_blank_values=True)]
    if any(re.search("pass|pwd|secret|token", name, re.IGNORECASE) for name in names):
        return PASSWORD
    if split.scheme.partition("+")[0] == POSTGRESQL:
        odd = [name for name in names if name not in POSTGRESQL_OPTIONS]
    else:
        odd = [name for name in names if SECRET.search(name)]
    return f"has the option {odd[0]!r}, which an address of this project may not have" if odd else None


def _refusal_of_place(split: SplitResult) -> str | None:
    dialect, _, driver = split.scheme.partition("+")
    if dialect != SQLITE:
        if not split.hostname and "host=" not in split.query:
            return "names no host: dialect+driver://user@host:port/database#table"
        return None if split.path.strip("/") else "names no database: dialect+driver://user@host:port/database#table"
    if driver not in {"", "pysqlite"} or split.netloc or split.query:
        return "is no file of the project: sqlite:///folder/file.db#table"
    path = unquote(split.path.removeprefix("/"))
    if (reason := refusal(path)) is not None:
        return f"names a file that {reason}" if path else "names no file: sqlite:///folder/file.db#table"
    return None


def _refusal_of_fragment(fragment: str) -> str | None:
    parts = [unquote(one) for one in fragment.split(".")]
    if len(parts) > 2 or not all(parts):  # noqa: PLR2004 - schema and table
        return "does not say which table: end it with #table or #schema.table (%2E for a dot inside a name)"
    if any(ord(character) < ord(" ") for part in parts for character in part):
        return "names a table with a control character"
    return None


def address_of(text: str) -> Address:
    """The parts of a harmless address."""
    split = urlsplit(text)
    dialect, _, driver = split.scheme.partition("+")
    *schema, table = (unquote(one) for one in split.fragment.split("."))
    return Address(
        dialect=dialect,
        driver=driver or None,
        user=None if split.username is None else unquote(split.username),
        host=split.hostname,
        port=split.port,
        database=unquote(split.path.removeprefix("/")),
        options=dict(parse_qsl(split.query)),
        schema=schema[0] if schema else None,
        table=table,
    )
