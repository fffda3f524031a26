"""Walks an example through its six phases, as `make demo` does, for tests that need a finished project."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from filelock import FileLock

PHASES = range(1, 7)


def crispq(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in the project."""
    return subprocess.run(
        [sys.executable, "-m", "crispq", *words], cwd=root, capture_output=True, text=True, timeout=900, check=False
    )


def must(root: Path, *words: str) -> None:
    """Run a verb that has to succeed."""
    done = crispq(root, *words)
    assert done.returncode == 0, f"crispq {' '.join(words)}: {done.returncode}\n{done.stdout}\n{done.stderr}"


def asked(root: Path, phase: int) -> tuple[int, dict[str, dict[str, Any]]]:
    """The exit code of asking the phase's gate, and each check's result by id; nothing is recorded."""
    done = crispq(root, "gate", str(phase), "--output", "json", "--no-record")
    assert done.stdout, done.stderr
    results = {one["check"]: one for part in json.loads(done.stdout)["phases"] for one in part["results"]}
    return done.returncode, results


def checked(root: Path, check: str) -> tuple[int, dict[str, Any]]:
    """The exit code of asking one check alone, and its result."""
    done = crispq(root, "check", check, "--output", "json")
    assert done.stdout, done.stderr
    (result,) = json.loads(done.stdout)["results"]
    return done.returncode, result


def scaffold(root: Path, example: str, *, seed: int | None = None) -> Path:
    """The example as `crispq new` makes it; `seed` changes the seed of its split."""
    must(root.parent, "new", root.name, "--example", example)
    if seed is not None:
        path = root / "2_data_preparation/phase.yaml"
        changed, count = re.subn(r"(prepare\.py --seed) \d+", rf"\1 {seed}", path.read_text())
        assert count == 1
        path.write_text(changed)
    return root


def walk(root: Path, *, through: int = 6) -> Path:
    """Run the phases' commands, sign for every role, and advance; ends behind the gate of phase `through`."""
    for phase in range(1, through + 1):
        done = crispq(root, "run", str(phase))
        assert done.returncode in {0, 1}, f"{done.stdout}\n{done.stderr}"
        must(root, "sign", str(phase), "--all-roles")
        if phase < max(PHASES):
            must(root, "advance")
    return root


def finished(shared: Path, example: str) -> Path:
    """The example behind all its gates, made once for all test processes."""
    root = shared / f"finished-{example}"
    with FileLock(shared / f"{example}.lock"):
        if not (shared / f"{example}.done").exists():
            shutil.rmtree(root, ignore_errors=True)
            walk(scaffold(root, example))
            (shared / f"{example}.done").touch()
    return root


def copy(root: Path, target: Path) -> Path:
    """A copy of the project with its cache and ledger."""
    shutil.copytree(root, target, symlinks=True)
    return target
