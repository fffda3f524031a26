"""`crispq check`: single checks without their gate, and large files that are hashed beside the check."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import tiny
from test_cli import crispq

from crispq import Evidence
from crispq.evidence.digests import LARGE, SETTLED
from crispq.project import load_project

SIZE = "sample_is_large_enough"


def sized(root: Path, rows: int) -> Path:
    columns = {"label": [row % 2 for row in range(rows)], "age": list(range(rows))}
    config = {"data": {"target": "label", "positive": 1, "tables": {"raw": "data/raw.csv"}}}
    return tiny.make_project(root, config=config, files={"data/raw.csv": columns})


@pytest.mark.parametrize(("rows", "code"), [(400, 0), (30, 1)])
def test_it_holds_or_not_and_nothing_is_recorded(tmp_path: Path, rows: int, code: int) -> None:
    done = crispq(sized(tmp_path, rows), "check", SIZE, "--output", "json")
    body = json.loads(done.stdout)
    assert (code, code, "crispq/check/1") == (done.returncode, body["exit_code"], body["schema"])
    assert [f"business_and_data_understanding.{SIZE}"] == [one["check"] for one in body["results"]]
    assert not (tmp_path / ".crispq/ledger").exists()


def test_it_imports_no_other_check(tmp_path: Path) -> None:
    told = "import sys; from crispq.gate import library; library.load_only(['crispq_checks'], ['split_is_disjoint']); "
    told += "print([name for name in sys.modules if name.startswith('crispq_checks.') and name.count('.') == 2])"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert "['crispq_checks.data_preparation.split_is_disjoint']" == done.stdout.strip()


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["sample_is_large"], 2, "did you mean 'sample_is_large_enough'"),
        (["modeling.sample_is_large_enough"], 2, "unknown check"),
        (["modeling.risks_are_acceptable"], 2, "ask the gate"),
        ([SIZE, "--output", "xml"], 2, "unknown output format"),
        ([], 2, "Missing argument"),
    ],
)
def test_what_cannot_be_asked_is_refused(tmp_path: Path, words: list[str], code: int, says: str) -> None:
    done = crispq(sized(tmp_path, 30), "check", *words)
    assert (code, "") == (done.returncode, done.stdout)
    assert says in done.stderr


def test_a_check_that_does_not_apply_checked_nothing(tmp_path: Path) -> None:
    root = tiny.make_project(tmp_path, config={"task": "other"})
    assert 5 == crispq(root, "check", "no_target_leak").returncode


def test_several_checks_are_asked_at_once(tmp_path: Path) -> None:
    done = crispq(sized(tmp_path, 400), "check", SIZE, "data_meets_its_expectations", "-o", "json")
    assert {"pass", "fail"} == {one["status"] for one in json.loads(done.stdout)["results"]}


# --- large files ---------------------------------------------------------------------------------


def large(root: Path, *, settled: bool) -> Evidence:
    tiny.make_project(root, files={"big.bin": b"\0" * LARGE})
    if settled:
        time.sleep(SETTLED + 0.1)
    return Evidence(load_project(root), "data_preparation")


@pytest.mark.parametrize("settled", [True, False])
def test_a_large_file_has_the_digest_of_its_bytes(tmp_path: Path, *, settled: bool) -> None:
    evidence = large(tmp_path, settled=settled)
    evidence.path("big.bin")
    wanted = hashlib.sha256(b"\0" * LARGE).hexdigest()
    assert {"big.bin": wanted} == {one.path: one.sha256 for one in evidence.inputs if one.is_file}
    assert () == evidence.changed_since_read()
    assert wanted == evidence.digest("big.bin")


@pytest.mark.parametrize("settled", [True, False])
@pytest.mark.parametrize("how", ["write", "replace", "delete"])
def test_a_large_file_that_is_touched_meanwhile_is_noticed(tmp_path: Path, how: str, *, settled: bool) -> None:
    evidence = large(tmp_path, settled=settled)
    path = evidence.path("big.bin")
    before = path.stat()
    if how == "write":
        with path.open("r+b") as stream:
            stream.write(b"1")
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    elif how == "replace":
        (tmp_path / "other").write_bytes(b"\1" * LARGE)
        (tmp_path / "other").replace(path)
    else:
        path.unlink()
    assert ("big.bin",) == evidence.changed_since_read()


def test_a_swap_and_swap_back_is_noticed(tmp_path: Path) -> None:
    evidence = large(tmp_path, settled=True)
    path = evidence.path("big.bin")
    path.rename(tmp_path / "aside")
    path.write_bytes(b"\1" * LARGE)
    (tmp_path / "aside").replace(path)
    assert ("big.bin",) == evidence.changed_since_read()
