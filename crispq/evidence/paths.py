"""Paths of the project: inside its folder, or refused."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from crispq.errors import UsageMistake


def refusal(path: str) -> str | None:
    """Why `path` may not be read as a file of the project; None when its text is harmless."""
    if not path or path.strip() != path:
        return "is empty or has white space around it"
    if any(ord(character) < ord(" ") for character in path):
        return "holds a control character"
    if "://" in path or path.lower().startswith("file:"):
        return "is a URI; only files inside the project are read"
    if any(sign in path for sign in "\\:|"):
        return "holds a backslash, a colon or a bar; name files with forward slashes and plain names"
    pure = PurePosixPath(path)
    if pure.is_absolute() or path.startswith("~"):
        return "is absolute; name it from the project's folder"
    if ".." in pure.parts:
        return "leaves the project's folder"
    return None


def inside(root: Path, path: str) -> Path:
    """The file `path` of the project at `root`.

    Raises UsageMistake when the path, or a link on its way, leads out of the project.
    """
    if reason := refusal(path):
        message = f"{path!r} {reason}"
        raise UsageMistake(message)
    full = root / path
    if not full.resolve().is_relative_to(root.resolve()):
        message = f"{path!r} leads out of the project through a link"
        raise UsageMistake(message)
    return full


def is_glob(path: str) -> bool:
    """Whether `path` is a pattern that may stand for several files."""
    return any(character in path for character in "*?[")


def matches(root: Path, pattern: str) -> tuple[str, ...]:
    """The project's files that `pattern` stands for, sorted; links that lead out are refused."""
    inside(root, pattern)
    found = (path for path in root.glob(pattern) if path.is_file())
    names = sorted(path.relative_to(root).as_posix() for path in found)
    for name in names:
        inside(root, name)
    return tuple(names)
