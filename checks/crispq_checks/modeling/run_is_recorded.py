"""Every model is the outcome of a recorded run, and the record is complete.

## Why
When a model misbehaves a year from now, someone must be able to say from which data, code, settings and software it
came, and to make it again. When two models differ, someone must be able to say what was changed, and why.

## How it is measured
Each file in `3_modeling/runs/` is the record of one training run; its shape stands in "The files a project exchanges
with crispq".
- `unrecorded`: for each model of `crispq.yaml` a record must name its artifact with the digest that the file has today.
  The newest such record must name the training table and the file of the estimator, and every digest of data and
  source that it names must be today's.
- `incomplete`: every record must say everything that is asked for: model, times, command, reason, seed, parameters,
  data, source, versions, hardware, scores, artifact. It may not end before it began; its parent, if any, must be a
  record; the commit may be null only where the project's folder is no git repository; a mean score must be the mean of
  the folds beside it.
- `read_the_test_set`: no record may list the test table, by path or by content, among its data.
All three are exact: nothing may be found.

## How to mend it
Run the training script again: it writes the record beside the model. A record of an old run is mended only in words
(reason, command), never in digests.

## Source
CRISP-ML(Q) §3.3, p. 402 (method reproducibility; experimental documentation: which modification caused which change).

## What it cannot see
Whether the training really ran as recorded: rebuilding it shows that. A helper module or a data file that the record
leaves out. Runs that nobody recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from crispq import Evidence, Example, Finding, Findings, Measurement, check, missing, none

Record: TypeAlias = Mapping[str, Any]

SCHEMA = "crispq/run/1"
FOLDER = "3_modeling/runs"
#: How far a recorded mean may be from the mean of its folds: both may be rounded to two digits.
ROUNDING = 0.01
DIGEST_LENGTH = 64


@check(
    task="reproducibility",
    catalogue=("MO9-C1", "MO9-C6", "MO9-C7", "MO5-C8"),
    risks=("R37", "R39"),
    limits={"unrecorded": none(), "incomplete": none(), "read_the_test_set": none()},
)
def run_is_recorded(evidence: Evidence) -> Measurement:
    """Hold every record against what is asked for, and the models' own records against today's files."""
    evidence.model()
    runs = evidence.runs()
    if not runs:
        return missing("no run record exists yet; the training script writes one for each run", path=FOLDER)
    unrecorded = tuple(one for model in evidence.models for one in _of_model(evidence, model.name, runs))
    incomplete = tuple(one for path, record in runs for one in _of_record(evidence, path, record, runs))
    read = tuple(_test_reads(evidence, runs))
    found = len(unrecorded) + len(incomplete) + len(read)
    return Measurement(
        values={
            "unrecorded": Findings(examined=len(evidence.models), items=unrecorded),
            "incomplete": Findings(examined=len(runs), items=incomplete),
            "read_the_test_set": Findings(examined=len(runs), items=read),
        },
        summary=f"{len(runs)} run records, {len(evidence.models)} models: {found or 'nothing'} amiss",
    )


# --- a model and its record --------------------------------------------------------------------


def _of_model(evidence: Evidence, name: str, runs: tuple[tuple[str, Record], ...]) -> Iterator[Finding]:
    model = evidence.model(name)
    place = evidence.place_of(f"models.{model.name}")
    if model.artifact is None:
        message = f"the model {model.name!r} names no artifact, so no run can be held against it; add `artifact:`"
        yield Finding(message=message, path=place.path, line=place.line)
        return
    digest = evidence.digest(model.artifact)
    if digest is None:
        yield Finding(message=f"the artifact of the model {model.name!r} does not exist yet", path=model.artifact)
        return
    wanted = {"path": model.artifact, "sha256": digest}
    fitting = [(path, one) for path, one in runs if one.get("model") == model.name and _part(one, "artifact") == wanted]
    if not fitting:
        message = f"no run record of the model {model.name!r} names this file as it is today; train and record it again"
        yield Finding(message=message, path=model.artifact)
        return
    path, record = max(fitting, key=lambda one: (str(one[1].get("finished")), one[0]))
    yield from _changed(evidence, path, record)
    yield from _left_out(evidence, model.estimator, path, record)


def _changed(evidence: Evidence, path: str, record: Record) -> Iterator[Finding]:
    """Files that are no longer what they were when the model was trained."""
    for part in ("data", "source"):
        for file, digest in _part(record, part).items():
            today = evidence.digest(str(file))
            if today != digest:
                what = "no longer exists" if today is None else "has changed since this run"
                message = f"the {part} file {file} {what}; train the model again"
                yield Finding(message=message, path=path, line=_line(evidence, path, str(file)))


def _left_out(evidence: Evidence, estimator: str, path: str, record: Record) -> Iterator[Finding]:
    """The files without which the run cannot have happened."""
    train = evidence.data.tables.get("train")
    if train is not None:
        files = set(evidence.table("train").paths)
        for file in sorted(files - set(_part(record, "data"))):
            message = f"the record does not name the training table {file} among its data"
            yield Finding(message=message, path=path, line=_line(evidence, path, "data"))
    module = "src/" + estimator.partition(":")[0].replace(".", "/")
    if not {f"{module}.py", f"{module}/__init__.py"} & set(_part(record, "source")):
        message = f"the record does not name {module}.py, the file of the estimator, among its source"
        yield Finding(message=message, path=path, line=_line(evidence, path, "source"))


# --- one record --------------------------------------------------------------------------------


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_filled(value: object) -> bool:
    return isinstance(value, dict) and bool(value)


def _is_digest(value: object) -> bool:
    return isinstance(value, str) and len(value) == DIGEST_LENGTH and set(value) <= set("0123456789abcdef")


def _are_digests(value: object) -> bool:
    return isinstance(value, dict) and bool(value) and all(_is_digest(one) for one in value.values())


def _is_seed(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _are_versions(value: object) -> bool:
    return isinstance(value, dict) and all(_is_text(value.get(name)) for name in ("python", "scikit-learn"))


def _is_artifact(value: object) -> bool:
    return isinstance(value, dict) and _is_text(value.get("path")) and _is_digest(value.get("sha256"))


FIELDS: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "schema": (lambda value: value == SCHEMA, f"must be {SCHEMA!r}"),
    "started": (lambda value: _instant(value) is not None, "must be an instant such as 2026-11-20T10:00:00+00:00"),
    "finished": (lambda value: _instant(value) is not None, "must be an instant such as 2026-11-20T10:00:00+00:00"),
    "command": (_is_text, "must say what was run"),
    "reason": (_is_text, "must say why this run was made and what was changed"),
    "seed": (_is_seed, "must be a whole number"),
    "parameters": (lambda value: isinstance(value, dict), "must list the settings of the estimator"),
    "data": (_are_digests, "must list each data file with its sha256"),
    "source": (_are_digests, "must list each source file with its sha256"),
    "environment": (_are_versions, "must name the versions of python and scikit-learn"),
    "hardware": (_is_text, "must say on what it ran"),
    "scores": (_is_filled, "must list at least one score"),
    "artifact": (_is_artifact, "must name the model's file with its sha256"),
}


def _of_record(
    evidence: Evidence, path: str, record: Record, runs: tuple[tuple[str, Record], ...]
) -> Iterator[Finding]:
    for name, (fits, demand) in FIELDS.items():
        if not fits(record.get(name)):
            told = f"{name} {demand}" if name in record else f"{name} is missing; it {demand}"
            yield Finding(message=told, path=path, line=_line(evidence, path, name))
    known = [model.name for model in evidence.models]
    if record.get("model") not in known:
        message = f"model must be one of {', '.join(known)}, as crispq.yaml names them"
        yield Finding(message=message, path=path, line=_line(evidence, path, "model"))
    for name, told in (("finished", _order(record)), ("parent", _parent(path, record, runs))):
        if told:
            yield Finding(message=told, path=path, line=_line(evidence, path, name))
    if not _is_text(record.get("commit")) and (record.get("commit") is not None or evidence.files(".git/HEAD")):
        message = "commit must name the commit that was trained; null is for projects outside git"
        yield Finding(message=message, path=path, line=_line(evidence, path, "commit"))
    for metric in _strange_means(record):
        message = f"scores.{metric}.mean is not the mean of the folds beside it"
        yield Finding(message=message, path=path, line=_line(evidence, path, metric))


def _order(record: Record) -> str:
    started, finished = _instant(record.get("started")), _instant(record.get("finished"))
    return "the run finished before it started" if started and finished and finished < started else ""


def _parent(path: str, record: Record, runs: tuple[tuple[str, Record], ...]) -> str:
    own = path.rpartition("/")[2].removesuffix(".json")
    names = {one.rpartition("/")[2].removesuffix(".json") for one, _ in runs}
    parent = record.get("parent")
    if "parent" not in record:
        return "parent is missing; it must name the run that this one replaces, or be null"
    if parent is None or (parent in names and parent != own):
        return ""
    return f"parent {parent!r} is no other run record of {FOLDER}"


def _strange_means(record: Record) -> Iterator[str]:
    for metric, told in _part(record, "scores").items():
        folds = told.get("folds") if isinstance(told, dict) else None
        if isinstance(folds, list) and folds and all(isinstance(one, int | float) for one in folds):
            average = sum(folds) / len(folds)
            mean = told.get("mean")
            if not isinstance(mean, int | float) or not abs(mean - average) <= ROUNDING * max(1.0, abs(average)):
                yield metric


def _instant(value: object) -> float | None:
    """The instant of an ISO text, in seconds; without a zone it is read as UTC."""
    from datetime import UTC, datetime

    try:
        instant = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp()


# --- the test table ----------------------------------------------------------------------------


def _test_reads(evidence: Evidence, runs: tuple[tuple[str, Record], ...]) -> Iterator[Finding]:
    files = {file: evidence.digest(file) for file in evidence.table_paths("test")}
    for path, record in runs:
        for file, digest in _part(record, "data").items():
            if file in files or digest in files.values():
                message = f"the run read the test table {file}; train on other data, and draw a new test set"
                yield Finding(message=message, path=path, line=_line(evidence, path, str(file)))


def _part(record: Record, name: str) -> Mapping[str, Any]:
    part = record.get(name)
    return part if isinstance(part, dict) else {}


def _line(evidence: Evidence, path: str, key: str) -> int | None:
    """The first line of the file that holds `"key":`."""
    lines = evidence.text(path).splitlines()
    return next(
        (number for number, line in enumerate(lines, start=1) if f'"{key}":' in line.replace('" :', '":')), None
    )


def _sha(text: str) -> str:
    import hashlib

    return hashlib.sha256(text.encode()).hexdigest()


_TRAIN, _TEST, _CODE, _WEIGHTS = "id,x\n1,2\n", "id,x\n3,4\n", "def build(seed):\n    return None\n", "weights"
_RECORD: dict[str, Any] = {
    "schema": SCHEMA,
    "model": "tiny",
    "started": "2026-01-01T10:00:00+00:00",
    "finished": "2026-01-01T10:00:07+00:00",
    "command": "python 3_modeling/train.py",
    "commit": None,
    "dirty": False,
    "parent": None,
    "reason": "the first model",
    "seed": 0,
    "parameters": {},
    "data": {"data/train.csv": _sha(_TRAIN)},
    "source": {"src/tiny_model.py": _sha(_CODE)},
    "environment": {"python": "3.11.7", "scikit-learn": "1.9.1"},
    "hardware": "x86_64, 2 processors",
    "scores": {"roc_auc": {"mean": 0.9, "folds": [0.88, 0.92]}},
    "artifact": {"path": "models/tiny.skops", "sha256": _sha(_WEIGHTS)},
}
_CONFIG = {
    "data": {"tables": {"train": "data/train.csv", "test": "data/test.csv"}},
    "models": {"tiny": {"estimator": "tiny_model:build", "artifact": "models/tiny.skops"}},
}


def _files(**changed: Any) -> dict[str, Any]:
    import json

    record = {key: value for key, value in (_RECORD | changed).items() if value != "left out"}
    return {
        "data/train.csv": _TRAIN,
        "data/test.csv": _TEST,
        "src/tiny_model.py": _CODE,
        "models/tiny.skops": _WEIGHTS,
        "3_modeling/runs/first.json": json.dumps(record, indent=1),
    }


EXAMPLES = (
    Example(status="pass", title="the model has its record", files=_files(), config=_CONFIG),
    Example(
        status="fail",
        title="another model file lies there",
        files=_files() | {"models/tiny.skops": "other weights"},
        config=_CONFIG,
        says="as it is today",
    ),
    Example(
        status="fail",
        title="the training table has changed",
        files=_files() | {"data/train.csv": "id,x\n1,5\n"},
        config=_CONFIG,
        says="data/train.csv has changed since this run",
    ),
    Example(
        status="fail",
        title="the code has changed",
        files=_files() | {"src/tiny_model.py": "def build(seed):\n    return 1\n"},
        config=_CONFIG,
        says="src/tiny_model.py has changed since this run",
    ),
    Example(status="fail", title="no reason is given", files=_files(reason=" "), config=_CONFIG, says="must say why"),
    Example(
        status="fail",
        title="no seed is recorded",
        files=_files(seed="left out"),
        config=_CONFIG,
        says="seed is missing",
    ),
    Example(
        status="fail",
        title="it ended before it began",
        files=_files(finished="2025-12-31T10:00:00+00:00"),
        config=_CONFIG,
        says="finished before it started",
    ),
    Example(
        status="fail",
        title="the parent is unknown",
        files=_files(parent="zero"),
        config=_CONFIG,
        says="is no other run record",
    ),
    Example(
        status="fail",
        title="inside git without a commit",
        files=_files() | {".git/HEAD": "ref: refs/heads/main\n"},
        config=_CONFIG,
        says="must name the commit",
    ),
    Example(
        status="fail",
        title="the mean is not that of the folds",
        files=_files(scores={"roc_auc": {"mean": 0.99, "folds": [0.88, 0.92]}}),
        config=_CONFIG,
        says="is not the mean of the folds",
    ),
    Example(
        status="fail",
        title="a copy of the test table was read",
        files=_files(data={"data/train.csv": _sha(_TRAIN), "data/copy.csv": _sha(_TEST)}) | {"data/copy.csv": _TEST},
        config=_CONFIG,
        says="read the test table",
    ),
    Example(
        status="fail",
        title="no record exists",
        files={name: text for name, text in _files().items() if "runs" not in name},
        config=_CONFIG,
        says="no run record exists yet",
    ),
    Example(
        status="error",
        title="the record is not JSON",
        files=_files() | {"3_modeling/runs/first.json": "{"},
        config=_CONFIG,
        says="not JSON",
    ),
)
