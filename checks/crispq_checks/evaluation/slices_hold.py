"""The model does about as well in every part of the test set as in the rest.

## Why
A good average can hide a bad part: one sex, one site, one class in which the model often errs. Those who belong to that
part do not meet the average, they meet the part.

## How it is measured
The test table is cut into slices: by each column in `columns` (default: `data.sensitive`; numbers with more than 10
different values are cut at their quartiles, setting `bins`), and, for classification, by the true class. In each slice
the recorded predictions are scored by `metric` (default: accuracy, or mean absolute error for numbers), in a class by
the share of right answers.
The shortfall of a slice says how much worse it is than all other rows. Where the metric has a best and a worst value it
is the difference, in the metric's unit, so that 0.1 means ten points. For an error without an upper end it is
(slice - rest) / (slice + rest): 0.1 means an error 22 % larger, 0.2 one 50 % larger. Both lie below 1. A class is held
against the mean over classes, because a frequent class alone would set the standard for a rare one.
Bounds hold for all slices together: with m slices each one-sided bound is at confidence 1 - 0.05/m. Slice and rest are
different rows, so their own bounds are combined after Zou and Donner: shortfall - sqrt(a2 + b2), a and b being the
distances from value to bound (of logarithms, where the shortfall is relative). The mean over classes is taken as a
fixed number; as each class is a part of it, that makes the interval a little too wide, never too narrow.
- `shown_shortfall`: what is proven, computed from the bound that speaks for the slice. Limit: at most 0.1. A slice
  fails when it is ten points worse beyond what chance does among so many slices.
- `possible_shortfall`: what cannot be ruled out, computed from the other bound. It only warns: from 0.2 on. Its limit
  of 1 cannot be passed.
Slices with fewer than `fewest` rows (default 30), and those that leave fewer to compare with, are listed as too small
to tell and not judged. If all are too small, nothing can be said and the check is inconclusive.

## How to mend it
A slice that fails: more rows of that kind for training, features that speak for it, or a use that leaves it out and
says so. A slice that warns: more test rows of that kind. A slice that is listed: name it in the evaluation document.

## Source
CRISP-ML(Q) §3.4, p. 403 (validate performance; sliced analysis). Zou & Donner, "Construction of confidence
limits about effect measures", Statistics in Medicine 27 (2008), pp. 1693-1702; Bonferroni for all slices together.

## What it cannot see
Slices that nobody names, and crossings of two columns. Whether labels are as good in each slice as in the others. It
compares quality; whether decisions are fair is another question.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crispq import (
    Chart,
    Estimate,
    Evidence,
    Example,
    Measurement,
    NotMeasurable,
    Table,
    at_most,
    check,
    metrics,
    missing,
)

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from crispq_checks.answers import Recorded

ALPHA = 0.05
#: A column of numbers with more different values than this is cut at quantiles.
MOST_VALUES = 10
MOST_SHOWN = 20
CLASS = "class"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Slice:
    """Rows, and what they are held against: the other rows, or the mean over classes."""

    name: str
    rows: np.ndarray[Any, Any]
    metric: str
    standard: float | None = None

    @property
    def size(self) -> int:
        return int(self.rows.sum())

    @property
    def fewer(self) -> int:
        """The rows of the slice or of what it is held against, whichever are fewer."""
        return self.size if self.standard is not None else min(self.size, len(self.rows) - self.size)


@check(
    task="validate_performance",
    catalogue=("EV1-C5",),
    risks=("R43",),
    tier="standard",
    limits={"shown_shortfall": at_most(0.1), "possible_shortfall": at_most(1.0, warn=0.2)},
)
def slices_hold(  # noqa: PLR0913 - each word is one setting
    evidence: Evidence,
    *,
    model: str | None = None,
    table: str = "test",
    columns: list[str] | None = None,
    metric: str | None = None,
    fewest: int = 30,
    bins: int = 4,
) -> Measurement:
    """Hold each slice's score against that of the other rows."""
    from crispq_checks import answers

    told = answers.recorded(evidence, table, model)
    named = tuple(columns or ()) or evidence.data.sensitive
    if not named and told.classes is None:
        place = evidence.place_of("data")
        message = "no slice is named; list the columns to look into under data.sensitive or in the setting columns"
        return missing(message, path=place.path, line=place.line)
    chosen = metric or ("accuracy" if told.classes is not None else "mean_absolute_error")
    _check_metric(chosen)
    frame = evidence.table(table).frame(list(named)) if named else None
    slices = [*_by_columns(frame, chosen, bins), *_by_class(told)]
    return _measurement(told, slices, fewest)


def _check_metric(metric: str) -> None:
    known = metrics().get(metric)
    if known is None or known.needs == "operation" or known.parameters:
        raise NotMeasurable(
            f"The setting metric names {metric!r}; name one that is computed from data, without parameters."
        )


# --- cutting -----------------------------------------------------------------------------------


def _by_columns(frame: pd.DataFrame | None, metric: str, bins: int) -> Iterator[_Slice]:
    if frame is None:
        return
    for name in frame:
        labels = _labels(frame[name], str(name), bins)
        for label in sorted(set(labels)):
            yield _Slice(name=label, rows=(labels == label).to_numpy(), metric=metric)


def _labels(column: pd.Series[Any], name: str, bins: int) -> pd.Series[Any]:
    """For each row the name of its slice."""
    import pandas as pd

    cells = column.astype(object)
    told = [f"{name}={cell:g}" if isinstance(cell, float) else f"{name}={cell}" for cell in cells.tolist()]
    labels = pd.Series(told, index=column.index)
    numbers = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    if numbers and column.nunique() > MOST_VALUES:
        parts = pd.qcut(column, bins, duplicates="drop", precision=4).astype(object)
        labels = pd.Series([f"{name} in {part}" for part in parts.tolist()], index=column.index)
    return labels.mask(column.isna(), f"{name} missing")


def _by_class(told: Recorded) -> Iterator[_Slice]:
    """One slice for each true class; the standard is the mean of the shares of right answers."""
    import numpy as np

    if told.classes is None:
        return
    truth, guess = told.data.target.tolist(), told.prediction.tolist()
    present = sorted(set(truth), key=str)
    rows = {label: np.asarray([one == label for one in truth]) for label in present}
    right = np.asarray([one == other for one, other in zip(truth, guess, strict=True)])
    shares = [float(right[one].mean()) for one in rows.values()]
    for label in present:
        yield _Slice(name=f"{CLASS}={label}", rows=rows[label], metric="accuracy", standard=sum(shares) / len(shares))


# --- measuring ---------------------------------------------------------------------------------


def _measurement(told: Recorded, slices: list[_Slice], fewest: int) -> Measurement:
    large = [one for one in slices if one.fewer >= fewest]
    small = [one for one in slices if one.fewer < fewest]
    level = 1 - ALPHA / max(1, len(large))
    scores: dict[str, tuple[Estimate, Estimate]] = {}
    untold: dict[str, str] = {one.name: f"fewer than {fewest} rows here or elsewhere" for one in small}
    for one in large:
        try:
            scores[one.name] = (told.estimate(one.metric, {}, level=level, rows=one.rows), _standard(told, one, level))
        except NotMeasurable as reason:
            untold[one.name] = str(reason)
    judged = [one for one in large if one.name in scores]
    if large and not judged:
        raise NotMeasurable(f"No slice can be scored: {untold[large[0].name]}")
    bounds = {one.name: _shortfall(one, *scores[one.name]) for one in judged}
    if not judged:
        bounds = {one.name: Estimate(value=0.0, low=-1.0, high=1.0, n=one.fewer) for one in small[:MOST_SHOWN]}
    return Measurement(
        values={
            "shown_shortfall": {name: _shown(one, known=bool(judged)) for name, one in bounds.items()},
            "possible_shortfall": {name: _possible(one) for name, one in bounds.items()},
        },
        summary=_summary(judged, scores, bounds, len(small)),
        tables=tuple(_tables(slices, scores, bounds, untold)),
        charts=(_chart(judged, bounds),) if judged else (),
    )


def _standard(told: Recorded, one: _Slice, level: float) -> Estimate:
    """What the slice is held against."""
    if one.standard is not None:
        return Estimate(value=one.standard)
    return told.estimate(one.metric, {}, level=level, rows=~one.rows)


def _shortfall(one: _Slice, part: Estimate, rest: Estimate) -> Estimate:
    """How much worse the slice is than what it is held against, between -1 and 1, with bounds (Zou & Donner)."""
    from math import hypot, log, tanh

    known = metrics()[one.metric]
    relative = known.high is None

    def scaled(value: float) -> float:
        return log(max(value, 1e-12)) if relative else value

    value, low, high = (scaled(number) for number in _three(part))
    other, other_low, other_high = (scaled(number) for number in _three(rest))
    gap, below, above = value - other, hypot(value - low, other_high - other), hypot(high - value, other - other_low)
    if known.greater_is_better:
        gap, below, above = -gap, above, below
    ends = (gap, gap - below, gap + above)
    found = [tanh(end / 2) if relative else max(-1.0, min(1.0, end)) for end in ends]
    return Estimate(value=found[0], low=found[1], high=found[2], n=one.size, level=part.level)


def _three(estimate: Estimate) -> tuple[float, float, float]:
    low, high = (estimate.value if bound is None else bound for bound in (estimate.low, estimate.high))
    return estimate.value, low, high


def _shown(bounds: Estimate, *, known: bool) -> Estimate:
    if not known:
        return bounds
    return Estimate(value=max(0.0, bounds.low or 0.0), n=bounds.n)


def _possible(bounds: Estimate) -> Estimate:
    return Estimate(value=max(0.0, bounds.high or 0.0), n=bounds.n)


def _summary(
    judged: list[_Slice], scores: Mapping[str, tuple[Estimate, Estimate]], bounds: Mapping[str, Estimate], small: int
) -> str:
    more = f"; {small} slices are too small to tell" if small else ""
    if not judged:
        return f"every slice is too small to tell ({small} slices)"
    worst = max(judged, key=lambda one: bounds[one.name].value)
    (part, standard), bound = scores[worst.name], bounds[worst.name]
    against = "all other rows" if worst.standard is None else "the mean over classes"
    return (
        f"the weakest of {len(judged)} slices is {worst.name} ({worst.size} rows): {worst.metric} {part.value:.4g}, "
        f"{against} {standard.value:.4g}; shortfall {bound.value:.3f} [{bound.low:.3f}, {bound.high:.3f}]{more}"
    )


def _tables(
    slices: list[_Slice],
    scores: Mapping[str, tuple[Estimate, Estimate]],
    bounds: Mapping[str, Estimate],
    untold: Mapping[str, str],
) -> Iterator[Table]:
    told = [one for one in slices if one.name in scores]
    rows = tuple(
        (
            one.name,
            one.size,
            one.metric,
            *_three(scores[one.name][0]),
            scores[one.name][1].value,
            bounds[one.name].value,
        )
        for one in told
    )
    columns = ("slice", "rows", "metric", "value", "lower bound", "upper bound", "held against", "shortfall")
    if rows:
        yield Table(title="Each slice against the rest", columns=columns, rows=rows)
    quiet = tuple((one.name, one.size, untold[one.name]) for one in slices if one.name in untold)
    if quiet:
        yield Table(title="Too small to tell", columns=("slice", "rows", "why"), rows=quiet[:MOST_SHOWN])


def _chart(judged: list[_Slice], bounds: Mapping[str, Estimate]) -> Chart:
    worst_first = sorted(judged, key=lambda one: -bounds[one.name].value)[:MOST_SHOWN]
    values = [
        {
            "slice": one.name,
            "shortfall": bounds[one.name].value,
            "low": bounds[one.name].low,
            "high": bounds[one.name].high,
        }
        for one in worst_first
    ]
    row = {"field": "slice", "type": "nominal", "title": None, "sort": [one.name for one in worst_first]}
    x = {"field": "shortfall", "type": "quantitative", "title": "how much worse than the rest"}
    spec: dict[str, Any] = {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "width": 420,
        "height": 24 * len(values) + 20,
        "data": {"values": values},
        "layer": [
            {"mark": "rule", "encoding": {"x": {**x, "field": "low"}, "x2": {"field": "high"}, "y": row}},
            {"mark": {"type": "point", "filled": True, "size": 70}, "encoding": {"x": x, "y": row}},
            {"mark": {"type": "rule", "strokeDash": [4, 4]}, "encoding": {"x": {"datum": 0}}},
        ],
    }
    worst = worst_first[0]
    description = (
        f"How much worse each of {len(values)} slices is than the rest, with its interval; the weakest is {worst.name} "
        f"with {bounds[worst.name].value:.3f}."
    )
    return Chart(title="Slices against the rest", description=description, spec=spec)


_N = 240


def _files(wrong: Mapping[int, int], rows: int = _N) -> dict[str, Any]:
    """Two sites, two classes; `wrong` says for each site how many of its first rows are predicted wrongly."""
    truth, site = [i // 2 % 2 for i in range(rows)], [i % 2 for i in range(rows)]
    guess = [1 - one if i // 2 < wrong[place] else one for i, (one, place) in enumerate(zip(truth, site, strict=True))]
    table = {"id": list(range(rows)), "site": ["north" if one else "south" for one in site], "sick": truth}
    return {"data/test.csv": table, "predictions.csv": {"id": list(range(rows)), "prediction": guess}}


def _numbers(worse: float) -> dict[str, Any]:
    """A regression whose errors are `worse` times larger in one site."""
    site = [i % 2 for i in range(_N)]
    errors = [(1 + i * 37 % 20) / 10 * (worse if one else 1) for i, one in enumerate(site)]
    truth = [float(i % 50) for i in range(_N)]
    table = {"id": list(range(_N)), "site": site, "sick": truth}
    guess = [one + error for one, error in zip(truth, errors, strict=True)]
    return {"data/test.csv": table, "predictions.csv": {"id": list(range(_N)), "prediction": guess}}


_DATA = {
    "target": "sick",
    "positive": 1,
    "key": "id",
    "sensitive": ["site"],
    "tables": {"test": "data/test.csv"},
}
_CONFIG = {
    "data": _DATA,
    "models": {"tiny": {"estimator": "tiny_model:build", "predictions": {"test": "predictions.csv"}}},
}
_REGRESSION = _CONFIG | {"task": "regression"}

EXAMPLES = (
    Example(status="pass", title="both sites alike", files=_files({0: 4, 1: 5}), config=_CONFIG),
    Example(
        status="fail",
        title="one site is much worse",
        files=_files({0: 2, 1: 48}),
        config=_CONFIG,
        says="the weakest of 4 slices is site=north",
    ),
    Example(
        status="warn",
        title="forty rows of each kind leave much open",
        files=_files({0: 4, 1: 7}, rows=80),
        config=_CONFIG,
    ),
    Example(
        status="inconclusive",
        title="every slice is too small",
        files=_files({0: 1, 1: 1}, rows=40),
        config=_CONFIG,
    ),
    Example(status="pass", title="the error is alike in both sites", files=_numbers(1.1), config=_REGRESSION),
    Example(
        status="fail",
        title="the error is three times as large in one site",
        files=_numbers(3.0),
        config=_REGRESSION,
        says="site=1",
    ),
    Example(
        status="fail",
        title="a rare class is ignored",
        files={
            "data/test.csv": {"id": list(range(_N)), "site": ["north"] * _N, "sick": [1] * 40 + [0] * (_N - 40)},
            "predictions.csv": {"id": list(range(_N)), "prediction": [0] * _N},
        },
        config=_CONFIG,
        says="class=1",
    ),
    Example(
        status="fail",
        title="no slice is named",
        files=_numbers(1.0),
        config=_REGRESSION | {"data": {key: value for key, value in _DATA.items() if key != "sensitive"}},
        says="no slice is named",
    ),
    Example(
        status="error",
        title="a column that does not exist",
        files=_files({0: 4, 1: 5}),
        config=_CONFIG,
        settings={"columns": ["region"]},
        says="has no column 'region'",
    ),
)
