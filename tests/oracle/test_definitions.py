"""crispq's answer is Great Expectations' own: on the public test definitions of Great Expectations itself.

Each definition says what has to come. Where the library of today says something else, the definition is out of date:
these are counted, and crispq is held against the library. Definitions that do not apply are counted by their reason.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from oracle.comparison import Case, compared, figures
from oracle.definitions import Definition, fetched, groups

FEWEST = 400


@pytest.fixture(scope="module")
def archives(pytestconfig: pytest.Config) -> list[Path]:
    """The archives that hold the definitions, kept between runs; `make clean` removes them."""
    return fetched(pytestconfig.rootpath / "build" / "great_expectations_definitions")


@pytest.mark.slow
def test_every_public_definition_that_applies_comes_out_the_same(archives: list[Path], tmp_path: Path) -> None:
    told: list[tuple[Definition, Case]] = []
    skipped: Counter[str] = Counter()
    for group in groups(archives):
        skipped.update(one.skipped for one in group.cases if one.skipped)
        applying = [one for one in group.cases if not one.skipped]
        if group.sheet is not None and applying:
            cases = compared(group.sheet.write(tmp_path), [one.demand for one in applying])
            told += zip(applying, cases, strict=True)
    show(told, skipped)
    assert FEWEST <= len(told)
    assert [] == [str(case) for _, case in told if case.disagreements]


def show(told: list[tuple[Definition, Case]], skipped: Counter[str]) -> None:
    """Print what applied, what did not and why, and whom crispq agrees with."""
    sayings = [(one, case) for one, case in told if one.success is not None]
    valid = [case for one, case in sayings if one.success == case.theirs.success]
    print(f"\ndefinitions: {len(told) + skipped.total()}, applied: {len(told)}, skipped: {skipped.total()}")
    for reason, count in skipped.most_common():
        print(f"  skipped {count}: {reason}")
    print(f"of {len(sayings)} that say what has to come, the library of today agrees with {len(valid)}")
    same = sum(not one.disagreements and one.rule is None for one in valid)
    ruled = sum(one.rule is not None for one in valid)
    print(f"  of these crispq says the same of {same}, refuses {ruled} by a rule, and disagrees with the rest")
    print(figures([case for _, case in told]))
    for _, case in told:
        if case.disagreements:
            print(case)
