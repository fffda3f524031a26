"""Faults of data preparation: leaks of many kinds, rows that vanish, guesses, units; each with the check it is for."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from ruamel.yaml import YAML
from seeded import PREPARATION, RAW, TEST, TRAIN, UNDERSTANDING, change_table, fault, rewrite_pattern

MANIFEST = f"{PREPARATION}/split.json"
PRODUCTION = "data/production/batch_1.parquet"


def settings(root: Path, check: str, **told: Any) -> None:
    """Write settings (or limits) of a check into phase.yaml of data preparation."""
    change_yaml(root / PREPARATION / "phase.yaml", lambda body: body["checks"].setdefault(check, {}).update(told))


def change_yaml(path: Path, change: Callable[[Any], object]) -> None:
    """Read a YAML file, change its value in place and write it back, comments and all."""
    yaml = YAML()
    body = yaml.load(path.read_text())
    change(body)
    with path.open("w") as stream:
        yaml.dump(body, stream)


def declare(root: Path, **told: Any) -> None:
    """Write keys of `data` into crispq.yaml."""
    change_yaml(root / "crispq.yaml", lambda body: body["data"].update(told))


def write_manifest_anew(root: Path) -> None:
    """Bring the digests and numbers of rows of split.json up to date, as a careful cheat would."""
    body = json.loads((root / MANIFEST).read_text())
    for entry in [body["source"], *body["tables"].values()]:
        path = root / entry["path"]
        entry["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
        if "rows" in entry:
            entry["rows"] = len(pd.read_parquet(path))
    (root / MANIFEST).write_text(json.dumps(body))


def add_to_test(root: Path, rows: pd.DataFrame) -> None:
    """Add rows to the test set under keys of their own, and write the manifest anew."""
    fresh = rows.assign(case_id=[f"case-9{number:03d}" for number in range(len(rows))])
    change_table(root, TEST, lambda frame: pd.concat([frame, fresh], ignore_index=True))
    write_manifest_anew(root)


def numbers(frame: pd.DataFrame) -> list[str]:
    return [str(name) for name in frame if name not in {"case_id", "diagnosis"}]


def sample_of_train(root: Path, rows: int) -> pd.DataFrame:
    return pd.read_parquet(root / TRAIN).sample(rows, random_state=0).reset_index(drop=True)


def _made(make: Callable[[pd.DataFrame, str], pd.DataFrame], path: str, frame: pd.DataFrame) -> pd.DataFrame:
    return make(frame, path)


def with_rows(more: pd.DataFrame, frame: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([frame, more], ignore_index=True)


def add_column(root: Path, make: Callable[[pd.DataFrame, str], pd.DataFrame]) -> None:
    """Add columns to train and test; `make` is told which of them it works on."""
    for path in (TRAIN, TEST):
        change_table(root, path, partial(_made, make, path))
    write_manifest_anew(root)


# --- near copies on both sides of the split --------------------------------------------------------


@fault(2, "data_preparation.split_is_disjoint")
def training_rows_stand_in_the_test_with_a_little_noise(root: Path) -> None:
    rows = sample_of_train(root, 8)
    names, noise = numbers(rows), np.random.default_rng(0)
    jitter = 1 + 0.002 * noise.normal(size=(len(rows), len(names)))
    add_to_test(root, rows.assign(**dict(zip(names, (rows[names].to_numpy() * jitter).T, strict=True))))


@fault(2, "data_preparation.split_is_disjoint")
def training_rows_stand_in_the_test_rounded(root: Path) -> None:
    rows = sample_of_train(root, 8)
    names = numbers(rows)
    add_to_test(root, rows.assign(**{name: [float(f"{one:.2g}") for one in rows[name]] for name in names}))


@fault(2, "data_preparation.split_is_disjoint")
def training_rows_stand_in_the_test_with_one_cell_edited(root: Path) -> None:
    rows = sample_of_train(root, 8)
    add_to_test(root, rows.assign(mean_texture=rows["mean_texture"] + 3.7))


@fault(2, "data_preparation.split_is_disjoint")
def rows_were_augmented_before_the_split(root: Path) -> None:
    rows = sample_of_train(root, 30)
    names, noise = numbers(rows), np.random.default_rng(0)
    for seed, path in enumerate((TRAIN, TEST)):
        copies = rows.copy()
        copies[names] *= 1 + 0.005 * noise.normal(size=(len(rows), len(names)))
        copies["case_id"] = [f"case-{8 + seed}{number:03d}" for number in range(len(rows))]
        change_table(root, path, partial(with_rows, copies))
    write_manifest_anew(root)


def notes(seed: int, rows: int) -> list[str]:
    draw = random.Random(seed)  # noqa: S311 - made text, no secret
    return [" ".join(f"w{draw.randrange(3000)}" for _ in range(40)) for _ in range(rows)]


@fault(2, "data_preparation.split_is_disjoint")
def a_text_stands_in_the_test_slightly_edited(root: Path) -> None:
    def told(frame: pd.DataFrame, path: str) -> pd.DataFrame:
        texts = notes(1 if path == TRAIN else 2, len(frame))
        if path == TEST:
            texts[:5] = [text.replace(text.split()[9], "edited") for text in notes(1, 5)]
        return frame.assign(report=texts)

    add_column(root, told)


def images(root: Path, *, again: Callable[[Any], tuple[Any, dict[str, Any]]]) -> None:
    """Give every row an image of its own, but for five rows of the test, which show images of training changed."""
    from PIL import Image

    folder = root / "data/images"
    folder.mkdir(parents=True)

    def pictured(frame: pd.DataFrame, path: str) -> pd.DataFrame:
        files = []
        for number in range(len(frame)):
            repeated = path == TEST and number < 5
            seed = number if path == TRAIN or repeated else 10_000 + number
            blots = np.random.default_rng(seed).integers(0, 255, size=(6, 6), dtype=np.uint8)
            image = Image.fromarray(blots).resize((64, 64), Image.Resampling.BICUBIC)
            told: dict[str, Any] = {}
            file = folder / f"{Path(path).stem}_{number}.png"
            if repeated:
                image, told = again(image)
                file = file.with_suffix(".jpg")
            image.save(file, **told)
            files.append(file.relative_to(root).as_posix())
        return frame.assign(image=files)

    add_column(root, pictured)
    declare(root, file="image")


@fault(2, "data_preparation.split_is_disjoint")
def an_image_stands_in_the_test_encoded_anew(root: Path) -> None:
    images(root, again=lambda image: (image, {"quality": 60}))


@fault(2, "data_preparation.split_is_disjoint")
def an_image_stands_in_the_test_mirrored_and_scaled(root: Path) -> None:
    from PIL import Image

    images(
        root, again=lambda image: (image.transpose(Image.Transpose.FLIP_LEFT_RIGHT).resize((50, 50)), {"quality": 80})
    )


@fault(2, "data_preparation.split_is_disjoint")
def one_file_stands_on_both_sides_under_two_names(root: Path) -> None:
    images(root, again=lambda image: (image, {"quality": 60}))
    target = pd.read_parquet(root / TEST)["image"].iloc[0]
    (root / target).write_bytes((root / "data/images/train_0.png").read_bytes())


# --- rows that were made, repeated, lost -----------------------------------------------------------


@fault(2, "data_preparation.resampling_is_confined")
def the_rare_class_was_doubled_before_the_split(root: Path) -> None:
    def doubled(frame: pd.DataFrame) -> pd.DataFrame:
        return pd.concat([frame, frame[frame["diagnosis"] == "malignant"].head(20)], ignore_index=True)

    change_table(root, TEST, doubled)
    write_manifest_anew(root)


@fault(2, "data_preparation.resampling_is_confined")
def made_rows_have_no_parent_in_training(root: Path) -> None:
    rows = sample_of_train(root, 12)
    rows[numbers(rows)] = (rows[numbers(rows)] + rows[numbers(rows)].iloc[::-1].to_numpy()) / 2
    rows["case_id"] = [f"made-{number}" for number in range(len(rows))]
    change_table(root, TRAIN, lambda frame: pd.concat([frame, rows], ignore_index=True))
    write_manifest_anew(root)


@fault(2, "data_preparation.augmentation_is_confined")
def an_augmented_child_of_a_test_row_is_in_training(root: Path) -> None:
    parents = pd.read_parquet(root / TEST).head(6)
    children = parents.assign(parent_id=parents["case_id"], case_id=[f"child-{row}" for row in range(len(parents))])
    change_table(root, TRAIN, lambda frame: pd.concat([frame.assign(parent_id=None), children], ignore_index=True))
    write_manifest_anew(root)
    settings(root, "augmentation_is_confined", parent="parent_id")


@fault(2, "data_preparation.exclusions_are_logged")
def training_rows_vanish(root: Path) -> None:
    change_table(root, TRAIN, lambda frame: frame.iloc[7:])
    write_manifest_anew(root)


@fault(2, "data_preparation.exclusions_are_logged")
def rows_are_excluded_because_the_model_gets_them_wrong(root: Path) -> None:
    gone = pd.read_parquet(root / TRAIN)["case_id"].head(3)
    change_table(root, TRAIN, lambda frame: frame.iloc[3:])
    write_manifest_anew(root)
    lines = "".join(f"{key},hard\n" for key in gone)
    (root / PREPARATION / "exclusions.csv").write_text(f"key,rule\n{lines}")
    settings(root, "exclusions_are_logged", rules={"hard": "misclassified by the first model"})


@fault(2, "data_preparation.exclusions_do_not_shift_the_data")
def small_nuclei_of_the_ill_are_left_out(root: Path) -> None:
    raw = pd.read_parquet(root / RAW)
    ill = raw[raw["diagnosis"] == "malignant"]
    gone = set(ill.sort_values("mean_area")["case_id"].head(60))
    for path in (TRAIN, TEST, *(f"data/production/batch_{number}.parquet" for number in (1, 2, 3))):
        change_table(root, path, lambda frame: frame[~frame["case_id"].isin(gone)])
    write_manifest_anew(root)


@fault(2, "data_preparation.train_and_test_agree")
def the_split_follows_the_size(root: Path) -> None:
    both = pd.concat([pd.read_parquet(root / path) for path in (TRAIN, TEST)]).sort_values("mean_area")
    half = len(pd.read_parquet(root / TRAIN))
    both.head(half).to_parquet(root / TRAIN, index=False)
    both.tail(len(both) - half).to_parquet(root / TEST, index=False)
    write_manifest_anew(root)


@fault(2, "data_preparation.train_and_test_agree")
def the_test_was_scaled_by_other_code(root: Path) -> None:
    change_table(root, TEST, lambda frame: frame.assign(mean_texture=frame["mean_texture"] - 4.0))
    write_manifest_anew(root)


# --- what may be used, and how gaps are filled -------------------------------------------------------


@fault(2, "data_preparation.features_are_permitted")
def a_sensitive_column_is_a_feature(root: Path) -> None:
    add_column(root, lambda frame, _: frame.assign(sex=[number % 2 for number in range(len(frame))]))
    declare(root, sensitive=["sex"])


@fault(2, "data_preparation.features_are_permitted")
def a_forbidden_feature_is_used(root: Path) -> None:
    settings(root, "features_are_permitted", forbidden={"worst_*": "the operator picks the worst nuclei"})


def gaps(frame: pd.DataFrame, column: str, share: float, rows: Any = None) -> pd.DataFrame:
    chosen = np.random.default_rng(0).random(len(frame)) < share
    return frame.assign(**{column: frame[column].mask(chosen if rows is None else chosen & rows)})


@fault(2, "data_preparation.imputation_is_bounded")
def a_column_is_mostly_missing(root: Path) -> None:
    change_table(root, RAW, lambda frame: gaps(frame, "mean_texture", 0.7))


@fault(2, "data_preparation.imputation_is_bounded")
def a_column_is_missing_in_one_class(root: Path) -> None:
    change_table(root, RAW, lambda frame: gaps(frame, "mean_texture", 0.8, frame["diagnosis"] == "malignant"))


@fault(2, "data_preparation.missingness_is_not_informative")
def gaps_tell_the_diagnosis(root: Path) -> None:
    change_table(root, RAW, lambda frame: gaps(frame, "mean_texture", 0.5, frame["diagnosis"] == "malignant"))
    settings(root, "missingness_is_not_informative", limits={"informative": {"none": True}})


@fault(2, "data_preparation.imputers_are_compared")
def nobody_says_how_gaps_are_filled(root: Path) -> None:
    add_column(root, lambda frame, _: gaps(frame, "mean_texture", 0.2))


@fault(2, "data_preparation.imputation_keeps_the_shape")
def gaps_are_filled_with_a_constant(root: Path) -> None:
    change_table(root, RAW, lambda frame: gaps(frame, "mean_texture", 0.3))
    holes = pd.read_parquet(root / RAW).query("mean_texture.isna()")["case_id"]
    add_column(
        root, lambda frame, _: frame.assign(mean_texture=frame["mean_texture"].mask(frame["case_id"].isin(holes), 0.0))
    )
    settings(root, "imputation_keeps_the_shape", limits={"moved_distributions": {"none": True}})


@fault(2, "data_preparation.strategies_are_compared")
def a_rare_class_was_never_thought_of(root: Path) -> None:
    change_table(
        root,
        TRAIN,
        lambda frame: pd.concat(
            [frame[frame["diagnosis"] == "benign"], frame[frame["diagnosis"] == "malignant"].head(20)]
        ),
    )
    write_manifest_anew(root)
    settings(root, "strategies_are_compared", chosen="smote")


@fault(2, "data_preparation.filters_are_evaluated")
def a_filter_throws_signal_away(root: Path) -> None:
    (root / "src/tumour/smoothing.py").write_text(
        "def flat(frame):\n    return frame.assign(mean_concave_points=frame['mean_concave_points'].mean())\n"
    )
    told = {"name": "flat", "function": "tumour.smoothing:flat", "columns": ["mean_concave_points"]}
    settings(root, "filters_are_evaluated", filters=[told])


# --- units -------------------------------------------------------------------------------------------


@fault(2, "data_preparation.units_are_declared")
def a_column_has_no_unit(root: Path) -> None:
    rewrite_pattern(
        root, f"{UNDERSTANDING}/data_description.md", r"(?m)^(\| mean_radius \|[^|]*\|) pixel (\|)", r"\1  \2"
    )


@fault(2, "data_preparation.units_are_declared")
def a_column_mixes_two_units(root: Path) -> None:
    path = f"{UNDERSTANDING}/data_description.md"
    rewrite_pattern(root, path, r"(?m)^(\| mean_radius \|[^|]*\|) pixel (\|)", r"\1 pixel or mm \2")


@fault(2, "data_preparation.no_hidden_unit_change")
def a_batch_of_production_comes_in_another_unit(root: Path) -> None:
    change_table(root, PRODUCTION, lambda frame: frame.assign(mean_texture=frame["mean_texture"] * 1000))


@fault(2, "data_preparation.no_hidden_unit_change")
def a_part_of_raw_comes_in_another_unit(root: Path) -> None:
    def mixed(frame: pd.DataFrame) -> pd.DataFrame:
        later = np.arange(len(frame)) >= 400
        return frame.assign(mean_radius=frame["mean_radius"].where(~later, frame["mean_radius"] * 1000))

    change_table(root, RAW, mixed)
