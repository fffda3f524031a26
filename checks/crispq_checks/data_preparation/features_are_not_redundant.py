"""No two features carry the same signal, and none is told by all the others.

## Why
Two columns that say the same cost twice to deliver and to guard, share their weight in ways that change from training
to training, and make explanations misleading: each looks half as important as the thing they both measure.

## How it is measured
On the features of the table `table` (by default `train`; of more than 5,000 rows, 5,000 are drawn with a fixed seed):

- `same_signal` (none, a warning only): groups of features that hang together by pairs: numbers with |Spearman's rank
  correlation| above `correlated` (0.95), and categories (text with at most 200 different words) whose adjusted mutual
  information is above `shared` (0.95; 1 says that each tells the other, 0 what chance shares). The pairs are listed.
- `told_by_others` (none, a warning only): numbers with a variance inflation factor 1 / (1 - R²) above `inflated` (10,
  the customary border: 90 % of the column's spread is told by the other columns). Of each such group only the first
  column takes part, so that nothing is said twice. Gaps count as the mean. It is not measured with fewer than two rows
  for each column; the summary says so.

Both only warn: many models do well with redundant features, and which column should go is a matter of judgement. A
count can be demanded instead, with limits such as `same_signal: {at_most: 5}`. Independent columns came to a pair above
0.95 in 0 of 1,000 simulated tables of 50 rows and 30 columns.

## How to mend it
Keep the column of a pair that is delivered more reliably or is easier to understand, or combine the two; or write into
the preparation log why both stay.

## Source
CRISP-ML(Q) §3.2.1, p. 399: feature selection. Belsley, Kuh & Welsch, "Regression Diagnostics", Wiley 1980, chapter 3.
Vinh, Epps & Bailey, "Information theoretic measures for clusterings comparison", JMLR 11 (2010), pp. 2837-2854.

## What it cannot see
Relations that are not monotone (a number and its square around zero), a number and a category that say the same, and
sentences. Whether a redundant column is wanted as a spare.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crispq import (
    Chart,
    Evidence,
    Example,
    Finding,
    Findings,
    Measurement,
    Table,
    check,
    none,
    not_applicable,
)

if TYPE_CHECKING:
    import pandas as pd

SHOWN = 40
#: A column cannot be told from others on as many rows as there are columns: anything fits there.
ROWS_FOR_EACH = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """Two features and how closely they go together."""

    one: str
    two: str
    value: float
    scale: str


@check(
    task="select_data",
    catalogue=("DP1-C5",),
    risks=("R16", "R17"),
    limits={"same_signal": none(warn=True), "told_by_others": none(warn=True)},
)
def features_are_not_redundant(
    evidence: Evidence, *, table: str = "train", correlated: float = 0.95, shared: float = 0.95, inflated: float = 10
) -> Measurement:
    """Measure how closely features go together, pair by pair and each with all others."""
    from crispq_checks.associations import groups, sampled

    names = evidence.table(table).columns
    features = [name for name in names if name not in evidence.data.not_features]
    if len(features) < 2:  # noqa: PLR2004 - a pair
        return not_applicable("fewer than two features: none can repeat another")
    rows = sampled(evidence.table(table).frame(features))
    pairs = sorted(_pairs(rows, correlated, shared), key=lambda one: (-abs(one.value), one.one, one.two))
    together = [one for one in groups(rows, correlated, shared) if len(one) > 1]
    factors = _factors(rows.drop(columns=[name for one in together for name in one[1:]]))
    high = {name: value for name, value in (factors or {}).items() if value > inflated}
    path = evidence.table(table).paths[0]
    values = {
        "same_signal": Findings(
            examined=len(features) * (len(features) - 1) // 2,
            items=tuple(Finding(message=_same(one), path=path) for one in together),
        ),
        "told_by_others": Findings(
            examined=len(features),
            items=tuple(Finding(message=_told(name, value), path=path) for name, value in high.items()),
        ),
    }
    return Measurement(
        values=values,
        summary=_summary(pairs, len(together), high, len(features), measured=factors is not None),
        tables=tuple(_tables(pairs, factors or {})),
        charts=tuple(_charts(pairs)),
    )


def _pairs(rows: pd.DataFrame, correlated: float, shared: float) -> Iterator[_Pair]:
    import numpy as np

    from crispq_checks.associations import categories, numbers, shared_information, spearman

    scales = (
        (numbers(rows), spearman, correlated, "rank correlation"),
        (categories(rows), shared_information, shared, "shared information"),
    )
    for columns, measure, limit, scale in scales:
        if columns.shape[1] < 2:  # noqa: PLR2004 - a pair
            continue
        matrix = measure(columns)
        for one, two in np.argwhere(np.triu(np.abs(matrix) > limit, k=1)).tolist():
            yield _Pair(one=columns.columns[one], two=columns.columns[two], value=float(matrix[one, two]), scale=scale)


def _factors(rows: pd.DataFrame) -> dict[str, float] | None:
    """Each number's variance inflation factor; None where the rows are too few to tell."""
    from crispq_checks.associations import inflation, numbers

    columns = numbers(rows)
    if len(rows) < ROWS_FOR_EACH * columns.shape[1]:
        return None
    if columns.shape[1] < 2:  # noqa: PLR2004 - no other
        return {}
    told = zip(columns.columns, inflation(columns).tolist(), strict=True)
    return dict(sorted(told, key=lambda one: -one[1]))


def _same(members: tuple[str, ...]) -> str:
    told = ", ".join(repr(one) for one in members[:-1])
    return f"the features {told} and {members[-1]!r} carry the same signal; keep one of them or say why all stay"


def _told(name: str, value: float) -> str:
    shown = f"{value:.1f}" if value < 1e6 else "above a million"  # noqa: PLR2004 - a sum of others, up to rounding
    return f"the feature {name!r} is told by the others (variance inflation {shown}); leave it out or say why it stays"


def _summary(pairs: Sequence[_Pair], together: int, high: dict[str, float], count: int, *, measured: bool) -> str:
    said = f"{count} features: {together} groups carry the same signal ({len(pairs)} pairs), "
    said += f"{len(high)} are told by all others" if measured else "too few rows to tell each from all others"
    if pairs:
        said += f"; closest are {pairs[0].one!r} and {pairs[0].two!r} ({pairs[0].value:.3f})"
    return said


def _tables(pairs: Sequence[_Pair], factors: dict[str, float]) -> Iterator[Table]:
    if pairs:
        rows = tuple((one.one, one.two, one.scale, round(one.value, 3)) for one in pairs[:SHOWN])
        yield Table(
            title="Pairs that carry the same signal", columns=("feature", "feature too", "scale", "value"), rows=rows
        )
    if factors:
        told = tuple((name, round(min(value, 1e6), 1)) for name, value in list(factors.items())[:SHOWN])
        yield Table(title="Features told by all others", columns=("feature", "variance inflation"), rows=told)


def _charts(pairs: Sequence[_Pair]) -> Iterator[Chart]:
    if not pairs:
        return
    points = [{"pair": f"{one.one} ~ {one.two}", "value": round(abs(one.value), 4)} for one in pairs[:SHOWN]]
    yield Chart(
        title="Features that carry the same signal",
        description=f"Bars show {len(points)} pairs of features; the closest reaches {abs(pairs[0].value):.3f}.",
        spec={
            "width": 400,
            "data": {"values": points},
            "mark": "bar",
            "encoding": {
                "x": {"field": "value", "type": "quantitative", "title": "association", "scale": {"domain": [0, 1]}},
                "y": {"field": "pair", "type": "nominal", "sort": None, "title": "pair"},
            },
        },
    )


# --- examples ------------------------------------------------------------------------------------

_ROWS = 60
_AGE = [row * 37 % 61 for row in range(_ROWS)]
_SIZE = [row * row * 11 % 59 for row in range(_ROWS)]
_TOWN = [f"t{row * 7 % 5}" for row in range(_ROWS)]
_TRAIN: dict[str, list[Any]] = {"age": _AGE, "size": _SIZE, "town": _TOWN, "ill": [row % 2 for row in range(_ROWS)]}
_CONFIG = {"data": {"target": "ill", "tables": {"train": "data/train.csv"}}}


def _example(status: str, title: str, says: str, **columns: list[Any]) -> Example:
    return Example(status=status, title=title, config=_CONFIG, files={"data/train.csv": _TRAIN | columns}, says=says)


EXAMPLES = (
    _example("pass", "each feature says something else", "0 groups carry the same signal (0 pairs), 0 are told"),
    _example(
        "warn",
        "a length stands there in two units",
        "'size' and 'size_inch' carry the same signal",
        size_inch=[round(value / 2.54, 1) for value in _SIZE],
    ),
    _example(
        "warn",
        "a town and its code",
        "'town' and 'code' carry the same signal",
        code=[f"code {town}" for town in _TOWN],
    ),
    _example(
        "warn",
        "a sum and its parts",
        "told by the others (variance inflation above a million)",
        total=[float(age + size) for age, size in zip(_AGE, _SIZE, strict=True)],
    ),
    Example(
        status="fail",
        title="as many groups as were agreed, and one more",
        config=_CONFIG,
        files={"data/train.csv": _TRAIN | {"again": _AGE}},
        phase_file={"checks": {"features_are_not_redundant": {"limits": {"same_signal": {"at_most": 0}}}}},
        says="'age' and 'again' carry the same signal",
    ),
    Example(
        status="not_applicable",
        title="there is one feature",
        config=_CONFIG,
        files={"data/train.csv": {"age": _AGE, "ill": _TRAIN["ill"]}},
        says="fewer than two features",
    ),
    Example(status="fail", title="there is no training table yet", config=_CONFIG, says="does not exist yet"),
)
