"""Clean projects stay green: both examples through all six gates, under one split seed after another."""

from __future__ import annotations

from pathlib import Path

import pytest
import walk

#: The breast cancer example is walked for the seeded faults anyway, under its own seed.
WALKS = [
    pytest.param(name, seed, marks=[] if (name, seed) == ("diabetes", 1) else pytest.mark.slow)
    for name in ("breast_cancer", "diabetes")
    for seed in range(1, 21)
]
OPENING = {"pass", "warn", "not_applicable", "waived"}


@pytest.mark.parametrize(("name", "seed"), WALKS)
def test_no_check_is_red_on_a_clean_project(name: str, seed: int, tmp_path: Path) -> None:
    root = walk.walk(walk.scaffold(tmp_path / name, name, seed=seed))
    code, results = walk.asked(root, 6)
    red = {check: one["summary"] for check, one in results.items() if one["status"] not in OPENING}
    warned = sorted(check for check, one in results.items() if one["status"] == "warn")
    print(f"{name}, split seed {seed}: {len(results)} checks, {len(red)} red, warned: {', '.join(warned) or 'none'}")
    assert (0, {}) == (code, red)
