"""What the project's files may say: every slip is refused, with its place, and all slips at once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
import tiny

from crispq.errors import ConfigurationMistake
from crispq.gate import library
from crispq.gate.plan import make_plan
from crispq.project import load_project, schemas

LIBRARY = library.load(library.installed_packages())

FULL_PROJECT = """\
crispq: 1
name: full
title: Every key once
task: binary_classification
tier: standard
phase: data_preparation
people:
  - name: Data scientist
    email: ds@example.org
    roles: [data_scientist]
data:
  target: label
  positive: 1
  key: id
  group: patient
  time: seen
  sensitive: [sex]
  tables:
    raw: data/raw.csv
    train: data/train.csv
    test: data/test.csv
    production: data/production/*.csv
  file: picture
  digest: picture_sha256
  engine: duckdb
models:
  first:
    estimator: full.model:build
    artifact: models/first.skops
    predictions:
      test: out/test.csv
    uses: []
  second:
    estimator: full.model:build
    uses: [first]
plugins: []
"""
FULL_PHASE = """\
requirements:
  - id: B1
    level: business
    statement: Few cases are missed.
    metric: expected_cost
    parameters:
      false_positive: 1
      false_negative: 10
    at_most: 3
    unit: EUR per case
    population: all cases
    window: a year
    source: test table
    owner: data_scientist
    serves: []
  - id: B2
    level: business
    statement: It feels right.
    not_measurable_because: It is a feeling.
  - id: ML1
    level: ml
    statement: It ranks well.
    metric: roc_auc
    at_least: 0.9
    serves: [B1]
  - id: ML2
    level: ml
    statement: It is balanced.
    metric: recall
    between: [0.8, 1.0]
risks:
  - id: R01
    statement: Nobody talks.
    severity: 3
    likelihood: 2
    after:
      severity: 3
      likelihood: 1
    owner: data_scientist
    mitigations: [documents.scope]
    accepted_by: data_scientist
  - id: R02
    does_not_apply_because: There is plenty of data.
tasks:
  define_the_scope:
    answered_by: [documents.scope]
  feasibility:
    not_applicable_because: It was shown before.
checks:
  documents_are_complete:
    fewest_words: 3
    level: must
    limits:
      missing_or_unfilled:
        none: true
        warn: true
  mine:
    command: cat answer.json
    task: feasibility
    limits:
      a:
        at_least: 1
        warn: 2
        min_n: 5
      b:
        at_most: 1
      c:
        equals: 1
      d:
        between: [1, 2]
documents:
  scope: scope.md
  success_criteria: success.md
signoffs:
  - role: data_scientist
waivers: []
commands:
  - python do.py
"""
PHASE_PATH = "1_business_and_data_understanding/phase.yaml"
#: Keys that the project itself chooses: another spelling is another name.
OWN_NAMES = {"first", "second", "mine", "a", "b", "c", "d"}


def full(root: Path, project: str = FULL_PROJECT, phase: str = FULL_PHASE) -> Path:
    return tiny.make_project(root, files={"crispq.yaml": project, PHASE_PATH: phase})


def load_and_plan(root: Path) -> None:
    make_plan(load_project(root), LIBRARY, None)


def keys_of(text: str) -> Iterator[tuple[int, str]]:
    """Each key that the format defines, with its line's index."""
    for index, line in enumerate(text.splitlines()):
        key = line.strip().removeprefix("- ").partition(":")[0]
        if ":" in line and key not in OWN_NAMES:
            yield index, key


def slips(key: str) -> Iterator[str]:
    """The key with one letter deleted, doubled, swapped with its neighbour, or inserted."""
    middle = len(key) // 2
    yield key[:middle] + key[middle + 1 :]
    yield key[:middle] + key[middle] + key[middle:]
    yield key[: middle - 1] + key[middle] + key[middle - 1] + key[middle + 1 :]
    yield key[:middle] + "x" + key[middle:]


def misspelt(text: str) -> Iterator[tuple[int, str, str]]:
    lines = text.splitlines(keepends=True)
    for index, key in keys_of(text):
        for slip in slips(key):
            if slip and slip != key:
                changed = lines[index].replace(key, slip, 1)
                yield index + 1, slip, "".join([*lines[:index], changed, *lines[index + 1 :]])


def test_the_full_configuration_is_accepted(tmp_path: Path) -> None:
    load_and_plan(full(tmp_path))
    assert ["B1", "B2", "ML1", "ML2"] == [one.id for one in load_project(tmp_path).phases[0].requirements]


def test_every_misspelt_key_is_refused_with_its_place_and_a_hint(tmp_path: Path) -> None:
    tried = told = hinted = 0
    for path, text in (("crispq.yaml", FULL_PROJECT), (PHASE_PATH, FULL_PHASE)):
        full(tmp_path)
        for line, slip, changed in misspelt(text):
            (tmp_path / path).write_text(changed)
            tried += 1
            with pytest.raises(ConfigurationMistake) as caught:
                load_and_plan(tmp_path)
            about = [one for one in caught.value.mistakes if slip in one]
            told += any(one.startswith(f"{path}:{line}:") for one in about)
            hinted += any("did you mean" in one for one in about)
            assert caught.value.exit_code == 2
    print(f"misspelt keys: {told} of {tried} refused with file:line:column, {hinted} with a hint")
    assert (tried, tried) == (told, hinted)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    full(tmp_path, FULL_PROJECT.replace("tier: standard", "tier: high").replace("key: id", "kye: id"))
    (tmp_path / PHASE_PATH).write_text(
        FULL_PHASE.replace("severity: 3\n    likelihood: 2", "severity: 9\n    likelihood: 2")
    )
    done = subprocess.run(
        [sys.executable, "-m", "crispq", "gate"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "crispq.yaml:5:1: tier" in done.stderr
    assert "crispq.yaml:14:3: unknown key 'kye' under data (did you mean 'key'?)" in done.stderr
    assert f"{PHASE_PATH}:34:5: risks.0.severity" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("at_least: 0.9", "at_least: 90", "90 is no value of roc_auc"),
        ("at_least: 0.9", "at_least: .nan", "finite"),
        ("at_least: 0.9", "at_least: -1", "-1 is no value of roc_auc"),
        ("at_least: 0.9", 'at_least: "0.9"', "valid number"),
        ("at_least: 0.9", "at_least: true", "valid number"),
        ("metric: roc_auc", "metric: roc_acu", "did you mean 'roc_auc'"),
        ("      false_positive: 1", "      false_positve: 1", "did you mean 'false_positive'"),
        ("severity: 3\n    likelihood: 2", "severity: 0\n    likelihood: 2", "greater than or equal to 1"),
        ("waivers: []", "waivers: [all]", "at most 0"),
        ("at_most: 1", "at_most: .inf", "finite"),
        ("missing_or_unfilled:", "missing_or_unfiled:", "did you mean 'missing_or_unfilled'"),
        ("scope: scope.md", "scope: ../../etc/passwd", "leaves the project"),
        ("scope: scope.md", "scope: /etc/passwd", "absolute"),
        ("id: B2", "id: B1", "stands already at"),
        ("id: R02", "id: R01", "stands twice"),
        ("level: must", "level: should", "cannot make it a should"),
    ],
)
def test_an_impossible_value_is_refused(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in FULL_PHASE
    full(tmp_path, phase=FULL_PHASE.replace(old, new, 1))
    with pytest.raises(ConfigurationMistake, match=says) as caught:
        load_and_plan(tmp_path)
    assert all(one.startswith(f"{PHASE_PATH}:") for one in caught.value.mistakes)


@pytest.mark.parametrize(
    "path",
    ["../x.csv", "/etc/passwd", "~/x.csv", "data/../../x.csv", "C:/x.csv", "file:///etc/passwd", "s3://bucket/x.csv",
     "http://example.org/x.csv", "a\\b.csv", "", " x.csv",
      "x.csv ", "data/x\\0.csv", "..", "data/..", "\\\\host\\x.csv",
     "FILE:/etc/passwd", "data/\\n.csv", "./../x.csv", "data/./../../x"],
)  # fmt: skip
def test_a_hostile_path_is_refused(tmp_path: Path, path: str) -> None:
    full(tmp_path, FULL_PROJECT.replace("raw: data/raw.csv", f'raw: "{path}"'))
    with pytest.raises(ConfigurationMistake) as caught:
        load_and_plan(tmp_path)
    assert caught.value.mistakes[0].startswith("crispq.yaml:")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty"),
        ("- 1\n", "valid dictionary"),
        ("crispq: 1\ncrispq: 1\n", "stands twice"),
        ("crispq: &a 1\nname: *a\n", "aliases"),
        ("crispq: !!python/object/apply:os.system [x]\n", "tag"),
        ("crispq: " + "[" * 5000, "nested too deep"),
        ("crispq: 2\n", "crispq.yaml:1:1: crispq"),
        ("crispq: [1\n", "not YAML"),
        ("a" * 1_000_001, "larger than"),
    ],
)
def test_yaml_that_is_none_or_hostile_is_refused(tmp_path: Path, text: str, says: str) -> None:
    full(tmp_path, text)
    with pytest.raises(ConfigurationMistake, match=says):
        load_and_plan(tmp_path)


def test_no_stays_text(tmp_path: Path) -> None:
    full(tmp_path, FULL_PROJECT.replace("positive: 1", "positive: NO"))
    assert load_project(tmp_path).data.positive == "NO"


def test_the_published_schemas_accept_what_the_loader_accepts() -> None:
    from crispq.evidence.positions import parse

    found = schemas()
    for name, text in (("crispq.schema.json", FULL_PROJECT), ("phase.schema.json", FULL_PHASE)):
        jsonschema.validate(parse(name, text.encode()).value, found[name])
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({"unknown": 1}, found[name])
