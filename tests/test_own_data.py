"""A project from a CSV of the user's own: through `crispq new`, and to a phase-1 gate that tells the truth."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest


def wide(path: Path) -> None:
    """50 columns of mixed types, with gaps."""
    dice = np.random.default_rng(1)
    frame = pd.DataFrame({"id": [f"p{number}" for number in range(400)], "outcome": dice.choice(["ill", "well"], 400)})
    for number in range(16):
        frame[f"number_{number}"] = np.where(dice.random(400) < 0.05, np.nan, dice.normal(size=400).round(3))
        frame[f"count_{number}"] = dice.integers(0, 50, 400)
        frame[f"kind_{number}"] = dice.choice(["a", "b", "NA", ""], 400)
    frame.to_csv(path, index=False)


def long(path: Path) -> None:
    """200,000 rows."""
    dice = np.random.default_rng(2)
    columns = {f"x{number}": dice.normal(size=200_000).round(4) for number in range(6)}
    pd.DataFrame({"case": range(200_000), **columns, "price": dice.gamma(2, 100, 200_000).round(2)}).to_csv(
        path, index=False
    )


def odd(path: Path) -> None:
    """Semicolons, and names that no program expects."""
    head = 'Zähler;"<img src=x onerror=alert(1)>";a b;{{ 7*7 }};label\n'
    rows = (f"{number};{number % 7};{number % 3};{number / 4};{number % 2}\n" for number in range(300))
    path.write_text(head + "".join(rows))


@pytest.mark.parametrize(
    ("make", "answers"),
    [
        (wide, ["target=outcome", "positive=ill", "key=id"]),
        (long, ["task=regression", "target=price", "key=case"]),
        (odd, ["target=label", "positive=1"]),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_own_data_gets_to_a_truthful_first_gate(tmp_path: Path, make: Any, answers: list[str]) -> None:
    make(tmp_path / "mine.csv")
    given = [word for answer in [f"data={tmp_path / 'mine.csv'}", *answers] for word in ("--data", answer)]
    command = [sys.executable, "-m", "crispq"]
    subprocess.run([*command, "new", "project", "--defaults", *given], cwd=tmp_path, check=True)
    root = tmp_path / "project"
    first = subprocess.run([*command, "gate"], cwd=root, capture_output=True, text=True, check=False)
    assert first.returncode == 0, first.stderr
    asked = [*command, "gate", "business_and_data_understanding", "--output", "json"]
    done = subprocess.run(asked, cwd=root, capture_output=True, text=True, check=False)
    results = {one["check"].rpartition(".")[2]: one for one in json.loads(done.stdout)["phases"][0]["results"]}
    assert done.returncode == 1
    assert results["data_meets_its_expectations"]["status"] == "pass"
    assert results["sample_is_large_enough"]["status"] == ("warn" if make is wide else "pass")  # 8 rows a feature
    assert "error" not in {one["status"] for one in results.values()}
    columns = len(pd.read_csv(tmp_path / "mine.csv", sep=None, engine="python", nrows=5).columns)
    undescribed = results["columns_are_described"]["findings"]
    assert columns == len({finding["line"] for finding in undescribed})
    assert all(finding["path"].endswith("data_description.md") for finding in undescribed)
    assert results["documents_are_complete"]["status"] == "fail"
