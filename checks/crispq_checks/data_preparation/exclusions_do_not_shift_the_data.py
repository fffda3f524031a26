"""Leaving rows out has not changed whom the data is about.

## Why
A rule that is objective on paper may hit one group: "implausible blood pressure" removes the very ill, "incomplete
record" those who came at night. The model then never learns of them, and the test does not ask.

## How it is measured
A row of `raw` was left out if its `data.key` stands in none of `train`, `test` and `production`. For each class of the
target (quarters of a number) and each value of the columns of `data.sensitive` (quarters where a number has more than
ten values), with at least `fewest` (20) raw rows there and elsewhere: ratio = rate of removal there / rate over all
other rows of which the column is known. (Held against all rows, its own among them, a class of half of the rows could
never be hit more than twice as hard.) Rows without a label, which are often left out for that, do not count for the
target. Bounds: given that m rows of both were left out, the number among them that lie there is binomial with
p = n1 r / (n1 r + n2), r being the ratio, n1 and n2 the rows; bounded exactly (Clopper-Pearson, one-sided 95 %,
Bonferroni over the slices), which errs on the careful side where many rows are left out.

- `hit_much_harder` (none): even the lower bound of the ratio is above 2, and at least 1 % of the slice was left out:
  one that keeps 99 of 100 rows is still spoken for. Rows that left although a row equal in all columns but key, group
  and time stays do not count here: they are spoken for too, with less weight.
- `hit_harder` (warning): the ratio is above 1.25 and its lower bound above 1, all rows that left counted.
- `ratio`, shown only, for the 20 slices hit hardest.

The setting `accepted` (column: reason) names columns by which rows are left out on purpose, such as the age where the
scope is adults; they are shown, not judged. Not applicable where nothing was left out. ASSUMPTION: rows are
independent. DEFAULT LIMITS: the catalogue's 1.25, and 2 for what nobody can overlook. FALSE ALARMS: none red and 2
warnings in 200 made tables of 600 rows, 10 % left out by chance, eight slices; none and 1 where half were left out.
FOUND: a quarter of the rows hit twice as hard as the others was warned of in 113 of 200; hit three times as hard, it
was red in 40 and warned of in 151; five times, red in 180 and warned of in 20.

## How to mend it
Look at the rule that hits the group. Replace it by one that measures the fault itself; repair instead of removing; or
narrow the scope, so that the application is not used on those who were left out.

## Source
CRISP-ML(Q) §3.2.1, pp. 399-400: objective criteria. Clopper and Pearson, Biometrika 26 (1934), pp. 404-413. ISO/IEC TR
24027:2021, bias in AI systems: data selection.

## What it cannot see
Groups that no column of `data.sensitive` names; rows that never came into `raw`; whether the removed rows differ in
their measurements.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crispq import (
    Estimate,
    Evidence,
    Example,
    Finding,
    Findings,
    Measurement,
    Table,
    TableData,
    check,
    none,
    not_applicable,
)
from crispq_checks.parts import among, keys, prepared

if TYPE_CHECKING:
    import pandas as pd

MOST_VALUES, SHOWN = 10, 20
MUCH_HARDER, HARDER = 2.0, 1.25
#: A slice that lost a smaller share is not lost to the model, however uneven the loss.
LOST = 0.01
#: What stands for a ratio without end.
MOST = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class _Slice:
    """Some rows of raw: what they are, how many there are, and how many were left out."""

    column: str
    name: str
    rows: int
    removed: int
    ratio: Estimate


@check(
    task="select_data",
    catalogue=("DP1-C9",),
    risks=("R20", "R22"),
    tier="standard",
    limits={"hit_much_harder": none(), "hit_harder": none(warn=True)},
)
def exclusions_do_not_shift_the_data(
    evidence: Evidence, *, fewest: int = 20, accepted: Mapping[str, str] | None = None
) -> Measurement:
    """Compare the rate of removal in classes and groups with that over all rows."""
    raw, parts = evidence.table("raw"), prepared(evidence)
    data = evidence.data
    if data.key is None or data.key not in raw.columns:
        if sum(part.rows for part in parts.values()) >= raw.rows:
            return not_applicable("no row of raw was left out")
        return not_applicable("which rows were left out is not known without data.key")
    removed = _removed(raw, parts.values(), data.key)
    if not removed.any():
        return not_applicable("no row of raw was left out")
    by = [name for name in dict.fromkeys((data.target, *data.sensitive)) if name in raw.columns]
    frame = raw.frame(by) if by else None
    slices = list(_slices(frame, removed, by, fewest))
    copies = _copies(evidence, raw, removed)
    without = list(_slices(frame, removed & ~copies, by, fewest)) if copies.any() else slices
    if not slices:
        return not_applicable(
            f"no class and no column of data.sensitive has {fewest} rows of two values each, or none left out has one"
        )
    agreed = {column for column, reason in (accepted or {}).items() if reason.strip()}
    much = [
        one
        for one in without
        if one.column not in agreed and (one.ratio.low or 0) > MUCH_HARDER and one.removed >= LOST * one.rows
    ]
    told = agreed, {one.name for one in much}
    harder = [
        one
        for one in slices
        if one.column not in told[0]
        and one.name not in told[1]
        and one.ratio.value > HARDER
        and (one.ratio.low or 0) > 1
    ]
    path = raw.paths[0]
    return Measurement(
        values={
            "hit_much_harder": Findings(examined=len(slices), items=tuple(_finding(one, path) for one in much)),
            "hit_harder": Findings(examined=len(slices), items=tuple(_finding(one, path) for one in harder)),
            "ratio": {one.name: one.ratio for one in slices[:SHOWN]},
        },
        summary=_summary(len(removed), int(removed.sum()), int(copies.sum()), slices),
        tables=(_table(slices),),
    )


def _removed(raw: TableData, parts: Iterable[TableData], key: str) -> pd.Series[Any]:
    """Which rows of raw stand in no part."""
    return ~among(keys(raw, key), *(keys(part, key) for part in parts if key in part.columns))


def _copies(evidence: Evidence, raw: TableData, removed: pd.Series[Any]) -> pd.Series[Any]:
    """Which rows left although a row equal in all but its names stays."""
    import numpy as np

    from crispq_checks.rows import hashes

    data = evidence.data
    content = [name for name in raw.columns if name not in {data.key, data.group, data.time}]
    if not content:
        return removed & False
    told = hashes(raw.frame(content))
    return removed & np.isin(told, told[~removed.to_numpy()])


def _slices(frame: pd.DataFrame | None, removed: pd.Series[Any], by: Sequence[str], fewest: int) -> Iterator[_Slice]:
    if frame is None:
        return
    counted = [(name, *one) for name in by for one in _counted(_labels(frame[name]), removed, fewest)]
    found = [_slice(*one, len(counted)) for one in counted]
    yield from sorted(found, key=lambda one: (-(one.ratio.low or 0), -one.ratio.value, one.name))


def _counted(
    labels: pd.Series[Any], removed: pd.Series[Any], fewest: int
) -> Iterator[tuple[str, tuple[int, int], tuple[int, int]]]:
    """Each label, with rows and left-out rows there and wherever there is another label."""
    known = removed[labels.notna()]
    for label, rows in removed.groupby(labels, sort=True):
        others = (len(known) - len(rows), int(known.sum() - rows.sum()))
        if min(len(rows), others[0]) >= fewest and known.any():
            yield str(label), (len(rows), int(rows.sum())), others


def _slice(column: str, label: str, own: tuple[int, int], others: tuple[int, int], slices: int) -> _Slice:
    from crispq_checks.statistics.intervals import proportion

    (rows, removed), (rest, of_rest) = own, others
    share = proportion(removed, removed + of_rest, 1 - 0.05 / slices)
    low, high = (
        _as_ratio(bound, rest / rows) for bound in (share.low or 0.0, 1.0 if share.high is None else share.high)
    )
    # Where no other row was left out, half a row stands for none: a ratio has to be a number.
    value = (removed / rows) / (max(of_rest, 0.5) / rest)
    ratio = Estimate(value=value, low=min(low, value), high=max(high, value), n=rows, level=share.level)
    return _Slice(column=column, name=f"{column} is {label}", rows=rows, removed=removed, ratio=ratio)


def _as_ratio(share: float, odds: float) -> float:
    """The ratio of rates at which such a share of what was left out lies in the slice; large where it is all."""
    return min(MOST, share / (1 - share) * odds) if share < 1 else MOST


def _labels(column: pd.Series[Any]) -> pd.Series[Any]:
    import pandas as pd
    from pandas.api import types

    if types.is_numeric_dtype(column) and column.nunique() > MOST_VALUES:
        return pd.qcut(column, 4, duplicates="drop").astype("str").where(column.notna())
    return column.astype("str").where(column.notna())


def _finding(one: _Slice, path: str) -> Finding:
    message = (
        f"{one.removed} of {one.rows} rows where {one.name} were left out, {one.ratio.value:.2f} times the rate of "
        f"the others (at least {one.ratio.low:.2f}); look at the rule that hits them, or accept it with a reason"
    )
    return Finding(message=message, path=path)


def _summary(rows: int, removed: int, copies: int, slices: Sequence[_Slice]) -> str:
    worst = slices[0]
    equal = f" ({copies} of them equal to a row that stays)" if copies else ""
    return (
        f"{removed} of {rows} rows of raw were left out{equal}; hit hardest are those where {worst.name}, at "
        f"{worst.ratio.value:.2f} times the rate of the others [{worst.ratio.low:.2f}, {worst.ratio.high:.2f}]"
    )


def _table(slices: Sequence[_Slice]) -> Table:
    rows = tuple(
        (
            one.name,
            one.rows,
            one.removed,
            *(None if it is None else round(it, 2) for it in (one.ratio.value, one.ratio.low, one.ratio.high)),
        )
        for one in slices[:SHOWN]
    )
    columns = ("rows where", "rows", "left out", "ratio", "lower bound", "upper bound")
    return Table(title="Who was left out", columns=columns, rows=rows)


# --- examples ------------------------------------------------------------------------------------

_TABLES = {"raw": "raw.csv", "train": "train.csv", "test": "test.csv"}
_DATA = {"target": "ill", "key": "id", "sensitive": ["sex"], "tables": _TABLES}


def _rows(numbers: Sequence[int]) -> dict[str, list[Any]]:
    return {
        "id": list(numbers),
        "sex": ["f" if row % 4 < 2 else "m" for row in numbers],  # noqa: PLR2004 - half of the rows
        "size": list(numbers),
        "ill": [row % 2 for row in numbers],
    }


def _equal() -> dict[str, Any]:
    """The first 34 of the ill are left out; each equals one of the next two, which stay."""
    raw = _rows(range(240))
    raw["size"] = [1_000 if row % 2 and row < 72 else row for row in range(240)]  # noqa: PLR2004 - the first 36 ill
    kept = [row for row in range(240) if not (row % 2 and row < 68)]  # noqa: PLR2004 - but for two
    parts = {name: [cells[row] for row in kept] for name, cells in raw.items()}
    return {"raw.csv": raw, "train.csv": parts, "test.csv": _rows([999])}


def _example(status: str, title: str, says: str, left_out: Sequence[int], data: dict[str, Any] = _DATA) -> Example:
    kept = [row for row in range(240) if row not in set(left_out)]
    files = {"raw.csv": _rows(range(240)), "train.csv": _rows(kept[:120]), "test.csv": _rows(kept[120:])}
    return Example(status=status, title=title, config={"data": data}, files=files, says=says)


_RARE = {"sex": ["x" if row < 30 else "f" for row in range(240)]}  # noqa: PLR2004 - an eighth of the rows


def _rare(left_out: int) -> dict[str, Any]:
    """A small group, the first 30 rows, of which so many are left out."""
    raw = _rows(range(240)) | _RARE
    parts = {name: [*cells[left_out:]] for name, cells in raw.items()}
    return {"raw.csv": raw, "train.csv": parts, "test.csv": _rows([999])}


EXAMPLES = (
    _example("pass", "rows left out evenly", "24 of 240 rows", range(100, 124)),
    _example("warn", "the ill are left out more often", "look at the rule", [*range(1, 49, 2), *range(100, 116, 2)]),
    _example("fail", "only the ill are left out, half of all rows", "34 of 120 rows where ill is 1", range(1, 69, 2)),
    Example(
        status="pass",
        title="a group that is out of scope, with the reason",
        config={"data": _DATA},
        files=_rare(25),
        settings={"accepted": {"sex": "x stands for animals, which are out of scope"}},
        says="25 of 240 rows",
    ),
    Example(
        status="fail",
        title="a small group is nearly gone",
        config={"data": _DATA},
        files=_rare(25),
        says="25 of 30 rows where sex is x were left out",
    ),
    Example(
        status="warn",
        title="only the ill are left out, for equal rows that stay",
        config={"data": _DATA},
        files=_equal(),
        says="34 of 240 rows of raw were left out (34 of them equal to a row that stays)",
    ),
    _example("not_applicable", "nothing left out", "no row of raw was left out", []),
    _example(
        "not_applicable", "without a key", "is not known without data.key", [1], {"target": "ill", "tables": _TABLES}
    ),
    Example(status="fail", title="there is no raw table", config={"data": _DATA}, says="does not exist yet"),
)
