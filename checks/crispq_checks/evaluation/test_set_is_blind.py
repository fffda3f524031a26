"""The test set has hardly been looked at, and never for training.

## Why
A test set tells the truth once. Whoever tries model after model on it and keeps the best one has used it for
training, and its number no longer says what will happen on new cases.

## How it is measured
- `looks`: how many different predictions were ever held against the rows that the test file has today. They come from
  the gates that the ledger records and from the predictions that lie there now; predictions of several models are
  counted together, the same predictions looked at twice count once. Limit: at most 10, calm up to 5. This is a budget,
  not a law of nature: `criteria_are_met` widens its bounds with each look, and after ten looks they are so wide that a
  fresh test set is cheaper.
- `read_while_modeling`: run records that list the test file among their data, by path or by content. None may.
Both are counts, without noise.

## How to mend it
Draw a new test set that nobody has seen, from cases that came in since. Compare candidate models by cross-validation,
and bring only the chosen one here.

## Source
CRISP-ML(Q) §3.4, p. 403 (a test set that is disjoint and blind). Dwork et al., "The reusable holdout", Science 349
(2015), pp. 636-638 (why repeated looks spoil a test set).

## What it cannot see
Looks outside of a gate, and gates that were never recorded. A test file that was changed counts as a new one. Whether
rows of the test set stand in the training table as well: `split_is_disjoint` looks for that.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from crispq import (
    Estimate,
    Evidence,
    Example,
    Finding,
    Findings,
    Measurement,
    NotMeasurable,
    at_most,
    check,
    missing,
    none,
)


@check(
    task="validate_performance",
    catalogue=("EV1-C2", "MO5-C8"),
    risks=("R40",),
    limits={"looks": at_most(10, warn=5), "read_while_modeling": none()},
)
def test_set_is_blind(evidence: Evidence, *, table: str = "test") -> Measurement:  # noqa: PT028 - a check, no test of pytest
    """Count the looks at the test set, and the runs that read it."""
    paths = evidence.table(table).paths
    if len(paths) != 1:
        raise NotMeasurable(f"The table {table!r} is spread over {len(paths)} files; looks are counted for one file.")
    predictions = [one.predictions[table] for one in evidence.models if table in one.predictions]
    if not predictions:
        place = evidence.place_of("models")
        message = f"no model names predictions for the table {table!r}; add `predictions: {{{table}: FILE}}`"
        return missing(message, path=place.path, line=place.line)
    looks = evidence.looks(table)
    runs = evidence.runs()
    read = tuple(_reads(evidence, paths[0]))
    return Measurement(
        values={
            "looks": Estimate(value=len(looks)),
            "read_while_modeling": Findings(examined=len(runs) + 1, items=read),
        },
        summary=(
            f"{len(looks)} different predictions were held against {paths[0]}, "
            f"{len(read)} of {len(runs)} recorded runs read it"
        ),
    )


def _reads(evidence: Evidence, test: str) -> Iterator[Finding]:
    content = evidence.digest(test)
    for path, record in evidence.runs():
        data = record.get("data")
        for file, digest in (data if isinstance(data, dict) else {}).items():
            if file == test or digest == content:
                message = f"the run read the test table {file} while modeling; draw a new test set"
                yield Finding(message=message, path=path, line=_line(evidence.text(path), str(file)))


def _line(text: str, key: str) -> int | None:
    return next((number for number, line in enumerate(text.splitlines(), start=1) if f'"{key}"' in line), None)


_TEST = "id,sick\n1,0\n2,1\n"
_CONFIG = {
    "data": {"target": "sick", "key": "id", "tables": {"test": "data/test.csv"}},
    "models": {"tiny": {"estimator": "tiny_model:build", "predictions": {"test": "predictions.csv"}}},
}
_FILES: dict[str, Any] = {"data/test.csv": _TEST, "predictions.csv": "id,prediction\n1,0\n2,1\n"}


def _sha(text: str) -> str:
    import hashlib

    return hashlib.sha256(text.encode()).hexdigest()


def _looked(times: int, test: str = _TEST) -> tuple[tuple[str, str, dict[str, Any]], ...]:
    """The ledger after so many gates, each with other predictions for the rows `test`."""
    inputs = [
        [{"path": "data/test.csv", "sha256": _sha(test)}, {"path": "predictions:test|tiny", "sha256": f"{number:064x}"}]
        for number in range(times)
    ]
    return tuple(("gate", "evaluation", {"results": [{"inputs": one}]}) for one in inputs)


EXAMPLES = (
    Example(status="pass", title="the first look", files=_FILES, config=_CONFIG, says="1 different predictions"),
    Example(status="warn", title="the seventh model", files=_FILES, config=_CONFIG, entries=_looked(6)),
    Example(
        status="fail",
        title="the eleventh model on a budget of ten",
        files=_FILES,
        config=_CONFIG,
        entries=_looked(10),
        says="11 different predictions",
    ),
    Example(
        status="pass",
        title="a fresh test set begins anew",
        files=_FILES,
        config=_CONFIG,
        entries=_looked(10, test="id,sick\n9,0\n"),
    ),
    Example(
        status="fail",
        title="a run read a copy of the test table",
        files=_FILES
        | {"3_modeling/runs/first.json": f'{{"model": "tiny", "data": {{"data/copy.csv": "{_sha(_TEST)}"}}}}'},
        config=_CONFIG,
        says="while modeling",
    ),
    Example(
        status="fail",
        title="no predictions are named",
        files=_FILES,
        config=_CONFIG | {"models": {"tiny": {"estimator": "tiny_model:build"}}},
        says="no model names predictions",
    ),
    Example(
        status="error",
        title="the test table is spread over two files",
        files={"data/test_1.csv": _TEST, "data/test_2.csv": _TEST, "predictions.csv": _FILES["predictions.csv"]},
        config=_CONFIG | {"data": {"target": "sick", "key": "id", "tables": {"test": "data/test_*.csv"}}},
        says="looks are counted for one file",
    ),
)
