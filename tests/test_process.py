"""CRISP-ML(Q) as data is complete, consistent and found by the names people use."""

from __future__ import annotations

import dataclasses
import math
import re

import pytest

from crispq import process
from crispq.errors import UsageMistake

PHASES = {phase.id: phase for phase in process.phases()}
TASKS = {task.id: task for task in process.tasks()}
RISKS = {risk.id: risk for risk in process.risks()}
DOCUMENTS = {document.id: document for document in process.documents()}
METRICS = process.metrics()

ENTRIES = [*PHASES.values(), *TASKS.values(), *RISKS.values(), *DOCUMENTS.values()]


def _name(value: object) -> str:
    return str(getattr(value, "id", None) or getattr(value, "name", value))


every_entry = pytest.mark.parametrize("entry", [*ENTRIES, *METRICS.values()], ids=_name)
every_phase = pytest.mark.parametrize("phase", PHASES.values(), ids=_name)
every_document = pytest.mark.parametrize("document", DOCUMENTS.values(), ids=_name)
every_metric = pytest.mark.parametrize("metric", METRICS.values(), ids=_name)


def test_there_are_6_phases_30_tasks_58_risks_and_18_documents() -> None:
    counts = [len(table) for table in (process.phases(), process.tasks(), process.risks(), process.documents())]
    assert counts == [6, 30, 58, 18]


def test_ids_are_unique() -> None:
    assert [len(PHASES), len(TASKS), len(RISKS), len(DOCUMENTS)] == [6, 30, 58, 18]


def test_codes_are_those_of_the_catalogue_in_order() -> None:
    per_phase = {"BU": 6, "DP": 4, "MO": 9, "EV": 4, "DE": 5, "MM": 2}
    assert [task.code for task in process.tasks()] == [
        f"{letters}{number + 1}" for letters, count in per_phase.items() for number in range(count)
    ]
    assert [risk.id for risk in process.risks()] == [f"R{number:02}" for number in range(1, 59)]
    assert [document.code for document in process.documents()] == [f"D{number}" for number in range(1, 19)]


def test_phases_stand_in_order_and_each_folder_tells_number_and_id() -> None:
    assert [phase.number for phase in process.phases()] == [1, 2, 3, 4, 5, 6]
    assert [phase.folder for phase in process.phases()] == [f"{phase.number}_{phase.id}" for phase in PHASES.values()]


def test_tasks_and_documents_stand_in_the_order_of_their_phases() -> None:
    for table in (process.tasks(), process.documents()):
        numbers = [PHASES[entry.phase].number for entry in table]
        assert numbers == sorted(numbers)


def test_risks_name_tasks_that_exist_and_none_twice() -> None:
    for risk in RISKS.values():
        assert risk.tasks
        assert set(risk.tasks) <= set(TASKS)
        assert len(set(risk.tasks)) == len(risk.tasks)


@every_entry
def test_every_entry_has_its_words_and_no_stray_spaces(entry: object) -> None:
    texts = [text for text in _texts(entry) if isinstance(text, str)]
    assert all(text and text == " ".join(text.split()) for text in texts)


def _texts(entry: object) -> list[object]:
    assert dataclasses.is_dataclass(entry)
    values = [getattr(entry, field.name) for field in dataclasses.fields(entry)]
    flat = [item for value in values for item in (value if isinstance(value, tuple) else (value,))]
    return [text for item in flat for text in (_texts(item) if dataclasses.is_dataclass(item) else [item])]


@pytest.mark.parametrize("entry", ENTRIES, ids=_name)
def test_every_entry_of_the_process_cites_section_or_table_and_page(
    entry: process.Phase | process.Task | process.Risk | process.Document,
) -> None:
    assert re.match(r"(implied by )?CRISP-ML\(Q\) §3\.[1-6](\.[1-6])?, pp?\. \d{3}(-\d{3})?", entry.source)


def test_a_risk_is_implied_exactly_where_its_source_says_so() -> None:
    implied = {risk.id for risk in RISKS.values() if risk.source.startswith("implied by")}
    assert implied == {"R20", "R25", "R29", "R34", "R36", "R47"}
    assert implied == {risk.id for risk in RISKS.values() if not risk.named_by_paper}


@every_phase
def test_every_phase_has_tasks_risks_and_documents(phase: process.Phase) -> None:
    assert process.tasks_of(phase.id)
    assert process.risks_of(phase.id)
    assert process.documents_of(phase.id)


def test_the_parts_of_the_phases_make_up_the_whole() -> None:
    assert sum((process.tasks_of(phase) for phase in PHASES), ()) == process.tasks()
    assert sum((process.risks_of(phase) for phase in PHASES), ()) == process.risks()
    assert sum((process.documents_of(phase) for phase in PHASES), ()) == process.documents()


@every_document
def test_every_document_is_a_markdown_file_with_distinct_sections(document: process.Document) -> None:
    titles = [section.title for section in document.sections]
    assert len(set(titles)) == len(titles) >= 3
    assert document.file == f"{document.id}.md"
    assert document.from_tier in {"prototype", "standard"}


def test_a_prototype_needs_eight_documents() -> None:
    from_prototype = {document.code for document in DOCUMENTS.values() if document.from_tier == "prototype"}
    assert from_prototype == {"D1", "D2", "D3", "D6", "D8", "D10", "D15", "D17"}


@pytest.mark.parametrize(
    ("document", "section", "words"),
    [
        ("data_description", "Columns", "| Column | Meaning | Unit | Type | Known at |"),
        ("monitoring_plan", "Monitors", "| Cause | Monitor | Signal | Limit | Owner |"),
        ("monitoring_plan", "Monitors", "non-stationary data, ageing hardware, system updates"),
        ("monitoring_plan", "Monitors", "not applicable: reason"),
    ],
)
def test_sections_that_checks_read_show_their_table(document: str, section: str, words: str) -> None:
    guidance = {part.title: part.guidance for part in DOCUMENTS[document].sections}
    assert words in guidance[section]


@every_metric
def test_every_metric_is_defined_in_full(metric: process.Metric) -> None:
    low = -math.inf if metric.low is None else metric.low
    high = math.inf if metric.high is None else metric.high
    assert low < high
    assert set(metric.tasks) <= {"binary_classification", "multiclass_classification", "regression"}
    assert metric.needs in {"labels", "probabilities", "values", "operation"}
    assert bool(metric.tasks) == (metric.needs != "operation")


@pytest.mark.parametrize(
    ("task", "count"), [("binary_classification", 14), ("multiclass_classification", 7), ("regression", 6)]
)
def test_every_kind_of_learning_task_has_its_metrics(task: str, count: int) -> None:
    assert len([metric for metric in METRICS.values() if task in metric.tasks]) == count


def test_costs_and_tolerance_are_required_parameters() -> None:
    with_parameters = {name: metric.parameters for name, metric in METRICS.items() if metric.parameters}
    assert with_parameters == {
        "expected_cost": ("false_positive", "false_negative"),
        "within_tolerance": ("tolerance",),
    }


@every_phase
def test_a_phase_is_found_by_id_number_folder_and_alias(phase: process.Phase) -> None:
    for text in (phase.id, str(phase.number), phase.folder, f"{phase.folder}/", phase.title, *phase.aliases):
        assert process.find_phase(text) == phase


def test_no_name_means_two_phases() -> None:
    names = [name for phase in PHASES.values() for name in (phase.id, phase.folder, *phase.aliases)]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("bus", 1),
        ("data", 2),
        ("Data Engineering", 2),
        ("data-eng", 2),
        ("model", 3),
        ("MACHINE", 3),
        ("e", 4),
        ("quality", 4),
        ("model_d", 5),
        (" deploy ", 5),
        ("Monitoring & Maintenance", 6),
        ("mon", 6),
    ],
)
def test_a_phase_is_found_by_a_unique_beginning(text: str, number: int) -> None:
    assert process.find_phase(text).number == number


@pytest.mark.parametrize("text", ["", "  ", "7", "0", "evalution", "xyz"])
def test_an_unknown_phase_is_refused_with_all_six_ids(text: str) -> None:
    with pytest.raises(UsageMistake) as refusal:
        process.find_phase(text)
    assert all(phase in str(refusal.value) for phase in PHASES)


def test_a_misspelt_phase_is_answered_with_the_nearest_spelling() -> None:
    with pytest.raises(UsageMistake, match=r"no phase 'evalution'\. Did you mean 'evaluation'\?"):
        process.find_phase("evalution")


def test_an_ambiguous_beginning_is_answered_with_the_phases_it_fits() -> None:
    with pytest.raises(UsageMistake, match="'mo' fits more than one phase: modeling and monitoring_and_maintenance"):
        process.find_phase("mo")
