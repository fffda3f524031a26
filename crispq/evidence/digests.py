"""What stands behind a name right now: the sha256 that a trace records and a cache verifies.

A name is a file's path, or `listing:<glob>`, `config:<what>`, `ledger:<kind>[:<phase>]`, `predictions:<table>|<model>`,
`looks:<table>`, `judged:<table>`, `rows:<table>` (what a database's table holds), `commit:date`, `check:<check>` (is
there one), `result:<check>` (how it was judged).
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from functools import cached_property
from pathlib import Path
from typing import Any

from crispq.errors import MissingEvidence
from crispq.evidence.engines import address_of, digest_of, is_address
from crispq.evidence.paths import inside, matches
from crispq.nouns import Entry, Project, Status


def plain(value: object) -> Any:
    """The value as dicts, lists, strings and numbers, for a digest."""
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def digest_of_value(value: object) -> str:
    """The sha256 of a value's JSON with sorted keys."""
    text = json.dumps(plain(value), sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def digest_of_file(path: Path) -> str:
    """The sha256 of a file's bytes, read as a stream."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


#: From this size on a file is hashed beside the check that reads it, not before.
LARGE = 16 * 1024 * 1024
#: A file whose status changed less than these seconds ago may change again within one tick of its clock.
SETTLED = 2.0


@dataclass(frozen=True, slots=True)
class _Beside:
    """A large file that is hashed while a check reads it; who touches it meanwhile changes its status."""

    status: tuple[int, ...]
    digest: Future[str]


def _status(path: Path) -> tuple[int, ...]:
    """What no program but the kernel sets: the file's identity, its size, and when it last changed."""
    found = path.stat()
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


class Digests:
    """Looks up digests; a file is hashed once unless `forget` is called."""

    def __init__(
        self,
        project: Project,
        entries: tuple[Entry, ...],
        results: Mapping[str, Status],
        known_checks: Sequence[str] = (),
    ) -> None:
        self._project = project
        self._root = Path(project.root)
        self._entries = entries
        self._results = results
        self._known_checks = frozenset(known_checks)
        self._files: dict[str, str | None] = {}
        self._beside: dict[str, _Beside] = {}

    def __call__(self, name: str) -> str | None:  # noqa: C901 - one case a kind of name
        """The digest behind `name` now; None when there is nothing."""
        kind, colon, rest = name.partition(":")
        if not colon:
            return self._file(name)
        match kind:
            case "listing":
                return digest_of_value(matches(self._root, rest))
            case "config":
                return self._config(rest)
            case "ledger":
                return digest_of_value([one.digest for one in self.entries(*rest.split(":"))])
            case "check":
                return digest_of_value(rest) if rest in self._known_checks else None
            case "judged":
                return digest_of_value([one.digest for one in self.judged(rest)])
            case "looks":
                return digest_of_value(self.looks(rest))
            case "commit":
                return None if self.commit_date is None else digest_of_value(self.commit_date)
            case "rows":
                return self._rows(rest)
            case "predictions":
                return self._predictions(*rest.split("|"))
            case "result":
                status = self._results.get(rest)
                return None if status is None else digest_of_value(status.value)
            case _:
                return None

    def entries(self, kind: str, phase: str | None = None) -> tuple[Entry, ...]:
        """The ledger's entries of one kind, of one phase or of all, oldest first."""
        return tuple(one for one in self._entries if one.kind.value == kind and phase in {None, one.phase})

    def history(self, kinds: Iterable[str]) -> tuple[Entry, ...]:
        """The ledger's entries of these kinds together, oldest first."""
        wanted = frozenset(kinds)
        return tuple(one for one in self._entries if one.kind.value in wanted)

    def judged(self, table: str) -> tuple[Entry, ...]:
        """The gates that held predictions against the table, and every step back, oldest first."""
        role = f"predictions:{table}|"

        def looked(entry: Entry) -> bool:
            results = entry.body.get("results", ())
            return any(str(one["path"]).startswith(role) for result in results for one in result["inputs"])

        both = self.history(("gate", "back"))
        return tuple(one for one in both if one.kind.value == "back" or looked(one))

    def looks(self, table: str) -> tuple[str, ...]:
        """The digests of all predictions that were ever held against the rows that `table` has today.

        They are known by what they are for, not by their files' names: a renamed file is no fresh start.
        """
        told = self._project.data.tables[table]
        rows_today = self(f"rows:{table}" if is_address(told) else told)
        role = f"predictions:{table}|"
        seen = {self(f"{role}{model.name}") for model in self._project.models}
        for entry in self.entries("gate"):
            for result in entry.body.get("results", ()):
                inputs = {one["path"]: one["sha256"] for one in result["inputs"]}
                if rows_today in inputs.values():
                    seen |= {digest for name, digest in inputs.items() if name.startswith(role)}
        return tuple(sorted(digest for digest in seen if digest is not None))

    def _rows(self, table: str) -> str | None:
        """What a database's table holds now, whatever order its rows lie in."""
        told = self._project.data.tables.get(table, "")
        if not is_address(told):
            return None
        if (address := address_of(told)).is_file:
            return self._file(address.database)
        name = f"rows:{table}"
        if name not in self._files:
            try:
                self._files[name] = digest_of(address, self._root)
            except MissingEvidence:
                self._files[name] = None
        return self._files[name]

    def _predictions(self, table: str, model: str) -> str | None:
        paths = [one.predictions.get(table) for one in self._project.models if one.name == model]
        return self._file(paths[0]) if paths and paths[0] else None

    def begin(self, path: str) -> bool:
        """Begin to hash a large file that has lain still for a while, in a thread; whether this is one."""
        if path in self._beside:
            return True
        full = inside(self._root, path)
        if not full.is_file() or full.stat().st_size < LARGE or time.time() - full.stat().st_ctime < SETTLED:
            return False
        status, pool = _status(full), ThreadPoolExecutor(1)
        self._beside[path] = _Beside(status, pool.submit(digest_of_file, full))
        pool.shutdown(wait=False)
        return True

    def held_still(self, path: str) -> bool:
        """Whether nobody touched a file since `begin`: then what was hashed and what was read are the same bytes."""
        full = inside(self._root, path)
        self._beside[path].digest.result()
        return full.is_file() and _status(full) == self._beside[path].status

    def forget(self) -> None:
        """Hash every file anew from now on, but for those that are known by their status."""
        self._files.clear()

    def _file(self, path: str) -> str | None:
        if path in self._beside:
            return self._beside[path].digest.result()
        if path not in self._files:
            full = inside(self._root, path)
            self._files[path] = digest_of_file(full) if full.is_file() else None
        return self._files[path]

    def _config(self, name: str) -> str | None:
        value = self.config.get(name)
        return None if value is None else digest_of_value(value)

    @cached_property
    def commit_date(self) -> str | None:
        """The day of the commit that is checked out, as YYYY-MM-DD; None without one."""
        try:
            told = subprocess.run(
                ["git", "log", "-1", "--format=%cs"], cwd=self._root, capture_output=True, text=True, check=False
            )
        except OSError:
            return None
        return told.stdout.strip() or None

    @cached_property
    def config(self) -> Mapping[str, object]:
        """What a check may ask of the configuration, by name; limits are no part of it."""
        project = self._project
        whole: dict[str, object] = {
            "name": project.name,
            "task": project.task,
            "tier": project.tier,
            "people": project.people,
            "data": project.data,
            "models": project.models,
            "core": [
                project.task,
                project.tier,
                *(
                    getattr(project.data, part)
                    for part in ("target", "positive", "key", "group", "time", "sensitive", "file", "digest")
                ),
            ],
            "places": {key: place for key, place in project.places.items() if key.startswith(("data", "models"))},
        }
        for plan in project.phases:
            whole[f"{plan.phase}.criteria"] = plan.requirements
            whole[f"{plan.phase}.requirements"] = [
                {key: value for key, value in plain(one).items() if key != "limit"} | {"limited": one.limit is not None}
                for one in plan.requirements
            ]
            for what in ("risks", "tasks", "documents", "signoffs", "commands"):
                whole[f"{plan.phase}.{what}"] = getattr(plan, what)
            whole[f"{plan.phase}.checks"] = [(one.name, one.command, one.place) for one in plan.checks]
        return whole
