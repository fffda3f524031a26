"""What the contenders share: the demands, and where the table lies."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from demands import COLUMNS, NUMBERS, SETS, Demand, demands

__all__ = ["COLUMNS", "NUMBERS", "SETS", "Demand", "finish", "rows_and_table", "wanted"]


def rows_and_table() -> tuple[int, str]:
    """The number of rows that is demanded and the table's path, from the command line."""
    return int(sys.argv[1]), sys.argv[2]


def wanted() -> list[Demand]:
    """The demands on the table of the command line."""
    return demands(rows_and_table()[0])


def finish(met: int) -> None:
    """Say how many demands are met, and end with 0 if all are."""
    of = len(wanted())
    print(f"{met} of {of}")
    sys.exit(met != of)
