"""`crispq new`: a project from answers, in one piece or not at all."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from crispq.commands.data.look import Profile
from crispq.commands.data.register import register, row_of
from crispq.commands.scaffold.questions import Answers, Ask, Question, collect, read_answers
from crispq.commands.scaffold.render import MOST_BYTES_IN_GIT, example_folder, examples, render, templates
from crispq.errors import UsageMistake
from crispq.nouns import Project
from crispq.process import phases
from crispq.project import load_project

__all__ = ["Made", "Question", "data_answers", "examples", "new", "read_answers"]

FALLBACK = {"user.name": "crispq new", "user.email": "crispq@localhost"}
BRANCH = "main"


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What was made: the project, the number of its files, and what its maker should know."""

    directory: Path
    project: Project
    files: int
    committed: bool
    notes: tuple[str, ...]


def new(
    directory: Path,
    *,
    answers: Mapping[str, object],
    ask: Ask | None = None,
    example: str | None = None,
    git: bool = True,
) -> Made:
    """Make a project in `directory`, which must not exist or be empty.

    answers: by question; they come before those of the example. ask: gets a question and returns what the person
    said; None takes the defaults. git: make a repository of it and commit.
    Raises UsageMistake for whatever the caller can mend; then, and when interrupted, nothing is left behind.
    """
    source = example_folder(example) if example else None
    known = read_answers(source / "answers.yml") if source else {}
    base = source / "files" if source and "data" not in answers else Path()
    _refuse_occupied(directory, answers)
    if git and shutil.which("git") is None:
        raise UsageMistake("git is not installed; use --no-git to go without")
    collected, profile = collect(templates() / "project", directory, {**known, **answers}, ask, base)
    place = _place_in_project(directory, base if source else None, profile)
    with _Staging(directory) as staging:
        render(staging.folder, collected, profile, in_place=place, example=source)
        project = load_project(staging.folder)
        if profile and source is None and (staging.folder / project.data.tables["raw"]).is_file():
            _register(staging.folder, profile)
        if git:
            _commit(staging.folder)
        files = sum(path.is_file() and ".git" not in path.parts for path in staging.folder.rglob("*"))
        staging.move()
    return Made(
        directory=directory,
        project=project,
        files=files,
        committed=git,
        notes=() if source else tuple(_notes(collected, profile)),
    )


def data_answers(pairs: Iterable[str]) -> dict[str, str]:
    """The answers behind `--data name=value`, repeated. Raises UsageMistake for what is not written so."""
    answers: dict[str, str] = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign:
            raise UsageMistake(f"--data {pair}: write it as name=value")
        if name.strip() in answers:
            raise UsageMistake(f"--data {name.strip()} stands twice")
        answers[name.strip()] = value.strip()
    return answers


def _register(folder: Path, profile: Profile) -> None:
    """The data that the project begins with is version 1; the document of versions says so."""
    done = register(folder, "raw", reason=f"copied from {profile.source.name} when the project was made")
    page = folder / phases()[0].folder / "data_versions.md"
    if page.is_file():
        head = "| Version | Date | Rows | Digest | Reason for the change | Author |\n|---|---|---|---|---|---|\n"
        text = page.read_text(encoding="utf-8")
        page.write_text(text.replace(head, f"{head}{row_of(done.version)}\n"), encoding="utf-8", newline="\n")


def _notes(answers: Answers, profile: Profile | None) -> Iterable[str]:
    if profile is None:
        yield "no data was named: bring it to data/raw/ and name it in crispq.yaml"
        return
    if answers["target"] is None:
        yield "no target was named: name it under data in crispq.yaml and in columns.py"
    if not answers["copy"]:
        yield f"{profile.source.name} was read but not copied: bring it to data/raw/{profile.file}"
    elif profile.source.stat().st_size > MOST_BYTES_IN_GIT:
        yield f"{profile.file} is larger than {MOST_BYTES_IN_GIT // 1_000_000} MB and is kept out of git by .gitignore"


def _refuse_occupied(directory: Path, answers: Mapping[str, object]) -> None:
    if directory.is_symlink() or (directory.exists() and not directory.is_dir()):
        raise UsageMistake(f"{directory} exists and is no folder")
    data = answers.get("data")
    own = Path(data).resolve() if isinstance(data, str) and data else None
    if directory.exists() and any(path.is_file() and path.resolve() != own for path in directory.rglob("*")):
        raise UsageMistake(f"{directory} exists and is not empty; name a folder that does not exist yet")


def _place_in_project(directory: Path, example_files: Path | None, profile: Profile | None) -> str | None:
    """Where the data file lies in the project already: in the folder itself, or among the example's files."""
    for root in (directory, example_files):
        if profile and root and profile.source.resolve().is_relative_to(root.resolve()):
            return profile.source.resolve().relative_to(root.resolve()).as_posix()
    return None


class _Staging:
    """A folder beside the project's, moved there in the end; gone whatever happens before."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory.absolute()
        self.folder = Path()
        self._moved: list[Path] = []
        self._made: list[Path] = []

    def __enter__(self) -> Self:
        near = next(one for one in self.directory.parents if one.is_dir())
        try:
            self.folder = Path(tempfile.mkdtemp(prefix=".crispq-new-", dir=near))
        except OSError as error:
            raise UsageMistake(f"nothing can be written to {near}: {error.strerror}") from error
        return self

    def move(self) -> None:
        """Put everything in its place; what is there already, the data file, stays."""
        missing = [one for one in (self.directory, *self.directory.parents) if not one.exists()]
        for folder in reversed(missing):
            folder.mkdir()
            self._made.append(folder)
        for item in sorted(self.folder.iterdir()):
            self._move_item(item, self.directory / item.name)
        self._moved, self._made = [], []

    def _move_item(self, item: Path, target: Path) -> None:
        if target.is_dir() and item.is_dir():
            for one in sorted(item.iterdir()):
                self._move_item(one, target / one.name)
        elif not target.exists():
            item.rename(target)
            self._moved.append(target)

    def __exit__(self, *_: object) -> None:
        for path in self._moved:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        for folder in reversed(self._made):
            folder.rmdir()
        shutil.rmtree(self.folder, ignore_errors=True)


# --- git -----------------------------------------------------------------------------------------


def _commit(folder: Path) -> None:
    """Make a repository with one commit; hooks and signing keys of the user's set-up have no part in it."""
    _git(folder, "init", "--quiet", "--initial-branch", BRANCH)
    _git(folder, "add", "--all")
    identity = [
        word for key, value in FALLBACK.items() if not _is_set(folder, key) for word in ("-c", f"{key}={value}")
    ]
    message = "Project as scaffolded by crispq new"
    _git(folder, *identity, "commit", "--quiet", "--no-verify", "--no-gpg-sign", "--message", message)


def _is_set(folder: Path, key: str) -> bool:
    name = key.removeprefix("user.").upper()
    named = all(os.environ.get(f"GIT_{who}_{name}") for who in ("AUTHOR", "COMMITTER"))
    return named or _run(folder, "config", key).returncode == 0


def _git(folder: Path, *words: str) -> None:
    done = _run(folder, *words)
    if done.returncode:
        told = (done.stderr or done.stdout).strip().splitlines()
        raise UsageMistake(
            f"git {words[0]} failed: {told[-1] if told else done.returncode}; use --no-git to go without"
        )


def _run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    # Inside a git hook these would lead to another repository.
    foreign = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY")
    environment = {name: value for name, value in os.environ.items() if name not in foreign}
    return subprocess.run(
        ["git", *words], cwd=folder, env=environment, capture_output=True, text=True, errors="replace", check=False
    )
