"""The smallest crispq project around the benchmark's table: one suite, nothing else."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from demands import demands

sys.path.insert(0, str(Path(__file__).parent / "contenders"))

FOLDERS = (
    "1_business_and_data_understanding",
    "2_data_preparation",
    "3_modeling",
    "4_evaluation",
    "5_deployment",
    "6_monitoring_and_maintenance",
)
CONFIG = """\
crispq: 1
name: benchmark
title: Forty demands on one table
task: other
tier: standard
phase: business_and_data_understanding
data:
  key: id
  tables:
    raw: {table}
"""


def write_project(folder: Path, rows: int, table: str) -> None:
    """A project in `folder` whose table `raw` is the file `table` in it."""
    from great_expectations_suite import expectation

    (folder / "crispq.yaml").write_text(CONFIG.format(table=table))
    for name in FOLDERS:
        (folder / name).mkdir(exist_ok=True)
        (folder / name / "phase.yaml").write_text("checks: {}\n")
    suite = {"name": "forty", "expectations": [expectation(one) for one in demands(rows)]}
    target = folder / FOLDERS[0] / "expectations"
    target.mkdir(exist_ok=True)
    (target / "raw.json").write_text(json.dumps(suite, indent=2))
