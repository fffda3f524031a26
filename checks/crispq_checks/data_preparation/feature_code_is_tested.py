"""The code that makes the features is tested, branch by branch, and its tests pass.

## Why
An error in feature code does not stop the program: it yields numbers, the model learns from them, and nobody notices
that a gap became a zero or a column was swapped. Only a test that states what should come out can tell.

## How it is measured
The project's own tests are run with pytest in a copy of the project, while coverage.py watches the feature code: the
file that the setting `code` names, by default `src/PACKAGE/features.py` of the package that holds the last model's
estimator. Of the files in `tests` (default `tests/**/test_*.py`) those are run that import the feature code themselves;
if none does, all are. The project's own options for pytest and coverage are left out, so that nothing is switched off.

- `failing` (none): tests that fail or end in an error; also that there is no test at all, or none that runs the code.
- `coverage`: of all statements and branches of the code, the share that the tests run. Limits: at least 0, calm from
  0.80; coverage alone proves little, but what no test runs is proved by nothing. 0.80 is what the catalogue demands and
  many teams agree on.

The result counts for the bytes of `src/`, `tests/`, the project's settings of pytest, and what `reads` lists (paths or
globs that the tests read besides). The tests may take `seconds` (default 120). Where the training table has features
that the raw table lacks and there is no feature code, that is a failure: code in prepare.py cannot be tested alone.

## How to mend it
Write a test that states what comes out for a row that you can work out by hand, for gaps, for extreme values and for an
empty table. `python -m coverage run --branch -m pytest` and `coverage html` show what is not run.

## Source
CRISP-ML(Q) §3.2.3, p. 400: construction of features. Breck et al., "The ML test score", IEEE Big Data 2017, Data 7: all
input feature code is tested.

## What it cannot see
Whether the tests demand the right thing: code that runs under a test without an assertion counts as covered. Feature
code in several files, unless `code` is a pattern such as `src/app/features/*.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
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
    at_least,
    check,
    missing,
    none,
    not_applicable,
)
from crispq_checks.engineered import engineered_columns
from crispq_checks.feature_code import imports, module_of, package_of

CONFIGURATION = ("pyproject.toml", "pytest.ini", "tox.ini", "setup.cfg", "conftest.py")
SETTINGS, RESULT, COVERED = "crispq-coverage.ini", "crispq-tests.xml", "crispq-coverage.json"
NO_TESTS = 5
RAN = {0, 1, NO_TESTS}


@check(
    task="construct_data",
    catalogue=("DP3-C2",),
    risks=("R25",),
    limits={"failing": none(), "coverage": at_least(0.0, warn=0.80)},
    tier="standard",
    seconds=900,
)
def feature_code_is_tested(
    evidence: Evidence,
    *,
    code: str | None = None,
    tests: str = "tests/**/test_*.py",
    reads: Sequence[str] = (),
    seconds: float = 120,
) -> Measurement:
    """Run the tests of the feature code, and count what they run."""
    package = package_of(evidence)
    named = code or (f"src/{package}/features.py" if package else None)
    sources = _sources(evidence, named)
    if not sources:
        return _without(evidence, named, asked=code is not None)
    files = _remember(evidence, tests, reads)
    if not files:
        finding = Finding(message="there is no test of the feature code; write one in tests/", path=sources[0])
        return _measurement((finding,), 0.0, sources, 0, {})
    chosen = _chosen(evidence, files, sources)
    failing, count, told = _run(evidence, chosen, sources, seconds)
    share, rows = _coverage(told, sources)
    if count and not share and not failing:
        failing = (Finding(message="the tests do not run the feature code at all; write one that does", path=files[0]),)
    return _measurement(failing, share, sources, count, rows)


def _sources(evidence: Evidence, named: str | None) -> tuple[str, ...]:
    if named is None:
        return ()
    if "*" in named:
        return evidence.files(named)
    return (named,) if evidence.exists(named) else ()


def _without(evidence: Evidence, named: str | None, *, asked: bool) -> Measurement:
    """What it means that there is no feature code: an omission where features were made, else nothing to test."""
    where = named or "src/PACKAGE/features.py"
    if asked:
        return missing(f"{where}, the feature code, does not exist", path=evidence.phase_file)
    try:
        made = engineered_columns(evidence)
    except NotMeasurable:
        made = ()
    if made:
        message = (
            f"the training table has {made[0]!r}, which the raw table lacks, and there is no feature code to test; "
            f"move what makes it to {where}, or name the file with the setting code"
        )
        return missing(message, path=evidence.phase_file)
    return not_applicable(f"there is no feature code ({where}), and no feature was made beyond the raw table's columns")


def _remember(evidence: Evidence, tests: str, reads: Sequence[str]) -> tuple[str, ...]:
    """The test files; all that they may depend on is recorded."""
    files = evidence.files(tests)
    watched = [path for path in CONFIGURATION if evidence.exists(path)]
    for pattern in ("src/**/*.py", "tests/**/*", *reads):
        watched += evidence.files(pattern) if "*" in pattern else [pattern]
    for path in watched:
        if not path.endswith(".pyc"):
            evidence.digest(path)
    return files


def _chosen(evidence: Evidence, files: Sequence[str], sources: Sequence[str]) -> tuple[str, ...]:
    """The tests that import the feature code; all of them where none does."""
    wanted = {module_of(path) for path in sources}
    own = tuple(path for path in files if imports(evidence, path, wanted))
    return own or tuple(files)


def _run(
    evidence: Evidence, files: Sequence[str], sources: Sequence[str], seconds: float
) -> tuple[tuple[Finding, ...], int, Any]:
    """What failed, how many tests ran, and what coverage.py tells."""
    with evidence.scratch_copy() as copy:
        include = "\n    ".join(str(copy.resolve() / path) for path in sources)
        (copy / SETTINGS).write_text(f"[run]\nbranch = true\ndata_file = {copy}/.coverage\ninclude =\n    {include}\n")
        pytest = ["pytest", "-q", "-o", "addopts=", "-p", "no:cacheprovider", f"--junitxml={RESULT}", *files]
        command = ["python", "-m", "coverage", "run", f"--rcfile={SETTINGS}", "-m", *pytest]
        done = evidence.run_command(command, where=copy, seconds=seconds)
        if done.returncode not in RAN or not (copy / RESULT).is_file():
            if done.returncode == 2 and (copy / RESULT).is_file():  # noqa: PLR2004 - tests that cannot be collected
                return (*_failing(copy),), 0, None
            last = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()][-1:]
            raise NotMeasurable(f"pytest did not run the tests (exit code {done.returncode}): {' '.join(last)[:200]}")
        evidence.run_command(
            ["python", "-m", "coverage", "json", f"--rcfile={SETTINGS}", "-q", "-o", COVERED], where=copy, seconds=60
        )
        told = json.loads((copy / COVERED).read_text()) if (copy / COVERED).is_file() else None
        return (*_failing(copy),), _count(copy), told


def _cases(copy: Path) -> Iterator[Any]:
    from xml.etree import ElementTree as ET

    yield from ET.parse(copy / RESULT).iter("testcase")  # noqa: S314 - pytest wrote it just now


def _count(copy: Path) -> int:
    return sum(1 for case in _cases(copy) if case.find("skipped") is None)


def _failing(copy: Path) -> Iterator[Finding]:
    for case in _cases(copy):
        for kind in ("failure", "error"):
            if (fault := case.find(kind)) is not None:
                said = " ".join((fault.get("message") or "").split())[:200]
                module = case.get("classname") or ""
                path = f"{module.replace('.', '/')}.py"
                name = case.get("name") or module
                yield Finding(
                    message=f"the test {name!r} does not pass: {said}", path=path if (copy / path).is_file() else None
                )


def _coverage(told: Any, sources: Sequence[str]) -> tuple[float, dict[str, float]]:
    """The share of statements and branches that ran, over all files and of each."""
    files = (told or {}).get("files", {})
    summaries = {path: one["summary"] for path, one in files.items() if Path(path).as_posix() in sources}
    ran = sum(one["covered_lines"] + one.get("covered_branches", 0) for one in summaries.values())
    all_ = sum(one["num_statements"] + one.get("num_branches", 0) for one in summaries.values())
    shares = {path: one["percent_covered"] / 100 for path, one in summaries.items()}
    return (ran / all_ if all_ else 0.0), {path: shares.get(path, 0.0) for path in sources}


def _measurement(
    failing: tuple[Finding, ...], share: float, sources: Sequence[str], count: int, rows: dict[str, float]
) -> Measurement:
    told = f"{count} tests run {share:.0%} of {', '.join(sources)}"
    return Measurement(
        values={
            "failing": Findings(examined=max(count, len(failing)), items=failing),
            "coverage": Estimate(value=share),
        },
        summary=f"{failing[0].message}; {told}" if failing else told,
        tables=(
            Table(
                title="Feature code that tests run",
                columns=("file", "share of statements and branches"),
                rows=tuple((path, round(one, 3)) for path, one in rows.items()),
            ),
        )
        if rows
        else (),
    )


# --- examples ------------------------------------------------------------------------------------

_CODE = """def features(rows):
    if not rows:
        return []
    return [row * 2 for row in rows]
"""
_TEST = """from tiny_tested.features import features


def test_a_row_is_doubled():
    assert features([1]) == [2]


def test_no_row_gives_none():
    assert features([]) == []
"""
_CONFIG = {
    "data": {"target": "ill", "tables": {"raw": "data/raw.csv", "train": "data/train.csv"}},
    "models": {"ill": {"estimator": "tiny_tested.model:build"}},
}
_RAW = {"dose": [1, 2], "ill": [0, 1]}
_TABLES = {"data/raw.csv": _RAW, "data/train.csv": _RAW}
_PACKAGE = {"src/tiny_tested/__init__.py": "", "src/tiny_tested/features.py": _CODE}


def _example(status: str, title: str, says: str, files: dict[str, Any], **more: Any) -> Example:
    return Example(status=status, title=title, config=_CONFIG, files=_TABLES | files, says=says, **more)


EXAMPLES = (
    _example("pass", "every branch is tested", "2 tests run 100%", _PACKAGE | {"tests/test_features.py": _TEST}),
    _example(
        "warn",
        "a branch is never run",
        "1 tests run 67%",
        _PACKAGE | {"tests/test_features.py": _TEST.partition("\n\n\ndef test_no")[0] + "\n"},
    ),
    _example(
        "fail",
        "a test fails",
        "the test 'test_a_row_is_doubled' does not pass",
        _PACKAGE | {"tests/test_features.py": _TEST.replace("[2]", "[3]")},
    ),
    _example("fail", "there is no test", "no test of the feature code", _PACKAGE),
    _example(
        "fail",
        "the tests test something else",
        "do not run the feature code at all",
        _PACKAGE | {"tests/test_other.py": "def test_nothing():\n    assert True\n"},
    ),
    _example(
        "fail",
        "features are made where no test reaches",
        "there is no feature code to test",
        {"data/train.csv": _RAW | {"dose_squared": [1, 4]}},
    ),
    _example("not_applicable", "nothing is made", "there is no feature code", {}),
    _example(
        "error",
        "the tests do not end",
        "did not run to its end",
        _PACKAGE | {"tests/test_features.py": "import time\n\ntime.sleep(60)\n" + _TEST},
        settings={"seconds": 1},
    ),
)
