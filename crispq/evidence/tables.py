"""Tables of the project: CSV and Parquet read by DuckDB, strictly.

Nothing is guessed that could shift a column or swallow a value: one separator, taken from the header; a row that is
too long or too short is an error with its line; the text "NA" stays text; only an empty cell is missing.
"""

from __future__ import annotations

import csv
import mmap
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crispq.errors import NotMeasurable

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

SEPARATORS = ",;\t|"
SUFFIXES = (".csv", ".tsv", ".parquet")
KNOWN_FAULTS = (
    r"Expected Number of Columns: \d+ Found: \d+|Value with unterminated quote found|Invalid unicode[^.\n]*"
    r"|Maximum line size[^.\n]*|No magic bytes[^.\n]*|too small to be a Parquet file"
)


@dataclass(frozen=True)
class TableData:
    """One table of `data.tables`: one file or several of the same shape, in order of their names."""

    name: str
    root: Path
    paths: tuple[str, ...]

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(self.relation().columns)

    @cached_property
    def types(self) -> dict[str, str]:
        """The columns' types by name, in DuckDB's words (`BIGINT`, `DOUBLE`, `VARCHAR`, `TIMESTAMP` ...)."""
        relation = self.relation()
        return {name: str(kind) for name, kind in zip(relation.columns, relation.types, strict=True)}

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a SELECT in DuckDB's SQL over this table, which it calls `rows`.

        For aggregates that need not load the table: `SELECT count(*), max("age") FROM rows`.
        """
        answer = self.relation().query("rows", sql)
        return [] if answer is None else answer.fetchall()

    @cached_property
    def rows(self) -> int:
        """The number of rows."""
        return int(self.relation().aggregate("count(*)").fetchall()[0][0])

    def frame(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """The rows as a DataFrame of shape (rows, columns); missing values are NaN or None.

        Raises NotMeasurable when a named column does not exist or the file cannot be read as a table.
        """
        if absent := [name for name in columns or () if name not in self.columns]:
            message = f"{self.paths[0]} has no column {absent[0]!r}; it has {', '.join(self.columns)}"
            raise NotMeasurable(message)
        import duckdb

        relation = self.relation()
        if columns is not None:
            relation = relation.select(*(duckdb.ColumnExpression(name) for name in columns))
        frame: pd.DataFrame = relation.df()
        return frame

    def parts(self) -> tuple[TableData, ...]:
        """The table's files, each as a table of its own."""
        return tuple(
            TableData(name=f"{self.name}: {Path(one).stem}", root=self.root, paths=(one,)) for one in self.paths
        )

    def relation(self) -> duckdb.DuckDBPyRelation:
        """The rows as a DuckDB relation, for aggregates that need not load them. Raises as `frame` does."""
        import duckdb

        connection = duckdb.connect(config={"threads": 1})
        try:
            return _read(connection, self.root, self.paths)
        except duckdb.Error as error:
            message = f"{self.paths[0]}: {_first_sentence(error)}"
            raise NotMeasurable(message) from error


def _read(connection: duckdb.DuckDBPyConnection, root: Path, paths: Sequence[str]) -> duckdb.DuckDBPyRelation:
    files = [str(root / path) for path in paths]
    suffixes = {Path(path).suffix.lower() for path in paths}
    if len(suffixes) != 1 or not suffixes <= set(SUFFIXES):
        message = f"{paths[0]}: a table is one or more files of one kind: {', '.join(SUFFIXES)}"
        raise NotMeasurable(message)
    if suffixes == {".parquet"}:
        return connection.from_parquet(files)
    for path, file in zip(paths, files, strict=True):
        _refuse_odd_csv(path, Path(file))
    options: dict[str, Any] = {
        "header": True,
        "delimiter": separator(Path(files[0])),
        "quotechar": '"',
        "escapechar": '"',
        "sample_size": -1,
        "strict_mode": True,
        "comment": "",
        "skiprows": 0,
    }
    try:
        return connection.read_csv(files, **options)  # type: ignore[arg-type] # DuckDB reads lists too
    except connection_errors() as error:
        raise NotMeasurable(_locate(connection, paths, files, options, error)) from error


def connection_errors() -> tuple[type[Exception], ...]:
    """What DuckDB raises when a file is not the table it should be."""
    import duckdb

    return (duckdb.Error,)


def separator(path: Path) -> str:
    """The character that separates the cells of a CSV file: the commonest candidate in its header."""
    header = _header_line(path)
    outside_quotes = re.sub(r'"[^"]*"', "", header)
    return max(SEPARATORS, key=outside_quotes.count)


def _header_line(path: Path) -> str:
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
        return stream.readline().rstrip("\r\n")


def _refuse_odd_csv(path: str, file: Path) -> None:
    if not file.stat().st_size or not (header := _header_line(file)):
        message = f"{path}: the file is empty; a table begins with a line of column names"
        raise NotMeasurable(message)
    names = next(csv.reader([header], delimiter=separator(file)))
    if twice := [name for name in names if names.count(name) > 1]:
        message = f"{path}:1: the column {twice[0]!r} stands twice"
        raise NotMeasurable(message)
    with file.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as view:
        position = view.find(b"\0")
        if position >= 0:
            message = f"{path}:{view[:position].count(10) + 1}: holds a NUL byte (offset {position})"
            raise NotMeasurable(message)


def _locate(
    connection: duckdb.DuckDBPyConnection,
    paths: Sequence[str],
    files: Sequence[str],
    options: dict[str, Any],
    error: Exception,
) -> str:
    """The message with the line of the first bad row: read once more, every cell as text."""
    import duckdb

    for path, file in zip(paths, files, strict=True):
        names = next(csv.reader([_header_line(Path(file))], delimiter=options["delimiter"]))
        try:
            connection.read_csv(
                file,
                columns=dict.fromkeys(names, "VARCHAR"),
                auto_detect=False,
                **{key: value for key, value in options.items() if key != "sample_size"},
            ).aggregate("count(*)").fetchall()
        except duckdb.Error as closer:
            line = re.search(r"Line: (\d+)", str(closer))
            return f"{path}:{line[1] if line else 1}: {_first_sentence(closer)}"
    return f"{paths[0]}: {_first_sentence(error)}"


def _first_sentence(error: Exception) -> str:
    """What DuckDB says is wrong, without the row itself: rows stay out of messages."""
    if found := re.search(KNOWN_FAULTS, str(error)):
        return found[0].strip()
    return f"it cannot be read as a table ({type(error).__name__})"
