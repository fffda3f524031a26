"""Augmented rows stay with their parents, in training.

## Why
A picture that was turned, a sentence that was rephrased, a signal with noise added: each is its parent in disguise. In
the test it tests nothing; in training, with its parent in the test, it hands out the answer.

## How it is measured
The setting `parent` names the column that holds the key of the row an augmented one was made from; it is empty for rows
that were collected. Exact, over all rows of `train`, `test` and `production`.

- `augmented_outside_training`: augmented rows in `test` and `production` (at most 0 each).
- `parents_elsewhere` (none): augmented rows of `train` whose parent is not in `train` (in the test, or nowhere).
- `loose_children` (none): augmented rows of `train` that folds do not keep beside their parents: `data.group` is not
  named, or their group is not their parent's.
- `undeclared` (none): a table has a column whose name begins with "parent" or "augmented", and `parent` is not set.

Not applicable where `parent` is not set and no such column exists. DEFAULT LIMITS: none.

## How to mend it
Split first, augment afterwards, the training part only; write the parent's key into each new row, and the parent's
group into the group column. Best of all, augment while fitting, where nothing is stored.

## Source
CRISP-ML(Q) §3.2.3, p. 400: data augmentation. Yagis et al., "Effect of data leakage in brain MRI classification using
2D convolutional neural networks", Scientific Reports 11 (2021), 22544.

## What it cannot see
Augmented rows that do not name their parent: `split_is_disjoint` looks for near copies. Whether the label survived.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from crispq import (
    Estimate,
    Evidence,
    Example,
    Finding,
    Findings,
    Measurement,
    NotMeasurable,
    TableData,
    at_most,
    check,
    none,
    not_applicable,
)
from crispq_checks.parts import among, keys, prepared, some

if TYPE_CHECKING:
    import pandas as pd

SUSPICIOUS = re.compile(r"(parent|augment)", re.IGNORECASE)


@check(
    task="construct_data",
    catalogue=("DP3-C7",),
    risks=("R26", "R40"),
    limits={
        "augmented_outside_training": at_most(0),
        "parents_elsewhere": none(),
        "loose_children": none(),
        "undeclared": none(),
    },
)
def augmentation_is_confined(evidence: Evidence, *, parent: str | None = None) -> Measurement:
    """Follow each augmented row to its parent."""
    parts = prepared(evidence)
    if parent is None:
        return _without_a_word(evidence, parts)
    if parent not in parts["train"].columns:
        raise NotMeasurable(f"the table 'train' has no column {parent!r}, which the setting `parent` names")
    if evidence.data.key is None:
        raise NotMeasurable("parents are told by data.key, which crispq.yaml does not name")
    outside = {
        name: int(keys(part, parent).notna().sum()) if parent in part.columns else 0
        for name, part in parts.items()
        if name != "train"
    }
    train = parts["train"]
    parents, own = keys(train, parent), keys(train, evidence.data.key)
    children = parents.notna()
    return Measurement(
        values={
            "augmented_outside_training": {name: Estimate(value=count) for name, count in outside.items()}
            or {"no other part": Estimate(value=0)},
            "parents_elsewhere": Findings(examined=train.rows, items=tuple(_elsewhere(evidence, parts, parents, own))),
            "loose_children": Findings(examined=train.rows, items=tuple(_loose(evidence, train, parents, own))),
            "undeclared": Findings(examined=len(parts)),
            "places": Findings(examined=len(parts), items=tuple(_outside(parts, outside))),
        },
        summary=_summary(int(children.sum()), outside),
    )


def _without_a_word(evidence: Evidence, parts: Mapping[str, TableData]) -> Measurement:
    found = [
        Finding(
            message=f"{name} has a column {column!r}; if it names what a row was made from, set `parent: {column}`",
            path=part.paths[0],
        )
        for name, part in parts.items()
        for column in part.columns
        if SUSPICIOUS.match(column) and column not in evidence.data.not_features
    ]
    if not found:
        return not_applicable("no parent of augmented rows is declared, and no column looks like one")
    nothing = Findings(examined=len(parts))
    return Measurement(
        values={
            "augmented_outside_training": {"not told": Estimate(value=0)},
            "parents_elsewhere": nothing,
            "loose_children": nothing,
            "undeclared": Findings(examined=len(parts), items=tuple(found)),
        },
        summary=found[0].message,
    )


def _outside(parts: Mapping[str, TableData], outside: Mapping[str, int]) -> list[Finding]:
    return [
        Finding(message=f"{count} rows of {name} are augmented; augment training rows only", path=parts[name].paths[0])
        for name, count in outside.items()
        if count
    ]


def _elsewhere(
    evidence: Evidence, parts: Mapping[str, TableData], parents: pd.Series[Any], own: pd.Series[Any]
) -> list[Finding]:
    orphans = parents[parents.notna() & ~among(parents, own)]
    found, rest = [], orphans
    for name, part in parts.items():
        if name != "train" and evidence.data.key in part.columns:
            there = orphans[among(orphans, keys(part, evidence.data.key or ""))]
            rest = rest[~rest.isin(set(there))]
            if len(there):
                message = f"{len(there)} augmented rows of train have their parents in {name} ({some(there.unique())})"
                found.append(Finding(message=f"{message}; split before augmenting", path=parts["train"].paths[0]))
    if len(rest):
        message = f"{len(rest)} augmented rows of train have parents that no part holds ({some(rest.unique())})"
        found.append(Finding(message=f"{message}; drop them, or correct the column", path=parts["train"].paths[0]))
    return found


def _loose(evidence: Evidence, train: TableData, parents: pd.Series[Any], own: pd.Series[Any]) -> list[Finding]:
    children = parents.notna()
    if not children.any():
        return []
    group = evidence.data.group
    if group is None or group not in train.columns:
        place = evidence.place_of("data.group" if group else "data")
        message = f"{int(children.sum())} augmented rows are not kept beside their parents in folds; name data.group"
        return [Finding(message=message, path=place.path, line=place.line)]
    groups = keys(train, group)
    theirs = parents.map(groups[~children].groupby(own[~children]).first())
    apart = children & among(parents, own) & (groups != theirs)
    if not apart.any():
        return []
    message = f"{int(apart.sum())} augmented rows are not in their parent's group {group!r}; copy it from the parent"
    return [Finding(message=message, path=train.paths[0])]


def _summary(children: int, outside: Mapping[str, int]) -> str:
    told = ", ".join(f"{count} in {name}" for name, count in outside.items() if count)
    return f"{children} augmented rows in train" + (f", {told}" if told else ", none outside")


# --- examples ------------------------------------------------------------------------------------

_TABLES = {"train": "train.csv", "test": "test.csv"}
_DATA = {"target": "ill", "key": "id", "group": "case", "tables": _TABLES}


def _rows(*rows: str, case: str | None = None) -> dict[str, list[Any]]:
    """Rows "key" or "key<parent"; each belongs to its parent's case."""
    own = [row.partition("<") for row in rows]
    return {
        "id": [name for name, _, _ in own],
        "parent_id": [parent or None for _, _, parent in own],
        "case": [case if case and parent else parent or name for name, _, parent in own],
        "size": list(range(len(rows))),
        "ill": [row % 2 for row in range(len(rows))],
    }


def _example(
    status: str, title: str, says: str, train: Mapping[str, list[Any]], test: Mapping[str, list[Any]], **more: Any
) -> Example:
    return Example(
        status=status,
        title=title,
        config={"data": more.get("data", _DATA)},
        files={"train.csv": train, "test.csv": test},
        settings=more.get("settings", {"parent": "parent_id"}),
        says=says,
    )


def _bare(rows: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    return {name: cells for name, cells in rows.items() if name != "parent_id"}


_TRAIN, _TEST = _rows("a", "b", "c", "a1<a"), _rows("d", "e")

EXAMPLES = (
    _example("pass", "children beside their parents", "1 augmented rows in train, none outside", _TRAIN, _TEST),
    _example("fail", "a child in the test", "1 rows of test are augmented", _TRAIN, _rows("d", "e", "d1<d")),
    _example("fail", "a child of a test row", "parents in test (d)", _rows("a", "b", "d1<d"), _TEST),
    _example("fail", "a child of nobody", "that no part holds (z)", _rows("a", "b", "z1<z"), _TEST),
    _example(
        "fail", "a child in another group", "not in their parent's group", _rows("a", "b", "a1<a", case="x"), _TEST
    ),
    _example(
        "fail",
        "no group",
        "name data.group",
        _TRAIN,
        _TEST,
        data={"target": "ill", "key": "id", "tables": _TABLES},
    ),
    _example("fail", "a column that nobody declared", "set `parent: parent_id`", _TRAIN, _TEST, settings={}),
    _example(
        "not_applicable", "nothing is augmented", "no column looks like one", _bare(_TRAIN), _bare(_TEST), settings={}
    ),
    _example("error", "the column is not there", "no column 'mother'", _TRAIN, _TEST, settings={"parent": "mother"}),
    Example(status="fail", title="there is no training table", config={"data": _DATA}, says="does not exist yet"),
)
