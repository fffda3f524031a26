"""The command line as people and CI meet it: exit codes, streams, outputs, errors without a traceback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import tiny


def crispq(where: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "crispq", *words],
        cwd=where,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["gaet"], "Did you mean 'gate'"),
        (["gate", "evalution"], "Did you mean"),
        (["gate", "mo"], "modeling"),
        (["gate", "--output", "xml"], "unknown output format 'xml'"),
        (["gate", "--output", "json="], "name a file after the ="),
        (["gate", "--output", "json=no/where.json"], "there is no such folder"),
        (["run", "1", "2", "--output", "json"], "goes with one phase"),
        (["checks", "--task", "select_date"], "did you mean 'select_data'"),
        (["gate", "--ouptut", "json"], "No such option"),
        (["checks", "--tier", "high"], "unknown tier 'high'"),
        (["checks", "--level", "may"], "unknown level 'may'"),
        (["explain", "split_is_disjont"], "did you mean 'split_is_disjoint'"),
        (["schema", "projekt"], "did you mean 'project'"),
        (["back", "1", "--reason", "why not"], "step back to a phase before it"),
        (["sign", "1"], "name a role"),
        (["sign", "1", "--role", "boss"], "is not asked to sign"),
        (["gate", "-C", "nowhere"], "there is no folder"),
    ],
)
def test_a_mistake_of_the_user_is_code_2_and_one_message(tmp_path: Path, words: list[str], says: str) -> None:
    done = crispq(tiny.make_project(tmp_path), *words)
    assert (2, "") == (done.returncode, done.stdout)
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_outside_a_project_the_way_in_is_told(tmp_path: Path) -> None:
    done = crispq(tmp_path, "gate")
    assert (2, True) == (done.returncode, "crispq new" in done.stderr)


def test_results_go_to_stdout_and_talk_to_stderr(tmp_path: Path) -> None:
    root = tiny.make_project(tmp_path)
    (root / "out").mkdir()
    done = crispq(root, "gate", "1", "-o", "json", "-o", "text=out/gate.txt")
    body = json.loads(done.stdout)
    assert body["schema"] == "crispq/gate/1"
    assert (1, 1, False) == (done.returncode, body["exit_code"], body["opens"])
    assert "documents_are_complete" in done.stderr
    assert body["summary"] in (tmp_path / "out/gate.txt").read_text()


def test_looking_without_a_phase_writes_no_entry_and_asking_for_one_writes_it_once(tmp_path: Path) -> None:
    root = tiny.make_project(tmp_path)
    crispq(root, "gate")
    assert not (root / ".crispq/ledger").exists()
    for _ in range(2):
        crispq(root, "gate", "1")
    assert len(list((root / ".crispq/ledger").glob("*/*.json"))) == 1


def test_every_word_of_the_process_can_be_explained(tmp_path: Path) -> None:
    words = [
        "split_is_disjoint",
        "R40",
        "r40",
        "select_data",
        "DP1",
        "scope",
        "documents",
        "roc_auc",
        "data engineering",
        "3",
    ]
    for word in words:
        done = crispq(tmp_path, "explain", word)
        assert (0, True) == (done.returncode, len(done.stdout) > 50), word


def test_a_plain_terminal_and_an_odd_name_do_no_harm(tmp_path: Path) -> None:
    title = "Zähne \x1b[31mrot\x1b[0m ::set-output name=x::1"
    root = tiny.make_project(tmp_path, config={"title": title.replace("\x1b", "\u241b")})
    done = crispq(root, "status", PYTHONUTF8="0", LC_ALL="C", PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert "\x1b" not in done.stdout


def test_an_interrupt_is_code_130_and_leaves_no_process(tmp_path: Path) -> None:
    text = '"""Sleeps.\n\n## Why\n.\n## How to mend it\n.\n## Source\n.\n"""\nimport time\n'
    text += "from crispq import at_least, check\n\n\n"
    text += '@check(task="feasibility", limits={"v": at_least(0)})\ndef sleeps(evidence):\n    time.sleep(61.5)\n'
    folder = "mine/business_and_data_understanding"
    files = {"mine/__init__.py": "", f"{folder}/__init__.py": "", f"{folder}/sleeps.py": text}
    root = tiny.make_project(tmp_path, config={"plugins": ["mine"]}, files=files)
    running = subprocess.Popen(
        [sys.executable, "-m", "crispq", "gate"], cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    time.sleep(6)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=60)
    assert (130, True) == (running.returncode, "interrupted" in said)
    assert "Traceback" not in said


def test_a_reader_that_goes_away_is_no_closed_gate(tmp_path: Path) -> None:
    root = tiny.make_project(tmp_path)
    command = f"{sys.executable} -m crispq checks | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], cwd=root, capture_output=True, text=True, check=False)
    assert done.stdout.strip() in {"0", "3"}
    assert "Traceback" not in done.stderr


def test_the_schema_lies_where_it_is_asked_to(tmp_path: Path) -> None:
    done = crispq(tmp_path, "schema", "--write", "here")
    assert done.returncode == 0
    assert {"crispq.schema.json", "phase.schema.json"} == {path.name for path in (tmp_path / "here").iterdir()}
    assert json.loads(crispq(tmp_path, "schema", "phase").stdout) == json.loads(
        (tmp_path / "here/phase.schema.json").read_text()
    )
