"""Public data sets that ship in packages, cleaned where they need it, and a crispq project built around each."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import walk

UNDERSTANDING, PREPARATION = "1_business_and_data_understanding", "2_data_preparation"
KEY = "case"

#: Checks of phases 1 and 2 whose answer depends on the rows: asked of every data set under every split seed.
ABOUT_DATA = (
    "business_and_data_understanding.batch_agrees_with_reference",
    "business_and_data_understanding.criteria_are_testable",
    "business_and_data_understanding.criteria_beat_the_trivial_predictor",
    "business_and_data_understanding.criteria_do_not_contradict",
    "business_and_data_understanding.data_meets_its_expectations",
    "business_and_data_understanding.joins_are_healthy",
    "business_and_data_understanding.labels_are_reliable",
    "business_and_data_understanding.learning_curve_reaches_the_criterion",
    "business_and_data_understanding.no_undeclared_personal_data",
    "business_and_data_understanding.operating_range_is_covered",
    "business_and_data_understanding.sample_is_large_enough",
    "business_and_data_understanding.schema_catches_faults",
    "business_and_data_understanding.schema_covers_every_column",
    "business_and_data_understanding.signal_exists",
    "data_preparation.augmentation_is_confined",
    "data_preparation.encoding_handles_unseen_values",
    "data_preparation.engineered_features_pay",
    "data_preparation.exclusions_are_logged",
    "data_preparation.exclusions_do_not_shift_the_data",
    "data_preparation.features_are_not_redundant",
    "data_preparation.features_are_permitted",
    "data_preparation.features_earn_their_place",
    "data_preparation.filters_are_evaluated",
    "data_preparation.fitted_on_training_only",
    "data_preparation.imputation_is_bounded",
    "data_preparation.imputation_keeps_the_shape",
    "data_preparation.imputers_are_compared",
    "data_preparation.missingness_is_not_informative",
    "data_preparation.no_hidden_unit_change",
    "data_preparation.no_look_ahead",
    "data_preparation.no_target_leak",
    "data_preparation.one_code_path",
    "data_preparation.preparation_is_reproducible",
    "data_preparation.random_labels_score_chance",
    "data_preparation.resampling_is_confined",
    "data_preparation.selection_is_inside_folds",
    "data_preparation.selection_is_stable",
    "data_preparation.split_is_disjoint",
    "data_preparation.strategies_are_compared",
    "data_preparation.train_and_test_agree",
    "data_preparation.units_are_declared",
)

#: Checks of phases 1 and 2 that read documents, declarations, records of people, signatures, code or its tests.
ABOUT_DOCUMENTS = (
    "business_and_data_understanding.baseline_is_measured",
    "business_and_data_understanding.columns_are_described",
    "business_and_data_understanding.criteria_are_frozen",
    "business_and_data_understanding.criteria_are_measurable",
    "business_and_data_understanding.data_changes_are_explained",
    "business_and_data_understanding.data_is_versioned",
    "business_and_data_understanding.documents_are_complete",
    "business_and_data_understanding.labellers_agree",
    "business_and_data_understanding.legal_record_is_complete",
    "business_and_data_understanding.no_open_backtrack",
    "business_and_data_understanding.quarantine_is_worked",
    "business_and_data_understanding.requirements_are_covered",
    "business_and_data_understanding.risks_are_acceptable",
    "business_and_data_understanding.scope_is_complete",
    "business_and_data_understanding.signoffs_are_current",
    "business_and_data_understanding.sources_are_recorded",
    "business_and_data_understanding.tasks_are_answered",
    "data_preparation.documents_are_complete",
    "data_preparation.feature_code_is_tested",
    "data_preparation.no_open_backtrack",
    "data_preparation.requirements_are_covered",
    "data_preparation.risks_are_acceptable",
    "data_preparation.signoffs_are_current",
    "data_preparation.tasks_are_answered",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSet:
    """A table, what is to be predicted from it, and what a reasonable project would demand of the prediction."""

    name: str
    table: Callable[[], pd.DataFrame]
    task: str
    target: str
    criteria: tuple[str, str]
    positive: str = ""
    group: str = ""


# --- the tables ----------------------------------------------------------------------------------


def _sklearn(loader: str, target: str, words: Sequence[str] = (), **options: Any) -> pd.DataFrame:
    import sklearn.datasets

    bunch = getattr(sklearn.datasets, loader)(as_frame=True, **options)
    frame: pd.DataFrame = bunch.frame.rename(columns={"target": target})
    return frame.assign(**{target: frame[target].map(dict(enumerate(words)))}) if words else frame


def _statsmodels(name: str) -> pd.DataFrame:
    import statsmodels.datasets

    frame: pd.DataFrame = getattr(statsmodels.datasets, name).load_pandas().data
    return frame


def _words(codes: pd.Series, words: Sequence[str]) -> pd.Series:
    """Codes 1, 2, 3 ... as the words that the data set's own description gives them."""
    return codes.astype(int).map(dict(enumerate(words, start=1)))


def breast_cancer() -> pd.DataFrame:
    return _sklearn("load_breast_cancer", "finding", ("malignant", "benign"))


def diabetes() -> pd.DataFrame:
    return _sklearn("load_diabetes", "progression", scaled=False)


def iris() -> pd.DataFrame:
    """Two flowers (rows 102 and 143) are equal in all five columns: a twin that the file is known for, left in.

    The scaffold's prepare.py discards it and writes that down.
    """
    return _sklearn("load_iris", "species", ("setosa", "versicolor", "virginica"))


def wine() -> pd.DataFrame:
    return _sklearn("load_wine", "cultivar", ("first", "second", "third"))


def digits() -> pd.DataFrame:
    """1,797 pictures of 8 x 8 grey values. Each digit's name as a word, so that nobody takes it for a number."""
    words = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    return _sklearn("load_digits", "digit", words)


def anes96() -> pd.DataFrame:
    """Left out: logpopul, which is the logarithm of popul + 0.1, and one row of two that are equal throughout.

    Whom a person voted for; without PID (party), which many would call the same question in other words.
    """
    frame = _statsmodels("anes96").drop(columns=["logpopul", "PID"]).drop_duplicates()
    schools = ("grades_1_to_8", "some_high_school", "high_school", "some_college", "college", "bachelor", "master")
    return frame.assign(educ=_words(frame["educ"], schools), vote=_words(frame["vote"] + 1, ("clinton", "dole")))


def fair() -> pd.DataFrame:
    """Whether a woman answered that she had an affair. Occupations, whose codes have no order, as words.

    1,178 of 6,366 rows repeat another one: few questions with few answers, asked of thousands of women. They are taken
    out here. The scaffold's prepare.py would discard them too, and as that hits women without an affair 2.8 times as
    hard as those with one, `exclusions_do_not_shift_the_data` is rightly red about it.
    """
    work = ("student", "farming_or_unskilled", "white_collar", "teacher_or_nurse", "managerial", "professional")
    frame = _statsmodels("fair")
    frame = frame.assign(
        occupation=_words(frame["occupation"], work),
        occupation_husb=_words(frame["occupation_husb"], work),
        affair=frame["affairs"].gt(0).map({True: "yes", False: "no"}),
    )
    return frame.drop(columns="affairs").drop_duplicates()


def star98() -> pd.DataFrame:
    """Share of a school district's pupils above the national median in mathematics; columns that are products of
    others are left out, as are the two counts that the target is made of.
    """
    frame = _statsmodels("star98")
    products = [name for name in frame.columns if "_" in str(name)]
    share = frame["NABOVE"] / (frame["NABOVE"] + frame["NBELOW"])
    return frame.drop(columns=[*products, "NABOVE", "NBELOW"]).assign(above_median=share)


def modechoice() -> pd.DataFrame:
    """210 travellers, four rows each, one for each way to travel; a traveller's rows belong together."""
    frame = _statsmodels("modechoice")
    return frame.assign(
        mode=_words(frame["mode"], ("air", "train", "bus", "car")), choice=frame["choice"].map({1.0: "yes", 0.0: "no"})
    )


def randhie() -> pd.DataFrame:
    """Visits to the doctor in a year. Rows are person-years, and the persons' names are not in the data.

    The other nine columns hardly change from year to year, so one row of each combination of them is kept: years of
    one person on both sides of a split would be a true leak that no column declares.
    """
    frame = _statsmodels("randhie")
    person = [name for name in frame if name != "mdvis"]
    first = frame.drop_duplicates(subset=person)
    return first.sample(n=2500, random_state=0).sort_index().rename(columns={"mdvis": "visits"})


# --- what is demanded ----------------------------------------------------------------------------


SETS = (
    DataSet(
        name="breast_cancer",
        table=breast_cancer,
        task="binary_classification",
        target="finding",
        positive="malignant",
        criteria=("balanced_accuracy, at_least: 0.8", "roc_auc, at_least: 0.8"),
    ),
    DataSet(
        name="diabetes",
        table=diabetes,
        task="regression",
        target="progression",
        criteria=("r2, at_least: 0.15", "mean_absolute_error, at_most: 60"),
    ),
    DataSet(
        name="iris",
        table=iris,
        task="multiclass_classification",
        target="species",
        criteria=("accuracy, at_least: 0.55", "recall_macro, at_least: 0.55"),
    ),
    DataSet(
        name="wine",
        table=wine,
        task="multiclass_classification",
        target="cultivar",
        criteria=("accuracy, at_least: 0.55", "recall_macro, at_least: 0.55"),
    ),
    DataSet(
        name="digits",
        table=digits,
        task="multiclass_classification",
        target="digit",
        criteria=("accuracy, at_least: 0.85", "recall_macro, at_least: 0.85"),
    ),
    DataSet(
        name="anes96",
        table=anes96,
        task="binary_classification",
        target="vote",
        positive="dole",
        criteria=("balanced_accuracy, at_least: 0.7", "roc_auc, at_least: 0.75"),
    ),
    DataSet(
        name="fair",
        table=fair,
        task="binary_classification",
        target="affair",
        positive="yes",
        criteria=("balanced_accuracy, at_least: 0.55", "roc_auc, at_least: 0.65"),
    ),
    DataSet(
        name="star98",
        table=star98,
        task="regression",
        target="above_median",
        criteria=(
            "within_tolerance, parameters: {tolerance: 0.15}, at_least: 0.7",
            "mean_absolute_error, at_most: 0.12",
        ),
    ),
    DataSet(
        name="modechoice",
        table=modechoice,
        task="binary_classification",
        target="choice",
        positive="yes",
        group="individual",
        criteria=("balanced_accuracy, at_least: 0.55", "roc_auc, at_least: 0.65"),
    ),
    DataSet(
        name="randhie",
        table=randhie,
        task="regression",
        target="visits",
        criteria=("r2, at_least: 0.02", "root_mean_squared_error, at_most: 4.85"),
    ),
)


# --- the project ---------------------------------------------------------------------------------


def build(folder: Path, data: DataSet) -> Path:
    """A project from the table, as `crispq new --data` makes it; then what the data checks read is completed."""
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / f"{data.name}.csv"
    frame = data.table().reset_index(drop=True)
    frame.insert(0, KEY, range(1, len(frame) + 1))
    frame.to_csv(source, index=False)
    answers = {"data": source, "task": data.task, "target": data.target, "positive": data.positive}
    answers |= {"key": KEY, "group": data.group, "ci": "none", "name": data.name.replace("_", "-")}
    words = [word for name, answer in answers.items() if answer for word in ("--data", f"{name}={answer}")]
    walk.must(folder, "new", "project", "--defaults", *words)
    root = folder / "project"
    _describe(root, data.target)
    _demand(root, data)
    return root


def _describe(root: Path, target: str) -> None:
    """Each column's meaning, unit and moment; a unit that the scaffold read from the name stays."""
    path = root / UNDERSTANDING / "data_description.md"

    def row(match: re.Match[str]) -> str:
        cell, unit, kind = match["cell"], match["unit"].strip(), match["kind"]
        moment = "after" if cell == f"`{target}`" else "before"
        return f"| {cell} | as the data set's description says | {unit or '-'} | {kind} | {moment} |"

    pattern = r"(?m)^\| (?P<cell>`[^|]+`) \|[^|]*\|(?P<unit>[^|]*)\| (?P<kind>[^|]+) \|[^|]*\|$"
    text, count = re.subn(pattern, row, path.read_text())
    assert count
    path.write_text(text)


def _demand(root: Path, data: DataSet) -> None:
    path = root / UNDERSTANDING / "phase.yaml"
    business, technical = (
        f'statement: "as good as it must be", population: "the test rows", window: "as collected", source: "the target '
        f'column", metric: {metric}'
        for metric in data.criteria
    )
    lines = [
        "requirements:",
        f"  - {{id: B1, level: business, owner: business_owner, {business}}}",
        f"  - {{id: ML1, level: ml, owner: ml_lead, {technical}, serves: [B1]}}",
    ]
    text = path.read_text()
    assert text.count("\nrequirements: []\n") == 1
    path.write_text(text.replace("\nrequirements: []\n", "\n" + "\n".join(lines) + "\n"))


def prepare(root: Path, seed: int) -> None:
    """Divide the rows by this seed, say so where the phase's commands stand, and train the scaffold's model."""
    path = root / PREPARATION / "phase.yaml"
    text, count = re.subn(r"(?m)prepare\.py(?: --seed \d+)?$", f"prepare.py --seed {seed}", path.read_text())
    assert count
    path.write_text(text)
    for script in ("2_data_preparation/prepare.py", "3_modeling/train.py"):
        done = subprocess.run(
            [sys.executable, script, "--seed", str(seed)],
            cwd=root,
            env=os.environ | {"PYTHONPATH": "src", "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr


def asked(root: Path, checks: Sequence[str] = ABOUT_DATA) -> dict[str, dict[str, Any]]:
    """Each check's result by its id, all asked in one call."""
    done = walk.crispq(root, "check", *checks, "--output", "json")
    assert done.stdout, done.stderr
    return {one["check"]: one for one in json.loads(done.stdout)["results"]}
