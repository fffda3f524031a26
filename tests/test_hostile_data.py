"""Hostile tables, suites and registries: refused in one message, nothing run, and no cell told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import tiny

from crispq import NotMeasurable
from crispq.commands.data.diff import diff
from crispq.commands.data.profile import profile
from crispq.commands.data.register import register
from crispq.errors import UsageMistake
from crispq.evidence.suites import read_suite
from crispq.evidence.suites.conditions import is_code
from crispq.evidence.tables import TableData

REGISTRY = "1_business_and_data_understanding/data_versions.json"
SUITE = "1_business_and_data_understanding/expectations/raw.json"
CONFIG = {"data": {"key": "id", "target": "ill", "positive": "yes", "tables": {"raw": "raw.csv"}}}
BETWEEN = "expect_column_values_to_be_between"
VERSION = {"table": "raw", "version": 1, "rows": 1, "columns": {"age": "number"}, "content": "x", "summary": {}}


def project(root: Path, csv: str) -> Path:
    tiny.make_project(root, config=CONFIG)
    (root / "raw.csv").write_text(csv)
    return root


def people(rows: int = 40, **cells: Any) -> str:
    """A table of people; a function in `cells` gives a further column."""
    head = ",".join(["id", "age", "ill", *cells])
    lines = (
        ",".join([f"P{row}", str(20 + row), "yes" if row % 2 else "no", *(str(one(row)) for one in cells.values())])
        for row in range(rows)
    )
    return "\n".join([head, *lines, ""])


def suite(*kwargs: dict[str, Any], type_: str = BETWEEN) -> str:
    return json.dumps({"name": "raw", "expectations": [{"type": type_, "kwargs": one} for one in kwargs]})


# --- suites --------------------------------------------------------------------------------------

CODE = [
    "@os.system('touch {}') == 0",
    "age.to_csv('{}') == age",
    "age.values.tofile('{}') == age",
    "age.__class__.mro()[0] == age",
    "`age` == '`' or age.to_csv('{}') == '`'",
    "__pd_eval_local_os.system('{}') == 0",
    "age > 9 ** 9 ** 9",
    "age > 3\nage.to_csv('{}')",
    "[one for one in age] == age",
]


@pytest.mark.parametrize("condition", CODE)
def test_a_condition_that_is_code_is_never_run(condition: str, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    asked = {"column": "age", "min_value": 0, "condition_parser": "pandas"}
    asked["row_condition"] = condition.replace("{}", str(canary))

    with pytest.raises(NotMeasurable, match=r"raw\.json:1: row_condition may compare columns"):
        read_suite(suite(asked), table="raw", path=SUITE)
    assert not canary.exists()


def test_code_in_a_condition_that_is_an_object_is_refused() -> None:
    inner = {"type": "pass_through", "pass_through_filter": "age.to_csv('x') == age"}

    assert is_code({"type": "and", "conditions": [inner]})


@pytest.mark.parametrize(
    "condition",
    [
        *CODE,
        'col("age") > 3 and age.to_csv("{}") == age',
        'col("age` + age.to_csv(1) + `age") > 3',
        'col("__pd_eval_local_os") > 3',
        """col("site") == "x' or age.to_csv(1) == '" """,
        "col('age') > 3",
    ],
)
def test_the_librarys_own_grammar_is_read_whole_or_not_at_all(condition: str) -> None:
    asked = {"column": "age", "min_value": 0, "row_condition": condition, "condition_parser": "great_expectations"}

    with pytest.raises(NotMeasurable, match="row_condition may compare columns"):
        read_suite(suite(asked), table="raw", path=SUITE)


@pytest.mark.parametrize("condition", ['col("age") >= 3.5', 'col("my site") == "A b"', 'col("age").notNull()'])
def test_the_librarys_own_grammar_is_for_its_own_parser(condition: str) -> None:
    assert not is_code(condition, "great_expectations")
    assert is_code(condition, "pandas")
    assert is_code(condition)


@pytest.mark.parametrize("name", ["a` == 1 or age.to_csv('x') == `b", "it's", "__pd_eval_local_os"])
def test_a_name_in_a_condition_that_is_an_object_stays_a_name(name: str) -> None:
    one = {"type": "comparison", "column": {"name": name}, "operator": "==", "parameter": 1}

    assert is_code(one)
    assert is_code({"type": "or", "conditions": [one]})
    assert not is_code({**one, "column": {"name": "my site"}, "parameter": "it's"})


@pytest.mark.parametrize(
    "condition",
    [
        "age > 3 and `my site` == 'a@b'",
        "(age > 3) & ~(site.isin(['A', 'B']))",
        'site.str.contains("x", na=False)',
        "visited >= Timestamp('2024-01-01')",
        "age.notnull() and age / 2 < 30",
        "visited.dt.year == 2024",
        "name == 'it`s' or name == \"O'Neill\"",
    ],
)
def test_plain_conditions_are_not_taken_for_code(condition: str) -> None:
    assert not is_code(condition)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        suite({"column": "age", "max_value": 1}).replace(": 1}", f": {'9' * 5000}}}"),
        suite({"column": "age", "max_value": 1}).replace(": 1}", ": 1e999}"),
        suite({"column": "age", "regex": "((("}, type_="expect_column_values_to_match_regex"),
        suite({"column": "age", "regex": "(" * 3000 + ")" * 3000}, type_="expect_column_values_to_match_regex"),
    ],
    ids=["depth", "digits", "infinity", "regex", "nested regex"],
)
def test_a_suite_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(NotMeasurable, match=r"raw\.json"):
        read_suite(text, table="raw", path=SUITE)


def test_rows_are_numbered_whatever_the_columns_are_called(tmp_path: Path) -> None:
    (tmp_path / "raw.csv").write_text(people(n=lambda row: f"canary{row}", crispq_row=lambda row: f"canary{row}"))
    table = TableData(name="raw", root=tmp_path, paths=("raw.csv",))
    [outcome] = table.hold(read_suite(suite({"column": "age", "max_value": 57}), table="raw", path=SUITE))

    assert (39, 40) == outcome.examples


# --- registries ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "odd",
    [
        {"version": True},
        {"version": -1},
        {"rows": 10**400},
        {"summary": {"age": {}}},
        {"summary": {"age": 3}},
        {"summary": {"age": {"kind": "number", "missing": "b"}}},
        {"summary": {"age": {"kind": "number", "missing": 0, "quantiles": {"0.5": "b"}}}},
        {"summary": {"age": {"kind": "number", "missing": 0, "counts": {"a": "b"}, "other": 1}}},
        {"labels": [1]},
        {"files": 3},
        {"when": 3},
    ],
)
def test_a_registry_that_was_tampered_with_is_refused(odd: dict[str, Any], tmp_path: Path) -> None:
    root = project(tmp_path, people())
    written = json.dumps({"schema": "crispq/data_versions/1", "versions": [VERSION | odd]})
    (root / REGISTRY).write_text(written)

    for verb in (lambda: register(root, "raw", reason="x"), lambda: diff(root, "raw", "raw@1")):
        with pytest.raises(UsageMistake, match="entry 1 has no"):
            verb()
    assert written == (root / REGISTRY).read_text()


def test_a_registry_of_brackets_is_refused(tmp_path: Path) -> None:
    root = project(tmp_path, people())
    (root / REGISTRY).write_text("[" * 100_000)

    with pytest.raises(UsageMistake, match="is no JSON"):
        register(root, "raw", reason="x")


@pytest.mark.parametrize("number", ["²", "9" * 5000, "-1", "", "1.0"])
def test_a_version_that_is_no_number_is_refused(number: str, tmp_path: Path) -> None:
    with pytest.raises(UsageMistake, match="TABLE@NUMBER"):
        diff(project(tmp_path, people()), f"raw@{number}", "raw")


# --- what is told of people ----------------------------------------------------------------------


def test_no_telephone_number_stands_in_the_registry(tmp_path: Path) -> None:
    root = project(tmp_path, people(phone=lambda row: 4915112345678 + 7919 * row))
    register(root, "raw")

    assert "49151" not in (root / REGISTRY).read_text()


def test_a_rare_label_is_not_told(tmp_path: Path) -> None:
    root = project(tmp_path, people() + "P98,80,canary\n")
    register(root, "raw")
    text = (root / REGISTRY).read_text()

    assert "canary" not in text
    assert {"no": 20, "yes": 20, "rare labels": 1} == json.loads(text)["versions"][0]["labels"]


def test_a_proposal_from_one_row_does_not_tell_the_row(tmp_path: Path) -> None:
    root = project(tmp_path, "id,age,ill,name\nSecretCanary,3,yes,Zyx Canary\n")

    assert "Canary" not in " ".join(profile(root, "raw").told)


# --- files ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", ["1_business_and_data_understanding/expectations", ".crispq/versions"])
def test_nothing_is_written_through_a_link_that_leads_out(folder: str, tmp_path: Path) -> None:
    root = project(tmp_path / "p", people())
    outside = tmp_path / "outside"
    outside.mkdir()
    (root / folder).parent.mkdir(exist_ok=True)
    (root / folder).symlink_to(outside)

    with pytest.raises(UsageMistake, match="leads out of the project"):
        profile(root, "raw", write=True) if "expectations" in folder else register(root, "raw")
    assert [] == list(outside.iterdir())


def test_a_name_that_is_a_pattern_does_not_stand_for_another_file(tmp_path: Path) -> None:
    root = project(tmp_path, people())
    for name in ("a[1].csv", "a1.csv"):
        (root / name).write_text(people(41))

    with pytest.raises(UsageMistake, match=r"a\[1\]\.csv: .* rename the file"):
        diff(root, "a[1].csv", "raw")


def test_what_a_killed_writer_left_is_swept(tmp_path: Path) -> None:
    root = project(tmp_path, people())
    stray = root / ".crispq/versions/.crispq-killed"
    stray.mkdir(parents=True)
    (stray / "raw-1.parquet").write_bytes(b"half")
    register(root, "raw")

    assert not stray.exists()
    assert {".gitignore", "salt", "raw-1.parquet"} == {one.name for one in stray.parent.iterdir()}


def test_a_folder_above_the_project_gives_no_column(tmp_path: Path) -> None:
    root = tmp_path / "run=3"
    root.mkdir()
    (root / "a.csv").write_text(people())
    pd.read_csv(root / "a.csv").to_parquet(root / "a.parquet")

    for file in ("a.csv", "a.parquet"):
        assert ("id", "age", "ill") == TableData(name="raw", root=root, paths=(file,)).columns
