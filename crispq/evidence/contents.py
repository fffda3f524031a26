"""What a table holds, whatever file it lies in: the kind of each column, and one digest of all cells.

The digest is the same for the same rows in CSV and in Parquet, in any order of rows and of columns: each row becomes
one text, each text a sha256, and the hashes are added up, so that DuckDB needs one pass and no memory for it. A sum of
hashes notices every accident and every honest edit; against a forger who may choose thousands of rows freely it is
weaker than the sha256 of a file, which is recorded beside it.
"""

# ruff: noqa: S608 - names are quoted by `quoted`; nothing else of the user's goes into a query

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum

from crispq.evidence.tables import TableData

#: Names what a digest was made of. Another way of writing a cell is another scheme.
SCHEME = "crispq/content/1"
#: Up to here every whole number has a floating-point number of its own.
EXACT = 9_007_199_254_740_992
LANES = 4
WHOLE_TYPES = frozenset(
    {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "HUGEINT", "UHUGEINT"}
)
GAP = "'-'"


class Kind(StrEnum):
    """What the values of a column are; the words stand in the project's data description."""

    WHOLE = "whole number"
    NUMBER = "number"
    TEXT = "text"
    YES_NO = "yes or no"
    DATE = "date"
    OTHER = "other"

    @property
    def is_number(self) -> bool:
        """Whether one can compute with the values."""
        return self in {Kind.WHOLE, Kind.NUMBER}


def kind_of(type_: str) -> Kind:
    """The kind behind one of DuckDB's types."""
    if type_ in WHOLE_TYPES:
        return Kind.WHOLE
    if type_ in {"FLOAT", "DOUBLE"} or type_.startswith("DECIMAL"):
        return Kind.NUMBER
    if type_ == "VARCHAR" or type_.startswith("ENUM"):
        return Kind.TEXT
    if type_ == "BOOLEAN":
        return Kind.YES_NO
    return Kind.DATE if type_ == "DATE" or type_.startswith("TIMESTAMP") else Kind.OTHER


def quoted(name: str) -> str:
    """The column's name as SQL takes it, whatever it holds."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """The text as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def content_digest(table: TableData) -> str:
    """The sha256 of what the table holds: names of the columns, number of rows, and every cell beside its row."""
    lanes = ", ".join(f"sum(('0x' || h[{16 * lane + 1}:{16 * lane + 16}])::UBIGINT::HUGEINT)" for lane in range(LANES))
    hashed = f"SELECT sha256({row_text(table.types)}) AS h FROM rows"
    [[rows, *sums]] = table.query(f"SELECT count(*), {lanes} FROM ({hashed})")
    told = [SCHEME, sorted(table.types), rows, [str(int(one or 0) % 2**64) for one in sums]]
    return hashlib.sha256(json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def row_text(types: Mapping[str, str], without: Collection[str] = ()) -> str:
    """An SQL expression: the row's cells as one text, equal for equal rows only."""
    return joined([cell_text(name, types[name]) for name in sorted(types) if name not in without])


def joined(texts: Sequence[str]) -> str:
    """An SQL expression: the texts, with a mark between them."""
    return f"concat_ws(chr(31), {', '.join(texts)})" if texts else GAP


def cell_text(name: str, type_: str) -> str:
    """An SQL expression: the cell as text with a letter for its kind. Missing and not-a-number are one and the same."""
    column, kind = quoted(name), kind_of(type_)
    match kind:
        case Kind.WHOLE:
            told = f"'n' || {column}"
        case Kind.NUMBER if type_.startswith("DECIMAL"):
            text = f"{column}::VARCHAR"
            told = f"'n' || CASE WHEN contains({text}, '.') THEN rtrim(rtrim({text}, '0'), '.') ELSE {text} END"
        case Kind.NUMBER:
            whole = f"{column} = trunc({column}) AND abs({column}) < {EXACT}"
            told = (
                f"CASE WHEN isnan({column}) THEN NULL WHEN {whole} THEN 'n' || {column}::BIGINT "
                f"ELSE 'n' || {column}::DOUBLE END"
            )
        case Kind.YES_NO:
            told = f"'b' || {column}"
        case Kind.DATE:
            told = _moment(column, type_)
        case _:
            text = f"hex({column})" if type_ == "BLOB" else f"{column}::VARCHAR"
            told = f"'t' || strlen({text}) || ':' || {text}"
    return f"coalesce({told}, {GAP})"


def _moment(column: str, type_: str) -> str:
    """Nanoseconds since 1970; moments with a time zone stand apart from those without."""
    if type_ == "TIMESTAMP_NS":
        return f"'d' || epoch_ns({column})"
    if type_.endswith("TIME ZONE"):
        return f"'z' || epoch_us({column}) * 1000::HUGEINT"
    return f"'d' || epoch_us({column}::TIMESTAMP) * 1000::HUGEINT"
