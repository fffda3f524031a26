"""One question, several engines: PostgreSQL, Spark and SQLite say what DuckDB says of the same rows."""

from __future__ import annotations

import importlib
import json
import math
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import postgres
import pytest
import tiny
from awkward import EXPECTATIONS, LEFT, QUERIES, ROWS

from crispq import Example
from crispq.errors import ConfigurationMistake, MissingEvidence, NotMeasurable
from crispq.evidence import Evidence, TableData
from crispq.evidence.engines import address_of, digest_of, refusal_of_source, rows_of
from crispq.evidence.engines.patterns import like, regular
from crispq.evidence.engines.postgresql import PostgreSQLRows
from crispq.evidence.engines.spark import SparkRows
from crispq.evidence.engines.table import DatabaseTable, spark_table
from crispq.gate import library, wire
from crispq.gate.plan import make_plan
from crispq.gate.run import run
from crispq.ledger import append, read
from crispq.nouns import CheckSpec, EntryKind
from crispq.project import load_project

LIBRARY = library.load(library.installed_packages())
RAW = "1_business_and_data_understanding/expectations/raw.json"


def relation_of(sql: str) -> duckdb.DuckDBPyRelation:
    """Return what the query gives."""
    relation = duckdb.sql(sql)
    assert relation is not None
    return relation


def alike(one: Any, other: Any) -> bool:
    """Equal values of equal types; numbers up to the order in which they were added up."""
    if isinstance(one, float) and isinstance(other, float):
        return (math.isnan(one) and math.isnan(other)) or one == other or math.isclose(one, other, rel_tol=1e-12)
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return set(one) == set(other) and all(alike(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(map(alike, one, other))
    return type(one) is type(other) and bool(one == other)


@pytest.fixture(scope="session")
def server() -> Iterator[postgres.Postgres]:
    with postgres.running() as running:
        yield running


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> TableData:
    """Return the rows as a Parquet file that DuckDB reads."""
    folder = tmp_path_factory.mktemp("plain [a] {b}")
    relation_of(ROWS).write_parquet(str(folder / "rows.parquet"))
    return TableData(name="raw", root=folder, paths=("rows.parquet",))


@pytest.fixture(scope="session")
def in_postgres(server: postgres.Postgres, plain: TableData) -> PostgreSQLRows:
    server.load(plain.relation().order("md5(CAST(id AS VARCHAR))"), 'odd "t.able"; é')
    rows = rows_of(address_of(server.url('odd "t.able"; é')), plain.root, key="id")
    assert isinstance(rows, PostgreSQLRows)
    return rows


@pytest.fixture(scope="session")
def on_spark(plain: TableData) -> SparkRows:
    rows = spark_table("raw", plain.root, plain.paths).source
    assert isinstance(rows, SparkRows)
    return rows


@pytest.fixture(params=["postgresql", "spark"])
def elsewhere(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue({"postgresql": "in_postgres", "spark": "on_spark"}[request.param])


# --- the same answers ---


@pytest.mark.parametrize("sql", QUERIES)
def test_the_engine_itself_answers_as_duckdb_does(plain: TableData, elsewhere: Any, sql: str) -> None:
    answer = elsewhere.inside(sql)
    assert answer is not None, "it was left to DuckDB"
    assert alike(plain.query(sql), answer), answer


@pytest.mark.parametrize("sql", LEFT)
def test_what_is_not_sure_is_left_to_duckdb(plain: TableData, elsewhere: Any, sql: str) -> None:
    assert elsewhere.inside(sql) is None
    assert alike(plain.query(sql), elsewhere.query(sql))


def test_what_is_no_query_is_refused_as_duckdb_does(elsewhere: Any) -> None:
    with pytest.raises(duckdb.Error, match="nothing"):
        elsewhere.query("SELECT nothing FROM rows")


def test_columns_and_frames_are_those_of_duckdb(plain: TableData, elsewhere: Any) -> None:
    assert list(plain.types.items()) == list(elsewhere.columns_and_types().items())
    assert len(plain.frame()) == elsewhere.count()
    pd.testing.assert_frame_equal(plain.frame(), elsewhere.frame())
    pd.testing.assert_frame_equal(plain.frame(["x", "id"]), elsewhere.frame(["x", "id"]))
    pd.testing.assert_frame_equal(plain.frame(), elsewhere.relation().df())


def test_moments_with_a_zone(server: postgres.Postgres, tmp_path: Path) -> None:
    rows = relation_of(
        "SELECT * FROM (VALUES (1, TIMESTAMPTZ '2020-03-29 01:30:00+01'), (2, TIMESTAMPTZ '2020-03-29 02:30:00+00'),"
        " (3, NULL)) AS v(id, seen)"
    )
    rows.write_parquet(str(tmp_path / "rows.parquet"))
    plain = TableData(name="raw", root=tmp_path, paths=("rows.parquet",))
    with server.connect() as connection:
        connection.execute("CREATE TABLE zoned (id integer, seen timestamp with time zone)")
        connection.execute(
            "INSERT INTO zoned VALUES (1, '2020-03-29 02:30:00+02'), (2, '2020-03-29 02:30Z'), (3, NULL)"
        )
    database = rows_of(address_of(server.url("zoned")), tmp_path, key="id")
    spark = spark_table("raw", tmp_path, plain.paths).source
    sql = (
        "SELECT count(*) FILTER (WHERE seen > CAST('2020-03-29 01:00:00+00:00' AS TIMESTAMP WITH TIME ZONE)),"
        " count(*) FILTER (WHERE seen = CAST('2020-03-29 00:30:00+00' AS TIMESTAMPTZ)), count(DISTINCT seen) FROM rows"
    )
    assert plain.query(sql) == database.query(sql) == spark.query(sql) == [(1, 1, 2)]
    pd.testing.assert_frame_equal(plain.frame(), database.frame())


def test_sqlite_and_any_other_address_answer_by_way_of_duckdb(plain: TableData, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "visits.db") as connection:
        connection.execute(
            'CREATE TABLE "odd t.able" (id INTEGER, x DOUBLE, "Text" TEXT, d DATE, "at" TIMESTAMP, flag BOOLEAN,'
            " price DECIMAL(7, 2))"
        )
        columns = ["id", "x", "Text", "d", "at", "flag", "price"]
        for row in (
            plain.relation().order("md5(CAST(id AS VARCHAR))").select(*map(duckdb.ColumnExpression, columns)).fetchall()
        ):
            kept = [str(one) if type(one).__name__ in {"date", "datetime", "Decimal"} else one for one in row]
            connection.execute('INSERT INTO "odd t.able" VALUES (?, ?, ?, ?, ?, ?, ?)', kept)
    connection.close()
    rows = rows_of(address_of("sqlite:///visits.db#odd%20t%2Eable"), tmp_path, key="id")
    told = relation_of(ROWS).project('id, if(isnan(x), NULL, x) AS x, "Text", d, "at", flag, price')
    told.write_parquet(str(tmp_path / "same.parquet"))
    same = TableData(name="raw", root=tmp_path, paths=("same.parquet",))
    assert same.types == rows.columns_and_types()
    pd.testing.assert_frame_equal(same.frame(), rows.frame())
    asked = [sql for sql in (*QUERIES, *LEFT) if "ingle" not in sql and "Ünit" not in sql and "SUMMARIZE" not in sql]
    assert all(alike(same.query(sql), rows.query(sql)) for sql in asked)
    assert len(asked) > 100


def test_csv_on_spark_is_read_as_duckdb_reads_it(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        'id;name;x;seen;ok\n1;"a;""b""\nc";1.5;2020-01-01;true\n2;;nan;;\n3;"NA";-inf;2020-02-29;false\n'
    )
    (tmp_path / "b.csv").write_text("id;name;x;seen;ok\n4; d ;1e3;1999-12-31;true\n")
    plain = TableData(name="raw", root=tmp_path, paths=("a.csv", "b.csv"))
    spark = spark_table("raw", tmp_path, plain.paths)
    for sql in (
        "SELECT id, name, x, seen, ok FROM rows ORDER BY id",
        "SELECT count(*), count(name), count(x), min(name), max(x), sum(id), max(length(name)) FROM rows",
    ):
        assert isinstance(spark.source, SparkRows)
        assert alike(plain.query(sql), spark.source.inside(sql)), sql
    assert [4, 3, 1] == [spark.rows, spark.parts()[0].rows, spark.parts()[1].rows]


def test_a_file_that_spark_passes_over_is_still_read(tmp_path: Path) -> None:
    relation_of("SELECT range AS id FROM range(3)").write_parquet(str(tmp_path / "_a.parquet"))
    relation_of("SELECT range AS id FROM range(4)").write_parquet(str(tmp_path / "b.parquet"))
    spark = spark_table("raw", tmp_path, ("_a.parquet", "b.parquet"))
    assert [(7, 9)] == spark.query("SELECT count(*), sum(id) FROM rows")


def test_suites_come_to_the_same_outcomes(plain: TableData, in_postgres: PostgreSQLRows, on_spark: SparkRows) -> None:
    expected = plain.hold(EXPECTATIONS, key="id")
    database = DatabaseTable(name="raw", root=plain.root, paths=("rows:raw",), source=in_postgres)
    spark = spark_table("raw", plain.root, plain.paths)
    for table in (database, spark):
        found = table.hold(EXPECTATIONS, key="id")
        differing = [
            (one, other) for one, other in zip(expected, found, strict=True) if not alike(_told(one), _told(other))
        ]
        assert not differing, differing
    del on_spark


def _told(outcome: Any) -> tuple[Any, ...]:
    return (
        outcome.met, outcome.vacuous, outcome.how, outcome.examined, outcome.unexpected, outcome.observed,
        sorted(outcome.examples), outcome.error,
    )  # fmt: skip


# --- patterns ---


@pytest.mark.parametrize(
    "pattern",
    [
        r"\bword\b",
        "(?i)a",
        r"\pL",
        r"(a)\1",
        "a++",
        r"[[:alpha:]]",
        "[a-Z]",
        "(?=a)",
        r"\x41",
        "a{,3}",
        "[é-ü]",
        "*a",
        "^*",
        r"\A",
    ],
)
def test_a_regular_expression_that_differs_between_engines_is_not_sent(pattern: str) -> None:
    assert regular(pattern, end="$") is None


def test_like_has_one_escape_everywhere() -> None:
    assert [r"a\\b%", r"100\%", r"a\_", None] == [
        like(r"a\b%", None),
        like("100!%", "!"),
        like("a!_", "!"),
        like("a!", "!"),
    ]


# --- addresses ---


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ("postgresql+psycopg://ward:secret@host/ward#visits", "holds a password"),
        ("postgresql://ward:@host/ward#visits", "holds a password"),
        ("postgresql://host/ward?password=secret#visits", "holds a password"),
        ("postgresql://host/ward?options=-crole=admin#visits", "has the option 'options'"),
        ("mysql+pymysql://u@host/ward?plugin=evil#visits", "has the option 'plugin'"),
        ("postgresql://host/ward?passfile=/tmp/x#visits", "holds a password"),
        ("postgresql://host/ward", "which table"),
        ("postgresql://host/ward#a.b.c", "which table"),
        ("postgresql://host/#visits", "names no database"),
        ("postgresql:///ward#visits", "names no host"),
        ("postgresql://host/ward#vis its", "white space"),
        ("postgresql://host:port/ward#visits", "is no address"),
        ("sqlite:///../visits.db#visits", "leaves the project"),
        ("sqlite:////etc/visits.db#visits", "is absolute"),
        ("sqlite:///%2Fetc/visits.db#visits", "is absolute"),
        ("sqlite://#visits", "names no file"),
        ("sqlite:///visits.db?mode=rwc#visits", "no file of the project"),
        ("sqlite+pysqlcipher:///visits.db#visits", "no file of the project"),
        ("duckdb:///visits.db#visits", "is a URI"),
        ("s3://bucket/visits.parquet#visits", "is a URI"),
    ],
)
def test_an_address_with_a_secret_or_a_way_out_is_refused(tmp_path: Path, told: str, says: str) -> None:
    tiny.make_project(tmp_path, config={"data": {"tables": {"raw": told}}})
    with pytest.raises(ConfigurationMistake, match=says) as caught:
        load_project(tmp_path)
    [mistake] = caught.value.mistakes
    line = next(
        number for number, one in enumerate((tmp_path / "crispq.yaml").read_text().splitlines(), 1) if "raw:" in one
    )
    assert mistake.startswith(f"crispq.yaml:{line}:")
    assert "secret" not in mistake


@pytest.mark.parametrize(
    "told",
    [
        "postgresql+psycopg://user@host:5432/ward#schema.visits",
        "postgresql://host/ward?sslmode=verify-full#visits",
        "postgresql+psycopg://ward@/ward?host=/run/postgresql#visits%20of%20May",
        "mssql+pyodbc://u@host/ward?driver=ODBC+Driver+18+for+SQL+Server#dbo.visits",
        "sqlite:///data/visits.db#visits",
        "data/raw/*.parquet",
    ],
)
def test_an_address_without_a_secret_is_taken(told: str) -> None:
    assert refusal_of_source(told) is None


def test_no_layer_is_imported_for_duckdb(plain: TableData) -> None:
    program = (
        "import sys; from pathlib import Path; from crispq.evidence import TableData\n"
        f"table = TableData(name='raw', root=Path({str(plain.root)!r}), paths=('rows.parquet',))\n"
        "table.query('FROM rows SELECT count(*)')\n"
        "print([one for one in ('sqlglot', 'sqlalchemy', 'psycopg', 'pyspark', 'pandas') if one in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("module", "told", "says"),
    [
        ("psycopg", "postgresql://host/ward#visits", 'pip install "crispq[sql]"'),
        ("sqlalchemy", "mysql://host/ward#visits", 'pip install "crispq[sql]"'),
    ],
)
def test_a_missing_library_is_told_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, module: str, told: str, says: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(NotMeasurable) as caught:
        rows_of(address_of(told), tmp_path).count()
    assert says in str(caught.value)


def test_a_missing_spark_or_java_is_told_with_what_to_install(plain: TableData) -> None:
    program = (
        "import sys; from pathlib import Path; from crispq.evidence.engines.table import spark_table\n"
        "if sys.argv[1:]: sys.modules['pyspark.sql'] = None\n"
        f"table = spark_table('raw', Path({str(plain.root)!r}), ('rows.parquet',))\n"
        "try: table.query('FROM rows SELECT max(id)')\n"
        "except Exception as error: print(type(error).__name__, error)\n"
    )
    for words, says in ((["hidden"], "not installed"), ([], "no `java` is found")):
        environment = os.environ | {"JAVA_HOME": "/nowhere"}
        done = subprocess.run(
            [sys.executable, "-c", program, *words], env=environment, capture_output=True, text=True, check=True
        )
        assert done.stdout.startswith("NotMeasurable"), done.stderr
        assert says in done.stdout
        assert 'pip install "crispq[spark]"' in done.stdout


def test_spark_listens_to_this_machine_only(on_spark: SparkRows) -> None:
    on_spark.query("SELECT max(id) FROM rows")
    java = [
        one / "fd"
        for one in Path("/proc").iterdir()
        if one.name.isdigit() and _parent(one) == os.getpid() and b"java" in (one / "cmdline").read_bytes()
    ]
    sockets = {str(link.readlink()) for folder in java for link in folder.iterdir() if link.is_symlink()}
    listening = [
        fields[1].partition(":")[0]
        for name in ("tcp", "tcp6")
        for fields in map(str.split, Path("/proc/net", name).read_text().splitlines()[1:])
        if fields[3] == "0A" and f"socket:[{fields[9]}]" in sockets
    ]
    loopback = {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}
    assert listening
    assert set(listening) <= loopback


def _parent(process: Path) -> int:
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


# --- what a verdict is about ---


def test_the_digest_of_a_table_is_about_its_content_alone(server: postgres.Postgres, plain: TableData) -> None:
    def now(table: str) -> str:
        return digest_of(address_of(server.url(table)), plain.root)

    server.load(plain.relation(), "first")
    server.load(plain.relation().order("md5(CAST(id AS VARCHAR))"), "second")
    before = now("first")
    assert before == now("second")
    for change in (
        "UPDATE second SET \"Text\" = 'b' WHERE id = 1",
        "DELETE FROM second WHERE id = 1",
        "INSERT INTO second SELECT * FROM second WHERE id = 2",
        "UPDATE second SET x = NULL WHERE x = 'NaN'",
        'UPDATE second SET "Text" = NULL WHERE "Text" = \'\'',
        'ALTER TABLE second RENAME COLUMN x TO "X"',
        "ALTER TABLE second ALTER COLUMN id TYPE text",
    ):
        server.load(plain.relation(), "second")
        with server.connect() as connection:
            connection.execute(change)
        assert before != now("second"), change


def ward(root: Path, told: str) -> Path:
    """Return a project whose raw table lies at an address."""
    suite = {
        "name": "raw",
        "expectations": [{"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "id"}}],
    }
    return tiny.make_project(
        root,
        config={"data": {"key": "id", "tables": {"raw": told}}},
        phase_files={
            "business_and_data_understanding": {"checks": {"data_meets_its_expectations": {"fewest_rows": 1}}}
        },
        files={RAW: json.dumps(suite)},
    )


def judged(root: Path) -> Any:
    plan = make_plan(load_project(root), LIBRARY, "business_and_data_understanding")
    wanted = "business_and_data_understanding.data_meets_its_expectations"
    only = replace(plan, phases=tuple(
        replace(one, checks=tuple(check for check in one.checks if check.id == wanted)) for one in plan.phases
    ))  # fmt: skip
    return list(run(only, read(root)))[-1]


def test_a_verdict_about_a_database_names_its_rows_and_is_never_remembered(
    server: postgres.Postgres, plain: TableData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", "hunter2-hunter2")
    server.load(plain.relation(), "visits")
    root = ward(tmp_path, server.url("visits"))
    first, second = judged(root), judged(root)
    assert first.status.value == "pass", first
    inputs = {one.path: one.sha256 for one in first.measured.inputs}
    assert inputs["rows:raw"] == digest_of(address_of(server.url("visits")), root)
    assert [False, False] == [first.measured.cached, second.measured.cached]
    kept = "".join(path.read_text() for path in (root / ".crispq").rglob("*.json"))
    assert "hunter2" not in kept + repr(first)
    with server.connect() as connection:
        connection.execute("UPDATE visits SET id = NULL WHERE id = 1")
    third = judged(root)
    assert third.status.value == "fail"
    assert inputs["rows:raw"] != {one.path: one.sha256 for one in third.measured.inputs}["rows:raw"]


def test_rows_that_change_while_a_check_reads_them_are_noticed(
    server: postgres.Postgres, plain: TableData, tmp_path: Path
) -> None:
    server.load(plain.relation(), "moving")
    evidence = Evidence(load_project(ward(tmp_path, server.url("moving"))), "business_and_data_understanding")
    table = evidence.table("raw")
    before = table.query("SELECT sum(id) FROM rows")
    assert evidence.changed_since_read() == ()
    with server.connect() as connection:
        connection.execute("DELETE FROM moving WHERE id = 1")
    assert before == table.query("SELECT sum(id) FROM rows"), "one check sees one state of the database"
    assert evidence.changed_since_read() == ("rows:raw",)


def test_a_table_that_is_not_there_is_missing_evidence(server: postgres.Postgres, tmp_path: Path) -> None:
    evidence = Evidence(load_project(ward(tmp_path, server.url("nowhere"))), "business_and_data_understanding")
    with pytest.raises(MissingEvidence, match="no such table") as caught:
        evidence.table("raw")
    assert caught.value.path == "crispq.yaml"


def test_a_database_that_does_not_answer_is_told_without_a_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", "hunter2-hunter2")
    root = ward(tmp_path, "postgresql+psycopg://ward@127.0.0.1:1/ward#visits")
    judgement = judged(root)
    assert judgement.status.value == "error"
    assert "cannot be asked" in judgement.summary
    assert "hunter2" not in repr(judgement)


def test_a_sqlite_file_is_a_file_of_the_project(tmp_path: Path) -> None:
    root = ward(tmp_path, "sqlite:///data/visits.db#visits")
    (root / "data").mkdir()
    with sqlite3.connect(root / "data/visits.db") as connection:
        connection.execute("CREATE TABLE visits (id INTEGER)")
        connection.executemany("INSERT INTO visits VALUES (?)", [(1,), (2,)])
    connection.close()
    first, second = judged(root), judged(root)
    assert first.status.value == "pass", first
    assert "data/visits.db" in {one.path for one in first.measured.inputs}
    assert [False, True] == [first.measured.cached, second.measured.cached]
    (root / "data/visits.db").unlink()
    assert judged(root).status.value == "fail"


# --- the checks' own examples ---


def in_files(example: Example) -> dict[str, str]:
    """Return the example's tables that are one file each, with rows."""
    tables = dict(example.config.get("data", {}).get("tables", {}))
    return {name: path for name, path in tables.items() if path in example.files}


def about_tables(example: Example) -> bool:
    """Whether the example is about what tables hold, not about the files they lie in or programs that make them."""
    tables = in_files(example)
    if example.title == NUMBERED:
        return False
    others = [path for path in example.files if path not in tables.values()]
    plain = all(path.endswith((".md", ".json", ".yaml")) and not path.endswith(FILES_THEMSELVES) for path in others)
    return bool(tables) and plain and example.status != "error"


#: Its failing rows are told by their numbers: without a key a database has none.
NUMBERED = "two rows are implausible"
#: These checks are about files and the programs that make them.
OF_FILES = ("preparation_is_reproducible",)
#: Documents that hold the digests of files.
FILES_THEMSELVES = ("split.json", "data_versions.json", ".dvc")
#: Measured at every run of the tests; the others are slow.
HANDFUL = ("data_meets_its_expectations", "columns_are_described", "sample_is_large_enough")
PHASES = ("business_and_data_understanding", "data_preparation")
EXAMPLES = [
    (spec, example)
    for spec in LIBRARY
    if spec.phase in PHASES and spec.task != "every_phase" and spec.name not in OF_FILES
    for example in importlib.import_module(spec.module).EXAMPLES
    if about_tables(example)
]
CASES = [
    pytest.param(
        spec,
        example,
        id=f"{spec.name}-{example.title}".replace(" ", "_"),
        marks=() if spec.name in HANDFUL else pytest.mark.slow,
    )
    for spec, example in EXAMPLES
]


@dataclass
class Asked:
    """An example's project, and the same with its tables elsewhere."""

    spec: CheckSpec
    example: Example
    root: Path

    def make(self, **data: Any) -> None:
        """Write the example's project with other keys under `data`."""
        example = self.example
        phase_files = {name: dict(value) for name, value in example.phase_files.items()}
        phase_files[self.spec.phase] = {"checks": {self.spec.name: dict(example.settings)}} | dict(example.phase_file)
        config = tiny.merged(example.config, {"data": data})
        tiny.make_project(self.root, config=config, phase_files=phase_files, files=example.files)
        for path in in_files(example).values():
            self._ordered(path)

    def _ordered(self, path: str) -> None:
        """Put the file's rows in the order that a database gives them: by the key, then by everything."""
        table = TableData(name="raw", root=self.root, paths=(path,))
        try:
            columns = table.columns
        except NotMeasurable:
            return
        key = self.example.config.get("data", {}).get("key")
        order = sorted(columns, key=lambda one: one != key)
        written = table.relation().order(", ".join(f"{postgres.quoted(one)} NULLS LAST" for one in order))
        beside = self.root / f"{path}.new"
        written.write_parquet(str(beside)) if path.endswith(".parquet") else written.write_csv(str(beside), sep=",")
        shutil.move(beside, self.root / path)

    def measured(self) -> Any:
        """What the check says of the project, asked in this process."""
        for number, (kind, phase, body) in enumerate(self.example.entries):
            when = f"2026-01-01T00:00:{number:02d}+00:00"
            append(self.root, read(self.root), kind=EntryKind(kind), phase=phase, body=body, who="someone", when=when)
        project = load_project(self.root)
        plan = make_plan(project, LIBRARY, self.spec.phase)
        planned = next(one for phase in plan.phases for one in phase.checks if one.id == self.spec.id)
        evidence = Evidence(project, self.spec.phase, entries=read(self.root))
        try:
            return wire.encode(library.function_of(self.spec.module)(evidence, **planned.settings))
        except MissingEvidence as absent:
            return {"missing": absent.message}
        except NotMeasurable as error:
            return {"error": str(error)}


def named(value: Any, names: Mapping[str, str]) -> Any:
    """The value with every table called by its name, wherever it lies."""
    text = json.dumps(value)
    for name, path in sorted(names.items(), key=lambda one: -len(one[1])):
        text = text.replace(f"rows:{name}", f"<{name}>").replace(path, f"<{name}>")
        text = text.replace(f"{name}: {Path(path).stem}", name)  # a file is a part of its table, a database keeps none
    return json.loads(text)


@pytest.mark.parametrize(("spec", "example"), CASES)
def test_a_check_measures_in_a_database_what_it_measures_in_files(
    server: postgres.Postgres, tmp_path: Path, spec: CheckSpec, example: Example
) -> None:
    asked = Asked(spec, example, tmp_path)
    asked.make()
    tables, addresses = in_files(example), {}
    for name, path in tables.items():
        try:
            server.load(TableData(name=name, root=tmp_path, paths=(path,)).relation(), f"example {name}")
            addresses[name] = server.url(f"example {name}")
        except NotMeasurable:
            continue
    expected = named(asked.measured(), tables)
    asked.make(tables=addresses)
    assert alike(expected, named(asked.measured(), tables))


@pytest.mark.parametrize(("spec", "example"), CASES)
def test_a_check_measures_on_spark_what_it_measures_with_duckdb(
    tmp_path: Path, spec: CheckSpec, example: Example
) -> None:
    asked = Asked(spec, example, tmp_path)
    asked.make()
    expected = asked.measured()
    asked.make(engine="spark")
    assert alike(expected, asked.measured())


def test_there_are_examples_of_both_phases() -> None:
    assert set(PHASES) == {spec.phase for spec, _ in EXAMPLES}
    assert len(CASES) > 100
