"""`crispq new`: from answers and a table to a project that loads, holds and runs; when it fails, nothing is left."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import crispq.commands.new as verb
from crispq.commands.data import look as profile
from crispq.commands.new import Made, Question, data_answers, new, read_answers
from crispq.commands.scaffold import render
from crispq.errors import UsageMistake
from crispq.evidence.documents import GUIDANCE, parse
from crispq.evidence.tables import TableData
from crispq.process import documents_of, phases, risks_of, tasks_of
from crispq.project import load_project

HOSTILE = "<img src=x onerror=alert(1)>"
QUOTED = 'it\'s "q" \\ {{ x }} | y'
FIRST = "1_business_and_data_understanding"
ODD = {"target": "Befund", "positive": "krank", "key": "Fall Nr", "sensitive": "Größe (cm)"}


def odd_table(path: Path) -> Path:
    """Semicolons, and names with spaces, umlauts, quotes, a no-break space, HTML and Jinja."""
    rows, random = 400, np.random.default_rng(0)
    size = random.normal(170, 10, rows).round(1)
    frame = pd.DataFrame(
        {
            "Fall Nr": np.arange(rows) + 1000,
            "Größe (cm)": np.where(random.random(rows) < 0.1, np.nan, size),
            HOSTILE: random.integers(0, 9, rows),
            QUOTED: random.choice(["NA", "NO", 'bl"au', ""], rows),
            "ist\u00a0ok": random.choice(["true", "false", ""], rows),
            "Datum": (pd.Timestamp("2024-01-01") + pd.to_timedelta(random.integers(0, 500, rows), unit="D")).strftime(
                "%Y-%m-%d"
            ),
            "leer": [""] * rows,
            "Befund": np.where(size + random.normal(0, 5, rows) > 170, "krank", "gesund"),
        }
    )
    frame.to_csv(path, sep=";", index=False)
    return path


def wide_table(path: Path) -> Path:
    """50 columns of mixed types, some with gaps, one empty, one constant."""
    rows, random = 300, np.random.default_rng(1)
    columns: dict[str, Any] = {"row_id": np.arange(rows)}
    columns |= {f"n{i}": random.normal(size=rows) * 10.0 ** (i % 6 - 2) for i in range(20)}
    columns |= {f"i{i}": random.integers(-5, 1000, rows) for i in range(7)}
    columns |= {f"c{i}": random.choice(list("abcdef")[: i % 5 + 2], rows) for i in range(8)}
    columns |= {f"b{i}": random.choice([True, False], rows) for i in range(4)}
    columns |= {f"t{i}": [f"text {v}" for v in random.integers(0, 10**6, rows)] for i in range(3)}
    columns["when"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(random.integers(0, 500_000, rows), unit="s")
    columns |= {"empty": [None] * rows, "constant": 7, "site": random.integers(1, 40, rows)}
    frame = pd.DataFrame(columns)
    frame.loc[random.random(rows) < 0.2, ["n3", "i2", "c4"]] = None
    frame["y"] = frame["n0"] * 300 + random.normal(size=rows) + frame["i0"] / 100
    frame["grade"] = pd.qcut(frame["y"], 3, labels=["low", "mid", "high"]).astype(str)
    frame["whole_gaps"] = np.where(random.random(rows) < 0.1, np.nan, random.integers(0, 5, rows))
    assert len(frame.columns) == 50
    frame.to_csv(path, index=False)
    return path


def long_table(path: Path) -> Path:
    rows, random = 200_000, np.random.default_rng(2)
    size = random.normal(size=rows)
    noise = random.normal(size=rows)
    frame = pd.DataFrame({"id": np.arange(rows), "size": size, "site": random.choice(list("xyz"), rows)})
    frame.assign(target=(size + noise > 0).astype(int)).to_csv(path, index=False)
    return path


def make(tmp_path: Path, name: str = "made", **answers: Any) -> Made:
    return new(tmp_path / name, answers=answers)


def git(folder: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=True).stdout


def run(folder: Path, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(folder / "src"), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-W", "error::UserWarning", *words]
    return subprocess.run(
        command, cwd=folder, env=environment, input=given, capture_output=True, text=True, check=False
    )


#: Runs scripts one after the other in one process, so that scikit-learn is imported once; a refusal is an answer too.
RUN_SCRIPTS = """
import runpy, sys
for script in sys.argv[1:]:
    sys.argv = script.split()
    try:
        runpy.run_path(sys.argv[0], run_name="__main__")
    except SystemExit as ended:
        print(f"exit: {ended.code}")
"""
ROAD = ("2_data_preparation/prepare.py", "3_modeling/train.py", "4_evaluation/evaluate.py")


def run_scripts(folder: Path, *scripts: str) -> list[str]:
    """The lines that the scripts print; a refusal begins with `exit:`."""
    done = run(folder, "-c", RUN_SCRIPTS, *scripts)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def raw_table(made: Made) -> TableData:
    path = made.project.data.tables["raw"]
    return TableData(name="raw", root=made.directory, paths=(path,))


def suite(made: Made) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((made.directory / FIRST / "expectations/raw.json").read_text(encoding="utf-8"))
    return value


def failed_expectations(made: Made) -> list[str]:
    """What Great Expectations itself says of the proposed suite, on the frames that crispq's checks see."""
    logging.disable(logging.CRITICAL)
    import great_expectations as gx

    written = suite(made)
    loaded = gx.ExpectationSuite(name=written["name"], expectations=written["expectations"], meta=written["meta"])
    context = gx.get_context(mode="ephemeral")
    asset = context.data_sources.add_pandas("frames").add_dataframe_asset("raw")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": raw_table(made).frame()})
    results = batch.validate(loaded).results
    logging.disable(logging.NOTSET)
    assert len(written["expectations"]) == len(results)
    return [str(one.expectation_config) for one in results if not one.success]


# --- the default project -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def default(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make(tmp_path_factory.mktemp("default"), "my-first_project")


def test_a_default_project_loads_and_names_itself_after_its_folder(default: Made) -> None:
    project = load_project(default.directory)

    assert ("my-first_project", "My first project") == (project.name, project.title)
    assert "my_first_project.model:build" == project.models[0].estimator
    assert phases()[0].id == project.phase


def test_a_default_project_is_committed_on_main_and_clean(default: Made) -> None:
    assert "main\n" == git(default.directory, "branch", "--show-current")
    assert "" == git(default.directory, "status", "--porcelain")
    assert default.files == len(git(default.directory, "ls-files").splitlines())


def test_every_task_risk_and_document_of_the_process_stands_in_its_phase(default: Made) -> None:
    for plan in default.project.phases:
        assert [one.id for one in tasks_of(plan.phase)] == [one.task for one in plan.tasks]
        assert [one.id for one in risks_of(plan.phase)] == [one.id for one in plan.risks]
        assert [one.id for one in documents_of(plan.phase)] == [one.name for one in plan.documents]
        assert plan.signoffs


def test_each_document_has_its_sections_and_guidance_to_be_replaced(default: Made) -> None:
    for plan in default.project.phases:
        kinds = {one.id: one for one in documents_of(plan.phase)}
        for entry in plan.documents:
            document = parse(entry.name, entry.path, (default.directory / entry.path).read_text(encoding="utf-8"))
            for section in kinds[entry.name].sections:
                found = document.section(section.title)
                assert found
                assert found.guidance_lines, f"{entry.path} {section.title}: no {GUIDANCE}"


def test_editors_find_the_schema_of_each_yaml_file(default: Made) -> None:
    for path in default.directory.rglob("*.yaml"):
        line = path.read_text(encoding="utf-8").splitlines()[0]
        assert (path.parent / line.removeprefix("# yaml-language-server: $schema=")).is_file()


def test_nothing_of_this_machine_stands_in_a_project(default: Made) -> None:
    places = (str(default.directory.parent), str(render.templates()), str(Path.home()))
    for path in default.directory.rglob("*"):
        if path.is_file() and ".git" not in path.parts:
            text = path.read_text(encoding="utf-8")
            assert not any(place in text for place in places), path
            assert path.suffix not in {".pyc", ".jinja"}


def test_the_scaffolds_own_tests_pass_and_its_code_is_clean(default: Made) -> None:
    tests = run(default.directory, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    ruff = run(default.directory, "-m", "ruff", "check", "--no-cache", ".")
    layout = run(default.directory, "-m", "ruff", "format", "--no-cache", "--check", ".")

    assert tests.returncode == 0, tests.stdout
    assert ruff.returncode == 0, ruff.stdout
    assert layout.returncode == 0, layout.stdout


def test_a_script_without_its_input_says_so_in_one_sentence(default: Made) -> None:
    scripts = (*ROAD, "5_deployment/serve.py --lines", "6_monitoring_and_maintenance/monitor.py")
    absent = (
        "data/raw/raw.csv does not exist yet",
        "data/prepared/train.parquet does not exist yet",
        "data/prepared/test.parquet does not exist yet",
        "models/my_first_project.skops does not exist yet",
        "no file matches data/production/*.csv yet",
    )

    for told, line in zip(absent, run_scripts(default.directory, *scripts), strict=True):
        assert line.startswith(f"exit: {told}: ")


def test_a_script_without_its_input_ends_with_1(default: Made) -> None:
    assert 1 == run(default.directory, ROAD[0]).returncode


def test_the_kept_answers_make_the_same_project_again(default: Made, tmp_path: Path) -> None:
    again = new(tmp_path / "again", answers=read_answers(default.directory / ".crispq/answers.yml"), git=False)

    def texts(root: Path) -> dict[str, bytes]:
        files = (path for path in root.rglob("*") if path.is_file() and not {".git", "__pycache__"} & set(path.parts))
        return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}

    assert texts(default.directory) == texts(again.directory)


@pytest.mark.parametrize(("ci", "file"), [("github", ".github/workflows/crispq.yml"), ("gitlab", ".gitlab-ci.yml")])
def test_continuous_integration_is_one_call_of_the_gate(tmp_path: Path, ci: str, file: str) -> None:
    made = new(tmp_path / "made", answers={"ci": ci}, git=False)

    assert 1 == (made.directory / file).read_text(encoding="utf-8").count("crispq gate")
    assert 1 == sum((made.directory / one).exists() for one in (".github", ".gitlab-ci.yml"))


@pytest.mark.parametrize("licence", ["Apache-2.0", "MIT", "proprietary"])
@pytest.mark.parametrize("tier", ["prototype", "regulated"])
def test_tier_and_licence_are_followed(tmp_path: Path, licence: str, tier: str) -> None:
    made = new(tmp_path / "made", answers={"licence": licence, "tier": tier, "ci": "none"}, git=False)
    signing = {role.role for plan in made.project.phases for role in plan.signoffs}
    people = {role for person in made.project.people for role in person.roles}

    assert signing <= people
    assert ("quality_manager" in signing) is (tier == "regulated")
    assert ("data_versions" in {one.name for one in made.project.phases[0].documents}) is (tier != "prototype")
    assert {"Apache-2.0": "Apache License", "MIT": "MIT License", "proprietary": "All rights reserved"}[licence] in (
        made.directory / "LICENSE"
    ).read_text(encoding="utf-8")


# --- data of the user's own ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("odd")
    return make(folder, data=str(odd_table(folder / "Odd [1] näme.csv")), title='<b>"Ein" \\ Titel</b> {{ x }}', **ODD)


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("wide")
    data = str(wide_table(folder / "wide.csv"))
    return make(folder, data=data, task="regression", target="y", key="row_id", time="when")


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("long")
    return make(folder, data=str(long_table(folder / "long.csv")), target="target")


def test_odd_names_arrive_unharmed_in_yaml_python_and_json(odd: Made) -> None:
    data = odd.project.data
    told = run(odd.directory, "-c", "from made.columns import *; import json; print(json.dumps(NUMBERS + CATEGORIES))")

    assert ("Befund", "krank", "Fall Nr", ("Größe (cm)",)) == (data.target, data.positive, data.key, data.sensitive)
    assert ["Größe (cm)", HOSTILE, QUOTED, "ist\u00a0ok"] == json.loads(told.stdout)
    assert '<b>"Ein" \\ Titel</b> {{ x }}' == odd.project.title
    assert raw_table(odd).columns == tuple(suite(odd)["expectations"][1]["kwargs"]["column_list"])


def test_the_table_of_columns_is_begun_with_names_and_types(odd: Made) -> None:
    path = f"{FIRST}/data_description.md"
    section = parse("data_description", path, (odd.directory / path).read_text(encoding="utf-8")).section("Columns")
    assert section
    rows = {row["column"].strip("`").replace("\\\\", "\\"): row for _, row in section.tables[0].records()}

    assert raw_table(odd).columns == tuple(rows)
    assert ("yes or no", "whole number") == (rows["ist\u00a0ok"]["type"], rows[HOSTILE]["type"])
    assert {""} == {row[cell] for row in rows.values() for cell in ("meaning", "known at")}


def test_every_proposed_expectation_holds_and_says_that_it_is_a_proposal(odd: Made, wide: Made, long: Made) -> None:
    for made in (odd, wide, long):
        assert [] == failed_expectations(made)
        assert all(one["meta"]["proposed"] for one in suite(made)["expectations"])


def test_expectations_are_proposed_for_what_the_data_shows(odd: Made) -> None:
    found = {(one["type"], one["kwargs"].get("column")): one["kwargs"] for one in suite(odd)["expectations"]}

    assert ["gesund", "krank"] == found["expect_column_values_to_be_in_set", "Befund"]["value_set"]
    assert ("expect_column_values_to_be_unique", "Fall Nr") in found
    assert 0 < found["expect_column_values_to_not_be_null", "Größe (cm)"]["mostly"] < 1
    assert 0 == found["expect_column_values_to_be_between", HOSTILE]["min_value"]
    assert 8 < found["expect_column_values_to_be_between", HOSTILE]["max_value"] < 11
    assert "leer" not in {column for _, column in found}


def test_a_copied_table_is_committed_and_the_project_is_clean(odd: Made) -> None:
    assert "data/raw/Odd_1_n_me.csv" == odd.project.data.tables["raw"]
    assert "" == git(odd.directory, "status", "--porcelain")


def test_the_scaffolds_own_tests_pass_with_odd_columns(odd: Made) -> None:
    tests = run(odd.directory, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    ruff = run(odd.directory, "-m", "ruff", "check", "--no-cache", ".")

    assert tests.returncode == 0, tests.stdout
    assert ruff.returncode == 0, ruff.stdout


def test_200_000_rows_get_a_default_target_and_key(long: Made) -> None:
    assert ("target", "id") == (long.project.data.target, long.project.data.key)
    assert 200_000 == raw_table(long).rows


def test_a_project_with_odd_columns_runs_from_raw_data_to_monitoring(odd: Made) -> None:
    told = run_scripts(odd.directory, *ROAD, ROAD[1])
    assert "400 rows read, 300 for training, 100 for test (stratified random split)" == told[0]
    assert "not trained again" in told[3]

    expected = frame_of(odd, "4_evaluation/predictions/test.parquet").to_dict("records")
    served = serve(odd, frame_of(odd, "data/prepared/test.parquet"))
    for want, got in zip(expected, served, strict=True):
        assert want["prediction"] == got["prediction"]
        assert want["probability"] == pytest.approx(got["probability"], abs=1e-9)

    split = json.loads((odd.directory / "2_data_preparation/split.json").read_text(encoding="utf-8"))
    assert {"train": 300, "test": 100} == {name: one["rows"] for name, one in split["tables"].items()}


def test_production_batches_are_logged_and_predicted(odd: Made) -> None:
    if not (odd.directory / "models/made.skops").exists():
        test_a_project_with_odd_columns_runs_from_raw_data_to_monitoring(odd)
    production = odd.directory / "data/production"
    production.mkdir(exist_ok=True)
    (production / "batch_1.csv").write_bytes(next((odd.directory / "data/raw").iterdir()).read_bytes())
    log = odd.directory / "6_monitoring_and_maintenance/monitoring_log.json"
    run_scripts(odd.directory, "6_monitoring_and_maintenance/monitor.py")
    first = log.read_bytes()
    run_scripts(odd.directory, "6_monitoring_and_maintenance/monitor.py")

    assert [(400, 0)] == [(one["rows"], one["rejected"]) for one in json.loads(first)["batches"]]
    assert first == log.read_bytes()
    assert 400 == len(frame_of(odd, "6_monitoring_and_maintenance/predictions.parquet"))


def frame_of(made: Made, path: str) -> pd.DataFrame:
    return TableData(name="x", root=made.directory, paths=(path,)).frame()


def serve(made: Made, frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The answers of the serving program to the rows, and that it refuses nonsense."""
    sent = json.loads(frame.to_json(orient="records", date_format="iso"))
    nonsense = [{**sent[0], HOSTILE: "text"}, dict.fromkeys(sent[0]), {}, [], "{"]
    lines = [json.dumps(one) if one != "{" else "{" for one in (*sent, *nonsense)]
    done = run(made.directory, "5_deployment/serve.py", "--lines", given="".join(f"{line}\n" for line in lines))
    ready, *answers = map(json.loads, done.stdout.splitlines())
    assert ready == {"ready": True}
    assert all("error" in one for one in answers[-len(nonsense) :])
    return answers[: -len(nonsense)]


@pytest.mark.parametrize(
    "answers",
    [
        {"task": "regression", "target": "y", "time": "when"},
        {"task": "regression", "target": "y", "group": "site"},
        {"task": "multiclass_classification", "target": "grade", "group": "site"},
    ],
    ids=["regression by time", "regression by group", "classes by group"],
)
def test_every_kind_of_split_and_task_runs(tmp_path: Path, answers: Mapping[str, str]) -> None:
    data = str(wide_table(tmp_path / "wide.csv"))
    made = new(tmp_path / "made", answers={**answers, "data": data, "key": "row_id"}, git=False)
    told = run_scripts(made.directory, *ROAD)
    train, test = (frame_of(made, f"data/prepared/{name}.parquet") for name in ("train", "test"))

    if "group" in answers:
        assert set(train["site"]).isdisjoint(test["site"])
    else:
        assert train["when"].max() < test["when"].min()
    assert 300 == len(train) + len(test)
    assert "predictions" in told[2]


def test_a_file_that_is_not_copied_is_named_and_kept_out_of_git(tmp_path: Path) -> None:
    made = make(tmp_path, data=str(wide_table(tmp_path / "wide.csv")), copy="no", task="regression", target="y")

    assert not (made.directory / "data/raw/wide.csv").exists()
    assert "/data/raw/wide.csv" in (made.directory / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert "was read but not copied" in made.notes[0]


def test_data_that_lies_in_the_folder_already_stays_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "made/input").mkdir(parents=True)
    data = odd_table(tmp_path / "made/input/odd.csv")
    before = data.stat().st_ino
    made = make(tmp_path, data=str(data), **ODD)

    assert "input/odd.csv" == made.project.data.tables["raw"]
    assert before == data.stat().st_ino
    assert "" == git(made.directory, "status", "--porcelain")


# --- refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ({"nam": "x"}, "no question 'nam' (did you mean 'name'?)"),
        ({"name": "My Project"}, "name: 'My Project' is no name"),
        ({"title": "two\nlines"}, "title: 'two\\nlines' is no text of one line"),
        ({"task": "regresion"}, "task: 'regresion' is none of binary_classification, multiclass_classification,"),
        ({"tier": "high"}, "tier: 'high' is none of"),
        ({"package": "json"}, "'json' is the name of something else in Python"),
        ({"package": "My-Package"}, "is no name of a Python package"),
        ({"people": "Ada"}, "people: 'Ada' is not written as"),
        ({"data": "nowhere.csv"}, "data: there is no file nowhere.csv"),
        ({"ci": "jenkins"}, "ci: 'jenkins' is none of github, gitlab, none"),
        ({"licence": "mit"}, "licence: 'mit' is none of"),
        ({"copy": "perhaps"}, "copy: 'perhaps' is neither yes nor no"),
        ({"positive": "1"}, "positive: name the target first"),
    ],
)
def test_an_impossible_answer_is_refused_and_nothing_is_left(
    tmp_path: Path, answers: Mapping[str, str], says: str
) -> None:
    with pytest.raises(UsageMistake) as refused:
        new(tmp_path / "made", answers=answers)

    assert says in str(refused.value)
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ({"target": "befund"}, "has no column 'befund' (did you mean 'Befund'?)"),
        ({"target": "Größe (cm)"}, "different values; a binary classification needs two"),
        ({"target": "Befund", "positive": "kranq"}, "never 'kranq'; its values are 'gesund' and 'krank'"),
        ({"target": "Befund", "key": "Befund"}, "key: 'Befund' is the target already"),
        ({"key": HOSTILE}, "does not name each row: it has only 9 different values in 400 rows"),
        ({"target": "Befund", "task": "regression"}, "holds text, not numbers"),
        ({"sensitive": "Datum, Alter"}, "sensitive: odd.csv has no column 'Alter'"),
    ],
)
def test_a_column_that_cannot_play_the_part_is_refused(tmp_path: Path, answers: Mapping[str, str], says: str) -> None:
    data = odd_table(tmp_path / "odd.csv")
    with pytest.raises(UsageMistake) as refused:
        make(tmp_path, data=str(data), **answers)

    assert says in str(refused.value)
    assert [data] == list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.csv", "", "a.csv: the file is empty"),
        ("a.csv", "id,size\n", "a.csv holds no row"),
        ("a.csv", "id,size\n1,2\n2,3,4\n", "a.csv:3: Expected Number of Columns: 2 Found: 3"),
        ("a.csv", "id,id\n1,2\n", "a.csv:1: the column 'id' stands twice"),
        ("a.xlsx", "PK", "is none of .csv, .tsv, .parquet"),
        ("a.parquet", "PAR", "a.parquet: "),
    ],
)
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, name: str, content: str, says: str) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(UsageMistake) as refused:
        make(tmp_path, data=str(tmp_path / name))

    assert says in str(refused.value)
    assert [tmp_path / name] == list(tmp_path.iterdir())


def test_a_folder_that_is_not_empty_is_refused(tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    (tmp_path / "made/mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageMistake, match="exists and is not empty"):
        make(tmp_path)

    assert ["mine.txt"] == [path.name for path in (tmp_path / "made").iterdir()]


def test_an_unknown_example_is_refused_with_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(UsageMistake, match="there is no example 'breast_canser'"):
        new(tmp_path / "made", answers={}, example="breast_canser")


@pytest.mark.parametrize("fault", [KeyboardInterrupt, OSError("disk full")])
@pytest.mark.parametrize("where", ["render", "load_project", "_commit"])
def test_a_run_that_breaks_off_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: BaseException, where: str
) -> None:
    real: Callable[..., Any] = getattr(verb, where)

    def breaks_off(*given: Any, **named: Any) -> None:
        real(*given, **named)
        raise fault

    monkeypatch.setattr(verb, where, breaks_off)
    with pytest.raises((KeyboardInterrupt, OSError)):
        new(tmp_path / "deep/er/made", answers={})

    assert [] == list(tmp_path.iterdir())


def test_data_pairs_are_split_once(tmp_path: Path) -> None:
    assert {"title": "a=b", "key": ""} == data_answers(["title=a=b", "key="])
    with pytest.raises(UsageMistake, match="write it as name=value"):
        data_answers(["title"])
    with pytest.raises(UsageMistake, match="stands twice"):
        data_answers(["title=a", "title=b"])
    (tmp_path / "answers.yml").write_text("title: a\ntitle: b\n", encoding="utf-8")
    with pytest.raises(UsageMistake, match=r"answers\.yml:2:1: the key 'title' stands twice"):
        read_answers(tmp_path / "answers.yml")


# --- asking, git, examples, installed templates --------------------------------------------------


def test_a_person_is_asked_again_until_the_answer_will_do(tmp_path: Path) -> None:
    said = {"name": ["Bad Name", "good-name"], "data": [str(tmp_path / "no.csv"), str(odd_table(tmp_path / "odd.csv"))]}
    said |= {
        "target": ["Fall Nr", "Befund"],
        "people": ["Ada <ada@example.org>: ml_lead, operations; Bo <b@x.org>: boss"],
    }
    asked: list[Question] = []

    def ask(question: Question) -> str:
        asked.append(question)
        return said[question.name].pop(0) if said.get(question.name) else ""

    made = new(tmp_path / "made", answers={"title": "Given"}, ask=ask, git=False)
    target = [one for one in asked if one.name == "target"]

    assert ("good-name", "Given", "Befund") == (made.project.name, made.project.title, made.project.data.target)
    assert [("ml_lead", "operations"), ("boss",)] == [one.roles for one in made.project.people]
    assert ["", "target: 'Fall Nr' has 400 different values; a binary classification needs two"] == [
        one.problem for one in target
    ]
    assert ("gesund", "krank") == next(one.choices for one in asked if one.name == "positive")
    assert "title" not in {one.name for one in asked}


def test_git_needs_no_identity_and_heeds_no_hook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "pre-commit").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    (hooks / "pre-commit").chmod(0o755)
    configuration = tmp_path / "gitconfig"
    configuration.write_text(f"[core]\nhooksPath = {hooks}\n[commit]\ngpgsign = true\n", encoding="utf-8")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(configuration))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    for who in ("AUTHOR", "COMMITTER"):
        for what in ("NAME", "EMAIL"):
            monkeypatch.delenv(f"GIT_{who}_{what}", raising=False)
    made = make(tmp_path)
    monkeypatch.delenv("GIT_DIR")

    assert "crispq new <crispq@localhost>\n" == git(made.directory, "log", "--format=%an <%ae>")


def test_without_git_there_is_no_repository(tmp_path: Path) -> None:
    made = new(tmp_path / "made", answers={}, git=False)

    assert not (made.directory / ".git").exists()
    assert not made.committed


def test_read_only_templates_and_compiled_leftovers_do_not_leak(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    installed = tmp_path / "installed"
    shutil.copytree(render.templates(), installed)
    compiled = installed / "project/files/src/{{ package }}/__pycache__"
    compiled.mkdir(exist_ok=True)
    (compiled / "tables.cpython-311.pyc").write_bytes(b"compiled")
    for path in installed.rglob("*"):
        if path.is_file():
            path.chmod(0o444)
    monkeypatch.setattr(render, "templates", lambda: installed)
    made = make(tmp_path)

    files = [path for path in made.directory.rglob("*") if ".git" not in path.parts]
    assert all(os.access(path, os.W_OK) and path.stat().st_mode & 0o200 for path in files)
    assert [] == [path for path in files if "__pycache__" in path.parts]


def test_an_example_is_laid_over_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    example = tmp_path / "templates/examples/odd"
    (example / "files/data/raw").mkdir(parents=True)
    odd_table(example / "files/data/raw/cases.csv")
    (example / "files" / FIRST).mkdir()
    (example / "files" / FIRST / "scope.md").write_text("# Scope\n\n{{ not rendered }}\n", encoding="utf-8")
    lines = ["title: An example", "data: data/raw/cases.csv", *(f"{name}: {json.dumps(v)}" for name, v in ODD.items())]
    (example / "answers.yml").write_text("\n".join(lines), encoding="utf-8")
    (tmp_path / "templates/project").symlink_to(render.templates() / "project")
    monkeypatch.setattr(render, "templates", lambda: tmp_path / "templates")
    made = new(tmp_path / "made", answers={"title": "Mine"}, example="odd")

    assert ("Mine", "Befund") == (made.project.title, made.project.data.target)
    assert "data/raw/cases.csv" == made.project.data.tables["raw"]
    assert "{{ not rendered }}" in (made.directory / FIRST / "scope.md").read_text(encoding="utf-8")
    assert "" == git(made.directory, "status", "--porcelain")


@pytest.mark.parametrize(
    ("low", "high", "whole"), [(0, 8, True), (-3, 1e6, True), (5, 5, True), (0.001, 0.002, False), (-1e-9, 0, False)]
)
def test_proposed_ranges_hold_what_was_seen_and_keep_its_sign(low: float, high: float, *, whole: bool) -> None:
    from crispq.commands.data.suite import widened

    least, most = widened(low, high, whole=whole)

    assert least <= low <= high <= most
    assert (least >= 0) is (low >= 0)
    assert most - least <= 1.5 * (high - low) + (5 if whole else 0)


def test_a_profile_reads_parquet_with_types_of_all_sorts(tmp_path: Path) -> None:
    frame = pd.DataFrame({"when": pd.to_datetime(["2024-01-01"] * 6), "list": [[1]] * 6, "inf": [np.inf] * 6})
    frame.assign(zoned=frame["when"].dt.tz_localize("UTC")).to_parquet(tmp_path / "zoned.parquet")
    frame.to_parquet(tmp_path / "a.parquet")
    assert profile.look_at(tmp_path / "zoned.parquet").columns[-1].zoned
    seen = profile.look_at(tmp_path / "a.parquet")

    assert ["date", "other", "number"] == [str(one.kind) for one in seen.columns]
    assert [False, False, True] == [not one.finite for one in seen.columns]
    assert [] == failed_expectations(make(tmp_path, data=str(tmp_path / "a.parquet")))
