"""Rows that were set aside have been looked at by a person.

## Why
Implausible rows are set aside so that they do no harm. If nobody looks at them, a broken sensor, a new code or a
whole hospital is missing from the data, and the model learns that such cases do not exist.

## How it is measured
Every table file (CSV, TSV, Parquet) below `data/quarantine/` must have a row in `data/quarantine/reviews.csv` with
the columns path, sha256, rows, reviewed_by (a role or a name of `people`), reviewed_on (YYYY-MM-DD), decision
(discarded, mended or returned) and reason. The digest must be that of the file as it is now.
- `unreviewed`: files with rows but without a review of these very bytes. Each is a warning.
- `overdue`: those whose oldest row, by the column `set_aside_on`, is more than `days` (14) days old on the day of the
  commit. None is allowed. Where that column or the commit is missing the age cannot be told, and the file stays a
  warning.
- `faulty_reviews`: reviews with an empty or impossible answer, of a file that is not there, or that count other rows
  than the file holds. None is allowed. Without a file set aside the check does not apply. Fourteen days are this
  check's choice.

## How to mend it
Look at the rows with a person who knows the source. Decide for each file, write the row into `reviews.csv`, and if
values were right after all, change the limits that turned them away. `sha256sum FILE` gives the digest.

## Source
CRISP-ML(Q) §3.1.5, pp. 398-399: data that fails verification is set apart for manual or automatic treatment.

## What it cannot see
Whether anybody really looked, and rows that a program threw away instead of setting them aside.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from crispq import (
    Evidence,
    Example,
    Finding,
    Findings,
    Measurement,
    NotMeasurable,
    TableData,
    check,
    hint,
    none,
    not_applicable,
)
from crispq_checks.records import day, is_answered

FOLDER = "data/quarantine"
REVIEWS = f"{FOLDER}/reviews.csv"
KINDS = ("csv", "tsv", "parquet")
COLUMNS = ("path", "sha256", "rows", "reviewed_by", "reviewed_on", "decision", "reason")
DECISIONS = ("discarded", "mended", "returned")
DATED = "set_aside_on"


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """A file that was set aside: its digest, its rows, and the day of its oldest row, if that is written."""

    path: str
    digest: str
    rows: int
    since: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Review:
    line: int
    said: Mapping[str, str]


@check(
    task="data_quality_verification",
    catalogue=("BU5-C6",),
    risks=("R12", "R13", "R14"),
    tier="standard",
    limits={"unreviewed": none(warn=True), "overdue": none(), "faulty_reviews": none()},
    seconds=300,
)
def quarantine_is_worked(evidence: Evidence, *, days: int = 14) -> Measurement:
    """Hold the files that were set aside against their reviews."""
    files = tuple(_files(evidence))
    if not files:
        return not_applicable(f"no row was set aside: {FOLDER}/ holds no table with rows")
    reviews = _reviews(evidence)
    reviewed = {one.said["sha256"].strip() for one in reviews}
    left = [one for one in files if one.digest not in reviewed]
    today = evidence.as_of()
    overdue = [one for one in left if today and one.since and (today - one.since).days > days]
    faults = tuple(fault for one in reviews for fault in _faults(evidence, one, files))
    rows = sum(one.rows for one in left)
    told = f"{sum(one.rows for one in files)} rows in {len(files)} files are set aside, {rows} of them not reviewed"
    age = "" if today else "; without a commit their age is not judged"
    return Measurement(
        values={
            "unreviewed": Findings(examined=len(files), items=tuple(_left(one, reviews) for one in left)),
            "overdue": Findings(examined=len(files), items=tuple(_late(one, today, days) for one in overdue)),
            "faulty_reviews": Findings(examined=len(files), items=faults),
        },
        summary=f"{told}{age}" + (f"; {faults[0].message}" if faults else ""),
    )


def _files(evidence: Evidence) -> Iterator[_File]:
    paths = {path for kind in KINDS for path in evidence.files(f"{FOLDER}/**/*.{kind}")} - {REVIEWS}
    for path in sorted(paths):
        evidence.path(path)
        table = TableData(name=path, root=evidence.root, paths=(path,))
        if table.rows:
            yield _File(path=path, digest=evidence.digest(path) or "", rows=table.rows, since=_since(table))


def _since(table: TableData) -> date | None:
    if DATED not in table.columns:
        return None
    oldest = table.query(f"SELECT CAST(min({DATED}) AS VARCHAR) FROM rows")[0][0]  # noqa: S608 - a word of this check
    return day(str(oldest)[:10]).day


def _reviews(evidence: Evidence) -> tuple[_Review, ...]:
    if not evidence.exists(REVIEWS):
        return ()
    reader = csv.DictReader(io.StringIO(evidence.text(REVIEWS)))
    heads = reader.fieldnames or ()
    if absent := [name for name in COLUMNS if name not in heads]:
        raise NotMeasurable(f"{REVIEWS}:1: there is no column {absent[0]!r}{hint(absent[0], heads)}")
    return tuple(_Review(line=reader.line_num, said={name: row[name] or "" for name in COLUMNS}) for row in reader)


def _faults(evidence: Evidence, review: _Review, files: tuple[_File, ...]) -> Iterator[Finding]:
    for told in _told(evidence, review.said, {one.path: one for one in files}):
        yield Finding(message=told, path=REVIEWS, line=review.line)


def _told(evidence: Evidence, said: Mapping[str, str], files: Mapping[str, _File]) -> Iterator[str]:
    for name in COLUMNS:
        if not is_answered(said[name]):
            yield f"{name} is not answered; fill in the cell"
    file = files.get(said["path"])
    if file is None and not evidence.exists(said["path"]):
        yield f"{said['path']!r} is no file that was set aside{hint(said['path'], files)}"
    elif file and file.digest == said["sha256"].strip() and said["rows"].strip() != str(file.rows):
        yield f"the review counts {said['rows'][:12]!r} rows, {file.path} holds {file.rows}; look at all of them"
    if is_answered(said["decision"]) and said["decision"] not in DECISIONS:
        near = hint(said["decision"], DECISIONS)
        yield f"the decision {said['decision'][:20]!r} is none of {', '.join(DECISIONS)}{near}"
    if is_answered(said["reviewed_on"]) and (fault := day(said["reviewed_on"]).fault):
        yield f"reviewed_on: {fault}"
    people = evidence.roles | {person.name for person in evidence.people}
    if is_answered(said["reviewed_by"]) and said["reviewed_by"] not in people:
        near = hint(said["reviewed_by"], people)
        yield f"reviewed_by {said['reviewed_by'][:40]!r} is neither a role nor a name of people{near}"


def _left(file: _File, reviews: tuple[_Review, ...]) -> Finding:
    lines = [one.line for one in reviews if one.said["path"] == file.path]
    if lines:
        told = f"has changed since it was reviewed (line {lines[-1]} of {REVIEWS}); look at it again"
    else:
        told = f"has not been reviewed; look at it, and write what is decided into {REVIEWS}"
    dated = "" if file.since else f" (without a column {DATED} its age cannot be told)"
    return Finding(message=f"{file.path} ({file.rows} rows) {told}{dated}", path=file.path)


def _late(file: _File, today: date | None, days: int) -> Finding:
    age = (today - file.since).days if today and file.since else 0
    message = f"{file.path}: its oldest row was set aside {age} days ago, {days} are allowed; review it"
    return Finding(message=message, path=file.path)


_CELLS = "case,size\nc1,9999\nc2,-4\n"


def _reviewed(text: str, **changes: str) -> str:
    import hashlib

    cells = {
        "path": f"{FOLDER}/cases.csv",
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
        "rows": "2",
        "reviewed_by": "ml_lead",
        "reviewed_on": "2026-11-01",
        "decision": "discarded",
        "reason": "a broken sensor",
    } | changes
    return f"{','.join(COLUMNS)}\n{','.join(cells[name] for name in COLUMNS)}\n"


def _example(status: str, title: str, says: str, reviews: str = "", cells: str = _CELLS) -> Example:
    files: dict[str, Any] = {f"{FOLDER}/cases.csv": cells} | ({REVIEWS: reviews} if reviews else {})
    return Example(status=status, title=title, says=says, files=files)


EXAMPLES = (
    _example("pass", "a file that was reviewed", "0 of them not reviewed", _reviewed(_CELLS)),
    _example("warn", "a file that nobody looked at", "2 of them not reviewed"),
    _example("warn", "a file that changed after its review", "has changed since", _reviewed("another text")),
    _example("fail", "other rows than the review counts", "look at all of them", _reviewed(_CELLS, rows="1")),
    _example("fail", "a review without a reason", "reason is not answered", _reviewed(_CELLS, reason="")),
    _example("fail", "a decision that is none", "did you mean 'discarded'?", _reviewed(_CELLS, decision="discard")),
    _example("fail", "a reviewer whom nobody knows", "neither a role nor a name", _reviewed(_CELLS, reviewed_by="zoe")),
    _example(
        "fail", "a review of no file", "is no file that was set aside", _reviewed(_CELLS, path=f"{FOLDER}/cases.tsv")
    ),
    _example("error", "reviews without a column", "no column 'sha256'", "path,rows\nx,1\n"),
    _example("not_applicable", "a file without rows", "no row was set aside", cells="case,size\n"),
    Example(status="not_applicable", title="nothing is set aside", says="no row was set aside"),
)
