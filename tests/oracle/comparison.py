"""crispq's answers beside the library's: the same, different by a rule that stands here, or in disagreement."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Any

from oracle import library
from oracle.demands import Demand
from oracle.library import Answer

from crispq import NotMeasurable
from crispq.evidence.suites import Expectation, Outcome, read_suite
from crispq.evidence.tables import TableData

if TYPE_CHECKING:
    import pandas as pd

RELATIVE = 1e-9
MOST_EXAMPLES = 20
LONGEST = 2000
BOUNDS = ("min_value", "max_value")
DIVERGENCE = "expect_column_kl_divergence_to_be_less_than"
LISTS = ("value_set", "value_pairs_set", "type_list", "like_pattern_list", "regex_list", "column_list", "column_set")
ABSENT = "has no column"
FAILED = "hold() failed"


class Rule(Enum):
    """The differences that are meant. Each value is its reason; none of them turns a failure into a success."""

    NOTHING_DEMANDED = (
        "crispq refuses, with its line, a demand without content (no bound, an empty list, mostly 0): "
        "the library takes it, and mostly calls it met"
    )
    NOT_JSON = (
        "crispq reads suites as JSON, which has no Infinity and no NaN: open ends of bins are written as tail_weights"
    )
    COMPUTED = (
        "crispq fills in parameters by the names that stand in the suite; the library also computes them, "
        "now() - timedelta(weeks=52), so that the same commit gets another verdict tomorrow"
    )
    NOT_PYTHON = (
        "crispq refuses a pattern that Python cannot read; whether the library gives it to Python or to Arrow's RE2, "
        "and whether it is read at all, depends on how the column is stored and on its having values"
    )
    NOT_RUN = (
        "crispq compares columns in a condition and refuses whatever calls or reaches into an object: "
        "the library gives the text to pandas, which runs it as Python"
    )
    OTHER_CASE = (
        "a column's name is exact for crispq, which says that the table has no such column; "
        "the library takes 'SITE' for 'site', the data frame itself would not"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A demand on a sheet with both answers.

    mine is a text when crispq refused the demand at reading; columns are the names that the table has.
    """

    sheet: str
    demand: Demand
    mine: Outcome | str
    theirs: Answer
    columns: tuple[str, ...] = ()

    @property
    def _in_other_case(self) -> bool:
        """Whether a name of the demand is a column of the table in other letters, and none is absent otherwise."""
        listed = self.demand.kwargs.get("column_list", ())
        named = {*listed, *(self.demand.kwargs.get(name) for name in ("column", "column_A", "column_B"))} - {None}
        absent = {str(one).casefold() for one in named - set(self.columns)}
        return bool(absent) and absent <= {one.casefold() for one in self.columns}

    @property
    def compiled(self) -> bool:
        """Whether crispq answered without the library."""
        return isinstance(self.mine, Outcome) and self.mine.how == "compiled"

    @property
    def vacuous(self) -> bool:
        """Whether the library calls success what crispq says shows nothing."""
        return isinstance(self.mine, Outcome) and self.mine.met and bool(self.mine.vacuous)

    @property
    def rule(self) -> Rule | None:
        """The rule by which the answers may differ, if one applies."""
        if self.theirs.failed:
            return None
        if isinstance(self.mine, Outcome):
            return Rule.OTHER_CASE if ABSENT in self.mine.error and self._in_other_case else None
        refused = not self.mine.startswith(FAILED)
        return next((rule for rule, applies in APPLIES.items() if refused and applies(self.demand)), None)

    @property
    def disagreements(self) -> list[str]:
        """In what the answers differ, in words; nothing when they agree."""
        if self.rule is not None:
            return []
        if isinstance(self.mine, str) and self.mine.startswith(FAILED):
            return ["hold() failed, and with it the whole suite"]
        if isinstance(self.mine, str):
            return [] if self.theirs.failed else ["refused at reading; the library takes it"]
        if self.theirs.failed or self.mine.error:
            return _about_errors(self.mine, self.theirs)
        return [*_about_counts(self.mine, self.theirs), *_about_examples(self.mine, self.theirs)]

    def __str__(self) -> str:
        asked = json.dumps(self.demand.kwargs, ensure_ascii=False)[:LONGEST]
        mine = self.mine if isinstance(self.mine, str) else _told(self.mine)
        return (
            f"{self.demand.type} {asked}\n    on {self.sheet}: {'; '.join(self.disagreements)}"
            f"\n    crispq:  {mine}\n    library: {_told_by_library(self.theirs)}"
        )


def compared(table: TableData, demands: Sequence[Demand]) -> list[Case]:
    """Every demand held against the table by both."""
    frame = table.frame()
    mine = held(table, demands)
    theirs = library.answers(frame, demands)
    return [
        _sure(frame, Case(sheet=table.name, demand=demand, mine=one, theirs=other, columns=table.columns))
        for demand, one, other in zip(demands, mine, theirs, strict=True)
    ]


def held(table: TableData, demands: Sequence[Demand]) -> list[Outcome | str]:
    """What crispq says of each demand: its outcome, or why it refused to read it."""
    read = [_read(table.name, one) for one in demands]
    expectations = [one for one in read if isinstance(one, Expectation)]
    outcomes = iter(_outcomes(table, expectations))
    return [one if isinstance(one, str) else next(outcomes) for one in read]


def _outcomes(table: TableData, expectations: Sequence[Expectation]) -> Sequence[Outcome | str]:
    """All together, as a project has them; one by one where that fails, to find the one at fault."""
    with library.quiet():
        try:
            return table.hold(expectations)
        except Exception as error:  # noqa: BLE001 - it is told as the disagreement that it is
            if len(expectations) == 1:
                return [f"{FAILED}: {error!r}"]
    return [one for expectation in expectations for one in _outcomes(table, [expectation])]


def _read(table: str, demand: Demand) -> Expectation | str:
    """The expectation as a suite file of a project holds it; the second entry only looks at some column."""
    entry = {"type": demand.type, "kwargs": demand.kwargs}
    column = {"type": "expect_column_to_exist", "kwargs": {"column": "any column"}}
    try:
        suite = {"name": "oracle", "expectations": [entry, column], "suite_parameters": demand.parameters}
        text = json.dumps(suite, ensure_ascii=False)
        with library.quiet():
            return read_suite(text, table=table, path="oracle.json").expectations[0]
    except NotMeasurable as refusal:
        return str(refusal)


def _sure(frame: pd.DataFrame, case: Case) -> Case:
    """The case; the library is asked once more, and alone, where it differs: its demands share what they compute."""
    return replace(case, theirs=library.alone(frame, case.demand)) if case.disagreements else case


def _demands_nothing(demand: Demand) -> bool:
    kwargs = demand.kwargs
    unbounded = demand.type.endswith("_between") and all(kwargs.get(name) is None for name in BOUNDS)
    divergence = demand.type == DIVERGENCE and kwargs.get("threshold") is None  # its min_value, max_value do nothing
    emptied = any(not kwargs[name] for name in LISTS if name in kwargs)
    return (unbounded and "quantile_ranges" not in kwargs) or divergence or emptied or kwargs.get("mostly") == 0


def _is_no_json(demand: Demand) -> bool:
    try:
        json.dumps(demand.kwargs, allow_nan=False)
    except ValueError:
        return True
    return False


def _is_computed(demand: Demand) -> bool:
    asked = [one["$PARAMETER"] for one in demand.kwargs.values() if isinstance(one, dict) and "$PARAMETER" in one]
    return any(one not in demand.parameters for one in asked)


def _is_no_pattern(demand: Demand) -> bool:
    try:
        for one in (demand.kwargs.get("regex", ""), *demand.kwargs.get("regex_list", ())):
            re.compile(one)
    except (re.error, TypeError):
        return True
    return False


def _would_run(demand: Demand) -> bool:
    condition = demand.kwargs.get("row_condition")
    by_pandas = demand.kwargs.get("condition_parser") == "pandas" and isinstance(condition, str)
    return by_pandas and bool(re.search(r"\w\s*\(|[^\W\d]\.\s*[^\W\d]|@", str(condition)))


APPLIES: Mapping[Rule, Callable[[Demand], bool]] = {
    Rule.NOTHING_DEMANDED: _demands_nothing,
    Rule.NOT_JSON: _is_no_json,
    Rule.COMPUTED: _is_computed,
    Rule.NOT_PYTHON: _is_no_pattern,
    Rule.NOT_RUN: _would_run,
}


# --- what is compared ----------------------------------------------------------------------------


def _about_errors(mine: Outcome, theirs: Answer) -> list[str]:
    if not theirs.failed:
        return ["crispq could not evaluate it"]
    return [] if mine.error and not mine.met else ["the library could not evaluate it"]


def _about_counts(mine: Outcome, theirs: Answer) -> list[str]:
    told = {
        "met": (mine.met, theirs.success),
        "unexpected": (mine.unexpected, theirs.result.get("unexpected_count")),
        "examined": (mine.examined, theirs.result.get("element_count")),
        "observed": (mine.observed, _number(theirs.result.get("observed_value"))),
    }
    counted = {"met", "unexpected", "examined"} if "element_count" in theirs.result else {"met"}
    return [
        f"{what} {one} / {other}" for what, (one, other) in told.items() if not _same(one, other, told=what in counted)
    ]


def _same(mine: Any, theirs: Any, *, told: bool) -> bool:
    """Whether both are the same; what one of them does not tell is not compared, unless it has to be told."""
    if mine is None or theirs is None:
        return mine is theirs or not told
    if isinstance(mine, float) or isinstance(theirs, float):
        both_nothing = math.isnan(mine) and math.isnan(theirs)
        return both_nothing or mine == theirs or math.isclose(mine, theirs, rel_tol=RELATIVE)
    return bool(mine == theirs)


def _number(value: Any) -> int | float | None:
    plain = value.item() if hasattr(value, "item") else value
    return plain if isinstance(plain, int | float) else None


def _about_examples(mine: Outcome, theirs: Answer) -> list[str]:
    """Without a key the examples are numbers of rows: each must break the demand, and there are 20 if so many do."""
    listed = theirs.result.get("unexpected_index_list")
    if not mine.examples or not isinstance(listed, list) or not all(isinstance(one, int) for one in listed):
        return []
    strange = set(mine.examples) - {one + 1 for one in listed}
    if strange:
        return [f"rows {sorted(strange)} are no examples"]
    expected = min(MOST_EXAMPLES, len(listed))
    return [] if len(mine.examples) == expected else [f"{len(mine.examples)} of {expected} examples"]


def _told(mine: Outcome) -> str:
    names = ("met", "vacuous", "how", "examined", "unexpected", "observed", "examples", "error")
    return ", ".join(f"{name} {getattr(mine, name)!r}" for name in names if getattr(mine, name) not in {None, "", ()})


def _told_by_library(theirs: Answer) -> str:
    if theirs.failed:
        return f"refused: {theirs.refused}" if theirs.refused else f"raised: {theirs.raised}"
    names = ("element_count", "unexpected_count", "missing_count", "observed_value", "partial_unexpected_list")
    told = {name: theirs.result[name] for name in names if name in theirs.result}
    return f"success {theirs.success}, {str(told)[:LONGEST]}"


# --- the figures ---------------------------------------------------------------------------------


def figures(cases: Sequence[Case]) -> str:
    """The counts that the test prints."""
    wrong = [one for one in cases if one.disagreements]
    compiled = [one for one in cases if one.compiled]
    lines = [
        f"pairs: {len(cases)}, of {len({one.demand.type for one in cases})} types on {len(_sheets(cases))} tables",
        f"compiled: {len(compiled)} ({_percent(len(compiled), len(cases))})",
        f"the library's answer: {_counted(map(_kind, cases))}",
        f"vacuous by crispq, success by the library: {sum(one.vacuous for one in cases)}",
        f"different by a rule: {sum(one.rule is not None for one in cases)}",
        *(f"  {count} {rule.name}: {rule.value}" for rule in Rule if (count := sum(one.rule is rule for one in cases))),
        f"agreement: {len(cases) - len(wrong)} of {len(cases)}; disagreements: {len(wrong)}",
    ]
    return "\n".join(lines)


def by_type(cases: Iterable[Case]) -> Mapping[str, Counter[str]]:
    """For each type how many pairs there are, how many were compiled and how many disagree."""
    counted: dict[str, Counter[str]] = {}
    for one in cases:
        row = counted.setdefault(one.demand.type, Counter())
        row.update({"pairs": 1, "compiled": int(one.compiled), "disagree": int(bool(one.disagreements))})
        row[_kind(one)] += 1
    return counted


def _sheets(cases: Iterable[Case]) -> set[str]:
    return {one.sheet for one in cases}


def _kind(case: Case) -> str:
    if case.theirs.refused:
        return "refused"
    return "raised" if case.theirs.raised else f"success {case.theirs.success}"


def _counted(words: Iterable[str]) -> str:
    return ", ".join(f"{word} {count}" for word, count in sorted(Counter(words).items()))


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "-"
