"""`crispq check`: ask single checks, now and without their gate. Nothing is recorded, and no gate is shown open."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crispq.commands.gate import Watch, may_recall, unwatched
from crispq.errors import UsageMistake
from crispq.gate import library
from crispq.gate.ahead import Ahead
from crispq.gate.plan import plan_only
from crispq.gate.run import describe_plugins, run
from crispq.gate.verdict import exit_code_of, summary_line
from crispq.ledger import project_lock, read
from crispq.nouns import CheckSpec, Judgement, Project
from crispq.project import load_project
from crispq.render.json import result_of

SCHEMA = "crispq/check/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What single checks came to. A phase has more of them: this says nothing about its gate."""

    project: Project
    judgements: tuple[Judgement, ...]

    @property
    def exit_code(self) -> int:
        """0 all hold, 1 one does not, 3 one could not be measured, 5 none applies."""
        return exit_code_of(self.judgements)

    @property
    def summary(self) -> str:
        """The summary line."""
        return summary_line(self.judgements)


def check(root: Path, names: Sequence[str], *, watch: Watch = unwatched, ahead: Ahead | None = None) -> Checked:
    """Measure and judge the checks of these names, as the project sets them.

    ahead: a process for the one check to run in. Raises UsageMistake for an unknown name, and for a check that asks
    how others were judged.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with project_lock(root):
        project = load_project(root)
        plan = plan_only(project, _only(project, names))
        judgements = []
        for judgement in run(plan, read(root), recall=may_recall(root), ahead=ahead):
            judgements.append(judgement)
            watch(plan, judgement)
    return Checked(project=project, judgements=tuple(judgements))


def _only(project: Project, names: Sequence[str]) -> library.Library:
    installed = library.installed_packages()
    if project.plugins:
        plugged = describe_plugins(project.root, project.plugins)
        own = {name for name in names if any(name in {spec.id, spec.name} for spec in plugged)}
        built_in = library.load_only(installed, [name for name in names if name not in own])
        found = library.merged((*built_in, *(spec for spec in plugged if {spec.id, spec.name} & own)))
    else:
        found = library.load_only(installed, names)
    return tuple(_askable(spec) for spec in found)


def _askable(spec: CheckSpec) -> CheckSpec:
    if spec.reads_results:
        message = f"{spec.id} asks how other checks were judged; ask the gate: `crispq gate {spec.phase}`"
        raise UsageMistake(message)
    return spec


def check_object(checked: Checked, facts: dict[str, Any]) -> dict[str, Any]:
    """What the checks came to, as plain values: results as in a gate's JSON."""
    return {
        "schema": SCHEMA,
        **facts,
        "exit_code": checked.exit_code,
        "summary": checked.summary,
        "results": [result_of(one) for one in checked.judgements],
    }
