"""Features are made by one piece of code, and a row gets the same ones whatever rows it comes with.

## Why
In training features are made for a whole table, in use for one row at a time, often by other people's code. Where the
two differ the model gets inputs that it never learned from, and nothing crashes: the predictions just get worse.

## How it is measured
The feature function (setting `function`, `package.module:name`; by default `features` in the module `features` of the
package that holds the last model's estimator) is applied to the table `table` (default `train`; of more than 2,000
rows, 2,000 are drawn) in three ways: all rows at once, `single` rows (default 50) one at a time, and a half of the rows
in random order.

- `differing_cells`: of the cells that the second and third way give, the share that differs from the first by more than
  a relative 1e-6, text by any character. Limit: at most 0.001, to leave room for rounding alone. A function that uses
  the mean, the extremes or the order of the rows that it is given differs in nearly all cells.
- `other_code` (none): the training side (`3_modeling/*.py`, or the module of the estimator) or the serving side
  (`5_deployment/*.py`, once there is any) does not import the module of the function, neither itself nor by way of the
  project's other modules (where the estimator's own module names the function, serving has it with the model); also a
  single row that the function refuses although it took the table.

Where there is no such function the check does not apply, unless the training table has features that the raw table
lacks: then it fails, for they are made by code that serving cannot share.

## How to mend it
Learn means and extremes in the estimator's pipeline, not in the feature function; keep the function to one row at a
time; import it from training, evaluation and serving alike instead of copying it.

## Source
CRISP-ML(Q) §3.2.3, p. 400, and §3.6, p. 405. Breck et al., "The ML test score", IEEE Big Data 2017, Monitor 3: training
and serving features compute the same values.

## What it cannot see
Whether the script that imports the function calls it on what it serves (serving_agrees_with_training asks the service).
Features made in another language, or by a database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
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
    at_most,
    check,
    missing,
    none,
    not_applicable,
)
from crispq_checks.engineered import engineered_columns
from crispq_checks.feature_code import function as found_function
from crispq_checks.feature_code import imports, modules, package_of, reached

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

MOST_ROWS = 2_000
RELATIVE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compared:
    """Cells compared, and in which columns how many differ; what a row that was refused said."""

    cells: int
    differing: dict[str, int]
    refused: str


@check(
    task="construct_data",
    catalogue=("DP3-C3",),
    risks=("R25",),
    limits={"differing_cells": at_most(0.001), "other_code": none()},
    tier="standard",
    seconds=600,
)
def one_code_path(
    evidence: Evidence, *, function: str | None = None, table: str = "train", single: int = 50
) -> Measurement:
    """Apply the feature function in three ways, and look who imports it."""
    package = package_of(evidence)
    reference = function or (f"{package}.features:features" if package else None)
    found = found_function(evidence, reference) if reference else None
    if reference is None or found is None:
        return _without(evidence, reference, asked=function is not None)
    if single < 1:
        raise NotMeasurable(f"single is at least 1; it is {single}")
    rows = _sampled(evidence.table(table).frame())
    told = _compare(found, rows, single, reference)
    module = reference.partition(":")[0]
    other = [*_other_code(evidence, reference), *_refusals(evidence, told, module)]
    count = sum(told.differing.values())
    return Measurement(
        values={
            "differing_cells": Estimate(value=count / told.cells if told.cells else 0.0, n=told.cells),
            "other_code": Findings(examined=2, items=tuple(other)),
        },
        summary=_summary(reference, told, other),
        tables=tuple(_tables(told)),
    )


def _without(evidence: Evidence, reference: str | None, *, asked: bool) -> Measurement:
    where = reference or "PACKAGE.features:features"
    if asked:
        return missing(f"there is no function {where}, which the setting function names", path=evidence.phase_file)
    made = engineered_columns(evidence)
    if made:
        message = (
            f"the training table has {made[0]!r}, which the raw table lacks, and there is no function {where} that "
            "training and serving could share; move what makes it there, or name it with the setting function"
        )
        return missing(message, path=evidence.phase_file)
    return not_applicable(f"there is no feature function ({where}), and no feature was made beyond the raw columns")


def _sampled(rows: pd.DataFrame) -> pd.DataFrame:
    drawn = rows if len(rows) <= MOST_ROWS else rows.sample(MOST_ROWS, random_state=0).sort_index()
    return drawn.reset_index(drop=True)


# --- three ways ----------------------------------------------------------------------------------


def _compare(function: Callable[..., Any], rows: pd.DataFrame, single: int, reference: str) -> _Compared:
    import numpy as np
    import pandas as pd

    try:
        whole = _frame(function(rows.copy()), rows)
    except Exception as error:
        raise NotMeasurable(
            f"{reference} cannot be applied to the training table: {type(error).__name__}: {str(error)[:200]}"
        ) from error
    random = np.random.default_rng(0)
    half = random.permutation(len(rows))[: max(1, len(rows) // 2)]
    alone = np.sort(random.permutation(len(rows))[:single])
    parts, places, refused = [], [], ""
    for place in [half, *(np.asarray([one]) for one in alone)]:
        part = rows.iloc[place].reset_index(drop=True)
        try:
            parts.append(_frame(function(part.copy()), part))
            places.append(place)
        except Exception as error:  # noqa: BLE001 - the project's code may raise anything
            refused = f"{type(error).__name__}: {str(error)[:200]}"
    if not parts:
        return _Compared(cells=0, differing={}, refused=refused)
    again = pd.concat(parts, ignore_index=True)
    first = whole.iloc[np.concatenate(places)].reset_index(drop=True)
    return _Compared(cells=first.size, differing=_differing(first, again), refused=refused)


def _frame(made: Any, rows: pd.DataFrame) -> pd.DataFrame:
    """What the function gave, as a frame with a row for each row that it was given."""
    import numpy as np
    import pandas as pd

    if hasattr(made, "toarray"):
        made = made.toarray()
    frame = made if isinstance(made, pd.DataFrame) else pd.DataFrame(np.asarray(made))
    if len(frame) != len(rows):
        raise ValueError(f"it gives {len(frame)} rows for {len(rows)}")
    if frame.index.isin(rows.index).all() and frame.index.is_unique:
        frame = frame.reindex(rows.index)
    return frame.reset_index(drop=True).rename(columns=str)


def _differing(first: pd.DataFrame, again: pd.DataFrame) -> dict[str, int]:
    found = {}
    for name in dict.fromkeys([*first.columns, *again.columns]):
        if name not in first or name not in again:
            found[name] = len(first)
        elif count := int(_unequal(first[name], again[name]).sum()):
            found[name] = count
    return found


def _unequal(one: pd.Series[Any], two: pd.Series[Any]) -> NDArray[np.bool_]:
    import numpy as np
    from pandas.api import types

    gaps = (one.isna() & two.isna()).to_numpy()
    if types.is_numeric_dtype(one) and types.is_numeric_dtype(two):
        left, right = (np.asarray(column.astype("float64")) for column in (one, two))
        return np.asarray(~(np.isclose(left, right, rtol=RELATIVE, atol=0.0) | gaps))
    return np.asarray(~((one.astype("str") == two.astype("str")).to_numpy() | gaps))


# --- one code ------------------------------------------------------------------------------------


def _other_code(evidence: Evidence, reference: str) -> Iterator[Finding]:
    """The sides that do not import the module of the function.

    Where the estimator's own module names the function, it is part of the model, and serving has it with the model.
    """
    module = reference.partition(":")[0]
    known = modules(evidence)
    own = known.get(evidence.model().estimator.partition(":")[0]) if evidence.models else None
    in_model = own is not None and bool(imports(evidence, own, {reference.replace(":", ".")}))
    sides = {"training": (*evidence.files("3_modeling/*.py"), *([own] if own else []))}
    if (serving := evidence.files("5_deployment/*.py")) and not in_model:
        sides["serving"] = serving
    for side, paths in sides.items():
        if paths and known[module] not in paths and module not in reached(evidence, paths):
            yield Finding(
                message=f"{side} does not import {module!r}, where the features are made; call its function there "
                "instead of other code",
                path=paths[0],
                line=1,
            )


def _refusals(evidence: Evidence, told: _Compared, module: str) -> Iterator[Finding]:
    if told.refused:
        yield Finding(
            message=f"the feature function takes the whole table but not every part of it ({told.refused}); let it "
            "work row by row",
            path=modules(evidence)[module],
        )


def _summary(reference: str, told: _Compared, other: Sequence[Finding]) -> str:
    count = sum(told.differing.values())
    share = count / told.cells if told.cells else 0.0
    said = f"{share:.2%} of {told.cells:,} cells depend on which other rows {reference} is given"
    if told.differing:
        worst = max(told.differing, key=lambda name: told.differing[name])
        said += f", most of them in {worst!r}; learn what they depend on in the estimator's pipeline"
    return "; ".join([said, *(one.message for one in other)])


def _tables(told: _Compared) -> Iterator[Table]:
    if told.differing:
        rows = tuple(sorted(told.differing.items(), key=lambda one: -one[1])[:40])
        yield Table(title="Features that depend on other rows", columns=("feature", "cells"), rows=rows)


# --- examples ------------------------------------------------------------------------------------

_RAW: dict[str, list[Any]] = {"dose": [float(row * 7 % 13) for row in range(40)], "ill": [row % 2 for row in range(40)]}
_MADE = _RAW | {"dose_squared": [dose * dose for dose in _RAW["dose"]]}
_CONFIG = {
    "data": {"target": "ill", "tables": {"raw": "data/raw.csv", "train": "data/train.csv"}},
    "models": {"ill": {"estimator": "tiny_path.model:build"}},
}
_ROW_BY_ROW = "def features(frame):\n    return frame[['dose']] / 7\n"
_BY_ALL_ROWS = "def features(frame):\n    return frame[['dose']] - frame[['dose']].mean()\n"
_NEEDS_MANY = (
    "def features(frame):\n    if len(frame) == 1:\n        raise ValueError('one row')\n    return frame[['dose']]\n"
)
_IMPORTS = "from tiny_path.features import features\n"


def _example(status: str, title: str, says: str, code: str | None, **files: Any) -> Example:
    package = {"src/tiny_path/__init__.py": "", "src/tiny_path/model.py": "", "3_modeling/train.py": _IMPORTS}
    made = {} if code is None else package | {"src/tiny_path/features.py": code}
    given = {"data/raw.csv": _RAW, "data/train.csv": files.pop("train", _RAW)}
    return Example(
        status=status, title=title, config=_CONFIG, files=given | made | files.pop("more", {}), says=says, **files
    )


EXAMPLES = (
    _example(
        "pass",
        "row by row, imported by both sides",
        "0.00% of 60 cells",
        _ROW_BY_ROW,
        more={"5_deployment/serve.py": "import tiny_path.features\n"},
    ),
    _example("fail", "the mean of the rows at hand", "most of them in 'dose'", _BY_ALL_ROWS),
    _example(
        "fail",
        "serving has code of its own",
        "serving does not import 'tiny_path.features'",
        _ROW_BY_ROW,
        more={"5_deployment/serve.py": "def own(row):\n    return row / 7\n"},
    ),
    _example("fail", "a single row is refused", "not every part of it (ValueError: one row)", _NEEDS_MANY),
    _example("fail", "features are made elsewhere", "which the raw table lacks", None, train=_MADE),
    _example("not_applicable", "nothing is made", "there is no feature function", None),
    _example("error", "the function does not fit the table", "cannot be applied", _ROW_BY_ROW.replace("dose", "dosis")),
)
