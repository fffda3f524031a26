"""Faults in the scope, the criteria and what the data can give: each names the check of phase 1 that must catch it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from seeded import RAW, UNDERSTANDING, change_table, fault, rewrite, rewrite_pattern

SCOPE, CRITERIA, FIRST = (f"{UNDERSTANDING}/{name}" for name in ("scope.md", "success_criteria.md", "phase.yaml"))


@fault(1, "business_and_data_understanding.scope_is_complete")
def only_missed_tumours_are_said_to_cost(root: Path) -> None:
    rewrite_pattern(
        root,
        SCOPE,
        r"(?m)^## Cost of errors\n(?:(?!##).*\n)*",
        "## Cost of errors\n\nA missed tumour delays treatment by weeks or months and can cost a life.\n\n",
    )


@fault(1, "business_and_data_understanding.scope_is_complete")
def one_person_signs_for_both_sides(root: Path) -> None:
    for role in ("business.owner", "domain.expert"):
        rewrite(root, "crispq.yaml", f"{role}@example.org", "ml.lead@example.org")


@fault(1, "business_and_data_understanding.criteria_do_not_contradict")
def a_limit_stands_on_the_wrong_side(root: Path) -> None:
    said = "level: business, statement: not too many are found, metric: recall, at_most: 0.8, owner: business_owner"
    criterion = f"  - {{id: B3, {said}}}\n"
    rewrite(root, FIRST, "  - id: B2\n", f"{criterion}  - id: B2\n")


@fault(1, "business_and_data_understanding.criteria_beat_the_trivial_predictor")
def a_brier_score_that_the_average_risk_meets(root: Path) -> None:
    rewrite(root, FIRST, "at_most: 0.12", "at_most: 0.24")


@fault(1, "business_and_data_understanding.criteria_beat_the_trivial_predictor")
def a_cost_that_biopsies_for_everybody_meet(root: Path) -> None:
    rewrite(root, FIRST, "at_most: 0.5\n", "at_most: 0.7\n")


@fault(1, "business_and_data_understanding.criteria_are_testable")
def a_claim_that_so_few_cases_cannot_show(root: Path) -> None:
    rewrite_pattern(root, FIRST, r"(metric: false_negative_rate\n    )at_most: 0\.15", r"\1at_most: 0.05")


@fault(1, "business_and_data_understanding.criteria_are_testable")
def the_test_set_shrinks(root: Path) -> None:
    change_table(root, "data/prepared/test.parquet", lambda frame: frame.head(40))


@fault(1, "business_and_data_understanding.baseline_is_measured")
def the_baseline_is_a_memory(root: Path) -> None:
    rewrite_pattern(root, CRITERIA, r"(?m)^\| ML1 \|.*\n", "")


@fault(1, "business_and_data_understanding.baseline_is_measured")
def the_baseline_lies_outside_of_its_bounds(root: Path) -> None:
    rewrite_pattern(root, CRITERIA, r"(?m)^(\| ML1 \|[^|]*\| )0\.\d+", r"\g<1>0.999")


@fault(1, "business_and_data_understanding.criteria_are_frozen")
def a_limit_is_loosened_after_the_test_set_was_seen(root: Path) -> None:
    rewrite_pattern(root, FIRST, r"(metric: roc_auc\n    )at_least: 0\.90", r"\1at_least: 0.85")


@fault(1, "business_and_data_understanding.criteria_are_frozen")
def a_metric_is_exchanged_after_the_test_set_was_seen(root: Path) -> None:
    rewrite_pattern(root, FIRST, r"metric: roc_auc\n    at_least: 0\.90", "metric: accuracy\n    at_least: 0.90")


def shuffled(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(diagnosis=np.random.default_rng(0).permutation(frame["diagnosis"].to_numpy()))


@fault(1, "business_and_data_understanding.signal_exists")
def the_diagnoses_belong_to_other_cases(root: Path) -> None:
    change_table(root, RAW, shuffled)


@fault(1, "business_and_data_understanding.learning_curve_reaches_the_criterion")
def the_criterion_is_out_of_the_datas_reach(root: Path) -> None:
    def blurred(frame: pd.DataFrame) -> pd.DataFrame:
        random = np.random.default_rng(0)
        blur = {
            str(name): column + 8 * column.std() * random.normal(size=len(frame))
            for name, column in frame.select_dtypes("number").items()
        }
        return frame.assign(**blur)

    change_table(root, RAW, blurred)
