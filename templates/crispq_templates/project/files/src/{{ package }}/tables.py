"""Tables in and out. They are read as crispq reads them: strictly, so that no column shifts and no value is lost."""

import re
from pathlib import Path

import duckdb
import pandas as pd


def read(path: Path) -> pd.DataFrame:
    """Return the rows of a CSV or Parquet file; the text "NA" stays text, only an empty cell is missing."""
    if path.suffix == ".parquet":
        return duckdb.from_parquet(str(path)).df()
    return duckdb.read_csv(
        [str(path)],
        header=True,
        skiprows=0,
        delimiter=_separator(path),
        quotechar='"',
        escapechar='"',
        comment="",
        sample_size=-1,
        strict_mode=True,
    ).df()


def _separator(path: Path) -> str:
    with path.open(encoding="utf-8-sig") as stream:
        header = re.sub(r'"[^"]*"', "", stream.readline())
    return max(",;\t|", key=header.count)


def write(frame: pd.DataFrame, path: Path) -> None:
    """Write the rows as Parquet; the same rows give the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.to_parquet(path, index=False)
