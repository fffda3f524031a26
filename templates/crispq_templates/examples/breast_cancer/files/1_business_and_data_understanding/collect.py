"""Collects the raw data: the Wisconsin Diagnostic Breast Cancer set in the copy that scikit-learn carries.

Run from the project's root: python 1_business_and_data_understanding/collect.py
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pandas as pd
from sklearn.datasets import load_breast_cancer

from tumour.columns import KEY, NUMBERS, TARGET
from tumour.tables import write

RAW = Path("data/raw/cases.parquet")
#: Of the collected table as CSV text; see data_versions.md. The Parquet file's own digest varies with the library.
VERSION_1 = "2e4c0682190a8c85c43fbbb30de7636bb39797daeb367a1cb6a77c5ad59e4f95"


def main() -> None:
    """Write the table, unless its content is another than the one this project is about."""
    frame = collect()
    found = hashlib.sha256(frame.to_csv(index=False, lineterminator="\n").encode()).hexdigest()
    if found != VERSION_1:
        sys.exit(f"scikit-learn's copy of the data has changed (sha256 {found}); describe it in data_versions.md first")
    write(frame, RAW)
    print(f"{RAW}: {len(frame)} cases, {len(NUMBERS)} measurements each")


def collect() -> pd.DataFrame:
    """Return the 569 cases in their original order, numbered by us: the set's own case numbers are not in scikit-learn."""
    loaded = load_breast_cancer(as_frame=True)
    measured = loaded.data.rename(columns=_renamed)[list(NUMBERS)]
    keys = [f"case_{number:03}" for number in range(1, len(measured) + 1)]
    names = loaded.target_names[loaded.target]
    return pd.concat([pd.Series(keys, name=KEY), measured, pd.Series(names, name=TARGET).astype(str)], axis=1)


def _renamed(column: str) -> str:
    """`mean concave points` -> mean_concave_points, `radius error` -> error_radius."""
    if column.endswith(" error"):
        column = f"error {column.removesuffix(' error')}"
    return column.replace(" ", "_")


if __name__ == "__main__":
    main()
