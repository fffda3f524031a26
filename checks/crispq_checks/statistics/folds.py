"""Splitting rows into training and test parts, so that neither classes, groups nor time leak or vanish."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import (
    GroupKFold,
    RepeatedKFold,
    RepeatedStratifiedKFold,
    StratifiedGroupKFold,
    TimeSeriesSplit,
)

from crispq import NotMeasurable

Index: TypeAlias = NDArray[np.intp]
Fold: TypeAlias = tuple[Index, Index]

CLASSIFICATION = frozenset({"binary_classification", "multiclass_classification"})
TASKS = CLASSIFICATION | {"regression", "other"}


def folds(  # noqa: PLR0913 - each word is one fact about the split
    target: ArrayLike,
    *,
    task: str,
    groups: ArrayLike | None = None,
    times: ArrayLike | None = None,
    splits: int = 5,
    repeats: int = 5,
    seed: int = 0,
) -> list[Fold]:
    """Split rows into (training rows, test rows), as positions; `target`, `groups` and `times` have one entry a row.

    - classification: stratified by class, `repeats` times `splits` folds; regression and other: plain, as many.
    - groups: whole groups on one side, shuffled anew in each repeat; stratified as far as groups allow.
    - times: `splits` folds, each training on what came before its test rows; no repeats, for the order is given. Rows
      of one instant stay together. With groups too, training rows of a group that is under test are left out.
    By scikit-learn: RepeatedStratifiedKFold, RepeatedKFold, StratifiedGroupKFold, GroupKFold, TimeSeriesSplit.
    Source: Roberts et al., "Cross-validation strategies for data with temporal, spatial, hierarchical ... structure",
    Ecography 40 (2017), pp. 913-929.
    Raises NotMeasurable, with what is needed, where rows, classes, groups or instants are too few for the splits, and
    where a part would hold one class only.
    """
    labels = _column(target, "target", None)
    group_of = None if groups is None else _column(groups, "group", labels.size)
    instant_of = None if times is None else _column(times, "time", labels.size)
    _check_question(task, splits, repeats)
    classes = labels if task in CLASSIFICATION else None
    if instant_of is not None:
        return list(_in_time(instant_of, group_of, classes, splits))
    _check_rows(labels.size, splits)
    if classes is not None:
        _check_classes(classes, group_of, splits)
    if group_of is not None:
        return list(_by_group(group_of, classes, splits, repeats, seed))
    return list(_by_row(labels, classes, splits, repeats, seed))


def _by_row(labels: Index, classes: Index | None, splits: int, repeats: int, seed: int) -> Iterator[Fold]:
    splitter = RepeatedKFold if classes is None else RepeatedStratifiedKFold
    yield from splitter(n_splits=splits, n_repeats=repeats, random_state=seed).split(labels, classes)


def _by_group(group_of: Index, classes: Index | None, splits: int, repeats: int, seed: int) -> Iterator[Fold]:
    if (count := np.unique(group_of).size) < splits:
        raise NotMeasurable(f"{count} groups cannot fill {splits} folds; {splits} groups are needed.")
    splitter = GroupKFold if classes is None else StratifiedGroupKFold
    for repeat in range(repeats):
        folded = splitter(n_splits=splits, shuffle=True, random_state=seed + repeat)
        for train, test in folded.split(group_of, classes, group_of):
            if classes is not None:
                _check_parts(classes, train, test)
            yield train, test


def _in_time(instant_of: Index, group_of: Index | None, classes: Index | None, splits: int) -> Iterator[Fold]:
    instants = np.unique(instant_of)
    if instants.size <= splits:
        raise NotMeasurable(f"{instants.size} instants cannot fill {splits} folds in time; {splits + 1} are needed.")
    order = np.argsort(instant_of, kind="stable")
    for before, during in TimeSeriesSplit(n_splits=splits).split(instants):
        train = order[np.isin(instant_of[order], instants[before])]
        test = order[np.isin(instant_of[order], instants[during])]
        if group_of is not None:
            train = train[~np.isin(group_of[train], group_of[test])]
        _check_training(classes, train)
        yield train, test


def _column(values: ArrayLike, name: str, rows: int | None) -> Index:
    """Return codes that sort as the values do; refuse gaps."""
    array = np.asarray(values)
    if array.ndim != 1 or (rows is not None and array.size != rows):
        raise NotMeasurable(f"The {name} column has shape {array.shape}; one value for each row is needed.")
    if gaps := int(np.count_nonzero(pd.isna(array))):
        raise NotMeasurable(f"{gaps} of {array.size} rows have no {name}; fill or leave out these rows first.")
    codes, _ = pd.factorize(array, sort=True)
    return np.asarray(codes, dtype=np.intp)


def _check_question(task: str, splits: int, repeats: int) -> None:
    if task not in TASKS:
        raise NotMeasurable(f"The task '{task}' is unknown; choose one of {', '.join(sorted(TASKS))}.")
    if splits < 2 or repeats < 1:  # noqa: PLR2004 - one part to train on, one to test on
        raise NotMeasurable(f"{splits} splits and {repeats} repeats give no folds; 2 and 1 are the least.")


def _check_rows(rows: int, splits: int) -> None:
    if rows < splits:
        raise NotMeasurable(f"{rows} rows cannot fill {splits} folds; {splits} rows are needed.")


def _check_classes(classes: Index, group_of: Index | None, splits: int) -> None:
    thing = "rows" if group_of is None else "groups"
    counts = [_count(classes == label, group_of) for label in np.unique(classes)]
    if len(counts) < 2:  # noqa: PLR2004 - nothing to tell apart
        raise NotMeasurable("The target has one class only; two are needed.")
    if min(counts) < splits:
        raise NotMeasurable(f"The rarest class has {min(counts)} {thing}; {splits} folds need {splits} of each class.")


def _count(chosen: NDArray[np.bool_], group_of: Index | None) -> int:
    return int(np.count_nonzero(chosen)) if group_of is None else np.unique(group_of[chosen]).size


def _check_parts(classes: Index, train: Index, test: Index) -> None:
    known: set[Any] = set(np.unique(classes).tolist())
    if any(known - set(classes[part].tolist()) for part in (train, test)):
        raise NotMeasurable("Whole groups cannot spread each class over every fold; use fewer splits or more groups.")


def _check_training(classes: Index | None, train: Index) -> None:
    if train.size == 0:
        raise NotMeasurable("A fold has no training rows: every group before it is under test; use fewer splits.")
    if classes is not None and np.unique(classes[train]).size < 2:  # noqa: PLR2004 - nothing to learn
        raise NotMeasurable("The earliest training rows hold one class only; use fewer splits or more history.")
