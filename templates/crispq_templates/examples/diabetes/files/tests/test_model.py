from pathlib import Path

import numpy as np
import pandas as pd

from progression.artifact import load, save
from progression.columns import NUMBERS
from progression.model import build

RANDOM = np.random.default_rng(0)
PATIENTS = pd.DataFrame(RANDOM.normal(size=(200, len(NUMBERS))), columns=list(NUMBERS))
TRUTH = 150 + 40 * PATIENTS["bmi"] + 20 * PATIENTS["ltg"]


def test_the_model_is_the_same_whatever_the_seed() -> None:
    first, second = (build(seed).fit(PATIENTS, TRUTH).predict(PATIENTS) for seed in (1, 2))

    assert np.array_equal(first, second)


def test_the_model_learns_what_is_plain_to_see() -> None:
    assert build(0).fit(PATIENTS, TRUTH).score(PATIENTS, TRUTH) > 0.8


def test_one_odd_patient_does_not_pull_the_others() -> None:
    odd = TRUTH.copy()
    odd.iloc[0] += 2000
    calm, pulled = (build(0).fit(PATIENTS, truth).predict(PATIENTS)[1:] for truth in (TRUTH, odd))

    assert np.median(np.abs(pulled - calm)) < 20


def test_a_stored_model_predicts_as_before_and_has_the_same_bytes(tmp_path: Path) -> None:
    one, two = tmp_path / "one.skops", tmp_path / "two.skops"
    model = build(0).fit(PATIENTS, TRUTH)
    save(model, one)
    save(build(0).fit(PATIENTS, TRUTH), two)

    assert np.array_equal(load(one).predict(PATIENTS), model.predict(PATIENTS))
    assert one.read_bytes() == two.read_bytes()
