"""A filter removes noise, not signal.

## Why
A smoother that takes the tremor out of a movement takes out the disease. A filter that helps must show it, and what it
takes away must be worth nothing.

## How it is measured
Each filter of the setting `filters` has a `name`, a `function` ("package.module:function" in `src/`, a DataFrame in, a
DataFrame of the same rows out) and the `columns` that it changes. It is applied to the features of the table `table`
(by default `train`), which therefore must hold them unfiltered.

- `signal_thrown_away` (none): what was removed (before minus after, in the named columns) predicts the target. A forest
  of 50 trees on it is fitted on the folds that the data demands; its score on the rows held back has a lower 99.5 %
  bound (that of the metric, by whole groups; Bonferroni over the filters) above 0.5 (AUC), above 1/classes (balanced
  accuracy) or above 0 (R²).
- `costs` (warning): with the filter the estimator (while no model is listed, a linear one) scores worse on the same
  folds than without; the upper 99 % bound of the paired gain (Nadeau and Bengio) is below 0.
- `gain`, shown only: for each filter, with bounds.

A filter that cannot be called, or that changes the rows, is an error. Not applicable where none is declared. Above
`rows` (2,000) rows a sample. FALSE ALARMS: of 80 filters that changed a column by noise, none was
red.

## How to mend it
Drop the filter, make it weaker, or give the removed part to the model as a feature of its own.

## Source
CRISP-ML(Q) §3.2.2, p. 400: filters are documented and evaluated. Nadeau and Bengio, "Inference for the generalization
error", Machine Learning 52 (2003), pp. 239-281. Breiman, "Random forests", Machine Learning 45 (2001), pp. 5-32.

## What it cannot see
Filters that nobody declares, or that ran before `raw`; signal that only shows together with what was kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
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
    check,
    none,
    not_applicable,
)

if TYPE_CHECKING:
    import pandas as pd

    from crispq_checks.refits import Question, Trial

TREES = 50
#: How often a filter that removes pure noise may be called wasteful.
ALPHA = 0.005
GAIN_LEVEL = 0.99


@dataclass(frozen=True, slots=True, kw_only=True)
class _Filter:
    """A filter, and the table after it and what it took away."""

    name: str
    after: pd.DataFrame
    removed: pd.DataFrame


@check(
    task="clean_data",
    catalogue=("DP2-C1", "DP2-C2"),
    risks=("R23",),
    tier="standard",
    limits={"signal_thrown_away": none(), "costs": none(warn=True)},
)
def filters_are_evaluated(  # noqa: PLR0913 - each word is one fact about the evaluation
    evidence: Evidence,
    *,
    filters: Sequence[Mapping[str, Any]] = (),
    table: str = "train",
    splits: int = 5,
    repeats: int = 1,
    rows: int = 2_000,
) -> Measurement:
    """Score with and without each filter, and score what it removes."""
    if not filters:
        return not_applicable("no filter is declared under the check's setting `filters`")
    if evidence.task == "other":
        return not_applicable("scores are compared for classification and regression only")
    from crispq_checks.usual_score import asked_model, drawn_trial, usual_question

    plain = drawn_trial(evidence, table, splits=splits, repeats=repeats, rows=rows)
    whole, build, who = asked_model(evidence, plain)
    usual = usual_question(evidence.task, evidence.data.positive, whole.classes)
    question = _asked(evidence) or usual
    base = whole.scores(list(whole.answers(build)), question)
    gains: dict[str, Estimate] = {}
    signal: dict[str, Estimate] = {}
    for one in (_applied(evidence, each, plain.data.features) for each in filters):
        filtered, build_filtered, _ = asked_model(evidence, _with(plain, one.after))
        scores = filtered.scores(list(filtered.answers(build_filtered)), question)
        gains[one.name] = _gain(whole, question.better * (scores - base))
        signal[one.name] = _signal(plain, one.removed, usual, len(filters))
    chance = _chance(usual, whole)
    path = evidence.phase_file
    lost = [
        Finding(message=_lost(name, told, usual.metric, chance), path=path)
        for name, told in signal.items()
        if told.low is not None and told.low > chance
    ]
    costly = [
        Finding(message=_costly(name, gain, question.metric), path=path)
        for name, gain in gains.items()
        if gain.high is not None and gain.high < 0
    ]
    return Measurement(
        values={
            "signal_thrown_away": Findings(examined=len(signal), items=tuple(lost)),
            "costs": Findings(examined=len(gains), items=tuple(costly)),
            "gain": gains,
        },
        summary=f"{len(gains)} filters, scored with {who}: {len(lost)} throw signal away, {len(costly)} cost",
        tables=(_table(gains, signal, question.metric, usual.metric),),
    )


def _gain(whole: Trial, differences: Any) -> Estimate:
    from crispq_checks.statistics.comparisons import corrected_resampled

    sizes = [sum(len(fold[part]) for fold in whole.folds) / len(whole.folds) for part in (0, 1)]
    return replace(corrected_resampled(differences, sizes[0], sizes[1], GAIN_LEVEL), n=whole.units)


def _asked(evidence: Evidence) -> Question | None:
    from crispq_checks.refits import data_requirements, question_of

    asked = data_requirements(evidence, "ml")
    return question_of(evidence, asked[0]) if evidence.models and asked else None


def _with(whole: Trial, features: pd.DataFrame) -> Trial:
    return replace(whole, data=replace(whole.data, features=features))


def _applied(evidence: Evidence, told: Mapping[str, Any], features: pd.DataFrame) -> _Filter:
    """Call the filter. Raises NotMeasurable where it is not what it should be."""
    import pandas as pd

    from crispq_checks.feature_code import function

    if not {"name", "function", "columns"} <= set(told):
        raise NotMeasurable("each entry of the setting filters has a name, a function and columns")
    name, columns = str(told["name"]), [str(one) for one in told["columns"]]
    call = function(evidence, str(told["function"]))
    if call is None:
        raise NotMeasurable(f"the filter {name!r}: there is no function {told['function']!r} in src/")
    if absent := [one for one in columns if one not in features]:
        raise NotMeasurable(f"the filter {name!r}: the table has no column {absent[0]!r}")
    try:
        after = call(features.copy())
    except Exception as error:
        raise NotMeasurable(f"the filter {name!r} failed: {type(error).__name__}: {str(error)[:200]}") from error
    if not isinstance(after, pd.DataFrame) or len(after) != len(features) or list(after) != list(features):
        raise NotMeasurable(f"the filter {name!r} must return a DataFrame with the same rows and columns")
    removed = features[columns].astype("float64") - after[columns].astype("float64")
    return _Filter(name=name, after=after.reset_index(drop=True), removed=removed.fillna(0.0))


def _signal(whole: Trial, removed: pd.DataFrame, question: Question, filters: int) -> Estimate:
    """What the removed part alone says of the target."""
    import numpy as np
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    from crispq_checks.statistics.scoring import score_estimate

    kind = RandomForestRegressor if whole.classes is None else RandomForestClassifier
    rest = replace(_with(whole, removed), folds=_once(whole))
    leaf = max(2, len(removed) // 50)
    answers = list(rest.answers(lambda: kind(TREES, min_samples_leaf=leaf, random_state=0)))
    rows = np.concatenate([one.rows for one in answers])
    told = [one.probability for one in answers if one.probability is not None]
    probability = np.concatenate(told) if told else None
    groups = whole.data.groups
    return score_estimate(
        question.metric,
        whole.data.target[rows],
        np.concatenate([one.prediction for one in answers]),
        probability if question.metric == "roc_auc" else None,
        positive=question.positive,
        classes=whole.classes,
        groups=None if groups is None else groups[rows],
        level=1 - ALPHA / filters,
    )


def _once(whole: Trial) -> tuple[Any, ...]:
    """The folds of the first repeat: each row is held back once."""
    seen: set[int] = set()
    kept = []
    for train, test in whole.folds:
        if not seen & set(test.tolist()):
            seen |= set(test.tolist())
            kept.append((train, test))
    return tuple(kept)


def _chance(question: Question, whole: Trial) -> float:
    return {"roc_auc": 0.5, "balanced_accuracy": 1 / len(whole.classes or (0, 1))}.get(question.metric, 0.0)


def _lost(name: str, told: Estimate, metric: str, chance: float) -> str:
    return (
        f"what the filter {name!r} removes predicts the target ({metric} {told.value:.3f}, lower bound {told.low:.3f}, "
        f"by chance {chance:.2f}); make it weaker, or keep the removed part as a feature"
    )


def _costly(name: str, gain: Estimate, metric: str) -> str:
    return (
        f"with the filter {name!r} {metric} is worse by {-gain.value:.4f} (at least {-(gain.high or 0):.4f}); drop it"
    )


def _table(gains: Mapping[str, Estimate], signal: Mapping[str, Estimate], asked: str, usual: str) -> Table:
    rows = []
    for name, gain in gains.items():
        told = (gain.value, gain.low, gain.high, signal[name].value, signal[name].low)
        rows.append((name, *(None if one is None else round(one, 4) for one in told)))
    columns = (
        "filter",
        f"gain in {asked}",
        "lower bound",
        "upper bound",
        f"{usual} of what it removes",
        "its lower bound",
    )
    return Table(title="Filters", columns=columns, rows=tuple(rows))


# --- examples ------------------------------------------------------------------------------------

_FILTERS = """
def rounded(frame):
    return frame.assign(size=frame["size"].round(1))

def flattened(frame):
    return frame.assign(size=0.0)

def shortened(frame):
    return frame.head(3)
"""


def _drawn(row: int, step: int) -> float:
    mixed = (row * 7919 + step * 104_729 + 12_345) * 2_654_435_761 % 2**32
    return (mixed ^ mixed >> 15) * 2_246_822_519 % 2**32 / 2**32


def _example(status: str, title: str, says: str, function: str = "", column: str = "size") -> Example:
    numbers = range(200)
    size = [_drawn(row, 1) for row in numbers]
    rows = {
        "id": list(numbers),
        "size": size,
        "age": [_drawn(row, 2) for row in numbers],
        "ill": [int(one + 0.4 * _drawn(row, 3) > 0.7) for row, one in zip(numbers, size, strict=True)],  # noqa: PLR2004
    }
    declared = [{"name": function, "function": f"smoothing:{function}", "columns": [column]}] if function else []
    return Example(
        status=status,
        title=title,
        config={"data": {"target": "ill", "positive": 1, "key": "id", "tables": {"train": "train.csv"}}},
        files={"train.csv": rows, "src/smoothing.py": _FILTERS},
        settings={"filters": declared},
        says=says,
    )


EXAMPLES = (
    _example("pass", "a filter that takes noise", "0 throw signal away, 0 cost", "rounded"),
    _example("fail", "a filter that takes the signal", "removes predicts the target", "flattened"),
    _example("not_applicable", "no filter", "no filter is declared"),
    _example("error", "a filter that drops rows", "the same rows and columns", "shortened"),
    _example("error", "a filter that is not there", "no function 'smoothing:polished'", "polished"),
    _example("error", "a column that is not there", "no column 'weight'", "rounded", "weight"),
)
