"""Checks that crash, hang, exit or return what is no measurement: never a pass, never the end of the gate."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import tiny

HEAD = '''"""A check that misbehaves.

## Why
A test.
## How to mend it
Not at all.
## Source
None.
"""

import os
import time

from crispq import Estimate, Measurement, at_least, check


@check(task="select_data", limits={"value": at_least(0)}, seconds=SECONDS, megabytes=2000)
def misbehaves(evidence):
    BODY
'''
GOOD = "return Measurement(values={'value': Estimate(value=1)})"
PREPARATION = "data_preparation"


def crispq(root: Path, *words: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    """Run the command line as users do."""
    return subprocess.run(
        [sys.executable, "-m", "crispq", *words], cwd=root, capture_output=True, text=True, timeout=timeout, check=False
    )


def with_plugin(root: Path, body: str, *, top: str = "", seconds: int = 30, name: str = "misbehaves") -> Path:
    """A project with one plugin, whose one check does `body`."""
    text = HEAD.replace("BODY", body).replace("SECONDS", str(seconds)) + top
    files = {
        "mychecks/__init__.py": "",
        f"mychecks/{PREPARATION}/__init__.py": "",
        f"mychecks/{PREPARATION}/{name}.py": text,
    }
    return tiny.make_project(root, config={"plugins": ["mychecks"]}, files=files)


def asked(root: Path) -> tuple[int, dict[str, object], str]:
    """Exit code, the plugin's result and what was said, of asking the gate in JSON."""
    done = crispq(root, "gate", "2", "--output", "json")
    results = [one for phase in json.loads(done.stdout)["phases"] for one in phase["results"]]
    return done.returncode, next(one for one in results if one["check"].endswith("misbehaves")), done.stderr


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("return None", "None (a forgotten return?)"),
        ("return 'pass'", "'pass', a str"),
        ("return 1", "1, a int"),
        ("return True", "True, a bool"),
        ("return Measurement(values={'value': True})", "not a measurement"),
        ("return Measurement(values={'value': Estimate(value='0.9')})", "not a number"),
        ("return Measurement(values={'value': Estimate(value=float('nan'))})", "not a finite number"),
        ("return Measurement()", "no value for value"),
        ("raise ValueError('broken')", "ValueError: broken"),
        ("raise SystemExit(0)", "SystemExit"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("os._exit(0)", "ended without an answer (exit code 0)"),
        ("os.kill(os.getpid(), 9)", "ended without an answer (signal SIGKILL"),
        ("return bytearray(4_000_000_000)", "needs more than its 2000 MB"),
        ("print('{}'); os.write(1, b'{}'); return None", "forgotten return"),
    ],
)
def test_a_misbehaving_check_is_an_error(tmp_path: Path, body: str, says: str) -> None:
    code, result, _ = asked(with_plugin(tmp_path, body))
    assert (3, "error") == (code, result["status"])
    assert says in str(result["summary"])


def test_a_good_plugin_passes(tmp_path: Path) -> None:
    _, result, _ = asked(with_plugin(tmp_path, GOOD))
    assert result["status"] == "pass"


def test_a_check_that_hangs_is_stopped_with_its_children(tmp_path: Path) -> None:
    body = "import subprocess; subprocess.Popen(['sleep', '321.123']); time.sleep(100)"
    code, result, _ = asked(with_plugin(tmp_path, body, seconds=2))
    assert (3, "error") == (code, result["status"])
    assert "did not end within 2 s" in str(result["summary"])
    alive = subprocess.run(["pgrep", "-f", "sleep 321.123"], capture_output=True, check=False)
    assert alive.returncode == 1


@pytest.mark.parametrize(
    ("top", "says"),
    [
        ("\nraise ImportError('no such thing')", "cannot be imported"),
        ("\nos._exit(0)", "ended its process"),
        ("\nraise SystemExit(0)", "SystemExit"),
        (
            "\n@check(task='clean_data', limits={'value': at_least(0)})\ndef another(evidence): ...",
            "must hold one check",
        ),
    ],
)
def test_a_plugin_that_cannot_be_read_is_the_users_mistake(tmp_path: Path, top: str, says: str) -> None:
    done = crispq(with_plugin(tmp_path, GOOD, top=top), "gate", "2")
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_plugin_without_the_required_words_is_refused(tmp_path: Path) -> None:
    root = with_plugin(tmp_path, GOOD)
    path = root / "mychecks" / PREPARATION / "misbehaves.py"
    path.write_text(path.read_text().replace("## Why", "Why"))
    done = crispq(root, "gate", "2")
    assert (2, True) == (done.returncode, "lacks ## Why" in done.stderr)


def test_a_plugin_that_shadows_a_built_in_check_is_refused(tmp_path: Path) -> None:
    root = with_plugin(tmp_path, GOOD, name="split_is_disjoint")
    path = root / "mychecks" / PREPARATION / "split_is_disjoint.py"
    path.write_text(path.read_text().replace("def misbehaves", "def split_is_disjoint"))
    done = crispq(root, "gate", "2")
    assert (2, True) == (done.returncode, "two checks have the id" in done.stderr)


def test_a_plugin_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    done = crispq(tiny.make_project(tmp_path, config={"plugins": ["nowhere"]}), "gate")
    assert (2, True) == (done.returncode, "'nowhere' cannot be imported" in done.stderr)


def test_adding_a_check_is_one_file(tmp_path: Path) -> None:
    root = with_plugin(tmp_path, GOOD)
    before = json.loads(crispq(root, "checks", "-o", "json").stdout)
    text = (root / "mychecks" / PREPARATION / "misbehaves.py").read_text()
    (root / "mychecks" / PREPARATION / "one_more.py").write_text(text.replace("def misbehaves", "def one_more"))
    after = json.loads(crispq(root, "checks", "-o", "json").stdout)
    assert {"data_preparation.one_more"} == {one["check"] for one in after} - {one["check"] for one in before}


# --- checks in other languages -------------------------------------------------------------------


def command_result(root: Path, command: str, **more: object) -> tuple[int, dict[str, object]]:
    phase_files = {
        PREPARATION: {"checks": {"mine": {"command": command, "limits": {"value": {"at_least": 1}}, **more}}}
    }
    tiny.make_project(
        root, phase_files=phase_files, files={"answer.json": '{"values": {"value": {"value": 2}}}', "bad.json": "hm"}
    )
    done = crispq(root, "gate", "2", "--output", "json")
    results = [one for phase in json.loads(done.stdout)["phases"] for one in phase["results"]]
    return done.returncode, next(one for one in results if one["check"] == f"{PREPARATION}.mine")


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("cat answer.json", "pass"),
        ("cat bad.json", "error"),
        ("false", "error"),
        ("true", "error"),
        ("no-such-program", "error"),
    ],
)
def test_a_command_check_is_judged_by_what_it_prints(tmp_path: Path, command: str, status: str) -> None:
    _, result = command_result(tmp_path, command)
    assert status == result["status"], result["summary"]


def test_a_command_check_is_remembered_only_when_it_says_what_it_reads(tmp_path: Path) -> None:
    for place, more, expected in (("a", {}, False), ("b", {"reads": ["answer.json"]}, True)):
        command_result(tmp_path / place, "cat answer.json", **more)
        _, again = command_result(tmp_path / place, "cat answer.json", **more)
        assert expected is again["cached"]


def test_a_command_check_without_a_limit_is_refused(tmp_path: Path) -> None:
    tiny.make_project(tmp_path, phase_files={PREPARATION: {"checks": {"mine": {"command": "cat answer.json"}}}})
    done = crispq(tmp_path, "gate", "2")
    assert (2, True) == (done.returncode, "needs at least one limit" in done.stderr)
