"""From answers to files: copier renders the Python project, Jinja2 what CRISP-ML(Q) itself says of each phase."""

from __future__ import annotations

import importlib.util
import io
import json
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from crispq.commands.data.look import Profile
from crispq.commands.data.profile import cell
from crispq.commands.data.suite import propose
from crispq.commands.data.units import unit_of
from crispq.commands.scaffold.questions import Answers, features
from crispq.errors import UsageMistake, hint
from crispq.evidence.positions import parse
from crispq.gate import library
from crispq.nouns import CheckSpec
from crispq.process import Phase, documents_of, phases, risks_of, tasks_of
from crispq.project import schemas
from crispq.project.load import PHASE_FILE

#: A raw file above this size is copied but kept out of git: hosts refuse what is larger still.
MOST_BYTES_IN_GIT = 50_000_000
SKIPPED = ("__pycache__", "*.pyc", ".git", ".DS_Store")
ANSWERS_FILE = ".crispq/answers.yml"


def templates() -> Path:
    """The folder of the installed templates: data, not code, so they are found and not imported."""
    found = importlib.util.find_spec("crispq_templates")
    places = list(found.submodule_search_locations or ()) if found else []
    if not places:
        raise UsageMistake("the package crispq_templates is not installed; install crispq again")
    return Path(places[0])


def example_folder(name: str) -> Path:
    """The folder of the example. Raises UsageMistake when there is none of this name."""
    known = examples()
    if name not in known:
        raise UsageMistake(f"there is no example {name!r}{hint(name, known)}; there are: {', '.join(known) or 'none'}")
    return templates() / "examples" / name


def examples() -> tuple[str, ...]:
    """The names of the examples, sorted."""
    return tuple(sorted(path.parent.name for path in (templates() / "examples").glob("*/answers.yml")))


def render(
    folder: Path, answers: Answers, profile: Profile | None, *, in_place: str | None, example: Path | None
) -> None:
    """Write the whole project into the empty `folder`.

    in_place: where in the project the data file lies already; None gives it a place in data/raw/.
    example: a folder whose `files/` are laid over the result.
    """
    facts = _facts(answers, profile, in_place)
    _copier(folder, answers, facts)
    _phases(folder, answers, profile)
    if profile:
        first = folder / phases()[0].folder
        suite = propose(profile, key=answers["key"], target=answers["target"], task=answers["task"])
        _write(first / "expectations" / "raw.json", _json(suite))
    for name, schema in schemas().items():
        _write(folder / ".crispq" / "schema" / name, _json(schema))
    if profile and facts["copied"]:
        _copy(profile.source, folder / facts["raw"])
    if example:
        shutil.copytree(
            example / "files",
            folder,
            dirs_exist_ok=True,
            ignore=shutil.ignore_patterns(*SKIPPED),
            copy_function=shutil.copyfile,
        )
    _write(folder / ANSWERS_FILE, _answers_text(answers, facts))
    _plain_modes(folder)


def _facts(answers: Answers, profile: Profile | None, in_place: str | None) -> dict[str, Any]:
    """What the templates need beyond the answers; in one mapping, which copier passes on as it is."""
    numbers, categories, left_out = features(profile, answers) if profile else ([], [], [])
    raw = in_place or f"data/raw/{profile.file if profile else 'raw.csv'}"
    copied = bool(profile) and (answers["copy"] or in_place is not None)
    large = profile is not None and profile.source.stat().st_size > MOST_BYTES_IN_GIT
    return {
        **{name: answers[name] for name in ("people", "target", "positive", "key", "group", "time", "sensitive")},
        "raw": raw,
        "suffix": Path(raw).suffix,
        "data_given": profile is not None,
        "copied": copied,
        "ignored": bool(profile) and (large or not copied),
        "numbers": numbers,
        "categories": categories,
        "left_out": left_out,
    }


def _copier(folder: Path, answers: Answers, facts: Mapping[str, Any]) -> None:
    from copier import Settings, run_copy

    plain = ("name", "title", "task", "tier", "package", "ci", "licence")
    run_copy(
        str(templates() / "project"),
        folder,
        data={**{name: answers[name] for name in plain}, "facts": dict(facts)},
        settings=Settings(),
        defaults=True,
        overwrite=True,
        quiet=True,
        unsafe=False,
    )


# --- what the process says of each phase ---------------------------------------------------------


def _phases(folder: Path, answers: Answers, profile: Profile | None) -> None:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    source = templates() / "project" / "phases"
    environment = Environment(
        loader=FileSystemLoader(source),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - YAML and Markdown; nothing of the user's but column names, which `cell` escapes
    )
    checks = library.load(library.installed_packages())
    defaults = parse("defaults.yml", (source / "defaults.yml").read_bytes()).value
    columns = (
        [
            {"cell": cell(one.name), "kind": str(one.kind), "unit": unit_of(one.name, one.kind)}
            for one in profile.columns
        ]
        if profile
        else []
    )
    for phase in phases():
        place = folder / phase.folder
        context = _phase_context(phase, answers, defaults, checks)
        _write(place / PHASE_FILE, environment.get_template("phase.yaml.jinja").render(context))
        page = environment.get_template("document.md.jinja")
        for document in context["documents"]:
            _write(place / document.file, page.render(document=document, columns=columns))


def _phase_context(
    phase: Phase, answers: Answers, defaults: Mapping[str, Any], checks: Iterable[CheckSpec]
) -> dict[str, Any]:
    own = [one for one in checks if one.phase == phase.id]
    listed = [one for one in documents_of(phase.id) if answers["tier"] != "prototype" or one.from_tier == "prototype"]
    kinds = [one.id for one in listed]
    return {
        "phase": phase,
        "task": answers["task"],
        "documents": listed,
        "risks": [
            {"id": one.id, "title": one.title, "checks": [check.name for check in own if one.id in check.risks]}
            for one in risks_of(phase.id)
        ],
        "tasks": [
            {
                "id": one.id,
                "title": one.title,
                "answers": [check.name for check in own if check.task == one.id]
                + [f"documents.{kind}" for kind in defaults["documents"].get(one.id, ()) if kind in kinds],
            }
            for one in tasks_of(phase.id)
        ],
        "signoffs": defaults["signoffs"][answers["tier"]][phase.number - 1],
        "commands": defaults["commands"][phase.number - 1],
    }


# --- files ---------------------------------------------------------------------------------------


def _answers_text(answers: Answers, facts: Mapping[str, Any]) -> str:
    """The answers as YAML that `--answers` takes again, from the project's folder; no path of this machine."""
    kept = dict(answers) | {"data": facts["raw"] if facts["data_given"] else ""}
    stream = io.StringIO()
    yaml = YAML()
    yaml.width = 10_000
    yaml.dump({name: "" if value is None else value for name, value in kept.items()}, stream)
    return "# What `crispq new` was told; `crispq new DIR --answers` takes this file.\n" + stream.getvalue()


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _plain_modes(folder: Path) -> None:
    """Give every file and folder the modes that a new one has: an installed template may be read-only."""
    mask = os.umask(0)
    os.umask(mask)
    folder.chmod(0o777 & ~mask)
    for path in folder.rglob("*"):
        path.chmod((0o777 if path.is_dir() else 0o666) & ~mask)
