"""That a value is missing does not tell the outcome.

## Why
The test that was not ordered, the field that is only filled in for the ill: gaps carry news. Filled in silently, the
news is lost or comes back in disguise; and if gaps arise after the outcome, they give it away.

## How it is measured
In the table `table` (by default `raw`, before anything is filled in) each feature with gaps becomes a column "missing
or not"; equal columns count once. A logistic (for numbers a ridge) regression on these columns predicts the target of
rows that it was not fitted on, in five folds as the data's groups demand.

- `informative` (warning): for two classes the AUC is above 0.55, for more classes that of one class against the others,
  for numbers R² is above 0.05, and the lower 95 % bound (DeLong's or resampled, by whole groups; Bonferroni over
  classes) lies above 0.5 or 0. Gaps that the setting `accepted` explains (a reason) are told in the summary only.
- `score`, shown only: the AUC (of the class that is told best) or R², with its bounds.

Not applicable where, among the rows with a target, no feature has gaps in 10 rows and values in 10 others. (Gaps that
only rows without a target have tell whether there will be a label; nothing can be predicted there.)

ASSUMPTION: rows, or groups, are independent. DEFAULT LIMITS: 0.55 is little, but a model finds it. A warning only:
news may be honest. FALSE ALARMS: 1 of 40 made tables with gaps by chance; of 40 in which the ill have twice as many
gaps all were found.

## How to mend it
Ask when and why the gaps arise. If they are known at the moment of prediction, give the model indicators and say so
under `accepted`. If they arise later, drop the column.

## Source
CRISP-ML(Q) §3.2.2, p. 400. Rubin, "Inference and missing data", Biometrika 63 (1976), pp. 581-592. Sperrin et al.,
"Missing data should be handled differently for prediction than for description or causal explanation", J. Clinical
Epidemiology 125 (2020), pp. 183-187.

## What it cannot see
Gaps that depend on the value that is missing; that several gaps together tell more than their sum; rows that are
missing altogether (`exclusions_do_not_shift_the_data`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crispq import (
    Estimate,
    Evidence,
    Example,
    Finding,
    Findings,
    Measurement,
    MissingEvidence,
    NotMeasurable,
    Supervised,
    Table,
    check,
    none,
    not_applicable,
)

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

MOST_ROWS, FOLDS, FEWEST = 20_000, 5, 10
BEYOND = {"roc_auc": 0.55, "r2": 0.05}
CHANCE = {"roc_auc": 0.5, "r2": 0.0}


@check(
    task="clean_data",
    catalogue=("DP2-C5",),
    risks=("R24", "R19"),
    tier="standard",
    limits={"informative": none(warn=True)},
)
def missingness_is_not_informative(evidence: Evidence, *, table: str = "raw", accepted: str = "") -> Measurement:
    """Predict the target from the gaps."""
    if evidence.task == "other":
        return not_applicable("what gaps tell is measured for classification and regression only")
    target, groups, gaps, labelled = _read(evidence, table)
    if not gaps.shape[1]:
        return not_applicable(
            f"among the {labelled} rows of the table {table!r} with a target no feature has gaps in {FEWEST} rows and "
            f"values in {FEWEST} others"
        )
    metric = "r2" if evidence.task == "regression" else "roc_auc"
    best, label = _best(target, groups, gaps, evidence.task)
    telling = best.value > BEYOND[metric] and best.low is not None and best.low > CHANCE[metric]
    message = (
        f"the gaps of {gaps.shape[1]} features tell the target{label} ({metric} {best.value:.3f}, lower bound "
        f"{best.low:.3f}); find out when they arise, and keep indicators or drop the columns"
    )
    path = evidence.table(table).paths[0]
    found = (Finding(message=message, path=path),) if telling and not accepted.strip() else ()
    why = f"; accepted: {accepted.strip()}" if telling and accepted.strip() else ""
    told = f"from the gaps of {gaps.shape[1]} features the target{label} is predicted with {metric} {best.value:.3f}"
    return Measurement(
        values={"informative": Findings(examined=gaps.shape[1], items=found), "score": best},
        summary=f"{told} [{best.low:.3f}, {best.high:.3f}]{why}",
        tables=(_table(gaps),),
    )


def _read(evidence: Evidence, table: str) -> tuple[NDArray[Any], NDArray[Any] | None, pd.DataFrame, int]:
    """Target, groups, a column of zeros and ones for each different pattern of gaps; of how many labelled rows."""
    import numpy as np

    data = evidence.data
    if data.target is None:
        place = evidence.place_of("data")
        raise MissingEvidence("data.target is not named yet", path=place.path, line=place.line)
    source = evidence.table(table)
    if data.target not in source.columns:
        raise NotMeasurable(f"the table {table!r} has no column {data.target!r}, the target")
    frame = source.frame()
    frame = frame[frame[data.target].notna()].reset_index(drop=True)
    labelled = len(frame)
    if labelled > MOST_ROWS:
        chosen = np.sort(np.random.default_rng(0).choice(len(frame), size=MOST_ROWS, replace=False))
        frame = frame.iloc[chosen].reset_index(drop=True)
    gaps = frame.drop(columns=[name for name in data.not_features if name in frame]).isna()
    gaps = gaps.loc[:, (gaps.sum() >= FEWEST) & ((~gaps).sum() >= FEWEST)].astype("float64")
    gaps = gaps.T.drop_duplicates().T
    groups = frame[data.group].astype("str").to_numpy() if data.group in frame else None
    return frame[data.target].to_numpy(), groups, gaps, labelled


def _best(target: NDArray[Any], groups: NDArray[Any] | None, gaps: pd.DataFrame, task: str) -> tuple[Estimate, str]:
    """The score with its bounds; over several classes of the one that is told best, and its name in words."""
    import numpy as np

    if task == "regression":
        return _score(np.asarray(target, dtype=np.float64), groups, gaps, 0.95, regression=True), ""
    labels, counts = np.unique(target.astype(str), return_counts=True)
    wanted = [label for label, count in zip(labels, counts, strict=True) if min(count, len(target) - count) >= FEWEST]
    if len(labels) < 2 or not wanted:  # noqa: PLR2004 - nothing to tell apart
        raise NotMeasurable("the target has too few rows of two classes for gaps to tell them apart")
    wanted = wanted[:1] if len(labels) == 2 else wanted[:20]  # noqa: PLR2004 - two classes are one question
    level = 1 - 0.05 / len(wanted)
    told: dict[str, Estimate] = {}
    for label in wanted:
        goal = (target.astype(str) == label).astype(np.intp)
        try:
            told[label] = _score(goal, groups, gaps, level, regression=False)
        except NotMeasurable:  # a class that stands in one group only cannot be held out
            continue
    if not told:
        raise NotMeasurable("each class stands in too few groups to be held out")
    best = max(told, key=lambda label: told[label].low or 0.0)
    return told[best], "" if len(wanted) == 1 else f" (class {best})"


def _score(
    goal: NDArray[Any], groups: NDArray[Any] | None, gaps: pd.DataFrame, level: float, *, regression: bool
) -> Estimate:
    import numpy as np

    from crispq_checks.sketches import trial
    from crispq_checks.statistics.scoring import score_estimate

    task = "regression" if regression else "binary_classification"
    data = Supervised(features=gaps, target=goal, key=None, groups=groups, times=None)
    told = np.empty(len(goal))
    for train, test in trial(data, task, splits=FOLDS, repeats=1, seed=0).folds:
        told[test] = _told(gaps.iloc[train], goal[train], gaps.iloc[test], regression=regression)
    if regression:
        return score_estimate("r2", goal, told, groups=groups, level=level)
    guess = (told > 0.5).astype(np.intp)  # noqa: PLR2004 - only the probability counts here
    return score_estimate("roc_auc", goal, guess, probability=told, positive=1, groups=groups, level=level)


def _told(own: pd.DataFrame, goal: NDArray[Any], other: pd.DataFrame, *, regression: bool) -> NDArray[np.float64]:
    import numpy as np
    from sklearn.linear_model import LogisticRegression, Ridge

    if regression:
        return np.asarray(Ridge().fit(own, goal).predict(other))
    return np.asarray(LogisticRegression(max_iter=500).fit(own, goal).predict_proba(other)[:, 1])


def _table(gaps: pd.DataFrame) -> Table:
    shares = gaps.mean().sort_values(ascending=False, kind="stable")
    rows = tuple((str(name), round(float(share), 4)) for name, share in list(shares.items())[:20])
    return Table(title="Features with gaps", columns=("feature", "share missing"), rows=rows)


# --- examples ------------------------------------------------------------------------------------


def _drawn(row: int, step: int) -> float:
    mixed = (row * 7919 + step * 104_729 + 12_345) * 2_654_435_761 % 2**32
    return (mixed ^ mixed >> 15) * 2_246_822_519 % 2**32 / 2**32


def _rows(healthy: float, ill: float, *, number: bool = False) -> dict[str, list[Any]]:
    """Rows of which these shares have no marker."""
    numbers = range(160)
    missing = [_drawn(row, 2) < (ill if row % 2 else healthy) for row in numbers]
    return {
        "id": list(numbers),
        "marker": [None if gap else round(_drawn(row, 1), 4) for row, gap in zip(numbers, missing, strict=True)],
        "age": [20 + row % 50 for row in numbers],
        "ill": [_drawn(row, 3) + row % 2 if number else row % 2 for row in numbers],
    }


def _unlabelled() -> dict[str, list[Any]]:
    """Forty rows have neither marker nor target, all others have both."""
    rows = _rows(0, 0)
    return rows | {name: [None] * 40 + rows[name][40:] for name in ("marker", "ill")}


def _example(status: str, title: str, says: str, rows: dict[str, list[Any]], **more: Any) -> Example:
    data = {"target": "ill", "positive": 1, "key": "id", "tables": {"raw": "raw.csv"}} | more.get("data", {})
    return Example(
        status=status,
        title=title,
        config={"task": more.get("task", "binary_classification"), "data": data},
        files={"raw.csv": rows},
        settings=more.get("settings", {}),
        says=says,
    )


EXAMPLES = (
    _example("pass", "gaps by chance", "is predicted with roc_auc", _rows(0.3, 0.3)),
    _example("warn", "the ill have more gaps", "tell the target", _rows(0.1, 0.6)),
    _example(
        "pass",
        "gaps that are features already",
        "accepted: indicators",
        _rows(0.1, 0.6),
        settings={"accepted": "indicators are features; the order is known at admission"},
    ),
    _example("warn", "gaps and a number", "r2", _rows(0.1, 0.6, number=True), task="regression"),
    _example("not_applicable", "no gaps", "has gaps in 10 rows", _rows(0, 0)),
    _example("not_applicable", "gaps where there is no target", "among the 120 rows", _unlabelled()),
    _example("error", "the target is not there", "no column 'sick'", _rows(0.3, 0.3), data={"target": "sick"}),
    Example(
        status="fail",
        title="there is no raw table",
        config={"data": {"target": "ill", "tables": {"raw": "raw.csv"}}},
        says="does not exist yet",
    ),
)
