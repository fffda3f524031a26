"""Tables that are joined fit together: keys match, no row is lost or doubled.

## Why
Most of what goes wrong with merged data goes wrong without an error: keys written in two ways drop patients, a key
that stands twice on one side doubles rows, and the model counts the same case several times.

## How it is measured
The setting `joins` lists the joins of the project: `{left, right, on}` or `{left, right, left_on, right_on}` (a
column or several), and `expect`: how many rows of each side share a key (one_to_one, many_to_one, one_to_many,
many_to_many). Keys are compared as they are written, whole numbers as numbers; a key with a missing part matches
nothing. Counted exactly, for each join:
- `match_rate`: the share of left rows whose key stands on the right (at least 0.98, warning below 0.995).
- `duplicate_keys`: keys that stand more than once on a side that promises one. None is allowed.
- `row_growth`: rows that a left join yields beyond what `expect` allows (the left rows where the right side promises
  one; each right row once where the left side does). None is allowed.
- `key_conflicts`: key columns of different kinds (text here, number there), and keys that match only once white
  space, capitals, leading zeros, or a trailing `.0` or midnight are taken away. None is allowed: "007" and 7 are one
  key for a reader and two for a program.

Two or more source tables (all but train, test, production) without any join in the setting are a finding: how they
belong together is not said. Where they are never joined, say why in `not_joined_because`.

## How to mend it
Bring keys to one form where the data is collected, not in the join. Remove or settle double keys; if a key may stand
several times, say so in `expect` and make rows of it on purpose. Look up unmatched keys in the source.

## Source
CRISP-ML(Q) §3.1.4, p. 398: merging of data sources; §3.2.4, p. 400: formats and units of several sources. Rahm and
Do, "Data Cleaning: Problems and Current Approaches", IEEE Data Engineering Bulletin 23 (2000), pp. 3-13. The shares
are this check's choice.

## What it cannot see
Keys that match and mean another thing; joins on nearness (dates, places, similar names); joins that the project makes
and does not list here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crispq import (
    Estimate,
    Evidence,
    Example,
    Finding,
    Findings,
    Measurement,
    NotMeasurable,
    Table,
    TableData,
    at_least,
    at_most,
    check,
    hint,
    missing,
    none,
    not_applicable,
)

if TYPE_CHECKING:
    import pandas as pd

PRODUCED = frozenset({"train", "test", "production"})
EXPECTED = ("one_to_one", "many_to_one", "one_to_many", "many_to_many")
KEYS = ("left", "right", "on", "left_on", "right_on", "expect")
FEWEST_WORDS = 3
MOST_SHOWN = 20
#: Keys are shown where they have a digit and are not long: a number, not a name.
PLAIN_KEY = re.compile(r"(?=.*\d)[\w., -]{1,20}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Join:
    """Two tables, the columns that belong together, and what is promised of them."""

    left: str
    right: str
    left_on: tuple[str, ...]
    right_on: tuple[str, ...]
    expect: str

    @property
    def name(self) -> str:
        return f"{self.left} to {self.right} by {', '.join(self.left_on)}"

    @property
    def left_is_one(self) -> bool:
        return self.expect.startswith("one_to")

    @property
    def right_is_one(self) -> bool:
        return self.expect.endswith("to_one")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Health:
    """What was counted of a join."""

    join: _Join
    left_rows: int
    matched_rows: int
    left_twice: int
    right_twice: int
    growth: int
    conflicts: tuple[str, ...]
    unmatched: tuple[str, ...]


@check(
    task="data_collection",
    catalogue=("BU4-C2",),
    risks=("R11", "R12"),
    tier="standard",
    limits={
        "match_rate": at_least(0.98, warn=0.995),
        "duplicate_keys": none(),
        "row_growth": at_most(0),
        "key_conflicts": none(),
    },
    seconds=900,
)
def joins_are_healthy(
    evidence: Evidence, *, joins: Sequence[Mapping[str, Any]] = (), not_joined_because: str = ""
) -> Measurement:
    """Count keys and rows of each join that the project lists."""
    sources = [name for name in evidence.data.tables if name not in PRODUCED]
    if not joins:
        return _without_joins(evidence, sources, not_joined_because)
    found = [_health(evidence, join) for join in (_join(number, one) for number, one in enumerate(joins, start=1))]
    path = evidence.phase_file
    return Measurement(
        values={
            "match_rate": {
                one.join.name: Estimate(value=one.matched_rows / one.left_rows, n=one.left_rows) for one in found
            },
            "duplicate_keys": Findings(examined=2 * len(found), items=tuple(_twice(found, path))),
            "row_growth": {one.join.name: Estimate(value=one.growth, n=one.left_rows) for one in found},
            "key_conflicts": Findings(
                examined=len(found),
                items=tuple(
                    Finding(message=f"{one.join.name}: {told}", path=path) for one in found for told in one.conflicts
                ),
            ),
        },
        summary=_summary(found),
        tables=(_table(found), *_unmatched(found)),
    )


def _without_joins(evidence: Evidence, sources: Sequence[str], because: str) -> Measurement:
    if len(sources) < 2:  # noqa: PLR2004 - nothing to join with
        return not_applicable("the project has one source table, and no joins are listed")
    if len(because.split()) >= FEWEST_WORDS:
        return not_applicable(f"the source tables are never joined: {because}")
    message = (
        f"{len(sources)} source tables ({', '.join(sources)}) and no joins are listed; say under joins how they belong "
        "together, or under not_joined_because why they do not"
    )
    return missing(message, path=evidence.phase_file)


def _join(number: int, given: Mapping[str, Any]) -> _Join:
    where = f"joins, number {number}"
    if not isinstance(given, Mapping):
        raise NotMeasurable(f"{where}: a join is a mapping of {', '.join(KEYS)}")
    for key in given:
        if key not in KEYS:
            raise NotMeasurable(f"{where}: unknown key {key!r}{hint(str(key), KEYS)}")
    left_on, right_on = (_columns(given.get(side, given.get("on"))) for side in ("left_on", "right_on"))
    if not given.get("left") or not given.get("right") or not left_on or len(left_on) != len(right_on):
        raise NotMeasurable(f"{where}: name left, right, and on (or left_on and right_on, with as many columns each)")
    expect = str(given.get("expect"))
    if expect not in EXPECTED:
        raise NotMeasurable(f"{where}: expect is one of {', '.join(EXPECTED)}{hint(expect, EXPECTED)}")
    return _Join(left=str(given["left"]), right=str(given["right"]), left_on=left_on, right_on=right_on, expect=expect)


def _columns(given: object) -> tuple[str, ...]:
    if isinstance(given, str):
        return (given,)
    return tuple(str(one) for one in given) if isinstance(given, Sequence) else ()


# --- counting ------------------------------------------------------------------------------------


def _health(evidence: Evidence, join: _Join) -> _Health:
    left, right = evidence.table(join.left), evidence.table(join.right)
    first, second = _keys(left, join.left_on), _keys(right, join.right_on)
    both = first.dropna().merge(second.dropna(), on=list(range(len(join.left_on))), how="left", suffixes=("", "_right"))
    times = both["rows_right"].fillna(0).astype("int64")
    rows = int(first["rows"].sum())
    joined = int((both["rows"] * times.clip(lower=1)).sum()) + rows - int(both["rows"].sum())
    once = int(times.clip(lower=1).sum()) + rows - int(both["rows"].sum())
    allowed = rows if join.right_is_one else once if join.left_is_one else joined
    lost = both[times == 0]
    return _Health(
        join=join,
        left_rows=rows,
        matched_rows=int(both["rows"][times > 0].sum()),
        left_twice=int((first.dropna()["rows"] > 1).sum()) if join.left_is_one else 0,
        right_twice=int((second.dropna()["rows"] > 1).sum()) if join.right_is_one else 0,
        growth=max(0, joined - allowed),
        conflicts=(*_of_kinds(left, right, join), *_of_forms(lost, second.dropna(), len(join.left_on))),
        unmatched=tuple(", ".join(one) for one in lost[list(range(len(join.left_on)))].head(MOST_SHOWN).to_numpy()),
    )


def _keys(table: TableData, columns: Sequence[str]) -> pd.DataFrame:
    """The different keys of the table as text, columns 0, 1 ..., sorted, with their number of `rows`."""
    import pandas as pd

    for name in columns:
        if name not in table.columns:
            raise NotMeasurable(f"the table {table.name!r} has no column {name!r}{hint(name, table.columns)}")
    read = ", ".join(_as_text(name, table.types[name]) for name in columns)
    order = ", ".join(str(number + 1) for number in range(len(columns)))
    asked = f"SELECT {read}, count(*) FROM rows GROUP BY {order} ORDER BY {order}"  # noqa: S608 - quoted names
    keys = pd.DataFrame(table.query(asked), columns=[*range(len(columns)), "rows"])
    return keys.astype(dict.fromkeys(range(len(columns)), object))


def _as_text(column: str, kind: str) -> str:
    name = '"' + column.replace('"', '""') + '"'
    if kind in {"DOUBLE", "FLOAT"}:
        whole = f"{name} = floor({name}) AND abs({name}) < 1e18"
        return f"CASE WHEN {whole} THEN CAST(CAST({name} AS BIGINT) AS VARCHAR) ELSE CAST({name} AS VARCHAR) END"
    return f"CAST({name} AS VARCHAR)"


def _of_kinds(left: TableData, right: TableData, join: _Join) -> Iterator[str]:
    for first, second in zip(join.left_on, join.right_on, strict=True):
        one, other = _kind(left.types[first]), _kind(right.types[second])
        if one != other:
            yield f"{first!r} holds {one} and {second!r} holds {other}; bring both to one kind where the data is made"


def _kind(type_: str) -> str:
    if type_.startswith(("DATE", "TIME")):
        return "dates"
    return (
        "text" if type_.startswith(("VARCHAR", "UUID", "ENUM")) else "truth values" if type_ == "BOOLEAN" else "numbers"
    )


def _of_forms(lost: pd.DataFrame, right: pd.DataFrame, width: int) -> Iterator[str]:
    """How many of the lost keys would match if they were written in one form."""
    columns = list(range(width))
    if lost.empty or right.empty:
        return
    known = set(map(tuple, _one_form(right[columns]).to_numpy()))
    found = sum(tuple(key) in known for key in _one_form(lost[columns]).to_numpy())
    if found:
        yield (
            f"{found} keys match only when white space, capitals, leading zeros, a trailing .0 or midnight are taken "
            "away; write them in one form on both sides"
        )


def _one_form(keys: pd.DataFrame) -> pd.DataFrame:
    written: pd.DataFrame = keys.apply(
        lambda column: (
            column.str.strip()
            .str.casefold()
            .str.replace(r"[ t]00:00(:00(\.0+)?)?$", "", regex=True)
            .str.replace(r"(?<=\d)\.0+$", "", regex=True)
            .str.replace(r"^0+(?=\w)", "", regex=True)
        )
    )
    return written


# --- what the reader sees ------------------------------------------------------------------------


def _twice(found: Sequence[_Health], path: str) -> Iterator[Finding]:
    for one in found:
        for table, count in ((one.join.left, one.left_twice), (one.join.right, one.right_twice)):
            if count:
                message = (
                    f"{one.join.name}: {count} keys stand several times in {table!r}, where {one.join.expect} promises "
                    "one; settle the double rows, or change what is expected"
                )
                yield Finding(message=message, path=path)


def _summary(found: Sequence[_Health]) -> str:
    worst = min(found, key=lambda one: one.matched_rows / one.left_rows)
    lost, grown = worst.left_rows - worst.matched_rows, sum(one.growth for one in found)
    twice = sum(one.left_twice + one.right_twice for one in found)
    conflicts = [told for one in found for told in one.conflicts]
    told = f"; {conflicts[0]}" if conflicts else ""
    return (
        f"{len(found)} joins; in the worst ({worst.join.name}) {lost} of {worst.left_rows} rows find no partner; "
        f"{twice} keys stand twice where one is promised, {grown} rows too many{told}"
    )


def _table(found: Sequence[_Health]) -> Table:
    return Table(
        title="The joins",
        columns=("join", "expected", "left rows", "without a partner", "double keys", "rows too many"),
        rows=tuple(
            (
                one.join.name,
                one.join.expect,
                one.left_rows,
                one.left_rows - one.matched_rows,
                one.left_twice + one.right_twice,
                one.growth,
            )
            for one in found
        ),
    )


def _unmatched(found: Sequence[_Health]) -> tuple[Table, ...]:
    """The first keys without a partner, but for those that may say something about a person."""
    rows = tuple((one.join.name, key) for one in found for key in one.unmatched if PLAIN_KEY.fullmatch(key))[
        :MOST_SHOWN
    ]
    return (Table(title="Keys without a partner", columns=("join", "key"), rows=rows),) if rows else ()


_CONFIG = {"data": {"tables": {"visits": "visits.csv", "patients": "patients.csv"}}}
_JOIN = {"left": "visits", "right": "patients", "on": "patient", "expect": "many_to_one"}


def _visits(*patients: object) -> dict[str, list[Any]]:
    return {"patient": list(patients), "size": list(range(len(patients)))}


def _patients(*patients: object) -> dict[str, list[Any]]:
    return {"patient": list(patients), "age": [40 + row for row in range(len(patients))]}


def _example(
    status: str, title: str, says: str, visits: dict[str, list[Any]], patients: dict[str, list[Any]], **changes: Any
) -> Example:
    joins = changes.pop("joins", [_JOIN | changes])
    files = {"visits.csv": visits, "patients.csv": patients}
    return Example(status=status, title=title, says=says, config=_CONFIG, files=files, settings={"joins": joins})


_TEN = [f"p{number}" for number in range(10)]

EXAMPLES = (
    _example(
        "pass", "every visit has its patient", "0 of 20 rows find no partner", _visits(*_TEN * 2), _patients(*_TEN)
    ),
    _example("pass", "whole numbers, here with a gap", "joins", _visits(*range(9)), _patients(*range(9), None)),
    _example(
        "warn",
        "one visit in a hundred and fifty is lost",
        "find no partner",
        _visits(*_TEN * 15, "x"),
        _patients(*_TEN),
    ),
    _example("fail", "one visit in twenty is lost", "1 of 21 rows", _visits(*_TEN * 2, "x"), _patients(*_TEN)),
    _example("fail", "a patient stands twice", "2 rows too many", _visits(*_TEN * 2), _patients(*_TEN, "p3")),
    _example(
        "fail",
        "two visits where one is promised",
        "10 keys stand several times",
        _visits(*_TEN * 2),
        _patients(*_TEN),
        expect="one_to_one",
    ),
    _example(
        "pass",
        "several rows on both sides are meant",
        "0 rows too many",
        _visits(*_TEN * 2),
        _patients(*_TEN * 2),
        expect="many_to_many",
    ),
    _example("fail", "keys with leading zeros", "1 keys match only", _visits(*_TEN, "007x"), _patients(*_TEN, "7x")),
    _example("fail", "text here and numbers there", "holds text", _visits("x1", "2", "3"), _patients(1, 2, 3)),
    _example("fail", "capitals", "10 keys match only", _visits(*_TEN), _patients(*[one.upper() for one in _TEN])),
    _example("fail", "no join is said", "no joins are listed", _visits("a"), _patients("a"), joins=[]),
    Example(
        status="not_applicable",
        title="tables that are never joined",
        config=_CONFIG,
        settings={"not_joined_because": "the patients are another study"},
        says="another study",
    ),
    Example(
        status="not_applicable",
        title="one source table",
        config={"data": {"tables": {"raw": "raw.csv"}}},
        says="one source",
    ),
    _example(
        "error", "a key that does not exist", "did you mean 'patient'?", _visits("a"), _patients("a"), on="patien"
    ),
    _example("error", "an expectation that is none", "did you mean", _visits("a"), _patients("a"), expect="many_to_on"),
    Example(
        status="fail",
        title="a table does not exist yet",
        config=_CONFIG,
        settings={"joins": [_JOIN]},
        says="does not exist",
    ),
)
