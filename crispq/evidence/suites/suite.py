"""A suite of expectations as a project writes it, in Great Expectations' own format.

Whatever could make a suite hold emptily is refused here, with its line: unknown words, an entry twice, a demand
without content. Great Expectations itself is not needed for that.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crispq.errors import NotMeasurable, hint
from crispq.evidence.suites import arguments
from crispq.evidence.suites.conditions import is_code
from crispq.nouns import Finding

SUITE_KEYS = frozenset({"name", "expectations", "meta", "notes", "id", "suite_parameters"})
ABOUT = frozenset({"id", "meta", "notes", "description", "severity", "rendered_content"})
ENTRY_KEYS = ABOUT | {"type", "kwargs"}
PARAMETER = "$PARAMETER"
LONGEST_VALUE = 80
LISTS = frozenset(
    {"value_set", "value_pairs_set", "type_list", "like_pattern_list", "regex_list", "column_list", "column_set"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """One expectation as it is written in the suite, and where; its parameters are filled in."""

    type: str
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    table: str = ""
    path: str = ""
    line: int = 1
    description: str = ""

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
            f"{name} {short(value)}" for name, value in self.kwargs.items() if not name.lower().startswith("column")
        )
        where = f"column {' and '.join(map(repr, self.columns))}" if self.columns else f"table {self.table!r}"
        words = self.description or self.type.removeprefix("expect_").replace("_", " ")
        return f"{where}: expected {words}{f' ({asked})' if asked else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """The expectations of one table, in the order in which they are written."""

    name: str
    table: str
    path: str
    expectations: tuple[Expectation, ...]


def read_suite(text: str, *, table: str, path: str) -> Suite:
    """The suite that `text` holds.

    Raises NotMeasurable, with the line, for unknown keys, types and arguments, for an entry that stands twice, and
    for whatever would hold for any data: no entry, none that looks at a column, no bound, an empty list, `mostly` 0.
    """
    raw = _parsed(path, text)
    if not isinstance(raw, dict) or not isinstance(raw.get("expectations"), list):
        raise NotMeasurable(f"{path}:1: a suite is an object with a list 'expectations'")
    _refuse_unknown(f"{path}:1", "key", raw, SUITE_KEYS)
    parameters = raw.get("suite_parameters") or {}
    if not isinstance(parameters, dict):
        raise NotMeasurable(f"{path}:1: 'suite_parameters' is an object of names and values")
    entries = tuple(
        _entry(table, path, line, one, parameters)
        for line, one in zip(_lines(text, raw["expectations"]), raw["expectations"], strict=True)
    )
    if not entries:
        raise NotMeasurable(f"{path}:1: the suite holds no expectation; it would hold for any data")
    if not any(one.columns for one in entries):
        raise NotMeasurable(f"{path}:1: no expectation looks at a column; say what the values must be like")
    _refuse_twice(entries)
    for one in entries:
        refuse_unknown_words(one)
    name = raw.get("name")
    return Suite(name=name if isinstance(name, str) else table, table=table, path=path, expectations=entries)


def refuse_unknown_words(entry: Expectation) -> None:
    """Raise NotMeasurable when the entry's type or an argument is unknown, or when it demands nothing."""
    where = f"{entry.path}:{entry.line}"
    _refuse_unknown(where, "expectation type", [entry.type], arguments.TYPES)
    known = arguments.TYPES[entry.type]
    _refuse_unknown(where, "argument", entry.kwargs, known)
    _refuse_code(entry)
    _refuse_emptiness(entry, known)
    if not arguments.plain(entry.type, entry.kwargs):
        from crispq.evidence.suites import library

        library.built(entry)


def short(value: object) -> str:
    """The value as JSON, cut to what a reader takes in at a glance."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 3]}..."


def _parsed(path: str, text: str) -> Any:
    def refuse_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        if twice := [name for name in names if names.count(name) > 1]:
            raise NotMeasurable(f"{path}: the key {twice[0]!r} stands twice in one object")
        return dict(pairs)

    def refuse_constant(word: str) -> None:
        raise NotMeasurable(f"{path}: {word} is no JSON value")

    def finite_number(word: str) -> float:
        if math.isinf(number := float(word)):
            raise NotMeasurable(f"{path}: {word} is beyond every number")
        return number

    try:
        return json.loads(
            text, object_pairs_hook=refuse_twice, parse_constant=refuse_constant, parse_float=finite_number
        )
    except json.JSONDecodeError as error:
        raise NotMeasurable(f"{path}:{error.lineno}: not JSON: {error.msg}") from error
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, thousands of brackets
        raise NotMeasurable(f"{path}: a number is too long, or lists stand in lists too deeply") from error


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


def _entry(table: str, path: str, line: int, raw: Any, parameters: Mapping[str, Any]) -> Expectation:
    where = f"{path}:{line}"
    if not isinstance(raw, dict) or not isinstance(raw.get("type"), str) or not isinstance(raw.get("kwargs", {}), dict):
        raise NotMeasurable(f"{where}: an expectation is an object with a text 'type' and an object 'kwargs'")
    _refuse_unknown(where, "key", raw, ENTRY_KEYS)
    described = raw.get("description")
    return Expectation(
        table=table,
        path=path,
        line=line,
        type=raw["type"],
        kwargs=_filled(where, raw.get("kwargs", {}), parameters),
        description=described if isinstance(described, str) else "",
    )


def _filled(where: str, value: Any, parameters: Mapping[str, Any]) -> Any:
    """The value with `{"$PARAMETER": name}` replaced by what `suite_parameters` says of the name."""
    if isinstance(value, list):
        return [_filled(where, one, parameters) for one in value]
    if not isinstance(value, dict):
        return value
    if PARAMETER not in value:
        return {name: _filled(where, one, parameters) for name, one in value.items()}
    name = value[PARAMETER]
    if len(value) > 1 or not isinstance(name, str):
        raise NotMeasurable(f'{where}: a parameter is written {{"{PARAMETER}": "name"}}')
    if name not in parameters:
        near = hint(name, sorted(parameters))
        raise NotMeasurable(f"{where}: the parameter {name!r} stands in no 'suite_parameters' of this file{near}")
    return parameters[name]


def _refuse_unknown(where: str, kind: str, names: Iterable[str], known: Collection[str]) -> None:
    for name in names:
        if name not in known:
            raise NotMeasurable(f"{where}: unknown {kind} {name!r}{hint(name, sorted(known))}")


def _refuse_code(entry: Expectation) -> None:
    """Raise NotMeasurable for a condition that pandas would run as Python, and for what is no regular expression."""
    if is_code(entry.kwargs.get("row_condition"), entry.kwargs.get("condition_parser")):
        raise entry.refusal("row_condition may compare columns and nothing else; it is not run as Python")
    several = entry.kwargs.get("regex_list")
    for regex in (entry.kwargs.get("regex"), *(several if isinstance(several, list) else ())):
        try:
            if isinstance(regex, str):
                re.compile(regex)
        except (re.error, RecursionError, OverflowError) as error:
            raise entry.refusal(f"{short(regex)} is no regular expression ({error})") from error


def _refuse_twice(entries: Sequence[Expectation]) -> None:
    seen: dict[str, int] = {}
    for one in entries:
        said = json.dumps([one.type, one.kwargs], sort_keys=True)
        if said in seen:
            raise one.refusal(f"the expectation of line {seen[said]} stands here a second time; delete one")
        seen[said] = one.line


def _refuse_emptiness(entry: Expectation, known: Mapping[str, str]) -> None:
    mostly = entry.kwargs.get("mostly", 1)
    if isinstance(mostly, bool) or not isinstance(mostly, int | float) or not 0 < mostly <= 1:
        raise entry.refusal(f"mostly is {short(mostly)}; it must lie above 0 and at most at 1, or nothing is demanded")
    if entry.type.startswith("expect_column_kl_divergence"):
        if entry.kwargs.get("threshold") is None:
            raise entry.refusal("threshold is not given, so that nothing is demanded")
    elif {"min_value", "max_value"} <= set(known) and not _bounded(entry.kwargs):
        raise entry.refusal("neither min_value nor max_value is given, so that nothing is demanded")
    ranges = entry.kwargs.get("quantile_ranges")
    if isinstance(ranges, dict) and [None, None] in list(ranges.get("value_ranges", [])):
        raise entry.refusal("the range of a quantile has no bound, so that nothing is demanded of it")
    for name in sorted(LISTS & set(known)):
        if not entry.kwargs.get(name) and (name in entry.kwargs or not known[name].endswith("!")):
            raise entry.refusal(f"{name} is empty, so that nothing is demanded")


def _bounded(kwargs: Mapping[str, Any]) -> bool:
    return any(kwargs.get(name) is not None for name in ("min_value", "max_value"))
