from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tumour.artifact import load, save
from tumour.columns import NUMBERS
from tumour.model import THRESHOLD, build, ladder

RANDOM = np.random.default_rng(0)
TRUTH = np.repeat(["benign", "malignant"], 40)
CASES = (
    pd.DataFrame(RANDOM.normal(size=(80, len(NUMBERS))), columns=list(NUMBERS)) + 3 * (TRUTH == "malignant")[:, None]
)


def test_the_same_seed_gives_the_same_model() -> None:
    first, second = (build(7).fit(CASES, TRUTH).predict_proba(CASES) for _ in range(2))

    assert np.array_equal(first, second)


def test_every_rung_calls_a_case_malignant_from_the_same_probability_on() -> None:
    for model in ladder(0).values():
        fitted = model.fit(CASES, TRUTH)
        probability = fitted.predict_proba(CASES)[:, list(fitted.classes_).index("malignant")]

        assert ((probability >= THRESHOLD) == (fitted.predict(CASES) == "malignant")).all()


def test_the_threshold_is_where_both_errors_cost_the_same() -> None:
    assert pytest.approx(10 * THRESHOLD) == 1 - THRESHOLD


def test_the_model_learns_what_is_plain_to_see() -> None:
    assert (build(0).fit(CASES, TRUTH).predict(CASES) == TRUTH).mean() > 0.95


def test_a_stored_model_predicts_as_before_and_has_the_same_bytes(tmp_path: Path) -> None:
    one, two = tmp_path / "one.skops", tmp_path / "two.skops"
    model = build(0).fit(CASES, TRUTH)
    save(model, one)
    save(build(0).fit(CASES, TRUTH), two)

    assert np.array_equal(load(one).predict_proba(CASES), model.predict_proba(CASES))
    assert one.read_bytes() == two.read_bytes()
