"""Two people who label the same cases come to the same answer.

## Why
Where two experts agree on seven cases in ten, no model can be shown to be right more often: the label itself is the
limit. Only a sample that was labelled twice, each time without sight of the other answer, can tell.

## How it is measured
The file `double_labels` (CSV or Parquet; a row for each case, both answers in the columns `label_a` and `label_b`) is
read. `agreement` is
- Cohen's kappa, (observed agreement - chance agreement) / (1 - chance agreement), for classes;
- the same with quadratic weights where `ordinal` lists the classes in their order;
- the intraclass correlation ICC(2,1) of Shrout and Fleiss (two-way random effects, absolute agreement) for a
  regression, with one-sided 95 % bounds by the bootstrap over cases. At least 0.6 ("substantial" begins there),
  warning below 0.8; under 30 cases nothing is decided. Rows with an empty answer are left out and counted in the
  summary. For classes the bounds are never narrower than the cases outside of the commonest class allow (m such cases
  do not show a kind of case with a share up to 1 - 0.05^(1/m)): 60 cases of which one is ill show nothing about the
  ill, however well the answers agree. A sample with one answer only has no kappa; the check says so and does not pass.

Where nothing was labelled twice, say why in `not_labelled_twice_because` (the label is measured, or comes from a
biopsy); the check then does not apply. Without file and reason it fails.

## How to mend it
Look at the cases that differ, write down a rule for each kind, and label a new sample by it. Let a third person
settle what remains. Report the agreement beside the model's score.

## Source
CRISP-ML(Q) §3.1.4, p. 398 (labelling as part of data collection). Cohen, "A coefficient of agreement for nominal
scales", Educational and Psychological Measurement 20 (1960), pp. 37-46; Cohen, Psychological Bulletin 70 (1968), pp.
213-220 (weights); Shrout and Fleiss, "Intraclass correlations", Psychological Bulletin 86 (1979), pp. 420-428; Landis
and Koch, Biometrics 33 (1977), pp. 159-174 (names of sizes, a convention).

## What it cannot see
An error that both labellers make. Kappa falls where one class is rare though the labellers are as good as before:
read the table of answers beside it. Whether the sample is one of all cases.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from crispq import (
    Estimate,
    Evidence,
    Example,
    Measurement,
    NotMeasurable,
    Table,
    TableData,
    at_least,
    check,
    hint,
    missing,
    not_applicable,
)

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

FEWEST_WORDS = 3
FEWEST_CASES = 30
MOST_CLASSES = 12
RESAMPLES = 1000


@check(
    task="data_collection",
    catalogue=("BU4-C5",),
    risks=("R12",),
    tier="standard",
    limits={"agreement": at_least(0.6, warn=0.8, min_n=FEWEST_CASES)},
    seconds=300,
)
def labellers_agree(  # noqa: PLR0913 - each word is one setting
    evidence: Evidence,
    *,
    double_labels: str = "",
    label_a: str = "label_a",
    label_b: str = "label_b",
    ordinal: Sequence[str] = (),
    not_labelled_twice_because: str = "",
) -> Measurement:
    """Measure how far the two labels of the same cases agree."""
    if not double_labels:
        return _without(evidence, not_labelled_twice_because)
    frame = _read(evidence, double_labels, label_a, label_b)
    pairs = frame.dropna()
    if pairs.empty:
        return missing(f"{double_labels} holds no case with both labels", path=double_labels)
    regression = evidence.task == "regression"
    first, second, labels = _coded(pairs, ordinal, numbers=regression)
    estimate = _agreement(first, second, numbers=regression, weighted=bool(ordinal))
    name = "intraclass correlation" if regression else "weighted kappa" if ordinal else "kappa"
    lost = f"; {len(frame) - len(pairs)} rows without both labels are left out" if len(frame) > len(pairs) else ""
    return Measurement(
        values={"agreement": estimate},
        summary=(
            f"{name} {estimate.value:.2f} over {len(pairs)} cases labelled twice; {int((first != second).sum())} of "
            f"them differ{lost}"
        ),
        tables=() if regression or len(labels) > MOST_CLASSES else (_table(first, second, labels),),
    )


def _without(evidence: Evidence, because: str) -> Measurement:
    if len(because.split()) >= FEWEST_WORDS:
        return not_applicable(f"nothing is labelled twice: {because}")
    message = (
        "no sample was labelled twice; name its file under double_labels, or say under not_labelled_twice_because why "
        "none is needed"
    )
    return missing(message, path=evidence.phase_file)


def _read(evidence: Evidence, path: str, *columns: str) -> pd.DataFrame:
    evidence.path(path)
    table = TableData(name=PurePosixPath(path).name, root=evidence.root, paths=(path,))
    for name in columns:
        if name not in table.columns:
            raise NotMeasurable(f"{path} has no column {name!r}{hint(name, table.columns)}")
    frame = table.frame(list(columns))
    frame.columns = ["a", "b"]
    return frame


def _coded(
    pairs: pd.DataFrame, ordinal: Sequence[str], *, numbers: bool
) -> tuple[NDArray[Any], NDArray[Any], tuple[str, ...]]:
    """Both columns as numbers (n,), and the classes that the numbers stand for, in their order."""
    import numpy as np
    import pandas as pd

    if numbers:
        both = [pd.to_numeric(pairs[name], errors="coerce").to_numpy(dtype=np.float64) for name in ("a", "b")]
        if not all(np.isfinite(one).all() for one in both):
            raise NotMeasurable("a label of a regression is a finite number")
        return both[0], both[1], ()
    texts = [pairs[name].map(_written) for name in ("a", "b")]
    seen = sorted(set(texts[0]) | set(texts[1]))
    labels = tuple(_written(one) for one in ordinal) or tuple(seen)
    if strange := [one for one in seen if one not in labels]:
        raise NotMeasurable(f"ordinal does not list the class {strange[0]!r}{hint(strange[0], labels)}")
    place = {label: number for number, label in enumerate(labels)}
    return texts[0].map(place).to_numpy(), texts[1].map(place).to_numpy(), labels


def _written(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _agreement(first: NDArray[Any], second: NDArray[Any], *, numbers: bool, weighted: bool) -> Estimate:
    import numpy as np

    from crispq_checks.statistics.agreement import intraclass, kappa
    from crispq_checks.statistics.intervals import bootstrap

    def statistic(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
        return intraclass(np.column_stack([one, other])) if numbers else kappa(one, other, weighted=weighted)

    if np.unique(np.concatenate([first, second])).size == 1:
        raise NotMeasurable(
            f"all {len(first)} cases have the same label from both; agreement beyond chance is undefined, label "
            "cases of another kind twice"
        )
    rare = None if numbers else _rare(first, second)
    return bootstrap(statistic, (first, second), resamples=RESAMPLES, support=(-1.0, 1.0), fewest=rare)


def _rare(first: NDArray[Any], second: NDArray[Any]) -> int:
    """How many cases at least one of both puts outside of the commonest class."""
    import numpy as np

    commonest = np.bincount(np.concatenate([first, second]).astype(np.intp)).argmax()
    return int(((first != commonest) | (second != commonest)).sum())


def _table(first: NDArray[Any], second: NDArray[Any], labels: Sequence[str]) -> Table:
    rows: tuple[tuple[str | int, ...], ...] = tuple(
        (label, *(int(((first == row) & (second == column)).sum()) for column in range(len(labels))))
        for row, label in enumerate(labels)
    )
    return Table(title="First label (rows) against second", columns=("first label", *labels), rows=rows)


def _pairs(both_yes: int, yes_no: int, no_yes: int, both_no: int) -> dict[str, list[Any]]:
    first = ["yes"] * (both_yes + yes_no) + ["no"] * (no_yes + both_no)
    second = ["yes"] * both_yes + ["no"] * yes_no + ["yes"] * no_yes + ["no"] * both_no
    return {"label_a": first, "label_b": second}


def _example(
    status: str, title: str, says: str, labels: dict[str, list[Any]], task: str = "binary_classification", **more: Any
) -> Example:
    settings = {"double_labels": "twice.csv"} | more
    return Example(
        status=status, title=title, says=says, config={"task": task}, files={"twice.csv": labels}, settings=settings
    )


EXAMPLES = (
    _example("pass", "two labellers who hardly differ", "kappa 0.96", _pairs(98, 2, 2, 98)),
    _example("warn", "two labellers who differ at times", "too near", _pairs(90, 10, 10, 90)),
    _example("fail", "two labellers who often differ", "kappa 0.20", _pairs(60, 40, 40, 60)),
    _example("inconclusive", "few cases", "20 observations", _pairs(10, 0, 0, 10)),
    _example(
        "inconclusive", "one ill among sixty says nothing about the ill", "crosses the limit", _pairs(1, 0, 0, 59)
    ),
    _example("error", "all labels are the same", "agreement beyond chance is undefined", _pairs(0, 0, 0, 60)),
    _example("inconclusive", "the bounds cross the limit", "crosses the limit", _pairs(20, 5, 5, 20)),
    _example(
        "pass",
        "grades in an order, one step apart at times",
        "weighted kappa",
        {"label_a": [1, 2, 3, 4, 5] * 20, "label_b": [1, 2, 3, 4, 5] * 19 + [2, 3, 4, 5, 4]},
        ordinal=["1", "2", "3", "4", "5"],
    ),
    _example(
        "pass",
        "two measurements of the same",
        "intraclass correlation",
        {"label_a": list(range(60)), "label_b": [row + (-1) ** row for row in range(60)]},
        task="regression",
    ),
    _example("error", "a column that does not exist", "did you mean 'label_a'?", _pairs(9, 1, 1, 9), label_a="labela"),
    _example("error", "a class that the order lacks", "does not list", _pairs(9, 1, 1, 9), ordinal=["yes"]),
    Example(status="fail", title="nothing was labelled twice", says="no sample was labelled twice"),
    Example(
        status="not_applicable",
        title="a label that is measured",
        settings={"not_labelled_twice_because": "the diagnosis comes from biopsy"},
        says="comes from biopsy",
    ),
    Example(
        status="fail",
        title="the file does not exist",
        settings={"double_labels": "twice.csv"},
        says="does not exist yet",
    ),
)
