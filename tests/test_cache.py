"""What is measured once is not measured again while every byte it is about stays the same; and not one byte longer."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
import tiny

from crispq.evidence import Digests
from crispq.gate import cache, library
from crispq.gate.plan import make_plan
from crispq.gate.run import run_one
from crispq.ledger import read
from crispq.nouns import PlannedCheck, Project
from crispq.project import load_project

HEAVY = ("sklearn", "pandas", "great_expectations", "scipy", "numpy", "duckdb", "copier", "vl_convert", "skops")
CHECK = '''"""A check that reads.

## Why
A test.
## How to mend it
Not at all.
## Source
None.
"""

from crispq import Estimate, Measurement, at_least, check


@check(task="select_data", limits={"value": at_least(0)})
def NAME(evidence):
    BODY
    return Measurement(values={"value": Estimate(value=1)})
'''
READERS = {
    "reads_train": "evidence.table('train')",
    "reads_notes": "evidence.text('notes.md') if evidence.exists('notes.md') else ''",
    "reads_listing": "evidence.files('data/*')",
    "reads_target": "evidence.data",
    "reads_both": "evidence.table('train'); evidence.exists('notes.md')",
}
PHASE = "data_preparation"


def reading_project(root: Path) -> Path:
    plugin = {
        f"mine/{PHASE}/{name}.py": CHECK.replace("NAME", name).replace("BODY", body) for name, body in READERS.items()
    }
    files = {
        "mine/__init__.py": "",
        f"mine/{PHASE}/__init__.py": "",
        "data/train.csv": "id,label\n1,0\n2,1\n",
        **plugin,
    }
    config = {"plugins": ["mine"], "data": {"tables": {"train": "data/train.csv"}, "target": "label"}}
    return tiny.make_project(root, config=config, files=files)


def gate(root: Path, *words: str) -> dict[str, dict[str, object]]:
    done = subprocess.run(
        [sys.executable, "-m", "crispq", "gate", "2", "-o", "json", *words],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    return {one["check"]: one for phase in json.loads(done.stdout)["phases"] for one in phase["results"]}


def measured(results: dict[str, dict[str, object]]) -> set[str]:
    """The readers that were measured anew."""
    return {name for name in READERS if not results[f"{PHASE}.{name}"]["cached"]}


def test_nothing_changed_means_that_no_check_runs(tmp_path: Path) -> None:
    root = reading_project(tmp_path)
    gate(root)
    again = gate(root)
    assert set() == {name for name, one in again.items() if not one["cached"] and one["status"] != "error"}
    assert {"pass", "fail", "not_applicable"} <= {one["status"] for one in again.values() if one["cached"]}


def test_the_same_verdict_is_recorded_once(tmp_path: Path) -> None:
    root = reading_project(tmp_path)
    for _ in range(3):
        gate(root)
    assert len(list((root / ".crispq/ledger").glob("*/*.json"))) == 1


def test_one_byte_of_train_reruns_exactly_the_checks_that_read_it(tmp_path: Path) -> None:
    root = reading_project(tmp_path)
    assert set(READERS) == measured(gate(root))
    path = root / "data/train.csv"
    before = path.stat()
    path.write_bytes(path.read_bytes().replace(b"2,1", b"2,0"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert {"reads_train", "reads_both"} == measured(gate(root))


def test_what_was_absent_is_part_of_the_trace(tmp_path: Path) -> None:
    root = reading_project(tmp_path)
    gate(root)
    (root / "notes.md").write_text("now here")
    assert {"reads_notes", "reads_both"} == measured(gate(root))
    (root / "data/another.csv").write_text("a\n1\n")
    assert {"reads_listing"} == measured(gate(root))


def test_new_limits_need_no_new_measurement_and_new_code_does(tmp_path: Path) -> None:
    root = reading_project(tmp_path)
    gate(root)
    limits = {"reads_train": {"limits": {"value": {"at_least": 2}}}}
    tiny.write_yaml(root / "2_data_preparation/phase.yaml", {"checks": limits})
    again = gate(root)
    assert set() == measured(again)
    assert again[f"{PHASE}.reads_train"]["status"] == "fail"
    path = root / "mine" / PHASE / "reads_target.py"
    path.write_text(path.read_text().replace("value=1", "value=3"))
    assert {"reads_target"} == measured(gate(root))


def test_a_torn_or_forged_cache_file_counts_as_none(tmp_path: Path) -> None:
    root = reading_project(tmp_path)
    gate(root)
    kept = sorted((root / ".crispq/cache").glob("*.json"))
    for index, path in enumerate(kept):
        path.write_text(["", "null", '{"check": 1}', path.read_text()[:-9]][index % 4])
    assert set(READERS) == measured(gate(root))


@pytest.mark.parametrize(
    "words", [["--help"], ["--version"], ["status"], ["explain", "reads_train"], ["checks"], ["gate", "2"]]
)
def test_light_verbs_import_no_heavy_library(tmp_path: Path, words: list[str]) -> None:
    root = reading_project(tmp_path)
    gate(root)
    code = (
        "import sys, crispq.cli\n"
        f"sys.argv = ['crispq', *{words!r}]\n"
        "try: crispq.cli.main()\n"
        f"except SystemExit: print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1] == "[]"


# --- a random walk -------------------------------------------------------------------------------


def readers(project: Project) -> list[PlannedCheck]:
    plan = make_plan(project, library.load(["mine"]), PHASE)
    return [check for phase in plan.phases for check in phase.checks]


def random_edit(root: Path, dice: random.Random) -> None:
    """Change content, create, delete or rename a file, or touch the configuration."""
    train, notes, extra = root / "data/train.csv", root / "notes.md", root / "data/extra.csv"
    match dice.randrange(6):
        case 0:
            train.write_text(f"id,label\n1,{dice.randrange(3)}\n2,{dice.randrange(3)}\n")
        case 1:
            notes.write_text(str(dice.randrange(3)))
        case 2:
            notes.unlink(missing_ok=True)
        case 3:
            extra.unlink() if extra.exists() else extra.write_text("a\n1\n")
        case 4:
            text = (root / "crispq.yaml").read_text()
            (root / "crispq.yaml").write_text(
                text.replace("target: label", "target: other")
                if dice.randrange(2)
                else text.replace("target: other", "target: label")
            )
        case _:
            train.touch()


def state_of(root: Path) -> dict[str, object]:
    """All that the readers could see, by reader."""
    train, notes = (root / "data/train.csv").read_bytes(), root / "notes.md"
    said = notes.read_bytes() if notes.exists() else None
    target = load_project(root).data.target
    return {
        "reads_train": (train, target),
        "reads_notes": said,
        "reads_listing": tuple(sorted(one.name for one in (root / "data").iterdir())),
        "reads_target": target,
        "reads_both": (train, said, target),
    }


def test_a_kept_measurement_is_valid_exactly_while_what_was_read_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = reading_project(tmp_path)
    monkeypatch.syspath_prepend(str(root))
    folder, dice = root / ".crispq/cache", random.Random(7)  # noqa: S311 - no secret
    kept: dict[str, object] = {}
    agreed = 0
    for _ in range(500):
        random_edit(root, dice)
        project = load_project(root)
        now, digests = state_of(root), Digests(project, read(root), {})
        planned = dice.choice(readers(project))
        found = cache.recall(folder, planned, digests)
        fresh = found is not None and not found.stale
        name = planned.spec.name
        agreed += fresh is (name in kept and kept[name] == now[name])
        if not fresh:
            plan = make_plan(project, library.load(["mine"]), PHASE)
            cache.keep(folder, planned, run_one(plan, planned, (), {}))
            kept[name] = now[name]
    print(f"random edits: kept and true agreed in {agreed} of 500")
    assert agreed == 500
