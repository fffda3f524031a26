"""Fingerprints: for each row of a version three salted hashes, of its key, its label and all of it; never a value.

They tell which rows were added, removed or changed and which labels flipped, without keeping the rows. They stay on the
machine that registered the version: the folder ignores itself in git.
"""

# ruff: noqa: S608 - names are quoted by `quoted`; nothing else of the user's goes into a query

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from crispq.evidence.contents import GAP, cell_text, joined, literal, row_text
from crispq.evidence.paths import inside
from crispq.evidence.tables import TableData
from crispq.gate.files import write_atomically

if TYPE_CHECKING:
    import duckdb

FOLDER = Path(".crispq/versions")
MOST_ROWS = 1_000_000
BYTES_OF_SALT = 16
#: How the folders begin in which fingerprints are made; one that was left behind belongs to a writer that was killed.
STRAY = ".crispq-"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowChanges:
    """How many rows of the second table are new, gone or other than before; by key where there is one.

    Without a key a changed row counts as one removed and one added, and of labels nothing is known.
    """

    added: int
    removed: int
    changed: int | None
    labels_flipped: int | None


def place(root: Path, table: str, version: int) -> Path:
    """Where the fingerprint of a version lies."""
    return inside(root, f"{FOLDER}/{table}-{version}.parquet")


def salt(root: Path) -> str:
    """The project's salt, made when it is first asked for; the folder is kept out of git."""
    file = inside(root, f"{FOLDER}/salt")
    if not file.is_file():
        write_atomically(root / FOLDER / ".gitignore", b"*\n")
        write_atomically(file, secrets.token_hex(BYTES_OF_SALT).encode())
    return file.read_text().strip()


def sweep(root: Path) -> None:
    """Remove what writers left behind; only under the project's lock, where no other one is at work."""
    for stray in (root / FOLDER).glob(f"{STRAY}*"):
        shutil.rmtree(stray, ignore_errors=True)


def write(table: TableData, file: Path, salted: str, *, key: str | None, label: str | None) -> None:
    """Write the table's fingerprint, whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=file.parent, prefix=STRAY) as folder:
        made = Path(folder) / file.name
        hashed = table.relation().query("rows", _hashes(table.types, salted, key=key, label=label))
        if hashed is not None:
            hashed.write_parquet(str(made))
        made.replace(file)


def _hashes(types: Mapping[str, str], salted: str, *, key: str | None, label: str | None) -> str:
    def hashed(text: str) -> str:
        return f"md5_number_lower({literal(salted)} || {text})"

    key_text = cell_text(key, types[key]) if key is not None and key in types else row_text(types)
    label_text = cell_text(label, types[label]) if label is not None and label in types else GAP
    texts = {"key": key_text, "label": label_text, "row": joined([row_text(types)])}
    return f"SELECT {', '.join(f'{hashed(text)} AS {name}' for name, text in texts.items())} FROM rows"


def compare(first: Path, second: Path, *, by_key: bool) -> RowChanges:
    """Hold two fingerprints of one salt against each other."""
    import duckdb

    with duckdb.connect(config={"threads": 1}) as connection:
        for name, file in (("before", first), ("after", second)):
            connection.from_parquet(str(file)).create_view(name)
        if by_key and not _repeats(connection, "before") and not _repeats(connection, "after"):
            return _by_key(connection)
        return _by_row(connection)


def _repeats(connection: duckdb.DuckDBPyConnection, name: str) -> bool:
    [(rows, keys)] = connection.execute(
        f'SELECT (SELECT count(*) FROM {name}), (SELECT count(*) FROM (SELECT DISTINCT "key" FROM {name}))'
    ).fetchall()
    return bool(rows != keys)


def _by_key(connection: duckdb.DuckDBPyConnection) -> RowChanges:
    [counts] = connection.execute(
        """SELECT count_if(b."key" IS NULL), count_if(a."key" IS NULL),
                  count_if(a."row" <> b."row"), count_if(a.label <> b.label)
           FROM before b FULL JOIN after a ON a."key" = b."key" """
    ).fetchall()
    added, removed, changed, flipped = counts
    return RowChanges(added=added, removed=removed, changed=changed, labels_flipped=flipped)


def _by_row(connection: duckdb.DuckDBPyConnection) -> RowChanges:
    counted = 'SELECT "row", count(*) AS n FROM {} GROUP BY ALL'
    [(added, removed)] = connection.execute(
        f"""SELECT sum(greatest(coalesce(a.n, 0) - coalesce(b.n, 0), 0)),
                   sum(greatest(coalesce(b.n, 0) - coalesce(a.n, 0), 0))
            FROM ({counted.format("before")}) b FULL JOIN ({counted.format("after")}) a ON a."row" = b."row" """
    ).fetchall()
    return RowChanges(added=int(added), removed=int(removed), changed=None, labels_flipped=None)
