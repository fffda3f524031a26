"""Every feature helps to predict rows that the model has not seen.

## Why
A feature that tells nothing still costs: somebody has to deliver it for ever, it can break or drift, and it opens one
more way for errors to get in. The fewer there are, the better the rows fill the space between them.

## How it is measured
The estimator is fitted in `splits` folds (default 5; whole groups, in the order of time, where the project names them).
On the rows held back each feature's values are put in random order, `repeats` times (default 5), and the loss of score
is averaged over the repeats. Features that belong together (|Spearman's rank correlation| above `together`, 0.9, or for
words as much shared information) are disturbed together, for one of them can stand in for the other. Score: ROC AUC,
balanced accuracy or R². The mean over folds has the bound of Nadeau and Bengio for overlapping training sets, one-sided
at 95 %. Of more than 20,000 rows, 20,000 are drawn. While `crispq.yaml` lists no model, a linear one is asked.

`no_use` (none, a warning only): features, or groups of them, whose upper bound is 0 or less: not even with good will
does the score fall without them. It only warns, since there are good reasons to keep a feature that is rarely used; a
count can be demanded, with limits such as `no_use: {at_most: 3}`. The bound is cautious: a column that the model does
not look at is always named, but in 100 simulated linear models of 150 rows one that is used and useless was named
twice, one that adds 2 % to the spread explained once, one that adds 10 % never.

## How to mend it
Leave the feature out, in prepare.py or the feature code, and train again; or write into the preparation log why it
stays.

## Source
CRISP-ML(Q) §3.2.1, p. 399: under-used features, explanation methods. Breiman, "Random forests", Machine Learning 45
(2001), pp. 5-32. Nadeau & Bengio, Machine Learning 52 (2003), pp. 239-281.

## What it cannot see
Features that matter for few rows, for one class, or for a score other than this one. Which of several features that go
together is the one to keep.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
    check,
    none,
    not_applicable,
)

if TYPE_CHECKING:
    import pandas as pd

    from crispq_checks.refits import Build, Question, Trial

MOST_ROWS = 20_000
SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class _Worth:
    """A group of features and how much the score falls when it is disturbed."""

    members: tuple[str, ...]
    loss: Estimate

    @property
    def name(self) -> str:
        more = f" and {len(self.members) - 1} that go with it" if len(self.members) > 1 else ""
        return f"{self.members[0]!r}{more}"


@check(
    task="select_data",
    catalogue=("DP1-C4",),
    risks=("R16", "R17"),
    limits={"no_use": none(warn=True)},
    seconds=1800,
)
def features_earn_their_place(
    evidence: Evidence, *, splits: int = 5, repeats: int = 5, together: float = 0.9, table: str = "train"
) -> Measurement:
    """Disturb each group of features on the rows held back."""
    if evidence.task == "other":
        return not_applicable("what a feature is worth is measured for classification and regression only")
    if repeats < 1:
        raise NotMeasurable(f"repeats is at least 1; it is {repeats}")
    from crispq_checks.usual_score import WORDS, asked_model, drawn_trial, usual_question

    whole = drawn_trial(evidence, table, splits=splits, repeats=1, rows=MOST_ROWS)
    features = whole.data.features
    if features.shape[1] == 0:
        raise NotMeasurable(f"the table {table!r} has no feature: every column is target, key, group or time")
    question = usual_question(evidence.task, evidence.data.positive, whole.classes)
    asked, build, who = asked_model(evidence, whole)
    worths = sorted(_worths(asked, build, question, _groups(features, together), repeats), key=_order)
    useless = [one for one in worths if one.loss.high is not None and one.loss.high <= 0]
    path = evidence.table(table).paths[0]
    items = tuple(
        Finding(
            message=f"the feature {one.name} adds nothing measurable ({WORDS[question.metric]} falls by at most "
            f"{one.loss.high:.4f} without it); remove it or say why it stays",
            path=path,
        )
        for one in useless
    )
    best = worths[-1]
    return Measurement(
        values={"no_use": Findings(examined=len(worths), items=items)},
        summary=f"{len(useless)} of {len(worths)} features or groups of them add nothing measurable to {who}; "
        f"{best.name} adds most ({WORDS[question.metric]} {best.loss.value:+.3f})",
        tables=(_table(worths, WORDS[question.metric]),),
        charts=(_chart(worths, WORDS[question.metric]),),
    )


def _order(one: _Worth) -> tuple[float, str]:
    return one.loss.value, one.members[0]


def _groups(features: pd.DataFrame, together: float) -> list[tuple[str, ...]]:
    from crispq_checks.associations import groups

    return groups(features, together)


def _worths(
    whole: Trial, build: Build, question: Question, groups: Sequence[tuple[str, ...]], repeats: int
) -> list[_Worth]:
    import numpy as np

    losses = np.zeros((len(whole.folds), len(groups)))
    for number in range(len(whole.folds)):
        losses[number] = _losses(whole, number, build, question, groups, repeats)
    return [_Worth(members=members, loss=whole.bound(column)) for members, column in zip(groups, losses.T, strict=True)]


def _losses(  # noqa: PLR0913, PLR0917 - one fold of _worths
    whole: Trial, number: int, build: Build, question: Question, groups: Sequence[tuple[str, ...]], repeats: int
) -> list[float]:
    """How much the score on the fold's rows falls, for each group: all repeats are asked in one go."""
    import numpy as np

    from crispq_checks.usual_score import fitted_on, scores_of

    train, test = whole.folds[number]
    features, target = whole.data.features, whole.data.target
    fitted = fitted_on(build, features.iloc[train], target[train])
    rows, truth = features.iloc[test].reset_index(drop=True), target[test]
    base = scores_of(fitted, whole, rows, truth, 1, question)[0]
    random = np.random.default_rng(number)
    copies = rows.iloc[np.tile(np.arange(len(rows)), repeats)].reset_index(drop=True)
    falls = []
    for members in groups:
        order = np.concatenate([random.permutation(len(rows)) for _ in range(repeats)])
        disturbed = copies.assign(**{name: rows[name].array[order] for name in members})
        told = scores_of(fitted, whole, disturbed, np.tile(truth, repeats), repeats, question)
        falls.append(question.better * (base - float(np.mean(told))))
    return falls


def _table(worths: Sequence[_Worth], scale: str) -> Table:
    rows = tuple(
        (", ".join(one.members[:5]), round(one.loss.value, 4), round(one.loss.high or 0.0, 4)) for one in worths[:SHOWN]
    )
    return Table(title="Features that add least", columns=("features", f"{scale} lost", "at most"), rows=rows)


def _chart(worths: Sequence[_Worth], scale: str) -> Chart:
    shown = worths[::-1][:SHOWN]
    points = [
        {
            "feature": one.members[0] + (f" +{len(one.members) - 1}" if len(one.members) > 1 else ""),
            "loss": round(one.loss.value, 5),
            "low": round(one.loss.low or 0.0, 5),
            "high": round(one.loss.high or 0.0, 5),
        }
        for one in shown
    ]
    y = {"field": "feature", "type": "nominal", "sort": None, "title": "feature"}
    x = {"field": "loss", "type": "quantitative", "title": f"{scale} lost without it"}
    return Chart(
        title="What the features are worth",
        description=f"Bars with their intervals; without {shown[0].name} the score falls by {shown[0].loss.value:.3f}.",
        spec={
            "width": 400,
            "data": {"values": points},
            "layer": [
                {"mark": "bar", "encoding": {"y": y, "x": x}},
                {
                    "mark": "rule",
                    "encoding": {"y": y, "x": {"field": "low", "type": "quantitative"}, "x2": {"field": "high"}},
                },
            ],
        },
    )


# --- examples ------------------------------------------------------------------------------------

_ROWS = 100
_NOISE = [row * 37 % 101 for row in range(_ROWS)]
_ILL = [int(value + (row * 53 % 61) > 80) for row, value in enumerate(_NOISE)]  # noqa: PLR2004 - half of them
_TRAIN: dict[str, list[Any]] = {
    "marker": _NOISE,
    "other": [row * 53 % 61 for row in range(_ROWS)],
    "ill": _ILL,
}
_CONFIG = {"data": {"target": "ill", "positive": 1, "tables": {"train": "data/train.csv"}}}


def _with(**columns: list[Any]) -> dict[str, Any]:
    return {"data/train.csv": _TRAIN | columns}


_IGNORES = """from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline


def build(seed):
    return make_pipeline(make_column_transformer(("passthrough", ["marker", "other"])), LogisticRegression())
"""
_MODEL = {
    "config": _CONFIG | {"models": {"ill": {"estimator": "tiny_earn.model:build"}}},
    "files": _with(weather=[row * 29 % 7 for row in range(_ROWS)])
    | {
        "src/tiny_earn/__init__.py": "",
        "src/tiny_earn/model.py": _IGNORES,
    },
}

EXAMPLES = (
    Example(status="pass", title="both features are used", config=_CONFIG, files=_with(), says="0 of 2 features"),
    Example(
        status="warn",
        title="the model does not look at a column",
        says="the feature 'weather' adds nothing measurable",
        **_MODEL,  # type: ignore[arg-type] # config and files
    ),
    Example(
        status="not_applicable",
        title="another kind of task",
        config=_CONFIG | {"task": "other"},
        files=_with(),
        says="classification and regression only",
    ),
    Example(status="fail", title="there is no training table yet", config=_CONFIG, says="does not exist yet"),
    Example(
        status="error",
        title="there is no feature",
        config=_CONFIG,
        files={"data/train.csv": {"ill": _ILL}},
        says="has no feature",
    ),
)
