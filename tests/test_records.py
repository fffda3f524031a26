"""What a project records of its data: persons, labels, licences; and the measures behind those checks."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
import tiny
from sklearn.metrics import cohen_kappa_score

from crispq import Example
from crispq.gate import library
from crispq.nouns import Judgement
from crispq_checks.business_and_data_understanding import legal_record_is_complete as legal
from crispq_checks.personal import KINDS, NAME, are_like_births, dates_in, kinds_declared, kinds_named, scan
from crispq_checks.statistics.agreement import intraclass, kappa
from crispq_checks.statistics.mislabelled import Disagreement, share_mislabelled

UNDERSTANDING = "1_business_and_data_understanding"
REGIONS = ("US", "GB", "DE", "FR")


def judged(root: Path, name: str, example: Example) -> Judgement:
    spec = next(one for one in library.load(library.installed_packages()) if one.name == name)
    return tiny.judge_example(root, spec, example)


def found(texts: list[str], title: str = "note") -> set[str]:
    counts = {text: texts.count(text) for text in set(texts)} if len(texts) < 100 else dict.fromkeys(texts, 1)
    return {one.kind for one in scan(counts, title, regions=REGIONS, share=0.02, fewest=3)}


# --- persons -------------------------------------------------------------------------------------

PROSE = [f"visit {row} went on for {row % 50} minutes, size {row * 0.37:.2f} mm" for row in range(1000)]


@pytest.mark.parametrize(
    ("canary", "kind"),
    [
        ("write to kim.w@uni-ulm.example.de", "e-mail address"),
        ("Überweisung an DE89 3704 0044 0532 0130 00, danke", "bank account (IBAN)"),
        ("paid with 4111 1111 1111 1111 yesterday", "card number"),
        ("call +49 170 1234567 in the evening", "phone number"),
        ("his number is 536-90-4399", "national identity number"),
        ("codice RCCMNL83S18D969H del paziente", "national identity number"),
    ],
)
def test_one_of_a_thousand_texts_is_found(canary: str, kind: str) -> None:
    assert found(PROSE) == set()
    assert found([*PROSE, canary]) == {kind}


def test_one_mail_address_in_ten_thousand_rows_is_found(tmp_path: Path) -> None:
    notes = [f"visit {row}" for row in range(10_000)]
    notes[7_777] = "write to kim.w@uni-ulm.example.de"
    example = Example(
        status="fail",
        title="a canary",
        config={"data": {"tables": {"raw": "raw.parquet"}}},
        files={"raw.parquet": {"note": notes}},
    )
    judgement = judged(tmp_path, "no_undeclared_personal_data", example)
    assert judgement.status == "fail"
    assert "kim" not in " ".join([judgement.summary, *(one.message for one in judgement.findings)])


@pytest.mark.parametrize("digits", range(7, 19))
def test_random_numbers_are_nobodys(digits: int) -> None:
    numbers = np.random.default_rng(digits).integers(10 ** (digits - 1), 10**digits - 1, 2000)
    assert found([str(one) for one in numbers], "part") == set()


def test_names_are_told_from_places_and_companies() -> None:
    assert found(["Anna Schmidt", "Peter Novak", "Laura Rossi", "Jan de Vries"]) == {NAME}
    assert found(["Braund, Mr. Owen Harris", "Heikkinen, Miss. Laina", "Allen, Mr. William Henry"]) == {NAME}
    assert (
        found(["San Diego", "St. Louis", "Fort Wayne", "Oslo", "Houston", "Denver", "Boston", "Virginia Beach"])
        == set()
    )
    assert found(["General Motors", "John Deere", "Siemens", "Walmart", "Pfizer", "Nike", "Target"]) == set()


def test_titles_and_declarations_name_kinds() -> None:
    assert {"e-mail address"} == kinds_named("Email_Address") == kinds_declared("e-mail")
    assert {"date of birth"} == kinds_named("dateOfBirth") == kinds_declared("date of birth")
    assert set() == kinds_named("birth_weight") == kinds_named("class_name") == kinds_named("phones_sold")
    assert {kind.name for kind in KINDS} == kinds_declared("free text about the patient")


def test_a_series_is_no_column_of_births() -> None:
    births = dict.fromkeys(
        (f"{1931 + row * 37 % 61}-{1 + row * 5 % 12:02}-{1 + row * 11 % 28:02}" for row in range(90)), 1
    )
    months = dict.fromkeys((f"{1931 + row // 12}-{1 + row % 12:02}-01" for row in range(700)), 1)
    assert are_like_births(dates_in(births), births)
    assert not are_like_births(dates_in(months), months)


# --- labels --------------------------------------------------------------------------------------


def test_kappa_is_that_of_a_published_table() -> None:
    counts = [[75, 1, 4], [5, 4, 1], [0, 0, 10]]  # Fleiss, Statistical Methods for Rates and Proportions (1981), p. 213
    pairs = [(row, column) for row in range(3) for column in range(3) for _ in range(counts[row][column])]
    first, second = zip(*pairs, strict=True)
    assert round(kappa(first, second), 2) == 0.68


@pytest.mark.parametrize("weighted", [False, True])
def test_kappa_is_that_of_scikit_learn(weighted: bool) -> None:  # noqa: FBT001 - a table of cases
    random = np.random.default_rng(0)
    first = random.integers(0, 4, 300)
    second = np.where(random.random(300) < 0.7, first, random.integers(0, 4, 300))
    expected = cohen_kappa_score(first, second, weights="quadratic" if weighted else None)
    assert kappa(first, second, weighted=weighted) == pytest.approx(expected)


def test_intraclass_correlation_is_that_of_shrout_and_fleiss() -> None:
    ratings = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]  # their table 2
    assert round(intraclass(ratings), 2) == 0.29


def test_a_share_of_wrong_labels_is_told_from_hard_cases() -> None:
    random = np.random.default_rng(0)
    margin = random.exponential(2.0, 3000)
    hard = random.random(3000) < 1 / (1 + np.exp(margin))
    wrong = random.random(3000) < 0.1
    right = share_mislabelled(Disagreement(margin=margin, differs=hard, classes=2))
    noisy = share_mislabelled(Disagreement(margin=margin, differs=hard ^ wrong, classes=2))
    assert right.low == 0
    assert noisy.low is not None
    assert noisy.high is not None
    assert 0.05 < noisy.low <= 0.1 <= noisy.high


# --- records -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reviewed", "status"), [("2026-06-01", "pass"), ("2025-06-01", "fail"), ("2027-06-01", "fail")]
)
def test_the_review_is_dated_by_the_commit(reviewed: str, status: str, tmp_path: Path) -> None:
    good = next(one for one in legal.EXAMPLES if one.status == "pass")
    files = {path: str(text).replace("2026-06-01", reviewed) for path, text in good.files.items()}
    for words in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "x", "--date", "2026-11-20T12:00:00Z"]):
        subprocess.run(
            ["git", "-c", "user.name=n", "-c", "user.email=n@example.org", *words],
            cwd=tmp_path,
            check=True,
            env={
                "GIT_COMMITTER_DATE": "2026-11-20T12:00:00Z",
                "PATH": "/usr/bin:/bin:/usr/local/bin",
                "HOME": str(tmp_path),
            },
        )
    judgement = judged(tmp_path, "legal_record_is_complete", Example(status=status, title="dated", files=files))
    assert (status, True) == (judgement.status.value, "not judged" not in judgement.summary)
