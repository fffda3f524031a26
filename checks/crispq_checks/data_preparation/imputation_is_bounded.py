"""No column is mostly guesses.

## Why
A value that was filled in is a guess that looks like a measurement. Where a third of a column is guesses, the model
learns how the gaps were filled; where the gaps lie in one group, it learns that about this group.

## How it is measured
Missing cells are counted in the table `table` (by default `raw`, before anything is filled in), in the columns that are
features of `train`, by name; where no name is the same, in all columns but target, key, group, time, file and digest.
Exact; no sampling error is claimed.

- `missing_share`: the share of missing cells in each column that has any (at most 0.50, warning from 0.20).
- `missing_share_in_slices`: the same within each class of the target, and each value of the columns of
  `data.sensitive` (numbers with more than ten values: quarters), of slices with at least `fewest` (20) rows. Limits are
  the same. The 50 worst are told.

DEFAULT LIMITS: above one half there are more guesses than measurements; one in five is where textbooks on missing data
begin to ask how the gaps arose. Both are conventions of the catalogue.

## How to mend it
Find out why the values are missing, and measure them. Drop the column, or use it as "missing or not" where that is
known in time. Restrict the application to cases where it is measured.

## Source
CRISP-ML(Q) §3.2.2, p. 400: substitution may create artefacts. Sterne et al., "Multiple imputation for missing data in
epidemiological and clinical research: potential and pitfalls", BMJ 338 (2009), b2393.

## What it cannot see
Gaps that were filled in before `raw`, or that are coded as a number (0, -1, 999): expectations find these.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crispq import (
    Chart,
    Estimate,
    Evidence,
    Example,
    Measurement,
    MissingEvidence,
    NotMeasurable,
    Table,
    at_most,
    check,
)

if TYPE_CHECKING:
    import pandas as pd

MOST_VALUES, MOST_SLICES, SHOWN = 10, 50, 20
NOTHING = "no column"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Slice:
    """The share of missing cells of a column in some rows."""

    column: str
    rows: str
    share: float
    n: int


@check(
    task="clean_data",
    catalogue=("DP2-C6",),
    risks=("R24",),
    tier="standard",
    limits={
        "missing_share": at_most(0.50, warn=0.20),
        "missing_share_in_slices": at_most(0.50, warn=0.20),
    },
)
def imputation_is_bounded(evidence: Evidence, *, table: str = "raw", fewest: int = 20) -> Measurement:
    """Count missing cells by column, and by column and slice."""
    source = evidence.table(table)
    names = _used(evidence, source.columns)
    if not names:
        raise NotMeasurable(f"the table {table!r} has no feature: every column is target, key, group or time")
    data = evidence.data
    by = [name for name in dict.fromkeys((data.target, *data.sensitive)) if name in source.columns]
    frame = source.frame(list(dict.fromkeys([*names, *by])))
    shares = {name: Estimate(value=float(frame[name].isna().mean()), n=len(frame)) for name in names}
    gaps = [name for name, share in shares.items() if share.value]
    slices = sorted(_slices(frame, gaps, by, evidence.task, data.target, fewest), key=lambda one: -one.share)
    in_slices = {f"{one.column} where {one.rows}": Estimate(value=one.share, n=one.n) for one in slices[:MOST_SLICES]}
    return Measurement(
        values={
            "missing_share": {name: shares[name] for name in gaps} or {NOTHING: Estimate(value=0.0, n=len(frame))},
            "missing_share_in_slices": in_slices or {NOTHING: Estimate(value=0.0, n=len(frame))},
        },
        summary=_summary(shares, slices),
        tables=(_table(shares, slices),),
        charts=(_chart(shares),) if gaps else (),
    )


def _used(evidence: Evidence, columns: tuple[str, ...]) -> list[str]:
    """The raw columns that a model gets, by name; all that may be features where none has kept its name."""
    others = set(evidence.data.not_features)
    candidates = [name for name in columns if name not in others]
    try:
        trained = evidence.table("train").columns
    except MissingEvidence:
        return candidates
    return [name for name in candidates if name in trained] or candidates


def _slices(  # noqa: PLR0913, PLR0917 - each word is one fact about the slices
    frame: pd.DataFrame, gaps: list[str], by: list[str], task: str, target: str | None, fewest: int
) -> Iterator[_Slice]:
    for name in by:
        if name == target and task == "regression":
            continue
        labels = _labels(frame[name])
        for label, rows in frame.groupby(labels, sort=True):
            if len(rows) >= fewest:
                for column in gaps:
                    share = float(rows[column].isna().mean())
                    if share and column != name:
                        yield _Slice(column=column, rows=f"{name} is {label}", share=share, n=len(rows))


def _labels(column: pd.Series[Any]) -> pd.Series[Any]:
    """The values as text; quarters of a number with many values."""
    import pandas as pd
    from pandas.api import types

    if types.is_numeric_dtype(column) and column.nunique() > MOST_VALUES:
        return pd.qcut(column, 4, duplicates="drop").astype("str").where(column.notna())
    frequent = column.value_counts().index[: 2 * MOST_VALUES]
    return column.astype("str").where(column.isin(frequent))


def _summary(shares: Mapping[str, Estimate], slices: list[_Slice]) -> str:
    worst = max(shares, key=lambda name: shares[name].value)
    if not shares[worst].value:
        return f"no cell of {len(shares)} columns is missing"
    gaps = sum(share.value > 0 for share in shares.values())
    told = f"{gaps} of {len(shares)} columns have gaps; the most has {worst!r} ({shares[worst].value:.0%})"
    return f"{told}, in slices {slices[0].column!r} where {slices[0].rows} ({slices[0].share:.0%})" if slices else told


def _table(shares: Mapping[str, Estimate], slices: list[_Slice]) -> Table:
    ordered = sorted(shares, key=lambda name: -shares[name].value)[:SHOWN]
    worst: dict[str, _Slice] = {}
    for one in slices:
        worst.setdefault(one.column, one)
    rows = tuple(
        (
            name,
            round(shares[name].value, 4),
            worst[name].rows if name in worst else None,
            round(worst[name].share, 4) if name in worst else None,
        )
        for name in ordered
    )
    return Table(title="Missing cells", columns=("column", "share", "worst slice", "share there"), rows=rows)


def _chart(shares: Mapping[str, Estimate]) -> Chart:
    ordered = sorted(shares, key=lambda name: -shares[name].value)[:SHOWN]
    points = [{"column": name, "share": round(shares[name].value, 4)} for name in ordered]
    return Chart(
        title="Missing cells by column",
        description=f"Bars show the share of missing cells; {ordered[0]} leads with {shares[ordered[0]].value:.0%}.",
        spec={
            "width": 400,
            "data": {"values": points},
            "mark": "bar",
            "encoding": {
                "x": {"field": "share", "type": "quantitative", "scale": {"domain": [0, 1]}, "title": "share missing"},
                "y": {"field": "column", "type": "nominal", "sort": "-x", "title": "column"},
            },
        },
    )


# --- examples ------------------------------------------------------------------------------------

_ROWS = 80


def _raw(missing: int = 0, *, in_class: int | None = None) -> dict[str, list[Any]]:
    """Rows of which the last `missing` (of the class, if one is named) have no size."""
    ill = [row % 2 for row in range(_ROWS)]
    open_rows = [row for row in range(_ROWS) if in_class is None or ill[row] == in_class][-missing:] if missing else []
    size = [None if row in open_rows else row * 0.1 for row in range(_ROWS)]
    return {"id": list(range(_ROWS)), "size": size, "weight": [row % 7 for row in range(_ROWS)], "ill": ill}


def _example(status: str, title: str, says: str, raw: Mapping[str, list[Any]], **more: Any) -> Example:
    data = {"target": "ill", "key": "id", "tables": {"raw": "raw.csv", "train": "train.csv"}}
    return Example(
        status=status, title=title, config={"data": data}, files={"raw.csv": raw, "train.csv": _raw()} | more, says=says
    )


EXAMPLES = (
    _example("pass", "nothing is missing", "no cell of 2 columns is missing", _raw()),
    _example("pass", "a tenth is missing", "1 of 2 columns have gaps", _raw(8)),
    _example("warn", "a quarter is missing", "'size' (25%)", _raw(20)),
    _example("fail", "most is missing", "'size' (60%)", _raw(48)),
    _example("fail", "the ill have no size", "where ill is 1 (75%)", _raw(30, in_class=1)),
    _example("pass", "an empty column that is not used", "no cell", _raw() | {"other": [None] * _ROWS}),
    _example("error", "no feature", "has no feature", {"id": [1, 2], "ill": [0, 1]}),
    Example(
        status="fail",
        title="there is no raw table",
        config={"data": {"target": "ill", "tables": {"raw": "raw.csv"}}},
        says="does not exist yet",
    ),
)
