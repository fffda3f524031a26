"""`crispq run`: rebuild a phase's outputs with its own commands, then ask its gate."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from crispq.commands.gate import Answer, Watch, gate, unwatched
from crispq.errors import GateClosed, UsageMistake
from crispq.evidence.door import command_environment, shell_words
from crispq.process import find_phase
from crispq.project import load_project


def run(
    root: Path,
    names: tuple[str, ...],
    *,
    tell: Callable[[str], None],
    watch: Watch = unwatched,
) -> Iterator[Answer]:
    """Run each phase's commands in order and ask its gate; stops behind the first gate that is closed.

    tell: called with each command before it runs; what the commands print goes to standard error.
    Raises GateClosed when a command fails.
    """
    project = load_project(root)
    targets = [find_phase(name).id for name in names] or [project.phase]
    for target in targets:
        for command in project.plan_of(target).commands:
            tell(command)
            _run_command(root, command)
        answer = gate(root, target, watch=watch)
        yield answer
        if not answer.verdict.opens:
            return


def _run_command(root: Path, command: str) -> None:
    try:
        done = subprocess.run(
            shell_words(command),
            cwd=root,
            env=command_environment(root),
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,
            check=False,
        )
    except (OSError, ValueError) as error:
        message = f"the command {command!r} cannot be started: {error}"
        raise UsageMistake(message) from error
    if done.returncode != 0:
        message = f"the command {command!r} ended with exit code {done.returncode}; the gate was not asked"
        raise GateClosed(message)
