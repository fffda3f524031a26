import numpy as np
import pandas as pd
import pytest

from progression.columns import NUMBERS
from progression.features import features, preprocessor

RANDOM = np.random.default_rng(0)
PATIENTS = pd.DataFrame(RANDOM.gamma(4, size=(40, len(NUMBERS))), columns=list(NUMBERS)).assign(patient_id="x")


def test_neither_key_nor_target_reaches_the_model() -> None:
    assert list(features(PATIENTS.assign(progression=100.0))) == list(NUMBERS)


def test_a_missing_value_is_an_error() -> None:
    with pytest.raises(KeyError, match="ltg"):
        features(PATIENTS.drop(columns="ltg"))


def test_the_order_of_columns_does_not_matter() -> None:
    turned = PATIENTS[PATIENTS.columns[::-1]]

    assert features(turned).equals(features(PATIENTS))


def test_new_patients_are_scaled_by_what_was_learned_from_the_training_rows() -> None:
    fitted = preprocessor().fit(features(PATIENTS))

    assert np.allclose(fitted.transform(features(PATIENTS.head(1))), fitted.transform(features(PATIENTS))[0])
