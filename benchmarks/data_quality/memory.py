"""A hundred million rows in ten Parquet files: the suite with exact uniqueness, its time, and the memory as it goes.

python benchmarks/data_quality/memory.py [--rows 100000000] [--folder build/bench-data/memory]

The keys are shuffled, so that no order proves them unique: they have to be sorted, on disk where memory ends.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from project import CONFIG, FOLDERS
from run import CHECK, environment, set_sizes

FILES = 10
#: Seconds between two lines of what is printed.
PAUSE = 5
#: A multiplier that is prime to the number of rows walks through every key once, in no order.
STRIDE = 7_368_787
COLUMNS = {
    "id": "(i * {stride}) % {rows}",
    "visit": "TIMESTAMP '2000-01-01' + INTERVAL (i % 788400000) SECOND",
    "measure": "(hash(i) % 1000000) / 1000.0",
    "count": "CAST(hash(i + 1) % 500 AS BIGINT)",
    "region": "'region ' || CAST(hash(i + 2) % 12 AS VARCHAR)",
    "code": "'c' || CAST(100000000 + (i * {stride}) % {rows} AS VARCHAR)",
}


def expectations(rows: int) -> list[dict[str, object]]:
    """Twelve demands; two of them that every one of the rows is unique."""
    regions = [f"region {number}" for number in range(12)]
    found: list[tuple[str, dict[str, Any]]] = [
        ("expect_table_row_count_to_equal", {"value": rows}),
        *(("expect_column_values_to_not_be_null", {"column": name}) for name in COLUMNS),
        ("expect_column_values_to_be_unique", {"column": "id"}),
        ("expect_column_values_to_be_unique", {"column": "code"}),
        ("expect_column_values_to_be_between", {"column": "measure", "min_value": 0, "max_value": 1000}),
        ("expect_column_values_to_be_in_set", {"column": "region", "value_set": regions}),
        ("expect_column_median_to_be_between", {"column": "measure", "min_value": 490, "max_value": 510}),
    ]
    return [{"type": kind, "kwargs": kwargs} for kind, kwargs in found]


def write_project(folder: Path, rows: int) -> None:
    """A project around ten files of one table."""
    import duckdb

    (folder / "data").mkdir(parents=True, exist_ok=True)
    made = ", ".join(f"{sql.format(stride=STRIDE, rows=rows)} AS {name}" for name, sql in COLUMNS.items())
    for number in range(FILES):
        target = folder / f"data/visits_{number}.parquet"
        if not target.exists():
            low, high = rows * number // FILES, rows * (number + 1) // FILES
            duckdb.execute(
                f"COPY (SELECT {made} FROM range({low}, {high}) AS numbers(i)) TO '{target}.new' (FORMAT parquet)"
            )
            Path(f"{target}.new").rename(target)
    (folder / "crispq.yaml").write_text(CONFIG.format(table="data/visits_*.parquet"))
    for name in FOLDERS:
        (folder / name).mkdir(exist_ok=True)
        (folder / name / "phase.yaml").write_text("checks: {}\n")
    (folder / FOLDERS[0] / "expectations").mkdir(exist_ok=True)
    suite = {"name": "memory", "expectations": expectations(rows)}
    (folder / FOLDERS[0] / "expectations/raw.json").write_text(json.dumps(suite, indent=2))


def main() -> None:
    """Make the files, ask the check, and tell the memory every five seconds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000_000)
    parser.add_argument("--folder", type=Path, default=Path("build/bench-data/memory"))
    asked = parser.parse_args()
    write_project(asked.folder, asked.rows)
    crispq = shutil.which("crispq", path=str(Path(sys.executable).parent)) or "crispq"
    started, told, peak = time.perf_counter(), 0.0, 0.0
    process = subprocess.Popen((crispq, "check", CHECK), cwd=asked.folder, env=environment())
    while process.poll() is None:
        now, seconds = set_sizes(process.pid) / 1024, time.perf_counter() - started
        peak = max(peak, now)
        if seconds - told >= PAUSE:
            told = seconds
            print(f"{seconds:6.0f} s {now:6.0f} MB", flush=True)
        time.sleep(0.05)
    print(f"{asked.rows:,} rows: exit {process.returncode}, {time.perf_counter() - started:.0f} s, peak {peak:.0f} MB")


if __name__ == "__main__":
    main()
