"""Clean data stays green: public data sets that ship in packages, under one split seed after another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path

import clean
import pytest

from crispq.gate import library
from crispq.process import phases

SETS = {data.name: data for data in clean.SETS}
#: Always asked; all else takes long.
QUICK = {("iris", 1)}
OPENING = {"pass", "warn", "not_applicable", "waived"}
CASES = [
    pytest.param(name, seed, marks=[] if (name, seed) in QUICK else pytest.mark.slow)
    for name in SETS
    for seed in range(1, 21)
]


@pytest.fixture(scope="module")
def project_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A data set's project, made when it is first asked for: what only raw can tell is measured once."""
    folder = tmp_path_factory.mktemp("public")
    return cache(lambda name: clean.build(folder / name, SETS[name]))


def test_each_check_of_the_two_phases_is_about_data_or_about_documents() -> None:
    wanted = {phase.id for phase in phases()[:2]}
    found = sorted(spec.id for spec in library.load(["crispq_checks"]) if spec.phase in wanted)
    assert found == sorted([*clean.ABOUT_DATA, *clean.ABOUT_DOCUMENTS])


@pytest.mark.parametrize(("name", "seed"), CASES)
def test_no_check_of_data_is_red_on_clean_data(name: str, seed: int, project_of: Callable[[str], Path]) -> None:
    root = project_of(name)
    clean.prepare(root, seed)
    results = clean.asked(root)
    statuses = Counter(one["status"] for one in results.values())
    red = {check: one["summary"] for check, one in results.items() if one["status"] not in OPENING}
    warned = sorted(check.rpartition(".")[2] for check, one in results.items() if one["status"] == "warn")
    print(f"{name}, split seed {seed}: {len(results)} checks, {dict(statuses)}; warned: {', '.join(warned) or 'none'}")
    assert red == {}
    assert set(results) == set(clean.ABOUT_DATA)
