"""Faults of versions and schemas: data that changes in silence, and suites that have gone blunt."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
from seeded import MODELING, PREPARATION, RAW, UNDERSTANDING, change_json, change_table, fault, latest_run, rewrite

PHASE = "business_and_data_understanding"
REGISTRY = Path(UNDERSTANDING) / "data_versions.json"
SUITE = Path(UNDERSTANDING) / "expectations/raw.json"


def change_suite(root: Path, keep: Any) -> None:
    """Leave only those expectations for which `keep(type, kwargs)` is true."""

    def change(body: dict[str, Any]) -> None:
        body["expectations"] = [one for one in body["expectations"] if keep(one["type"], one["kwargs"])]

    change_json(root, root / SUITE, change)


@fault(1, f"{PHASE}.data_is_versioned")
def a_value_is_corrected_in_the_raw_file(root: Path) -> None:
    def change(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(mean_area=frame["mean_area"].where(frame.index != 7, frame["mean_area"] + 0.5))

    change_table(root, RAW, change)


@fault(1, f"{PHASE}.data_is_versioned")
def ten_labels_flip_in_the_raw_file(root: Path) -> None:
    def change(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(diagnosis=frame["diagnosis"].where(frame.index > 9, "benign"))

    change_table(root, RAW, change)


@fault(1, f"{PHASE}.data_is_versioned")
def a_pointer_lies_where_the_data_should_be(root: Path) -> None:
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 112233\n"
    (root / RAW).write_text(pointer)


@fault(1, f"{PHASE}.data_is_versioned")
def a_run_cites_data_of_no_version(root: Path) -> None:
    change_json(root, latest_run(root), lambda body: body.update(data={"data/prepared/train.parquet": "f" * 64}))


@fault(1, f"{PHASE}.data_is_versioned")
def the_split_was_made_of_another_file(root: Path) -> None:
    change_json(root, root / PREPARATION / "split.json", lambda body: body["source"].update(sha256="e" * 64))


@fault(1, f"{PHASE}.data_is_versioned")
def the_registry_is_deleted(root: Path) -> None:
    (root / REGISTRY).unlink()
    assert (root / MODELING).is_dir()


@fault(1, f"{PHASE}.data_changes_are_explained")
def a_second_version_has_no_reason(root: Path) -> None:
    _second_version(root, reason="update")


@fault(1, f"{PHASE}.data_changes_are_explained")
def labels_flip_from_one_version_to_the_next(root: Path) -> None:
    _second_version(root, reason="The laboratory sent a new export of its register", flipped=9)


@fault(1, f"{PHASE}.data_changes_are_explained")
def the_document_forgets_the_version(root: Path) -> None:
    rewrite(root, f"{UNDERSTANDING}/data_versions.md", "| 1 | ", "| 0 | ")


def _second_version(root: Path, *, reason: str, flipped: int = 0) -> None:
    """A version 2 with the rows of version 1, of which some have another label."""

    def change(body: dict[str, Any]) -> None:
        [first] = body["versions"]
        second = json.loads(json.dumps(first)) | {"version": 2, "content": "a" * 64, "reason": reason}
        second["labels"] = {"benign": 357 + flipped, "malignant": 212 - flipped}
        second["summary"]["diagnosis"]["counts"] = second["labels"]
        second["change"] = {
            "since": 1,
            "rows": 0,
            "columns": {"added": [], "removed": [], "retyped": {}},
            "missing": {},
            "labels": {"benign": flipped, "malignant": -flipped} if flipped else {},
            "distance": {"diagnosis": round(flipped / 569, 4)},
            "by_row": {"added": 0, "removed": 0, "changed": flipped, "labels_flipped": flipped},
        }
        body["versions"].append(second)

    change_json(root, root / REGISTRY, change)
    row = f"| 2 | 2026-11-20 | 569 | `{'a' * 64}` | see the registry | data_scientist |\n"
    page = root / UNDERSTANDING / "data_versions.md"
    lines = page.read_text().splitlines(keepends=True)
    last = max(number for number, line in enumerate(lines) if line.startswith("| 1 |"))
    page.write_text("".join([*lines[: last + 1], row, *lines[last + 1 :]]))


@fault(1, f"{PHASE}.schema_covers_every_column")
def a_column_is_forgotten_by_the_suite(root: Path) -> None:
    change_suite(root, lambda _, kwargs: kwargs.get("column") != "error_texture")


@fault(1, f"{PHASE}.schema_covers_every_column")
def gaps_are_no_longer_asked_for(root: Path) -> None:
    change_suite(root, lambda kind, _: kind != "expect_column_values_to_not_be_null")


@fault(1, f"{PHASE}.schema_catches_faults")
def the_ranges_are_opened_wide(root: Path) -> None:
    def change(body: dict[str, Any]) -> None:
        for one in body["expectations"]:
            if one["type"] == "expect_column_values_to_be_between":
                one["kwargs"] |= {"min_value": -1e9, "max_value": 1e9}

    change_json(root, root / SUITE, change)


@fault(1, f"{PHASE}.schema_catches_faults")
def a_mean_is_pinned_to_the_sample(root: Path) -> None:
    mean = float(pd.read_parquet(root / RAW)["mean_texture"].mean())
    near = {"column": "mean_texture", "min_value": mean - 0.01, "max_value": mean + 0.01}

    def change(body: dict[str, Any]) -> None:
        body["expectations"].append({"type": "expect_column_mean_to_be_between", "kwargs": near, "meta": {}})

    change_json(root, root / SUITE, change)
