"""What is reached today, without the model, has been measured.

## Why
"Better than before" can only be shown against what was before. A baseline that is remembered, guessed or years old
turns every number of the model into a success, or into a failure, as one likes.

## How it is measured
The document `success_criteria` has a section "Baseline" with a table `| Criterion | Method | Value | Low | High | Cases
| Date |`: one row for each measurement of today's way of working, of a rule of thumb or of a constant answer, in the
criterion's metric, with its bounds, the number of cases behind it and the day it was measured (YYYY-MM-DD). Nothing is
computed anew here; the rows are held against each other and the calendar:
- `faults` (none): a criterion that does not exist; a value, bound or number of cases that is no number; a value outside
  of its bounds or of what the metric can be; no cases; a method without words; a date that is no day, or that lies in
  the future of the commit that is checked out.
- `outdated` (none): rows measured more than `months` (12) before that commit. Work and data change; a year is a
  convention, not a law. Without a commit there is no day to count from; ages are then not judged, and the summary says
  so.
- `without_baseline` (none): criteria on level ml that data can answer without a row. Where a baseline cannot be had,
  the row says `-` under Value and the reason under Method (at least `fewest_words`, 3).

At least one criterion on level ml or business must have a value.

## How to mend it
Measure today's way of working on cases like those of the test set, or a simple rule (one measurement with a threshold,
always the same answer), and write the row. Measure again when it has grown old.

## Source
CRISP-ML(Q) §3.1.2, pp. 396-397 (a minimum level; success is an improvement that can be measured).

## What it cannot see
Whether the numbers were measured at all, and on cases that resemble those of the application. Keep the script that
measured them beside the document.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import isfinite
from typing import Any

from crispq import (
    Evidence,
    Example,
    Finding,
    Findings,
    MarkdownTable,
    Measurement,
    MissingEvidence,
    NotMeasurable,
    Requirement,
    Table,
    check,
    hint,
    metrics,
    missing,
    none,
)
from crispq_checks import criteria

DOCUMENT, SECTION = "success_criteria", "Baseline"
HEADER = ("Criterion", "Method", "Value", "Low", "High", "Cases", "Date")
NO_VALUE = {"", "-", "–", "—"}  # noqa: RUF001 - dashes as people type them
DAYS_OF_MONTH = 365.25 / 12


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One row of the table, as it is written, and its line."""

    criterion: str
    method: str
    value: str
    low: str
    high: str
    cases: str
    date: str
    line: int

    @property
    def excused(self) -> bool:
        """Whether the row gives a reason in place of a value."""
        return self.value in NO_VALUE


@check(
    task="success_criteria",
    catalogue=("BU2-C4",),
    risks=("R05", "R07"),
    limits={"faults": none(), "outdated": none(), "without_baseline": none()},
    tier="standard",
    seconds=60,
)
def baseline_is_measured(evidence: Evidence, *, months: float = 12, fewest_words: int = 3) -> Measurement:
    """Hold the rows of the baseline against the criteria, against each other and against the calendar."""
    stated = {one.id: one for one in evidence.criteria()}
    if not stated:
        return missing("no criterion is stated that a baseline could belong to", path=evidence.phase_file)
    path, line, rows = _rows(evidence)
    known = [row for row in rows if row.criterion in stated]
    today = evidence.as_of()
    valued = [row for row in known if not row.excused and stated[row.criterion].level in {"ml", "business"}]
    if not valued:
        message = f"the table of section {SECTION!r} has no value for a criterion on level ml or business; measure one"
        return missing(message, path=path, line=line)
    faults = [
        Finding(message=f"{row.criterion or 'the row'}: {fault}", path=path, line=row.line)
        for row in rows
        for fault in _faults(row, stated, today, fewest_words)
    ]
    old = [row for row in known if _months_before(row, today) > months]
    lacking = _lacking(evidence, known)
    return Measurement(
        values={
            "faults": Findings(examined=len(rows), items=tuple(faults)),
            "outdated": Findings(examined=len(known), items=tuple(_outdated(old, today, months, path))),
            "without_baseline": Findings(examined=len(stated), items=tuple(lacking)),
        },
        summary=_summary(rows, faults, old, lacking, today),
        tables=(_table(rows),),
    )


def _rows(evidence: Evidence) -> tuple[str, int, list[_Row]]:
    document = evidence.document(DOCUMENT)
    section = document.section(SECTION)
    if section is None:
        raise MissingEvidence(f"the section {SECTION!r} is missing", path=document.path)
    tables = [one for one in section.tables if one.columns and _plain(one.columns[0]).casefold() == "criterion"]
    if not tables:
        message = f"the section {SECTION!r} holds no table | {' | '.join(HEADER)} |; write down what was measured"
        raise MissingEvidence(message, path=document.path, line=section.line)
    return document.path, tables[0].line, [row for table in tables for row in _of_table(document.path, table)]


def _of_table(path: str, table: MarkdownTable) -> Iterator[_Row]:
    heads = [_plain(name).casefold() for name in table.columns]
    if absent := [name for name in HEADER if name.casefold() not in heads]:
        found = hint(absent[0].casefold(), heads)
        raise NotMeasurable(f"{path}:{table.line}: the table of baselines has no column {absent[0]!r}{found}")
    for line, record in table.records():
        cells = {_plain(name).casefold(): _plain(cell) for name, cell in record.items()}
        yield _Row(**{name.casefold(): cells.get(name.casefold(), "") for name in HEADER}, line=line)


def _plain(cell: str) -> str:
    return re.sub(r"\\([\\_*|`\[\]])", r"\1", cell.strip().strip("`*").strip())


# --- one row -------------------------------------------------------------------------------------


def _faults(row: _Row, stated: Mapping[str, Requirement], today: date | None, fewest_words: int) -> Iterator[str]:
    if row.criterion not in stated:
        yield f"{row.criterion!r} is no criterion of phase.yaml{hint(row.criterion, stated)}"
        return
    if len(re.findall(r"\w+", row.method)) < (fewest_words if row.excused else 1):
        lacks = "there is no value and no reason" if row.excused else "the method has no words"
        yield f"{lacks}; say under Method what was measured, or why nothing could be"
    if row.excused:
        return
    yield from _faults_of_numbers(row, stated[row.criterion])
    yield from _faults_of_date(row, today)


def _faults_of_numbers(row: _Row, one: Requirement) -> Iterator[str]:
    told = {name: _number(getattr(row, name.casefold())) for name in ("Value", "Low", "High")}
    if wrong := [name for name, number in told.items() if number is None]:
        yield f"{wrong[0]} is {getattr(row, wrong[0].casefold())!r}, no number; write it with a decimal point"
        return
    value, low, high = (float(number or 0.0) for number in told.values())
    if not low <= value <= high:
        yield f"the value {value:g} does not lie between its bounds {low:g} and {high:g}; mend the row"
    if one.metric is not None and not all(_can_be(one.metric, number) for number in (value, low, high)):
        yield f"{value:g} [{low:g}, {high:g}] is more than {one.metric} can be; write it in the metric's own unit"
    cases = _number(row.cases.replace(",", "").replace(" ", ""))
    if cases is None or cases < 1 or cases != int(cases):
        yield f"Cases is {row.cases!r}; write the number of cases behind the value"


def _can_be(name: str, value: float) -> bool:
    metric = metrics()[name]
    return (metric.low is None or value >= metric.low) and (metric.high is None or value <= metric.high)


def _number(cell: str) -> float | None:
    """The number a cell holds; `12 %` is 0.12; None where it holds none."""
    share = cell.endswith("%")
    try:
        number = float(cell.removesuffix("%").strip())
    except ValueError:
        return None
    return (number / 100 if share else number) if isfinite(number) else None


def _faults_of_date(row: _Row, today: date | None) -> Iterator[str]:
    day = _day(row.date)
    if day is None:
        yield f"Date is {row.date!r}; write the day of the measurement as YYYY-MM-DD"
    elif today is not None and day > today:
        yield f"the date {day} lies after the commit that is checked out ({today}); a measurement is of the past"


def _day(cell: str) -> date | None:
    try:
        return date.fromisoformat(cell) if re.fullmatch(r"\d{4}-\d{2}-\d{2}", cell) else None
    except ValueError:
        return None


def _months_before(row: _Row, today: date | None) -> float:
    day = _day(row.date)
    return 0.0 if today is None or day is None or row.excused else (today - day).days / DAYS_OF_MONTH


# --- what is told --------------------------------------------------------------------------------


def _outdated(old: Sequence[_Row], today: date | None, months: float, path: str) -> Iterator[Finding]:
    for row in old:
        message = (
            f"{row.criterion}: the baseline was measured {_months_before(row, today):.0f} months before the commit "
            f"that is checked out, at most {months:g} are allowed; measure it again"
        )
        yield Finding(message=message, path=path, line=row.line)


def _lacking(evidence: Evidence, known: Sequence[_Row]) -> list[Finding]:
    told = {row.criterion for row in known}
    asked = [one for one in criteria.on_rows(evidence) if one.level == "ml" and one.id not in told]
    return [
        Finding(
            message=(
                f"{one.id} ({one.metric}) has no row in the table of section {SECTION!r}; measure what is reached "
                "without the model, or give `-` and the reason"
            ),
            path=one.place.path,
            line=one.place.line,
        )
        for one in asked
    ]


def _summary(
    rows: Sequence[_Row], faults: Sequence[Finding], old: Sequence[_Row], lacking: Sequence[Finding], today: date | None
) -> str:
    told = [
        f"{len(found)} {words}"
        for found, words in ((faults, "faults"), (old, "outdated"), (lacking, "ml criteria without a row"))
        if found
    ]
    age = "" if today is not None else "; ages are not judged, for there is no commit to count from"
    return f"{len(rows)} baselines: {', '.join(told) or 'each with value, bounds, cases and date'}{age}"


def _table(rows: Sequence[_Row]) -> Table:
    return Table(
        title="Baselines",
        columns=HEADER,
        rows=tuple((row.criterion, row.method, row.value, row.low, row.high, row.cases, row.date) for row in rows),
    )


# --- examples ------------------------------------------------------------------------------------

_PATH = "1_business_and_data_understanding/success_criteria.md"
_CRITERIA: list[dict[str, Any]] = [
    {"id": "B1", "level": "business", "statement": "few are missed", "metric": "recall", "at_least": 0.9},
    {"id": "ML1", "level": "ml", "statement": "ranks well", "metric": "roc_auc", "at_least": 0.9},
]
_HEAD = (
    "# Success criteria\n\n## Baseline\n\n| Criterion | Method | Value | Low | High | Cases | Date |\n"
    "|---|---|---|---|---|---|---|\n"
)
_B1 = "| B1 | reading by eye, archive of 2025 | 0.85 | 0.80 | 0.89 | 210 | 2026-01-10 |\n"
_ML1 = "| ML1 | one measurement alone | 0.91 | 0.88 | 0.94 | 1,210 | 2026-01-10 |\n"


def _example(
    status: str,
    title: str,
    says: str,
    *rows: str,
    head: str = _HEAD,
    criteria: list[dict[str, Any]] | None = None,
) -> Example:
    return Example(
        status=status,
        title=title,
        files={_PATH: head + "".join(rows)},
        phase_file={
            "requirements": _CRITERIA if criteria is None else criteria,
            "documents": {"success_criteria": "success_criteria.md"},
        },
        says=says,
    )


EXAMPLES = (
    _example("pass", "two measurements", "2 baselines: each with value, bounds, cases and date", _B1, _ML1),
    _example(
        "pass",
        "a reason in place of a value",
        "2 baselines",
        _B1,
        "| ML1 | today nobody ranks the cases | - | - | - | - | - |\n",
    ),
    _example("fail", "an ml criterion has no row", "ML1 (roc_auc) has no row", _B1),
    _example("fail", "the value lies outside of its bounds", "between its bounds", _B1.replace("0.85", "0.95"), _ML1),
    _example("fail", "a percentage is written as a number", "own unit", _B1, _ML1.replace("0.94", "94")),
    _example("fail", "a guess without cases", "the number of cases", _B1.replace("210", "many"), _ML1),
    _example("fail", "a date that is none", "YYYY-MM-DD", _B1.replace("2026-01-10", "January"), _ML1),
    _example("fail", "an unknown criterion", "did you mean 'ML1'?", _B1, _ML1, _ML1.replace("ML1", "ML11")),
    _example("fail", "nothing but a reason", "measure one", "| B1 | nobody counted so far | - | - | - | - | - |\n"),
    _example("fail", "there is no table", "holds no table", head="# Success criteria\n\n## Baseline\n\nAs ever.\n"),
    _example("fail", "there is no section", "is missing", head="# Success criteria\n"),
    _example("fail", "there is no criterion", "no criterion is stated", _B1, criteria=[]),
    _example("error", "a column is missing", "has no column 'Cases'", head=_HEAD.replace("Cases", "Csaes")),
)
