import numpy as np
import pandas as pd
import pytest

from tumour.columns import NUMBERS
from tumour.features import features, preprocessor

RANDOM = np.random.default_rng(0)
CASES = pd.DataFrame(RANDOM.gamma(4, size=(40, len(NUMBERS))), columns=list(NUMBERS)).assign(
    case_id="x", diagnosis="benign"
)


def test_there_are_thirty_measurements() -> None:
    assert len(set(NUMBERS)) == 30


def test_neither_key_nor_diagnosis_reaches_the_model() -> None:
    assert list(features(CASES)) == list(NUMBERS)


def test_a_missing_measurement_is_an_error() -> None:
    with pytest.raises(KeyError, match="worst_area"):
        features(CASES.drop(columns="worst_area"))


def test_the_order_of_columns_does_not_matter() -> None:
    turned = CASES[CASES.columns[::-1]]

    assert features(turned).equals(features(CASES))


def test_new_cases_are_scaled_by_what_was_learned_from_the_training_rows() -> None:
    fitted = preprocessor().fit(features(CASES))

    assert np.allclose(fitted.transform(features(CASES.head(1))), fitted.transform(features(CASES))[0])
