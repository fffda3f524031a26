"""Every task of the phase is answered.

## Why
CRISP-ML(Q) names for each phase the tasks that experience has shown to be needed. A task that is skipped in silence
looks the same as one that was done. Here each is either proven by something that can be looked at, or set aside
with a reason that a reviewer can disagree with.

## How it is measured
For each task of the phase, `tasks` in `phase.yaml` is read. A task counts as answered when it names at least one
reference under `answered_by`, or a reason of at least `fewest_words` words under `not_applicable_because`; any task
may be set aside so. Each reference must hold: a check (`NAME` of this phase or `PHASE.NAME` of an earlier one) must
have come to a result that opens a gate; `documents.NAME` must be listed here or earlier and exist; `signoffs.ROLE`
must be demanded in this phase. Nothing may be unanswered and no answer unproven: a list of tasks with gaps is no
list. Three words is the shortest reason that can say anything ("too few samples").

## How to mend it
Under `tasks:` in the `phase.yaml` that is named write `TASK: {answered_by: [REFERENCE, ...]}` or `TASK:
{not_applicable_because: "..."}`. Where a reference does not hold, mend what it names first: the check, the document
or the sign-off.

## Source
CRISP-ML(Q) §3, p. 395 and Figure 1 (each phase's tasks are instantiated and done before the next phase); the tasks:
§§3.1-3.6.

## What it cannot see
Whether the answer fits the task: a check may pass and yet have little to do with what the task asks. Nor whether a
reason for setting a task aside is a good one. That a role has signed is measured by `signoffs_are_current`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from crispq import Evidence, Example, Finding, Findings, Measurement, Table, check, none, tasks_of
from crispq_checks.references import faults_of


@check(task="every_phase", limits={"unanswered": none(), "unproven": none()}, reads_results=True)
def tasks_are_answered(evidence: Evidence, *, fewest_words: int = 3) -> Measurement:
    """Look for an answer to each task of the phase, and ask whether what it refers to holds."""
    tasks = tasks_of(evidence.phase)
    unanswered = tuple(_unanswered(evidence, fewest_words))
    unproven = tuple(_unproven(evidence))
    gaps = f"{len(unanswered)} of {len(tasks)} tasks have no answer; {len(unproven)} references do not hold"
    return Measurement(
        values={
            "unanswered": Findings(examined=len(tasks), items=unanswered),
            "unproven": Findings(examined=len(tasks), items=unproven),
        },
        summary=gaps if unanswered or unproven else f"{len(tasks)} tasks, each answered or set aside with a reason",
        tables=(_table(evidence),),
    )


def _unanswered(evidence: Evidence, fewest_words: int) -> Iterator[Finding]:
    answers = {answer.task: answer for answer in evidence.task_answers}
    for task in tasks_of(evidence.phase):
        answer = answers.get(task.id)
        if answer is None or not (answer.answered_by or answer.not_applicable_because):
            message = f"{task.id} is not answered ({_in_brief(task.asks)}); add it to tasks with answered_by"
            line = None if answer is None else answer.place.line
            yield Finding(message=message, path=evidence.phase_file, line=line)
        elif not answer.answered_by and len((answer.not_applicable_because or "").split()) < fewest_words:
            message = f"{task.id} is set aside without a reason; write at least {fewest_words} words"
            yield Finding(message=message, path=answer.place.path, line=answer.place.line)


def _in_brief(asks: str) -> str:
    """The first sentence of what the task asks for."""
    return asks.partition(". ")[0].rstrip(".")


def _unproven(evidence: Evidence) -> Iterator[Finding]:
    for answer in evidence.task_answers:
        for fault in faults_of(evidence, answer.answered_by):
            message = f"{answer.task} is answered by a reference that does not hold: {fault}"
            yield Finding(message=message, path=answer.place.path, line=answer.place.line)


def _table(evidence: Evidence) -> Table:
    answers: Mapping[str, str] = {
        answer.task: ", ".join(answer.answered_by) or f"not applicable: {answer.not_applicable_because or ''}"
        for answer in evidence.task_answers
    }
    return Table(
        title="Tasks of this phase and their answers",
        columns=("Task", "Title", "Answer"),
        rows=tuple((task.id, task.title, answers.get(task.id)) for task in tasks_of(evidence.phase)),
    )


_FIRST_DOCUMENTS = "business_and_data_understanding.documents_are_complete"
_DOCUMENTS = {"preparation_log": "log.md"}
_FILES = {"2_data_preparation/log.md": "# Log\n\nWhat was done.\n"}


def _tasks(select_data: str, *more: str, clean_data: str = "no sensor delivers any signal here") -> dict[str, object]:
    """Answers to the four tasks of phase 2: the first by the references, the others set aside."""
    return {
        "select_data": {"answered_by": [select_data, *more]},
        "clean_data": {"not_applicable_because": clean_data},
        "construct_data": {"not_applicable_because": "the measurements are used as they are"},
        "standardize_data": {"not_applicable_because": "the trees need no common scale"},
    }


def _prepared(status: str, title: str, says: str, tasks: dict[str, object], result: str = "pass") -> Example:
    """An example with a document, and with one check of phase 2 that came to the result."""
    return Example(
        status=status,
        title=title,
        phase="data_preparation",
        files=_FILES,
        phase_file={"documents": _DOCUMENTS, "tasks": tasks},
        results={"data_preparation.documents_are_complete": result},
        says=says,
    )


EXAMPLES = (
    _prepared(
        "pass",
        "each task is proven or set aside",
        "4 tasks, each answered",
        _tasks("documents_are_complete", "documents.preparation_log"),
    ),
    Example(
        status="pass",
        title="a sign-off and a check of an earlier phase",
        phase="data_preparation",
        phase_file={"signoffs": [{"role": "ml_lead"}], "tasks": _tasks("signoffs.ml_lead", _FIRST_DOCUMENTS)},
        results={_FIRST_DOCUMENTS: "warn"},
    ),
    _prepared(
        "fail",
        "three tasks are forgotten",
        "clean_data is not answered (Reduce noise",
        {"select_data": {"answered_by": "documents_are_complete"}},
    ),
    _prepared(
        "fail",
        "set aside with one word",
        "clean_data is set aside without a reason",
        _tasks("documents_are_complete", clean_data="no"),
    ),
    _prepared(
        "fail",
        "the check behind an answer could not tell",
        "it came to 'inconclusive' just now",
        _tasks("documents_are_complete"),
        "inconclusive",
    ),
    _prepared(
        "fail",
        "a check that is not known",
        "there is no check data_preparation.data_is_selected",
        _tasks("data_is_selected"),
    ),
    _prepared("fail", "a document that is not listed", "no document 'report' is listed", _tasks("documents.report")),
    _prepared(
        "fail", "a role that need not sign", "demands no signature of the role 'ml_lead'", _tasks("signoffs.ml_lead")
    ),
    _prepared("fail", "a word that means nothing", "names nothing that is known", _tasks("papers.preparation_log")),
    _prepared(
        "fail", "an answer from a later phase", "cannot have worked yet", _tasks("modeling.documents_are_complete")
    ),
    _prepared(
        "fail", "an answer that refers to itself", "reads the results of others itself", _tasks("tasks_are_answered")
    ),
    _prepared(
        "fail", "an answer that waits for signatures", "name signoffs.ROLE instead", _tasks("signoffs_are_current")
    ),
    Example(
        status="error",
        title="the document behind an answer is not text",
        phase="data_preparation",
        files={"2_data_preparation/log.md": b"# Log \xff"},
        phase_file={"documents": _DOCUMENTS, "tasks": _tasks("documents.preparation_log")},
        says="not UTF-8 at byte",
    ),
)
