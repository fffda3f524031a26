"""What a hostile branch may try: each is refused, or changes nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import test_cache as readers
import tiny

from crispq.errors import ConfigurationMistake
from crispq.gate import library
from crispq.gate.plan import make_plan
from crispq.ledger import append, read
from crispq.nouns import EntryKind
from crispq.project import load_project


def gate(root: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    import os

    command = [sys.executable, "-m", "crispq", "gate", *words]
    return subprocess.run(command, cwd=root, env=os.environ | environment, capture_output=True, text=True, check=False)


def commit(root: Path) -> None:
    for words in (["init", "-q"], ["add", "-Af"], ["-c", "user.name=x", "-c", "user.email=x@y", "commit", "-qm", "x"]):
        subprocess.run(["git", *words], cwd=root, check=True)


def cached(root: Path, **environment: str) -> set[bool]:
    phases = json.loads(gate(root, "2", "-o", "json", "--no-record", **environment).stdout)["phases"]
    return {one["cached"] for phase in phases for one in phase["results"] if one["status"] != "error"}


def test_in_ci_and_from_the_branch_nothing_is_recalled(tmp_path: Path) -> None:
    root = readers.reading_project(tmp_path)
    gate(root, "2", "--no-record")
    assert cached(root) == {True}
    assert cached(root, CI="true") == {False}
    commit(root)
    assert cached(root) == {False}


def test_a_kept_measurement_about_nothing_counts_as_none(tmp_path: Path) -> None:
    root = readers.reading_project(tmp_path)
    gate(root, "2", "--no-record")
    for path in (root / ".crispq/cache").glob("*.json"):
        path.write_text(json.dumps(json.loads(path.read_text()) | {"inputs": []}))
    assert cached(root) == {False}


def test_a_module_of_the_project_replaces_no_built_in_check(tmp_path: Path) -> None:
    body = "from pathlib import Path\nPath(__file__).with_name('was_here').touch()\n"
    root = tiny.make_project(tmp_path, files={"src/crispq_checks/__init__.py": body, "crispq_checks/__init__.py": body})
    command = [str(Path(sys.executable).with_name("crispq")), "gate", "2"]
    assert subprocess.run(command, cwd=root, capture_output=True, check=False).returncode == 1
    assert not list(root.rglob("was_here"))


def test_a_deleted_entry_is_noticed_even_at_the_end_of_the_chain(tmp_path: Path) -> None:
    root = tiny.make_project(tmp_path)
    gate(root, "1")
    commit(root)
    next((root / ".crispq/ledger").glob("*/*.json")).unlink()
    done = gate(root)
    assert (3, True) == (done.returncode, "was deleted; restore it from git" in done.stderr)


def test_the_phase_is_not_moved_back_in_silence(tmp_path: Path) -> None:
    root = tiny.make_project(tmp_path)
    body = {"to": "modeling"}
    append(root, (), kind=EntryKind.ADVANCE, phase="data_preparation", body=body, who="x", when="2026-01-01")
    done = gate(root)
    assert (2, True) == (done.returncode, "the ledger says that the team works in modeling" in done.stderr)


def test_a_criterion_is_not_overruled_by_a_checks_limit(tmp_path: Path) -> None:
    limits = {"checks": {"criteria_are_met": {"limits": {"criteria": {"at_least": 0}}}}}
    root = tiny.make_project(tmp_path, phase_files={"evaluation": limits})
    with pytest.raises(ConfigurationMistake, match="judged by the requirements"):
        make_plan(load_project(root), library.load(library.installed_packages()), None)


def test_crispq_writes_through_no_link(tmp_path: Path) -> None:
    root = tiny.make_project(tmp_path / "project")
    (tmp_path / "outside").mkdir()
    (root / ".crispq").mkdir()
    (root / ".crispq/ledger").symlink_to(tmp_path / "outside")
    done = gate(root, "1")
    assert (2, True) == (done.returncode, "is a link" in done.stderr)
    assert not list((tmp_path / "outside").iterdir())


def test_stepping_back_writes_both_or_nothing_and_keeps_line_ends(tmp_path: Path) -> None:
    root = tiny.make_project(tmp_path, config={"phase": "modeling"})
    path = root / "crispq.yaml"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    before = path.read_bytes()
    command = [sys.executable, "-m", "crispq", "back", "2", "--reason", "why"]
    assert subprocess.run(command, cwd=root, check=False).returncode == 0
    assert path.read_bytes() == before.replace(b"phase: modeling", b"phase: data_preparation")
    path.write_bytes(path.read_bytes().replace(b"phase: data_preparation", b"phase:\r\n  data_preparation"))
    assert subprocess.run([*command[:4], "1", *command[5:]], cwd=root, check=False).returncode == 2
    assert len(read(root)) == 1
