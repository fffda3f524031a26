"""Collects the raw data: the diabetes set of Efron et al. (2004), unscaled, in the copy that scikit-learn carries.

Run from the project's root: python 1_business_and_data_understanding/collect.py
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pandas as pd
from sklearn.datasets import load_diabetes

from progression.columns import KEY, NUMBERS, TARGET
from progression.tables import write

RAW = Path("data/raw/patients.parquet")
#: scikit-learn's names for the six blood values -> those of the paper.
BLOOD = {"s1": "tc", "s2": "ldl", "s3": "hdl", "s4": "tch", "s5": "ltg", "s6": "glu"}
#: Of the collected table as CSV text; see data_versions.md. The Parquet file's own digest varies with the library.
VERSION_1 = "25bd39eeaedc66de08f63dce14d45b72f208e20260863a850172bdfe7fcb4a43"


def main() -> None:
    """Write the table, unless its content is another than the one this project is about."""
    frame = collect()
    found = hashlib.sha256(frame.to_csv(index=False, lineterminator="\n").encode()).hexdigest()
    if found != VERSION_1:
        sys.exit(f"scikit-learn's copy of the data has changed (sha256 {found}); describe it in data_versions.md first")
    write(frame, RAW)
    print(f"{RAW}: {len(frame)} patients, {len(NUMBERS)} values each")


def collect() -> pd.DataFrame:
    """Return the 442 patients in their original order, numbered by us: the set has no patient numbers."""
    loaded = load_diabetes(as_frame=True, scaled=False)
    values = loaded.data.rename(columns=BLOOD)[list(NUMBERS)].astype({"sex": "int64"})
    keys = [f"patient_{number:03}" for number in range(1, len(values) + 1)]
    return pd.concat([pd.Series(keys, name=KEY), values, loaded.target.rename(TARGET)], axis=1)


if __name__ == "__main__":
    main()
