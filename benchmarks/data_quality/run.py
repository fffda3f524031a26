"""Times whole processes side by side: crispq, the hand-written SELECT, and the peers, on one table in several sizes.

python benchmarks/data_quality/run.py --peers PYTHON [--rows 100000 1000000 ...] [--rounds 5] [--write FILE]

Every round runs every contender once, in turn, so that a noisy minute hits all of them. Quoted are medians of wall
time, and the peak of the memory of all processes together (proportional set size, sampled in a round of its own).
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from demands import write_tables
from project import write_project

HEADER = """\
# How fast the data gate is

Forty demands of every kind on one table of 20 columns, held by each contender against the same file: whole processes,
start-up included, in turn, so that a noisy minute hits all. Seconds are medians of wall time; peak is the memory of the
process and all its children. Written by `make bench-data`; the scripts stand in `benchmarks/data_quality/`. crispq's
process reads the project, checks the suite, hashes the file (its sha256 stands in the result), measures in a worker,
judges and prints JSON; the hand-written SELECT does nothing but ask.

"""
HERE = Path(__file__).resolve().parent
CONTENDERS = HERE / "contenders"
CHECK = "data_meets_its_expectations"
LIMIT = "hand-written SELECT"
OURS = "crispq"


@dataclass(frozen=True, slots=True)
class Contender:
    """A command that ends with 0 when all forty demands are met."""

    name: str
    command: tuple[str, ...]
    folder: Path


def contenders(peers: str, folder: Path, rows: int, table: str) -> Iterator[Contender]:
    """What runs on one table. peers: the interpreter of the environment that the peers are installed in."""

    def script(name: str, python: str, file: str) -> Contender:
        return Contender(name, (python, str(CONTENDERS / file), str(rows), str(folder / table)), folder)

    crispq = shutil.which("crispq", path=str(Path(sys.executable).parent)) or "crispq"
    yield Contender(OURS, (crispq, "check", CHECK, "--output", "json"), folder)
    if table.endswith(".csv"):
        yield script("DuckDB's own read of the file", sys.executable, "csv_read.py")
        return
    yield script(LIMIT, sys.executable, "plain_select.py")
    subprocess.run([peers, str(CONTENDERS / "soda_contract.py"), str(rows), str(folder / table)], check=True)
    soda = str(Path(peers).parent / "soda")
    files = ("-ds", str(folder / "source.yml"), "-c", str(folder / "contract.yml"))
    yield Contender("soda, command line", (soda, "contract", "verify", *files), folder)
    yield script("soda, Python", peers, "soda.py")
    yield script("pandera, polars", peers, "pandera_polars.py")
    yield script("pointblank, polars", peers, "pointblank_polars.py")
    yield script("Great Expectations, pandas", peers, "great_expectations_pandas.py")


def run_once(one: Contender) -> float:
    """The wall seconds of one whole process; it must meet all demands."""
    started = time.perf_counter()
    done = subprocess.run(one.command, cwd=one.folder, env=environment(), capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - started
    if done.returncode:
        sys.exit(f"{one.name} ended with {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return seconds


def environment() -> Mapping[str, str]:
    """CI, so that crispq measures anew each time; soda sends nothing."""
    return os.environ | {"CI": "true", "SODA_CORE_TELEMETRY_ENABLED": "false"}


def peak_megabytes(one: Contender) -> float:
    """The highest sum of the proportional set sizes of the process and its children, sampled every 5 ms."""
    process = subprocess.Popen(
        one.command, cwd=one.folder, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    peak = 0
    while process.poll() is None:
        peak = max(peak, set_sizes(process.pid))
        time.sleep(0.005)
    return peak / 1024


def set_sizes(pid: int) -> int:
    """The proportional set sizes of a process and all below it, summed, in kB."""
    return sum(_proportional_set(one) for one in _tree(pid))


def _tree(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [pid, *(below for child in children for below in _tree(int(child)))]


def _proportional_set(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def measure(field: Sequence[Contender], rounds: int) -> dict[str, tuple[float, float]]:
    """Per contender the median seconds over the rounds, after one that warms the disk up, and the peak megabytes."""
    seconds: dict[str, list[float]] = {one.name: [] for one in field}
    for number in range(rounds + 1):
        for one in field:
            taken = run_once(one)
            if number:
                seconds[one.name].append(taken)
    return {one.name: (statistics.median(seconds[one.name]), peak_megabytes(one)) for one in field}


def table_of(found: Mapping[str, tuple[float, float]], baseline: str) -> Iterator[str]:
    """The lines of one size's table, fastest first."""
    yield f"| | seconds | against: {baseline} | peak MB |"
    yield "|---|---:|---:|---:|"
    for name, (seconds, megabytes) in sorted(found.items(), key=lambda item: item[1][0]):
        yield f"| {name} | {seconds:.2f} | {seconds / found[baseline][0]:.2f} x | {megabytes:.0f} |"


def main() -> None:
    """Make the tables, run everyone, print and perhaps write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", default=sys.executable, help="the Python that the peers are installed for")
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000, 10_000_000])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=Path("build/bench-data"))
    parser.add_argument("--write", type=Path, help="a Markdown file for the tables")
    asked = parser.parse_args()
    lines: list[str] = []
    for rows in asked.rows:
        for kind, baseline in (("parquet", LIMIT), ("csv", "DuckDB's own read of the file")):
            folder = (asked.folder / f"{rows}-{kind}").resolve()
            write_tables(folder, rows, kind)
            write_project(folder, rows, f"visits.{kind}")
            found = measure(list(contenders(asked.peers, folder, rows, f"visits.{kind}")), asked.rounds)
            lines += ["", f"### {rows:,} rows, {kind}", "", *table_of(found, baseline)]
            print("\n".join(lines[-len(found) - 4 :]), flush=True)
    if asked.write:
        asked.write.write_text(HEADER + "\n".join(lines).strip() + "\n")


if __name__ == "__main__":
    main()
