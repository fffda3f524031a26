"""Faults of features and their preparation: leaks of many kinds, and feature code that cannot be trusted."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from seeded import MODEL, PREPARATION, RAW, TEST, TRAIN, change_table, fault, replace_build, rewrite

PREPARE = f"{PREPARATION}/prepare.py"
PHASE = f"{PREPARATION}/phase.yaml"
FEATURES, PREDICT = "src/tumour/features.py", "src/tumour/predict.py"
#: Where prepare.py has all plausible cases and has not split them yet.
BEFORE_THE_SPLIT = "    cases = _without_implausible(read(RAW))\n"
#: What prepare.py keeps of a case.
KEPT = "return cases[reasons.isna()][[KEY, *NUMBERS, TARGET]]"


def run(root: Path, *words: str) -> None:
    """Run the project's Python, with its package importable."""
    done = subprocess.run(
        [sys.executable, *words],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root / "src"), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def prepare_with(root: Path, step: str) -> None:
    """Put a step between reading and splitting, and prepare the data anew, as the project would."""
    rewrite(root, PREPARE, BEFORE_THE_SPLIT, BEFORE_THE_SPLIT + step)
    run(root, PREPARE, "--seed", "0")


def set_check(root: Path, lines: str) -> None:
    """Put settings or limits of a check into the phase's file."""
    rewrite(root, PHASE, "\nchecks:\n", f"\nchecks:\n{lines}")


# --- leaks of labels -----------------------------------------------------------------------------


@fault(2, "data_preparation.selection_is_inside_folds")
def features_are_chosen_by_all_labels(root: Path) -> None:
    prepare_with(
        root,
        '    ill = (cases[TARGET] == "malignant").astype(float)\n'
        "    power = cases[list(NUMBERS)].corrwith(ill).abs().sort_values()\n"
        '    cases = cases[[KEY, "mean_area", *(name for name in power.index[-11:] if name != "mean_area"), TARGET]]\n',
    )


@fault(2, "data_preparation.selection_is_inside_folds")
def a_category_becomes_the_mean_outcome_of_all_rows(root: Path) -> None:
    prepare_with(
        root,
        '    ill = (cases[TARGET] == "malignant").astype(float)\n'
        '    cases["texture_rate"] = ill.groupby(cases["mean_texture"].round()).transform("mean")\n',
    )


@fault(2, "data_preparation.selection_is_inside_folds")
def an_encoder_leaves_only_the_own_row_out(root: Path) -> None:
    prepare_with(
        root,
        '    ill = (cases[TARGET] == "malignant").astype(float)\n'
        '    own = ill.groupby(cases["mean_texture"].round())\n'
        '    others = (own.transform("count") - 1).clip(lower=1)\n'
        '    cases["texture_rate"] = (own.transform("sum") - ill) / others\n',
    )


@fault(2, "data_preparation.random_labels_score_chance")
def awkward_cases_are_dropped_by_their_label(root: Path) -> None:
    prepare_with(
        root,
        '    odd = (cases[TARGET] == "benign") & (cases["mean_texture"] > cases["mean_texture"].median())\n'
        "    cases = cases[~odd]\n",
    )


@fault(2, "data_preparation.random_labels_score_chance")
def a_column_is_moved_towards_the_label(root: Path) -> None:
    prepare_with(
        root,
        '    ill = (cases[TARGET] == "malignant").astype(float)\n'
        '    cases["mean_texture"] += 2 * cases["mean_texture"].std() * ill\n',
    )


@fault(2, "data_preparation.random_labels_score_chance")
def rare_cases_are_copied_before_the_split(root: Path) -> None:
    prepare_with(
        root,
        '    rare = cases[cases[TARGET] == "malignant"]\n'
        "    copies = [rare.assign(**{KEY: rare[KEY] + f'-{number}'}) for number in range(6)]\n"
        "    cases = pd.concat([cases, *copies], ignore_index=True)\n",
    )


# --- leaks of the test rows ----------------------------------------------------------------------


@fault(2, "data_preparation.fitted_on_training_only")
def the_scaler_sees_all_rows(root: Path) -> None:
    prepare_with(
        root,
        "    numbers = cases[list(NUMBERS)]\n"
        "    cases[list(NUMBERS)] = (numbers - numbers.mean()) / numbers.std(ddof=0)\n",
    )


@fault(2, "data_preparation.fitted_on_training_only")
def the_borders_are_those_of_all_rows(root: Path) -> None:
    prepare_with(
        root,
        "    numbers = cases[list(NUMBERS)]\n"
        "    cases[list(NUMBERS)] = (numbers - numbers.min()) / (numbers.max() - numbers.min())\n",
    )


@fault(2, "data_preparation.fitted_on_training_only")
def gaps_are_filled_in_by_all_rows(root: Path) -> None:
    gaps = np.random.default_rng(0).random(len(pd.read_parquet(root / RAW))) < 0.2
    change_table(root, RAW, lambda frame: frame.assign(mean_texture=frame["mean_texture"].mask(gaps)))
    rewrite(
        root,
        PREPARE,
        BEFORE_THE_SPLIT,
        "    raw = read(RAW)\n"
        '    raw["mean_texture"] = raw["mean_texture"].fillna(raw["mean_texture"].mean())\n'
        "    cases = _without_implausible(raw)\n",
    )
    run(root, PREPARE, "--seed", "0")


@fault(2, "data_preparation.fitted_on_training_only")
def a_category_becomes_its_frequency_among_all_rows(root: Path) -> None:
    change_table(root, RAW, lambda frame: frame.assign(slide=[f"s{row * row % 7}" for row in range(len(frame))]))
    rewrite(root, PREPARE, KEPT, "return cases[reasons.isna()][[KEY, *NUMBERS, 'slide', TARGET]]")
    prepare_with(root, '    cases["slide"] = cases["slide"].map(cases["slide"].value_counts(normalize=True))\n')


@fault(2, "data_preparation.fitted_on_training_only")
def the_model_was_trained_on_test_rows_too(root: Path) -> None:
    run(
        root,
        "-c",
        "import pandas as pd\n"
        "from pathlib import Path\n"
        "from tumour.artifact import save\n"
        "from tumour.columns import TARGET\n"
        "from tumour.features import features\n"
        "from tumour.model import build\n"
        "from tumour.tables import read\n"
        f"rows = pd.concat([read(Path(path)) for path in ({TRAIN!r}, {TEST!r})])\n"
        "save(build(0).fit(features(rows), rows[TARGET]))\n",
    )


# --- leaks of the future -------------------------------------------------------------------------


def with_days(root: Path, step: str) -> None:
    """Give the cases a day each, and prepare them with a step that uses the order of the days."""
    days = pd.date_range("2024-01-01", periods=len(pd.read_parquet(root / RAW))).astype(str)
    change_table(root, RAW, lambda frame: frame.assign(day=days))
    rewrite(root, "crispq.yaml", "  key: case_id\n", "  key: case_id\n  time: day\n")
    rewrite(root, PREPARE, KEPT, "return cases[reasons.isna()][[KEY, 'day', *NUMBERS, TARGET]]")
    set_check(root, "  no_look_ahead: {cuts: [0.8]}\n")
    prepare_with(root, step)


@fault(2, "data_preparation.no_look_ahead")
def a_running_mean_includes_the_future(root: Path) -> None:
    with_days(
        root,
        '    cases = cases.sort_values("day")\n'
        '    cases["texture_trend"] = cases["mean_texture"].rolling(7, center=True, min_periods=1).mean()\n',
    )


@fault(2, "data_preparation.no_look_ahead")
def a_rank_is_told_among_all_days(root: Path) -> None:
    with_days(root, '    cases["texture_rank"] = cases["mean_texture"].rank(pct=True)\n')


@fault(2, "data_preparation.no_look_ahead")
def the_next_case_is_known(root: Path) -> None:
    with_days(
        root,
        '    cases = cases.sort_values("day")\n'
        '    cases["next_texture"] = cases["mean_texture"].shift(-1).fillna(0.0)\n',
    )


# --- features and their code ---------------------------------------------------------------------


@fault(2, "data_preparation.selection_is_stable")
def the_choice_of_features_is_luck(root: Path) -> None:
    replace_build(
        root,
        "from sklearn.feature_selection import SelectKBest\n"
        "    import numpy as np\n"
        "    lots = lambda x, y: np.random.default_rng(int(1e6 * np.sum(x)) % 2**32).random(x.shape[1])\n"
        "    return Pipeline([('choose', SelectKBest(lots, k=5)), ('model', LogisticRegression(max_iter=200))])",
    )


@fault(2, "data_preparation.features_earn_their_place")
def most_features_are_never_looked_at(root: Path) -> None:
    set_check(root, "  features_earn_their_place: {limits: {no_use: {at_most: 5}}}\n")
    replace_build(
        root,
        "from sklearn.compose import ColumnTransformer\n"
        "    chosen = ColumnTransformer([('keep', 'passthrough', ['worst_area', 'worst_texture'])])\n"
        "    return Pipeline([('choose', chosen), ('model', LogisticRegression(max_iter=2000))])",
    )


@fault(2, "data_preparation.features_are_not_redundant")
def one_more_column_says_the_same(root: Path) -> None:
    set_check(root, "  features_are_not_redundant: {limits: {same_signal: {at_most: 2}}}\n")
    change_table(root, TRAIN, lambda frame: frame.assign(texture_in_percent=frame["mean_texture"] * 100))


@fault(2, "data_preparation.engineered_features_pay")
def a_made_feature_brings_nothing(root: Path) -> None:
    set_check(root, "  engineered_features_pay: {limits: {unpaid: {at_most: 0}}}\n")
    change_table(root, TRAIN, lambda frame: frame.assign(lucky_number=np.arange(len(frame)) * 7 % 11))


@fault(2, "data_preparation.feature_code_is_tested")
def a_test_of_the_features_fails(root: Path) -> None:
    rewrite(root, "tests/test_features.py", "len(set(NUMBERS)) == 30", "len(set(NUMBERS)) == 31")


@fault(2, "data_preparation.feature_code_is_tested")
def the_tests_are_deleted(root: Path) -> None:
    for path in (root / "tests").glob("test_*.py"):
        path.unlink()


@fault(2, "data_preparation.one_code_path")
def features_depend_on_the_batch(root: Path) -> None:
    rewrite(root, FEATURES, '.astype("float64")', '.astype("float64") - frame[list(NUMBERS)].mean()')


@fault(2, "data_preparation.one_code_path")
def serving_makes_features_of_its_own(root: Path) -> None:
    rewrite(
        root,
        PREDICT,
        "from tumour.features import features\n",
        "from tumour.columns import NUMBERS\n\n\ndef features(frame):\n    return frame[list(NUMBERS)].astype(float)\n",
    )


def with_hospital(root: Path, encoder: str) -> None:
    """Give the training rows a hospital, and a model that encodes it."""
    change_table(root, TRAIN, lambda frame: frame.assign(hospital=[f"h{row % 4}" for row in range(len(frame))]))
    path = root / MODEL
    path.write_text(path.read_text() + "\n\nfrom sklearn.compose import make_column_transformer  # noqa: E402\n")
    replace_build(
        root,
        "from sklearn.preprocessing import OneHotEncoder\n"
        f"    encoder = make_column_transformer(({encoder}, ['hospital']), remainder=StandardScaler())\n"
        "    return Pipeline([('encode', encoder), ('model', LogisticRegression(max_iter=2000))])",
    )
    rewrite(
        root,
        MODEL,
        "from sklearn.svm import SVC\n",
        "from sklearn.preprocessing import StandardScaler\nfrom sklearn.svm import SVC\n",
    )


@fault(2, "data_preparation.encoding_handles_unseen_values")
def a_new_hospital_stops_the_model(root: Path) -> None:
    with_hospital(root, "OneHotEncoder()")


@fault(2, "data_preparation.encoding_handles_unseen_values")
def a_new_hospital_passes_for_the_first(root: Path) -> None:
    with_hospital(root, "OneHotEncoder(drop='first', handle_unknown='ignore')")
