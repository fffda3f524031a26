"""Faults in what a project records of its data, and in the data's labels, sources and persons."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
from seeded import RAW, UNDERSTANDING, change_table, fault, rewrite, rewrite_pattern

PHASE_FILE = f"{UNDERSTANDING}/phase.yaml"
LEGAL, SOURCES = f"{UNDERSTANDING}/legal_record.yaml", f"{UNDERSTANDING}/sources.yaml"
QUARANTINE = "data/quarantine"


def settings(root: Path, check: str, words: str) -> None:
    """Give the check of phase 1 these settings, in YAML's flow style, whatever it had."""
    path = root / PHASE_FILE
    lines = path.read_text().splitlines()
    place = next(number for number, line in enumerate(lines) if line.startswith("checks:"))
    own = f"  {check}: {words}"
    kept = [line for line in lines if not line.startswith(f"  {check}: ")]
    kept[place : place + 1] = ["checks:", own]
    path.write_text("\n".join(kept) + "\n")


# --- persons -------------------------------------------------------------------------------------


@fault(1, "business_and_data_understanding.no_undeclared_personal_data")
def one_mail_address_in_a_column_of_notes(root: Path) -> None:
    notes = ["read twice"] * 568 + ["results to r.miller@clinic.example.org"]
    change_table(root, RAW, lambda cases: cases.assign(note=notes))


@fault(1, "business_and_data_understanding.no_undeclared_personal_data")
def surnames_come_along_with_the_export(root: Path) -> None:
    names = ["Miller", "Schneider", "Garcia", "Johansson", "Kowalska", "Tanaka", "Rossi", "Nguyen"]
    change_table(root, RAW, lambda cases: cases.assign(reader=[names[row % 8] for row in range(len(cases))]))


@fault(1, "business_and_data_understanding.no_undeclared_personal_data")
def dates_of_birth_come_along_with_the_export(root: Path) -> None:
    births = pd.Timestamp("1921-03-04") + pd.to_timedelta(np.random.default_rng(0).integers(0, 20_000, 569), unit="D")
    change_table(root, RAW, lambda cases: cases.assign(date_of_birth=births))


@fault(1, "business_and_data_understanding.no_undeclared_personal_data")
def account_numbers_in_a_column_of_remarks(root: Path) -> None:
    remarks = ["none"] * 566 + ["paid from DE89 3704 0044 0532 0130 00"] * 3
    change_table(root, RAW, lambda cases: cases.assign(remark=remarks))


# --- records -------------------------------------------------------------------------------------


@fault(1, "business_and_data_understanding.legal_record_is_complete")
def nobody_said_what_kind_of_system_it_is(root: Path) -> None:
    rewrite_pattern(root, LEGAL, r"ai_act_class: .*", "ai_act_class: TODO")


@fault(1, "business_and_data_understanding.legal_record_is_complete")
def the_legal_record_is_signed_by_nobody(root: Path) -> None:
    rewrite_pattern(root, LEGAL, r"reviewed_by: .*", "reviewed_by: legal_counsel")


@fault(1, "business_and_data_understanding.legal_record_is_complete")
def the_use_is_prohibited(root: Path) -> None:
    rewrite_pattern(root, LEGAL, r"ai_act_class: .*", "ai_act_class: prohibited")


@fault(1, "business_and_data_understanding.sources_are_recorded")
def a_source_has_no_owner(root: Path) -> None:
    rewrite_pattern(root, SOURCES, r"  owner: .*\n", "")


@fault(1, "business_and_data_understanding.sources_are_recorded")
def a_table_comes_from_nowhere(root: Path) -> None:
    rewrite(root, "crispq.yaml", f"    raw: {RAW}\n", f"    raw: {RAW}\n    registry: {RAW}\n")


@fault(1, "business_and_data_understanding.sources_are_recorded")
def a_licence_is_another_in_the_legal_record(root: Path) -> None:
    rewrite_pattern(root, LEGAL, r"wisconsin_diagnostic: .*", "wisconsin_diagnostic: by contract only")


# --- joins ---------------------------------------------------------------------------------------


def _second_table(root: Path, keys: list[str]) -> None:
    pd.DataFrame({"case_id": keys, "site": "north"}).to_parquet(root / "data/raw/hospitals.parquet", index=False)
    rewrite(root, "crispq.yaml", f"    raw: {RAW}\n", f"    raw: {RAW}\n    hospitals: data/raw/hospitals.parquet\n")
    settings(root, "joins_are_healthy", "{joins: [{left: raw, right: hospitals, on: case_id, expect: many_to_one}]}")


def _keys(root: Path) -> list[str]:
    return [str(key) for key in pd.read_parquet(root / RAW)["case_id"]]


@fault(1, "business_and_data_understanding.joins_are_healthy")
def keys_are_written_in_two_ways(root: Path) -> None:
    _second_table(root, [key.upper() if row % 4 == 0 else key for row, key in enumerate(_keys(root))])


@fault(1, "business_and_data_understanding.joins_are_healthy")
def a_key_stands_twice_on_the_other_side(root: Path) -> None:
    keys = _keys(root)
    _second_table(root, [*keys, keys[0]])


@fault(1, "business_and_data_understanding.joins_are_healthy")
def two_tables_and_nobody_says_how_they_belong_together(root: Path) -> None:
    rewrite(root, "crispq.yaml", f"    raw: {RAW}\n", f"    raw: {RAW}\n    hospitals: {RAW}\n")


# --- labels --------------------------------------------------------------------------------------


@fault(1, "business_and_data_understanding.labels_are_reliable")
def one_label_in_eight_is_turned_over(root: Path) -> None:
    wrong = np.random.default_rng(0).permutation(569)[:71]
    other = {"malignant": "benign", "benign": "malignant"}

    def turned(cases: pd.DataFrame) -> pd.DataFrame:
        labels = [other[one] if row in set(wrong) else one for row, one in enumerate(cases["diagnosis"])]
        return cases.assign(diagnosis=labels)

    change_table(root, RAW, turned)


@fault(1, "business_and_data_understanding.labellers_agree")
def two_labellers_hardly_agree(root: Path) -> None:
    random = np.random.default_rng(0)
    first = random.choice(["malignant", "benign"], 200)
    second = np.where(random.random(200) < 0.4, first, random.choice(["malignant", "benign"], 200))
    pd.DataFrame({"label_a": first, "label_b": second}).to_csv(root / "data/twice.csv", index=False)
    settings(root, "labellers_agree", "{double_labels: data/twice.csv}")


# --- range, quarantine, batches ------------------------------------------------------------------


@fault(1, "business_and_data_understanding.operating_range_is_covered")
def the_range_of_use_reaches_beyond_the_data(root: Path) -> None:
    words = "{range: {mean_radius: [0, 5, 10, 20, 30, 40], mean_texture: [0, 10, 20, 30, 60]}}"
    rewrite(root, "crispq.yaml", "tier: standard", "tier: regulated")
    settings(root, "operating_range_is_covered", words)


@fault(1, "business_and_data_understanding.quarantine_is_worked")
def a_review_does_not_count_all_rows(root: Path) -> None:
    folder = root / QUARANTINE
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "late.csv").write_text("case_id,mean_radius\ncase_001,-1\ncase_002,900\n")
    digest = hashlib.sha256((folder / "late.csv").read_bytes()).hexdigest()
    head = "path,sha256,rows,reviewed_by,reviewed_on,decision,reason"
    review = f"{QUARANTINE}/late.csv,{digest},1,domain_expert,2026-11-20,discarded,a broken sensor"
    (folder / "reviews.csv").write_text(f"{head}\n{review}\n")


@fault(1, "business_and_data_understanding.batch_agrees_with_reference")
def a_batch_in_another_unit_is_added(root: Path) -> None:
    cases = pd.read_parquet(root / RAW)
    later = cases.iloc[:200].assign(mean_radius=cases["mean_radius"] * 10)
    later.to_parquet(root / "data/raw/later.parquet", index=False)
    rewrite(root, "crispq.yaml", f"    raw: {RAW}\n", f"    raw: {RAW}\n    later: data/raw/later.parquet\n")
    settings(root, "batch_agrees_with_reference", "{batches: [later]}")
