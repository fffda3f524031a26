"""A whole gate and its report, measured anew, in a network namespace that has no network."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import walk

ALONE = ["unshare", "--net", "--map-root-user"]


def can_be_alone() -> bool:
    """Whether this machine lets a process leave its network."""
    return shutil.which("unshare") is not None and subprocess.run([*ALONE, "true"], check=False).returncode == 0


@pytest.mark.slow
@pytest.mark.skipif(not can_be_alone(), reason="this machine does not allow network namespaces")
def test_the_verdict_is_the_same_without_a_network(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> None:
    root = walk.copy(walk.finished(tmp_path_factory.getbasetemp().parent, "breast_cancer"), tmp_path / "project")
    _, before = walk.asked(root, 6)
    shutil.rmtree(root / ".crispq/cache")
    words = [sys.executable, "-m", "crispq", "gate", "6", "--no-record", "--output", "json"]
    alone = subprocess.run([*ALONE, *words], cwd=root, capture_output=True, text=True, check=False)
    assert alone.returncode == 0, alone.stderr
    results = {one["check"]: one for phase in json.loads(alone.stdout)["phases"] for one in phase["results"]}
    assert not any(one["cached"] for one in results.values())
    statuses = {name: one["status"] for name, one in results.items()}
    assert statuses == {name: one["status"] for name, one in before.items()}
    words = [sys.executable, "-m", "crispq", "report"]
    assert subprocess.run([*ALONE, *words], cwd=root, capture_output=True, check=False).returncode == 0
