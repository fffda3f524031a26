"""Files into DuckDB, strictly: nothing is guessed that could shift a column or swallow a value.

One separator, taken from the header; a row that is too long or too short is an error with its line; the text "NA"
stays text; "yes" and "no" stay text; only an empty cell is missing. A CSV file is read once, into a temporary table.
"""

from __future__ import annotations

import csv
import itertools
import mmap
import os
import re
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crispq.errors import NotMeasurable

if TYPE_CHECKING:
    import duckdb

SEPARATORS = ",;\t|"
TEXTS = frozenset({".csv", ".tsv"})
ARROWS = frozenset({".arrow", ".feather"})
SUFFIXES = (".csv", ".tsv", ".parquet", ".arrow", ".feather")
KNOWN_FAULTS = (
    r"Expected Number of Columns: \d+ Found: \d+|Value with unterminated quote found|Invalid unicode[^.\n]*"
    r"|Maximum line size[^.\n]*|No magic bytes[^.\n]*|too small to be a Parquet file"
)
#: What a cell of a CSV file may become. BOOLEAN is left out: DuckDB would read "no" and "t" as one.
CANDIDATES = ["NULL", "BIGINT", "DOUBLE", "TIME", "DATE", "TIMESTAMP", "TIMESTAMPTZ", "VARCHAR"]
WIDE_MEMORY = "300MB"
#: A dictionary of so many values is short enough to count by value.
FEW_VALUES = 4096
_NUMBERS = itertools.count()


@dataclass(eq=False)
class Opened:
    """Files that DuckDB has open as `source`. One connection, which several views of the rows may share.

    scanned: whether every query reads the files again (Parquet), as opposed to a table in memory.
    unsure: the float columns whose statistics may hide NaN. few: whether a column takes few different values, where
    the files say so.
    """

    connection: duckdb.DuckDBPyConnection
    scanned: bool
    unsure: set[str] = field(default_factory=set)
    few: dict[str, bool] = field(default_factory=dict)
    _view: str = ""
    _reckless: bool = True

    def look(self, select: str) -> duckdb.DuckDBPyConnection:
        """The connection, with `rows` as what `select` gives."""
        if self._view != select:
            self.connection.execute(f"CREATE OR REPLACE TEMP VIEW rows AS {select}")
            self._view = select
        return self.connection

    def ensure(self, sql: str) -> None:
        """Keep DuckDB from trusting statistics that hide NaN, for the float columns that `sql` names.

        Parquet files of most writers count no NaN: minimum and maximum pass over it, and DuckDB 2.0 would conclude
        that there is none. Such a column is added up once; when the sum is no finite number, statistics are not used.
        """
        named = [one for one in self.unsure if one in sql]
        if not named:
            return
        self.unsure.difference_update(named)
        sums = ", ".join(f"coalesce(isfinite(sum({_quoted(one)})), TRUE)" for one in named)
        answer = self.connection.execute(f"SELECT {sums} FROM source").fetchall()[0]
        if self._reckless and not all(answer):
            self.connection.execute("SET disabled_optimizers = 'statistics_propagation,filter_pushdown'")
            self._reckless = False

    @contextmanager
    def wide(self) -> Iterator[None]:
        """Every core, and little memory: what outgrows it is spilled to disk."""
        self.connection.execute(f"SET threads = {os.cpu_count() or 1}")
        self.connection.execute(f"SET memory_limit = '{WIDE_MEMORY}'")
        try:
            yield
        finally:
            self.connection.execute("SET threads = 1")
            self.connection.execute("RESET memory_limit")


def opened(root: Path, paths: Sequence[str]) -> Opened:
    """The files as one table. Raises NotMeasurable when they cannot be read as one."""
    import duckdb

    files = [str(root / path) for path in paths]
    suffixes = {Path(path).suffix.lower() for path in paths}
    kinds = [kind for kind in (TEXTS, ARROWS, {".parquet"}) if suffixes & kind]
    if len(kinds) != 1 or not suffixes <= kinds[0] or len(suffixes) != 1:
        raise NotMeasurable(f"{paths[0]}: a table is one or more files of one kind: {', '.join(SUFFIXES)}")
    connection = connect()
    try:
        if suffixes <= TEXTS:
            return _texts(connection, paths, files)
        if suffixes <= ARROWS:
            return _arrows(connection, paths, files)
        return _parquets(connection, paths, files)
    except duckdb.Error as error:
        raise NotMeasurable(f"{paths[0]}: {_first_sentence(error)}") from error


def connect() -> duckdb.DuckDBPyConnection:
    """A database in memory, one thread, whose spilled pages stand outside the project."""
    import duckdb

    folder = Path(tempfile.gettempdir()) / f"crispq-spill-{os.getpid()}-{next(_NUMBERS)}"
    connection = duckdb.connect(config={"threads": 1, "temp_directory": str(folder)})
    weakref.finalize(connection, _remove, folder)
    return connection


def _remove(folder: Path) -> None:
    """DuckDB makes the folder when it spills, and leaves it when it is interrupted."""
    import shutil

    shutil.rmtree(folder, ignore_errors=True)


def separator(path: Path) -> str:
    """The character that separates the cells of a CSV file: the commonest candidate in its header."""
    header = _header_line(path)
    outside_quotes = re.sub(r'"[^"]*"', "", header)
    return max(SEPARATORS, key=outside_quotes.count)


# --- Parquet and Arrow ---------------------------------------------------------------------------


def _parquets(connection: duckdb.DuckDBPyConnection, paths: Sequence[str], files: Sequence[str]) -> Opened:
    several = len(files) > 1
    if several:
        _refuse_other_columns(
            paths, [_names(connection, f"read_parquet({_text(one)}, hive_partitioning = false)") for one in files]
        )
    read = f"read_parquet({_list(files)}{', union_by_name = true' if several else ''}, hive_partitioning = false)"
    connection.execute(f"CREATE TEMP VIEW source AS SELECT * FROM {read}")
    unsure, few = _footers(connection, files)
    return Opened(connection=connection, scanned=True, unsure=unsure, few=few)


def _footers(connection: duckdb.DuckDBPyConnection, files: Sequence[str]) -> tuple[set[str], dict[str, bool]]:
    """The float columns for which some row group does not count NaN, and which columns take few different values."""
    found = connection.execute(
        "SELECT path_in_schema, bool_or(type IN ('FLOAT', 'DOUBLE') AND stats_nan_count IS NULL),"
        " bool_and(dictionary_page_offset IS NOT NULL), max(stats_distinct_count), count(stats_distinct_count),"
        " bool_or(type = 'FIXED_LEN_BYTE_ARRAY')"
        f" FROM parquet_metadata({_list(files)}) GROUP BY path_in_schema"
    ).fetchall()
    few = {
        name: dictionary and most is not None and most <= FEW_VALUES
        for name, _, dictionary, most, told, _ in found
        if told or not dictionary
    }
    unsure = {name for name, hidden, *_ in found if hidden}
    return unsure | _halves(connection, files, found), {name: bool(one) for name, one in few.items()}


def _halves(connection: duckdb.DuckDBPyConnection, files: Sequence[str], found: Sequence[tuple[Any, ...]]) -> set[str]:
    """The columns of 16-bit floats, which lie there as bytes: of these, no footer counts NaN."""
    if not any(fixed for *_, fixed in found):
        return set()
    named = f"SELECT DISTINCT name FROM parquet_schema({_list(files)}) WHERE logical_type::VARCHAR ILIKE '%float16%'"
    return {name for (name,) in connection.execute(named).fetchall()}


def _arrows(connection: duckdb.DuckDBPyConnection, paths: Sequence[str], files: Sequence[str]) -> Opened:
    from pyarrow import ArrowInvalid, dataset

    try:
        one = dataset.dataset(list(files), format="feather")
        _refuse_other_columns(paths, [dataset.dataset(file, format="feather").schema.names for file in files])
        connection.register("source", one)
    except ArrowInvalid as error:
        raise NotMeasurable(f"{paths[0]}: it cannot be read as a table ({type(error).__name__})") from error
    return Opened(connection=connection, scanned=True)


def _refuse_other_columns(paths: Sequence[str], names: Sequence[Sequence[str]]) -> None:
    """Files of one table have the same columns; their types may differ and are then united."""
    for path, those in zip(paths, names, strict=True):
        if odd := sorted(set(those) ^ set(names[0])):
            raise NotMeasurable(
                f"{path}: its columns are not those of {paths[0]}: {odd[0]!r} stands in one of them only"
            )


def _names(connection: duckdb.DuckDBPyConnection, source: str) -> list[str]:
    return [row[0] for row in connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()]


# --- CSV -----------------------------------------------------------------------------------------


def _texts(connection: duckdb.DuckDBPyConnection, paths: Sequence[str], files: Sequence[str]) -> Opened:
    import duckdb

    for path, file in zip(paths, files, strict=True):
        _refuse_odd_csv(path, Path(file))
    if len(files) > 1:
        _refuse_other_columns(paths, [_header(Path(file)) for file in files])
    one = Opened(connection=connection, scanned=False)
    with one.wide():
        try:
            connection.execute(f"CREATE TEMP TABLE source AS SELECT * FROM {_csv(files)}")
        except duckdb.Error as error:
            raise NotMeasurable(_locate(connection, paths, files, error)) from error
        _true_and_false(connection)
    return one


def _csv(files: Sequence[str], **others: str) -> str:
    """The reader of the files, as SQL."""
    options = {
        "header": "true",
        "delim": _text(separator(Path(files[0]))),
        "quote": "'\"'",
        "escape": "'\"'",
        "strict_mode": "true",
        "comment": "''",
        "skip": "0",
        "hive_partitioning": "false",  # a folder named run=3, even above the project, is no column
        **(others or {"sample_size": "-1", "auto_type_candidates": _list(CANDIDATES)}),
        **({"union_by_name": "true"} if len(files) > 1 else {}),
    }
    return f"read_csv({_list(files)}, {', '.join(f'{name} = {value}' for name, value in options.items())})"


def _true_and_false(connection: duckdb.DuckDBPyConnection) -> None:
    """A column of nothing but true and false is one of booleans; "yes", "t" and 1 are not."""
    texts = [row[0] for row in connection.execute("DESCRIBE source").fetchall() if row[1] == "VARCHAR"]
    for name in _all_words(connection, texts, "(SELECT * FROM source LIMIT 1000)"):
        if _all_words(connection, [name], "source"):
            connection.execute(f"ALTER TABLE source ALTER {_quoted(name)} TYPE BOOLEAN")


def _all_words(connection: duckdb.DuckDBPyConnection, names: Sequence[str], source: str) -> list[str]:
    if not names:
        return []
    asked = ", ".join(f"bool_and(lower({_quoted(name)}) IN ('true', 'false'))" for name in names)
    answers = connection.execute(f"SELECT {asked} FROM {source}").fetchall()[0]
    return [name for name, only in zip(names, answers, strict=True) if only]


def _header_line(path: Path) -> str:
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
        return stream.readline().rstrip("\r\n")


def _header(file: Path) -> list[str]:
    return next(csv.reader([_header_line(file)], delimiter=separator(file)))


def _refuse_odd_csv(path: str, file: Path) -> None:
    if not file.stat().st_size or not _header_line(file):
        raise NotMeasurable(f"{path}: the file is empty; a table begins with a line of column names")
    names = _header(file)
    if twice := [name for name in names if names.count(name) > 1]:
        raise NotMeasurable(f"{path}:1: the column {twice[0]!r} stands twice")
    with file.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as view:
        position = view.find(b"\0")
        if position >= 0:
            line = view[:position].count(10) + 1
            raise NotMeasurable(f"{path}:{line}: holds a NUL byte (offset {position})")


def _locate(connection: duckdb.DuckDBPyConnection, paths: Sequence[str], files: Sequence[str], error: Exception) -> str:
    """The message with the line of the first bad row: read once more, every cell as text."""
    import duckdb

    for path, file in zip(paths, files, strict=True):
        columns = ", ".join(f"{_text(name)}: 'VARCHAR'" for name in _header(Path(file)))
        try:
            connection.execute(
                f"SELECT count(*) FROM {_csv([file], columns=f'{{{columns}}}', auto_detect='false')}"
            ).fetchall()
        except duckdb.Error as closer:
            line = re.search(r"Line: (\d+)", str(closer))
            return f"{path}:{line[1] if line else 1}: {_first_sentence(closer)}"
    return f"{paths[0]}: {_first_sentence(error)}"


def _first_sentence(error: Exception) -> str:
    """What DuckDB says is wrong, without the row itself: rows stay out of messages."""
    if found := re.search(KNOWN_FAULTS, str(error)):
        return found[0].strip()
    return f"it cannot be read as a table ({type(error).__name__})"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _list(values: Sequence[str]) -> str:
    return f"[{', '.join(map(_text, values))}]"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
