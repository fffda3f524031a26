"""Copies are found, natural twins are not taken for copies."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from crispq_checks.rows import agreement, hashes, repeats


def measured(rows: int, columns: int, decimals: int = 15, seed: int = 0) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    return pd.DataFrame(
        generator.normal(size=(rows, columns)).round(decimals), columns=[f"c{i}" for i in range(columns)]
    )


@pytest.mark.parametrize(("columns", "decimals"), [(2, 15), (5, 15), (5, 2), (20, 1)])
def test_one_planted_row_in_10000_is_found(columns: int, decimals: int) -> None:
    frame = measured(10_000, columns, decimals)
    first, second = frame[:7_000], frame[7_000:].copy()
    assert 0 == agreement(first, second).copies
    second.iloc[5] = first.iloc[77]
    assert 1 == agreement(first, second).copies


@pytest.mark.parametrize("seed", range(50))
@pytest.mark.parametrize(("columns", "values", "rows"), [(3, 2, 10_000), (8, 2, 300), (6, 4, 1_000), (2, 300, 2_000)])
def test_twins_in_a_coarse_table_are_natural(columns: int, values: int, rows: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    frame = pd.DataFrame(generator.integers(0, values, (rows, columns)), columns=[f"c{i}" for i in range(columns)])
    found = agreement(frame[: rows // 2], frame[rows // 2 :])
    assert 0 == found.copies
    assert found.by_chance == found.agreeing.sum()


@pytest.mark.parametrize("seed", range(50))
def test_twins_in_a_table_of_correlated_answers_are_natural(seed: int) -> None:
    generator = np.random.default_rng(seed)
    answers = np.round(0.95 * generator.normal(size=(500, 1)) + 0.3 * generator.normal(size=(500, 15)) + 3).clip(1, 5)
    frame = pd.DataFrame(answers, columns=[f"q{i}" for i in range(15)])
    assert 0 == agreement(frame[:350], frame[350:]).copies


def test_rows_that_were_multiplied_before_the_split_are_copies() -> None:
    frame = measured(1_000, 10)
    many = pd.concat([frame, frame[:100].sample(900, replace=True, random_state=0)]).sample(frac=1, random_state=0)
    found = agreement(many[:1_300], many[1_300:])
    assert found.agreeing.sum() == found.copies > 250


def test_many_copies_in_a_coarse_table_exceed_what_its_repeats_predict() -> None:
    generator = np.random.default_rng(0)
    frame = pd.DataFrame({"age": generator.integers(20, 90, 600), "lab": generator.normal(5, 1, 600).round(1)})
    first, second = frame[:400], frame[400:].copy()
    second.iloc[:100] = first.iloc[:100]
    assert 0 < agreement(first, second).copies <= 100


def test_a_row_is_equal_however_its_cells_are_stored() -> None:
    whole = pd.DataFrame({"a": [1, 0], "b": ["x", None], "c": [True, False]})
    other = pd.DataFrame({"a": [1.0, -0.0], "b": pd.Series(["x", None], dtype=object), "c": [1, 0]})
    assert hashes(whole).tolist() == hashes(other).tolist()


def test_repeats_are_counted_after_the_first() -> None:
    assert 2 == repeats(pd.DataFrame({"a": [1, 1, 1, 2]}))
