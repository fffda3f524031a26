"""The schema speaks of every column that is used.

## Why
A suite of forty expectations looks thorough, and says nothing about the one column that comes in empty next month.
What a column must be is decided column by column: which type, which values, how much of it may be missing.

## How it is measured
The suite `expectations/<table>.json` of phase 1 (by default that of the table `raw`) is read, not run. Each column of
the table that is a feature, target, key, group or time needs three kinds of expectations that hold for all rows:

- a type: a list of types, or a demand that only one type can meet (numbers between bounds, a set of values, a regular
  expression, a length, a mean);
- a domain: a set, a range (also by the smallest and largest value), a pattern, a length, bounds of dates, or an order
  or sum with other columns; for the key it is enough that it is unique;
- a limit on missing values: not null, with `mostly` below 1 where gaps are normal.

Expectations with a `row_condition` speak of some rows only and do not count. Columns that are carried along but never
used are named in the setting `unused`; the paths and digests of a table of files are not asked.

That a program proposed an expectation and nobody has looked at it since is a warning (`proposed`): the word stands in
the `meta` of the entry until a person takes it away.

FORMULA: a count of columns. ASSUMPTIONS: none. DEFAULT LIMITS: no column may lack one of the three; they are the
least that a reader of the data must know, and each takes a line. The check counts what is written, so it never errs
by chance.

## How to mend it
`crispq data profile raw` proposes expectations for every column from the data at hand. Discuss each limit with the
person who knows the data, and write it into the suite.

## Source
CRISP-ML(Q) §3.1.5, pp. 398-399: requirements on the data, bounds of its features. Breck et al., "The ML Test Score",
IEEE Big Data (2017), test Data 1: feature expectations are captured in a schema.

## What it cannot see
Whether the limits are any good: a range from minus to plus a million counts as a range. `schema_catches_faults` asks
that.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from crispq import Evidence, Example, Finding, Findings, Measurement, NotMeasurable, Table, check, hint, none
from crispq_checks.covers import Demanded, end_of, says

UNIQUE = "expect_column_values_to_be_unique"


@check(
    task="data_quality_verification",
    catalogue=("BU5-C2",),
    risks=("R12", "R14"),
    tier="standard",
    limits={"uncovered": none(), "proposed": none(warn=True)},
)
def schema_covers_every_column(evidence: Evidence, *, table: str = "raw", unused: Sequence[str] = ()) -> Measurement:
    """Ask the suite, for each used column, for a type, a domain and a limit on missing values."""
    suite = evidence.suite(table)
    columns = _used(evidence, table, unused)
    told, lines = _told(suite.expectations, evidence.data.key)
    lacking = {name: [str(one) for one in Demanded if one not in told[name]] for name in columns}
    findings = [
        Finding(
            message=f"the suite gives the column {name!r} no {_listed(what)}; write it, "
            f"`crispq data profile {table}` proposes one",
            path=suite.path,
            line=lines.get(name, 1),
        )
        for name, what in lacking.items()
        if what
    ]
    covered = len(columns) - len(findings)
    return Measurement(
        values={
            "uncovered": Findings(examined=len(columns), items=tuple(findings)),
            "proposed": Findings(examined=len(suite.expectations), items=tuple(_proposed(evidence, suite))),
        },
        summary=f"{covered} of {len(columns)} used columns have a type, a domain and a limit on missing values",
        tables=(
            Table(
                title="What the suite says of each column",
                columns=("column", *map(str, Demanded)),
                rows=tuple((name, *("yes" if one in told[name] else "no" for one in Demanded)) for name in columns),
            ),
        ),
    )


def _used(evidence: Evidence, table: str, unused: Sequence[str]) -> list[str]:
    columns = evidence.table(table).columns
    for name in unused:
        if name not in columns:
            raise NotMeasurable(f"unused: the table {table!r} has no column {name!r}{hint(name, columns)}")
    left_out = {*unused, evidence.data.file, evidence.data.digest}
    if not (used := [name for name in columns if name not in left_out]):
        raise NotMeasurable(f"the table {table!r} has no column that is used; all of them are named under unused")
    return used


def _proposed(evidence: Evidence, suite: Any) -> Iterator[Finding]:
    """One finding for all expectations that a program wrote and no person has confirmed."""
    entries = evidence.json(suite.path)["expectations"]
    marked = [
        written.line
        for one, written in zip(entries, suite.expectations, strict=True)
        if isinstance(one.get("meta"), dict) and one["meta"].get("proposed") is True
    ]
    if marked:
        message = f"{len(marked)} of {len(entries)} expectations are proposals of a program; go through them with the "
        message += 'person who knows the data, and take "proposed" out of those that hold'
        yield Finding(message=message, path=suite.path, line=marked[0])


def _told(expectations: Sequence[Any], key: str | None) -> tuple[Mapping[str, set[Demanded]], Mapping[str, int]]:
    """For each column what is said of it, and the line where it is first spoken of."""
    told: dict[str, set[Demanded]] = defaultdict(set)
    ends: dict[str, set[str]] = defaultdict(set)
    lines: dict[str, int] = {}
    for entry in expectations:
        for name in entry.columns:
            lines.setdefault(name, entry.line)
            told[name] |= set(says(entry))
            if (end := end_of(entry)) is not None:
                ends[name].add(end)
            if len(ends[name]) == 2 or (entry.type == UNIQUE and name == key):  # noqa: PLR2004 - both ends
                told[name].add(Demanded.DOMAIN)
    return told, lines


def _listed(words: Sequence[str]) -> str:
    """`type, no domain` out of `a type` and `a domain`."""
    return ", no ".join(word.removeprefix("a ") for word in words)


# --- examples ------------------------------------------------------------------------------------

_CONFIG: dict[str, Any] = {"data": {"key": "id", "target": "ill", "tables": {"raw": "raw.csv"}}}
_RAW: dict[str, list[Any]] = {"id": [1, 2, 3], "age": [40, 50, 60], "ill": ["yes", "no", "no"]}
_PATH = "1_business_and_data_understanding/expectations/raw.json"


def _one(kind: str, column: str, **arguments: Any) -> dict[str, Any]:
    return {"type": f"expect_column_values_to_{kind}", "kwargs": {"column": column, **arguments}}


_NUMBERS = {"type_list": ["int64", "float64"]}
_ID = (_one("be_in_type_list", "id", **_NUMBERS), _one("not_be_null", "id"), _one("be_unique", "id"))
_AGE = (_one("be_between", "age", min_value=18, max_value=110), _one("not_be_null", "age", mostly=0.9))
_ILL = (_one("be_in_set", "ill", value_set=["yes", "no"]), _one("not_be_null", "ill"))


def _example(status: str, title: str, says_: str, *entries: Mapping[str, Any], **settings: Any) -> Example:
    lines = ",\n".join(json.dumps(one) for one in entries)
    suite = f'{{"name": "raw", "expectations": [\n{lines}\n]}}'
    files: dict[str, Any] = {"raw.csv": _RAW, _PATH: suite}
    return Example(status=status, title=title, config=_CONFIG, files=files, settings=settings, says=says_)


_SIDE = {"min_value": 0, "max_value": 120}
_ENDS = tuple(
    {"type": f"expect_column_{end}_to_be_between", "kwargs": {"column": "age", **_SIDE}} for end in ("min", "max")
)
_OLD_ONLY = _one(
    "be_between",
    "age",
    min_value=18,
    row_condition={
        "type": "comparison",
        "column": {"name": "ill"},
        "operator": "==",
        "parameter": "yes",
    },
)

EXAMPLES = (
    _example("pass", "three things are said of each column", "3 of 3 used columns", *_ID, *_AGE, *_ILL),
    _example("pass", "a range by its two ends", "3 of 3", *_ID, *_ENDS, _AGE[1], *_ILL),
    _example("pass", "a column that is not used", "2 of 2", *_ID, *_ILL, unused=["age"]),
    _example(
        "warn",
        "nobody has confirmed the proposals",
        "1 of 8 expectations are proposals",
        *_ID,
        *_AGE,
        *_ILL,
        _one("be_between", "id", min_value=0) | {"meta": {"proposed": True}},
    ),
    _example(
        "fail",
        "a column is not spoken of",
        "gives the column 'age' no type, no domain, no limit on missing values",
        *_ID,
        *_ILL,
    ),
    _example("fail", "nothing limits the gaps", "'ill' no limit on missing values", *_ID, *_AGE, _ILL[0]),
    _example(
        "fail",
        "a type is no domain",
        "'age' no domain",
        *_ID,
        _one("be_in_type_list", "age", **_NUMBERS),
        _AGE[1],
        *_ILL,
    ),
    _example("fail", "a range for some rows only", "'age' no type, no domain", *_ID, _OLD_ONLY, _AGE[1], *_ILL),
    Example(
        status="fail", title="there is no suite yet", config=_CONFIG, files={"raw.csv": _RAW}, says="does not exist yet"
    ),
    _example("error", "an unused column that is not there", "did you mean 'age'?", *_ID, *_ILL, unused=["agee"]),
    _example("error", "the suite is empty", "would hold for any data"),
)
