"""The prepared data can be made again from the raw data.

## Why
A row that somebody mended by hand, a filter that was run once in a notebook, a seed that was not fixed: the prepared
data then cannot be made again, errors in it cannot be traced, and the next delivery of raw data is prepared in another
way than this one.

## How it is measured
The `commands` of the phase are run, one after the other, in a copy of the project from which the prepared files were
deleted first: all files of `data.tables` but those of the tables in `inputs` (by default `raw` and `production`), and
`2_data_preparation/split.json` if there is one. Then each file is compared with the project's own by its sha256.

`different` (none allowed) holds: a command that ends with an exit code other than 0, a file that was not made, a file
whose bytes differ, an input that the commands have changed. The limit is none because a computer that is given the same
program, data and seeds has no excuse.

The result counts for the bytes of the commands, all files in the phase's folder but its documents, `src/`, and the
inputs; the setting `reads` lists further files (paths or globs) that the commands read. All commands together may take
`seconds` (by default 300).

## How to mend it
Let prepare.py do every step, fix its seeds, sort what comes from sets and folders, write no time stamps, and pin the
libraries that write the files. Then run the commands and commit what they made.

## Source
CRISP-ML(Q) §3.1.4, p. 398: data version control and documentation of changes; §3.3, p. 402: reproducibility. Tatman et
al., "A practical taxonomy of reproducibility for machine learning research", Reproducibility in ML workshop, ICML 2018.

## What it cannot see
Whether it works on another machine with other libraries. Files outside the project, or not listed, that the commands
read. Whether the raw data itself was changed by hand.
"""

from __future__ import annotations

import hashlib
import shlex
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from crispq import (
    Evidence,
    Example,
    Finding,
    Findings,
    Measurement,
    NotMeasurable,
    Table,
    TableData,
    check,
    missing,
    none,
)

FOLDER = "2_data_preparation"
MANIFEST = f"{FOLDER}/split.json"
TABLE_SUFFIXES = (".csv", ".tsv", ".parquet")


@check(
    task="clean_data",
    catalogue=("BU4-C3", "MO9-C1"),
    risks=("R11",),
    limits={"different": none()},
    seconds=900,
)
def preparation_is_reproducible(
    evidence: Evidence,
    *,
    inputs: Sequence[str] = ("raw", "production"),
    reads: Sequence[str] = (),
    seconds: float = 300,
) -> Measurement:
    """Run the phase's commands in a copy without their outputs, and compare what they make."""
    if not evidence.commands:
        message = "no command rebuilds this phase's outputs; list what makes the prepared data under commands"
        return missing(message, path=evidence.phase_file)
    outputs = _outputs(evidence, inputs)
    if not outputs:
        place = evidence.place_of("data.tables")
        return missing("data.tables names no prepared table, such as train and test", path=place.path, line=place.line)
    sources = _remember(evidence, outputs, inputs, reads)
    before = {path: evidence.digest(path) for path in (*outputs, *sources)}
    with evidence.scratch_copy() as copy:
        for path in outputs:
            _inside(copy, path).unlink(missing_ok=True)
        failed = _run(evidence, copy, seconds)
        found = (
            (failed,) if failed else (*_different(evidence, copy, outputs, before), *_changed(copy, sources, before))
        )
        rows = tuple((path, _word(copy, path, before[path])) for path in outputs)
    count = len(evidence.commands)
    told = f"{count} commands" if count > 1 else "one command"
    good = f"{told} made all {len(outputs)} prepared files again, byte for byte"
    return Measurement(
        values={"different": Findings(examined=len(outputs) + count, items=found)},
        summary=good if not found else f"{found[0].message}{f' (and {len(found) - 1} more)' if len(found) > 1 else ''}",
        tables=(Table(title="Prepared files, made again", columns=("file", "compared with the project's"), rows=rows),),
    )


def _outputs(evidence: Evidence, inputs: Sequence[str]) -> tuple[str, ...]:
    """The files that the commands must make. Raises MissingEvidence for a table that does not exist yet."""
    taken = {path for name in _existing(evidence, inputs) for path in evidence.table_paths(name)}
    made = [path for name in evidence.data.tables if name not in inputs for path in evidence.table(name).paths]
    if evidence.exists(MANIFEST):
        made.append(MANIFEST)
    return tuple(path for path in dict.fromkeys(made) if path not in taken)


def _existing(evidence: Evidence, inputs: Sequence[str]) -> Iterator[str]:
    yield from (name for name in inputs if name in evidence.data.tables)


def _remember(
    evidence: Evidence, outputs: Sequence[str], inputs: Sequence[str], reads: Sequence[str]
) -> tuple[str, ...]:
    """Record the digest of everything that the commands may read; return those that they must leave alone."""
    words = [word for command in evidence.commands for word in shlex.split(command)]
    sources = [path for name in _existing(evidence, inputs) for path in evidence.table_paths(name)]
    for pattern in (f"{FOLDER}/**/*", "src/**/*.py", *reads):
        sources += evidence.files(pattern) if "*" in pattern else [pattern]
    documents = {f"{FOLDER}/phase.yaml", *(path for path in sources if path.endswith((".md", ".pyc")))}
    sources += [word for word in words if (evidence.root / word).is_file() and not word.startswith(("/", ".."))]
    kept = [path for path in dict.fromkeys(sources) if path not in {*documents, *outputs}]
    return tuple(path for path in kept if evidence.digest(path) is not None)


def _inside(copy: Path, path: str) -> Path:
    """The file in the copy. A link that leads out of the copy is refused: what lies there is not ours to delete."""
    target = copy / path
    if not target.parent.resolve().is_relative_to(copy.resolve()):
        raise NotMeasurable(
            f"{path} lies behind a link that leads out of the project's copy; put the file itself there"
        )
    return target


def _run(evidence: Evidence, copy: Path, seconds: float) -> Finding | None:
    ends = time.monotonic() + seconds
    for command in evidence.commands:
        done = evidence.run_command(command, where=copy, seconds=max(1.0, ends - time.monotonic()))
        if done.returncode:
            said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
            last = f": {said[-1][:200]}" if said else ""
            message = f"the command {command!r} ended with exit code {done.returncode} in a fresh copy{last}"
            return Finding(message=message, path=evidence.phase_file)
    return None


def _digest(path: Path) -> str | None:
    if not path.is_file():
        return None
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _word(copy: Path, path: str, before: str | None) -> str:
    digest = _digest(copy / path)
    return "not made" if digest is None else "same" if digest == before else "different"


def _different(
    evidence: Evidence, copy: Path, outputs: Sequence[str], before: Mapping[str, str | None]
) -> Iterator[Finding]:
    for path in outputs:
        match _word(copy, path, before[path]):
            case "not made":
                yield Finding(message=f"the commands did not make {path}; let prepare.py write it", path=path)
            case "different":
                why = _why(evidence, copy, path)
                yield Finding(message=f"the commands made another {path} than the project holds: {why}", path=path)


def _why(evidence: Evidence, copy: Path, path: str) -> str:
    if not path.endswith(TABLE_SUFFIXES):
        return "its bytes differ; fix what varies, or commit what the commands make"
    own, made = (TableData(name=path, root=root, paths=(path,)) for root in (evidence.root, copy))
    try:
        if own.columns != made.columns:
            return "its columns differ; run the commands and commit what they make"
        if own.rows != made.rows:
            return f"{made.rows} rows instead of {own.rows}; run the commands and commit what they make"
        if own.frame().equals(made.frame()):
            return "every value is the same but the bytes differ; pin the library that writes it"
    except NotMeasurable:
        return "it cannot be read as a table"
    return "its values or their order differ; fix the seed and the order, or commit what the commands make"


def _changed(copy: Path, sources: Sequence[str], before: Mapping[str, str | None]) -> Iterator[Finding]:
    for path in sources:
        if _digest(copy / path) != before[path]:
            yield Finding(message=f"the commands change {path}, which they should only read", path=path)


_TABLES = {"tables": {"raw": "data/raw.csv", "train": "data/train.csv"}}
_PREPARE = "2_data_preparation/prepare.py"
_RAW = "id,age\n1,30\n2,\n3,50\n"
_CLEAN = """from pathlib import Path

lines = Path("data/raw.csv").read_text().splitlines()
Path("data/train.csv").write_text("\\n".join(line for line in lines if not line.endswith(",")) + "\\n")
"""
_RANDOM = """from pathlib import Path
from secrets import randbits

Path("data/train.csv").write_text(f"id,age\\n1,{randbits(60)}\\n3,50\\n")
"""
_COMMAND = {"commands": ["python 2_data_preparation/prepare.py"]}


def _example(status: str, title: str, says: str, script: str = _CLEAN, train: str = "id,age\n1,30\n3,50\n") -> Example:
    files = {"data/raw.csv": _RAW, "data/train.csv": train, _PREPARE: script}
    return Example(status=status, title=title, config={"data": _TABLES}, files=files, phase_file=_COMMAND, says=says)


EXAMPLES = (
    _example("pass", "the same bytes again", "one command made all 1 prepared files again"),
    _example("fail", "a row was added by hand", "2 rows instead of 3", train="id,age\n1,30\n3,50\n4,60\n"),
    _example("fail", "a value was mended by hand", "its values or their order differ", train="id,age\n1,31\n3,50\n"),
    _example("fail", "the seed is not fixed", "made another data/train.csv", script=_RANDOM),
    _example("fail", "the script does not write the file", "did not make data/train.csv", script="print('done')\n"),
    _example(
        "fail",
        "the script breaks off",
        "exit code 1 in a fresh copy: ValueError: no rows",
        script="raise ValueError('no rows')\n",
    ),
    _example(
        "fail",
        "the raw data is overwritten",
        "which they should only read",
        script=_CLEAN + 'Path("data/raw.csv").write_text("")\n',
    ),
    Example(
        status="error",
        title="the script does not end",
        config={"data": _TABLES},
        files={"data/raw.csv": _RAW, "data/train.csv": _RAW, _PREPARE: "import time\n\ntime.sleep(60)\n"},
        phase_file=_COMMAND | {"checks": {"preparation_is_reproducible": {"seconds": 1}}},
        says="did not run to its end",
    ),
    Example(
        status="fail",
        title="there are no commands",
        config={"data": _TABLES},
        files={"data/raw.csv": _RAW, "data/train.csv": _RAW},
        says="no command rebuilds this phase's outputs",
    ),
    Example(
        status="fail",
        title="there is no prepared table yet",
        config={"data": _TABLES},
        files={"data/raw.csv": _RAW},
        phase_file=_COMMAND,
        says="does not exist yet",
    ),
)
