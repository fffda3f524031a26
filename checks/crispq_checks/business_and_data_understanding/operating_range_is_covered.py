"""The data covers the range in which the model will be used.

## Why
A model says something for every input, also where it has never seen a case. What it says there is unknown to
everybody, and nobody notices until it matters. The range of use has to be stated before one can ask whether the data
covers it.

## How it is measured
The setting `range` states the range of use: column -> edges of bins (numbers, ascending; the last bin includes its
upper edge) or -> categories (texts; numbers that are codes are written as texts). The rows of the table `table` (by
default `raw`) are counted exactly in every cell of one column and in every pair of cells of two columns.
- `covered`: the share of single cells, and the share of pairs, with at least `min_rows` (5) rows; each at least 0.80,
  with a warning below 0.95. A combination that cannot occur can be left out by coarser bins.
- `thin_tails`: first and last bins of a column with fewer than `min_rows` rows; each is a warning, for extremes are
  rare and matter most. Rows outside the stated range are counted in the summary: they are not what the project is
  for, or the range is wrong. Where the tier is below regulated and no range is stated, the check does not apply; in a
  regulated project it fails.

## How to mend it
Collect rows for the cells that are named, above all for the tails; or narrow the range of use in scope and user
guide, and refuse other inputs when serving.

## Source
CRISP-ML(Q) §3.1.5, pp. 398-399: extremes in the distribution of samples; §3.4, p. 403: a test set that covers the
range of use. ISO 21448 (operational design domain). The limits and five rows are this check's choice.

## What it cannot see
Combinations of three and more columns; whether five rows are enough for what is asked; columns that are not listed.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crispq import (
    Chart,
    Estimate,
    Evidence,
    Example,
    Finding,
    Findings,
    Measurement,
    NotMeasurable,
    Table,
    at_least,
    check,
    hint,
    missing,
    none,
    not_applicable,
)

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

MOST_SHOWN = 20
POINTS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class _Axis:
    """A column in cells: the cell of each row (n,), -1 for outside; whether the cells have an order."""

    column: str
    cells: tuple[str, ...]
    cell: NDArray[np.int64]
    ordered: bool

    @property
    def counts(self) -> NDArray[np.int64]:
        import numpy as np

        return np.bincount(self.cell[self.cell >= 0], minlength=len(self.cells))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """Two columns, and the rows in each pair of their cells."""

    first: _Axis
    second: _Axis
    counts: NDArray[np.int64]

    def empty(self, least: int) -> float:
        """The share of cells with fewer rows than `least`."""
        return float((self.counts < least).mean())


@check(
    task="data_quality_verification",
    catalogue=("BU5-C7",),
    risks=("R09", "R15"),
    tier="regulated",
    limits={"covered": at_least(0.80, warn=0.95), "thin_tails": none(warn=True)},
    seconds=300,
)
def operating_range_is_covered(
    evidence: Evidence,
    *,
    range: Mapping[str, Sequence[Any]] | None = None,  # noqa: A002 - the word that a reader of phase.yaml expects
    table: str = "raw",
    min_rows: int = 5,
) -> Measurement:
    """Count the rows in the cells of the stated range and in the pairs of them."""
    if not range:
        if evidence.tier.value != "regulated":
            return not_applicable("no range of use is stated; a regulated project has to state one")
        message = "no range of use is stated; list under range the columns with their bins or categories"
        return missing(message, path=evidence.phase_file)
    axes = _axes(evidence, table, range)
    pairs = [_pair(first, second) for first, second in itertools.combinations(axes, 2)]
    shares = {"single cells": _share([axis.counts for axis in axes], min_rows)}
    if pairs:
        shares["pairs of cells"] = _share([pair.counts for pair in pairs], min_rows)
    tails = tuple(_tails(axes, min_rows, evidence.phase_file))
    emptiest = max(pairs, key=lambda pair: pair.empty(min_rows), default=None)
    return Measurement(
        values={"covered": shares, "thin_tails": Findings(examined=2 * len(axes), items=tails)},
        summary=_summary(axes, shares, emptiest, min_rows),
        tables=tuple(_tables(axes, pairs, min_rows)),
        charts=() if emptiest is None else (_chart(emptiest, min_rows),),
    )


def _share(counts: Sequence[NDArray[np.int64]], least: int) -> Estimate:
    filled = sum(int((one >= least).sum()) for one in counts)
    cells = sum(one.size for one in counts)
    return Estimate(value=filled / cells, n=cells)


# --- cells ---------------------------------------------------------------------------------------


def _axes(evidence: Evidence, table: str, stated: Mapping[str, Sequence[Any]]) -> list[_Axis]:
    source = evidence.table(table)
    for column in stated:
        if column not in source.columns:
            raise NotMeasurable(f"range: the table {table!r} has no column {column!r}{hint(column, source.columns)}")
    frame = source.frame(list(stated))
    return [_axis(column, frame[column], parts) for column, parts in stated.items()]


def _axis(column: str, values: pd.Series[Any], parts: object) -> _Axis:
    if not isinstance(parts, list | tuple) or not parts:
        raise NotMeasurable(f"range.{column}: a list of edges (numbers) or of categories (texts) is expected")
    if all(isinstance(one, int | float) and not isinstance(one, bool) for one in parts):
        return _binned(column, values, [float(one) for one in parts])
    return _sorted_into(column, values, [str(one) for one in parts])


def _binned(column: str, values: pd.Series[Any], edges: list[float]) -> _Axis:
    import numpy as np
    import pandas as pd

    if len(edges) < 2 or any(later <= earlier for earlier, later in itertools.pairwise(edges)):  # noqa: PLR2004
        raise NotMeasurable(f"range.{column}: two or more edges are needed, each larger than the one before")
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64)
    if values.notna().any() and np.isnan(numbers[values.notna().to_numpy()]).any():
        raise NotMeasurable(f"range.{column}: the column holds text; list categories as texts")
    cell = np.searchsorted(edges, numbers, side="right") - 1
    cell[numbers == edges[-1]] = len(edges) - 2
    cell[~((numbers >= edges[0]) & (numbers <= edges[-1]))] = -1
    cells = tuple(f"{earlier:g} to {later:g}" for earlier, later in itertools.pairwise(edges))
    return _Axis(column=column, cells=cells, cell=cell.astype(np.int64), ordered=True)


def _sorted_into(column: str, values: pd.Series[Any], categories: list[str]) -> _Axis:
    import numpy as np

    if len(set(categories)) < len(categories):
        raise NotMeasurable(f"range.{column}: a category stands twice")
    place = {name: number for number, name in enumerate(categories)}
    cell = [place.get(_written(value), -1) for value in values.tolist()]
    return _Axis(column=column, cells=tuple(categories), cell=np.asarray(cell, dtype=np.int64), ordered=False)


def _written(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _pair(first: _Axis, second: _Axis) -> _Pair:
    import numpy as np

    inside = (first.cell >= 0) & (second.cell >= 0)
    width = len(second.cells)
    flat = np.bincount(first.cell[inside] * width + second.cell[inside], minlength=len(first.cells) * width)
    return _Pair(first=first, second=second, counts=flat.reshape(len(first.cells), width))


# --- what the reader sees ------------------------------------------------------------------------


def _tails(axes: Sequence[_Axis], least: int, path: str) -> Iterator[Finding]:
    for axis in axes:
        for place in sorted({0, len(axis.cells) - 1}) if axis.ordered else ():
            if (count := int(axis.counts[place])) < least:
                message = (
                    f"{axis.column} from {axis.cells[place]}: {count} rows at this end of the range, {least} are asked "
                    "for; collect such cases, or narrow the range of use"
                )
                yield Finding(message=message, path=path)


def _summary(axes: Sequence[_Axis], shares: Mapping[str, Estimate], emptiest: _Pair | None, least: int) -> str:
    told = ", ".join(f"{one.value:.0%} of {one.n} {name}" for name, one in shares.items())
    outside = sum(bool(one) for one in _outside(axes))
    pair = ""
    if emptiest is not None and emptiest.empty(least):
        pair = f"; the emptiest pair is {emptiest.first.column} with {emptiest.second.column}"
    return f"{told} have at least {least} rows{pair}; {outside} of {len(axes[0].cell)} rows lie outside the range"


def _outside(axes: Sequence[_Axis]) -> list[bool]:
    import numpy as np

    found: list[bool] = np.any([axis.cell < 0 for axis in axes], axis=0).tolist()
    return found


def _tables(axes: Sequence[_Axis], pairs: Sequence[_Pair], least: int) -> Iterator[Table]:
    thin = [
        (axis.column, axis.cells[place], int(count))
        for axis in axes
        for place, count in enumerate(axis.counts)
        if count < least
    ] + [
        (f"{pair.first.column} with {pair.second.column}", f"{one} / {other}", int(pair.counts[row, column]))
        for pair in pairs
        for row, one in enumerate(pair.first.cells)
        for column, other in enumerate(pair.second.cells)
        if pair.counts[row, column] < least
    ]
    if thin:
        title = f"Cells with fewer than {least} rows" + (
            f" (the first {MOST_SHOWN} of {len(thin)})" * (len(thin) > MOST_SHOWN)
        )
        yield Table(title=title, columns=("column", "cell", "rows"), rows=tuple(thin[:MOST_SHOWN]))


def _chart(pair: _Pair, least: int) -> Chart:
    points = [
        {"first": one, "second": other, "rows": int(pair.counts[row, column])}
        for row, one in enumerate(pair.first.cells)
        for column, other in enumerate(pair.second.cells)
    ][:POINTS]
    return Chart(
        title=f"Rows by {pair.first.column} and {pair.second.column}",
        description=(
            f"A grid of {pair.first.column} against {pair.second.column}; {pair.empty(least):.0%} of its cells hold "
            f"fewer than {least} rows."
        ),
        spec={
            "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
            "width": 420,
            "height": 300,
            "data": {"values": points},
            "mark": "rect",
            "encoding": {
                "x": {"field": "first", "type": "ordinal", "sort": list(pair.first.cells), "title": pair.first.column},
                "y": {
                    "field": "second",
                    "type": "ordinal",
                    "sort": list(pair.second.cells),
                    "title": pair.second.column,
                },
                "color": {"field": "rows", "type": "quantitative", "title": "rows", "scale": {"type": "sqrt"}},
            },
        },
    )


_CONFIG = {"tier": "regulated", "data": {"tables": {"raw": "raw.csv"}}}
_AGES = {"age": [20, 40, 60, 80], "site": ["north", "south"]}


def _rows(ages: Sequence[float], sites: Sequence[str] = ("north", "south"), times: int = 6) -> dict[str, list[Any]]:
    every = [(age, site) for age in ages for site in sites] * times
    return {"age": [age for age, _ in every], "site": [site for _, site in every]}


def _example(
    status: str, title: str, says: str, rows: dict[str, list[Any]], stated: Mapping[str, Any] = _AGES
) -> Example:
    return Example(
        status=status, title=title, says=says, config=_CONFIG, files={"raw.csv": rows}, settings={"range": stated}
    )


EXAMPLES = (
    _example("pass", "every pair has its rows", "100% of 6 pairs of cells", _rows([25, 45, 65])),
    _example("pass", "the last edge belongs to the range", "0 of 36 rows lie outside", _rows([25, 45, 80])),
    _example("pass", "numbers that are codes", "100% of 2 single", {"sex": [1, 2] * 6}, {"sex": ["1", "2"]}),
    _example("fail", "no row at one end", "the emptiest pair is age with site", _rows([25, 45])),
    _example(
        "fail",
        "a pair that never occurs",
        "67% of 6 pairs",
        {"age": [25] * 12 + [45] * 12 + [65] * 12, "site": ["north", "south"] * 6 + ["north"] * 12 + ["south"] * 12},
    ),
    _example(
        "warn",
        "a thin end of a fine range",
        "from 95 to 100: 0 rows",
        _rows([5 * at + 1 for at in range(19)]),
        {"age": [*range(0, 101, 5)], "site": ["north", "south"]},
    ),
    _example("error", "a column that does not exist", "did you mean 'age'?", _rows([25]), {"aged": [20, 40]}),
    _example("error", "edges that do not ascend", "larger than the one before", _rows([25]), {"age": [40, 20]}),
    _example("error", "edges for a text", "the column holds text", _rows([25]), {"site": [1, 2]}),
    Example(
        status="fail", title="a regulated project without a range", config=_CONFIG, says="no range of use is stated"
    ),
    Example(status="not_applicable", title="another project without a range", says="no range of use is stated"),
    Example(
        status="fail",
        title="there is no table",
        config={"tier": "regulated"},
        settings={"range": _AGES},
        says="no table 'raw' is listed",
    ),
)
