import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

PREPARE = Path(__file__).parent.parent / "2_data_preparation" / "prepare.py"


@pytest.fixture(scope="module")
def prepare() -> ModuleType:
    spec = importlib.util.spec_from_file_location("prepare", PREPARE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def patients() -> pd.DataFrame:
    random = np.random.default_rng(0)
    keys = [f"patient_{n}" for n in range(500)]
    return pd.DataFrame(
        {"patient_id": keys, "sex": random.integers(1, 3, 500), "progression": random.gamma(4, 38, 500)}
    )


def test_the_parts_are_disjoint_and_nothing_is_lost(prepare: ModuleType, patients: pd.DataFrame) -> None:
    earlier, later = prepare.split(patients, 110, 0)
    train, test = prepare.split(earlier, 150, 0)
    parts = [train, test, *prepare.batches(later, 0)]

    assert sorted(pd.concat(parts)["patient_id"]) == sorted(patients["patient_id"])


def test_the_same_seed_gives_the_same_split_and_another_seed_another(
    prepare: ModuleType, patients: pd.DataFrame
) -> None:
    first, again, other = (prepare.split(patients, 110, seed)[1] for seed in (3, 3, 4))

    assert first.equals(again)
    assert set(first["patient_id"]) != set(other["patient_id"])


def test_every_part_covers_the_scale(prepare: ModuleType, patients: pd.DataFrame) -> None:
    earlier, later = prepare.split(patients, 110, 0)

    for part in (earlier, later, *prepare.batches(later, 0)):
        assert part["progression"].median() == pytest.approx(patients["progression"].median(), abs=15)
        assert (part["sex"] == 1).mean() == pytest.approx((patients["sex"] == 1).mean(), abs=0.05)
