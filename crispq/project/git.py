"""What git knows of the project: the commit, whether it is dirty, and who works here."""

from __future__ import annotations

import subprocess
from pathlib import Path


def _git(root: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", *words],
            cwd=root,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def commit(root: Path) -> str | None:
    """The commit that is checked out; None without git or before the first commit."""
    return _git(root, "rev-parse", "--verify", "HEAD")


def is_dirty(root: Path) -> bool:
    """Whether files differ from the commit; a project without git counts as dirty."""
    status = _git(root, "status", "--porcelain")
    return status is None or bool(status)


def tracks(root: Path, folder: str) -> bool:
    """Whether git holds any file below `folder`."""
    return bool(_git(root, "ls-files", "--", folder))


def deleted(root: Path, folder: str) -> tuple[str, ...]:
    """The files below `folder` that the commit holds and the folder does not."""
    return tuple(filter(None, (_git(root, "ls-files", "--deleted", "-z", "--", folder) or "").split("\0")))


def who(root: Path) -> str:
    """`Name <email>` as git is set up, or a plain word."""
    name, email = _git(root, "config", "user.name"), _git(root, "config", "user.email")
    return f"{name} <{email}>" if name and email else name or email or "unknown"
