"""No feature was chosen, and no value computed, with a look at the labels that later judge it.

## Why
Twenty features chosen out of a thousand because they go with the outcome look splendid in cross-validation, for the
rows that are held back there took part in the choice. The same holds for categories that were replaced by the mean
outcome. Both belong inside the estimator, where they are learned anew in every fold from the rows that are trained on.

## How it is measured
The commands of this phase are run again, in a copy, on the raw table with its labels in random order (whole groups at
once where `data.group` is named; gaps stay gaps). Then the prepared tables are held against the project's own, row by
row with the key `data.key`:

- `label_dependent` (none): features of the training table that appear, vanish or change a value. Numbers count as equal
  up to a relative 1e-9. Which table a row goes to may change, for a split may be stratified; columns that differ
  between two runs on the same data do not count (see preparation_is_reproducible).
- `rows_by_label` (none, a warning only): the rows that are kept, in all tables together, change. Under-sampling does
  that rightly, inside the training rows; deleting awkward rows does it too (see random_labels_score_chance). A row that
  leaves because a row equal in all columns but key, group and time stays does not count.

Where values change and the split does too, the change may come from parameters that were fitted on the training rows,
which is right. To tell, labels are exchanged between neighbouring raw rows of the same table only: that keeps ranks
within classes, and so stratified splits, as they are. Where even that changes the split, a column counts only if it is
no straight line of what it was (up to one value that fills gaps).

Where something depends on the labels, `optimism` (shown, not judged) says what it is worth: the score of the estimator
in 3-fold cross-validation as it is, minus its score when the labels of each held-back fold are hidden from the
preparation by random order (ROC AUC, balanced accuracy or R²).

The limit is none: in 100 simulated preparations that scale and fill by the training rows of a split, stratified or not,
nothing was found; of 100 that encoded by all labels 100 were found, of 100 that chose 3 of 8 features 99. Without
`data.key` the rows of features are compared as a whole; where these differ, nobody can tell which rows belong together,
so that only the columns and the number of rows are compared, and the summary says so.

`raw` names the table that holds the labels, `raw_target` their column if it is not `data.target`, `reads` further files
that the commands read (the expectations of phase 1 are known), `seconds` what all commands together may take.

## How to mend it
Move the selector or encoder out of prepare.py into the estimator, as a step of its scikit-learn Pipeline
(SelectKBest, TargetEncoder ...); then cross-validation learns it anew in every fold.

## Source
CRISP-ML(Q) §3.2.1, pp. 399-400: feature selection inside cross-validation. Ambroise & McLachlan, "Selection bias in
gene extraction on the basis of microarray gene-expression data", PNAS 99 (2002), pp. 6562-6566.

## What it cannot see
Features that a person chose by looking at results, or that are listed in the code after such a look. Selection by
something other than the labels. Labels under another name in the raw table, which stay in order here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

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
    missing,
    none,
    not_applicable,
)
from crispq_checks.permuted_labels import Dependence, label_dependence, relabelled
from crispq_checks.reruns import Preparation, pooled, preparation

NO_COMMANDS = "phase 2 has no commands: nothing is prepared by a program that could look at the labels"
FOLDS = 3
SHOWN = 20


@check(
    task="select_data",
    catalogue=("DP1-C1",),
    risks=("R18",),
    limits={"label_dependent": none(), "rows_by_label": none(warn=True)},
    seconds=1800,
)
def selection_is_inside_folds(
    evidence: Evidence,
    *,
    raw: str = "raw",
    raw_target: str | None = None,
    reads: Sequence[str] = (),
    seconds: float = 300,
) -> Measurement:
    """Prepare the data again from permuted labels, and compare the features."""
    how = preparation(evidence, raw=raw, reads=reads, seconds=seconds)
    if how is None:
        return not_applicable(NO_COMMANDS)
    data = evidence.data
    target = raw_target or data.target
    if target is None:
        place = evidence.place_of("data")
        return missing("data.target is not named yet", path=place.path, line=place.line)
    found = label_dependence(how, target, data.group, data.key, data.not_features)
    inside = _selectors(evidence)
    gap = _optimism(evidence, how, target) if found.columns and found.keyed else None
    values: dict[str, Any] = {
        "label_dependent": Findings(examined=found.examined, items=tuple(_columns(evidence, found))),
        "rows_by_label": Findings(examined=found.examined, items=tuple(_rows(evidence, found))),
    }
    return Measurement(
        values=values | ({"optimism": gap} if gap else {}),
        summary=_summary(found, inside, gap),
        tables=tuple(_tables(found)),
    )


def _columns(evidence: Evidence, found: Dependence) -> Iterator[Finding]:
    path, line = _command_place(evidence)
    for name, how in found.columns.items():
        yield Finding(
            message=f"the feature {name!r} depends on the labels of all rows ({how} when they are in random order); "
            "learn it inside the estimator's pipeline",
            path=path,
            line=line,
        )


def _rows(evidence: Evidence, found: Dependence) -> Iterator[Finding]:
    path, line = _command_place(evidence)
    if found.lost or found.added:
        yield Finding(
            message=f"which rows are kept depends on the labels: in random order {found.lost} rows of the prepared "
            f"tables are gone and {found.added} others are there; make sure that no test row is chosen by its label",
            path=path,
            line=line,
        )


def _command_place(evidence: Evidence) -> tuple[str, int | None]:
    """The script of the first command, if it is a file of the project."""
    for word in " ".join(evidence.commands).split():
        if word.endswith(".py") and (evidence.root / word).is_file():
            return word, 1
    return evidence.phase_file, None


def _selectors(evidence: Evidence) -> tuple[str, ...]:
    """The steps of the estimator that select features; none where there is no estimator yet."""
    from crispq_checks.pipelines import outer_pipelines, selectors

    try:
        built = evidence.estimator()
    except (MissingEvidence, NotMeasurable):
        return ()
    return tuple(name for pipeline in outer_pipelines(built) for name, _ in selectors(pipeline))


def _summary(found: Dependence, inside: tuple[str, ...], gap: Estimate | None) -> str:
    count = len(found.columns)
    told = f"{count} of {found.examined} features depend on the labels" if count else ""
    told = told or f"none of {found.examined} features depends on the labels"
    parts = [f"{told} ({found.reruns} runs of the preparation)"]
    if not found.keyed:
        parts.append("columns and numbers of rows were compared, not values: name data.key to match rows")
    if found.lost or found.added:
        parts.append("which rows are kept depends on them")
    if found.unstable:
        parts.append(f"{len(found.unstable)} columns differ from run to run and were left out")
    if inside:
        parts.append(f"the estimator selects inside the folds ({', '.join(inside)})")
    if gap is not None:
        parts.append(f"this makes the score look better by {gap.value:.3f}")
    return "; ".join(parts)


def _tables(found: Dependence) -> Iterator[Table]:
    if found.columns:
        rows = tuple(list(found.columns.items())[:SHOWN])
        yield Table(
            title="Features that depend on the labels",
            columns=("feature", "with labels in random order"),
            rows=rows,
        )


# --- what it is worth ----------------------------------------------------------------------------


def _optimism(evidence: Evidence, how: Preparation, target: str) -> Estimate | None:
    """The score as it is minus the score with held-back labels hidden from preparation; None where it has none."""
    from crispq_checks.refits import trial
    from crispq_checks.usual_score import usual_question

    if evidence.task == "other" or evidence.data.key is None:
        return None
    try:
        whole = trial(evidence, "train", splits=FOLDS, repeats=1, seed=0)
        question = usual_question(evidence.task, evidence.data.positive, whole.classes)
        outside = whole.scores(list(whole.answers(evidence.estimator)), question)
        nested = [_hidden(evidence, how, target, number, whole, question) for number in range(len(whole.folds))]
    except (NotMeasurable, MissingEvidence):
        return None
    return replace(whole.bound(outside - nested), n=len(whole.data.target))


def _hidden(  # noqa: PLR0913, PLR0917 - one fold of _optimism
    evidence: Evidence, how: Preparation, target: str, number: int, whole: Any, question: Any
) -> float:
    """The score of one fold whose labels the preparation could not see."""
    train, test = whole.folds[number]
    key = evidence.data.key or ""
    keys = whole.data.key
    change = relabelled(how, target, evidence.data.group, set(keys[test].tolist()), key=key, seed=number)
    rows = pooled(how.again(change), key).set_index(key)
    if not set(keys.tolist()) <= set(rows.index):
        raise NotMeasurable("rows of the training table vanish when their labels are hidden")
    features = rows.loc[keys].drop(columns=[name for name in evidence.data.not_features if name in rows])
    hidden = Supervised(
        features=features.reset_index(drop=True), target=whole.data.target, key=keys, groups=None, times=None
    )
    one = replace(whole, data=hidden, folds=((train, test),))
    return float(one.scores(list(one.answers(evidence.estimator)), question)[0])


# --- examples ------------------------------------------------------------------------------------

_ROWS = 60
_SICK = [row * 7 % 5 < 2 for row in range(_ROWS)]  # noqa: PLR2004 - two of five


def _noise(column: int) -> list[int]:
    return [(row * (2 * column + 31) + row * row * (column + 3)) % 97 for row in range(_ROWS)]


_COLUMNS = tuple(f"x{one}" for one in range(6))
_RAW: dict[str, list[Any]] = (
    {"id": list(range(_ROWS))}
    | {name: _noise(one) for one, name in enumerate(_COLUMNS)}
    | {"clinic": [f"c{row * row % 7}" for row in range(_ROWS)], "sick": [int(sick) for sick in _SICK]}
)
_READ = """import csv

rows = list(csv.DictReader(open("data/raw.csv")))
columns = [f"x{one}" for one in range(6)]
"""
_WRITE = """
for name, part in (("train", rows[:40]), ("test", rows[40:])):
    with open(f"data/{name}.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, ["id", *columns, "sick"], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(part)
"""
_SELECT = """
def distance(name):
    means = [[float(row[name]) for row in rows if row["sick"] == label] for label in "01"]
    return abs(sum(means[0]) / len(means[0]) - sum(means[1]) / len(means[1]))

columns = sorted(columns, key=distance)[-2:]
"""
_ENCODE = """
for row in rows:
    alike = [int(one["sick"]) for one in rows if one["clinic"] == row["clinic"]]
    row["rate"] = sum(alike) / len(alike)
columns.append("rate")
"""
_STRATIFIED = """
for label in "01":
    for rank, row in enumerate(row for row in rows if row["sick"] == label):
        row["part"] = rank % 3
rows = [row for row in rows if row["part"]] + [row for row in rows if not row["part"]]
middle = sum(int(row["x1"]) for row in rows[:40]) / 40
for row in rows:
    row["x1"] = int(row["x1"]) - middle
"""
_DROP = """
rows = [row for row in rows if row["sick"] == "0" or int(row["x0"]) > 30]
"""
_PREPARE = "2_data_preparation/prepare.py"
_DATA = {
    "target": "sick",
    "key": "id",
    "tables": {"raw": "data/raw.csv", "train": "data/train.csv", "test": "data/test.csv"},
}


def _strongest() -> tuple[str, ...]:
    """The two columns that the second script above chooses."""

    def distance(name: str) -> float:
        parts = [[one for one, sick in zip(_RAW[name], _SICK, strict=True) if sick is label] for label in (False, True)]
        return float(abs(sum(parts[0]) / len(parts[0]) - sum(parts[1]) / len(parts[1])))

    return tuple(sorted(_COLUMNS, key=distance)[-2:])


def _rates() -> list[float]:
    """What the third script makes of the clinics."""
    own = {
        clinic: [sick for sick, one in zip(_SICK, _RAW["clinic"], strict=True) if one == clinic]
        for clinic in _RAW["clinic"]
    }
    return [sum(own[clinic]) / len(own[clinic]) for clinic in _RAW["clinic"]]


def _split() -> list[int]:
    """The rows in the order of the fourth script: training, then test."""
    ranks = {row: sum(_SICK[one] == _SICK[row] for one in range(row)) % 3 for row in range(_ROWS)}
    return [row for row in ranks if ranks[row]] + [row for row in ranks if not ranks[row]]


def _prepared(columns: Sequence[str], rows: Sequence[int], **made: list[Any]) -> dict[str, Any]:
    cells = {name: (_RAW | made)[name] for name in ("id", *columns, "sick")}
    parts = {"train": rows[:40], "test": rows[40:]}
    return {
        f"data/{name}.csv": {column: [values[row] for row in part] for column, values in cells.items()}
        for name, part in parts.items()
    }


def _example(
    status: str, title: str, says: str, step: str = "", prepared: dict[str, Any] | None = None, **data: Any
) -> Example:
    own = prepared or _prepared(_COLUMNS, range(_ROWS))
    return Example(
        status=status,
        title=title,
        config={"data": _DATA | data},
        files=own | {"data/raw.csv": _RAW, _PREPARE: _READ + step + _WRITE},
        phase_file={"commands": [f"python {_PREPARE}"]},
        says=says,
    )


_CHOSEN = _prepared(_strongest(), range(_ROWS))
_ENCODED = _prepared((*_COLUMNS, "rate"), range(_ROWS), rate=_rates())
_MIDDLE = sum(_RAW["x1"][row] for row in _split()[:40]) / 40
_CENTRED = _prepared(_COLUMNS, _split(), x1=[value - _MIDDLE for value in _RAW["x1"]])
_KEPT = _prepared(_COLUMNS, [row for row in range(_ROWS) if not _SICK[row] or _RAW["x0"][row] > 30])  # noqa: PLR2004
_ONE_OF_EQUALS = """
kept = {}
for row in rows:
    kept.setdefault(tuple(cell for name, cell in row.items() if name != "id"), row)
rows = list(kept.values())
"""
_PAIRS = {name: [_RAW[name][row - row % 2] for row in range(_ROWS)] for name in (*_COLUMNS, "clinic")}
_FIRSTS = [row for row in range(_ROWS) if row % 2 == 0 or _SICK[row] != _SICK[row - 1]]


def _twins(title: str, data: dict[str, Any]) -> Example:
    """Each second row equals the one before it in all columns but the key and, for some, the label."""
    pairs = _PAIRS if data["key"] else _PAIRS | {"id": [0] * _ROWS}
    prepare = {"data/raw.csv": _RAW | pairs, _PREPARE: _READ + _ONE_OF_EQUALS + _WRITE}
    return Example(
        status="pass",
        title=title,
        config={"data": data},
        files=_prepared(_COLUMNS, _FIRSTS, **pairs) | prepare,
        phase_file={"commands": [f"python {_PREPARE}"]},
        says="features depends on the labels (2 runs of the preparation)",
    )


EXAMPLES = (
    _example("pass", "all features are kept", "none of 6 features depends on the labels"),
    _example("pass", "a stratified split, centred by training rows", "none of 6 features", _STRATIFIED, _CENTRED),
    _example("fail", "the two strongest features of all rows were chosen", "depends on the labels", _SELECT, _CHOSEN),
    _example("fail", "categories became the mean outcome of all rows", "'rate' depends on", _ENCODE, _ENCODED),
    _example("fail", "there is no key but columns tell", "name data.key", _SELECT, _CHOSEN, key=None),
    _example("warn", "some sick rows were sorted out", "which rows are kept depends", _DROP, _KEPT),
    _twins("of rows equal in all but the key one is kept", _DATA),
    _twins("the same without a key", _DATA | {"key": None}),
    Example(
        status="not_applicable",
        title="nothing is prepared by a command",
        config={"data": _DATA},
        says="phase 2 has no commands",
    ),
    _example("fail", "there is no target yet", "data.target is not named yet", target=None),
    _example("error", "the raw table does not hold the labels", "name the table that holds the labels", target="ill"),
)
