"""crispq's answer is Great Expectations' own: on generated data, expectation by expectation.

`make test` draws a few hundred pairs of demand and data, `make test-all` all of them. Where crispq says less than the
library, the rule and its reason stand in comparison.Rule, and how often it applied is printed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from oracle import library
from oracle.comparison import Case, by_type, compared, figures
from oracle.demands import Demand, demands
from oracle.sheets import Sheet, sheets

from crispq.evidence.suites import Outcome

FEW = 14
FEWEST = 2000
#: These need a second table or a query in SQL, of which a file read by pandas has none: the library only raises.
NOT_FOR_FRAMES = {"expect_query_results_to_match_comparison"}
#: Demands that a column without values, or a table without rows, keeps or breaks by what it is.
ABOUT_ABSENCE = (
    *("expect_table_", "expect_column_to_exist", "expect_column_type_to_be", "expect_column_values_to_be_null"),
    *("expect_column_values_to_be_of_type", "expect_column_values_to_be_in_type_list"),
    *("expect_column_proportion_of_non_null_values_to_be_between", "expect_column_unique_value_count_to_be_between"),
)
EMPTY = ("none", "one_missing", "nothing")


def drawn(sheet: Sheet, folder: Path, *, every: int = 1) -> list[Case]:
    """The sheet's cases; one in `every` of its demands, not always the same types."""
    table = sheet.write(folder)
    chosen = demands(sheet, table.frame())[len(sheet.name) % every :: every]
    return compared(table, chosen)


def show(cases: Sequence[Case]) -> None:
    """Print the figures and every disagreement with its type, arguments, table and both answers."""
    print("\n" + figures(cases))
    for one in cases:
        if one.disagreements:
            print(one)


def disagreeing(cases: Sequence[Case]) -> list[str]:
    return [str(one) for one in cases if one.disagreements]


def test_a_few_hundred_answers_are_the_librarys_own(tmp_path: Path) -> None:
    cases = [case for sheet in sheets() for case in drawn(sheet, tmp_path, every=FEW)]
    show(cases)
    assert 250 <= len(cases)
    assert [] == disagreeing(cases)


@pytest.mark.slow
def test_thousands_of_answers_are_the_librarys_own(tmp_path: Path) -> None:
    cases = [case for sheet in sheets() for case in drawn(sheet, tmp_path)]
    show(cases)
    for name, counted in sorted(by_type(cases).items()):
        print(f"{name}: {', '.join(f'{word} {count}' for word, count in counted.items())}")
    assert FEWEST <= len(cases)
    assert set(library.known_types()) - NOT_FOR_FRAMES == {one.demand.type for one in cases}
    assert [] == disagreeing(cases)


def test_the_demands_are_the_same_each_time(tmp_path: Path) -> None:
    for sheet in _named("texts_with_gaps", "moments"):
        frame = sheet.write(tmp_path).frame()
        assert [one.text for one in demands(sheet, frame)] == [one.text for one in demands(sheet, frame)]


def test_a_wrong_answer_would_be_seen(tmp_path: Path) -> None:
    (sheet,) = _named("numbers_with_gaps")
    cases = [one for one in drawn(sheet, tmp_path, every=8) if isinstance(one.mine, Outcome) and not one.mine.error]
    counted = [one for one in cases if isinstance(one.mine, Outcome) and one.mine.unexpected]
    assert 5 <= len(counted)
    assert all(_altered(one, met=not _outcome(one).met).disagreements for one in cases)
    assert all(_altered(one, error="could not").disagreements for one in cases)
    assert all(_altered(one, unexpected=(_outcome(one).unexpected or 0) + 1).disagreements for one in counted)


def test_what_the_library_calls_success_on_nothing_is_told_apart(tmp_path: Path) -> None:
    cases = [case for sheet in _named(*EMPTY) for case in drawn(sheet, tmp_path, every=4)]
    kept = [one for one in cases if one.theirs.success and not _about_absence(one.demand)]
    assert 20 <= len(kept)
    assert [] == [str(one) for one in kept if isinstance(one.mine, Outcome) and not one.vacuous]


def _about_absence(demand: Demand) -> bool:
    looks_at_missing = demand.kwargs.get("ignore_row_if") in {"never", "neither"}
    return looks_at_missing or demand.type.startswith(ABOUT_ABSENCE)


def _named(*names: str) -> Iterator[Sheet]:
    return (one for one in sheets() if one.name in names)


def _outcome(case: Case) -> Outcome:
    assert isinstance(case.mine, Outcome)
    return case.mine


def _altered(case: Case, **changed: object) -> Case:
    return replace(case, mine=replace(_outcome(case), **changed))  # type: ignore[arg-type]


def test_the_oracle_itself_refuses_and_raises(tmp_path: Path) -> None:
    (sheet,) = _named("texts")
    frame = sheet.write(tmp_path).frame()
    asked = [
        Demand(type="expect_column_mean_to_be_between", kwargs={"column": "name", "min_value": 0}),
        Demand(type="expect_column_mean_to_be_between", kwargs={"column": "name", "min_value": "a word"}),
        Demand(type="expect_column_to_exist", kwargs={"column": "name"}),
    ]
    raised, refused, success = library.answers(frame, asked)
    assert (True, True, True) == (bool(raised.raised), bool(refused.refused), success.success)
