"""Few labels are wrong.

## Why
A model cannot be better than the labels it learns from, and what is worse, it cannot be seen to be: where one label
in ten is wrong, a perfect model is measured at nine in ten. Wrong labels are cheapest to find before anything is
built on them.

## How it is measured
Two models of different kinds, a linear one and a forest, are fitted on the labelled rows of the table `table` (by
default `raw`; more than `most_rows` (10,000) are sampled, seed 0), and predict each row when it was held out
(`splits` folds that keep classes, groups and time apart). Disagreement alone proves nothing: hard cases are predicted
wrongly though their labels are right. But hard cases become rarer the surer a model is, and wrong labels do not. So
this is fitted:

P(label differs from prediction | margin) = e + (1 - c e) / (1 + exp(a margin + b)), with c = K / (K - 1) for K
classes,

where the margin is the log odds of the predicted class against the next. The remainder e is the share of wrong
labels, bounded by its profile likelihood (95 %, one-sided).
- `wrong_labels_at_least`: the lower bound that both models bear out (at most 0.05, warning above 0.02). Where both
  differ from at most 20 % of the labels, and from at most half of those that the commonest answer misses, that is the
  larger lower bound, but no more than the other model's estimate; on harder questions it is the smaller of both lower
  bounds.
- `wrong_labels`: the estimate behind it with both bounds, shown.

Measured: of the breast cancer data with 10 % of the labels turned over 9 of 10 samples failed (0.06 to 0.10; one
passed with 0.01), with 5 % none failed and 9 warned, as it is none was above 0.005. On twelve public classification
data sets (four of scikit-learn, diabetes above its median, seven of statsmodels; 30 orders of the rows) all passed but
one order of a question with seven grades, which warned (0.04). Of 140 simulated tables of 300 rows (easy, middling,
hard, hopeless, crossed and rare questions, and one with a group of its own rule) one of the last kind warned (0.03),
all others passed. Of 30 of 1,000 and 1,500 rows with a class of 10 to 16 % and columns that tell little or nothing,
one warned (0.035) and none failed. With fewer than 50 labelled rows there is too little to tell. Classes with fewer
than `splits` rows are left out.

## How to mend it
Have a second person look at the rows that are listed as most doubtful, without telling the present label. If many are
wrong, find out how: a swapped code, a shifted column, a hurried labeller. Mend the labels at their source, not here.

## Source
CRISP-ML(Q) §3.1.5, pp. 398-399: verification of the data's quality. Hausman, Abrevaya and Scott-Morton, Journal of
Econometrics 87 (1998), pp. 239-269; Northcutt, Jiang and Chuang, "Confident Learning", Journal of Artificial
Intelligence Research 70 (2021), pp. 1373-1411, on out-of-fold probabilities. The limits were set by the trials above.

## What it cannot see
Wrong labels where neither model finds a pattern, and labels that are wrong in a way the features explain (all small
tumours called benign). Where an unknown cause makes some cases unpredictable at any margin, they look like wrong
labels. Numbers as target are not judged: see `labellers_agree`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crispq import (
    Chart,
    Estimate,
    Evidence,
    Example,
    Measurement,
    MissingEvidence,
    NotMeasurable,
    Supervised,
    Table,
    at_most,
    check,
    not_applicable,
)

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    from crispq_checks.refits import Build, Trial
    from crispq_checks.statistics.mislabelled import Disagreement

CLASSIFICATION = ("binary_classification", "multiclass_classification")
FEWEST_ROWS = 50
#: Beyond this share of differing labels a question is hard, and single estimates are not trusted.
MOST_DIFFERING = 0.2
#: And beyond this share of what the commonest answer would miss.
LEARNT = 0.5
MOST_SHOWN = 20
TREES = 100
BINS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """What one model says of the rows that were held out."""

    rows: NDArray[np.intp]
    disagreement: Disagreement
    share: Estimate


@check(
    task="data_quality_verification",
    catalogue=("BU5-C9",),
    risks=("R12",),
    tier="standard",
    limits={"wrong_labels_at_least": at_most(0.05, warn=0.02, min_n=FEWEST_ROWS)},
    seconds=1200,
)
def labels_are_reliable(
    evidence: Evidence, *, table: str = "raw", splits: int = 5, most_rows: int = 10_000
) -> Measurement:
    """Estimate the share of wrong labels from two models' out-of-fold disagreement."""
    if evidence.task not in CLASSIFICATION:
        return not_applicable(
            "wrong numbers cannot be told from predictions; labellers_agree asks for labels taken twice"
        )
    data = _labelled(evidence, table, splits, most_rows)
    if len(data.target) < FEWEST_ROWS:
        few = Estimate(value=0.0, n=len(data.target))
        told = f"{len(data.target)} labelled rows are too few to tell wrong labels from hard cases"
        return Measurement(values={"wrong_labels_at_least": few}, summary=told)
    data, views = _views(data, evidence.task, splits)
    low = _at_least(views, 1 - max(Counter(data.target.tolist()).values()) / len(data.target))
    least = min(views, key=lambda view: abs((view.share.low or 0.0) - low))
    return Measurement(
        values={
            "wrong_labels_at_least": Estimate(value=low, n=least.share.n),
            "wrong_labels": least.share,
        },
        summary=(
            f"at least {low:.1%} of {len(data.target)} labels are wrong, by the linear model and the forest (estimate "
            f"{least.share.value:.1%}, at most {least.share.high or 0:.1%})"
        ),
        tables=tuple(_doubtful(data, views)),
        charts=(_chart(least),),
    )


def _labelled(evidence: Evidence, table: str, splits: int, most: int) -> Supervised:
    """The rows with a label, without the classes that are too rare for the folds; a sample where they are many."""
    named = evidence.data
    if named.target is None:
        place = evidence.place_of("data")
        raise MissingEvidence("data.target is not named yet", path=place.path, line=place.line)
    frame = evidence.table(table).frame()
    for part in (named.target, named.group, named.time):
        if part is not None and part not in frame:
            raise NotMeasurable(f"the table {table!r} has no column {part!r}")
    frame = frame[frame[named.target].notna()]
    if len(frame) > most:
        frame = frame.sample(most, random_state=0).sort_index()
    frame = frame[frame.groupby(named.target)[named.target].transform("size") >= splits]
    if frame.empty or frame[named.target].nunique() < 2:  # noqa: PLR2004 - nothing to tell apart
        raise NotMeasurable(f"the table {table!r} has no two classes with at least {splits} labelled rows each")
    return _supervised(evidence, frame)


def _supervised(evidence: Evidence, frame: pd.DataFrame) -> Supervised:
    from crispq_checks.refits import plain

    named = evidence.data

    def column(name: str | None) -> NDArray[Any] | None:
        return frame[name].to_numpy() if name is not None and name in frame else None

    features = frame.drop(columns=[one for one in named.not_features if one in frame])
    if features.empty or not len(features.columns):
        raise NotMeasurable("there is no feature: every column is target, key, group or time")
    target = column(named.target)
    assert target is not None  # noqa: S101 - asked for above
    return Supervised(
        features=plain(features.reset_index(drop=True)),
        target=target,
        key=column(named.key),
        groups=column(named.group),
        times=column(named.time),
    )


def _views(data: Supervised, task: str, splits: int) -> tuple[Supervised, list[_View]]:
    """The rows that are judged, and what each of the two models says of them."""
    from crispq_checks.refits import linear
    from crispq_checks.sketches import trial

    held = trial(data, task, splits=splits, repeats=1, seed=0)
    straight = linear(held.data.features, held.classes)
    return held.data, [_view(held, build) for build in (straight, _forest(straight, len(held.data.target)))]


def _forest(straight: Build, rows: int) -> Build:
    """A forest on what the linear model is given; large leaves, so that it does not learn single labels by heart."""

    def build() -> Any:
        from sklearn.ensemble import RandomForestClassifier
        from sklearn.pipeline import make_pipeline

        forest = RandomForestClassifier(TREES, min_samples_leaf=max(5, rows // 40), random_state=0)
        return make_pipeline(straight()[:-1], forest)

    return build


def _at_least(views: list[_View], constant: float) -> float:
    """The lower bound that both models bear out: where both answer well, the other's estimate is enough.

    constant: the share of labels that differ from the commonest one. Who hardly does better has learnt nothing, and
    whatever he misses looks like wrong labels, for it comes at any margin.
    """
    first, second = (view.share for view in views)
    lows = [float(one.low or 0.0) for one in (first, second)]
    if any(view.disagreement.differs.mean() > min(MOST_DIFFERING, LEARNT * constant) for view in views):
        return min(lows)
    return max(min(lows[0], second.value), min(lows[1], first.value))


def _view(trial: Trial, build: Build) -> _View:
    import numpy as np

    from crispq_checks.statistics.mislabelled import disagreement, share_mislabelled

    answers = list(trial.answers(build))
    rows = np.concatenate([one.rows for one in answers])
    probability = np.concatenate([one.probability for one in answers if one.probability is not None])
    label = np.searchsorted(np.asarray(trial.classes), trial.data.target[rows])
    found = disagreement(probability, label.astype(np.intp))
    return _View(rows=rows, disagreement=found, share=share_mislabelled(found))


# --- what the reader sees ------------------------------------------------------------------------


def _doubtful(data: Supervised, views: list[_View]) -> list[Table]:
    """The rows where both models are surest that the label is another one, by their key."""
    import numpy as np

    if data.key is None:
        return []
    sureness = np.full((len(views), len(data.target)), -np.inf)
    for one, view in zip(sureness, views, strict=True):
        one[view.rows] = np.where(view.disagreement.differs, view.disagreement.margin, -np.inf)
    least = sureness.min(axis=0)
    order = [row for row in np.argsort(-least, kind="stable")[:MOST_SHOWN] if np.isfinite(least[row])]
    rows = tuple((str(data.key[row]), round(float(least[row]), 2)) for row in order)
    title = "Rows whose label both models doubt, worst first"
    return [Table(title=title, columns=("key", "log odds of another label"), rows=rows)] if rows else []


def _chart(view: _View) -> Chart:
    import numpy as np

    found = view.disagreement
    order = np.argsort(found.margin, kind="stable")
    points = [
        {"margin": round(float(found.margin[part].mean()), 3), "share": round(float(found.differs[part].mean()), 4)}
        for part in np.array_split(order, BINS)
    ]
    return Chart(
        title="Labels that differ from the prediction",
        description=(
            f"From the least sure eighth of the rows to the surest, the share of differing labels goes from "
            f"{points[0]['share']:.0%} to {points[-1]['share']:.0%}; what remains at the right are wrong labels."
        ),
        spec={
            "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
            "width": 420,
            "height": 220,
            "data": {"values": points},
            "mark": {"type": "line", "point": True},
            "encoding": {
                "x": {"field": "margin", "type": "quantitative", "title": "margin of the prediction (log odds)"},
                "y": {"field": "share", "type": "quantitative", "title": "share of differing labels"},
            },
        },
    )


_ROWS = 400
_CONFIG = {"data": {"target": "ill", "positive": 1, "key": "id", "tables": {"raw": "raw.csv"}}}


def _table(wrong: int = 0, rows: int = _ROWS) -> dict[str, list[Any]]:
    """A question that is answered by `size`, hard around 0, with `wrong` labels turned over, evenly spread."""
    import math

    size = [3.0 * math.sin(1 + row * 0.7) for row in range(rows)]
    ill = [int(value + 0.3 * math.cos(row * 2.3) > 0) for row, value in enumerate(size)]
    every = rows // wrong if wrong else rows + 1
    ill = [1 - one if row % every == every - 1 else one for row, one in enumerate(ill)]
    return {"id": list(range(rows)), "size": size, "other": [math.cos(row * 5.1) for row in range(rows)], "ill": ill}


def _example(status: str, title: str, says: str, table: dict[str, list[Any]], **config: Any) -> Example:
    merged = {**_CONFIG, **config, "data": _CONFIG["data"] | config.get("data", {})}
    return Example(status=status, title=title, says=says, config=merged, files={"raw.csv": table})


EXAMPLES = (
    _example("pass", "right labels, some of them hard", "at least 0.0%", _table()),
    _example("warn", "one label in twenty is wrong", "too near to be calm", _table(wrong=18)),
    _example("fail", "one label in eight is wrong", "labels are wrong, by the linear model", _table(wrong=50)),
    _example("inconclusive", "too few rows", "too few to tell", _table(rows=40)),
    _example("not_applicable", "a number as target", "cannot be told from predictions", _table(), task="regression"),
    _example("error", "the target is not a column", "no column 'il'", _table(), data={"target": "il"}),
    _example("fail", "the target is not named", "is not named yet", _table(), data={"target": None}),
)
