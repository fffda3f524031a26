"""Rows that were made or repeated stay in training, beside their parents.

## Why
Whoever doubles the rare cases before splitting finds copies of them in the test, and the test then rewards memory. A
synthetic case in the test asks a question that no patient ever asked. And in training, a copy on the other side of a
fold from its parent makes cross-validation as blind as such a test.

## How it is measured
With `data.key`, rows are told by it: a row is *made* if `raw` does not have its key (or it has none), and *repeated* if
its key stands more often in a prepared table than in `raw`. Exact, over all rows.

- `made_or_repeated`: how many such rows `test` and `production` hold (at most 0 each).
- `loose_copies` (none): such rows of `train` that folds cannot keep beside their parents. A repeated row must carry its
  parent's value in the column `data.group`, a made row a group that some row of `raw` in training has too; set the
  group of an original row to its own key if there is no better one. Without `data.group`, each of them is loose.
- `in_train`, shown only: how many there are.

Without a key rows are compared by their contents in the columns that raw and prepared tables share: a row is repeated
if its content stands more often in all prepared tables together than in `raw`. Where most contents are not those of
`raw` (scaled, encoded), only numbers of rows can be compared: more prepared rows than raw ones are a finding.

DEFAULT LIMITS: none; a single copy is a single question handed out before the exam.

## How to mend it
Split first, resample afterwards and in the training part only; better still inside the folds (as a step of the
estimator). Give every copy its parent's key in the group column.

## Source
CRISP-ML(Q) §3.2.1, pp. 399-400: unbalanced data. Chawla et al., "SMOTE", JAIR 16 (2002), pp. 321-357. Vandewiele et
al., "Overly optimistic prediction results on imbalanced data", Artificial Intelligence in Medicine 111 (2021), 101987.

## What it cannot see
Made rows under a key of `raw` that was free; which parents a made row was blended from, if its group names only one;
copies that a pipeline makes while it is fitted, which is where they belong.
"""

from __future__ import annotations

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
    Table,
    TableData,
    at_most,
    check,
    none,
)
from crispq_checks.parts import keys, prepared, some

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

#: Where this share of the prepared contents is found in raw, contents can be followed.
FOLLOWED = 0.9


@check(
    task="select_data",
    catalogue=("DP1-C10",),
    risks=("R21", "R40"),
    limits={"made_or_repeated": at_most(0), "loose_copies": none()},
)
def resampling_is_confined(evidence: Evidence) -> Measurement:
    """Tell made and repeated rows from those of raw, part by part."""
    raw, parts = evidence.table("raw"), prepared(evidence)
    key = evidence.data.key
    if key is not None and key in raw.columns:
        found = _by_key(raw, parts, key)
        loose = _loose(evidence, parts["train"], keys(parts["train"], key), found["train"])
    else:
        found = _by_content(evidence, raw, parts)
        loose = _loose_without_key(evidence, parts["train"], int(found["train"].sum()))
    counts = {name: int(mask.sum()) for name, mask in found.items()}
    held_back = {name: Estimate(value=count) for name, count in counts.items() if name != "train"}
    told = [_outside(name, parts[name], counts[name]) for name in held_back if counts[name]]
    return Measurement(
        values={
            "made_or_repeated": held_back or {"no other part": Estimate(value=0)},
            "loose_copies": Findings(examined=parts["train"].rows, items=tuple(loose)),
            "in_train": Estimate(value=counts["train"]),
            "places": Findings(examined=len(parts), items=tuple(told)),
        },
        summary=_summary(counts, len(loose)),
        tables=(_table(parts, counts),),
    )


def _by_key(raw: TableData, parts: Mapping[str, TableData], key: str) -> dict[str, NDArray[np.bool_]]:
    """For each part, which rows are made or repeated."""
    allowed = keys(raw, key).value_counts()
    found = {}
    for name, part in parts.items():
        if key not in part.columns:
            raise NotMeasurable(f"the table {name!r} has no column {key!r}, the key; its rows cannot be told apart")
        own = keys(part, key)
        nth = own.groupby(own).cumcount() + 1
        found[name] = (own.isna() | (nth > own.map(allowed).fillna(0))).to_numpy()
    return found


def _by_content(evidence: Evidence, raw: TableData, parts: Mapping[str, TableData]) -> dict[str, NDArray[np.bool_]]:
    import numpy as np
    import pandas as pd

    from crispq_checks.rows import hashes

    others = {evidence.data.group, evidence.data.key}
    names = [
        name for name in raw.columns if name not in others and all(name in part.columns for part in parts.values())
    ]
    if not names:
        return _by_number(raw, parts)
    allowed = pd.Series(hashes(raw.frame(names))).value_counts()
    contents = pd.concat([pd.Series(hashes(part.frame(names))) for part in parts.values()], ignore_index=True)
    if contents.isin(allowed.index).mean() < FOLLOWED:
        return _by_number(raw, parts)
    nth = contents.groupby(contents).cumcount() + 1
    more = (nth > contents.map(allowed).fillna(0)).to_numpy()
    ends = np.cumsum([part.rows for part in parts.values()])
    return dict(zip(parts, np.split(more, ends[:-1]), strict=True))


def _by_number(raw: TableData, parts: Mapping[str, TableData]) -> dict[str, NDArray[np.bool_]]:
    """Where contents cannot be followed: rows beyond the number of raw ones, told as if they stood in training."""
    import numpy as np

    found = {name: np.zeros(part.rows, dtype=bool) for name, part in parts.items()}
    more = sum(part.rows for part in parts.values()) - raw.rows
    found["train"][: max(0, more)] = True
    return found


def _loose(evidence: Evidence, train: TableData, own: pd.Series[Any], made: NDArray[np.bool_]) -> list[Finding]:
    if not made.any():
        return []
    group = evidence.data.group
    if group is None or group not in train.columns:
        place = evidence.place_of("data.group" if group else "data")
        message = (
            f"{int(made.sum())} rows of train are made or repeated ({some(own[made].fillna('no key'))}), and no group "
            "keeps them beside their parents in folds; name data.group and give each copy its parent's group"
        )
        return [Finding(message=message, path=place.path, line=place.line)]
    groups = keys(train, group)
    known = set(groups[~made].dropna())
    first = groups[~made].groupby(own[~made]).first()
    parents = own.map(first)
    apart = made & ~(groups.isin(known).to_numpy() & (parents.isna() | (groups == parents)).to_numpy())
    if not apart.any():
        return []
    message = (
        f"{int(apart.sum())} rows of train are made or repeated and do not carry a parent's value in {group!r} "
        f"({some(own[apart].fillna('no key'))}); copies stand on both sides of a fold"
    )
    return [Finding(message=message, path=train.paths[0])]


def _loose_without_key(evidence: Evidence, train: TableData, made: int) -> list[Finding]:
    if not made:
        return []
    place = evidence.place_of("data")
    message = (
        f"{made} rows of train are more than raw has; name data.key and data.group, so that folds keep copies beside "
        f"their parents ({train.paths[0]})"
    )
    return [Finding(message=message, path=place.path, line=place.line)]


def _outside(name: str, part: TableData, count: int) -> Finding:
    message = f"{count} of {part.rows} rows of {name} are made or repeated; resample after the split, in training only"
    return Finding(message=message, path=part.paths[0])


def _summary(counts: Mapping[str, int], loose: int) -> str:
    found = [f"{count} in {name}" for name, count in counts.items() if count]
    if not found:
        return f"no row of {', '.join(counts)} is made or repeated"
    return f"rows that are made or repeated: {', '.join(found)}" + (
        "; not all stay beside their parents" if loose else ""
    )


def _table(parts: Mapping[str, TableData], counts: Mapping[str, int]) -> Table:
    rows = tuple((name, part.rows, counts[name]) for name, part in parts.items())
    return Table(title="Rows that raw does not have", columns=("part", "rows", "made or repeated"), rows=rows)


# --- examples ------------------------------------------------------------------------------------

_TABLES = {"raw": "raw.csv", "train": "train.csv", "test": "test.csv"}
_DATA = {"target": "ill", "key": "id", "tables": _TABLES}
_GROUPED = _DATA | {"group": "case"}


def _rows(*numbers: int | str, case: Mapping[str, str] | None = None) -> dict[str, list[Any]]:
    names = [str(number) for number in numbers]
    sizes = [sum(map(ord, name)) * 0.37 + len(name) for name in names]
    return {
        "id": names,
        "case": [(case or {}).get(name, name) for name in names],
        "size": sizes,
        "ill": [len(name) % 2 for name in names],
    }


def _example(
    status: str, title: str, says: str, train: Mapping[str, list[Any]], test: Mapping[str, list[Any]], **more: Any
) -> Example:
    files = {"raw.csv": more.get("raw", _rows(*range(40))), "train.csv": train, "test.csv": test}
    return Example(status=status, title=title, config={"data": more.get("data", _DATA)}, files=files, says=says)


_TRAIN, _TEST = _rows(*range(24)), _rows(*range(24, 40))
_WITHOUT_KEY = {"target": "ill", "tables": _TABLES}

EXAMPLES = (
    _example("pass", "every row is one of raw", "no row of train, test is made", _TRAIN, _TEST),
    _example("pass", "a repeated row in its parent's group", "1 in train", _rows(*range(24), 3), _TEST, data=_GROUPED),
    _example(
        "pass",
        "a made row in its parent's group",
        "1 in train",
        _rows(*range(24), "s1", case={"s1": "3"}),
        _TEST,
        data=_GROUPED,
    ),
    _example("fail", "a made row in the test", "1 of 17 rows of test", _TRAIN, _rows(*range(24, 40), "s1")),
    _example("fail", "a repeated row in the test", "1 of 17 rows of test", _TRAIN, _rows(*range(24, 40), 30)),
    _example("fail", "copies that no group holds", "no group keeps", _rows(*range(24), 3), _TEST),
    _example(
        "fail",
        "a made row in a group of its own",
        "both sides of a fold",
        _rows(*range(24), "s1"),
        _TEST,
        data=_GROUPED,
    ),
    _example("pass", "without a key", "no row of train, test is made", _TRAIN, _TEST, data=_WITHOUT_KEY),
    _example(
        "fail",
        "a copy in the test, without a key",
        "1 of 17 rows of test",
        _TRAIN,
        _rows(*range(24, 40), 3),
        data=_WITHOUT_KEY,
    ),
    _example("error", "a part without the key", "no column 'id'", _TRAIN, {"size": [1.0], "ill": [1]}),
    Example(status="fail", title="there is no raw table", config={"data": _DATA}, says="does not exist yet"),
)
