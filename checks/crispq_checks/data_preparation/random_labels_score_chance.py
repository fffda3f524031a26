"""On labels in random order, preparation and estimator together score no better than guessing.

## Why
Labels in random order cannot be predicted. A pipeline that predicts them all the same has seen, somewhere on the way,
the labels of the rows that judge it: a feature chosen before the split, copies of rows on both sides, rows dropped
because of their label. Its score on the true labels is too good by the same way.

## How it is measured
The preparation is run once on raw labels in random order. If no feature, no value and no choice of rows depends on
them (as in selection_is_inside_folds), the target of the prepared training table is put in random order `permutations`
times (default 20), and the estimator is cross-validated on it anew each time, in `splits` folds (default 3). Otherwise
the whole preparation is run on `reruns` (default 8) random orders, and the estimator is cross-validated on each
training table that comes out; fewer because each is a run of the commands. Groups keep their labels together. Of more
than `rows` (default 1,000) training rows, as many are drawn, and of each class 20 at least; where a class is rare
there are fewer folds, a class with one row is left out, and so is an order by which a fold lacks a class. While
`crispq.yaml` lists no model, a linear one is asked.

- `above_chance`: the lower one-sided bound (Student's t, over the random orders) of the mean score, minus what guessing
  scores; at 99 % where nothing was seen to depend on the labels, so that an alarm is surer there, else at 95 %. Limit:
  at most 0.02.

The score is ROC AUC (guessing: 0.5), balanced accuracy over k classes (1/k) or, for numbers, the correlation of what is
predicted with what is true (0). The bound decides, so that chance alone shuts the gate rarely; 0.02 is the effect below
which nobody would be misled. Cross-validation on random labels tends to score a little below chance; that is no fault.
Of 200 simulated clean pipelines (30 to 200 rows) none broke the limit at 99 % over 20 orders, 2 at 95 % over 8; a
choice of 5 out of 200 useless columns before the split came to 0.14 and more in each of 30.

## How to mend it
Look for what sees labels before the split: selection, target encoding, over-sampling, outlier rules that ask the label.
Move each into the estimator's pipeline, so that it is learned in every fold from the rows that are trained on.

## Source
CRISP-ML(Q) §3.2.1, pp. 399-400: feature selection inside cross-validation. Ojala & Garriga, "Permutation tests for
studying classifier performance", JMLR 11 (2010), pp. 1833-1863.

## What it cannot see
Columns that hold the answer itself (no_target_leak): with the labels in another order they lose it. Copies of raw rows
in training and test (split_is_disjoint). Scaling or filling by all rows, which looks at no label.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from crispq import (
    Chart,
    Estimate,
    Evidence,
    Example,
    Measurement,
    NotMeasurable,
    Supervised,
    at_most,
    check,
    missing,
    not_applicable,
)
from crispq_checks.permuted_labels import label_dependence, permutation, permuted_order
from crispq_checks.reruns import Preparation, preparation

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from crispq_checks.refits import Build, Trial

FEWEST = 2
#: Where nothing was seen to depend on the labels, an alarm has to be surer.
CAREFUL, USUAL = 0.99, 0.95


@check(
    task="select_data",
    catalogue=("DP1-C2",),
    risks=("R18", "R20", "R21"),
    limits={"above_chance": at_most(0.02)},
    seconds=3600,
)
def random_labels_score_chance(  # noqa: PLR0913 - each word is one setting
    evidence: Evidence,
    *,
    permutations: int = 20,
    reruns: int = 8,
    splits: int = 3,
    rows: int = 1_000,
    raw: str = "raw",
    raw_target: str | None = None,
    reads: Sequence[str] = (),
    seconds: float = 300,
) -> Measurement:
    """Score preparation and estimator on labels in random order."""
    if evidence.task == "other":
        return not_applicable("what guessing scores is known for classification and regression only")
    if permutations < FEWEST or reruns < FEWEST:
        raise NotMeasurable(f"permutations and reruns are at least {FEWEST}; they are {permutations} and {reruns}")
    data = evidence.data
    if data.target is None:
        place = evidence.place_of("data")
        return missing("data.target is not named yet", path=place.path, line=place.line)
    from crispq_checks.sketches import without_single

    how = preparation(evidence, raw=raw, reads=reads, seconds=seconds)
    target = raw_target or data.target
    free = how is None or label_dependence(how, target, data.group, data.key, data.not_features).free
    own = evidence.supervised("train")
    own = own if evidence.task == "regression" else without_single(own)
    if how is None or free:
        tables = _in_place(own, permutations)
        what = "the target of the training table in random order; the preparation does not look at it"
        what = what if how else "the target of the training table in random order; nothing is prepared by commands"
    else:
        tables = _prepared(evidence, how, target, own, reruns)
        what = "the whole preparation run on raw labels in random order, for it depends on them"
    asked, scores = _scores(evidence, own, tables, splits, rows)
    level = CAREFUL if how is None or free else USUAL
    return _measurement(evidence, own, scores, level, f"{asked}: {what}")


def _measurement(evidence: Evidence, own: Supervised, scores: list[float], level: float, told: str) -> Measurement:
    from crispq_checks.statistics.intervals import mean

    chance, scale = _chance(evidence.task, len(set(own.target.tolist())))
    score = replace(mean(scores, level), n=len(scores))
    low = score.value if score.low is None else score.low
    return Measurement(
        values={"above_chance": Estimate(value=low - chance, n=len(scores)), "score": score},
        summary=f"{scale} {score.value:.3f} [{low:.3f}, {score.high:.3f}] on {len(scores)} random orders of the "
        f"labels, guessing scores {chance:.3f} ({told})",
        charts=(_chart(scores, chance, scale),),
    )


def _chance(task: str, classes: int) -> tuple[float, str]:
    if task == "binary_classification":
        return 0.5, "ROC AUC"
    return (1 / classes, "balanced accuracy") if task == "multiclass_classification" else (0.0, "correlation")


# --- tables with labels in random order ----------------------------------------------------------


def _in_place(own: Supervised, permutations: int) -> Iterator[Supervised]:
    import numpy as np

    everywhere = np.ones(len(own.target), dtype=bool)
    for seed in range(permutations):
        order = permuted_order(everywhere, own.groups, np.random.default_rng(seed))
        yield replace(own, target=own.target[order])


def _prepared(evidence: Evidence, how: Preparation, target: str, own: Supervised, reruns: int) -> Iterator[Supervised]:
    data = evidence.data
    for seed in range(reruns):
        frame = how.again(permutation(how, target, data.group, seed=100 + seed))["train"]
        frame = frame[frame[data.target].notna()].reset_index(drop=True)
        yield replace(
            own,
            features=frame.drop(columns=[name for name in data.not_features if name in frame]),
            target=frame[data.target].to_numpy(),
            key=None,
            groups=frame[data.group].to_numpy() if data.group in frame else None,
            times=frame[data.time].to_numpy() if data.time in frame else None,
        )


# --- scores --------------------------------------------------------------------------------------


def _scores(
    evidence: Evidence, own: Supervised, tables: Iterator[Supervised], splits: int, rows: int
) -> tuple[str, list[float]]:
    """The mean score over folds, for each table; and who was asked."""
    from crispq_checks.sketches import trial
    from crispq_checks.usual_score import asked_model, few_rows

    asked, found = "", list[float]()
    reason: NotMeasurable | None = None
    for number, data in enumerate(tables):
        drawn = few_rows(data, rows)
        try:
            parts = trial(drawn, evidence.task, splits=splits, repeats=1, seed=number)
        except NotMeasurable as told:
            # Groups can fall so that a fold lacks a class: chance of the order alone, which says nothing of the score.
            reason = told
            continue
        if parts.classes is not None and len(parts.classes) != len(set(own.target.tolist())):
            reason = NotMeasurable("a class has one row or group only, and no two parts can share it")
            continue
        whole, build, asked = asked_model(evidence, parts)
        found.append(_score(evidence, whole, build))
    if len(found) < FEWEST and reason is not None:
        raise reason
    return asked, found


def _score(evidence: Evidence, whole: Trial, build: Build) -> float:
    import numpy as np

    from crispq_checks.usual_score import usual_question

    answers = list(whole.answers(build))
    if evidence.task == "regression":
        return float(np.mean([_correlation(whole.data.target[one.rows], one.prediction) for one in answers]))
    question = usual_question(evidence.task, evidence.data.positive, whole.classes)
    return float(np.mean(whole.scores(answers, question)))


def _correlation(truth: NDArray[Any], told: NDArray[np.float64]) -> float:
    """Pearson's; a constant answer is worth nothing."""
    import numpy as np

    truth, told = np.asarray(truth, dtype="float64"), np.asarray(told, dtype="float64")
    return 0.0 if np.ptp(told) == 0 or np.ptp(truth) == 0 else float(np.corrcoef(truth, told)[0, 1])


def _chart(scores: Sequence[float], chance: float, scale: str) -> Chart:
    points = [{"score": round(one, 4)} for one in scores[:200]]
    rule = {"data": {"values": [{"score": chance}]}, "mark": {"type": "rule", "strokeDash": [4, 4]}}
    ticks: dict[str, Any] = {"data": {"values": points}, "mark": "tick"}
    encoding = {"x": {"field": "score", "type": "quantitative", "title": scale, "scale": {"zero": False}}}
    return Chart(
        title="Scores on labels in random order",
        description=f"{len(points)} ticks from {min(scores):.3f} to {max(scores):.3f}; the dashed line is guessing, "
        f"{chance:.3f}.",
        spec={"width": 400, "height": 60, "layer": [ticks, rule], "encoding": encoding},
    )


# --- examples ------------------------------------------------------------------------------------

_ROWS, _COLUMNS = 60, 60
_NAMES = [f"x{one}" for one in range(_COLUMNS)]
_SICK = [row * 7 % 5 < 2 for row in range(_ROWS)]  # noqa: PLR2004 - two of five


def _draw(row: int, column: int) -> int:
    return pow(3, 61 * row + 17 * column + 1, 10_007) % 97


_CELLS = [[_draw(row, column) for column in range(_COLUMNS)] for row in range(_ROWS)]


def _distance(column: int) -> float:
    """How far the means of the two classes lie apart; what the preparation below chooses by."""
    means = [
        [cells[column] for cells, sick in zip(_CELLS, _SICK, strict=True) if sick is chosen] for chosen in (False, True)
    ]
    return abs(sum(means[0]) / len(means[0]) - sum(means[1]) / len(means[1]))


_STRONGEST = sorted(range(_COLUMNS), key=_distance)[-3:]
_READ = """import csv

rows = list(csv.DictReader(open("data/raw.csv")))
columns = [name for name in rows[0] if name not in ("id", "sick")]
"""
_SELECT = """
def distance(name):
    means = [[int(row[name]) for row in rows if row["sick"] == label] for label in "01"]
    return abs(sum(means[0]) / len(means[0]) - sum(means[1]) / len(means[1]))

columns = sorted(columns, key=distance)[-3:]
"""
_WRITE = """
with open("data/train.csv", "w", newline="") as file:
    writer = csv.DictWriter(file, ["id", *columns, "sick"], extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
"""
_PREPARE = "2_data_preparation/prepare.py"
_DATA = {"target": "sick", "positive": 1, "key": "id", "tables": {"raw": "data/raw.csv", "train": "data/train.csv"}}


def _table(columns: Sequence[int], labels: Mapping[int, int]) -> str:
    lines = [",".join(["id", *(_NAMES[one] for one in columns), "sick"])]
    for row, (cells, sick) in enumerate(zip(_CELLS, _SICK, strict=True)):
        lines.append(",".join(map(str, [row, *(cells[one] for one in columns), labels.get(row, int(sick))])))
    return "\n".join(lines) + "\n"


def _example(  # noqa: PLR0913 - each word is one fact about the example
    status: str,
    title: str,
    says: str,
    *,
    step: str = "",
    chosen: Sequence[int] = tuple(range(5)),
    known: Sequence[int] = tuple(range(5)),
    settings: dict[str, Any] | None = None,
    labels: Mapping[int, int] | None = None,
    config: Callable[[dict[str, Any]], dict[str, Any]] = dict,
) -> Example:
    files = {
        "data/raw.csv": _table(known, labels or {}),
        "data/train.csv": _table(chosen, labels or {}),
        _PREPARE: _READ + step + _WRITE,
    }
    return Example(
        status=status,
        title=title,
        config=config({"data": _DATA}),
        files=files,
        phase_file={
            "commands": [f"python {_PREPARE}"],
            "checks": {"random_labels_score_chance": {"permutations": 6, "reruns": 3} | (settings or {})},
        },
        says=says,
    )


EXAMPLES = (
    _example("pass", "five honest columns", "on 6 random orders of the labels, guessing scores 0.500"),
    _example(
        "fail",
        "three of sixty columns were chosen by all labels",
        "the whole preparation run on raw labels",
        step=_SELECT,
        chosen=_STRONGEST,
        known=range(_COLUMNS),
    ),
    _example(
        "pass",
        "a class of one row among three",
        "guessing scores 0.500",
        config=lambda given: given | {"task": "multiclass_classification"},
        labels={0: 3},
    ),
    _example(
        "not_applicable",
        "another kind of task",
        "known for classification and regression only",
        config=lambda given: given | {"task": "other"},
    ),
    _example("error", "a single random order tells nothing", "at least 2", settings={"permutations": 1}),
    _example(
        "fail",
        "there is no target yet",
        "not named yet",
        config=lambda given: {"data": given["data"] | {"target": None}},
    ),
)
