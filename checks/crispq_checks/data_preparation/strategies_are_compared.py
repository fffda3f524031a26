"""Ways to treat a rare class were compared.

## Why
Doubling rare cases makes a model memorise them, dropping frequent ones throws knowledge away, weights distort the
probabilities, and doing nothing may be best. Nobody can tell which without trying.

## How it is measured
Where the rarest class has less than `rare` (0.2) of the rows of `train`, the project's estimator (while no model is
listed, a linear one) is cross-validated on the same folds after four treatments of the training part of each fold; the
held-back part is untouched:

- `none`; `over`: rows of rarer classes are drawn again until all classes are as frequent; `under`: rows of more
  frequent classes are dropped at random until all are as rare; `weights`: `class_weight="balanced"` wherever the
  estimator takes it, or balanced sample weights where its `fit` takes them. Fixed seeds.

Told for each: the score (first criterion of level ml, or ROC AUC, or balanced accuracy), the recall of each class, and
the Brier score (mean squared error of the probabilities, halved over the classes). Above `rows` (2,000) rows a sample.

- `strategies_compared`: treatments that could be fitted, at least 2.
- `chosen_is_worse` (warning): the setting `chosen` (default `none`, what the estimator itself does) scores worse than
  the best by more than chance: the lower 95 % bound of the paired difference (Nadeau and Bengio, Bonferroni over the
  treatments) is above 0.

ASSUMPTION: the criterion's metric is what matters; recall and Brier score may say otherwise, and stand in the table.
FALSE ALARMS: none in 20 made data sets with 12 % of rare cases and a logistic model.

## How to mend it
Choose by the table and set `chosen`; put over- or under-sampling into the estimator, so that it happens inside folds.
For costs, move the threshold before you move the data: probabilities stay true.

## Source
CRISP-ML(Q) §3.2.1, pp. 399-400: unbalanced data. van den Goorbergh et al., "The harm of class imbalance corrections for
risk prediction models", JAMIA 29 (2022), pp. 1525-1534. Nadeau and Bengio, Machine Learning 52 (2003), pp. 239-281.

## What it cannot see
Synthetic sampling (SMOTE) and losses made for rare classes; rare kinds of case inside a class; rare values of a number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from crispq import (
    Estimate,
    Evidence,
    Example,
    Finding,
    Findings,
    Measurement,
    NotMeasurable,
    Table,
    at_least,
    check,
    none,
    not_applicable,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from crispq_checks.refits import Answers, Build, Question, Trial

STRATEGIES = ("none", "over", "under", "weights")


@check(
    task="select_data",
    catalogue=("DP1-C11",),
    risks=("R21", "R22"),
    tier="standard",
    limits={"strategies_compared": at_least(2), "chosen_is_worse": none(warn=True)},
)
def strategies_are_compared(  # noqa: PLR0913 - each word is one fact about the comparison
    evidence: Evidence,
    *,
    chosen: str = "none",
    rare: float = 0.2,
    splits: int = 5,
    repeats: int = 1,
    rows: int = 2_000,
) -> Measurement:
    """Cross-validate the estimator after each treatment."""
    import numpy as np

    if evidence.task not in {"binary_classification", "multiclass_classification"}:
        return not_applicable("there are no classes, so that none can be rare")
    if chosen not in STRATEGIES:
        raise NotMeasurable(f"the setting chosen is {chosen!r}; it must be one of {', '.join(STRATEGIES)}")
    counts = np.unique(evidence.supervised("train").target, return_counts=True)[1]
    if (share := float(counts.min() / counts.sum())) >= rare:
        return not_applicable(
            f"the rarest class has {share:.0%} of the training rows, and rare begins below {rare:.0%}"
        )
    from crispq_checks.usual_score import asked_model, drawn_trial

    whole, build, who = asked_model(evidence, drawn_trial(evidence, "train", splits=splits, repeats=repeats, rows=rows))
    question = _question(evidence, whole)
    told, failed = _answers(whole, build)
    scores = {name: whole.scores(one, question) for name, one in told.items()}
    worse = _worse(whole, question, scores, chosen)
    path = evidence.table("train").paths[0]
    return Measurement(
        values={
            "strategies_compared": Estimate(value=len(scores)),
            "chosen_is_worse": Findings(
                examined=len(scores), items=(Finding(message=worse, path=path),) if worse else ()
            ),
        },
        summary=_summary(who, share, scores, question, [*failed, *([worse] if worse else [])]),
        tables=(_table(whole, told, scores, question),),
    )


def _question(evidence: Evidence, whole: Trial) -> Question:
    from crispq_checks.refits import data_requirements, question_of
    from crispq_checks.usual_score import usual_question

    asked = data_requirements(evidence, "ml")
    if evidence.models and asked:
        return question_of(evidence, asked[0])
    return usual_question(evidence.task, evidence.data.positive, whole.classes)


def _answers(whole: Trial, build: Build) -> tuple[dict[str, list[Answers]], list[str]]:
    """What each treatment answers on the untouched parts, and why some could not be tried."""
    told: dict[str, list[Answers]] = {}
    failed = []
    for name in STRATEGIES:
        made = _weighted(build) if name == "weights" else build
        if made is None:
            failed.append("the estimator takes no weights")
            continue
        treated = tuple((_treated(name, train, whole.data.target), test) for train, test in whole.folds)
        try:
            told[name] = list(replace(whole, folds=treated).answers(made))
        except NotMeasurable as problem:
            if name == "none":
                raise
            failed.append(f"{name}: {problem}")
    return told, failed


def _treated(name: str, train: NDArray[np.intp], target: NDArray[Any]) -> NDArray[np.intp]:
    """The training rows after over- or under-sampling."""
    import numpy as np

    if name not in {"over", "under"}:
        return train
    random = np.random.default_rng(0)
    of_class = [train[target[train] == label] for label in np.unique(target[train])]
    size = (max if name == "over" else min)(len(one) for one in of_class)
    drawn = [
        np.concatenate([one, random.choice(one, size=size - len(one))])
        if len(one) < size
        else random.choice(one, size=size, replace=False)
        for one in of_class
    ]
    return np.sort(np.concatenate(drawn))


def _weighted(build: Build) -> Build | None:
    """The estimator with balanced classes; None where it takes no weights."""
    estimator = build()
    parameters = estimator.get_params(deep=True) if hasattr(estimator, "get_params") else {}
    if paths := [name for name in parameters if name.rpartition("__")[2] == "class_weight"]:
        return lambda: build().set_params(**dict.fromkeys(paths, "balanced"))
    from sklearn.utils.validation import has_fit_parameter

    return (lambda: _Weighted(build())) if has_fit_parameter(estimator, "sample_weight") else None


class _Weighted:
    """An estimator that is fitted with balanced sample weights."""

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    def fit(self, features: Any, target: NDArray[Any]) -> _Weighted:
        from sklearn.utils.class_weight import compute_sample_weight

        self.estimator.fit(features, target, sample_weight=compute_sample_weight("balanced", target))
        return self

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__dict__["estimator"], name)


def _worse(whole: Trial, question: Question, scores: Mapping[str, NDArray[np.float64]], chosen: str) -> str:
    from crispq_checks.statistics.comparisons import corrected_resampled

    if chosen not in scores:
        raise NotMeasurable(f"the chosen treatment {chosen!r} could not be fitted; set another")
    worth = {name: question.better * one for name, one in scores.items()}
    best = max(worth, key=lambda name: (float(worth[name].mean()), name == chosen))
    sizes = [sum(len(fold[part]) for fold in whole.folds) / len(whole.folds) for part in (0, 1)]
    gain = corrected_resampled(worth[best] - worth[chosen], sizes[0], sizes[1], 1 - 0.05 / max(1, len(scores) - 1))
    if best == chosen or gain.low is None or gain.low <= 0:
        return ""
    return (
        f"{best!r} reaches {gain.value:.4f} [{gain.low:.4f}, {gain.high:.4f}] more in {question.metric} than "
        f"{chosen!r}, which was chosen; choose it, or say why not in the preparation log"
    )


def _summary(
    who: str, share: float, scores: Mapping[str, NDArray[np.float64]], question: Question, remarks: list[str]
) -> str:
    told = ", ".join(f"{name} {one.mean():.4f}" for name, one in scores.items())
    more = f"; {'; '.join(remarks)}" if remarks else ""
    return f"the rarest class has {share:.0%} of the rows; {question.metric} of {who}: {told}{more}"


def _table(
    whole: Trial, told: Mapping[str, list[Answers]], scores: Mapping[str, NDArray[np.float64]], question: Question
) -> Table:
    classes = list(whole.classes or ())
    rows = tuple(
        (name, round(float(scores[name].mean()), 4), *_recalls(whole, one, classes), _brier(whole, one, classes))
        for name, one in told.items()
    )
    columns = ("treatment", question.metric, *(f"recall of {label}" for label in classes), "Brier score")
    return Table(title="Treatments of the rare class, on the same folds", columns=columns, rows=rows)


def _recalls(whole: Trial, answers: list[Answers], classes: list[Any]) -> Iterator[float | None]:
    import numpy as np

    truth = np.concatenate([whole.data.target[one.rows] for one in answers])
    guess = np.concatenate([one.prediction for one in answers])
    for label in classes:
        here = truth == label
        yield round(float((guess[here] == label).mean()), 4) if here.any() else None


def _brier(whole: Trial, answers: list[Answers], classes: list[Any]) -> float | None:
    import numpy as np

    if any(one.probability is None or one.probability.ndim == 1 for one in answers):
        return None
    truth = np.concatenate([whole.data.target[one.rows] for one in answers])
    told = np.concatenate([np.asarray(one.probability) for one in answers])
    hits = truth[:, None] == np.asarray(classes)[None, :]
    return round(float(((told - hits) ** 2).sum(axis=1).mean() / 2), 4)


# --- examples ------------------------------------------------------------------------------------

_MODEL = """
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

def build(seed):
    return LogisticRegression()

def neighbours(seed):
    return KNeighborsClassifier(5)

def broken(seed):
    return LogisticRegression(C=-1.0)
"""


def _drawn(row: int, step: int) -> float:
    mixed = (row * 7919 + step * 104_729 + 12_345) * 2_654_435_761 % 2**32
    return (mixed ^ mixed >> 15) * 2_246_822_519 % 2**32 / 2**32


def _rows(border: float) -> dict[str, list[Any]]:
    numbers = range(300)
    size = [_drawn(row, 1) for row in numbers]
    return {
        "id": list(numbers),
        "size": size,
        "age": [_drawn(row, 2) for row in numbers],
        "ill": [int(one + 0.5 * _drawn(row, 3) > border) for row, one in zip(numbers, size, strict=True)],
    }


def _example(status: str, title: str, says: str, *, border: float = 1.15, model: str = "build", **more: Any) -> Example:
    metric = {"id": "M1", "level": "ml", "statement": "good", "metric": more.get("metric", "roc_auc"), "at_least": 0.5}
    return Example(
        status=status,
        title=title,
        config={
            "task": more.get("task", "binary_classification"),
            "data": {"target": "ill", "positive": 1, "key": "id", "tables": {"train": "train.csv"}},
            "models": {"ill": {"estimator": f"rarely:{model}"}},
        },
        phase_files={"business_and_data_understanding": {"requirements": [metric]}},
        files={"train.csv": _rows(border), "src/rarely.py": _MODEL},
        settings=more.get("settings", {}),
        says=says,
    )


EXAMPLES = (
    _example("pass", "doing nothing is as good", "roc_auc of the estimator: none"),
    _example("pass", "an estimator without weights", "the estimator takes no weights", model="neighbours"),
    _example(
        "warn", "what counts is balanced accuracy", "more in balanced_accuracy than 'none'", metric="balanced_accuracy"
    ),
    _example("not_applicable", "no class is rare", "rare begins below 20%", border=0.7),
    _example("not_applicable", "a number is predicted", "no classes", task="regression", metric="r2"),
    _example("error", "an estimator that cannot be fitted", "could not be fitted", model="broken"),
    _example("error", "an unknown treatment", "it must be one of none, over", settings={"chosen": "smote"}),
    Example(
        status="fail",
        title="there is no training table",
        config={"data": {"target": "ill", "tables": {"train": "train.csv"}}},
        says="does not exist yet",
    ),
)
