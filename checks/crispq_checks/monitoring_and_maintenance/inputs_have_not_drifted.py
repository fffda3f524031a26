"""The inputs in production still look like those the model was trained on.

## Why
A model knows only the world of its training data. The world moves on, sensors age, and an update elsewhere may change
a unit or a form from one day to the next. Inputs tell so at once; labels, if they come at all, tell months later.

## How it is measured
Every file of the table `production` is a window, in the order of their names. A window with fewer than `fewest` rows is
put together with the next ones until there are enough; what is left over at the end is put to the window before. The
last `latest` windows are held against the table `train`, column by column (no target, key, group or time):
- Size of a shift: for numbers and dates the Wasserstein-1 distance in standard deviations of the training data; for
  categories the sum of the absolute differences of all shares (twice the total variation distance, 0 to 2); for missing
  values the same for the shares missing and present. 0.2 is what one calls a small effect; 1.0 is beyond doubt.
- Chance: a permutation test at the window's own size, adjusted over all columns of the window (Benjamini-Hochberg).
- A column has drifted in a window if its adjusted p-value is at most `q` and the size at least `effect`.
Where predictions are listed for `test` and `production`, the model's output is watched like a column (production against
test, which the model had not seen), in a family of its own at `q` / 5. Judged are:
- `consecutive_windows`: for how many windows in a row, up to the latest, one and the same column has drifted. One or two
  are a warning (one window in twenty drifts by chance), three fail by default.
- `largest_shift`: the largest size among the columns that drifted in the latest window. Above 1.0 it fails at once: that
  is a changed unit or code, not ageing.
- `broken_columns`: in any of these files, a column that is missing, of another type, or empty or constant although the
  training data makes that less likely than 1 in 1000 over all columns. None is allowed.
With fewer than 30 rows in the latest window or in training there is too little data to tell.

## How to mend it
Find out what changed before the model is touched. A unit, a code, a sensor or an interface: mend it there, or go back to
data preparation. A world that moved on: go back to data preparation with new data, train again and evaluate in full; if
the new inputs lie outside of what the project was planned for, go back to business and data understanding.

## Source
CRISP-ML(Q) §3.6, pp. 405-406 (monitor); Ramdas, Garcia Trillos and Cuturi, Entropy 19 (2017), 47; Benjamini and
Hochberg, J. R. Stat. Soc. B 57 (1995), pp. 289-300; Cohen, "Statistical Power Analysis" (1988), on sizes of effect.

## What it cannot see
Shifts of several columns together that leave each one as it was; a changed meaning of the same inputs (only labels show
that: see `performance_holds`); shifts smaller than chance in small windows. Rows that belong together (one patient, one
day) make windows differ more than the test assumes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from crispq import Chart, Estimate, Evidence, Example, Finding, Findings, Measurement, Table, TableData, at_most, check, none

if TYPE_CHECKING:
    import pandas as pd

#: A family-wise chance that an honest file is called broken.
BROKEN_BY_CHANCE = 0.001
FEWEST_RESAMPLES = 1999
#: The share of `q` that the model's output gets, which is tested beside the columns.
SHARE_OF_OUTPUT = 0.2
#: How many columns of a window the table shows, and how many the chart.
SHOWN, DRAWN = 5, 8
ENOUGH = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """One file of the production table: its rows, the model's output for them (or None), and what is wrong with it."""

    path: str
    frame: pd.DataFrame
    output: pd.Series | None = None
    unusable: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moved:
    """One column in one window: size of its shift, the adjusted p-value that belongs to it, and whether it drifted."""

    column: str
    size: float
    p_value: float
    drifted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Window:
    name: str
    rows: int
    moved: tuple[_Moved, ...]

    @property
    def drifted(self) -> dict[str, float]:
        """The columns that drifted, worst first, with their sizes."""
        found = sorted((one for one in self.moved if one.drifted), key=lambda one: -one.size)
        return {one.column: one.size for one in found}


@check(
    task="monitor",
    catalogue=("MM1-C2", "MM1-C4"),
    risks=("R52", "R54"),
    limits={
        "consecutive_windows": at_most(2, warn=0, min_n=ENOUGH),
        "largest_shift": at_most(1.0, warn=0.2, min_n=ENOUGH),
        "broken_columns": none(),
    },
    seconds=1200,
)
def inputs_have_not_drifted(  # noqa: PLR0913 - each word is one setting
    evidence: Evidence,
    *,
    fewest: int = 30,
    latest: int = 12,
    effect: float = 0.2,
    q: float = 0.05,
    model: str | None = None,
) -> Measurement:
    """Hold the latest windows of production against the training data."""
    train = evidence.table("train").frame()
    columns = [str(name) for name in train.columns if name not in evidence.data.not_features]
    files = _files(evidence)
    used = files[-_files_needed(files, fewest, latest) :]
    broken = list(_broken(train, used, columns))
    told = frozenset(finding.path for finding, _ in broken)
    used = [_without(file, {name for one, name in broken if one.path == file.path}) for file in used]
    reference, used = (None, used) if told else _with_output(evidence, used, files, model)
    windows = [
        _screened(train, reference, pool, columns, effect, q) for pool in _pooled(used, fewest)
    ]
    return _measurement(train, columns, windows, len(used), [finding for finding, _ in broken], effect)
