"""The data meets what is expected of it.

## Why
A domain expert knows that no adult weighs 7 kg and that a site code has three letters. Written down as expectations,
this knowledge looks at every row, today and whenever data is added; left in a head, it looks at none.

## How it is measured
For each table of the setting `tables` (by default `raw`) the file `expectations/<table>.json` of phase 1 holds a suite
of Great Expectations, in its own format: `{"name": ..., "expectations": [{"type": ..., "kwargs": {...}}, ...]}`. The
library itself holds each expectation against the rows (pandas engine, nothing written, nothing sent). Around it stand
guards, for by itself it would call success what shows nothing:

- a suite has at least one expectation, one that looks at a column, and no entry twice; as many are evaluated as are
  written;
- an unknown type, an unknown or impossible argument, a demand without content (no bound, an empty list) and a `mostly`
  of 0 are errors with their line, and so is an expectation that could not be evaluated;
- a condition that leaves no row, a column that the table lacks, and infinite numbers in a used column are findings;
- a used column without a single value is a finding: an empty column breaks no demand on its values;
- fewer than `fewest_rows` rows (by default 10) are a finding.

Limits: no expectation may be broken and no used column may be empty. How many rows may break an expectation is not a
limit here: it stands in the suite itself, as `mostly`.

## How to mend it
The finding names the line of the suite and how many rows break it. Look at those rows with the person who knows the
data: set wrong rows apart, or widen an expectation that was too narrow, and write down why.

## Source
CRISP-ML(Q) §3.1.5, pp. 398-399: requirements on the data, as a schema; verification of all data. Schelter et al.,
"Automating large-scale data quality verification", PVLDB 11 (2018), pp. 1781-1794.

## What it cannot see
What nobody expected: whether the suite would notice a unit that changed or two columns that were swapped. In a CSV file
"nan" counts as missing, like an empty cell. Severities of the suite play no part.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crispq import Evidence, Example, Finding, Findings, Measurement, NotMeasurable, Table, check, hint, none

if TYPE_CHECKING:
    import pandas as pd

FOLDER = "1_business_and_data_understanding/expectations"
SUITE_KEYS = frozenset({"name", "expectations", "meta", "notes", "id", "suite_parameters"})
ABOUT = frozenset({"id", "meta", "notes", "description", "severity", "rendered_content"})
ENTRY_KEYS = ABOUT | {"type", "kwargs"}
#: Fields of the library's classes that a suite has no say in.
NOT_FOR_SUITES = ABOUT | {"result_format", "catch_exceptions", "batch_id", "library_metadata", "windows"}
#: These speak of a column without demanding a value in it.
CONTENT_WITH_NOTHING = frozenset({"expect_column_to_exist", "expect_column_values_to_be_null"})
LISTS = frozenset(
    {"value_set", "value_pairs_set", "type_list", "like_pattern_list", "regex_list", "column_list", "column_set"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """One expectation as it is written in the suite, and where."""

    table: str
    path: str
    line: int
    type: str
    kwargs: Mapping[str, Any]
    description: str

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns whose values it looks at."""
        single = [self.kwargs.get(name) for name in ("column", "column_A", "column_B")]
        several = self.kwargs.get("column_list") if not self.type.startswith("expect_table_") else None
        named = [*single, *(several if isinstance(several, list) else [])]
        return tuple(name for name in named if isinstance(name, str))

    def finding(self, message: str) -> Finding:
        """A finding at the entry's line."""
        return Finding(message=message, path=self.path, line=self.line)

    def refusal(self, message: str) -> NotMeasurable:
        """The error that names the entry's line."""
        return NotMeasurable(f"{self.path}:{self.line}: {message}")

    def __str__(self) -> str:
        asked = ", ".join(
            f"{name} {_short(value)}" for name, value in self.kwargs.items() if not name.lower().startswith("column")
        )
        where = f"column {' and '.join(map(repr, self.columns))}" if self.columns else f"table {self.table!r}"
        words = self.description or self.type.removeprefix("expect_").replace("_", " ")
        return f"{where}: expected {words}{f' ({asked})' if asked else ''}"


@check(
    task="data_quality_verification",
    catalogue=("BU5-C5",),
    risks=("R12", "R14"),
    limits={"broken_expectations": none(), "columns_without_values": none()},
)
def data_meets_its_expectations(
    evidence: Evidence, *, tables: Sequence[str] = ("raw",), fewest_rows: int = 10
) -> Measurement:
    """Hold the rows of each table against its suite."""
    broken: list[Finding] = []
    empty: list[Finding] = []
    seen: list[tuple[str | int, ...]] = []
    rows = examined = used = 0
    for name in tables:
        entries = _suite(evidence, name)
        frame = evidence.table(name).frame()
        columns = _used_columns(entries)
        if len(frame) < fewest_rows:
            message = f"the table {name!r} has {len(frame)} rows, at least {fewest_rows} are needed to say anything"
            broken.append(Finding(message=message, path=entries[0].path, line=1))
        empty += _without_values(frame, columns)
        broken += _not_finite(frame, columns)
        results = _evaluate(frame, entries)
        broken += [one for one, _ in results.values() if one is not None]
        seen += [(name, ", ".join(one.columns) or "-", one.type, results[one.line][1]) for one in entries]
        rows, examined, used = rows + len(frame), examined + len(entries), used + len(columns)
    return Measurement(
        values={
            "broken_expectations": Findings(examined=examined, items=tuple(broken)),
            "columns_without_values": Findings(examined=used, items=tuple(empty)),
        },
        summary=_summary(examined, rows, len(broken), len(empty)),
        tables=(
            Table(
                title="Expectations", columns=("table", "column", "expectation", "what came of it"), rows=tuple(seen)
            ),
        ),
    )


def _summary(examined: int, rows: int, broken: int, empty: int) -> str:
    if not broken and not empty:
        return f"{examined} expectations hold on {rows} rows"
    return f"{broken} things break the {examined} expectations on {rows} rows; {empty} used columns hold no value"


# --- the suite as it is written ------------------------------------------------------------------


def _suite(evidence: Evidence, table: str) -> tuple[_Entry, ...]:
    """The entries of the table's suite. Whatever could make it hold emptily is refused with its line."""
    path = f"{FOLDER}/{table}.json"
    text = evidence.text(path)
    suite = _parsed(path, text)
    if not isinstance(suite, dict) or not isinstance(suite.get("expectations"), list):
        raise NotMeasurable(f"{path}:1: a suite is an object with a list 'expectations'")
    _refuse_unknown(f"{path}:1", "key", suite, SUITE_KEYS)
    lines = _lines(text, suite["expectations"])
    entries = tuple(_entry(table, path, line, one) for line, one in zip(lines, suite["expectations"], strict=True))
    if not entries:
        raise NotMeasurable(f"{path}:1: the suite holds no expectation; it would hold for any data")
    if not any(one.columns for one in entries):
        raise NotMeasurable(f"{path}:1: no expectation looks at a column; say what the values must be like")
    _refuse_twice(entries)
    return entries


def _parsed(path: str, text: str) -> Any:
    def refuse_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        if twice := [name for name in names if names.count(name) > 1]:
            raise NotMeasurable(f"{path}: the key {twice[0]!r} stands twice in one object")
        return dict(pairs)

    def refuse_constant(word: str) -> None:
        raise NotMeasurable(f"{path}: {word} is no JSON value")

    try:
        return json.loads(text, object_pairs_hook=refuse_twice, parse_constant=refuse_constant)
    except json.JSONDecodeError as error:
        raise NotMeasurable(f"{path}:{error.lineno}: not JSON: {error.msg}") from error


def _lines(text: str, entries: Sequence[Any]) -> list[int]:
    """The line on which each entry begins: the list is read again, entry by entry."""
    decoder = json.JSONDecoder()
    for found in re.finditer(r'"expectations"\s*:\s*\[', text):
        position, starts, read = found.end(), [], []
        while start := re.compile(r"[\s,]*(?=[^\s,\]])").match(text, position):
            value, position = decoder.raw_decode(text, start.end())
            starts.append(text.count("\n", 0, start.end()) + 1)
            read.append(value)
        if read == list(entries):
            return starts
    return [1] * len(entries)


def _entry(table: str, path: str, line: int, raw: Any) -> _Entry:
    where = f"{path}:{line}"
    if not isinstance(raw, dict) or not isinstance(raw.get("type"), str) or not isinstance(raw.get("kwargs", {}), dict):
        raise NotMeasurable(f"{where}: an expectation is an object with a text 'type' and an object 'kwargs'")
    _refuse_unknown(where, "key", raw, ENTRY_KEYS)
    described = raw.get("description")
    return _Entry(
        table=table,
        path=path,
        line=line,
        type=raw["type"],
        kwargs=raw.get("kwargs", {}),
        description=described if isinstance(described, str) else "",
    )


def _refuse_unknown(where: str, kind: str, names: Iterable[str], known: Collection[str]) -> None:
    for name in names:
        if name not in known:
            raise NotMeasurable(f"{where}: unknown {kind} {name!r}{hint(name, sorted(known))}")


def _refuse_twice(entries: Sequence[_Entry]) -> None:
    seen: dict[str, int] = {}
    for one in entries:
        said = json.dumps([one.type, one.kwargs], sort_keys=True)
        if said in seen:
            raise one.refusal(f"the expectation of line {seen[said]} stands here a second time; delete one")
        seen[said] = one.line


# --- what the library would not notice -----------------------------------------------------------


def _used_columns(entries: Iterable[_Entry]) -> dict[str, _Entry]:
    """Each column whose values an expectation looks at, with the first entry that does."""
    used: dict[str, _Entry] = {}
    for one in entries:
        if one.type not in CONTENT_WITH_NOTHING:
            for column in one.columns:
                used.setdefault(column, one)
    return used


def _without_values(frame: pd.DataFrame, columns: Mapping[str, _Entry]) -> Iterator[Finding]:
    for column, entry in columns.items():
        if column in frame and frame[column].isna().all():
            message = (
                f"column {column!r}: all {len(frame)} values are missing, so that every demand on them holds emptily"
            )
            yield entry.finding(f"{message}; find out why, or stop using the column")


def _not_finite(frame: pd.DataFrame, columns: Mapping[str, _Entry]) -> Iterator[Finding]:
    import numpy as np

    for column, entry in columns.items():
        if column in frame and frame[column].dtype.kind == "f" and (odd := int(np.isinf(frame[column]).sum())):
            message = f"column {column!r}: {odd} of {len(frame)} rows hold an infinite number; set them right or apart"
            yield entry.finding(message)


# --- the library ---------------------------------------------------------------------------------


def _evaluate(frame: pd.DataFrame, entries: Sequence[_Entry]) -> dict[int, tuple[Finding | None, str]]:
    """What came of each entry, by its line: a finding or None, and the words for the report."""
    results: dict[int, tuple[Finding | None, str]] = {}
    with _quiet():
        import great_expectations as gx
        from great_expectations.data_context.types.base import ProgressBarsConfig

        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
        source = context.data_sources.add_pandas("crispq").add_dataframe_asset("table")
        batch = source.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
        for entry in entries:
            expectation = _expectation(entry)
            if absent := [
                name for name in entry.columns if name not in frame and entry.type != "expect_column_to_exist"
            ]:
                near = hint(absent[0], [str(name) for name in frame.columns])
                message = f"the table {entry.table!r} has no column {absent[0]!r}{near}; restore it or mend the suite"
                results[entry.line] = (entry.finding(message), "no such column")
            else:
                results[entry.line] = _result(entry, _validated(entry, batch, expectation), len(frame))
    if len(results) != len(entries):
        raise NotMeasurable(f"{entries[0].path}: two expectations begin on one line; give each a line of its own")
    return results


@contextmanager
def _quiet() -> Iterator[None]:
    """No word sent to anyone and none printed while the library works."""
    import logging
    import warnings

    before = os.environ.get("GX_ANALYTICS_ENABLED")
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)
        if before is None:
            del os.environ["GX_ANALYTICS_ENABLED"]
        else:
            os.environ["GX_ANALYTICS_ENABLED"] = before


def _expectation(entry: _Entry) -> Any:
    """The library's object behind the entry; unknown words and empty demands are refused."""
    from great_expectations.expectations import core

    classes = {one.expectation_type: one for name, one in vars(core).items() if name.startswith("Expect")}
    _refuse_unknown(f"{entry.path}:{entry.line}", "expectation type", [entry.type], classes)
    fields = set(classes[entry.type].__fields__)
    _refuse_unknown(f"{entry.path}:{entry.line}", "argument", entry.kwargs, fields - NOT_FOR_SUITES)
    _refuse_emptiness(entry, fields)
    try:
        return classes[entry.type](**entry.kwargs)
    except Exception as error:
        raise entry.refusal(f"{entry.type} cannot be asked so: {_sentence(error)}") from error


def _refuse_emptiness(entry: _Entry, fields: Collection[str]) -> None:
    mostly = entry.kwargs.get("mostly", 1)
    if isinstance(mostly, bool) or not isinstance(mostly, int | float) or not 0 < mostly <= 1:
        raise entry.refusal(f"mostly is {_short(mostly)}; it must lie above 0 and at most at 1, or nothing is demanded")
    bounds = {"min_value", "max_value"}
    if bounds <= set(fields) and all(entry.kwargs.get(name) is None for name in bounds):
        raise entry.refusal("neither min_value nor max_value is given, so that nothing is demanded")
    for name in LISTS & set(fields):
        if name in entry.kwargs and not entry.kwargs[name]:
            raise entry.refusal(f"{name} is empty, so that nothing is demanded")


def _validated(entry: _Entry, batch: Any, expectation: Any) -> Any:
    """The library's answer; what it could not evaluate is refused without its words, for they may quote the data."""
    try:
        answer = batch.validate(expectation)
    except Exception as error:
        raise entry.refusal(f"{entry} could not be evaluated ({type(error).__name__})") from error
    raised = str(answer.exception_info)
    if "'raised_exception': True" in raised:
        kind = re.search(r"\b[A-Z]\w+(?:Error|Exception)\b", raised)
        why = f" ({kind[0]})" if kind else ""
        raise entry.refusal(f"{entry} could not be evaluated{why}; does the demand fit the column's type?")
    if answer.success not in {True, False}:
        raise entry.refusal(f"{entry} came to no answer")
    return answer


def _result(entry: _Entry, answer: Any, rows: int) -> tuple[Finding | None, str]:
    result = answer.result or {}
    looked_at = result.get("element_count")
    if looked_at == 0:
        return entry.finding(f"{entry}, but its condition leaves no row to look at"), "no row to look at"
    if answer.success:
        return None, "holds"
    if (odd := result.get("unexpected_count")) is not None:
        told = f"{odd} of {looked_at or rows} rows break it"
    else:
        told = "the column as a whole breaks it" if entry.columns else "the table as a whole breaks it"
    return entry.finding(f"{entry}, but {told}; mend or set apart the rows, or have the expectation reviewed"), told


def _sentence(error: Exception) -> str:
    """What the library's refusal says, in one line: its arguments come from the suite, never from the data."""
    told = [line.strip() for line in str(error).splitlines()[1:] if line.strip()]
    return "; ".join(told or [str(error)])[:200]


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 80 else f"{text[:77]}..."  # noqa: PLR2004 - what a reader takes in at a glance


_CONFIG = {"data": {"tables": {"raw": "raw.csv"}}}
_RAW: dict[str, list[Any]] = {"age": [20 + row for row in range(12)], "site": ["A", "B", "C"] * 4}
_AGE = {"type": "expect_column_values_to_be_between", "kwargs": {"column": "age", "min_value": 18, "max_value": 110}}
_SITE = {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "site", "value_set": ["A", "B", "C"]}}


def _written(*entries: Mapping[str, Any]) -> str:
    lines = ",\n".join(f"  {json.dumps(one)}" for one in entries)
    return f'{{\n"name": "raw",\n"expectations": [\n{lines}\n]}}'


def _example(status: str, title: str, suite: str, says: str, **columns: list[Any]) -> Example:
    files = {"raw.csv": _RAW | columns, f"{FOLDER}/raw.json": suite}
    return Example(status=status, title=title, config=_CONFIG, files=files, says=says)


def _age(**kwargs: Any) -> Mapping[str, Any]:
    return {"type": _AGE["type"], "kwargs": {**_AGE["kwargs"], **kwargs}}  # type: ignore[dict-item]


EXAMPLES = (
    _example("pass", "every row is as expected", _written(_AGE, _SITE), "2 expectations hold on 12 rows"),
    _example(
        "fail", "two rows are implausible", _written(_AGE, _SITE), "2 of 12 rows break it", age=[7, 300, *range(20, 30)]
    ),
    _example("fail", "a column is empty", _written(_AGE, _SITE), "all 12 values are missing", age=[None] * 12),
    Example(
        status="fail",
        title="a number is infinite",
        config={"data": {"tables": {"raw": "raw.parquet"}}},
        files={
            "raw.parquet": {"age": [float("inf"), *[30.0] * 11]},
            f"{FOLDER}/raw.json": _written(_age(max_value=None)),
        },
        says="1 of 12 rows hold an infinite number",
    ),
    _example("fail", "a column has another name now", _written(_age(column="agee"), _SITE), "did you mean 'age'?"),
    _example(
        "fail",
        "a condition leaves no row",
        _written(_age(row_condition="age > 200", condition_parser="pandas")),
        "no row",
    ),
    _example(
        "fail", "there are hardly any rows", _written(_AGE), "at least 10 are needed", age=[20, 21], site=["A", "B"]
    ),
    _example("error", "the suite is empty", _written(), "would hold for any data"),
    _example(
        "error",
        "a type is misspelt",
        _written(_AGE, _SITE | {"type": "expect_column_values_to_be_inset"}),
        "raw.json:5",
    ),
    _example("error", "an argument is misspelt", _written(_age(max_vale=9)), "did you mean 'max_value'?"),
    _example("error", "mostly is zero", _written(_age(mostly=0)), "mostly is 0"),
    _example("error", "a bound for text", _written(_age(column="site")), "does the demand fit the column's type?"),
    _example("error", "an entry stands twice", _written(_AGE, _SITE, _AGE), "line 4 stands here a second time"),
    Example(
        status="fail", title="there is no suite yet", config=_CONFIG, files={"raw.csv": _RAW}, says="does not exist yet"
    ),
    Example(
        status="fail",
        title="there are no rows",
        config=_CONFIG,
        files={"raw.csv": "age,site\n", f"{FOLDER}/raw.json": _written(_AGE)},
        says="holds no row",
    ),
)
