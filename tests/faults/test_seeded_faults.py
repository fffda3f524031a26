"""One fault at a time in the finished example: the check that names it catches it, and the clean project is open."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import seeded
import walk
from _pytest.mark import ParameterSet

from crispq.gate import library

OPENING = {"pass", "warn", "not_applicable", "waived"}
BY_ID = {spec.id: spec for spec in library.load(["crispq_checks"])}
for _module in sorted(Path(__file__).parent.glob("seeded_*.py")):  # each declares faults where it is imported
    importlib.import_module(_module.stem)


@pytest.fixture(scope="session")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The finished example, made once for all test processes."""
    return walk.finished(tmp_path_factory.getbasetemp().parent, "breast_cancer")


def test_every_built_in_check_has_its_fault() -> None:
    tried = {fault.check.rpartition(".")[2] for fault in seeded.FAULTS}
    assert {spec.name for spec in BY_ID.values()} == tried


def test_the_clean_project_passes_all_six_gates(example: Path) -> None:
    code, results = walk.asked(example, 6)
    assert (0, {}) == (code, {name: one["summary"] for name, one in results.items() if one["status"] not in OPENING})


def faults() -> Iterator[ParameterSet]:
    """Every fault. The first of each check is tried always, the others with the slow tests."""
    seen: set[str] = set()
    for fault in seeded.FAULTS:
        marks = [pytest.mark.slow] if fault.check in seen else []
        seen.add(fault.check)
        yield pytest.param(fault, id=fault.name, marks=marks)


@pytest.mark.parametrize("fault", tuple(faults()))
def test_a_fault_is_caught_by_the_check_that_names_it(fault: seeded.Fault, example: Path, tmp_path: Path) -> None:
    root = walk.copy(example, tmp_path / "project")
    fault.put_in(root)
    if BY_ID[fault.check].reads_results:
        code, results = walk.asked(root, fault.phase)
        caught = results[fault.check]
    else:
        code, caught = walk.checked(root, fault.check)
    print(f"{fault.name}: {fault.check} came to {caught['status']}: {caught['summary']}")
    assert caught["status"] in {"fail", "error", "inconclusive"}, caught["summary"]
    assert code in {1, 3}
