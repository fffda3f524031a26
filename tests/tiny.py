"""Tiny projects for tests: a working default, and what a test lays over it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from crispq import Example
from crispq.gate import library
from crispq.gate.judge import judge
from crispq.gate.plan import make_plan
from crispq.gate.run import run_one
from crispq.ledger import append, read
from crispq.nouns import CheckSpec, EntryKind, Judgement, Status
from crispq.process import phases
from crispq.project import load_project

DEFAULT_CONFIG: dict[str, Any] = {
    "crispq": 1,
    "name": "tiny",
    "title": "A tiny project",
    "task": "binary_classification",
    "tier": "standard",
    "phase": "business_and_data_understanding",
    "people": [{"name": "Data scientist", "email": "ds@example.org", "roles": ["data_scientist", "ml_lead"]}],
    "data": {},
    "models": {},
    "plugins": [],
}


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """`above` laid over `below`; nested mappings are merged."""
    result = dict(below)
    for key, value in above.items():
        both = isinstance(value, Mapping) and isinstance(result.get(key), Mapping)
        result[key] = merged(result[key], value) if both else value
    return result


def write_yaml(path: Path, value: object) -> None:
    """Write the value as YAML."""
    path.parent.mkdir(parents=True, exist_ok=True)
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.representer.ignore_aliases = lambda _: True
    with path.open("w") as stream:
        yaml.dump(value, stream)


def write_file(path: Path, content: object) -> None:
    """Write text, bytes, or a table given as column -> values."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif isinstance(content, str):
        path.write_text(content)
    else:
        import pandas as pd

        frame = pd.DataFrame(dict(content))  # type: ignore[call-overload]
        frame.to_parquet(path) if path.suffix == ".parquet" else frame.to_csv(path, index=False)


def make_project(
    root: Path,
    *,
    config: Mapping[str, Any] | None = None,
    phase_files: Mapping[str, Mapping[str, Any]] | None = None,
    files: Mapping[str, Any] | None = None,
) -> Path:
    """A project in `root`: `crispq.yaml`, six `phase.yaml`, and the given files."""
    write_yaml(root / "crispq.yaml", merged(DEFAULT_CONFIG, config or {}))
    for phase in phases():
        write_yaml(root / phase.folder / "phase.yaml", dict((phase_files or {}).get(phase.id, {})) or {"checks": {}})
    for path, content in (files or {}).items():
        write_file(root / path, content)
    return root


def judge_example(root: Path, spec: CheckSpec, example: Example) -> Judgement:
    """Build the example's project in `root`, measure its check in a worker process and judge it."""
    phase_files = {name: dict(value) for name, value in example.phase_files.items()}
    phase_files[spec.phase] = {"checks": {spec.name: dict(example.settings)}} | dict(example.phase_file)
    make_project(root, config=example.config, phase_files=phase_files, files=example.files)
    for number, (kind, phase, body) in enumerate(example.entries):
        when = f"2026-01-01T00:00:{number:02d}+00:00"
        append(root, read(root), kind=EntryKind(kind), phase=phase, body=body, who="someone", when=when)
    project = load_project(root)
    builtin = library.load(library.installed_packages())
    plan = make_plan(project, library.merged({one.id: one for one in (*builtin, spec)}.values()), spec.phase)
    planned = next(one for phase in plan.phases for one in phase.checks if one.id == spec.id)
    results = {check: Status(status) for check, status in example.results.items()}
    measured = run_one(plan, planned, read(root), results)
    return judge(replace(planned, limits=dict(planned.limits) | dict(example.limits)), measured)
