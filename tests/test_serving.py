"""The conversation with a serving program: whatever the program does, the check gets an answer or a reason."""

from __future__ import annotations

import time
from pathlib import Path

import pandas as pd
import pytest
import tiny

from crispq import Evidence, MissingEvidence, NotMeasurable
from crispq.project import load_project
from crispq_checks.serving import StoppedServing, plain, positions, rows_of, serving

COMMAND = "python 5_deployment/serve.py --lines"
READY = 'import json, sys, time\nprint(json.dumps({"ready": True}), flush=True)\n'
ECHO = READY + "for line in sys.stdin:\n    print(json.dumps(json.loads(line)), flush=True)\n"


def evidence_of(root: Path, program: str) -> Evidence:
    tiny.make_project(root, files={"5_deployment/serve.py": program, "src/code.py": ""})
    return Evidence(load_project(root), "deployment")


def test_a_row_goes_out_and_an_answer_comes_back(tmp_path: Path) -> None:
    with serving(evidence_of(tmp_path, ECHO), COMMAND) as server:
        assert {"a": 1, "b": None, "c": "é"} == server.ask({"a": 1, "b": None, "c": "é"})


def test_what_the_program_is_made_of_is_recorded(tmp_path: Path) -> None:
    evidence = evidence_of(tmp_path, ECHO)
    with serving(evidence, COMMAND):
        pass
    assert {"5_deployment/serve.py", "src/code.py"} <= {one.path for one in evidence.inputs}


def test_a_long_row_and_a_talkative_program_do_not_block(tmp_path: Path) -> None:
    talkative = ECHO.replace("    print", "    sys.stderr.write('x' * 1_000_000)\n    print", 1)
    with serving(evidence_of(tmp_path, talkative), COMMAND) as server:
        assert 400_000 == len(server.ask({"a": "x" * 400_000})["a"])


def test_the_program_is_ended_with_the_block(tmp_path: Path) -> None:
    with serving(evidence_of(tmp_path, READY + "time.sleep(600)"), COMMAND) as server:
        process = server.process
    assert process.poll() is not None


def test_a_silent_program_is_not_waited_for_longer_than_told(tmp_path: Path) -> None:
    with serving(evidence_of(tmp_path, READY + "time.sleep(600)"), COMMAND) as server:
        started = time.monotonic()
        with pytest.raises(StoppedServing, match="did not answer in time"):
            server.ask({"a": 1}, seconds=0.2)
        assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("program", "says"),
    [
        ("raise SystemExit('no model')", "exit code 1.*no model"),
        ("print('hello', flush=True); input()", "no JSON object"),
        ("print('{\"ready\": 1}', flush=True); input()", "did not begin with"),
        ("print('[1]', flush=True); input()", "no JSON object"),
        ("print('x' * 2_000_000, flush=True); input()", "more than 1,000,000 bytes"),
        ("print('NaN', flush=True); input()", "no JSON object"),
    ],
)
def test_a_program_that_does_not_become_ready_is_told_apart(program: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(NotMeasurable, match=says), serving(evidence_of(tmp_path, program), COMMAND):
        pass


def test_a_program_that_dies_of_a_row_tells_its_last_words(tmp_path: Path) -> None:
    with serving(evidence_of(tmp_path, READY + "sys.stdin.readline(); sys.exit('bad row')"), COMMAND) as server:
        with pytest.raises(StoppedServing, match="bad row"):
            server.ask({"a": 1})
        with pytest.raises(StoppedServing, match="ended"):
            server.ask({"a": 1})


@pytest.mark.parametrize(("command", "error"), [("python 5_deployment/no.py", MissingEvidence), ("", NotMeasurable)])
def test_a_command_that_cannot_be_run_is_refused(command: str, error: type[Exception], tmp_path: Path) -> None:
    with pytest.raises(error), serving(evidence_of(tmp_path, ECHO), command):
        pass


def test_cells_keep_their_type_on_the_way() -> None:
    frame = pd.DataFrame({"n": [1, 2], "x": [0.5, float("nan")], "t": [pd.Timestamp("2026-01-01"), pd.NaT]})
    first, second = rows_of(frame.assign(s=pd.Series(["a", float("nan")], dtype=object), b=[True, False]), 5)
    assert {"n": 1, "x": 0.5, "t": "2026-01-01T00:00:00", "s": "a", "b": True} == first
    assert {"n": 2, "x": None, "t": None, "s": None, "b": False} == second
    assert (int, bool) == (type(first["n"]), type(first["b"]))


def test_an_infinite_number_is_refused() -> None:
    with pytest.raises(NotMeasurable, match="infinite"):
        plain(float("inf"))


def test_rows_are_taken_evenly() -> None:
    assert [0, 2, 5, 7] == list(positions(10, 4))
    assert [0, 1] == list(positions(2, 4))
