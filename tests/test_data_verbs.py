"""`crispq data register`, `diff` and `profile`, and what a table's content is, whatever file it lies in."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tiny
from typer.testing import CliRunner

from crispq import Evidence, NotMeasurable
from crispq.cli import app
from crispq.commands.data.changes import words_of
from crispq.commands.data.diff import diff
from crispq.commands.data.look import Profile, look_at
from crispq.commands.data.profile import profile
from crispq.commands.data.register import register
from crispq.commands.data.suite import shape_regex
from crispq.commands.data.units import unit_of
from crispq.errors import UsageMistake
from crispq.evidence.contents import Kind, content_digest
from crispq.evidence.tables import TableData
from crispq.project import load_project

REGISTRY = "1_business_and_data_understanding/data_versions.json"
CONFIG = {"data": {"key": "id", "target": "ill", "positive": "yes", "tables": {"raw": "raw.csv"}}}


def people(rows: int = 60) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": [f"P{row:03d}" for row in range(rows)],
            "age_years": [20.0 + row for row in range(rows)],
            "site": ["north", "south", "north"] * (rows // 3),
            "ill": ["yes", "no"] * (rows // 2),
        }
    )


def project(root: Path, frame: pd.DataFrame, **data: Any) -> Path:
    tiny.make_project(root, config=tiny.merged(CONFIG, {"data": data}))
    frame.to_csv(root / "raw.csv", index=False)
    return root


def digest(root: Path, path: str) -> str:
    return content_digest(TableData(name=path, root=root, paths=(path,)))


# --- content -------------------------------------------------------------------------------------


def test_the_content_is_the_same_in_any_file_and_order(tmp_path: Path) -> None:
    frame = people().assign(
        day=pd.date_range("2026-01-01", periods=60), gap=[np.nan, 0.1, 1e-7] * 20, ok=[True, False] * 30
    )
    frame.to_csv(tmp_path / "a.csv", index=False)
    shuffled = frame.sample(frac=1, random_state=0)[["ok", "gap", "day", "ill", "site", "age_years", "id"]]
    shuffled.astype({"site": "category"}).to_parquet(tmp_path / "b.parquet", index=False)

    assert digest(tmp_path, "a.csv") == digest(tmp_path, "b.parquet")


def test_the_content_of_a_table_never_changes_its_name(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('id,x,when,note\n1,1.50,2026-01-01,"a, ""b"""\n2,,2026-01-02,é\n3,-0.0,,NA\n')

    assert "5820a780be04f9b862c42bd6eef6c6e2433c304d85377de1c5c3a166fce91788" == digest(tmp_path, "a.csv")


@pytest.mark.parametrize("change", [{"age_years": 21.5}, {"site": "North"}, {"site": None}, {"id": "P999"}])
def test_one_other_cell_is_another_content(change: dict[str, Any], tmp_path: Path) -> None:
    frame = people()
    frame.to_parquet(tmp_path / "a.parquet")
    for name, value in change.items():
        frame.loc[5, name] = value
    frame.to_parquet(tmp_path / "b.parquet")

    assert digest(tmp_path, "a.parquet") != digest(tmp_path, "b.parquet")


def test_two_cells_that_change_places_are_another_content(tmp_path: Path) -> None:
    frame = people()
    frame.to_parquet(tmp_path / "a.parquet")
    frame.loc[[1, 2], "age_years"] = frame.loc[[2, 1], "age_years"].to_numpy()
    frame.to_parquet(tmp_path / "b.parquet")

    assert digest(tmp_path, "a.parquet") != digest(tmp_path, "b.parquet")


# --- register ------------------------------------------------------------------------------------


def test_a_second_version_says_what_changed_row_by_row(tmp_path: Path) -> None:
    root = project(tmp_path, people())
    first = register(root, "raw", reason="export of the register")
    changed = people(66).iloc[1:]
    changed.loc[10, "ill"] = "no"
    changed.to_csv(root / "raw.csv", index=False)
    second = register(root, "raw", reason="six new patients, one label corrected")

    assert {"added": 6, "removed": 1, "changed": 1, "labels_flipped": 1} == second.version["change"]["by_row"]
    assert 5 == second.version["change"]["rows"]
    assert [1, 2] == [one["version"] for one in json.loads((root / REGISTRY).read_text())["versions"]]
    assert None is first.version["change"]


def test_the_same_content_twice_changes_nothing(tmp_path: Path) -> None:
    root = project(tmp_path, people())
    register(root, "raw")
    before = (root / REGISTRY).read_bytes()
    people().sample(frac=1, random_state=1).to_csv(root / "raw.csv", index=False)

    assert not register(root, "raw").new
    assert before == (root / REGISTRY).read_bytes()


def test_a_later_version_without_a_reason_is_refused_with_the_difference(tmp_path: Path) -> None:
    root = project(tmp_path, people())
    register(root, "raw")
    before = (root / REGISTRY).read_bytes()
    people(30).to_csv(root / "raw.csv", index=False)
    done = CliRunner().invoke(app, ["data", "register", "raw", "--project", str(root)])

    assert isinstance(done.exception, UsageMistake)
    assert "--reason" in str(done.exception)
    assert "rows: -30" in str(done.exception)
    assert before == (root / REGISTRY).read_bytes()


def test_the_registry_tells_no_key_and_no_rare_value(tmp_path: Path) -> None:
    frame = people().assign(site=["north"] * 59 + ["the only village"])
    root = project(tmp_path, frame)
    register(root, "raw")
    told = (root / REGISTRY).read_text()

    assert "P001" not in told
    assert "the only village" not in told
    assert "*\n" == (root / ".crispq/versions/.gitignore").read_text()


def test_a_damaged_registry_is_never_written_over(tmp_path: Path) -> None:
    root = project(tmp_path, people())
    (root / REGISTRY).write_text('{"schema": "crispq/data_versions/1"}')

    with pytest.raises(UsageMistake, match="restore it from git"):
        register(root, "raw")


# --- diff ----------------------------------------------------------------------------------------


def test_a_diff_of_tables_versions_and_files(tmp_path: Path) -> None:
    root = project(tmp_path, people())
    register(root, "raw")
    people().assign(age_years=lambda one: one["age_years"] * 10).to_parquet(root / "other.parquet")

    assert diff(root, "raw", "raw@1").equal
    found = diff(root, "raw@1", "other.parquet")
    assert not found.equal
    assert 60 == found.document["by_row"]["changed"]
    assert found.document["distance"]["age_years"] > 0.9
    assert any("age_years" in line for line in found.lines)


def test_a_diff_ends_with_its_exit_code(tmp_path: Path) -> None:
    root = project(tmp_path, people())
    people(30).to_csv(root / "less.csv", index=False)
    codes = [
        CliRunner().invoke(app, ["data", "diff", "raw", other, "-C", str(root), "-o", "json"])
        for other in ("raw", "less.csv")
    ]

    assert [0, 1] == [one.exit_code for one in codes]
    assert "crispq/data_diff/1" == json.loads(codes[1].stdout)["schema"]


@pytest.mark.parametrize("word", ["rwa", "raw@2", "raw@x", "../outside.csv", "absent.csv"])
def test_a_diff_refuses_what_it_does_not_know(word: str, tmp_path: Path) -> None:
    root = project(tmp_path, people())
    register(root, "raw")

    with pytest.raises(UsageMistake):
        diff(root, "raw", word)


def test_nothing_but_moved_cells_is_told_in_words() -> None:
    nothing: dict[str, Any] = {"rows": 0, "columns": {"added": [], "removed": [], "retyped": {}}, "labels": {}}

    assert "cells moved" in words_of(nothing | {"missing": {}, "distance": {}})[0]


# --- profile -------------------------------------------------------------------------------------


def seen(root: Path, frame: pd.DataFrame) -> Profile:
    frame.to_parquet(root / "a.parquet")
    return look_at(root / "a.parquet")


def test_a_proposed_suite_holds_on_its_data_and_is_not_written_over(tmp_path: Path) -> None:
    frame = people(120).assign(dose_mg=np.where(np.arange(120) % 10 == 0, np.nan, np.arange(120.0)))
    root = project(tmp_path, frame)
    found = profile(root, "raw", write=True)
    door = Evidence(load_project(root), "business_and_data_understanding")

    assert all(outcome.holds for outcome in door.table("raw").hold(door.suite("raw")))
    assert all(one["meta"]["proposed"] for one in found.suite["expectations"])
    assert "| `dose_mg` |  | mg | number |  |" in found.columns
    assert "| `ill` |  | - | text | after |" in found.columns
    with pytest.raises(UsageMistake, match="--force"):
        profile(root, "raw", write=True)


def test_pairs_in_order_and_shapes_are_found(tmp_path: Path) -> None:
    rows = np.arange(60)
    frame = pd.DataFrame(
        {
            "pressure_low": 60.0 + rows % 30,
            "pressure_high": 65.0 + rows % 30 + rows % 7,
            "came": pd.Timestamp("2026-01-01") + pd.to_timedelta(rows, unit="D"),
            "went": pd.Timestamp("2026-01-03") + pd.to_timedelta(rows, unit="D"),
            "code": [f"AB-{row:04d}" for row in rows],
        }
    )
    found = seen(tmp_path, frame)

    assert {("pressure_high", "pressure_low"), ("went", "came")} == set(found.pairs)
    code = found.column("code")
    assert code is not None
    assert r"^AB\-[0-9]{4}$" == shape_regex(code.shapes, code.prefix)


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("length_mm", "mm"),
        ("glucose_mg_dl", "mg/dl"),
        ("latency_ms", "ms"),
        ("age", "year"),
        ("patientAge", "year"),
        ("temperature_min", ""),
        ("waiting_time_min", "min"),
        ("mean_texture", ""),
    ],
)
def test_units_are_guessed_by_name(name: str, unit: str) -> None:
    assert unit == unit_of(name, Kind.NUMBER)


# --- tables of files -----------------------------------------------------------------------------


def images(root: Path, **paths: str) -> Path:
    (root / "images").mkdir(parents=True)
    rows = []
    for name, text in {"a": "one", "b": "two"}.items():
        (root / f"images/{name}.txt").write_text(text)
        rows.append((paths.get(name, f"images/{name}.txt"), hashlib.sha256(text.encode()).hexdigest(), "yes", "g1"))
    frame = pd.DataFrame(rows, columns=["image", "sha256", "ill", "patient"])
    return project(root, frame, key="image", file="image", digest="sha256", group="patient")


def test_a_manifest_hands_over_files_labels_and_groups(tmp_path: Path) -> None:
    door = Evidence(load_project(images(tmp_path)), "business_and_data_understanding")
    rows = door.manifest("raw")

    assert ["images/a.txt", "images/b.txt"] == [row.path for row in rows]
    assert [("yes", "g1")] * 2 == [(row.label, row.group) for row in rows]
    assert all(row.digest == door.digest(row.path) for row in rows)


@pytest.mark.parametrize("path", ["/etc/passwd", "../a.txt", "images/../../a.txt"])
def test_a_manifest_does_not_lead_out_of_the_project(path: str, tmp_path: Path) -> None:
    door = Evidence(load_project(images(tmp_path, a=path)), "business_and_data_understanding")

    with pytest.raises(NotMeasurable, match="row 1"):
        door.manifest("raw")


def test_a_manifest_is_registered_with_its_files_or_not_at_all(tmp_path: Path) -> None:
    root = images(tmp_path)
    (root / "images/b.txt").write_text("another")

    with pytest.raises(UsageMistake, match=r"1 of 2 files of 'raw'"):
        register(root, "raw")
    assert not (root / REGISTRY).exists()
