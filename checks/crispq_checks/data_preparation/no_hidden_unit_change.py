"""No column changes its unit on the way.

## Why
A laboratory goes from mg/dl to mmol/l, a supplier from inches to millimetres, an update from seconds to milliseconds,
and nobody says so. The numbers stay plausible to a program, and the model computes on another scale.

## How it is measured
Numeric columns are compared between blocks of rows that may come from different hands: the files of `raw`, the values
of `data.group` and of the columns named in the setting `by` (up to 20 values of at least 20 rows), eight blocks in time
where `data.time` is named (each against the others, and all before against all after), and `train` against each file of
`production`. Let a and b be the logarithms of two blocks (at least 95 % of the values positive, others left out), d the
difference of their medians, and s the larger of their robust standard deviations (1.4826 times the median absolute
deviation). A factor k of the list below is *possible* (warning) if all hold:

- |d| is at least 3 s: the shift is far beyond the spread;
- d is within 3 % of log k, or of -log k, plus twice the standard error of d, but never beyond 10 %;
- both blocks have 20 rows, the smaller s is at least half of the larger, and after conversion the two distributions lie
  at most 0.3 apart (Kolmogorov-Smirnov distance).

It is *probable* (fail) where the evidence is overwhelming: |d| is at least 5 s, d within 3 % whatever its error, 40
rows in both blocks, and a distance after conversion of at most 0.2. From 10 s on
the error of d is allowed for here too. Temperatures are tried as 1.8 x + 32 and x + 273.15: the medians agree after
conversion within 0.3 s, the spreads within a quarter, and before they lie 5 s apart (10 s for Kelvin).

Within one block (`raw` as a whole): where the sorted logarithms of a column have their widest gap, leaving at least 10
rows and 1 % on either side, both sides are compared in the same way, for factors of 10 and more only.

Factors: powers of ten up to a billion; 60, 3600, 24, 1440 (time); 3.6, 1.609, 2.54, 25.4, 3.281, 12 (length, speed);
2.205, 28.35, 16 (mass); 3.785, 29.57 (volume); 6.895, 7.501, 51.71 (pressure); 4.184 (energy); 18.02 (glucose), 38.67
(cholesterol), 88.57 (triglycerides), 88.42 (creatinine), 17.1 (bilirubin), 2.8 (urea as nitrogen).

- `probable_changes` (none), `possible_changes` (warning). Settings: `by`; `accepted` (column: reason) for columns in
  which such a difference is real.

FALSE ALARMS: none over 20 random divisions into four groups, eight times and two parts, each of iris, wine, breast
cancer, diabetes, digits and a made table. With the true classes of iris and wine taken as groups, one warning each and
no red. FOUND: of columns of breast cancer multiplied by 18.02 in two rows of five, 18 of 30 red and 9 warned; by 2.54,
5 and 7, since many of them spread more than that.

## How to mend it
Ask the source for the unit of that block; convert it in prepare.py, and state the unit in the data description.

## Source
CRISP-ML(Q) §3.2.4, pp. 400-401, and §3.6, pp. 406-407: updates may change the unit. Factors: The International System
of Units, 9th ed. (BIPM, 2019); for clinical chemistry, from molar masses (glucose 180.2, cholesterol 386.7, ... g/mol).

## What it cannot see
A change in all rows at once; factors near 1, and columns that spread over as much as the factor (1.609 in a column with
a standard deviation of a quarter); a change inside a block that touches less than 1 % of its rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from crispq import (
    Evidence,
    Example,
    Finding,
    Findings,
    Measurement,
    MissingEvidence,
    Table,
    check,
    none,
    not_applicable,
)

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

FACTORS: Mapping[str, float] = {
    **{f"10^{power}": 10.0**power for power in range(1, 10)},
    "60 (minutes, seconds)": 60.0,
    "3600 (hours, seconds)": 3600.0,
    "24 (days, hours)": 24.0,
    "1440 (days, minutes)": 1440.0,
    "3.6 (m/s, km/h)": 3.6,
    "1.609 (mile, km)": 1.609344,
    "2.54 (inch, cm)": 2.54,
    "25.4 (inch, mm)": 25.4,
    "3.281 (metre, foot)": 3.28084,
    "12 (foot, inch; year, month)": 12.0,
    "2.205 (kg, pound)": 2.204623,
    "28.35 (ounce, gram)": 28.34952,
    "16 (pound, ounce)": 16.0,
    "3.785 (gallon, litre)": 3.785412,
    "29.57 (fluid ounce, ml)": 29.57353,
    "6.895 (psi, kPa)": 6.894757,
    "7.501 (kPa, mmHg)": 7.500617,
    "51.71 (psi, mmHg)": 51.71493,
    "4.184 (calorie, joule)": 4.184,
    "18.02 (glucose, mmol/l, mg/dl)": 18.016,
    "38.67 (cholesterol, mmol/l, mg/dl)": 38.67,
    "88.57 (triglycerides, mmol/l, mg/dl)": 88.57,
    "88.42 (creatinine, mg/dl, umol/l)": 88.42,
    "17.1 (bilirubin, mg/dl, umol/l)": 17.1,
    "2.8 (urea nitrogen, mmol/l, mg/dl)": 2.801,
}
#: Slope, offset, and how many spreads apart the medians must lie before conversion.
TEMPERATURES: Mapping[str, tuple[float, float, float]] = {
    "Celsius, Fahrenheit": (1.8, 32.0, 5.0),
    "Celsius, Kelvin": (1.0, 273.15, 10.0),
}
FEWEST, MANY = 20, 40
MOST_VALUES, BLOCKS, MOST_ROWS = 20, 8, 20_000
NEAR, NEAREST, FARTHEST = 0.03, 2.0, 0.10
POSSIBLE, PROBABLE, BEYOND_DOUBT = 3.0, 5.0, 10.0
SHAPE, GOOD_SHAPE, SPREADS = 0.3, 0.2, 0.5
POSITIVE, SMALLEST_SIDE = 0.95, 0.01
FEWEST_DIFFERENT = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """Two blocks of rows, what they are called, and the file of the second."""

    first: pd.DataFrame
    second: pd.DataFrame
    words: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """A factor between two blocks of a column."""

    column: str
    words: str
    factor: str
    ratio: float
    spreads: float
    probable: bool
    path: str


@check(
    task="standardize_data",
    catalogue=("DP4-C3",),
    risks=("R27", "R54"),
    limits={"probable_changes": none(), "possible_changes": none(warn=True)},
)
def no_hidden_unit_change(
    evidence: Evidence, *, by: Sequence[str] = (), accepted: Mapping[str, str] | None = None
) -> Measurement:
    """Compare blocks of rows, column by column, with the factors between units."""
    raw = evidence.table("raw")
    data = evidence.data
    others = {data.target, data.key, data.group, data.time, data.file, data.digest, *by, *(accepted or {})}
    numbers = [name for name in _numbers(raw.frame()) if name not in others - ({data.target} - set(accepted or {}))]
    if not numbers:
        return not_applicable("the table 'raw' has no column of numbers, so that no unit can change")
    pairs = list(_pairs(evidence, by))
    found = [one for pair in pairs for one in _changes(pair, numbers)]
    found += list(_mixtures(raw.frame(numbers), raw.paths[0]))
    worst = _worst(found)
    examined = len(numbers) * (1 + len(pairs))
    return Measurement(
        values={
            "probable_changes": Findings(examined=examined, items=tuple(_told(one) for one in worst if one.probable)),
            "possible_changes": Findings(
                examined=examined, items=tuple(_told(one) for one in worst if not one.probable)
            ),
        },
        summary=_summary(len(numbers), len(pairs), worst),
        tables=(_table(worst),),
    )


def _numbers(frame: pd.DataFrame) -> list[str]:
    from pandas.api import types

    return [
        str(name)
        for name in frame
        if types.is_numeric_dtype(frame[name])
        and not types.is_bool_dtype(frame[name])
        and frame[name].nunique() >= FEWEST_DIFFERENT
    ]


# --- blocks --------------------------------------------------------------------------------------


def _pairs(evidence: Evidence, by: Sequence[str]) -> Iterator[_Pair]:
    raw, data = evidence.table("raw"), evidence.data
    files = raw.parts()
    if len(files) > 1:
        frames = {one.paths[0]: one.frame() for one in files[: 2 * MOST_VALUES]}
        yield from _each_against_the_rest(frames, dict(zip(frames, frames, strict=True)))
    frame = raw.frame()
    for name in dict.fromkeys((*by, data.group)):
        if name is not None and name in frame and frame[name].nunique() <= MOST_VALUES:
            values = {f"{name} {label}": rows for label, rows in frame.groupby(name, sort=True)}
            yield from _each_against_the_rest(values, dict.fromkeys(values, raw.paths[0]))
    if data.time is not None and data.time in frame:
        yield from _in_time(frame.sort_values(data.time, kind="stable"), data.time, raw.paths[0])
    yield from _production(evidence)


def _each_against_the_rest(blocks: Mapping[str, pd.DataFrame], paths: Mapping[str, str]) -> Iterator[_Pair]:
    import pandas as pd

    for name, rows in blocks.items():
        rest = [other for label, other in blocks.items() if label != name]
        if rest and len(rows) >= FEWEST:
            yield _Pair(first=pd.concat(rest), second=rows, words=f"{name} against the rest", path=paths[name])


def _in_time(frame: pd.DataFrame, name: str, path: str) -> Iterator[_Pair]:
    import numpy as np

    edges = np.linspace(0, len(frame), BLOCKS + 1).astype(int)
    for edge in edges[1:-1].tolist():
        words = f"rows from {str(frame[name].iloc[edge])[:19]} on against those before"
        yield _Pair(first=frame[:edge], second=frame[edge:], words=words, path=path)
    for start, end in pairwise(edges.tolist()):
        rest = np.r_[0:start, end : len(frame)]
        words = f"rows from {str(frame[name].iloc[start])[:19]} to {str(frame[name].iloc[end - 1])[:19]}"
        yield _Pair(first=frame.take(rest), second=frame[start:end], words=f"{words} against the rest", path=path)


def _production(evidence: Evidence) -> Iterator[_Pair]:
    try:
        train, later = evidence.table("train").frame(), evidence.table("production")
    except MissingEvidence:
        return
    for one in later.parts()[: 2 * MOST_VALUES]:
        yield _Pair(first=train, second=one.frame(), words=f"{one.paths[0]} against train", path=one.paths[0])


# --- factors -------------------------------------------------------------------------------------


def _changes(pair: _Pair, numbers: Sequence[str]) -> Iterator[_Change]:
    for name in numbers:
        if name not in pair.first or name not in pair.second:
            continue
        first, second = (_values(frame[name]) for frame in (pair.first, pair.second))
        if min(len(first), len(second)) < FEWEST:
            continue
        found = _factor(first, second, 1.0) or _temperature(first, second)
        if found is not None:
            factor, ratio, spreads, probable = found
            yield _Change(
                column=name,
                words=pair.words,
                factor=factor,
                ratio=ratio,
                spreads=spreads,
                probable=probable,
                path=pair.path,
            )


def _values(column: pd.Series[Any]) -> NDArray[np.float64]:
    """The finite numbers, at most 20,000 of them, evenly picked."""
    import numpy as np
    import pandas as pd

    numbers = pd.to_numeric(column, errors="coerce").to_numpy("float64", na_value=np.nan)
    numbers = numbers[np.isfinite(numbers)]
    return np.asarray(numbers[:: 1 + len(numbers) // MOST_ROWS])


def _factor(
    first: NDArray[np.float64], second: NDArray[np.float64], least: float
) -> tuple[str, float, float, bool] | None:
    """The factor between two blocks: its name, the ratio of the medians, the shift in spreads, and how sure."""
    import numpy as np

    if min((first > 0).mean(), (second > 0).mean()) < POSITIVE:
        return None
    own, other = np.log(first[first > 0]), np.log(second[second > 0])
    shift = float(np.median(other) - np.median(own))
    narrow, spread = sorted((_spread(own), _spread(other)))
    if spread == 0 or abs(shift) < POSSIBLE * spread or narrow < SPREADS * spread:
        return None
    error = 1.25 * spread * (1 / len(own) + 1 / len(other)) ** 0.5
    reach = min(NEAR + NEAREST * error, FARTHEST)
    fitting = {name: abs(abs(shift) - np.log(size)) for name, size in FACTORS.items() if size >= least}
    name = min(fitting, key=lambda one: fitting[one])
    if fitting[name] > reach:
        return None
    apart = _apart(own + np.sign(shift) * np.log(FACTORS[name]), other)
    if apart > SHAPE:
        return None
    many = min(len(own), len(other)) >= MANY
    close = fitting[name] <= (reach if abs(shift) >= BEYOND_DOUBT * spread else NEAR)
    sure = many and abs(shift) >= PROBABLE * spread and close and apart <= GOOD_SHAPE
    return name, float(np.exp(shift)), abs(shift) / spread, bool(sure)


def _temperature(first: NDArray[np.float64], second: NDArray[np.float64]) -> tuple[str, float, float, bool] | None:
    import numpy as np

    for own, other in ((first, second), (second, first)):
        for name, (slope, offset, least) in TEMPERATURES.items():
            converted = own * slope + offset
            spread = max(_spread(converted), _spread(other))
            if spread == 0 or _spread(own) == 0:
                continue
            moved = abs(float(np.median(other) - np.median(own))) / spread
            fits = abs(float(np.median(other) - np.median(converted))) <= SHAPE * spread
            alike = 0.8 <= _spread(other) / _spread(converted) <= 1.25  # noqa: PLR2004 - a quarter
            if fits and alike and moved >= least and (apart := _apart(converted, other)) <= SHAPE:
                sure = min(len(own), len(other)) >= MANY and apart <= GOOD_SHAPE
                return name, float(np.median(second) / np.median(first)), moved, sure
    return None


def _spread(values: NDArray[np.float64]) -> float:
    """The robust standard deviation; the plain one where most values are equal."""
    import numpy as np

    robust = 1.4826 * float(np.median(np.abs(values - np.median(values))))
    return robust or float(values.std())


def _apart(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    from scipy import stats

    return float(stats.ks_2samp(first, second, method="asymp").statistic)


def _mixtures(frame: pd.DataFrame, path: str) -> Iterator[_Change]:
    """Columns that fall into two heaps a large factor apart."""
    import numpy as np

    for name in frame:
        values = _values(frame[name])
        positive = np.sort(values[values > 0])
        least = max(FEWEST // 2, int(SMALLEST_SIDE * len(positive)))
        if len(positive) < POSITIVE * len(values) or len(positive) < 2 * least + 2:
            continue
        gaps = np.diff(np.log(positive))[least - 1 : len(positive) - least]
        cut = least + int(gaps.argmax())
        found = _factor(positive[:cut], positive[cut:], 10.0)
        if found is not None and gaps.max() > max(_spread(np.log(positive[:cut])), _spread(np.log(positive[cut:]))):
            factor, ratio, spreads, probable = found
            words = f"{len(positive) - cut} rows of raw against the other {cut}"
            yield _Change(
                column=str(name), words=words, factor=factor, ratio=ratio, spreads=spreads, probable=probable, path=path
            )


# --- words ---------------------------------------------------------------------------------------


def _worst(found: Sequence[_Change]) -> list[_Change]:
    """Of each column and file the surest change, then the largest in spreads."""
    best: dict[tuple[str, str], _Change] = {}
    for one in found:
        other = best.get((one.column, one.path))
        if other is None or (one.probable, one.spreads) > (other.probable, other.spreads):
            best[one.column, one.path] = one
    return sorted(best.values(), key=lambda one: (not one.probable, -one.spreads, one.column))


def _told(one: _Change) -> Finding:
    message = (
        f"{one.column!r}: {one.words}, the median is {one.ratio:.4g} times as large, {one.spreads:.0f} spreads away "
        f"and near {one.factor}; ask for the unit, and convert it"
    )
    return Finding(message=message, path=one.path)


def _summary(numbers: int, pairs: int, found: Sequence[_Change]) -> str:
    told = f"{numbers} columns of numbers in {pairs} comparisons and each for itself"
    if not found:
        return f"{told}: no change of unit is seen"
    return (
        f"{told}: {sum(one.probable for one in found)} probable and {sum(not one.probable for one in found)} possible"
    )


def _table(found: Sequence[_Change]) -> Table:
    rows = tuple(
        (
            one.column,
            one.words,
            one.factor,
            round(one.ratio, 4),
            round(one.spreads, 1),
            "probable" if one.probable else "possible",
        )
        for one in found[:20]
    )
    columns = ("column", "rows", "factor", "ratio of medians", "shift in spreads", "how sure")
    return Table(title="Changes of unit", columns=columns, rows=rows)


# --- examples ------------------------------------------------------------------------------------


def _drawn(row: int, step: int) -> float:
    mixed = (row * 7919 + step * 104_729 + 12_345) * 2_654_435_761 % 2**32
    return (mixed ^ mixed >> 15) * 2_246_822_519 % 2**32 / 2**32


def _rows(first: int, last: int, *, times: float = 1.0, plus: float = 0.0) -> dict[str, list[Any]]:
    numbers = range(first, last)
    return {
        "id": list(numbers),
        "day": [f"2026-{1 + row // 28:02d}-{1 + row % 28:02d}" for row in numbers],
        "glucose": [(90 + 20 * (_drawn(row, 1) + _drawn(row, 2))) * times + plus for row in numbers],
        "age": [20 + 60 * _drawn(row, 3) for row in numbers],
        "ill": [row % 2 for row in numbers],
    }


def _example(status: str, title: str, says: str, files: Mapping[str, Any], **more: Any) -> Example:
    tables = {"raw": "raw*.csv", "train": "train.csv", "production": "later*.csv"}
    return Example(
        status=status,
        title=title,
        config={"data": {"target": "ill", "key": "id", "tables": tables} | more.get("data", {})},
        files=files,
        settings=more.get("settings", {}),
        says=says,
    )


def _joined(first: Mapping[str, list[Any]], second: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    return {name: [*cells, *second[name]] for name, cells in first.items()}


_TWO_FILES = {"raw_1.csv": _rows(0, 80), "raw_2.csv": _rows(80, 160, times=1 / 18.016)}

EXAMPLES = (
    _example(
        "pass",
        "two files in one unit",
        "no change of unit is seen",
        {"raw_1.csv": _rows(0, 80), "raw_2.csv": _rows(80, 160)},
    ),
    _example("fail", "a file in mmol/l", "near 18.02 (glucose", _TWO_FILES),
    _example("pass", "a difference that is real", "no change", _TWO_FILES, settings={"accepted": {"glucose": "mice"}}),
    _example(
        "fail",
        "a day from which values are in thousands",
        "near 10^3",
        {"raw.csv": _joined(_rows(0, 100), _rows(100, 200, times=1000))},
        data={"time": "day"},
    ),
    _example(
        "warn",
        "a few rows in another unit",
        "near 18.02",
        {"raw.csv": _joined(_rows(0, 100), _rows(100, 125, times=1 / 18.016))},
    ),
    _example(
        "fail",
        "production in another unit",
        "against train",
        {"raw.csv": _rows(0, 90), "train.csv": _rows(0, 90), "later_1.csv": _rows(90, 150, times=1 / 18.016)},
    ),
    _example(
        "fail",
        "temperatures",
        "near Celsius, Fahrenheit",
        {"raw_1.csv": _rows(0, 80, times=0.1, plus=27), "raw_2.csv": _rows(80, 160, times=0.18, plus=80.6)},
    ),
    _example(
        "not_applicable", "no numbers", "no column of numbers", {"raw.csv": {"id": ["a", "b"], "ill": ["yes", "no"]}}
    ),
    _example("fail", "there is no raw table", "no file matches", {}),
)
