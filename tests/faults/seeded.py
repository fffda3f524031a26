"""Faults to put into the finished breast cancer example, one at a time: each names the check that must catch it."""

from __future__ import annotations

import hashlib
import json
import pickle
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import walk

UNDERSTANDING, PREPARATION, MODELING, EVALUATION, DEPLOYMENT, MONITORING = (
    "1_business_and_data_understanding",
    "2_data_preparation",
    "3_modeling",
    "4_evaluation",
    "5_deployment",
    "6_monitoring_and_maintenance",
)
RAW, TRAIN, TEST = "data/raw/cases.parquet", "data/prepared/train.parquet", "data/prepared/test.parquet"
PREDICTIONS, LIVE = f"{EVALUATION}/predictions/test.parquet", f"{MONITORING}/predictions.parquet"
MODEL = "src/tumour/model.py"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is put in, where the gate is asked, and which check must not come to an opening status."""

    name: str
    phase: int
    check: str
    put_in: Callable[[Path], object]


FAULTS: list[Fault] = []


def fault(phase: int, check: str) -> Callable[[Callable[[Path], object]], Callable[[Path], object]]:
    """The function below puts the fault in; its name is the fault's name."""

    def declare(put_in: Callable[[Path], object]) -> Callable[[Path], object]:
        FAULTS.append(Fault(name=put_in.__name__, phase=phase, check=check, put_in=put_in))
        return put_in

    return declare


def rewrite(root: Path, path: str, old: str, new: str, count: int = 1) -> None:
    """Replace text in a file; the old text must be there."""
    text = (root / path).read_text()
    assert old in text, f"{path} does not hold {old!r}"
    (root / path).write_text(text.replace(old, new, count))


def rewrite_pattern(root: Path, path: str, old: str, new: str) -> None:
    """Replace the first match of a pattern in a file; it must match."""
    text, count = re.subn(old, new, (root / path).read_text(), count=1)
    assert count == 1, f"{path} does not hold {old!r}"
    (root / path).write_text(text)


def change_table(root: Path, path: str, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    """Read a Parquet file, change its rows and write it back."""
    change(pd.read_parquet(root / path)).to_parquet(root / path, index=False)


def change_json(root: Path, path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Read a JSON file, change its object in place and write it back."""
    del root
    body = json.loads(path.read_text())
    change(body)
    path.write_text(json.dumps(body))


def latest_run(root: Path) -> Path:
    """The run record of the example's model."""
    return max((root / MODELING / "runs").glob("*.json"))


# --- every phase ---------------------------------------------------------------------------------


@fault(1, "business_and_data_understanding.documents_are_complete")
def template_guidance_is_left(root: Path) -> None:
    rewrite_pattern(
        root, f"{UNDERSTANDING}/scope.md", r"(?m)^## Excluded uses\n", "## Excluded uses\n\n> To fill in: uses.\n"
    )


@fault(4, "evaluation.documents_are_complete")
def a_document_is_deleted(root: Path) -> None:
    (root / EVALUATION / "evaluation_report.md").unlink()


@fault(1, "business_and_data_understanding.requirements_are_covered")
def a_criterion_serves_nothing(root: Path) -> None:
    rewrite(root, f"{UNDERSTANDING}/phase.yaml", "    serves: [B1, B2]\n", "")


@fault(1, "business_and_data_understanding.risks_are_acceptable")
def a_risk_loses_its_owner(root: Path) -> None:
    rewrite_pattern(root, f"{UNDERSTANDING}/phase.yaml", r"(- id: R01\n(?:.*\n)*?)    owner: .*\n", r"\1")


@fault(3, "modeling.risks_are_acceptable")
def a_mitigation_names_nothing(root: Path) -> None:
    rewrite(root, f"{MODELING}/phase.yaml", "mitigations: [beats_the_baselines", "mitigations: [beats_the_baseline")


@fault(2, "data_preparation.tasks_are_answered")
def a_task_is_not_answered(root: Path) -> None:
    rewrite_pattern(root, f"{PREPARATION}/phase.yaml", r"(?m)^  clean_data:(.*\n)((?:    .*\n)*)", "")


@fault(1, "business_and_data_understanding.signoffs_are_current")
def a_signed_document_is_edited(root: Path) -> None:
    path = root / UNDERSTANDING / "scope.md"
    path.write_text(path.read_text() + "\nOne more sentence that nobody signed.\n")


@fault(3, "modeling.no_open_backtrack")
def a_step_back_is_open(root: Path) -> None:
    walk.must(root, "back", "data_preparation", "--reason", "two cases were measured twice")


# --- 1 business and data understanding -----------------------------------------------------------


@fault(1, "business_and_data_understanding.criteria_are_measurable")
def a_criterion_loses_its_metric(root: Path) -> None:
    rewrite(root, f"{UNDERSTANDING}/phase.yaml", "    metric: roc_auc\n    at_least: 0.90\n", "")


@fault(1, "business_and_data_understanding.data_meets_its_expectations")
def a_unit_changes(root: Path) -> None:
    change_table(root, RAW, lambda frame: frame.assign(mean_area=frame["mean_area"] * 1000))


@fault(1, "business_and_data_understanding.data_meets_its_expectations")
def the_suite_is_emptied(root: Path) -> None:
    change_json(root, root / UNDERSTANDING / "expectations/raw.json", lambda suite: suite.update(expectations=[]))


@fault(1, "business_and_data_understanding.data_meets_its_expectations")
def a_column_is_all_null(root: Path) -> None:
    change_table(root, RAW, lambda frame: frame.assign(mean_radius=float("nan")))


@fault(1, "business_and_data_understanding.columns_are_described")
def a_column_is_not_described(root: Path) -> None:
    rewrite_pattern(root, f"{UNDERSTANDING}/data_description.md", r"(?m)^\| *`?mean_radius`? *\|.*\n", "")


@fault(1, "business_and_data_understanding.sample_is_large_enough")
def a_class_nearly_vanishes(root: Path) -> None:
    def few(frame: pd.DataFrame) -> pd.DataFrame:
        rare = frame[frame["diagnosis"] == "malignant"].head(9)
        return pd.concat([frame[frame["diagnosis"] != "malignant"], rare])

    change_table(root, RAW, few)


@fault(1, "business_and_data_understanding.sample_is_large_enough")
def the_data_is_empty(root: Path) -> None:
    change_table(root, RAW, lambda frame: frame.head(0))


# --- 2 data preparation --------------------------------------------------------------------------


def add_train_row_to_test(root: Path, *, new_key: bool) -> None:
    row = pd.read_parquet(root / TRAIN).head(1)
    if new_key:
        row = row.assign(case_id=pd.read_parquet(root / RAW)["case_id"].iloc[0].__class__("case-9999"))
    change_table(root, TEST, lambda frame: pd.concat([frame, row], ignore_index=True))


@fault(2, "data_preparation.split_is_disjoint")
def a_training_row_is_in_the_test_set(root: Path) -> None:
    add_train_row_to_test(root, new_key=False)


@fault(2, "data_preparation.split_is_disjoint")
def a_training_row_is_in_the_test_set_under_another_id(root: Path) -> None:
    add_train_row_to_test(root, new_key=True)


@fault(2, "data_preparation.no_target_leak")
def a_column_is_known_too_late(root: Path) -> None:
    path = f"{UNDERSTANDING}/data_description.md"
    rewrite_pattern(root, path, r"(?m)^(\| *`?mean_radius`? *\|.*\| *)(?:before|at)( *\|)$", r"\1after\2")


@fault(2, "data_preparation.no_target_leak")
def the_answer_hides_in_an_undeclared_column(root: Path) -> None:
    change_table(
        root, TRAIN, lambda frame: frame.assign(days_to_surgery=(frame["diagnosis"] == "malignant").astype(float))
    )


@fault(2, "data_preparation.preparation_is_reproducible")
def a_prepared_value_is_edited_by_hand(root: Path) -> None:
    change_table(root, TRAIN, lambda frame: frame.assign(mean_radius=frame["mean_radius"].round(1)))


@fault(2, "data_preparation.preparation_is_reproducible")
def the_preparation_rolls_dice(root: Path) -> None:
    path = root / PREPARATION / "prepare.py"
    path.write_text(path.read_text().replace("import argparse", "import argparse\nimport random", 1))
    rewrite_pattern(
        root, f"{PREPARATION}/prepare.py", r"random_state=seed", "random_state=random.SystemRandom().randrange(10**6)"
    )


# --- 3 modeling ----------------------------------------------------------------------------------


def replace_build(root: Path, body: str) -> None:
    path = root / MODEL
    path.write_text(path.read_text() + f"\n\ndef build(seed):  # noqa: F811\n    {body}\n")


@fault(3, "modeling.cross_validation_meets_the_criterion")
def the_model_learns_nothing(root: Path) -> None:
    replace_build(root, "return dummy()")


@fault(3, "modeling.beats_the_baselines")
def the_model_is_a_dummy(root: Path) -> None:
    replace_build(root, "return dummy()")


@fault(3, "modeling.seeds_agree")
def one_lucky_seed_carries_the_model(root: Path) -> None:
    path = root / MODEL
    lucky = "\n\n_chosen = build\n\n\ndef build(seed):  # noqa: F811\n    return _chosen(0) if seed == 0 else dummy()\n"
    path.write_text(path.read_text() + lucky)


@fault(3, "modeling.run_is_recorded")
def the_record_is_deleted(root: Path) -> None:
    latest_run(root).unlink()


@fault(3, "modeling.run_is_recorded")
def the_model_file_is_stale(root: Path) -> None:
    path = root / "models/tumour.skops"
    path.write_bytes(path.read_bytes() + b"\n")


@fault(3, "modeling.run_is_recorded")
def the_test_set_was_read_in_training(root: Path) -> None:
    digest = hashlib.sha256((root / TEST).read_bytes()).hexdigest()
    change_json(root, latest_run(root), lambda record: record["data"].update({TEST: digest}))


# --- 4 evaluation --------------------------------------------------------------------------------


def flip(frame: pd.DataFrame) -> pd.DataFrame:
    other = {"malignant": "benign", "benign": "malignant"}
    return frame.assign(prediction=frame["prediction"].map(other), probability=1 - frame["probability"])


@fault(4, "evaluation.criteria_are_met")
def the_labels_are_swapped(root: Path) -> None:
    change_table(root, PREDICTIONS, flip)


@fault(4, "evaluation.criteria_are_met")
def the_model_predicts_nan(root: Path) -> None:
    change_table(root, PREDICTIONS, lambda frame: frame.assign(probability=float("nan")))


@fault(4, "evaluation.slices_hold")
def one_class_is_always_missed(root: Path) -> None:
    change_table(root, PREDICTIONS, lambda frame: frame.assign(prediction="benign"))


@fault(4, "evaluation.test_set_is_blind")
def many_models_were_tried_on_the_test_set(root: Path) -> None:
    for _ in range(11):
        change_table(root, PREDICTIONS, lambda frame: frame.assign(probability=frame["probability"] * 0.9999))
        walk.crispq(root, "gate", "4")


# --- 5 deployment --------------------------------------------------------------------------------


@fault(5, "deployment.model_file_is_safe")
def the_model_is_a_pickle(root: Path) -> None:
    (root / "models/tumour.skops").write_bytes(pickle.dumps({"weights": [1, 2, 3]}))


@fault(5, "deployment.serving_agrees_with_training")
def serving_reads_another_unit(root: Path) -> None:
    path = f"{DEPLOYMENT}/serve.py"
    rewrite(
        root,
        path,
        "return answer(model, row)",
        'return answer(model, {**row, "mean_radius": row.get("mean_radius", 0) * 1.2})',
    )


@fault(5, "deployment.latency_is_within_budget")
def serving_is_slow(root: Path) -> None:
    rewrite(
        root,
        f"{DEPLOYMENT}/serve.py",
        "return answer(model, row)",
        "import time; time.sleep(0.3); return answer(model, row)",
    )


# --- 6 monitoring and maintenance ----------------------------------------------------------------


@fault(6, "monitoring_and_maintenance.monitors_cover_every_cause")
def a_cause_has_no_monitor(root: Path) -> None:
    rewrite_pattern(root, f"{MONITORING}/monitoring_plan.md", r"(?mi)^\|[^|\n]*hardware[^|\n]*\|.*\n", "")


@fault(6, "monitoring_and_maintenance.monitors_cover_every_cause")
def a_batch_was_not_watched(root: Path) -> None:
    first = min((root / "data/production").glob("*.parquet"))
    change_table(root, first.relative_to(root).as_posix(), lambda frame: frame.iloc[1:])


@fault(6, "monitoring_and_maintenance.inputs_have_not_drifted")
def a_measurement_drifts(root: Path) -> None:
    for path in sorted((root / "data/production").glob("*.parquet")):
        name = path.relative_to(root).as_posix()
        change_table(root, name, lambda frame: frame.assign(mean_texture=frame["mean_texture"] * 1.6))


@fault(6, "monitoring_and_maintenance.performance_holds")
def the_live_model_fails(root: Path) -> None:
    change_table(root, LIVE, flip)
