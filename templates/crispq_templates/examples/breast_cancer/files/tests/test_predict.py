import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tumour import plausible
from tumour.columns import NUMBERS
from tumour.model import build
from tumour.predict import answer, predict

ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def in_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def typical() -> dict[str, float]:
    """A case in the middle of what is plausible."""
    return {name: (plausible.limits()[name][0] + plausible.limits()[name][1]) / 2 for name in NUMBERS}


def cases() -> pd.DataFrame:
    shifts = np.linspace(0.5, 1.5, 40)
    return pd.DataFrame([{name: value * shift for name, value in typical().items()} for shift in shifts])


MODEL_TRUTH = np.repeat(["benign", "malignant"], 20)


def test_every_measurement_has_plausible_limits() -> None:
    assert set(NUMBERS) <= set(plausible.limits())


def test_a_plausible_case_is_answered() -> None:
    told = answer(build(0).fit(cases(), MODEL_TRUTH), typical())

    assert set(told) == {"prediction", "probability"}
    assert json.loads(json.dumps(told)) == told


@pytest.mark.parametrize("value", [None, "17.9", True, math.nan, math.inf, -1.0, 1e6])
def test_what_is_no_plausible_number_is_refused(value: object) -> None:
    told = answer(None, typical() | {"mean_radius": value})

    assert "mean_radius" in told["error"]


def test_a_missing_measurement_is_refused() -> None:
    lacking = typical()
    del lacking["worst_area"]

    assert "'worst_area' is missing" in answer(None, lacking)["error"]


def test_one_case_is_answered_as_it_is_among_others() -> None:
    model, together = build(0).fit(cases(), MODEL_TRUTH), predict(build(0).fit(cases(), MODEL_TRUTH), cases())
    alone = answer(model, cases().iloc[3].to_dict())

    assert alone["probability"] == pytest.approx(together["probability"][3], abs=1e-12)


@pytest.mark.skipif(not (ROOT / "models/tumour.skops").exists(), reason="the model has not been trained yet")
def test_the_serving_program_survives_nonsense() -> None:
    said = "\n".join(["nonsense", "[1]", "{}", json.dumps(typical())])
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
