"""No feature gives the answer away.

## Why
The discharge code, the date of the follow-up, a field that is only filled in for the ill: such columns predict
splendidly in the archive and are empty when the prediction is needed. Models built on them shine in evaluation and fail
in use.

## How it is measured
Features are the columns of the table `table` (by default `train`) that are not target, key, group or time. What is
known about them stands in the data description, section "Columns", under "Known at".

- `known_too_late` (none): features that are known only after the moment of prediction.
- `undeclared_strong` (none): features without a moment (no row, or a cell that is not before, at or after) whose power
  reaches `strong_auc` (0.85) or, for a number as target, `strong_r2` (0.7), or that are among the `top` (3) strongest
  and come half of the way from guessing to that.
- `undescribed` (none): other features without a row, most often derived ones. A name with `*` describes all that fit.
- `too_good` (none, a warning only): features with a moment whose power is nearly perfect: AUC of 0.999 or R² of 0.999.
  That is possible, but rare enough to be looked into.

The power of a single feature is measured by 5-fold cross-validation (whole groups together): for numbers a decision
tree of depth 3, for text the frequency of the target within each category; scored by the area under the ROC curve, each
class against the rest and averaged, or by R². For a number that is to predict a number, the squared rank correlation
takes the place of R² if it is larger; it is taken in-sample, on the same rows and without cross-validation. Text has no
order and so no rank correlation. That a value is missing counts as a feature of its own, so that a telling gap is
found. Of more than 20,000 rows, 20,000 are drawn with a fixed seed, of each class an equal share.

## How to mend it
Ask the person who records the column when it is filled in. Delete what is known too late from the features, in
prepare.py; describe the rest.

## Source
CRISP-ML(Q) §3.2.1, pp. 399-400: feature selection and spurious correlation. Kaufman et al., "Leakage in data mining:
formulation, detection, and avoidance", ACM TKDD 6 (2012), 15.

## What it cannot see
Features that give the answer away only together, and those that are described as known before but are not. A feature
that gives away one rare class among many is diluted by the average over classes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from crispq import (
    Chart,
    Evidence,
    Example,
    Finding,
    Findings,
    Measurement,
    NotMeasurable,
    Supervised,
    Table,
    check,
    none,
    not_applicable,
)
from crispq_checks.columns import ColumnTable, described_columns

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

MOST_ROWS = 20_000
NEARLY_PERFECT = 0.999
SHOWN = 15
FOLDS = 5

#: Training rows and rows held back, as positions.
Parts: TypeAlias = "Sequence[tuple[NDArray[np.intp], NDArray[np.intp]]]"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Feature:
    """A feature, or the pattern of its gaps: what it can do alone, and when it is known."""

    column: str
    name: str
    power: float
    moment: str | None
    described: bool
    line: int


@check(
    task="select_data",
    catalogue=("DP1-C3",),
    risks=("R19",),
    limits={
        "known_too_late": none(),
        "undeclared_strong": none(),
        "undescribed": none(),
        "too_good": none(warn=True),
    },
)
def no_target_leak(
    evidence: Evidence, *, table: str = "train", strong_auc: float = 0.85, strong_r2: float = 0.7, top: int = 3
) -> Measurement:
    """Measure each feature's power alone, and hold it against when the feature is known."""
    if evidence.task == "other":
        return not_applicable(
            "what a feature tells about the target is measured for classification and regression only"
        )
    described = described_columns(evidence)
    rows = evidence.supervised(table)
    if rows.features.shape[1] == 0:
        raise NotMeasurable(f"the table {table!r} has no feature: every column is target, key, group or time")
    regression = evidence.task == "regression"
    features = sorted(_features(rows, described, evidence.task), key=lambda one: (-one.power, one.name))
    guessing, strong = (0.0, strong_r2) if regression else (0.5, strong_auc)
    leading = [one for one in features[:top] if one.power >= (guessing + strong) / 2]
    late = {one.column: one for one in features if one.moment == "after"}
    undeclared = {one.column: one for one in features if one.moment is None and (one.power >= strong or one in leading)}
    lacking = {one.column: one for one in features if not one.described and one.column not in undeclared}
    too_good = {one.column: one for one in features if one.moment in {"before", "at"} and one.power >= NEARLY_PERFECT}
    scale = "R²" if regression else "AUC"

    def found(chosen: Mapping[str, _Feature], words: str) -> Findings:
        items = tuple(_finding(one, described, words.format(scale=scale, power=one.power)) for one in chosen.values())
        return Findings(examined=rows.features.shape[1], items=items)

    return Measurement(
        values={
            "known_too_late": found(late, "is known only after the prediction ({scale} {power:.3f} alone); drop it"),
            "undeclared_strong": found(
                undeclared,
                "predicts strongly alone ({scale} {power:.3f}); say under Known at when it is known",
            ),
            "undescribed": found(
                lacking, "has no row in the table of columns; describe it, with the moment when it is known"
            ),
            "too_good": found(
                too_good,
                "predicts almost perfectly alone ({scale} {power:.3f}); make sure that it precedes the outcome",
            ),
        },
        summary=_summary(features, (late, undeclared, lacking, too_good), rows.features.shape[1], scale),
        tables=(_table(features, scale),),
        charts=(_chart(features, scale),),
    )


def _summary(features: Sequence[_Feature], found: Sequence[Mapping[str, _Feature]], count: int, scale: str) -> str:
    strongest = f"the strongest alone is {features[0].name} ({scale} {features[0].power:.3f})"
    words = ("known too late", "strong and undeclared", "not described", "nearly perfect")
    told = [f"{len(chosen)} {word}" for chosen, word in zip(found, words, strict=True) if chosen]
    return f"{count} features: {', '.join(told) or 'all are described and known in time'}; {strongest}"


def _finding(one: _Feature, described: ColumnTable, words: str) -> Finding:
    return Finding(message=f"the feature {one.name} {words}", path=described.path, line=one.line)


def _table(features: Sequence[_Feature], scale: str) -> Table:
    rows = tuple((one.name, round(one.power, 3), one.moment or "not said") for one in features[:SHOWN])
    return Table(title="The strongest features, each alone", columns=("feature", scale, "known at"), rows=rows)


def _chart(features: Sequence[_Feature], scale: str) -> Chart:
    first = features[0]
    points = [
        {"feature": one.name, "power": round(one.power, 4), "known at": one.moment or "not said"}
        for one in features[:SHOWN]
    ]
    return Chart(
        title="What each feature predicts alone",
        description=f"Bars show the {scale} of {len(points)} features; {first.name} leads with {first.power:.3f}.",
        spec={
            "width": 400,
            "data": {"values": points},
            "mark": "bar",
            "encoding": {
                "x": {"field": "power", "type": "quantitative", "title": scale, "scale": {"domain": [0, 1]}},
                "y": {"field": "feature", "type": "nominal", "sort": "-x", "title": "feature"},
                "color": {"field": "known at", "type": "nominal"},
            },
        },
    )


# --- the power of one feature --------------------------------------------------------------------


def _features(rows: Supervised, described: ColumnTable, task: str) -> Iterator[_Feature]:
    import numpy as np

    chosen = _sample(rows.target, task)
    target = rows.target[chosen]
    groups = None if rows.groups is None else rows.groups[chosen]
    parts = _parts(target, task, groups)
    power_of = _power_for(target, task)
    for name in rows.features.columns:
        column = rows.features[name].iloc[chosen]
        row = described.row_of(str(name))

        def feature(label: str, power: float, column: str = str(name), row: Any = row) -> _Feature:
            return _Feature(
                column=column,
                name=label,
                power=power,
                moment=row.moment if row else None,
                described=row is not None,
                line=row.line if row else described.line,
            )

        numbers, categories = _coded(column)
        yield feature(repr(str(name)), power_of(numbers, categories=categories, parts=parts))
        gaps = column.isna().to_numpy()
        if gaps.any() and not gaps.all():
            yield feature(
                f"{str(name)!r} (missing or not)", power_of(gaps.astype(np.float64), categories=False, parts=parts)
            )


def _sample(target: NDArray[Any], task: str) -> NDArray[np.intp]:
    """The positions of at most MOST_ROWS rows, in their order; of each class an equal share."""
    import numpy as np
    import pandas as pd

    if len(target) <= MOST_ROWS:
        return np.arange(len(target))
    codes = np.zeros(len(target), dtype=np.intp) if task == "regression" else pd.factorize(target)[0]
    generator = np.random.default_rng(0)
    share = MOST_ROWS / len(target)
    of_class = [np.flatnonzero(codes == code) for code in np.unique(codes)]
    drawn = [
        generator.choice(one, size=max(min(len(one), FOLDS), round(share * len(one))), replace=False)
        for one in of_class
    ]
    return np.sort(np.concatenate(drawn))


def _parts(target: NDArray[Any], task: str, groups: NDArray[Any] | None) -> Parts:
    """Folds for the cross-validation: whole groups on one side where groups can fill the folds, else single rows."""
    import numpy as np

    from crispq_checks.statistics.folds import folds

    rarest = len(target) if task == "regression" else int(np.unique(target, return_counts=True)[1].min())
    splits = max(2, min(FOLDS, rarest))
    if groups is not None:
        try:
            return folds(target, task=task, groups=groups, splits=splits, repeats=1)
        except NotMeasurable:  # too few groups for it: single rows make features look stronger, never weaker
            pass
    return folds(target, task=task, splits=splits, repeats=1)


def _coded(column: pd.Series[Any]) -> tuple[NDArray[Any], bool]:
    """The column as numbers with gaps filled by the median, or as codes of categories; and whether it is the latter."""
    import numpy as np
    import pandas as pd
    from pandas.api import types

    if types.is_datetime64_any_dtype(column):
        column = (column - column.min()).dt.total_seconds()
    if types.is_bool_dtype(column) or types.is_numeric_dtype(column):
        numbers = column.astype("float64").replace([np.inf, -np.inf], np.nan)
        middle = 0.0 if numbers.isna().all() else float(numbers.median())
        return numbers.fillna(middle).to_numpy(), False
    return pd.factorize(column.astype("str"), use_na_sentinel=False)[0], True


def _power_for(target: NDArray[Any], task: str) -> Callable[..., float]:
    """How well one feature alone predicts the rows that were held back, as a function of the feature and the folds."""
    import numpy as np

    regression = task == "regression"
    values = np.asarray(target)
    goal = np.asarray(values[:, None] if regression else values[:, None] == np.unique(values)[None, :], dtype="float64")

    def power(column: NDArray[Any], *, categories: bool, parts: Parts) -> float:
        told = _held_back(column, goal, categories=categories, parts=parts)
        return _r2(column, goal, told, categories=categories) if regression else _auc(goal, told)

    return power


def _held_back(column: NDArray[Any], goal: NDArray[Any], *, categories: bool, parts: Parts) -> NDArray[Any]:
    """The goal (a number, or one column of zeros and ones for each class) as each row's fold predicts it."""
    import numpy as np
    from sklearn.tree import DecisionTreeRegressor

    told = np.empty_like(goal)
    for train, test in parts:
        if categories:
            told[test] = _mean_of_category(column, goal, train)[column[test]]
        else:
            tree = DecisionTreeRegressor(max_depth=3, min_samples_leaf=max(1, min(5, len(train) // 20)), random_state=0)
            told[test] = tree.fit(column[train, None], goal[train]).predict(column[test, None]).reshape(len(test), -1)
    return told


def _mean_of_category(codes: NDArray[Any], goal: NDArray[Any], train: NDArray[np.intp]) -> NDArray[Any]:
    """The goal's mean in each category, drawn towards the mean of all by one row's weight."""
    import numpy as np

    rows = np.bincount(codes[train], minlength=int(codes.max()) + 1)
    sums = np.stack([np.bincount(codes[train], weights=one, minlength=len(rows)) for one in goal[train].T], axis=1)
    return np.asarray((sums + goal[train].mean(axis=0)) / (rows[:, None] + 1))


def _auc(goal: NDArray[Any], told: NDArray[Any]) -> float:
    import numpy as np
    from sklearn.metrics import roc_auc_score

    both = [0 < one.sum() < len(one) for one in goal.T]
    areas = [roc_auc_score(one, guess) for one, guess, fits in zip(goal.T, told.T, both, strict=True) if fits]
    return float(np.mean(areas))


def _r2(column: NDArray[Any], goal: NDArray[Any], told: NDArray[Any], *, categories: bool) -> float:
    """R² of what was held back; for numbers the squared rank correlation, if larger. Codes of text have no order."""
    import numpy as np
    from scipy import stats
    from sklearn.metrics import r2_score

    tree = float(r2_score(goal[:, 0], told[:, 0]))
    rank = 0.0 if categories or np.ptp(column) == 0 else float(stats.spearmanr(column, goal[:, 0]).statistic) ** 2
    return max(0.0, tree, rank)


# --- examples ------------------------------------------------------------------------------------

_ROWS = 120
_ILL = [row % 3 == 0 for row in range(_ROWS)]
_NOISE = [row * 37 % 101 for row in range(_ROWS)]
_HINT = [value + 25 * ill for value, ill in zip(_NOISE, _ILL, strict=True)]
_CODE = ["Z51" if ill else "Z00" for ill in _ILL]
_GAPS = ["2026-01-02" if ill else None for ill in _ILL]
_TRAIN: dict[str, list[Any]] = {
    "id": list(range(_ROWS)),
    "age": _NOISE,
    "marker": _HINT,
    "ill": [int(ill) for ill in _ILL],
}
_PATH = "1_business_and_data_understanding/data_description.md"
_HEAD = """# Data description

## Columns

| Column | Meaning | Unit | Type | Known at |
|---|---|---|---|---|
| id | number of the case | - | text | before |
| age | age at admission | years | number | before |
| marker | level of the marker in blood | mg/l | number | at |
| ill | whether it was confirmed | - | 0 or 1 | after |
"""
_DATA = {"target": "ill", "positive": 1, "key": "id", "tables": {"train": "train.csv"}}


def _example(
    status: str, title: str, says: str, rows: str = "", task: str = "binary_classification", **columns: Any
) -> Example:
    return Example(
        status=status,
        title=title,
        config={"task": task, "data": _DATA},
        files={"train.csv": _TRAIN | columns, _PATH: _HEAD + rows},
        phase_files={"business_and_data_understanding": {"documents": {"data_description": "data_description.md"}}},
        says=says,
    )


EXAMPLES = (
    _example("pass", "all features are known in time", "all are described and known in time"),
    _example(
        "fail",
        "a column that comes after",
        "known only after",
        "| code | code at discharge | - | text | after |",
        code=_CODE,
    ),
    _example("fail", "a strong column that nobody described", "say under Known at when it is known", code=_CODE),
    _example("fail", "a gap tells the outcome", "'seen' (missing or not)", seen=_GAPS),
    _example(
        "fail",
        "a derived feature has no row",
        "has no row in the table of columns",
        turn=[row % 7 for row in range(_ROWS)],
    ),
    _example(
        "warn",
        "almost perfect, though known before",
        "almost perfectly",
        "| code | code of the ward | - | text | before |",
        code=_CODE,
    ),
    _example(
        "fail",
        "a copy of the number to be predicted",
        "predicts strongly alone (R² 1.000)",
        task="regression",
        ill=[value * 1.5 for value in _NOISE],
        price=[value * 3 + 1 for value in _NOISE],
    ),
    _example(
        "pass",
        "a name per row in a table sorted by the number to be predicted",
        "all are described and known in time",
        "| name | name of the case | - | text | before |",
        task="regression",
        ill=list(range(_ROWS)),
        name=[f"case {row}" for row in range(_ROWS)],
    ),
    Example(status="fail", title="there is no description", config={"data": _DATA}, says="is listed under documents"),
    _example("error", "the target has gaps", "the target 'ill' is missing", ill=[None, *[0, 1] * 59, 0]),
    _example("not_applicable", "another kind of task", "classification and regression only", task="other"),
)
