"""Each feature that the project made itself makes the model better.

## Why
A derived feature is code to be written, tested, kept alike in training and in use, and understood by whoever comes
next. One that brings nothing is all of that for nothing, and one more way for errors to get in.

## How it is measured
Engineered are the columns of the training table that the raw table lacks, or those that the setting `engineered` lists
(names, or patterns with `*`). They are judged in groups: by pattern, else by the raw column that begins their names, as
it does where a category was spread over columns, else by the words that several have in common.

The estimator is cross-validated with all features and, on the very same folds (`splits` 5, `repeats` 2; whole groups,
order of time), once more for each group with its columns held at one value: the training part's median, or commonest
word. That takes their information away and leaves the estimator's code as it is. The gain is the difference of the
scores (the metric of the first ML requirement that names one, else ROC AUC, balanced accuracy or R²), with the bounds
of Nadeau and Bengio for overlapping training sets, one-sided at 95 %. Of more than 20,000 rows, 20,000 are drawn.

`unpaid` (none, a warning only): groups whose lower bound is 0 or less. It only warns: with few rows a useful feature
cannot show its worth. `gain` shows every group's. In 100 simulated projects of 200 rows a useless derived column was
called unpaid 100 times, one that the model could not do without never.

## How to mend it
Remove the feature and its code, or write into the preparation log why it stays; with more rows ask again.

## Source
CRISP-ML(Q) §3.2.3, p. 400: comparison with a baseline without the feature, removal of features hardly used. Nadeau &
Bengio, "Inference for the generalization error", Machine Learning 52 (2003), pp. 239-281.

## What it cannot see
Features that are made inside the estimator. Two groups of which each can stand in for the other: neither pays then.
Features that replaced a raw column under its own name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from crispq import (
    Estimate,
    Evidence,
    Example,
    Finding,
    Findings,
    Measurement,
    Table,
    check,
    none,
    not_applicable,
)
from crispq_checks.engineered import engineered_groups

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from crispq_checks.refits import Build, Question, Trial, Vector

MOST_ROWS = 20_000


@check(
    task="construct_data",
    catalogue=("DP3-C1",),
    risks=("R25",),
    limits={"unpaid": none(warn=True)},
    seconds=3600,
)
def engineered_features_pay(
    evidence: Evidence, *, engineered: Sequence[str] = (), splits: int = 5, repeats: int = 2, raw: str = "raw"
) -> Measurement:
    """Hold each group of engineered features at one value, and compare."""
    if evidence.task == "other":
        return not_applicable("what a feature is worth is measured for classification and regression only")
    groups = engineered_groups(evidence, engineered, raw=raw)
    if not groups:
        return not_applicable("every feature of the training table stands in the raw table: none was made here")
    from crispq_checks.usual_score import asked_model, drawn_trial

    whole = drawn_trial(evidence, "train", splits=splits, repeats=repeats, rows=MOST_ROWS)
    question = _question(evidence, whole)
    whole, build, who = asked_model(evidence, whole)
    base = _scores(whole, build, question, ())
    gains = {
        name: whole.bound(question.better * (base - _scores(whole, build, question, members)))
        for name, members in groups.items()
    }
    unpaid = {name: one for name, one in gains.items() if one.low is None or one.low <= 0}
    path = evidence.table("train").paths[0]
    items = tuple(
        Finding(
            message=f"the engineered feature {name!r} brings {one.value:+.4f} [{one.low:+.4f}, {one.high:+.4f}] in "
            f"{question.metric}, surely nothing; remove it or say why it stays",
            path=path,
        )
        for name, one in unpaid.items()
    )
    best = max(gains, key=lambda name: gains[name].value)
    return Measurement(
        values={"unpaid": Findings(examined=len(gains), items=items), "gain": gains},
        summary=f"{len(gains) - len(unpaid)} of {len(gains)} engineered features or groups surely make {who} better; "
        f"{best!r} brings most ({gains[best].value:+.4f} {question.metric})",
        tables=(_table(groups, gains, question.metric),),
    )


def _question(evidence: Evidence, whole: Trial) -> Question:
    from crispq_checks.refits import data_requirements, question_of
    from crispq_checks.usual_score import usual_question

    asked = data_requirements(evidence, "ml")
    if evidence.models and asked:
        return question_of(evidence, asked[0])
    return usual_question(evidence.task, evidence.data.positive, whole.classes)


def _scores(whole: Trial, build: Build, question: Question, held: Sequence[str]) -> Vector:
    """The score of each fold with these columns held at one value, which the fold's training rows give."""
    import numpy as np

    found = []
    for fold in whole.folds:
        features = _held(whole.data.features, held, fold[0])
        one = replace(whole, data=replace(whole.data, features=features), folds=(fold,))
        found += list(one.scores(list(one.answers(build)), question))
    return np.asarray(found)


def _held(features: pd.DataFrame, names: Sequence[str], rows: NDArray[Any]) -> pd.DataFrame:
    import pandas as pd
    from pandas.api import types

    changed = features.copy()
    for name in names:
        column = features[name]
        part = column.iloc[rows]
        number = types.is_numeric_dtype(column) and not types.is_bool_dtype(column)
        value = part.median() if number else next(iter(part.mode()), None)
        changed[name] = pd.Series(value, index=features.index, dtype=column.dtype if not number else "float64")
    return changed


def _table(groups: Mapping[str, tuple[str, ...]], gains: Mapping[str, Estimate], metric: str) -> Table:
    ordered = sorted(gains, key=lambda name: -gains[name].value)
    rows = tuple(
        (name, len(groups[name]), round(gains[name].value, 4), round(gains[name].low or 0.0, 4)) for name in ordered
    )
    return Table(
        title="What engineered features bring",
        columns=("feature", "columns", f"gain in {metric}", "at least"),
        rows=rows,
    )


# --- examples ------------------------------------------------------------------------------------

_ROWS = 120
_WEIGHT = [50 + row * 37 % 61 for row in range(_ROWS)]
_HEIGHT = [150 + row * 53 % 47 for row in range(_ROWS)]
_INDEX = [weight / (height / 100) ** 2 for weight, height in zip(_WEIGHT, _HEIGHT, strict=True)]
_RAW: dict[str, list[Any]] = {
    "weight": [1 for _ in range(_ROWS)],
    "ill": [int(index > 28) for index in _INDEX],  # noqa: PLR2004 - about half
}
_CONFIG = {
    "data": {"target": "ill", "positive": 1, "tables": {"raw": "data/raw.csv", "train": "data/train.csv"}},
}


def _example(status: str, title: str, says: str, config: Any = _CONFIG, **columns: list[Any]) -> Example:
    files = {"data/raw.csv": _RAW, "data/train.csv": _RAW | columns}
    return Example(status=status, title=title, config=config, files=files, says=says)


_LUCK = [row * 29 % 31 for row in range(_ROWS)]

EXAMPLES = (
    _example("pass", "the index tells it", "1 of 1 engineered features or groups surely make", index=_INDEX),
    _example("warn", "one of two tells nothing", "'luck' brings", index=_INDEX, luck=_LUCK),
    _example("not_applicable", "nothing was made", "none was made here"),
    _example(
        "not_applicable",
        "another kind of task",
        "classification and regression only",
        config=_CONFIG | {"task": "other"},
        index=_INDEX,
    ),
    Example(
        status="error",
        title="a pattern that fits no column",
        config=_CONFIG,
        files={"data/raw.csv": _RAW, "data/train.csv": _RAW | {"index": _INDEX}},
        settings={"engineered": ["ratio_*"]},
        says="which no column of the table 'train' fits",
    ),
    Example(
        status="fail",
        title="there is no training table yet",
        config=_CONFIG,
        files={"data/raw.csv": _RAW},
        says="does not exist yet",
    ),
)
