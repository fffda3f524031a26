"""What scales, fills in and encodes the data was learned from the training rows alone.

## Why
A scaler or imputer that was fitted on all rows has seen the test rows: their means, their extremes, with an encoder
even their outcomes. The test then no longer stands for rows that nobody has seen, and in use the parameters will be
others.

## How it is measured
Twice, and neither way needs to know the program that prepared the data.

**From the tables.** Prepared rows are matched with raw rows by `data.key`. For each feature it is told what was done:
- standardised: mean 0 and deviation 1 (n or n - 1 in the denominator) on some set of rows;
- scaled to borders (0 to 1, -1 to 1) or robustly (median 0, quartile distance 1) on a set of rows, where the column is
  a straight line of a raw one;
- gaps filled in: cells that are missing in the raw table hold the mean, median or commonest value of a set of rows;
- categories as numbers: a number that is the same wherever a raw category is, equal to the mean outcome (also drawn to
  the mean of all by m rows, for any m) or the frequency of each category in a set of rows.
The sets tried are the training rows, and these with test rows, production rows, both, all raw rows; also the test rows
alone. A parameter fits a set up to 1e-6 of the column's spread (files may round); the training rows are excluded as its
source if they miss it by 1e-5 or more. Between the two, and where nothing fits, nothing is said.

**From the trained model.** Where the file `artifact` of the model exists (skops), the estimator is fitted anew on the
training rows, and all that its transformers learned (means, scales, medians, borders, categories, encodings, choice of
features) is compared with what the file holds: relative difference at most 1e-6, for another machine adds in
another order. What differs between two seeds of the estimator is left out. A model that is not stored with skops, or
holds types that nobody trusts, is not opened; the training script may then write what was learned into a JSON file,
which the setting `parameters` names.

`beyond_training` (none): columns and parameters that were learned from more than the training rows, and learned
parameters that training rows do not give. On 200 simulated tables that were scaled, filled and encoded by training rows
nothing was found; fitted on all rows, every one of 200 was found.

## How to mend it
Split first, then fit: put scaler, imputer and encoder into the estimator's pipeline, or call `fit` on the training rows
and only `transform` on all others. Train again if the model file is older than the training rows.

## Source
CRISP-ML(Q) §3.2.4, pp. 400-401: test data is normalised with the parameters of the training data. Kapoor & Narayanan,
"Leakage and the reproducibility crisis in machine-learning-based science", Patterns 4 (2023), 100804.

## What it cannot see
Imputers and encoders of other kinds (neighbours, chained equations, cross-fitted encoders): they are listed as not
recognised where they can be told at all. Scalers whose column was clipped or bent afterwards. Parameters that happen to
be the same on training and on all rows. Without a key only standardised columns can be told.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from crispq import (
    Evidence,
    Example,
    Finding,
    Findings,
    Measurement,
    MissingEvidence,
    NotMeasurable,
    Table,
    check,
    none,
    not_applicable,
)

if TYPE_CHECKING:
    import pandas as pd

    from crispq_checks.fitted import Fitted

SHOWN = 40


@check(
    task="standardize_data",
    catalogue=("DP2-C4", "DP4-C4"),
    risks=("R18", "R24", "R28"),
    limits={"beyond_training": none()},
    seconds=1800,
)
def fitted_on_training_only(
    evidence: Evidence, *, raw: str = "raw", model: str | None = None, parameters: str | None = None
) -> Measurement:
    """Recover what was fitted, and tell on which rows."""
    from crispq_checks.fitted import fitted, rows_of

    data = evidence.data
    tables = dict(_tables(evidence))
    rows = rows_of(tables, _raw(evidence, raw), data.key, data.target, data.positive)
    told = list(fitted(rows, data.not_features))
    stored = _stored(evidence, model, parameters)
    if not told and stored is None:
        keyed = "" if len(rows.raw.columns) else " as far as can be told without a key that matches raw rows"
        return not_applicable(
            f"no column was scaled, filled in or encoded{keyed}, and there is no trained model to look into"
        )
    path = evidence.table("train").paths[0]
    found = [_finding(one, path) for one in told if one.beyond]
    found += [] if stored is None else stored.findings
    count = sum(1 for name in tables["train"].columns if name not in data.not_features)
    return Measurement(
        values={"beyond_training": Findings(examined=count + (stored.examined if stored else 0), items=tuple(found))},
        summary=_summary(told, stored, found, keyed=len(rows.raw.columns) > 0),
        tables=(_table(told),) if told else (),
    )


def _tables(evidence: Evidence) -> Iterator[tuple[str, pd.DataFrame]]:
    yield "train", evidence.table("train").frame()
    for name in ("test", "production"):
        try:
            yield name, evidence.table(name).frame()
        except MissingEvidence:
            continue


def _raw(evidence: Evidence, name: str) -> pd.DataFrame | None:
    return evidence.table(name).frame() if name in evidence.data.tables else None


def _finding(one: Fitted, path: str) -> Finding:
    rows = one.rows[0].removesuffix(" rows")
    return Finding(
        message=f"the column {one.column!r} ({one.what}) was fitted on {rows} rows, not on "
        "the training rows alone; fit on the training rows and only transform the others",
        path=path,
    )


def _summary(told: list[Fitted], stored: _Stored | None, found: list[Finding], *, keyed: bool) -> str:
    known = [one for one in told if one.rows]
    parts = [f"{len(known)} columns were fitted beforehand"] if told else ["no column was fitted beforehand"]
    if strange := len(told) - len(known):
        parts.append(f"{strange} not recognised")
    if not keyed:
        parts.append("raw rows could not be matched: name data.key")
    if stored is not None:
        parts.append(stored.words)
    good = "all by the training rows" if known and not found else ""
    return "; ".join([*([found[0].message] if found else []), *parts, *([good] if good else [])])


def _table(told: list[Fitted]) -> Table:
    def words(one: Fitted) -> str:
        return "the training rows" if one.on_training else one.rows[0] if one.rows else "not recognised"

    rows = tuple((one.column, one.what, words(one)) for one in sorted(told, key=lambda one: not one.beyond)[:SHOWN])
    return Table(title="What was fitted before training", columns=("column", "what was done", "fitted on"), rows=rows)


# --- the trained model ---------------------------------------------------------------------------


class _Stored:
    """What the trained model learned, held against what the training rows give."""

    def __init__(self, examined: int, findings: list[Finding], words: str) -> None:
        self.examined, self.findings, self.words = examined, findings, words


def _stored(evidence: Evidence, model: str | None, parameters: str | None) -> _Stored | None:
    """Nothing while there is neither a model file nor a record of its parameters."""
    if parameters is not None:
        return _compared(evidence, model, parameters, _recorded(evidence, parameters), "the record of parameters")
    if not evidence.models:
        return None
    artifact = evidence.model(model).artifact
    if artifact is None or not evidence.exists(artifact):
        return None
    evidence.estimator(model)
    loaded = _loaded(evidence, artifact)
    if isinstance(loaded, str):
        return _Stored(0, [], f"the model file was not looked into: {loaded}")
    return _compared(evidence, model, artifact, loaded, "the model file")


def _recorded(evidence: Evidence, path: str) -> dict[str, Any]:
    record = evidence.json(path)
    steps = record.get("steps") if isinstance(record, Mapping) else None
    if not isinstance(steps, Mapping) or not all(isinstance(one, Mapping) for one in steps.values()):
        raise NotMeasurable(f"{path}: an object with 'steps' (step -> attribute -> values) is expected")
    return {f"{step}.{name}": value for step, values in steps.items() for name, value in values.items()}


def _loaded(evidence: Evidence, artifact: str) -> Any:
    """The model, or why it is not opened. Only types that skops or crispq trusts are built."""
    import warnings
    import zipfile

    file = evidence.path(artifact)
    if not zipfile.is_zipfile(file):
        return "it is no skops file; name a record with the setting parameters"
    from skops.io import load
    from skops.io.exceptions import UntrustedTypesFoundException

    from crispq_checks.deployment.model_file_is_safe import TRUSTED

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return load(file, trusted=sorted(TRUSTED))
        except UntrustedTypesFoundException:
            return "it holds types that nobody trusts; name a record with the setting parameters"
        except Exception as error:  # noqa: BLE001 - skops says in many ways that a file is not its own
            return f"skops cannot read it ({type(error).__name__})"


def _compared(evidence: Evidence, model: str | None, path: str, stored: Any, what: str) -> _Stored:
    from crispq_checks.pipelines import alike, learned

    values = stored if isinstance(stored, dict) else learned(stored)
    names = getattr(stored, "feature_names_in_", None)
    whole = isinstance(stored, dict)
    first, second = (_refitted(evidence, model, ("train",), seed, names, steps=whole) for seed in (0, 1))
    steady = {name: value for name, value in first.items() if name in second and alike(value, second[name])}
    known = {name: value for name, value in values.items() if name in steady}
    differing = [name for name, value in known.items() if not alike(value, steady[name])]
    found = [
        Finding(message=f"{what} holds {name!r}, which the estimator does not learn; train again", path=path)
        for name in values
        if name not in first
    ]
    found += [
        Finding(message=f"{what} lacks {name!r}, which the estimator learns; train again", path=path)
        for name in (steady if not whole else ())
        if name not in values
    ]
    if differing:
        source = _source_of(evidence, model, names, {name: known[name] for name in differing}, steps=whole)
        found += [
            Finding(
                message=f"{what} holds {name!r} {source}; fit it on the training rows alone and train again", path=path
            )
            for name in differing
        ]
    told = f"{what} holds {len(known)} learned parameters, "
    return _Stored(len(values), found, told + ("all as the training rows give them" if not found else "not all right"))


def _source_of(evidence: Evidence, model: str | None, names: Any, differing: Mapping[str, Any], *, steps: bool) -> str:
    """Which rows give the parameters that the training rows do not give, in words."""
    from crispq_checks.pipelines import alike

    for tables in (("train", "test"), ("train", "test", "production"), ("test",)):
        try:
            told = _refitted(evidence, model, tables, 0, names, steps=steps)
        except (MissingEvidence, NotMeasurable):
            continue
        if all(name in told and alike(value, told[name]) for name, value in differing.items()):
            return f"as fitted on the rows of {' and '.join(tables)}"
    return "other than the training rows give it"


def _refitted(  # noqa: PLR0913 - one fit
    evidence: Evidence, model: str | None, tables: tuple[str, ...], seed: int, names: Any, *, steps: bool
) -> dict[str, Any]:
    """What the estimator's transformers learn from these tables' rows; steps: by the names of its pipeline's steps."""
    import warnings

    import numpy as np
    import pandas as pd

    from crispq_checks.pipelines import learned, outer_pipelines, preparing

    parts = [evidence.supervised(name) for name in tables]
    features = pd.concat([part.features for part in parts], ignore_index=True)
    target = np.concatenate([part.target for part in parts])
    if names is not None and set(names) <= set(features.columns):
        features = features[list(names)]
    built = evidence.estimator(model, seed=seed)
    chosen = [preparing(one) for one in outer_pipelines(built)] if steps else [built]
    told: dict[str, Any] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for one in chosen:
            if one is None:
                continue
            try:
                told |= learned(one.fit(features, target))
            except Exception as error:
                raise NotMeasurable(
                    f"the estimator could not be fitted on {' and '.join(tables)}: {type(error).__name__}: "
                    f"{str(error)[:200]}"
                ) from error
    return told


# --- examples ------------------------------------------------------------------------------------

_ROWS = 30
_AGES = [20 + row * row * 7 % 61 for row in range(_ROWS)]
_TOWNS = [f"t{row * 7 % 11 // 4}" for row in range(_ROWS)]
_ILL = [row * 7 % 5 < 2 for row in range(_ROWS)]  # noqa: PLR2004 - two of five
_GAPS = [None if row % 8 == 3 else float(row * 11 % 17) for row in range(_ROWS)]  # noqa: PLR2004 - some
_TRAIN = 20
_CONFIG: dict[str, Any] = {
    "data": {
        "target": "ill",
        "key": "id",
        "tables": {"raw": "data/raw.csv", "train": "data/train.csv", "test": "data/test.csv"},
    }
}
_RAW: dict[str, list[Any]] = {
    "id": list(range(_ROWS)),
    "age": _AGES,
    "dose": _GAPS,
    "town": _TOWNS,
    "ill": [int(one) for one in _ILL],
}


def _standardised(rows: int) -> list[float]:
    known = _AGES[:rows]
    mean = sum(known) / rows
    deviation = (sum((one - mean) ** 2 for one in known) / rows) ** 0.5
    return [(one - mean) / deviation for one in _AGES]


def _mean_filled(rows: int) -> list[float]:
    known = [one for one in _GAPS[:rows] if one is not None]
    return [sum(known) / len(known) if one is None else one for one in _GAPS]


def _rates(rows: int) -> list[float]:
    def rate(town: str) -> float:
        own = [ill for ill, other in zip(_ILL[:rows], _TOWNS, strict=False) if other == town]
        return sum(own) / len(own)

    return [rate(town) for town in _TOWNS]


def _files(**columns: list[Any]) -> dict[str, Any]:
    prepared = {name: columns.get(name, cells) for name, cells in _RAW.items() if name != "town"} | columns
    return {
        "data/raw.csv": _RAW,
        "data/train.csv": {name: cells[:_TRAIN] for name, cells in prepared.items()},
        "data/test.csv": {name: cells[_TRAIN:] for name, cells in prepared.items()},
    }


def _example(status: str, title: str, says: str, config: Any = _CONFIG, **columns: list[Any]) -> Example:
    return Example(status=status, title=title, config=config, files=_files(**columns), says=says)


_MODEL = """from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def build(seed):
    return make_pipeline(StandardScaler(), LogisticRegression())
"""
_WITH_MODEL = _CONFIG | {"models": {"ill": {"estimator": "tiny_fitted.model:build"}}}


def _with_record(status: str, title: str, says: str, rows: int) -> Example:
    """A record of what the scaler in the model learned from so many rows."""
    mean = sum(_AGES[:rows]) / rows
    files = _files(dose=[0.0] * _ROWS) | {
        "src/tiny_fitted/__init__.py": "",
        "src/tiny_fitted/model.py": _MODEL,
        "models/parameters.json": json.dumps({"steps": {"standardscaler": {"mean_": [mean, 0.0]}}}),
    }
    return Example(
        status=status,
        title=title,
        config=_WITH_MODEL,
        files=files,
        settings={"parameters": "models/parameters.json"},
        says=says,
    )


EXAMPLES = (
    _example(
        "pass",
        "scaled and filled in by the training rows",
        "2 columns were fitted beforehand; all by the training rows",
        age=_standardised(_TRAIN),
        dose=_mean_filled(_TRAIN),
    ),
    _example(
        "fail",
        "the scaler saw the test rows",
        "'age' (standardised to mean 0 and deviation 1) was fitted on train and test rows",
        age=_standardised(_ROWS),
    ),
    _example(
        "fail", "gaps were filled in by all rows", "filled in with the mean) was fitted on", dose=_mean_filled(_ROWS)
    ),
    _example("fail", "towns became the rates of all rows", "'town' replaced by the mean outcome", rate=_rates(_ROWS)),
    _example(
        "pass",
        "without a key standardised columns can be told",
        "name data.key",
        config={"data": _CONFIG["data"] | {"key": None}},
        age=_standardised(_TRAIN),
    ),
    _with_record("pass", "the record of the model agrees", "all as the training rows give them", _TRAIN),
    _with_record("fail", "the model's scaler saw the test rows", "as fitted on the rows of train and test", _ROWS),
    Example(
        status="not_applicable",
        title="a column that came standardised, under another name",
        config=_CONFIG,
        files=_files(years=_standardised(_ROWS)) | {"data/raw.csv": _RAW | {"age_score": _standardised(_ROWS)}},
        says="no column was scaled",
    ),
    _example("not_applicable", "nothing was fitted", "no column was scaled, filled in or encoded"),
    Example(status="fail", title="there is no training table yet", config=_CONFIG, says="does not exist yet"),
    Example(
        status="error",
        title="the record is no record",
        config=_WITH_MODEL,
        files=_files() | {"models/parameters.json": "[]"},
        settings={"parameters": "models/parameters.json"},
        says="step -> attribute -> values",
    ),
)
