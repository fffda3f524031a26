"""`crispq explain`: the words behind a check, a task, a phase, a risk, a document or a metric."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from crispq.commands.checks import known_checks
from crispq.errors import UsageMistake, hint
from crispq.nouns import CheckSpec
from crispq.process import (
    Document,
    Metric,
    Phase,
    Risk,
    Task,
    documents,
    documents_of,
    find_phase,
    metrics,
    phases,
    risks,
    risks_of,
    tasks,
    tasks_of,
)
from crispq.render.json import limit_text


def explain(start: Path, word: str) -> str:
    """What `word` means, as Markdown text. Raises UsageMistake, with the nearest known word, when it means nothing."""
    library = known_checks(start)
    for sought in (_check, _task, _risk, _document, _metric):
        if lines := list(sought(word, library)):
            return "\n".join(lines)
    try:
        return "\n".join(_phase(find_phase(word), library))
    except UsageMistake as error:
        known = _vocabulary(library)
        message = (
            f"nothing is called {word!r}{hint(word, known)}; `crispq checks` lists checks, and phases are "
            + ", ".join(phase.id for phase in phases())
        )
        raise UsageMistake(message) from error


def _vocabulary(library: Sequence[CheckSpec]) -> list[str]:
    checks = [name for spec in library for name in (spec.id, spec.name)]
    process = [one.id for kind in (tasks(), risks(), documents(), phases()) for one in kind]
    return [*checks, *process, *metrics()]


def _check(word: str, library: Sequence[CheckSpec]) -> Iterator[str]:
    found = [spec for spec in library if word in {spec.id, spec.name}]
    if not found:
        return
    spec = found[0]
    yield spec.id if len(found) == 1 else f"{spec.name} (in every phase)"
    yield "=" * 60
    yield spec.words
    yield ""
    yield f"Task: {spec.task}. Level: {spec.level.value}, a must from the tier {spec.tier.value} on."
    if spec.risks:
        yield f"Risks it mitigates: {', '.join(spec.risks)}."
    yield "Limits: " + "; ".join(f"{name} {limit_text(limit)}" for name, limit in spec.limits.items()) + "."
    if spec.settings:
        yield "Settings: " + ", ".join(f"{name} = {value!r}" for name, value in spec.settings.items()) + "."


def _task(word: str, library: Sequence[CheckSpec]) -> Iterator[str]:
    for task in tasks():
        if word in {task.id, task.code}:
            yield from _task_lines(task, library)


def _task_lines(task: Task, library: Sequence[CheckSpec]) -> Iterator[str]:
    yield f"{task.title} ({task.id}, {task.code}), a task of {task.phase}"
    yield f"Asks: {task.asks}"
    yield f"Quality assurance: {task.quality}"
    yield f"Outputs: {', '.join(task.outputs)}"
    checks = [spec.id for spec in library if spec.task == task.id]
    yield "Checks: " + (", ".join(checks) or "none yet; answer it with a document, a sign-off or a check of your own")
    yield f"Source: {task.source}"


def _risk(word: str, library: Sequence[CheckSpec]) -> Iterator[str]:
    for risk in risks():
        if word.upper() == risk.id:
            yield from _risk_lines(risk, library)


def _risk_lines(risk: Risk, library: Sequence[CheckSpec]) -> Iterator[str]:
    yield f"{risk.id}: {risk.title}"
    yield f"Tasks: {', '.join(risk.tasks)}"
    yield f"Quality assurance: {risk.quality}"
    yield "Checks that mitigate it: " + (", ".join(spec.id for spec in library if risk.id in spec.risks) or "none yet")
    yield f"Source: {risk.source}" + ("" if risk.named_by_paper else " (implied)")


def _document(word: str, library: Sequence[CheckSpec]) -> Iterator[str]:
    del library
    if word == "documents":
        yield from (
            f"{one.code:>4} {one.id}: {one.title} (phase {find_phase(one.phase).number})" for one in documents()
        )
    for document in documents():
        if word in {document.id, document.code}:
            yield from _document_lines(document)


def _document_lines(document: Document) -> Iterator[str]:
    yield f"{document.title} ({document.id}, {document.code}), a document of {document.phase}"
    yield document.purpose
    yield f"Demanded from the tier {document.from_tier} on. Sections:"
    yield from (f"  {section.title}: {section.guidance}" for section in document.sections)
    yield f"Source: {document.source}"


def _metric(word: str, library: Sequence[CheckSpec]) -> Iterator[str]:
    del library
    if metric := metrics().get(word):
        yield from _metric_lines(metric)


def _metric_lines(metric: Metric) -> Iterator[str]:
    low = "no lower end" if metric.low is None else f"{metric.low:g}"
    high = "no upper end" if metric.high is None else f"{metric.high:g}"
    yield f"{metric.title} ({metric.name}), a metric"
    yield metric.explanation
    yield f"From {low} to {high}; {'more' if metric.greater_is_better else 'less'} is better."
    yield f"For: {', '.join(metric.tasks) or 'operation'}"
    if metric.parameters:
        yield f"Parameters: {', '.join(metric.parameters)}"
    yield f"Source: {metric.source}"


def _phase(phase: Phase, library: Sequence[CheckSpec]) -> Iterator[str]:
    yield f"Phase {phase.number}: {phase.title} ({phase.id}), folder {phase.folder}/"
    yield phase.purpose
    yield "Tasks: " + ", ".join(task.id for task in tasks_of(phase.id))
    yield "Risks: " + ", ".join(risk.id for risk in risks_of(phase.id))
    yield "Documents: " + ", ".join(document.id for document in documents_of(phase.id))
    yield "Checks: " + ", ".join(spec.name for spec in library if spec.phase == phase.id)
    yield f"Source: {phase.source}"
