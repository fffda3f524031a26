"""Asks crispq about tables of real dirt, found in packages of the registry, and prints what it says.

python benchmarks/real_dirt/run.py diamonds|penguins|flights [--keep FOLDER] [--seed 0]

Each table has a folder here: which package it comes from, what its columns mean, and a suite that was written from
that meaning. The package is downloaded with pip; nothing of it is kept.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

HERE = Path(__file__).resolve().parent
UNDERSTANDING, PREPARATION = "1_business_and_data_understanding", "2_data_preparation"
CHECKS = (
    "business_and_data_understanding.columns_are_described",
    "business_and_data_understanding.data_meets_its_expectations",
    "business_and_data_understanding.schema_covers_every_column",
    "business_and_data_understanding.schema_catches_faults",
    "business_and_data_understanding.sample_is_large_enough",
    "business_and_data_understanding.no_undeclared_personal_data",
    "business_and_data_understanding.joins_are_healthy",
    "business_and_data_understanding.labels_are_reliable",
    "business_and_data_understanding.signal_exists",
    "business_and_data_understanding.criteria_beat_the_trivial_predictor",
    "data_preparation.units_are_declared",
    "data_preparation.no_hidden_unit_change",
    "data_preparation.imputation_is_bounded",
    "data_preparation.missingness_is_not_informative",
    "data_preparation.exclusions_are_logged",
    "data_preparation.exclusions_do_not_shift_the_data",
    "data_preparation.resampling_is_confined",
    "data_preparation.split_is_disjoint",
    "data_preparation.train_and_test_agree",
    "data_preparation.no_target_leak",
    "data_preparation.features_are_not_redundant",
    "data_preparation.features_are_permitted",
)


def main() -> None:
    """Build the project of one table, ask, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", choices=sorted(path.parent.name for path in HERE.glob("*/table.yaml")))
    parser.add_argument("--keep", type=Path, help="an empty folder to build in, which is kept")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        root = build(given.table, folder, given.seed)
        print("\n".join(proposed(root)))
        print("\n".join(asked(root)))


def build(table: str, folder: Path, seed: int) -> Path:
    """The project: the data as it lies in its package, our suite, our table of columns, and the scaffold's split."""
    facts = YAML(typ="safe").load((HERE / table / "table.yaml").read_text(encoding="utf-8"))
    files = dict(downloaded(facts, folder))
    answers = {"data": files["raw"], "ci": "none", "name": table, **facts["answers"]}
    words = [word for name, answer in answers.items() for word in ("--data", f"{name}={answer}")]
    crispq(folder, "new", "project", "--defaults", *words)
    root = folder / "project"
    _write_tables(root, {name: path for name, path in files.items() if name != "raw"})
    for suite in (HERE / table / "expectations").glob("*.json"):
        (root / UNDERSTANDING / "expectations" / suite.name).write_bytes(suite.read_bytes())
    _write_columns(root / UNDERSTANDING / "data_description.md", (HERE / table / "columns.md").read_text("utf-8"))
    _write_phase(root / UNDERSTANDING / "phase.yaml", facts)
    run(root, sys.executable, f"{PREPARATION}/prepare.py", "--seed", str(seed))
    return root


def downloaded(facts: Mapping[str, Any], folder: Path) -> Iterator[tuple[str, Path]]:
    """Each table's name and file, taken out of the package; Parquet where a sign for "missing" is translated."""
    run(folder, sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", "package", facts["package"])
    (archive,) = (folder / "package").iterdir()
    for name, member in facts["tables"].items():
        content = member_of(archive, member)
        path = folder / Path(member).name.removesuffix(".zip")
        path.write_bytes(member_of_zip(content, path.name) if member.endswith(".zip") else content)
        yield name, with_gaps(path, facts["missing"]) if "missing" in facts else path


def member_of(archive: Path, member: str) -> bytes:
    """One file of a wheel or of a source archive."""
    if archive.suffix == ".whl":
        return member_of_zip(archive.read_bytes(), member)
    with tarfile.open(archive) as opened:
        stream = opened.extractfile(member)
        assert stream is not None  # noqa: S101 - extractfile returns None for folders only
        return stream.read()


def member_of_zip(content: bytes, member: str) -> bytes:
    """One file of a zip archive."""
    with zipfile.ZipFile(io.BytesIO(content)) as opened:
        return opened.read(member)


def with_gaps(path: Path, sign: str) -> Path:
    """The table as Parquet, with the sign read as a missing value."""
    import duckdb

    target = path.with_suffix(".parquet")
    duckdb.read_csv(str(path), na_values=sign, sample_size=-1, timestamp_format="%Y-%m-%dT%H:%M:%SZ").write_parquet(
        str(target)
    )
    return target


def _write_tables(root: Path, files: Mapping[str, Path]) -> None:
    lines = ""
    for name, path in files.items():
        (root / "data/raw" / path.name).write_bytes(path.read_bytes())
        lines += f"    {name}: data/raw/{path.name}\n"
    config = root / "crispq.yaml"
    config.write_text(config.read_text("utf-8").replace("    train:", f"{lines}    train:", 1), "utf-8")


def _write_columns(path: Path, table: str) -> None:
    text, count = re.subn(r"(?m)(^\|.*\|\n)+", lambda _: table, path.read_text("utf-8"), count=1)
    if count != 1:
        sys.exit(f"{path} holds no table of columns")
    path.write_text(text, "utf-8")


def _write_phase(path: Path, facts: Mapping[str, Any]) -> None:
    yaml = YAML()
    phase = yaml.load(path.read_text("utf-8"))
    demands = facts["requirements"]
    phase["requirements"] = [
        {"id": "B1", "level": "business", "owner": "business_owner", **demands["B1"]},
        {"id": "ML1", "level": "ml", "owner": "ml_lead", "serves": ["B1"], **demands["ML1"]},
    ]
    phase["checks"] = dict(facts.get("checks", {}))
    with path.open("w", encoding="utf-8") as stream:
        yaml.dump(phase, stream)


def crispq(folder: Path, *words: str) -> str:
    """Run a verb, and return what it prints; a gate that stays shut is an answer too."""
    return run(folder, sys.executable, "-m", "crispq", *words, may_fail=True)


def run(folder: Path, *words: str, may_fail: bool = False) -> str:
    """Run a program in the folder, and return what it prints."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": "src"}
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if not done.stdout if may_fail else done.returncode:
        sys.exit(f"{' '.join(words)}: {done.stderr}")
    return done.stdout


def proposed(root: Path) -> Iterator[str]:
    """What `crispq data profile` proposes for the raw table: one line for each expectation, and the columns."""
    text = crispq(root, "data", "profile", "raw")
    suite, end = json.JSONDecoder().raw_decode(text)
    yield "## crispq data profile raw\n"
    for one in suite["expectations"]:
        arguments = ", ".join(f"{name}={value}" for name, value in one["kwargs"].items())
        yield f"- {one['type'].removeprefix('expect_')}: {arguments}"
    yield text[end:].rstrip()


def asked(root: Path) -> Iterator[str]:
    """What the checks say: verdict, summary, and each finding."""
    results = json.loads(crispq(root, "check", *CHECKS, "--output", "json"))["results"]
    order = {name: place for place, name in enumerate(CHECKS)}
    yield "\n## crispq check\n"
    for one in sorted(results, key=lambda result: order[result["check"]]):
        yield f"- **{one['check'].rpartition('.')[2]}**: {one['status']} ({one['seconds']:.0f} s). {one['summary']}"
        for finding in one["findings"]:
            place = ":".join(str(part) for part in (finding.get("path"), finding.get("line")) if part)
            yield f"  - {finding['message']}" + (f" ({place})" if place else "")


if __name__ == "__main__":
    main()
