"""Writes the reference pages from the code, each time the documentation is built.

A page is a function that returns Markdown; `PAGES` and one page per check are the whole reference. None of it is
committed.
"""

from __future__ import annotations

import importlib
import json
import shutil
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from math import isfinite
from pathlib import Path
from typing import Any

import typer.main

from crispq import Example, process
from crispq.cli import app
from crispq.gate import library
from crispq.nouns import CheckSpec, Limit, LimitKind
from crispq.project import schemas


def write(folder: Path) -> None:
    """Write every page into `folder`, which holds nothing else afterwards."""
    shutil.rmtree(folder, ignore_errors=True)
    pages = {name: page() for name, page in PAGES.items()} | {_path(spec): _check(spec) for spec in _checks().values()}
    for name, text in pages.items():
        path = folder / f"{name}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def phases() -> str:
    """Return the page of the six phases, each with its tasks and documents."""
    sections = [
        f"(phase-{phase.id})=\n## {phase.number} {phase.title}\n\n{phase.purpose}\n\n"
        f"- id: `{phase.id}`\n- folder: `{phase.folder}/`\n- also called: {', '.join(phase.aliases)}\n"
        f"- tasks: {_links('task', (task.id for task in process.tasks_of(phase.id)))}\n"
        f"- documents: {_links('document', (document.id for document in process.documents_of(phase.id)))}\n"
        f"- source: {phase.source}\n"
        for phase in process.phases()
    ]
    return _page("Phases", "The six phases of CRISP-ML(Q), in order.", sections)


def tasks() -> str:
    """Return the page of the tasks, phase by phase."""
    sections = [
        f"## {phase.title}\n\n" + "\n".join(map(_task, process.tasks_of(phase.id))) for phase in process.phases()
    ]
    return _page("Tasks", "What the process asks for in each phase. A phase must answer each of its tasks.", sections)


def risks() -> str:
    """Return the page of the risks, phase by phase."""
    sections = [
        f"## {phase.title}\n\n" + "\n".join(map(_risk, process.risks_of(phase.id))) for phase in process.phases()
    ]
    return _page("Risks", "What may go wrong with a task, and the method that mitigates it.", sections)


def documents() -> str:
    """Return the page of the documents with their sections."""
    return _page(
        "Documents", "The documents of a project, and what each section is for.", map(_document, process.documents())
    )


def metrics() -> str:
    """Return the page of the metrics that a requirement may name."""
    rows = [
        f"| `{metric.name}` | {metric.title} | {_range(metric.low, metric.high)} "
        f"| {'more' if metric.greater_is_better else 'less'} | {metric.needs} | {metric.explanation} |"
        for metric in process.metrics().values()
    ]
    head = ("name", "metric", "values", "better is", "needs", "what it says")
    return _page("Metrics", "What a requirement may name as its `metric`.", [_table("## All metrics", head, rows)])


def checks() -> str:
    """Return the list of the built-in checks, folder by folder."""
    folders: dict[str, list[CheckSpec]] = {}
    for spec in _checks().values():
        folders.setdefault(_folder(spec), []).append(spec)
    sections = [_checks_of(folder, specs) for folder, specs in sorted(folders.items(), key=_folder_order)]
    return _page("Checks", "The checks that come with crispq. A check measures; its limits judge.", sections)


def _checks_of(folder: str, specs: Iterable[CheckSpec]) -> str:
    rows = [f"| [{spec.name}](#check-{folder}-{spec.name}) | {_cell(spec.title)} | {spec.level} |" for spec in specs]
    table = _table(f"## {folder.replace('_', ' ').capitalize()}", ("check", "all is well when", "level"), rows)
    return "\n".join([table, "```{toctree}", ":hidden:", "", *map(_path, specs), "```"])


@cache
def _checks() -> Mapping[str, CheckSpec]:
    """Return the built-in checks by module: one of every phase counts once."""
    return {spec.module: spec for spec in library.load(("crispq_checks",))}


def _folder(spec: CheckSpec) -> str:
    return spec.module.split(".")[-2]


def _path(spec: CheckSpec) -> str:
    return f"checks/{_folder(spec)}/{spec.name}"


def _folder_order(item: tuple[str, object]) -> int:
    return {phase.id: phase.number for phase in process.phases()}.get(item[0], 0)


def _check(spec: CheckSpec) -> str:
    everywhere = _folder(spec) == library.EVERY_PHASE
    named = f"`<phase>.{spec.name}`, in each of the six phases" if everywhere else f"`{spec.id}`"
    task = "whatever the phase asks for" if everywhere else _links("task", [spec.task])
    limits = [f"| `{name}` | {limit_in_words(limit)} |" for name, limit in spec.limits.items()]
    settings = [f"| `{name}` | `{default!r}` |" for name, default in spec.settings.items()]
    examples: Iterable[Example] = importlib.import_module(spec.module).__dict__.get("EXAMPLES", ())
    facts = [
        f"id: {named}",
        f"task: {task}",
        f"risks: {_links('risk', spec.risks)}",
        f"level: {spec.level}, a must from tier {spec.tier}",
    ]
    parts = [
        f"(check-{_folder(spec)}-{spec.name})=\n# {spec.title}",
        "\n".join(f"- {fact}" for fact in facts),
        spec.words.partition("\n")[2].strip(),
        _table("## Limits", ("value", "default"), limits),
        _table("## Settings", ("name", "default"), settings),
        _table("## Examples", ("project", "status"), [f"| {_cell(one.title)} | {one.status} |" for one in examples]),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def limit_in_words(limit: Limit) -> str:
    """Return what a limit demands, as a reader would say it."""
    words = {
        LimitKind.AT_LEAST: f"at least {limit.low:g}",
        LimitKind.AT_MOST: f"at most {limit.high:g}",
        LimitKind.BETWEEN: f"between {limit.low:g} and {limit.high:g}",
        LimitKind.EQUALS: f"exactly {limit.low:g}",
        LimitKind.NONE: "nothing may be found" + (", else a warning" if limit.warn_only else ""),
        LimitKind.AS_REQUIRED: "what the requirements of the project demand",
    }[limit.kind]
    warned = [f"below {limit.warn_low:g}"] if isfinite(limit.warn_low) and limit.warn_low > limit.low else []
    warned += [f"above {limit.warn_high:g}"] if isfinite(limit.warn_high) and limit.warn_high < limit.high else []
    return words + (f"; a warning {' or '.join(warned)}" if warned else "")


def command_line() -> str:
    """Return the page of the verbs: what each `--help` says."""
    group = typer.main.get_command(app)
    verbs = sorted(getattr(group, "commands", {}).items())
    sections = [f"## crispq {name}\n\n```text\n{_help_of(verb, name)}\n```" for name, verb in verbs]
    return _page(
        "Command line", "The verbs. `crispq --install-completion` sets up completion for your shell.", sections
    )


def _help_of(verb: Any, name: str) -> str:
    context = verb.make_context(f"crispq {name}", [], resilient_parsing=True, terminal_width=100)
    return str(verb.get_help(context)).strip()


def json_schemas() -> str:
    """Return the page of the two JSON Schemas."""
    lead = "What `crispq schema` prints: the shape of `crispq.yaml` and of each `phase.yaml`."
    sections = [f"## {name}\n\n```json\n{json.dumps(schema, indent=2)}\n```" for name, schema in schemas().items()]
    return _page("JSON Schemas", lead, sections)


def _table(heading: str, head: tuple[str, ...], rows: Iterable[str]) -> str:
    body = "\n".join(rows)
    return f"{heading}\n\n| {' | '.join(head)} |\n{'|---' * len(head)}|\n{body}\n" if body else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _task(task: process.Task) -> str:
    mitigated = [risk.id for risk in process.risks() if task.id in risk.tasks]
    return (
        f"(task-{task.id})=\n### {task.title}\n\n{task.asks}\n\n"
        f"- id: `{task.id}` ({task.code})\n- quality assurance: {task.quality}\n"
        f"- outputs: {', '.join(task.outputs)}\n- risks: {_links('risk', mitigated)}\n- source: {task.source}\n"
    )


def _risk(risk: process.Risk) -> str:
    named = "named by the paper" if risk.named_by_paper else "implied by the paper"
    return (
        f"(risk-{risk.id})=\n### {risk.id} {risk.title}\n\n"
        f"- tasks: {_links('task', risk.tasks)}\n- quality assurance: {risk.quality}\n"
        f"- source: {risk.source}, {named}\n"
    )


def _document(document: process.Document) -> str:
    sections = "\n".join(f"- **{section.title}**: {section.guidance}" for section in document.sections)
    return (
        f"(document-{document.id})=\n## {document.title}\n\n{document.purpose}\n\n"
        f"- id: `{document.id}` ({document.code})\n- file: `{document.file}`\n"
        f"- phase: {_links('phase', [document.phase])}\n"
        f"- demanded from tier: {document.from_tier}\n- source: {document.source}\n\nSections:\n\n{sections}\n"
    )


def _links(kind: str, ids: Iterable[str]) -> str:
    return ", ".join(f"[{each}](#{kind}-{each})" for each in ids) or "none"


def _range(low: float | None, high: float | None) -> str:
    return f"{'any' if low is None else f'{low:g}'} to {'any' if high is None else f'{high:g}'}"


def _page(title: str, lead: str, sections: Iterable[str]) -> str:
    return "\n\n".join([f"# {title}", lead, *sections]) + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "phases": phases,
    "tasks": tasks,
    "risks": risks,
    "documents": documents,
    "metrics": metrics,
    "checks": checks,
    "command-line": command_line,
    "json-schemas": json_schemas,
}
