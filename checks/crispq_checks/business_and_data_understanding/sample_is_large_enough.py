"""The sample is large enough to begin with.

## Why
A model that saw twelve ill patients has learned those twelve. Where rows, rare classes or independent persons are few,
no later phase can show that a criterion is met; it is better to know before the project is set up.

## How it is measured
Rows of the table `table` (by default `raw`) are counted exactly; nothing is estimated.

- `share_without_target`: rows whose target is missing, as a share of all rows (at most 0.2, warning from 0.05). They
  cannot be learned from, so that all other counts leave them out.
- `target_values`: how many different values the target has (at least 2; with one there is nothing to learn).
- `rows` (at least 50, warning below 100).
- `rows_per_class` (at least 20 each, warning below 50): around a rate of 0.5 within a class, the two one-sided 95 %
  bounds (Clopper-Pearson) lie 0.40 apart with 20 rows, and with 50 still 0.25. A number as target has no classes, and
  all its rows count as one. Of more than 50 classes the rarest 50 are shown.
- `rows_per_feature` (at least 2, warning below 10): all rows, whatever their class, for each feature. Ten is a rule of
  thumb without proof; below two even a straight line fits noise. It is not the number of events per variable, which
  counts the rarer class only and asks for more. Features are the columns that are not target, key, group or time.
- `independent_units` (at least 10, warning below 30): groups where `data.group` is named (patients, machines), for rows
  of one group repeat each other; otherwise rows.

## How to mend it
Collect more, above all of the rare class; merge classes that need not be told apart; drop features; or state in the
feasibility study why the project stops or waits.

## Source
CRISP-ML(Q) §3.1.3, pp. 397-398: is the training sample large enough; §3.2.1, p. 400: the curse of dimensionality.
Riley et al., "Calculating the sample size required for developing a clinical prediction model", BMJ 368 (2020), m441,
shows why such rules are a lower bound only. The limits themselves are this check's choice.

## What it cannot see
How hard the question is: an easy one needs less, a hard one far more. Whether the rows are those that will be met in
use, and whether rare subgroups inside a class, or the rare values of a number, are covered.
"""

from __future__ import annotations

from collections.abc import Mapping
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
    at_least,
    at_most,
    check,
    hint,
    missing,
    not_applicable,
)

if TYPE_CHECKING:
    import pandas as pd

MOST_CLASSES = 50
#: What takes the place of classes where the target is a number.
ALL_ROWS = "all rows"


@check(
    task="feasibility",
    catalogue=("BU3-C3",),
    risks=("R02", "R09", "R17"),
    limits={
        "share_without_target": at_most(0.2, warn=0.05),
        "target_values": at_least(2),
        "rows": at_least(50, warn=100),
        "rows_per_class": at_least(20, warn=50),
        "rows_per_feature": at_least(2, warn=10),
        "independent_units": at_least(10, warn=30),
    },
)
def sample_is_large_enough(evidence: Evidence, *, table: str = "raw") -> Measurement:
    """Count rows, classes, features and groups of the table."""
    if evidence.task == "other":
        return not_applicable("how many rows are enough is only known for classification and regression")
    data = evidence.data
    if data.target is None:
        place = evidence.place_of("data")
        return missing("data.target is not named yet", path=place.path, line=place.line)
    source = evidence.table(table)
    _refuse_absent(source.columns, table, target=data.target, group=data.group)
    features = [name for name in source.columns if name not in data.not_features]
    if not features:
        raise NotMeasurable(f"the table {table!r} has no feature: every column is target, key, group or time")
    frame = source.frame([name for name in (data.target, data.group) if name is not None])
    labelled = frame[frame[data.target].notna()]
    if labelled.empty:
        return missing(f"the target {data.target!r} is missing in all {len(frame)} rows", path=source.paths[0])
    classes = _classes(labelled[data.target], evidence.task, data.positive)
    units = labelled[data.group].nunique() if data.group else len(labelled)
    counts = _Counts(
        everything=len(frame),
        rows=len(labelled),
        different=int(labelled[data.target].nunique()),
        features=len(features),
        units=int(units),
        group=data.group,
    )
    return _measurement(counts, classes)


def _refuse_absent(columns: tuple[str, ...], table: str, **named: str | None) -> None:
    for part, name in named.items():
        if name is not None and name not in columns:
            message = (
                f"the table {table!r} has no column {name!r}, the {part} that data.{part} names{hint(name, columns)}"
            )
            raise NotMeasurable(message)


def _classes(target: pd.Series[Any], task: str, positive: object) -> dict[str, int]:
    """Rows of each class, rarest last; a number has no classes, and all rows are one."""
    import pandas as pd

    if task == "regression":
        numbers = pd.to_numeric(target, errors="coerce")
        if numbers.isna().any():
            raise NotMeasurable(f"the target {target.name!r} holds text; a regression needs numbers")
        return {ALL_ROWS: len(numbers)}
    counts = {_label(value): int(rows) for value, rows in target.value_counts().items()}
    if task == "binary_classification" and positive is not None:
        counts.setdefault(_label(positive), 0)
    return dict(sorted(counts.items(), key=lambda one: (-one[1], one[0])))


def _label(value: object) -> str:
    """The class's name: 1.0 (a whole number in a column with gaps) is 1."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counts:
    everything: int
    rows: int
    different: int
    features: int
    units: int
    group: str | None


def _measurement(counts: _Counts, classes: Mapping[str, int]) -> Measurement:
    rows, features = counts.rows, counts.features
    rarest = dict(list(classes.items())[-MOST_CLASSES:])
    name, fewest = min(classes.items(), key=lambda one: one[1])
    of_groups = f", {counts.units} groups of {counts.group!r}" if counts.group else ""
    of_classes = ALL_ROWS not in classes
    smallest = f", {fewest} of them in the smallest class ({name})" if of_classes else ""
    told = (
        f"{rows} rows with a target{smallest}"
        if counts.different > 1
        else f"{rows} rows with a target, and all have the same one: there is nothing to learn"
    )
    return Measurement(
        values={
            "share_without_target": Estimate(value=1 - rows / counts.everything, n=counts.everything),
            "target_values": Estimate(value=counts.different, n=rows),
            "rows": Estimate(value=rows, n=rows),
            "rows_per_class": {label: Estimate(value=count, n=rows) for label, count in rarest.items()},
            "rows_per_feature": Estimate(value=rows / features, n=rows),
            "independent_units": Estimate(value=counts.units, n=rows),
        },
        summary=f"{told}; {rows / features:.1f} rows for each of {features} features{of_groups}",
        tables=(Table(title="Rows of each class", columns=("class", "rows"), rows=tuple(rarest.items())),) * of_classes,
        charts=(_chart(rarest, name, fewest),) * of_classes,
    )


def _chart(classes: Mapping[str, int], smallest: str, fewest: int) -> Chart:
    return Chart(
        title="Rows of each class",
        description=f"Bars show the rows of {len(classes)} classes; the smallest, {smallest}, has {fewest}.",
        spec={
            "width": 400,
            "data": {"values": [{"class": name, "rows": count} for name, count in classes.items()]},
            "mark": "bar",
            "encoding": {
                "x": {"field": "rows", "type": "quantitative", "title": "rows"},
                "y": {"field": "class", "type": "nominal", "sort": "-x", "title": "class"},
            },
        },
    )


_DATA = {"target": "ill", "positive": 1, "key": "id", "tables": {"raw": "raw.csv"}}


def _columns(negative: int, positive: int) -> dict[str, list[Any]]:
    rows = negative + positive
    return {
        "id": list(range(rows)),
        "age": [20 + row % 60 for row in range(rows)],
        "ill": [0] * negative + [1] * positive,
    }


def _example(status: str, title: str, columns: dict[str, list[Any]], says: str, **changes: Any) -> Example:
    task = str(changes.pop("task", "binary_classification"))
    return Example(
        status=status,
        title=title,
        config={"task": task, "data": _DATA | changes},
        files={"raw.csv": columns},
        says=says,
    )


EXAMPLES = (
    _example(
        "pass", "two large classes", _columns(100, 60), "160 rows with a target, 60 of them in the smallest class (1)"
    ),
    _example("warn", "a class that is rather small", _columns(100, 30), "too near to be calm"),
    _example("fail", "a class that is too small", _columns(100, 12), "12 of them in the smallest class"),
    _example("fail", "one class only", _columns(160, 0), "there is nothing to learn"),
    _example(
        "fail",
        "the target is often missing",
        _columns(100, 60) | {"ill": [None] * 40 + [0] * 60 + [1] * 60},
        "120 rows with a target",
    ),
    _example(
        "fail",
        "many rows of few patients",
        _columns(100, 60) | {"patient": [row % 8 for row in range(160)]},
        "8 groups of 'patient'",
        group="patient",
    ),
    _example(
        "pass", "a number as target", _columns(100, 60), "160 rows", target="age", positive=None, task="regression"
    ),
    _example(
        "pass",
        "a rating with more than half of it at the top",
        _columns(100, 60) | {"ill": [5] * 90 + [1, 2, 3, 4] * 17 + [4, 4]},
        "160 rows with a target; ",
        positive=None,
        task="regression",
    ),
    _example("error", "the target is not a column", _columns(100, 60), "did you mean 'ill'?", target="il"),
    _example("fail", "the target is not named", _columns(100, 60), "data.target is not named yet", target=None),
    _example(
        "fail", "the target is not filled in anywhere", _columns(3, 0) | {"ill": [None] * 3}, "missing in all 3 rows"
    ),
    _example(
        "not_applicable", "another kind of task", _columns(100, 60), "classification and regression", task="other"
    ),
)
