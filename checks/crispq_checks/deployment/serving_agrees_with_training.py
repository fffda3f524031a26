"""The serving program answers as the model did in evaluation.

## Why
What was evaluated is a file of predictions; what people will use is a program. Between the two, features are often
computed a second time, in other code: a unit, an order of columns, a filled gap, an older model file. The program then
decides differently from what was approved, and no number from evaluation holds for it.

## How it is measured
The program named by the setting `command` is started as in operation. Up to `rows` rows of the table `test`, evenly
spread, are sent to it: all columns but target, key, group and time, a missing value as `null`. Each answer is held
against the model's predictions file for the same row.
- `differing_share`: the share of rows with another decision: another class, or a number that is off by more than
  `tolerance` (relative). A refused row counts. It is an exact count on the rows that were sent, so it has no interval.
  Default limit 0.001: one row in a thousand, so none among 500.
- `largest_difference`: the largest difference of a probability; for a regression the largest relative difference of
  the number. Default limit 0.000001: more than that is not rounding but other code. If file or answers carry no
  probability, a differing class counts as 1.
- `accepted_nonsense`: three inputs that no one should get an answer to (a column is missing; text stands where a number
  belongs; every value is null) must be answered with `{"error": ...}`. An ordinary answer, or a program that dies of
  it, is a warning.

## How to mend it
Let training and serving call one function in `src/` that computes the features, load the model file that the run
record names, and write predictions and answers from the same call. A difference in a few rows only points to missing
values or rare categories; in all rows, to another model file or unit. Refuse bad input before the model sees it.

## Source
CRISP-ML(Q) §3.5, p. 404 (evaluation under production condition); Breck et al., "The ML Test Score", IEEE Big Data
2017, test Monitor 3 (training and serving are not skewed).

## What it cannot see
Whether production data looks like the test rows, what happens between the users and the program (network, form,
database), and rows that were not sent.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

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
    none,
)
from crispq_checks.serving import Row, StoppedServing, positions, rows_of, serving

PROBABILITY = "probability"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compared:
    """One row's answer beside the file's: whether it was refused, whether it decides differently, and by how much."""

    refused: bool
    differs: bool
    difference: float
    with_probability: bool


@check(
    task="evaluation_under_production_condition",
    catalogue=("DE2-C4", "DP3-C3"),
    risks=("R48",),
    limits={
        "differing_share": at_most(0.001),
        "largest_difference": at_most(1e-6),
        "accepted_nonsense": none(warn=True),
    },
    seconds=600,
)
def serving_agrees_with_training(
    evidence: Evidence,
    *,
    command: str = "python 5_deployment/serve.py --lines",
    rows: int = 500,
    tolerance: float = 1e-6,
    model: str | None = None,
) -> Measurement:
    """Ask the serving program about rows of the test table and compare."""
    if rows < 1:
        raise NotMeasurable(f"the setting rows is {rows}; at least one row must be sent")
    frame = evidence.table("test").frame()
    features = frame.drop(columns=[name for name in evidence.data.not_features if name in frame])
    recorded = evidence.predictions("test", model)
    sent = list(rows_of(features, rows))
    chosen = recorded.iloc[list(positions(len(features), rows))]
    expected = list(rows_of(chosen, len(chosen)))
    numbers = evidence.task == "regression"
    with serving(evidence, command) as server:
        answers = [server.ask(row) for row in sent]
    compared = [
        _compare(want, got, numbers=numbers, tolerance=tolerance) for want, got in zip(expected, answers, strict=True)
    ]
    probes = _nonsense(features, sent[0])
    accepted = tuple(_accepted(evidence, command, probes))
    return _measurement(compared, Findings(examined=len(probes), items=accepted), numbers=numbers)


def _measurement(compared: Sequence[_Compared], nonsense: Findings, *, numbers: bool) -> Measurement:
    n = len(compared)
    differing = sum(one.differs for one in compared)
    refused = sum(one.refused for one in compared)
    share = Estimate(value=differing / n, n=n)
    largest = Estimate(value=max(one.difference for one in compared), n=n)
    what = "relative difference" if numbers else "difference of a probability"
    if not numbers and not all(one.with_probability for one in compared if not one.refused):
        what = "difference (no probabilities to compare, so of the class)"
    return Measurement(
        values={"differing_share": share, "largest_difference": largest, "accepted_nonsense": nonsense},
        summary=(
            f"the serving program decides differently in {differing} of {n} test rows; largest {what}: "
            f"{largest.value:.2g}; {len(nonsense.items)} of {nonsense.examined} nonsense inputs were accepted"
        ),
        tables=(
            Table(
                title="Answers of the serving program beside the predictions of evaluation",
                columns=("what", "rows"),
                rows=(
                    ("sent", n),
                    ("same decision", n - differing),
                    ("another decision", differing - refused),
                    ("refused with an error", refused),
                ),
            ),
        ),
    )


def _compare(expected: Row, answer: Mapping[str, Any], *, numbers: bool, tolerance: float) -> _Compared:
    if "error" in answer or "prediction" not in answer:
        return _Compared(refused=True, differs=True, difference=1.0, with_probability=False)
    want, got = expected["prediction"], answer["prediction"]
    if numbers:
        off = _relative(want, got)
        return _Compared(refused=False, differs=off > tolerance, difference=off, with_probability=False)
    differs = not _same_class(want, got)
    gaps = [_gap(expected[name], answer[name]) for name in expected if _is_probability(name) and name in answer]
    difference = max(gaps, default=float(differs))
    return _Compared(refused=False, differs=differs, difference=difference, with_probability=bool(gaps))


def _is_probability(name: str) -> bool:
    return name == PROBABILITY or name.startswith(f"{PROBABILITY}_")


def _number(value: object) -> float | None:
    if isinstance(value, Real) and math.isfinite(value):
        return float(value)
    return None


def _gap(want: object, got: object) -> float:
    """The distance of two probabilities; 1 where one is missing or no number."""
    first, second = _number(want), _number(got)
    if first is None or second is None:
        return 0.0 if want is None and got is None else 1.0
    return abs(first - second)


def _relative(want: object, got: object) -> float:
    first, second = _number(want), _number(got)
    if first is None or second is None:
        return 1.0
    return 0.0 if first == second else abs(first - second) / max(abs(first), abs(second))


def _same_class(want: object, got: object) -> bool:
    first, second = _number(want), _number(got)
    return first == second if first is not None and second is not None else str(want) == str(got)


def _nonsense(features: Any, good: Row) -> dict[str, Row]:
    """What no one should get an answer to, by what is wrong with it."""
    import pandas as pd

    first = str(features.columns[0])
    probes: dict[str, Row] = {
        f"the column {first!r} missing": {name: value for name, value in good.items() if name != first},
        "null in every column": dict.fromkeys(good),
    }
    numeric = [str(name) for name in features if _is_numeric(pd, features[name])]
    if numeric:
        probes[f"text in the number {numeric[0]!r}"] = {**good, numeric[0]: "not a number"}
    return probes


def _is_numeric(pd: Any, column: Any) -> bool:
    return bool(pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column))


def _accepted(evidence: Evidence, command: str, probes: Mapping[str, Row]) -> Iterator[Finding]:
    """Each probe goes to a program of its own, so that one that dies of it still answers the others."""
    path = next((word for word in command.split() if word.endswith(".py")), None)
    for wrong, probe in probes.items():
        with serving(evidence, command) as server:
            try:
                answer = server.ask(probe)
            except StoppedServing as stopped:
                yield Finding(message=f"an input with {wrong} stops the program: {stopped}", path=path)
                continue
        if "error" not in answer:
            message = f'an input with {wrong} was answered like any other; refuse it with {{"error": ...}}'
            yield Finding(message=message, path=path)


_SERVE = """import json, sys
print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    row = json.loads(line)
    try:
        p = min(1.0, float(row["size"]) / 10)
    except (KeyError, TypeError, ValueError) as error:
        print(json.dumps({"error": str(error)}), flush=True)
        continue
    print(json.dumps({"prediction": int(p > 0.5), "probability": p}), flush=True)
"""
_SIZES = [1.0, 2.0, 3.0, 4.5, 5.5, 7.0, 8.0, 9.0]
_TEST = {"id": list(range(8)), "size": _SIZES, "site": list("abababab"), "ill": [0, 0, 0, 0, 1, 1, 1, 1]}
_PREDICTED = {
    "id": list(range(8)),
    "prediction": [0, 0, 0, 0, 1, 1, 1, 1],
    "probability": [size / 10 for size in _SIZES],
}
_CONFIG = {
    "data": {"target": "ill", "positive": 1, "key": "id", "tables": {"test": "data/test.csv"}},
    "models": {"tumour": {"estimator": "tumour.model:build", "predictions": {"test": "data/predicted.csv"}}},
}


def _files(**changed: object) -> dict[str, object]:
    files = {"serve": _SERVE, "test": _TEST, "predicted": _PREDICTED} | changed
    paths = {"serve": "5_deployment/serve.py", "test": "data/test.csv", "predicted": "data/predicted.csv"}
    return {path: files[name] for name, path in paths.items() if files[name] is not None}


EXAMPLES = (
    Example(status="pass", title="one code path", config=_CONFIG, files=_files()),
    Example(
        status="pass",
        title="a regression",
        config={**_CONFIG, "task": "regression"},
        files=_files(
            serve=_SERVE.replace("int(p > 0.5)", "p * 3"),
            predicted={"id": list(range(8)), "prediction": [size * 0.3 for size in _SIZES]},
        ),
    ),
    Example(
        status="fail",
        title="another unit in serving",
        config=_CONFIG,
        files=_files(serve=_SERVE.replace("/ 10", "/ 25.4")),
        says="decides differently in 4 of 8 test rows",
    ),
    Example(
        status="fail",
        title="same classes but other probabilities",
        config=_CONFIG,
        files=_files(serve=_SERVE.replace("/ 10", "/ 10 + 1e-4")),
        says="decides differently in 0 of 8",
    ),
    Example(
        status="fail",
        title="the program refuses good rows",
        config=_CONFIG,
        files=_files(serve=_SERVE.replace('row["size"]', 'row["width"]')),
        says="differently in 8 of 8",
    ),
    Example(
        status="warn",
        title="nonsense is answered",
        config=_CONFIG,
        files=_files(
            serve=_SERVE.replace('print(json.dumps({"error": str(error)}), flush=True)\n        continue', "p = 0")
        ),
        says="refuse it with",
    ),
    Example(
        status="warn",
        title="nonsense kills the program",
        config=_CONFIG,
        files=_files(serve=_SERVE.replace("KeyError, TypeError, ValueError", "ArithmeticError")),
        says="stops the program",
    ),
    Example(
        status="fail", title="no serving program", config=_CONFIG, files=_files(serve=None), says="does not exist yet"
    ),
    Example(
        status="error",
        title="the program dies at the start",
        config=_CONFIG,
        files=_files(serve="raise SystemExit('no model file')"),
        says="no model file",
    ),
    Example(
        status="error",
        title="the program prints something else",
        config=_CONFIG,
        files=_files(serve=_SERVE.replace('print(json.dumps({"ready": True})', 'print("hello"')),
        says="no JSON object",
    ),
)
