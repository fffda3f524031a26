"""Success criteria as numbers: their limits, and the labelled rows they are held against before a model exists.

Used by the checks of phase 1 that ask whether the criteria themselves make sense. Knows criteria and tables, no models.
"""

from __future__ import annotations

from math import inf, isfinite
from typing import TYPE_CHECKING, Any

from crispq import Estimate, Evidence, MissingEvidence, NotMeasurable, Requirement, Supervised, hint, metrics

if TYPE_CHECKING:
    import pandas as pd

#: From how many rows the labelled table is told, where it has more.
MOST_ROWS = 20_000


def measurable(evidence: Evidence) -> tuple[Requirement, ...]:
    """The criteria that name a metric and a limit."""
    return tuple(one for one in evidence.criteria() if one.metric is not None and one.limit is not None)


def on_rows(evidence: Evidence) -> tuple[Requirement, ...]:
    """The measurable criteria whose metric is computed from rows of data and fits the project's task."""
    return tuple(one for one in measurable(evidence) if _from_rows(one, evidence.task))


def _from_rows(one: Requirement, task: str) -> bool:
    metric = metrics()[str(one.metric)]
    parameters = all(name in one.parameters for name in metric.parameters)
    return metric.needs != "operation" and task in metric.tasks and parameters


def bounds(one: Requirement) -> tuple[float, float]:
    """The least and the greatest value that the criterion admits, infinite where it does not say."""
    return (-inf, inf) if one.limit is None else (one.limit.low, one.limit.high)


def demand(one: Requirement) -> str:
    """What the criterion demands, such as `recall at least 0.9`."""
    low, high = bounds(one)
    if low == high:
        return f"{one.metric} of {low:g}"
    if isfinite(low) and isfinite(high):
        return f"{one.metric} between {low:g} and {high:g}"
    return f"{one.metric} at least {low:g}" if isfinite(low) else f"{one.metric} at most {high:g}"


def admits(one: Requirement, value: float) -> bool:
    """Whether the value meets the criterion's limit."""
    low, high = bounds(one)
    return low <= value <= high


def shown(estimate: Estimate) -> str:
    """An estimate as `0.91 [0.88, 0.94]`."""
    return f"{estimate.value:.4g} [{estimate.low:.4g}, {estimate.high:.4g}]"


def names_target(evidence: Evidence) -> str:
    """The name of the target. Raises MissingEvidence where the project does not name it yet."""
    target = evidence.data.target
    if target is None:
        place = evidence.place_of("data")
        raise MissingEvidence("data.target is not named yet", path=place.path, line=place.line)
    return target


def labelled(  # noqa: PLR0913 - each word is one fact about the rows
    evidence: Evidence,
    table: str,
    *,
    features: tuple[str, ...] = (),
    most: int = MOST_ROWS,
    seed: int = 0,
    fewest: int = 0,
) -> Supervised:
    """The table's rows that have a target, with these features; of more than `most` rows as many, drawn with `seed`.

    Of each value of the target `fewest` rows are drawn at least: for whoever ranks, so that a rare class stays.

    Raises MissingEvidence where no row has a target; NotMeasurable where a column is missing, and where the target of a
    regression is no number.
    """
    import numpy as np

    target, data = names_target(evidence), evidence.data
    named = [name for name in (target, data.group, data.time) if name is not None]
    source = evidence.table(table)
    if absent := [name for name in named if name not in source.columns]:
        raise NotMeasurable(f"the table {table!r} has no column {absent[0]!r}{hint(absent[0], source.columns)}")
    frame = source.frame(list(dict.fromkeys([*features, *named])))
    frame = frame[frame[target].notna()]
    if frame.empty:
        raise MissingEvidence(f"no row of the table {table!r} has a target yet", path=source.paths[0])
    if len(frame) > most:
        shuffled = frame.sample(frac=1, random_state=seed)
        order = shuffled.groupby(target).cumcount().to_numpy() if fewest else len(frame)
        frame = shuffled[(np.arange(len(frame)) < most) | (order < fewest)].sort_index()

    def column(name: str | None) -> Any:
        return None if name is None else frame[name].to_numpy()

    return Supervised(
        features=frame[list(features)].reset_index(drop=True),
        target=_target(frame[target], evidence.task),
        key=None,
        groups=column(data.group),
        times=column(data.time),
    )


def _target(column: pd.Series[Any], task: str) -> Any:
    """The target as an array: numbers for a regression, whole numbers where gaps had made them decimal."""
    import pandas as pd

    if task == "regression":
        numbers = pd.to_numeric(column, errors="coerce")
        if numbers.isna().any():
            raise NotMeasurable(f"the target {column.name!r} holds text; a regression needs numbers")
        return numbers.to_numpy(dtype="float64")
    return column.infer_objects().to_numpy()


def share_of_positives(evidence: Evidence, rows: Supervised) -> float | None:
    """The share of rows of the positive class; None where the project has no such class or no row of it."""
    positive = evidence.data.positive
    if evidence.task != "binary_classification":
        return None
    chosen = 1 if positive is None and set(rows.target.tolist()) <= {0, 1} else positive
    if chosen is None:
        return None
    share = sum(label == chosen for label in rows.target.tolist()) / len(rows.target)
    return share if 0 < share < 1 else None
