"""Finds checks: one file each, in the phase folders of a package. Built-in checks come through the same door.

A package is named by an entry point in the group `crispq.checks`, or by a module listed under `plugins:`.
There is no list of checks anywhere: a file in a phase's folder is a check.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from crispq.check import Declared
from crispq.errors import UsageMistake, hint
from crispq.gate.wire import decode_limit, encode_limit
from crispq.nouns import CheckSpec, Level, Limit, Tier
from crispq.process import phases, tasks

GROUP = "crispq.checks"
EVERY_PHASE = "every_phase"
REQUIRED_HEADINGS = ("## Why", "## How to mend it", "## Source")

Library = tuple[CheckSpec, ...]


def installed_packages() -> tuple[str, ...]:
    """The modules that installed distributions offer as packages of checks, sorted."""
    return tuple(sorted({point.value for point in entry_points(group=GROUP)}))


def load(packages: Iterable[str]) -> Library:
    """Every check of the packages, imported here and now; sorted by phase and name.

    Raises UsageMistake for a package that cannot be imported, a file that is no check, a check without its
    required words, and two checks with one id.
    """
    return merged(spec for package in packages for spec in describe_package(package))


def load_only(packages: Iterable[str], names: Iterable[str]) -> Library:
    """The checks of these names (`name` or `phase.name`) alone; no other check is imported.

    Raises UsageMistake as `load` does, and for a name that no file bears, with the nearest one.
    """
    wanted = {name.rpartition(".")[2] for name in names}
    files = [file for package in packages for file in check_files(package)]
    found = merged(spec for file in files if file.path.stem in wanted for spec in describe_file(file))
    for name in names:
        if not any(name in {spec.id, spec.name} for spec in found):
            known = {file.path.stem for file in files} | {spec.id for spec in found}
            raise UsageMistake(f"unknown check {name!r}{hint(name, sorted(known))}; `crispq checks` lists them")
    return tuple(spec for spec in found if spec.id in set(names) or spec.name in set(names))


def merged(specs: Iterable[CheckSpec]) -> Library:
    """The checks as one library. Raises UsageMistake when two have one id."""
    known: dict[str, CheckSpec] = {}
    for spec in specs:
        if other := known.get(spec.id):
            message = f"two checks have the id {spec.id!r}: {other.module} and {spec.module}"
            raise UsageMistake(message)
        known[spec.id] = spec
    order = {phase.id: phase.number for phase in phases()}
    return tuple(sorted(known.values(), key=lambda spec: (order[spec.phase], spec.name)))


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckFile:
    """One check's file: its module, and the digest of the package's helpers that it may use."""

    module: str
    path: Path
    shared: str


def describe_package(name: str) -> Iterator[CheckSpec]:
    """The checks of one package."""
    return (spec for file in check_files(name) for spec in describe_file(file))


def check_files(name: str) -> tuple[CheckFile, ...]:
    """The files of a package that are checks, sorted; none of them is imported."""
    package = _import(name)
    root = Path(str(package.__file__)).parent
    if not hasattr(package, "__path__"):
        message = f"plugin {name!r} is a module; checks lie in a package with one folder per phase"
        raise UsageMistake(message)
    paths = sorted(root.rglob("*.py"))
    shared = _digest_of([path for path in paths if not _is_check_file(root, path)])
    files = tuple(
        CheckFile(module=f"{name}.{path.parent.name}.{path.stem}", path=path, shared=shared)
        for path in paths
        if _is_check_file(root, path)
    )
    if not files:
        message = f"plugin {name!r} holds no check: no Python file in a folder named after a phase"
        raise UsageMistake(message)
    return files


def _is_check_file(root: Path, path: Path) -> bool:
    folders = {phase.id for phase in phases()} | {EVERY_PHASE}
    return path.parent.parent == root and path.parent.name in folders and not path.name.startswith("_")


def _import(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except Exception as error:
        message = f"plugin {name!r} cannot be imported: {type(error).__name__}: {error}"
        raise UsageMistake(message) from error


def describe_file(file: CheckFile) -> Iterator[CheckSpec]:
    """The check of one file, imported here and now; one of every phase is described once for each."""
    module_name, path = file.module, file.path
    module = _import(module_name)
    declared = declared_in(module)
    words = inspect.getdoc(module) or ""
    if absent := [heading for heading in REQUIRED_HEADINGS if heading not in words.splitlines()]:
        message = f"{module_name}: its docstring lacks {', '.join(absent)}"
        raise UsageMistake(message)
    folder = path.parent.name
    if folder != EVERY_PHASE and declared.task not in {task.id for task in tasks() if task.phase == folder}:
        message = f"{module_name}: {declared.task!r} is no task of the phase {folder}"
        raise UsageMistake(message)
    spec = CheckSpec(
        name=path.stem,
        phase=folder,
        module=module_name,
        title=words.splitlines()[0].rstrip("."),
        words=words,
        task=declared.task,
        catalogue=declared.catalogue,
        risks=declared.risks,
        level=declared.level,
        tier=declared.tier,
        limits=declared.limits,
        settings=declared.settings,
        reads_results=declared.reads_results,
        code_digest=hashlib.sha256((_digest_of([path]) + file.shared).encode()).hexdigest(),
        seconds=declared.seconds,
        megabytes=declared.megabytes,
    )
    if folder == EVERY_PHASE:
        yield from (replace(spec, phase=phase.id) for phase in phases())
    else:
        yield spec


def declared_in(module: ModuleType) -> Declared:
    """What the module's one check declares. Raises UsageMistake when it holds none, several or one of another name."""
    name = module.__name__.rpartition(".")[2]
    functions = {key: value.__dict__["crispq_check"] for key, value in vars(module).items() if _is_check(value, module)}
    if set(functions) != {name}:
        message = (
            f"{module.__name__}: the file must hold one check, a function named {name!r}; found {sorted(functions)}"
        )
        raise UsageMistake(message)
    declared: Declared = functions[name]
    return declared


def _is_check(value: object, module: ModuleType) -> bool:
    return callable(value) and "crispq_check" in getattr(value, "__dict__", {}) and value.__module__ == module.__name__


def function_of(module_name: str) -> Callable[..., Any]:
    """The function behind a check, for the process that runs it."""
    return declared_in(_import(module_name)).function


@cache
def _bytes_of(path: Path) -> bytes:
    return path.read_bytes()


def _digest_of(paths: Sequence[Path]) -> str:
    together = hashlib.sha256()
    for path in paths:
        together.update(hashlib.sha256(_bytes_of(path)).digest())
    return together.hexdigest()


# --- a library as JSON, for plugins that are described in a process of their own -----------------


def dumps(library: Iterable[CheckSpec]) -> bytes:
    """The library as JSON text."""
    return json.dumps([_encode(spec) for spec in library], default=str).encode()


def loads(text: bytes) -> Library:
    """The library behind JSON text."""
    return tuple(_decode(one) for one in json.loads(text))


def _encode(spec: CheckSpec) -> dict[str, Any]:
    raw = {name: getattr(spec, name) for name in CheckSpec.__dataclass_fields__}
    return raw | {"limits": {name: encode_limit(limit) for name, limit in spec.limits.items()}}


def _decode(raw: Mapping[str, Any]) -> CheckSpec:
    limits: dict[str, Limit] = {name: decode_limit(limit) for name, limit in raw["limits"].items()}
    words = {"level": Level(raw["level"]), "tier": Tier(raw["tier"])}
    pairs = {"catalogue": tuple(raw["catalogue"]), "risks": tuple(raw["risks"])}
    return CheckSpec(**{**raw, **words, **pairs, "limits": limits})
