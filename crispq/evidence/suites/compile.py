"""Expectations into demands on aggregates: pure, nothing is read here.

Each rule below is one type of expectation: a generator that yields the demands it has, receives their answers, and
returns the outcome. It may ask again (a bound that is broken is counted only then), and it gives up with `NotCompiled`
wherever aggregates cannot say exactly what Great Expectations' pandas engine would: the library itself then does.

`met` is the library's `success`; `vacuous` says where that success shows nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from crispq.evidence.suites import arguments, conditions
from crispq.evidence.suites.columns import Column, all_of, column
from crispq.evidence.suites.demands import Count, Demand
from crispq.evidence.suites.outcome import Outcome
from crispq.evidence.suites.suite import Expectation

Asking: TypeAlias = Generator[tuple[Demand, ...], tuple[Any, ...], "Judged"]

NO_ROW = "the table has no row"
NO_ROW_LEFT = "its condition leaves no row to look at"
NO_PAIR = "no row has the values it looks at"


class NotCompiled(Exception):
    """Aggregates cannot answer exactly: the library has to look at the rows themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The outcome, and the condition that picks the rows that break it ("" when none can be picked).

    among: a FROM and WHERE of its own where the rows cannot be picked by a condition on one row.
    """

    outcome: Outcome
    breaks: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An expectation against the columns that the table has.

    ordered: whether the rows have an order of their own, as those of a file have.
    """

    expectation: Expectation
    types: Mapping[str, str]
    ordered: bool = True
    where: str = ""
    columns: tuple[Column, ...] = field(default=())

    def get(self, name: str, otherwise: Any = None) -> Any:
        """The argument of this name."""
        return self.expectation.kwargs.get(name, otherwise)

    @property
    def names(self) -> tuple[str, ...]:
        """Every column that a demand of it reads."""
        return tuple(dict.fromkeys([*(one.name for one in self.columns), *_mentioned(self.where, self.types)]))

    def count(self, *conditions_: str) -> Count:
        """How many of its rows meet the conditions."""
        where = all_of(self.where, *conditions_)
        return Count(columns=self.names if where else (), where=where)

    def rare(self, *conditions_: str) -> Count:
        """How many of its rows meet the conditions, which none should."""
        return Count(columns=self.names, where=all_of(self.where, *conditions_), rare=True)

    def outcome(self, *, met: bool, **told: Any) -> Outcome:
        """The outcome of this expectation."""
        return Outcome(expectation=self.expectation, met=met, **told)


Rule: TypeAlias = Callable[[Asked], Asking]
RULES: dict[str, Rule] = {}


def rule(*types: str) -> Callable[[Rule], Rule]:
    """Register the generator below for these expectation types."""

    def register(function: Rule) -> Rule:
        RULES.update(dict.fromkeys(types, function))
        return function

    return register


def asking(expectation: Expectation, types: Mapping[str, str], *, ordered: bool = True) -> Asking:
    """The generator that asks and judges for this expectation. Raises NotCompiled when there is none."""
    from crispq.evidence.suites import rules  # noqa: F401 - fills RULES

    if expectation.type not in RULES or not arguments.plain(expectation.type, expectation.kwargs):
        raise NotCompiled
    try:
        where = conditions.sql_of(
            expectation.kwargs.get("row_condition"), types, parser=expectation.kwargs.get("condition_parser")
        )
    except conditions.Untranslated as error:
        raise NotCompiled from error
    columns = tuple(column(name, types[name]) for name in expectation.columns if name in types)
    asked = Asked(expectation=expectation, types=types, ordered=ordered, where=where, columns=columns)
    return RULES[expectation.type](asked)


def judged(
    expectations: Sequence[Expectation],
    types: Mapping[str, str],
    answer: Callable[[Sequence[Demand]], Mapping[Demand, Any]],
    *,
    ordered: bool = True,
) -> tuple[Judged | None, ...]:
    """What came of each expectation; None where the library has to look. `answer` is asked once per round.

    Whatever fails for one expectation, here or in the engine, sends that one to the library and none other.
    """
    found: list[Judged | None] = [None] * len(expectations)
    open_: dict[int, Asking] = {}
    wanted: dict[int, tuple[Demand, ...]] = {}

    def step(index: int, answers: tuple[Any, ...] | None) -> None:
        try:
            wanted[index] = next(open_[index]) if answers is None else open_[index].send(answers)
        except StopIteration as ended:
            found[index] = ended.value
            wanted.pop(index, None)
        except Exception:  # noqa: BLE001 - NotCompiled, or an argument that this rule did not foresee
            wanted.pop(index, None)

    for index, one in enumerate(expectations):
        with suppress(Exception):  # as above
            open_[index] = asking(one, types, ordered=ordered)
            step(index, None)
    while wanted:
        answers = _answers(list(wanted.values()), answer)
        for index, demands in list(wanted.items()):
            if all(one in answers for one in demands):
                step(index, tuple(answers[one] for one in demands))
            else:
                wanted.pop(index)
    return tuple(found)


def _answers(
    wanted: Sequence[tuple[Demand, ...]], answer: Callable[[Sequence[Demand]], Mapping[Demand, Any]]
) -> Mapping[Demand, Any]:
    """The answers to all; where asking for all fails, those that can be had expectation by expectation."""
    with suppress(Exception):
        return answer([demand for demands in wanted for demand in demands])
    found: dict[Demand, Any] = {}
    for demands in wanted:
        with suppress(Exception):
            found |= answer(demands)
    return found


def _mentioned(where: str, types: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(name for name in types if where and column(name, types[name]).sql in where)
