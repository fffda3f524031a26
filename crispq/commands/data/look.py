"""A look at a table: each column's type, range, shape and values, by aggregates that DuckDB computes in flat memory."""

# ruff: noqa: S608 - names are quoted by `quoted`; nothing else of the user's goes into a query

from __future__ import annotations

import re
import tempfile
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path
from typing import Any

from crispq.commands.data.summaries import EXACT_DISTINCT, EXACT_ROWS, FEWEST_ROWS, distinct
from crispq.errors import NotMeasurable, UsageMistake
from crispq.evidence.contents import Kind, kind_of, literal, quoted
from crispq.evidence.reading import SUFFIXES
from crispq.evidence.tables import TableData

#: A text column with at most so many values is a category, and its values are worth listing.
MOST_CATEGORIES = 25
#: A value set is proposed only where each value stands for at least so many rows on average.
ROWS_PER_CATEGORY = 5
#: Columns that are measured in one query.
AT_ONCE = 10
MOST_SHAPES = 50
MOST_PAIRS = 200
FEWEST_ROWS_OF_A_PAIR = 30
#: A column may be a key if it seems to have so many different values a row.
NEARLY_ALL = 0.9
#: Words that say which of two related columns is the larger: the later in this list.
ORDER = (
    frozenset({"min", "minimum", "low", "lower", "lowest", "smallest", "diastolic", "start", "begin", "first", "from"}),
    frozenset({"mean", "avg", "average", "median", "net"}),
    frozenset({"max", "maximum", "high", "upper", "highest", "largest", "worst", "systolic", "end", "last", "to"}),
    frozenset({"total", "gross", "sum"}),
)
WORD = re.compile(r"[^\W\d_]+|\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: `low` and `high` are its range, of the length for text; `values` are all its values where few.

    middle: the quantiles at 0.3 and 0.7 of a number; spread: its standard deviation; days: its range as ISO texts.
    shapes: the texts with each letter as a or A and each digit as 9, where they are few; prefix: how all texts begin.
    """

    name: str
    kind: Kind
    zoned: bool
    nulls: int
    distinct: int
    finite: bool
    low: float | None
    high: float | None
    values: tuple[Any, ...]
    middle: tuple[float, float] | None = None
    spread: float | None = None
    days: tuple[str, str] | None = None
    shapes: tuple[str, ...] = ()
    prefix: str = ""

    def is_category(self, rows: int) -> bool:
        """Whether this is text that sorts the rows into few groups."""
        return self.kind is Kind.TEXT and bool(self.values) and self.distinct * ROWS_PER_CATEGORY <= rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A table as it was found. `file` is the name that it gets in a new project; pairs: (larger, smaller) columns."""

    source: Path
    file: str
    rows: int
    columns: tuple[Column, ...]
    pairs: tuple[tuple[str, str], ...] = field(default=())

    def column(self, name: str) -> Column | None:
        """The column of this name."""
        return next((one for one in self.columns if one.name == name), None)


def look_at(source: Path) -> Profile:
    """Read the table strictly. Raises UsageMistake when it cannot be read, has no row or unusable column names."""
    if not source.is_file():
        raise UsageMistake(f"data: there is no file {source}")
    file = re.sub(r"[^A-Za-z0-9._-]+", "_", source.stem).strip("._") or "raw"
    file += source.suffix.lower()
    if source.suffix.lower() not in SUFFIXES:
        raise UsageMistake(f"data: {source.name} is none of {', '.join(SUFFIXES)}")
    try:
        # DuckDB takes brackets and stars in a path for a pattern: the link has a name without.
        with tempfile.TemporaryDirectory(prefix="crispq-") as folder:
            (Path(folder) / file).symlink_to(source.resolve())
            return look(TableData(name="raw", root=Path(folder), paths=(file,)), source=source, file=file)
    except NotMeasurable as error:
        raise UsageMistake(f"data: {error}") from error


def look(table: TableData, *, source: Path, file: str) -> Profile:
    """The profile of a table at hand. Raises NotMeasurable when it cannot be read, UsageMistake as `look_at`."""
    import duckdb

    for name in table.columns:
        if reason := _unusable(name):
            raise UsageMistake(f"data: the column {name!r} {reason}; rename it first")
    try:
        columns = [one for names in _chunks(table.columns) for one in _columns(table, names)]
        if not table.rows:
            raise UsageMistake(f"data: {source.name} holds no row")
        pairs = _pairs_in_order(table, columns)
    except duckdb.Error as error:
        raise NotMeasurable(f"{file}: it cannot be read as a table ({type(error).__name__})") from error
    return Profile(source=source, file=file, rows=table.rows, columns=tuple(columns), pairs=pairs)


def _chunks(names: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(names), AT_ONCE):
        yield names[start : start + AT_ONCE]


def _columns(table: TableData, names: Sequence[str]) -> Iterator[Column]:
    facts = _facts(table, names)
    exact = [name for name in names if min(table.rows, facts[name]["about"]) <= EXACT_DISTINCT]
    counts = dict(_each(table, {name: f"count(DISTINCT {quoted(name)})" for name in exact}))
    few = [name for name, count in counts.items() if 0 < count <= MOST_CATEGORIES and _is_listed(table, name)]
    values = dict(_each(table, {name: f"list_sort(list(DISTINCT {quoted(name)}))" for name in few}))
    for name in names:
        one, kind = facts[name], kind_of(table.types[name])
        different = counts.get(name)
        if different is None:
            different = distinct(table, name) if one["about"] >= NEARLY_ALL * table.rows else one["about"]
        column = Column(
            name=name,
            kind=kind,
            zoned="TIME ZONE" in table.types[name],
            nulls=table.rows - one["filled"],
            distinct=different,
            finite=bool(one["finite"]),
            low=None if one["low"] is None else float(one["low"]),
            high=None if one["high"] is None else float(one["high"]),
            values=tuple(value for value in values.get(name) or () if value is not None),
        )
        yield _more_of(table, column, one)


def _is_listed(table: TableData, name: str) -> bool:
    return kind_of(table.types[name]) not in {Kind.DATE, Kind.OTHER}


def _facts(table: TableData, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """For each column: values present, different ones (about), whether all are finite, lowest, highest ..."""
    asked = {name: _asked(table, name) for name in names}
    expressions = [one for facts in asked.values() for one in facts.values()]
    answers = iter(table.query(f"SELECT {', '.join(expressions)} FROM rows")[0])
    return {name: {fact: next(answers) for fact in facts} for name, facts in asked.items()}


def _asked(table: TableData, name: str) -> dict[str, str]:
    column, type_ = quoted(name), table.types[name]
    kind = kind_of(type_)
    told = {
        "filled": f"count({column})",
        "about": f"approx_count_distinct({column})",
        "finite": "true",
        "low": "NULL",
        "high": "NULL",
    }
    if kind.is_number:
        finite = f"CASE WHEN isfinite({column}::DOUBLE) THEN {column}::DOUBLE END"
        quantile = "quantile_cont" if table.rows <= EXACT_ROWS else "approx_quantile"
        told["finite"] = f"coalesce(bool_and(isfinite({column}::DOUBLE)), true)"
        told |= {"low": f"min({column})", "high": f"max({column})", "middle": f"{quantile}({finite}, [0.3, 0.7])"}
        # Beyond these numbers a sum of squares overflows.
        told["spread"] = f"CASE WHEN max(abs({finite})) < 1e150 THEN stddev_samp({finite}) END"
    elif kind is Kind.TEXT:
        text = f"{column}::VARCHAR"
        told |= {"low": f"min(length({text}))", "high": f"max(length({text}))"}
        told |= {"first": f"min({text})", "last": f"max({text})"}
    elif kind is Kind.DATE and "TIME ZONE" not in type_:
        told |= {"first": f"min({column})::TIMESTAMP::VARCHAR", "last": f"max({column})::TIMESTAMP::VARCHAR"}
    return told


def _each(table: TableData, expressions: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    if expressions:
        answers = table.query(f"SELECT {', '.join(expressions.values())} FROM rows")[0]
        yield from zip(expressions, answers, strict=True)


def _more_of(table: TableData, column: Column, facts: Mapping[str, Any]) -> Column:
    """The column with what is told of its kind only."""
    if column.nulls == table.rows:
        return column
    if column.kind.is_number:
        low, high = facts["middle"] or (None, None)
        middle = None if low is None or high is None else (float(low), float(high))
        return replace(column, middle=middle, spread=None if facts["spread"] is None else float(facts["spread"]))
    if column.kind is Kind.DATE and facts.get("first"):
        return replace(column, days=(str(facts["first"]), str(facts["last"])))
    if column.kind is Kind.TEXT and not column.is_category(table.rows):
        many = column.distinct >= FEWEST_ROWS  # how few texts begin would tell the texts themselves
        prefix = _common_prefix(str(facts["first"]), str(facts["last"])) if many else ""
        return replace(column, shapes=_shapes(table, column.name), prefix=prefix)
    return column


def _common_prefix(first: str, last: str) -> str:
    """How the first and the last text in order begin, and so all between them."""
    equal = next((index for index, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), None)
    return first[: min(len(first), len(last)) if equal is None else equal]


def _shapes(table: TableData, name: str) -> tuple[str, ...]:
    """The texts with letters and digits replaced, where few such shapes are left; else nothing."""
    shape = f"{quoted(name)}::VARCHAR"
    for pattern, mark in (("[0-9]", "9"), ("[A-Z]", "A"), ("[a-z]", "a")):
        shape = f"regexp_replace({shape}, {literal(pattern)}, {literal(mark)}, 'g')"
    asked = f"SELECT DISTINCT {shape} AS shape FROM rows WHERE {quoted(name)} IS NOT NULL LIMIT {MOST_SHAPES + 1}"
    found = [row[0] for row in table.query(asked)]
    return tuple(sorted(found)) if len(found) <= MOST_SHAPES else ()


# --- pairs in order ------------------------------------------------------------------------------


def _pairs_in_order(table: TableData, columns: Sequence[Column]) -> tuple[tuple[str, str], ...]:
    """(larger, smaller): related columns of which one never lies below the other, though their ranges overlap."""
    related = [pair for pair in combinations(columns, 2) if _are_related(*pair)][:MOST_PAIRS]
    asked = {}
    for first, second in related:
        a, b = quoted(first.name), quoted(second.name)
        asked[first.name, second.name] = f"count_if({a} < {b}), count_if({a} > {b}), count_if({a} = {b})"
    if not asked:
        return ()
    answers = iter(table.query(f"SELECT {', '.join(asked.values())} FROM rows")[0])
    found = []
    for first_name, second_name in asked:
        below, above, equal = next(answers), next(answers), next(answers)
        if below + above + equal >= FEWEST_ROWS_OF_A_PAIR and max(below, above) > equal and min(below, above) == 0:
            found.append((first_name, second_name) if above else (second_name, first_name))
    return tuple(found)


def _are_related(first: Column, second: Column) -> bool:
    """Two dates; or numbers that overlap, their names alike but for one word that says which is the larger."""
    if first.kind is Kind.DATE and second.kind is Kind.DATE:
        return first.zoned == second.zoned
    if not (first.kind.is_number and second.kind.is_number) or not (first.finite and second.finite):
        return False
    words = [WORD.findall(one.name.casefold()) for one in (first, second)]
    differing = [pair for pair in zip(*words, strict=False) if pair[0] != pair[1]]
    if len(words[0]) != len(words[1]) or len(differing) != 1:
        return False
    ranks = [next((rank for rank, among in enumerate(ORDER) if word in among), None) for word in differing[0]]
    if None in ranks or ranks[0] == ranks[1]:
        return False
    if first.low is None or first.high is None or second.low is None or second.high is None:
        return False
    return first.low < second.high and second.low < first.high


def _unusable(name: str) -> str | None:
    if not name.strip():
        return "has no name"
    if any(unicodedata.category(one) in {"Cc", "Cs", "Zl", "Zp"} for one in name):
        return "holds a control character"
    return None
