"""Every check's examples, and every check's manners. A new check needs no test file: it is found here."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import tiny
from _pytest.mark import ParameterSet

from crispq import Example
from crispq.gate import library
from crispq.nouns import CheckSpec
from crispq.process import risks, tasks

LIBRARY = library.load(library.installed_packages())
ONE_OF_EACH = tuple({spec.module: spec for spec in LIBRARY}.values())


def examples_of(spec: CheckSpec) -> tuple[Example, ...]:
    """The examples at the foot of the check's file."""
    found: tuple[Example, ...] = importlib.import_module(spec.module).EXAMPLES
    return found


def in_its_phase(spec: CheckSpec, example: Example) -> CheckSpec:
    """The check as it is asked in the example's phase."""
    wanted = example.phase or spec.phase
    return next(one for one in LIBRARY if one.module == spec.module and one.phase == wanted)


def cases() -> Iterator[ParameterSet]:
    """Every example of every check. The first of each status runs always, the others with the slow tests."""
    for spec in ONE_OF_EACH:
        seen: set[str] = set()
        for example in examples_of(spec):
            name = f"{spec.name}-{example.title}".replace(" ", "_")
            marks = [pytest.mark.slow] if example.status in seen else []
            seen.add(example.status)
            yield pytest.param(in_its_phase(spec, example), example, id=name, marks=marks)


@pytest.mark.parametrize(("spec", "example"), tuple(cases()))
def test_an_example_comes_to_its_status(spec: CheckSpec, example: Example, tmp_path: Path) -> None:
    judgement = tiny.judge_example(tmp_path, spec, example)
    told = "\n".join(
        [judgement.summary, *(one.message for one in judgement.findings), *(v.reason for v in judgement.values)]
    )
    assert (example.status, judgement.check) == (judgement.status.value, spec.id), told
    assert example.says in told


@pytest.mark.parametrize("spec", ONE_OF_EACH, ids=lambda spec: spec.name)
def test_a_check_has_good_manners(spec: CheckSpec) -> None:
    statuses = {example.status for example in examples_of(spec)}
    assert {"pass", "fail"} <= statuses, "an example that passes and one that fails"
    assert len(statuses) > 2 or any(
        example.status == "fail" and "not" in example.says for example in examples_of(spec)
    ), "an example for each way of not being measurable"
    assert spec.module.endswith(f".{spec.name}")
    assert spec.title[0].isupper()
    assert spec.limits
    assert spec.task == "every_phase" or spec.task in {task.id for task in tasks()}
    assert set(spec.risks) <= {risk.id for risk in risks()}
    for heading in ("## Why", "## How it is measured", "## How to mend it", "## Source", "## What it cannot see"):
        assert heading in spec.words, heading
