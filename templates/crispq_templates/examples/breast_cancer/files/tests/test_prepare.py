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
def cases() -> pd.DataFrame:
    random = np.random.default_rng(0)
    diagnosis = np.where(random.random(500) < 0.37, "malignant", "benign")
    area = random.gamma(9, 70, size=500)
    return pd.DataFrame({"case_id": [f"case_{n}" for n in range(500)], "mean_area": area, "diagnosis": diagnosis})


def test_the_parts_are_disjoint_and_nothing_is_lost(prepare: ModuleType, cases: pd.DataFrame) -> None:
    earlier, later = prepare.split(cases, 137, 0)
    train, test = prepare.split(earlier, 205, 0)
    parts = [train, test, *prepare.batches(later, 0)]

    assert sorted(pd.concat(parts)["case_id"]) == sorted(cases["case_id"])


def test_the_same_seed_gives_the_same_split_and_another_seed_another(prepare: ModuleType, cases: pd.DataFrame) -> None:
    first, again, other = (prepare.split(cases, 137, seed)[1] for seed in (3, 3, 4))

    assert first.equals(again)
    assert set(first["case_id"]) != set(other["case_id"])


def test_every_part_has_its_share_of_malignant_cases(prepare: ModuleType, cases: pd.DataFrame) -> None:
    share = (cases["diagnosis"] == "malignant").mean()
    earlier, later = prepare.split(cases, 137, 0)

    for part in (earlier, later, *prepare.batches(later, 0)):
        assert (part["diagnosis"] == "malignant").mean() == pytest.approx(share, abs=0.03)
