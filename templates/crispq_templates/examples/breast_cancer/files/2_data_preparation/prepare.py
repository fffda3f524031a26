"""Splits the cases into training, test and three batches that play production.

Run from the project's root: python 2_data_preparation/prepare.py --seed 0
The same seed gives the same bytes. Nothing is learned from the data here: scaling belongs to the model.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pandas as pd
from sklearn.model_selection import train_test_split

from tumour.columns import KEY, NUMBERS, TARGET
from tumour.plausible import refusals
from tumour.records import digest, write_json
from tumour.tables import read, write

RAW = Path("data/raw/cases.parquet")
QUARANTINE = Path("data/quarantine/cases.parquet")
MANIFEST = Path("2_data_preparation/split.json")
TEST_ROWS, PRODUCTION_ROWS, BATCHES = 205, 137, 3


def main(seed: int) -> None:
    """Set implausible cases aside, split the others, write what came out and how."""
    cases = _without_implausible(read(RAW))
    earlier, later = split(cases, PRODUCTION_ROWS, seed)
    train, test = split(earlier, TEST_ROWS, seed)
    tables = {Path("data/prepared/train.parquet"): train, Path("data/prepared/test.parquet"): test}
    for number, rows in enumerate(batches(later, seed), start=1):
        tables[Path(f"data/production/batch_{number}.parquet")] = rows
    for path, rows in tables.items():
        write(rows.sort_values(KEY), path)
    write_json(MANIFEST, manifest(seed, {path: len(rows) for path, rows in tables.items()}))
    print(", ".join(f"{path.stem} {len(rows)} rows" for path, rows in tables.items()))


def split(cases: pd.DataFrame, held_back: int, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the cases in two: what stays, and `held_back` rows."""
    stays, held = train_test_split(cases, test_size=held_back, stratify=strata(cases), random_state=seed)
    return stays, held


def batches(rows: pd.DataFrame, seed: int) -> list[pd.DataFrame]:
    """Return the rows in three parts of one size, each with its share of every stratum."""
    shuffled = rows.sample(frac=1, random_state=seed)
    order = strata(shuffled).sort_values(kind="stable").index
    return [rows.loc[order[start::BATCHES]] for start in range(BATCHES)]


def strata(cases: pd.DataFrame) -> pd.Series:
    """Tell diagnosis, and whether the nuclei are smaller than the median of that diagnosis.

    Malignant tumours with small nuclei are the hard ones; each part shall have its share of them.
    """
    median = cases.groupby(TARGET)["mean_area"].transform("median")
    return cases[TARGET] + (cases["mean_area"] < median).map({True: " small", False: " large"})


def manifest(seed: int, rows: dict[Path, int]) -> dict:
    """Return what split.json says."""
    return {
        "schema": "crispq/split/1",
        "method": "random, stratified by diagnosis and size of the nuclei",
        "seed": seed,
        "source": {"path": RAW.as_posix(), "sha256": digest(RAW)},
        "tables": {
            _name(path): {"path": path.as_posix(), "sha256": digest(path), "rows": count}
            for path, count in sorted(rows.items())
        },
    }


def _name(path: Path) -> str:
    return path.stem.replace("batch", "production")


def _without_implausible(cases: pd.DataFrame) -> pd.DataFrame:
    """Set implausible and incomplete rows aside, in quarantine, for a person to look at."""
    reasons = refusals(cases)
    rejected = cases.assign(reason=reasons)[reasons.notna()]
    if len(rejected):
        write(rejected, QUARANTINE)
        print(f"{len(rejected)} cases set aside in {QUARANTINE}", file=sys.stderr)
    return cases[reasons.isna()][[KEY, *NUMBERS, TARGET]]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    main(parser.parse_args().seed)
