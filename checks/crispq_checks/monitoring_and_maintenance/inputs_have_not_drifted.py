"""The inputs in production still look like those the model was trained on.

## Why
A model knows only the world of its training data. The world moves on, sensors age, and an update elsewhere may change
a unit or a form from one day to the next. Inputs tell so at once; labels, if they come at all, tell months later.

## How it is measured
Every file of the table `production` is a window, in the order of their names. A window with fewer than `fewest` rows is
put together with the next ones until there are enough; what is left over at the end is put to the window before. The
last `latest` windows are held against the table `train`, column by column (no target, key, group or time):
- Size of a shift: for numbers and dates the Wasserstein-1 distance in standard deviations of the training data; for
  categories the sum of the absolute differences of all shares (twice the total variation distance, 0 to 2), less what
  it is on average by chance (with many categories and few rows that is much); for missing values the sum itself, of the
  shares missing and present. 0.2 is what one calls a small effect; 1.0 is beyond doubt.
- Chance: a permutation test at the window's own size, adjusted over all columns of the window (Benjamini-Hochberg).
- A column has drifted in a window if its adjusted p-value is at most `q` and the size at least `effect`.
Where predictions are listed for `test` and `production`, the model's output is watched like a column (production
against test, which the model had not seen), in a family of its own at `q` / 5. Judged are:
- `consecutive_windows`: for how many windows in a row, up to the latest, one and the same column has drifted. One or
  two are a warning (one window in twenty drifts by chance), three fail by default.
- `largest_shift`: the largest size among the columns that drifted in the latest window. Above 1.0 it fails at once:
  that is a changed unit or code, not ageing.
- `broken_columns`: in any of these files, a column that is missing, of another type, or empty or constant although the
  training data makes that less likely than 1 in 1000 over all columns. None is allowed.
The columns that drifted in the latest window are listed as findings (`drifted_columns`), to be shown, not judged.
With fewer than 30 rows in the latest window or in training there is too little data to tell.

## How to mend it
Find out what changed before the model is touched. A unit, a code, a sensor or an interface: mend it there, and move
files that were broken on their way out of the table. A world that moved on: go back to data preparation with new data,
train again and evaluate in full; if the new inputs lie outside of what the project was planned for, go back to business
and data understanding.

## Source
CRISP-ML(Q) §3.6, pp. 405-406 (monitor); Ramdas, Garcia Trillos and Cuturi, Entropy 19 (2017), 47; Benjamini and
Hochberg, J. R. Stat. Soc. B 57 (1995), pp. 289-300; Cohen, "Statistical Power Analysis" (1988), on sizes of effect.

## What it cannot see
Shifts of several columns together that leave each one as it was; a changed meaning of the same inputs (only labels show
that: see `performance_holds`); shifts smaller than chance. Among 30 columns, a window of 37 rows showed a shift of 0.75
standard deviations in 12 of 12 trials, one of 0.5 in 3; set `fewest` to 200 to see smaller ones. Rows that belong
together (one patient, one day) make windows differ more than the test assumes. With very many categories chance takes
most of the size away: 150 of them, all recoded, show 0.4 in a window of 40 rows against 300 (drifted, but below 1.0).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from crispq import (
    Chart,
    Estimate,
    Evidence,
    Example,
    Finding,
    Findings,
    Measurement,
    NotMeasurable,
    Table,
    TableData,
    at_most,
    check,
    none,
)

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
#: The most points that the chart holds.
POINTS = 200
OUTPUT = "output of the model"
ABSENT, OTHER_TYPE = "is not there", "which is another type"


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """One file of the production table, what is wrong with it, and the columns that cannot be compared for it."""

    path: str
    frame: pd.DataFrame
    findings: tuple[Finding, ...] = ()
    unusable: frozenset[str] = frozenset()
    output: pd.Series[Any] | None = None


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
    if not columns:
        raise NotMeasurable("the table 'train' has no column that a model is given")
    files = _files(evidence, train, columns)
    reference, files = _with_output(evidence, files, model)
    pools = _pooled(files, fewest)[-max(1, latest) :]
    windows = [_window(train, reference, pool, columns, effect, q) for pool in pools]
    broken = tuple(finding for pool in pools for file in pool for finding in file.findings)
    examined = len(columns) * sum(len(pool) for pool in pools)
    n = min(len(train), windows[-1].rows)
    watched = f"{len(columns)} inputs" + ("" if reference is None else " and the model's output")
    return Measurement(
        values={
            "consecutive_windows": Estimate(value=max(_runs(windows).values(), default=0), n=n),
            "largest_shift": Estimate(value=max(windows[-1].drifted.values(), default=0.0), n=n),
            "broken_columns": Findings(examined=examined, items=broken),
            "drifted_columns": Findings(examined=len(windows[-1].moved), items=tuple(_drifted(windows, pools[-1]))),
        },
        summary=_summary(windows, watched, broken),
        tables=(_table(windows),),
        charts=(_chart(windows, effect),),
    )


# --- the files -----------------------------------------------------------------------------------


def _files(evidence: Evidence, train: pd.DataFrame, columns: Sequence[str]) -> list[_File]:
    """The files with at least one row, each read by itself, so that one of another shape can be told from the rest."""
    pattern = evidence.data.tables.get("production")
    paths = evidence.files(pattern) if pattern else ()
    for path in paths:
        evidence.path(path)
    frames = {path: TableData(name=path, root=evidence.root, paths=(path,)).frame() for path in paths}
    filled = {path: frame for path, frame in frames.items() if len(frame)}
    if not filled:
        evidence.table("production")
        raise NotMeasurable("the table 'production' holds no row")
    chance = BROKEN_BY_CHANCE / (len(columns) * len(filled))
    return [_inspected(path, frame, train, columns, chance) for path, frame in filled.items()]


def _inspected(path: str, frame: pd.DataFrame, train: pd.DataFrame, columns: Sequence[str], chance: float) -> _File:
    wrong = {name: _unlike(train[name], frame[name], chance) if name in frame else ABSENT for name in columns}
    return _File(
        path=path,
        frame=frame,
        findings=tuple(
            Finding(message=f"the column {name!r} {what}", path=path) for name, what in wrong.items() if what
        ),
        unusable=frozenset(name for name, what in wrong.items() if what == ABSENT or OTHER_TYPE in what),
    )


def _unlike(train: pd.Series[Any], column: pd.Series[Any], chance: float) -> str:
    """What is wrong with a column of one file; "" for what may well be chance."""
    known, present = train.dropna(), column.dropna()
    if not len(known):
        return ""
    if not len(present):
        gaps = (len(train) - len(known) + 1) / (len(train) + 1)
        return "is empty, in training it was not" if gaps ** len(column) < chance else ""
    was, is_now = _kind(known), _kind(present)
    if was != is_now:
        return f"holds {is_now} here and {was} in training, {OTHER_TYPE}"
    counts = known.value_counts()
    if len(counts) > 1 and bool((present == present.iloc[0]).all()):
        most = (int(counts.iloc[0]) + 1) / (len(known) + 1)
        return "has one single value, in training it had many" if most ** len(present) < chance else ""
    return ""


def _kind(present: pd.Series[Any]) -> str:
    """What the values are; numbers of all types are of one kind."""
    import pandas as pd

    plain = present.infer_objects()
    if pd.api.types.is_bool_dtype(plain):
        return "true and false"
    if pd.api.types.is_numeric_dtype(plain):
        return "numbers"
    return "dates" if pd.api.types.is_datetime64_any_dtype(plain) else "text"


def _with_output(
    evidence: Evidence, files: list[_File], model: str | None
) -> tuple[pd.Series[Any] | None, list[_File]]:
    """The model's output for the table test, and the files with their part of the output for production."""
    if not evidence.models or any(file.unusable for file in files):
        return None, files
    spec = evidence.model(model)
    if not {"test", "production"} <= set(spec.predictions):
        return None, files
    reference, output = evidence.predictions("test", model), evidence.predictions("production", model)
    name = "probability" if "probability" in reference and "probability" in output else "prediction"
    ends = list(itertools.accumulate(len(file.frame) for file in files))
    parts = [output[name].iloc[end - len(file.frame) : end] for file, end in zip(files, ends, strict=True)]
    return reference[name], [replace(file, output=part) for file, part in zip(files, parts, strict=True)]


def _pooled(files: Sequence[_File], fewest: int) -> list[list[_File]]:
    """The files in windows of at least `fewest` rows, as far as there are so many."""
    pools: list[list[_File]] = [[]]
    for file in files:
        if sum(len(one.frame) for one in pools[-1]) >= fewest:
            pools.append([])
        pools[-1].append(file)
    if len(pools) > 1 and sum(len(one.frame) for one in pools[-1]) < fewest:
        rest = pools.pop()
        pools[-1] += rest
    return pools


# --- the windows ---------------------------------------------------------------------------------


def _window(  # noqa: PLR0913, PLR0917 - each word is one fact about the comparison
    train: pd.DataFrame,
    reference: pd.Series[Any] | None,
    pool: Sequence[_File],
    columns: Sequence[str],
    effect: float,
    q: float,
) -> _Window:
    import pandas as pd

    usable = [name for name in columns if not any(name in file.unusable for file in pool)]
    rows = pd.concat([file.frame[usable] for file in pool], ignore_index=True)
    moved = list(_moved(train, rows, usable, effect, q))
    if reference is not None:
        parts = [file.output for file in pool if file.output is not None]
        output = pd.concat(parts, ignore_index=True).to_frame(OUTPUT)
        moved += _moved(reference.to_frame(OUTPUT), output, [OUTPUT], effect, q * SHARE_OF_OUTPUT)
    first, last = PurePosixPath(pool[0].path).stem, PurePosixPath(pool[-1].path).stem
    return _Window(name=first if len(pool) == 1 else f"{first} to {last}", rows=len(rows), moved=tuple(moved))


def _moved(
    reference: pd.DataFrame, window: pd.DataFrame, columns: Sequence[str], effect: float, q: float
) -> Iterator[_Moved]:
    from crispq_checks.statistics.drift import drift_screen

    if not columns:
        return
    resamples = max(FEWEST_RESAMPLES, math.ceil(2 * len(columns) / q))
    for one in drift_screen(reference, window, columns, q, resamples=resamples):
        size = one.effect if one.kind == "numeric" else 2 * one.effect
        tested = [(size, one.adjusted_p_value), (2 * one.missing_effect, one.missing_adjusted_p_value)]
        shifts = [(size, 1.0 if p_value is None else p_value) for size, p_value in tested]
        real = [(size, p_value) for size, p_value in shifts if p_value <= q and size >= effect]
        size, p_value = max(real or shifts[:1])
        yield _Moved(column=one.column, size=size, p_value=p_value, drifted=bool(real))


def _runs(windows: Sequence[_Window]) -> dict[str, int]:
    """For each column that drifted in the latest window, for how many windows in a row it has."""
    return {
        column: len(list(itertools.takewhile(lambda one: column in one.drifted, reversed(windows))))  # noqa: B023 - used at once
        for column in windows[-1].drifted
    }


# --- what the reader sees ------------------------------------------------------------------------


def _summary(windows: Sequence[_Window], watched: str, broken: Sequence[Finding]) -> str:
    last, runs = windows[-1], _runs(windows)
    told = [f"{column!r} by {size:.2f} (window {runs[column]} in a row)" for column, size in last.drifted.items()]
    more = f" and {len(told) - SHOWN} more" if len(told) > SHOWN else ""
    drifted = f"{len(told)} drifted: {', '.join(told[:SHOWN])}{more}" if told else "none drifted"
    first = f"; {broken[0].path}: {broken[0].message}" if broken else ""
    return f"{watched}, {len(windows)} windows; in the latest ({last.name}, {last.rows} rows) {drifted}{first}"


def _drifted(windows: Sequence[_Window], pool: Sequence[_File]) -> Iterator[Finding]:
    """What moved in the latest window, worst first: to be shown, while the numbers are judged."""
    runs = _runs(windows)
    for column, size in windows[-1].drifted.items():
        message = (
            f"{column!r} has moved by {size:.2f} in the latest window (window {runs[column]} in a row); "
            "find out what changed at its source"
        )
        yield Finding(message=message, path=pool[-1].path)


def _table(windows: Sequence[_Window]) -> Table:
    rows = tuple(
        (
            window.name,
            window.rows,
            one.column,
            round(one.size, 3),
            round(one.p_value, 4),
            "yes" if one.drifted else "no",
        )
        for window in windows
        for one in sorted(window.moved, key=lambda one: (not one.drifted, -one.size))[:SHOWN]
    )
    return Table(
        title=f"The {SHOWN} columns of each window that moved most",
        columns=("window", "rows", "column", "size of the shift", "adjusted p-value", "drifted"),
        rows=rows,
    )


def _chart(windows: Sequence[_Window], effect: float) -> Chart:
    largest: dict[str, float] = {}
    for one in (one for window in windows for one in window.moved):
        largest[one.column] = max(one.size, largest.get(one.column, 0.0))
    drawn = sorted(largest, key=lambda column: -largest[column])[:DRAWN]
    points = [
        {"window": window.name, "column": one.column, "size": round(one.size, 4), "drifted": one.drifted}
        for window in windows[-POINTS // DRAWN :]
        for one in window.moved
        if one.column in drawn
    ]
    drifted = len(windows[-1].drifted)
    encoding: dict[str, Any] = {
        "x": {"field": "window", "type": "ordinal", "sort": None, "title": "window of production"},
        "y": {"field": "size", "type": "quantitative", "title": "size of the shift"},
        "color": {"field": "column", "type": "nominal", "sort": drawn, "title": "column"},
    }
    return Chart(
        title="How far the inputs have moved",
        description=(
            f"Size of the shift of the {len(drawn)} columns that moved most, over {len(windows)} windows; {drifted} "
            f"columns drifted in the latest; filled points are beyond chance and beyond the line at {effect:g}."
        ),
        spec={
            "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
            "width": 480,
            "height": 240,
            "layer": [
                {"data": {"values": points}, "mark": "line", "encoding": encoding},
                {
                    "data": {"values": points},
                    "mark": {"type": "point", "size": 60},
                    "encoding": encoding
                    | {"fillOpacity": {"condition": {"test": "datum.drifted", "value": 1}, "value": 0}}
                    | {"fill": encoding["color"] | {"legend": None}},
                },
                {
                    "data": {"values": [{"effect": effect}]},
                    "mark": {"type": "rule", "strokeDash": [4, 3]},
                    "encoding": {"y": {"field": "effect", "type": "quantitative"}},
                },
            ],
        },
    )


def _days(shift: float = 0.0, factor: float = 1.0, rows: int = 40, **more: list[Any]) -> dict[str, Any]:
    """A window whose sizes lie evenly over the training data's range, moved and stretched."""
    sizes = [factor * (10 + index * 7 % rows / rows + shift) for index in range(rows)]
    sites = ["north", "south"] * (rows // 2)
    return {"id": list(range(rows)), "size": sizes, "site": sites, "ill": [0, 1] * (rows // 2)} | more


def _example(
    status: str, title: str, windows: Sequence[Mapping[str, Any] | str], says: str = "", **more: Any
) -> Example:
    tables = {"train": "data/train.csv", "test": "data/test.csv", "production": "data/production/*.csv"}
    files: dict[str, Any] = {f"data/production/{number}.csv": one for number, one in enumerate(windows, start=1)}
    config = {"data": {"target": "ill", "positive": 1, "key": "id", "tables": tables}}
    return Example(
        status=status,
        title=title,
        config=config | more.pop("config", {}),
        files={"data/train.csv": _days(rows=200), **files, **more.pop("files", {})},
        says=says,
        **more,
    )


_SITES = ["north"] * 4 + ["south"] * 4 + ["west"] * 32
_OUTPUT = {
    "files": {
        "data/test.csv": _days(),
        "data/of_test.csv": {"id": list(range(40)), "prediction": [0, 1] * 20},
        "data/of_production.csv": {"id": list(range(40)), "prediction": [0] * 39 + [1]},
    },
    "config": {
        "models": {
            "tumour": {
                "estimator": "tumour.model:build",
                "predictions": {"test": "data/of_test.csv", "production": "data/of_production.csv"},
            }
        }
    },
}

EXAMPLES = (
    _example("pass", "three windows like training", [_days(), _days(), _days()], "none drifted"),
    _example("pass", "small windows are pooled", [_days(rows=20)] * 3, "1 to 3, 60 rows"),
    _example("warn", "a shift in the latest window only", [_days(), _days(), _days(0.2)], "window 1 in a row"),
    _example("fail", "a shift in three windows", [_days(), *[_days(0.2)] * 3], "window 3 in a row"),
    _example("pass", "a shift that is over", [*[_days(0.2)] * 3, _days()]),
    _example("fail", "a changed unit", [_days(), _days(factor=2.54)], "'size' by"),
    _example("fail", "a category that training did not know", [_days(site=_SITES)], "'site' by 1.4"),
    _example("fail", "missing values in half of the rows", [_days(size=[None, 10.5] * 20)], "'size' by"),
    _example("warn", "the model's output alone has moved", [_days()], OUTPUT, **_OUTPUT),
    _example(
        "fail",
        "a column is missing",
        [_days(), {name: cells for name, cells in _days().items() if name != "site"}],
        "the column 'site' is not there",
    ),
    _example("fail", "text instead of numbers", [_days(size=["10,5"] * 40)], "holds text here"),
    _example("fail", "an empty column", [_days(size=[None] * 40)], "is empty"),
    _example("fail", "a sensor that hangs", [_days(size=[10.5] * 40)], "one single value"),
    _example("inconclusive", "too few rows", [_days(rows=10)], "10 observations"),
    _example("fail", "no production data", [], "no file matches"),
    Example(status="fail", title="no table is listed", says="no table 'train' is listed"),
    _example("error", "a file that is no table", ["id,size,site,ill\n1,2\n"], "1.csv"),
)
