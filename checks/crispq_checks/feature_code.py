"""Where the project's feature code stands, which of its modules import which, and how to call it."""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from crispq import Evidence, NotMeasurable

SOURCES = "src/**/*.py"


def package_of(evidence: Evidence) -> str | None:
    """The package of the last model's estimator; None while no model is listed."""
    return evidence.model().estimator.partition(":")[0].partition(".")[0] if evidence.models else None


def module_of(path: str) -> str:
    """The dotted name of a file below `src/`."""
    parts = list(PurePosixPath(path).with_suffix("").parts[1:])
    return ".".join(parts[:-1] if parts and parts[-1] == "__init__" else parts)


def modules(evidence: Evidence) -> Mapping[str, str]:
    """The project's modules: dotted name -> path; each is recorded as read."""
    found = {}
    for path in evidence.files(SOURCES):
        evidence.digest(path)
        found[module_of(path)] = path
    return found


def function(evidence: Evidence, reference: str) -> Callable[..., Any] | None:
    """The project's function `package.module:name`; None where there is no such module or name.

    Raises NotMeasurable where the module is there and cannot be imported.
    """
    module, _, name = reference.partition(":")
    if module not in modules(evidence):
        return None
    source = str(evidence.root / "src")
    if source not in sys.path:
        sys.path.append(source)
    try:
        found = getattr(importlib.import_module(module), name, None)
    except Exception as error:
        raise NotMeasurable(f"the module {module!r} cannot be imported: {type(error).__name__}: {error}") from error
    return found if callable(found) else None


def imports(evidence: Evidence, path: str, known: Iterable[str]) -> set[str]:
    """Those of the known modules that the file imports by itself, in whatever way."""
    try:
        tree = ast.parse(evidence.text(path))
    except SyntaxError as error:
        raise NotMeasurable(f"{path}:{error.lineno}: this is no Python: {error.msg}") from error
    own = module_of(path) if path.startswith("src/") else ""
    named = set(_named(tree, own, package=path.endswith("__init__.py")))
    return {one for one in known if one in named}


def _named(tree: ast.AST, own: str, *, package: bool) -> Iterator[str]:
    """Every dotted name that an import statement may stand for."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                parts = alias.name.split(".")
                yield from (".".join(parts[:count]) for count in range(1, len(parts) + 1))
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = own.split(".")
                above = parts[: len(parts) - node.level + package]
                base = ".".join([*above, *([base] if base else [])])
            parts = base.split(".")
            yield from (".".join(parts[:count]) for count in range(1, len(parts) + 1))
            yield from (f"{base}.{alias.name}" for alias in node.names)


def reached(evidence: Evidence, start: Iterable[str]) -> set[str]:
    """All modules of the project that the files import, directly or by way of others."""
    known = modules(evidence)
    seen: set[str] = set()
    waiting = [one for path in start for one in imports(evidence, path, known)]
    while waiting:
        module = waiting.pop()
        if module not in seen:
            seen.add(module)
            waiting += imports(evidence, known[module], known)
    return seen
