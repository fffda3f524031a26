import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from progression import plausible
from progression.columns import NUMBERS
from progression.model import build
from progression.predict import HIGHEST, LOWEST, answer, predict

ROOT = Path(__file__).parent.parent
TYPICAL = {
    "age": 50.0,
    "sex": 1,
    "bmi": 25.7,
    "bp": 93.0,
    "tc": 186.0,
    "ldl": 113.0,
    "hdl": 48.0,
    "tch": 4.0,
    "ltg": 4.62,
    "glu": 91.0,
}


@pytest.fixture(autouse=True)
def in_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def patients() -> pd.DataFrame:
    return pd.DataFrame([TYPICAL | {"bmi": bmi} for bmi in np.linspace(18, 42, 40)])


def test_every_value_has_plausible_limits() -> None:
    assert set(NUMBERS) <= set(plausible.limits())


def test_a_plausible_patient_is_answered() -> None:
    told = answer(build(0).fit(patients(), patients()["bmi"] * 5), TYPICAL)

    assert set(told) == {"prediction"}
    assert json.loads(json.dumps(told)) == told


@pytest.mark.parametrize("value", [None, "25.7", True, math.nan, math.inf, -1.0, 1e6])
def test_what_is_no_plausible_number_is_refused(value: object) -> None:
    assert "bmi" in answer(None, TYPICAL | {"bmi": value})["error"]


@pytest.mark.parametrize("sex", [0, 1.5, 3])
def test_an_unknown_code_is_refused(sex: float) -> None:
    assert "sex" in answer(None, TYPICAL | {"sex": sex})["error"]


@pytest.mark.parametrize(("name", "mmol"), [("tc", 4.8), ("ldl", 2.9), ("hdl", 1.2), ("glu", 5.1)])
def test_blood_values_in_mmol_are_refused(name: str, mmol: float) -> None:
    assert name in answer(None, TYPICAL | {name: mmol})["error"]


def test_nothing_beyond_the_scale_is_passed_on() -> None:
    model = build(0).fit(patients(), patients()["bmi"] * 1000)

    assert predict(model, patients())["prediction"].between(LOWEST, HIGHEST).all()


@pytest.mark.skipif(not (ROOT / "models/progression.skops").exists(), reason="the model has not been trained yet")
def test_the_serving_program_survives_nonsense() -> None:
    said = "\n".join(["nonsense", "[1]", "{}", json.dumps(TYPICAL)])
    done = subprocess.run(
        [sys.executable, "5_deployment/serve.py", "--lines"],
        input=said,
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": "src"},
    )
    ready, *answers = map(json.loads, done.stdout.splitlines())

    assert ready == {"ready": True}
    assert ["error" in one for one in answers] == [True, True, True, False]
