"""The Evidence: what a check asks, and the trace of what it asked."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from crispq.errors import ConfigurationMistake, MissingEvidence, NotMeasurable
from crispq.evidence.contents import content_digest
from crispq.evidence.digests import Digests
from crispq.evidence.documents import Document, parse
from crispq.evidence.engines import address_of, is_address
from crispq.evidence.engines.table import database_table, spark_table
from crispq.evidence.paths import inside, is_glob, matches, refusal
from crispq.evidence.positions import Positioned
from crispq.evidence.positions import parse as parse_yaml
from crispq.evidence.samples import Sample
from crispq.evidence.suites import Suite, read_suite
from crispq.evidence.tables import TableData
from crispq.nouns import (
    DataSpec,
    DocumentEntry,
    Entry,
    Input,
    ModelSpec,
    Person,
    Place,
    Project,
    Requirement,
    Risk,
    SignoffDemand,
    Status,
    TaskAnswer,
    Tier,
)

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

#: Where a project writes what its tables must be.
EXPECTATIONS = "1_business_and_data_understanding/expectations"

#: What a scratch copy leaves behind: nothing of it is an input of the project's commands.
NOT_COPIED = (".git", ".venv", ".crispq", "__pycache__", ".pytest_cache", ".ruff_cache", ".mypy_cache", "reports")

#: An input of this name never holds again.
UNREPEATABLE = "unrepeatable:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Supervised:
    """A table as a model sees it.

    features: shape (n, p), without target, key, group and time; target: shape (n,);
    key, groups and times: shape (n,) or None where the project names no such column.
    """

    features: pd.DataFrame
    target: np.ndarray[Any, Any]
    key: np.ndarray[Any, Any] | None
    groups: np.ndarray[Any, Any] | None
    times: np.ndarray[Any, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestRow:
    """One row of a table of files: the file's path in the project, the sha256 that the table states, label and group.

    label and group are None where the project names no such column, or the cell is empty.
    """

    path: str
    digest: str | None
    label: Any
    group: Any


class Evidence:
    """The project, read-only. Whatever is asked is recorded, with its digest, in `inputs`."""

    def __init__(
        self,
        project: Project,
        phase: str,
        *,
        entries: tuple[Entry, ...] = (),
        results: Mapping[str, Status] | None = None,
        known_checks: Sequence[str] = (),
    ) -> None:
        self._project = project
        self._results = results or {}
        self._digests = Digests(project, entries, self._results, known_checks)
        self._read: dict[str, str | None] = {}
        self._read_beside: set[str] = set()
        self._databases: dict[str, TableData] = {}
        self.phase = phase
        self.root = Path(project.root)

    # --- the trace ---

    @property
    def inputs(self) -> tuple[Input, ...]:
        """Everything that was read so far, with the digest it had when it was first read."""
        read = self._read | {name: self._digests(name) for name in self._read_beside}
        return tuple(Input(path=name, sha256=digest) for name, digest in sorted(read.items()))

    def changed_since_read(self) -> tuple[str, ...]:
        """The names whose digest is no longer what it was when they were read."""
        self._digests.forget()
        names = (name for name in self._read if name not in {UNREPEATABLE, *self._read_beside})
        changed = [name for name in names if self._digests(name) != self._read[name]]
        return (*changed, *(name for name in sorted(self._read_beside) if not self._digests.held_still(name)))

    def never_remember(self) -> None:
        """Say that this answer depends on what no digest covers: it is measured anew at every gate."""
        self._read[UNREPEATABLE] = "measured once"

    def digest(self, name: str) -> str | None:
        """The sha256 of what stands behind `name` now, None when it is absent; recorded as read."""
        if name not in self._read:
            self._read[name] = self._digests(name)
        return self._read[name]

    # --- what the project says ---

    @property
    def task(self) -> str:
        """The kind of learning task."""
        self.digest("config:task")
        return self._project.task

    @property
    def tier(self) -> Tier:
        """How much is demanded of the project."""
        self.digest("config:tier")
        return self._project.tier

    @property
    def data(self) -> DataSpec:
        """Target, key, group, time, sensitive columns and tables."""
        self.digest("config:data")
        return self._project.data

    @property
    def people(self) -> tuple[Person, ...]:
        """Who works on the project, in which roles."""
        self.digest("config:people")
        return self._project.people

    @property
    def roles(self) -> frozenset[str]:
        """Every role that someone holds."""
        return frozenset(role for person in self.people for role in person.roles)

    def place_of(self, key: str) -> Place:
        """Where `crispq.yaml` says `key` (such as `data.target`)."""
        self.digest("config:places")
        return self._project.place_of(key)

    @property
    def phase_file(self) -> str:
        """The path of this phase's `phase.yaml`."""
        return self._project.plan_of(self.phase).path

    def requirements(self, *, level: str | None = None, metric: str | None = None) -> tuple[Requirement, ...]:
        """The requirements of this phase and of those before it; a check never sees their limits."""
        found: list[Requirement] = []
        for plan in self._project.phases:
            self.digest(f"config:{plan.phase}.requirements")
            found += plan.requirements
            if plan.phase == self.phase:
                break
        chosen = (one for one in found if level in {None, one.level} and metric in {None, one.metric})
        return tuple(chosen)

    def criteria(self, *, level: str | None = None) -> tuple[Requirement, ...]:
        """The requirements with their limits, for the checks that ask whether the criteria themselves make sense.

        A check that measures what a criterion demands asks `requirements` instead: what is demanded does not
        concern who measures.
        """
        self.requirements(level=level)
        for plan in self._project.phases:
            self.digest(f"config:{plan.phase}.criteria")
            if plan.phase == self.phase:
                break
        ids = {one.id for one in self.requirements(level=level)}
        return tuple(one for plan in self._project.phases for one in plan.requirements if one.id in ids)

    @property
    def own_requirements(self) -> tuple[Requirement, ...]:
        """The requirements that this phase's own file states."""
        self.digest(f"config:{self.phase}.requirements")
        return self._project.plan_of(self.phase).requirements

    @property
    def risks(self) -> tuple[Risk, ...]:
        """This phase's risk register."""
        self.digest(f"config:{self.phase}.risks")
        return self._project.plan_of(self.phase).risks

    @property
    def task_answers(self) -> tuple[TaskAnswer, ...]:
        """How this phase answers its tasks."""
        self.digest(f"config:{self.phase}.tasks")
        return self._project.plan_of(self.phase).tasks

    @property
    def documents(self) -> tuple[DocumentEntry, ...]:
        """The documents that this phase names."""
        self.digest(f"config:{self.phase}.documents")
        return self._project.plan_of(self.phase).documents

    @property
    def signoff_demands(self) -> tuple[SignoffDemand, ...]:
        """The roles that must sign this phase."""
        self.digest(f"config:{self.phase}.signoffs")
        return self._project.plan_of(self.phase).signoffs

    @property
    def commands(self) -> tuple[str, ...]:
        """What rebuilds this phase's outputs."""
        self.digest(f"config:{self.phase}.commands")
        return self._project.plan_of(self.phase).commands

    def as_of(self) -> date | None:
        """The day of the commit that is checked out, against which ages are counted; None without a commit.

        Not the clock's day: a verdict is about the project's bytes, and a clock may be wrong.
        """
        self.digest("commit:date")
        told = self._digests.commit_date
        return None if told is None else date.fromisoformat(told)

    # --- files ---

    def path(self, path: str) -> Path:
        """The file `path` of the project, recorded as read. Raises MissingEvidence when it is absent."""
        if path not in self._read and self._digests.begin(path):
            self._read_beside.add(path)
        elif self.digest(path) is None:
            message = f"{path} does not exist yet"
            raise MissingEvidence(message, path=path)
        return inside(self.root, path)

    def text(self, path: str) -> str:
        """The file's text. Raises NotMeasurable, with the offset, when it is not UTF-8."""
        raw = self.path(path).read_bytes()
        try:
            return raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            message = f"{path}: not UTF-8 at byte {error.start}"
            raise NotMeasurable(message) from error

    def json(self, path: str) -> Any:
        """The file's JSON value. Raises NotMeasurable when it is none."""
        try:
            return json.loads(self.text(path))
        except json.JSONDecodeError as error:
            message = f"{path}:{error.lineno}: not JSON: {error.msg}"
            raise NotMeasurable(message) from error
        except (ValueError, RecursionError) as error:
            message = f"{path}: not JSON that can be read: {type(error).__name__}"
            raise NotMeasurable(message) from error

    def yaml(self, path: str) -> Positioned:
        """The file's YAML value, with the place of each key. Raises NotMeasurable when it is none."""
        raw = self.path(path).read_bytes()
        try:
            return parse_yaml(path, raw)
        except ConfigurationMistake as error:
            raise NotMeasurable("; ".join(error.mistakes)) from error

    def exists(self, path: str) -> bool:
        """Whether the project has this file; its absence is recorded too."""
        return self.digest(path) is not None

    def files(self, pattern: str) -> tuple[str, ...]:
        """The files that match the glob, sorted; recorded, so that a new one makes the result stale."""
        self.digest(f"listing:{pattern}")
        return matches(self.root, pattern)

    def document(self, name: str) -> Document:
        """The document of this name, of this phase or an earlier one, as sections and tables."""
        for plan in self._project.phases:
            self.digest(f"config:{plan.phase}.documents")
            for entry in plan.documents:
                if entry.name == name:
                    return parse(name, entry.path, self.text(entry.path))
            if plan.phase == self.phase:
                break
        message = f"no document {name!r} is listed under documents"
        raise MissingEvidence(message, path=self.phase_file)

    # --- data and models ---

    def table(self, name: str) -> TableData:
        """The table `name` of `data.tables`, with at least one row.

        Raises MissingEvidence when it is not listed, does not exist or holds no row; NotMeasurable when its
        files cannot be read as a table.
        """
        pattern = self.data.tables.get(name)
        place = self.place_of(f"data.tables.{name}")
        if pattern is None:
            message = f"no table {name!r} is listed under data.tables"
            raise MissingEvidence(message, path=place.path, line=place.line)
        table = self._in_database(name, pattern) if is_address(pattern) else self._in_files(name, pattern)
        if table.rows == 0:
            message = f"{table.paths[0]} holds no row"
            raise MissingEvidence(message, path=table.paths[0])
        return table

    def table_paths(self, name: str) -> tuple[str, ...]:
        """The names that `digest` takes for what the table `name` holds: its files, or `rows:NAME` in a database.

        Empty when it is not listed or no file matches. Nothing is read; a name with a colon is no file.
        """
        told = self.data.tables.get(name)
        if told is None:
            return ()
        if is_address(told):
            address = address_of(told)
            return (address.database if address.is_file else f"rows:{name}",)
        return self.files(told) if is_glob(told) else (told,)

    def _in_files(self, name: str, pattern: str) -> TableData:
        paths = self.files(pattern) if is_glob(pattern) else (pattern,)
        if not paths:
            place = self.place_of(f"data.tables.{name}")
            message = f"no file matches {pattern} yet"
            raise MissingEvidence(message, path=place.path, line=place.line)
        for path in paths:
            self.path(path)
        if self.data.engine == "spark":
            return spark_table(name, self.root, paths)
        return TableData(name=name, root=self.root, paths=paths)

    def _in_database(self, name: str, told: str) -> TableData:
        """A database's table; its answers are never remembered, for no digest of files covers them."""
        address, place = address_of(told), self.place_of(f"data.tables.{name}")
        if address.is_file:
            self.path(address.database)
        else:
            self.never_remember()
            if self.digest(f"rows:{name}") is None:
                message = f"{address}: the database has no such table, or shows it not to this user"
                raise MissingEvidence(message, path=place.path, line=place.line)
        if name not in self._databases:
            self._databases[name] = database_table(name, address, self.root, key=self.data.key)
        return self._databases[name]

    def suite(self, table: str) -> Suite:
        """The suite of expectations of `table`: phase 1's `expectations/<table>.json`.

        Raises MissingEvidence when there is none yet, NotMeasurable when it is none or would hold for any data.
        """
        path = f"{EXPECTATIONS}/{table}.json"
        return read_suite(self.text(path), table=table, path=path)

    def supervised(self, name: str) -> Supervised:
        """The table `name` split into features, target, key, groups and times.

        Raises NotMeasurable when the target is not among the columns or has missing values.
        """
        data = self.data
        if data.target is None:
            place = self.place_of("data")
            message = "data.target is not named yet"
            raise MissingEvidence(message, path=place.path, line=place.line)
        frame = self.table(name).frame()
        if data.target not in frame:
            message = f"table {name!r} has no column {data.target!r}, the target"
            raise NotMeasurable(message)
        if absent := int(frame[data.target].isna().sum()):
            message = f"table {name!r}: the target {data.target!r} is missing in {absent} of {len(frame)} rows"
            raise NotMeasurable(message)

        for part, named in (("group", data.group), ("time", data.time)):
            if named is not None and named not in frame:
                message = f"table {name!r} has no column {named!r}, which data.{part} names; rows cannot be kept apart"
                raise NotMeasurable(message)

        def column(named: str | None) -> np.ndarray[Any, Any] | None:
            return frame[named].to_numpy() if named in frame else None

        return Supervised(
            features=frame.drop(columns=[one for one in data.not_features if one in frame]),
            target=frame[data.target].to_numpy(),
            key=column(data.key),
            groups=column(data.group),
            times=column(data.time),
        )

    def sample(self, name: str, *, most: int) -> Sample:
        """At most `most` rows of the table `name`, in memory, to be altered and held against a suite."""
        return Sample(self.table(name), most=most)

    def content(self, name: str) -> str:
        """The digest of what the table `name` holds: the same for the same rows, in whatever file and order."""
        return content_digest(self.table(name))

    def manifest(self, name: str) -> tuple[ManifestRow, ...]:
        """The rows of the table `name` as files of the project; the files themselves are not read.

        `digest(row.path)` reads one. Raises MissingEvidence when `data.file` or `data.digest` names no column,
        NotMeasurable when the table lacks it or a path is empty, absolute or leads out of the project.
        """
        data = self.data
        if data.file is None or data.digest is None:
            place = self.place_of("data")
            message = "data.file and data.digest name the columns with each row's file and its sha256; name both"
            raise MissingEvidence(message, path=place.path, line=place.line)
        table = self.table(name)
        optional = [one for one in (data.target, data.group) if one in table.columns]
        frame = table.frame([data.file, data.digest, *optional])
        cells = {one: frame[one].astype("object").where(frame[one].notna(), None).tolist() for one in frame}
        nothing = [None] * len(frame)
        rows = zip(
            cells[data.file],
            cells[data.digest],
            cells.get(data.target or "", nothing),
            cells.get(data.group or "", nothing),
            strict=True,
        )
        return tuple(
            ManifestRow(
                path=_file_of(table, number, path),
                digest=None if digest is None else str(digest).strip().lower(),
                label=label,
                group=group,
            )
            for number, (path, digest, label, group) in enumerate(rows, start=1)
        )

    @property
    def models(self) -> tuple[ModelSpec, ...]:
        """The models of `crispq.yaml`, in the order of the chain."""
        self.digest("config:models")
        return self._project.models

    def model(self, name: str | None = None) -> ModelSpec:
        """The model of this name, or the last of the chain."""
        models = self.models
        place = self.place_of("models")
        if not models:
            message = "no model is listed under models"
            raise MissingEvidence(message, path=place.path, line=place.line)
        if name is None:
            return models[-1]
        for one in models:
            if one.name == name:
                return one
        message = f"no model {name!r} is listed under models"
        raise NotMeasurable(message)

    def estimator(self, name: str | None = None, *, seed: int = 0) -> Any:
        """A fresh, unfitted estimator: what the model's function returns for `seed`.

        Every Python file below `src/` is recorded as read. Raises NotMeasurable when the function cannot be
        imported or does not return an estimator with `fit` and `predict`.
        """
        spec = self.model(name)
        for path in self.files("src/**/*.py"):
            self.digest(path)
        source = str(self.root / "src")
        if source not in sys.path:
            sys.path.append(source)
        module, _, function = spec.estimator.partition(":")
        try:
            built = getattr(importlib.import_module(module), function)(seed=seed)
        except Exception as error:
            message = (
                f"models.{spec.name}.estimator {spec.estimator!r} cannot be built: {type(error).__name__}: {error}"
            )
            raise NotMeasurable(message) from error
        if not (hasattr(built, "fit") and hasattr(built, "predict")):
            message = f"models.{spec.name}.estimator returned {type(built).__name__}, which has no fit and predict"
            raise NotMeasurable(message)
        return built

    def predictions(self, table: str, name: str | None = None) -> pd.DataFrame:
        """The model's predictions for `table`, in the table's own order, matched by the key.

        Columns: `prediction`, and for classification `probability` (of the positive class) or one
        `probability_<class>` each. Raises MissingEvidence when there is no such file, NotMeasurable when its
        keys are not those of the table.
        """
        spec = self.model(name)
        path = spec.predictions.get(table)
        if path is None:
            place = self.place_of(f"models.{spec.name}")
            message = f"models.{spec.name}.predictions names no file for the table {table!r}"
            raise MissingEvidence(message, path=place.path, line=place.line)
        self.path(path)
        self.digest(f"predictions:{table}|{spec.name}")
        frame = TableData(name=path, root=self.root, paths=(path,)).frame()
        return self._in_order_of(table, frame, path)

    def _in_order_of(self, table: str, frame: pd.DataFrame, path: str) -> pd.DataFrame:
        if "prediction" not in frame:
            message = f"{path} has no column 'prediction'"
            raise NotMeasurable(message)
        key = self.data.key
        if key is None:
            if len(frame) != (rows := self.table(table).rows):
                message = f"{path} has {len(frame)} rows, the table {table!r} has {rows}; name data.key to match them"
                raise NotMeasurable(message)
            return frame
        wanted = self.table(table).frame([key])[key]
        if key not in frame:
            message = f"{path} has no column {key!r}, the key"
            raise NotMeasurable(message)
        if frame[key].duplicated().any() or wanted.duplicated().any():
            message = f"{path} or the table {table!r} holds a key of {key!r} twice"
            raise NotMeasurable(message)
        if set(frame[key]) != set(wanted):
            differing = len(set(wanted) ^ set(frame[key]))
            message = f"{path} does not predict exactly the rows of the table {table!r}: {differing} keys differ"
            raise NotMeasurable(message)
        return frame.set_index(key).loc[wanted].reset_index()

    def runs(self) -> tuple[tuple[str, Mapping[str, Any]], ...]:
        """The run records of `3_modeling/runs/`, as (path, record), sorted by path."""
        records = []
        for path in self.files("3_modeling/runs/*.json"):
            record = self.json(path)
            if not isinstance(record, dict):
                message = f"{path}: a run record is a JSON object"
                raise NotMeasurable(message)
            records.append((path, record))
        return tuple(records)

    # --- other answers ---

    def entries(self, kind: str, phase: str | None = None) -> tuple[Entry, ...]:
        """The ledger's entries of one kind, of one phase or of all, oldest first."""
        self.digest(f"ledger:{kind}" if phase is None else f"ledger:{kind}:{phase}")
        return self._digests.entries(kind, phase)

    def history(self, *kinds: str) -> tuple[Entry, ...]:
        """The ledger's entries of these kinds and of all phases, together in the order of the chain, oldest first."""
        for kind in kinds:
            self.digest(f"ledger:{kind}")
        return self._digests.history(kinds)

    def judged(self, table: str) -> tuple[Entry, ...]:
        """The gates that held predictions against the table, and every step back, in the order of the chain."""
        self.digest(f"judged:{table}")
        return self._digests.judged(table)

    def looks(self, table: str) -> tuple[str, ...]:
        """The digests of all predictions, today's included, that were held against the rows `table` has today.

        They come from the gates that the ledger records, whatever the files were called; the table is one file.
        """
        self.digest(f"looks:{table}")
        return self._digests.looks(table)

    def result(self, check: str) -> Status | None:
        """How another check was judged just now; None when it has no result (yet)."""
        self.digest(f"result:{check}")
        return self._results.get(check)

    def is_check(self, check: str) -> bool:
        """Whether this project's plan has a check of this id, in any phase."""
        return self.digest(f"check:{check}") is not None

    # --- running the project's own programs ---

    def run_command(
        self, command: Sequence[str] | str, *, where: Path | None = None, seconds: float = 600.0
    ) -> subprocess.CompletedProcess[str]:
        """Run a program of the project in its folder, with its `src/` importable; output is captured.

        Raises NotMeasurable when it cannot be started or does not end within `seconds`.
        """
        folder = where or self.root
        try:
            return subprocess.run(
                shell_words(command),
                cwd=folder,
                env=command_environment(folder),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=seconds,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            message = f"the command {command!r} did not run to its end: {error}"
            raise NotMeasurable(message) from error

    def start_command(self, command: Sequence[str] | str, *, stderr: IO[bytes]) -> subprocess.Popen[bytes]:
        """Start a program of the project, as `run_command` does, and leave it running for a conversation.

        Its standard input and output are pipes; its standard error goes to the file `stderr`. The caller ends it.
        Raises NotMeasurable when it cannot be started.
        """
        try:
            return subprocess.Popen(
                shell_words(command),
                cwd=self.root,
                env=command_environment(self.root),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                bufsize=0,
            )
        except (OSError, ValueError) as error:
            message = f"the command {command!r} cannot be started: {error}"
            raise NotMeasurable(message) from error

    @contextmanager
    def scratch_copy(self) -> Iterator[Path]:
        """A copy of the project's files in a temporary folder, for running what would write into the project."""
        with tempfile.TemporaryDirectory(prefix="crispq-") as folder:
            target = Path(folder) / "project"
            shutil.copytree(self.root, target, ignore=shutil.ignore_patterns(*NOT_COPIED), symlinks=True)
            yield target

    @cached_property
    def not_copied(self) -> tuple[str, ...]:
        """The folders that a scratch copy leaves out."""
        return NOT_COPIED


def _file_of(table: TableData, number: int, path: object) -> str:
    """The path of a manifest's row as text that names a file inside the project."""
    reason = refusal(path) if isinstance(path, str) else "is missing or no text"
    if reason:
        message = f"{table.paths[0]}: the path of row {number} {reason}"
        raise NotMeasurable(message)
    return str(path)


def shell_words(command: Sequence[str] | str) -> list[str]:
    """The command as a list of words; `python` means the interpreter that runs crispq."""
    import shlex

    words = shlex.split(command) if isinstance(command, str) else list(command)
    return [
        sys.executable if index == 0 and word in {"python", "python3"} else word for index, word in enumerate(words)
    ]


def command_environment(folder: Path) -> dict[str, str]:
    """The environment in which a project's command runs: `src/` importable, hashing and threads fixed."""
    python_path = os.pathsep.join(filter(None, [str(folder / "src"), os.environ.get("PYTHONPATH")]))
    return os.environ | {"PYTHONPATH": python_path, "PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1"}
