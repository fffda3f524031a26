"""The schema notices when the data goes wrong.

## Why
Expectations that every row meets may be sharp, or so wide that anything meets them: an age from 0 to 1,000 lets
months pass for years. The only way to tell is to break the data on purpose and to see whether the suite notices. And
it must not cry out at good data: an alarm that rings every week is switched off.

## How it is measured
At most `rows` rows (5,000) of the accepted table are taken, drawn with a fixed seed where there are more. Into this
sample faults are put, one column and one kind at a time: all values times 10, and times 1,000; the sign flipped; one
row in 20 far out of range (dates: a century later); one row in 5 without a value; a measurement that stands still at
its middle; a new category in one row in 20; texts cut to half; dates in another order; a column exchanged with the
next of its kind.

- `caught` (at least 0.75, a warning below 0.90): the share of faults that break at least one expectation which held
  before, or add a hundredth of the rows to those that break one anyway. FORMULA: faults that do / faults put in. The
  table shows it by kind.
- `false_alarms` (at most 0.01): the suite is held against `halves` (20) random halves of the accepted rows. FORMULA:
  the share of their rows that stand in an alarm: those that break an expectation on single rows, and all rows of a
  half in which a demand on the whole (a mean, a median) is broken. A random half strays from the whole as much as a
  fresh sample of the same size strays from its source: var(half - whole) = s²/n. Demands on counts of rows or of
  different values, which a half must break, are left out.

ASSUMPTIONS: the accepted rows are good. Left out, with the reason in a table, are faults that change nothing here
(zero times ten) and those that no schema of the columns can notice: signs of numbers on both sides of zero, columns
swapped with one that holds alike values (Kolmogorov-Smirnov distance below 0.5), new words and cuts in free text,
dates that stand in no order with others, codes that stand still. DEFAULT LIMITS: those of the catalogue, BU5-C3; one
alarm in 20 halves on the whole is 0.05 and fails. CALIBRATION: on ten data sets that ship with scikit-learn and
statsmodels, or were made (20 to 8,000 rows, 5 to 31 columns), the suites that `crispq data profile` proposes caught
0.99 or more of the faults on eight, 0.85 and 0.88 on two of under 100 rows (for which no smallest standard deviation
is proposed), with no row in an alarm; a suite of ranges up to a million, at the foot of this file, catches 0.09.

## How to mend it
The table says which kinds of faults in which columns go unnoticed. For a unit: a range, or a median, that only the
right unit meets. For a sensor that stands still: a smallest standard deviation. For columns swapped: an order of
pairs, or ranges that do not overlap. `crispq data profile raw` proposes such expectations. Where a good half breaks a
demand on the whole, widen it.

## Source
CRISP-ML(Q) §3.1.5, pp. 398-399: data quality verification. Breck et al., "Data validation for machine learning",
MLSys (2019), §5: fuzz testing of a schema. DeMillo, Lipton and Sayward, "Hints on test data selection", IEEE Computer
11 (1978), pp. 34-41: mutation analysis.

## What it cannot see
Faults of other kinds: rows that were lost, copies, labels that flipped, slow drift. A suite that was fitted to this
very sample catches much and will turn away good data tomorrow: only new batches show that.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from crispq import (
    Chart,
    Estimate,
    Evidence,
    Example,
    Finding,
    Findings,
    Measurement,
    NotMeasurable,
    Table,
    at_least,
    at_most,
    check,
)
from crispq_checks.seeded import Fault, faults_of, quoted

#: A half of the rows, or of the different values, cannot meet a demand on their number.
OF_THE_WHOLE = frozenset(
    {
        "expect_column_distinct_values_to_contain_set",
        "expect_column_distinct_values_to_equal_set",
        "expect_column_sum_to_be_between",
        "expect_column_unique_value_count_to_be_between",
        "expect_column_proportion_of_unique_values_to_be_between",
    }
)
MOST_TOLD = 20
MOST_HALVES = 62
CALM = 0.90


#: A share of the rows by which a fault must add to those that break an expectation anyway.
MORE_ROWS = 0.01


@check(
    task="data_quality_verification",
    catalogue=("BU5-C3",),
    risks=("R12", "R13", "R14"),
    tier="standard",
    limits={"caught": at_least(0.75, warn=CALM), "false_alarms": at_most(0.01)},
)
def schema_catches_faults(
    evidence: Evidence, *, table: str = "raw", rows: int = 5_000, halves: int = 20, unused: Sequence[str] = ()
) -> Measurement:
    """Break a sample of the accepted rows on purpose and count what the suite notices; then leave it whole."""
    suite = evidence.suite(table)
    sample = evidence.sample(table, most=rows)
    whole = sample.altered()
    columns = [name for name in sample.names if name not in {*unused, evidence.data.file, evidence.data.digest}]
    held = whole.hold(suite)
    kept = [outcome for outcome in held if outcome.holds]
    about: dict[str, list[Any]] = defaultdict(list)
    for outcome in held:
        if outcome.holds or outcome.unexpected:
            for name in outcome.expectation.columns:
                about[name].append(outcome)
    faults = [_unless_nothing(sample, one) for one in faults_of(sample, whole.types, columns)]
    tried = [one for one in faults if not one.left_out]
    if not tried:
        raise NotMeasurable(f"no fault can be put into the table {table!r}: it holds nothing that could change")
    noticed = {id(one): _is_noticed(sample, one, about) for one in tried}
    missed = [one for one in tried if not noticed[id(one)]]
    caught = 1 - len(missed) / len(tried)
    alarms = _false_alarms(sample, kept, halves)
    values: dict[str, Any] = {
        "caught": Estimate(value=caught, n=len(tried)),
        "false_alarms": Estimate(value=alarms, n=halves * (sample.rows // 2)),
    }
    if caught < CALM:
        lines = {name: outcomes[0].expectation.line for name, outcomes in about.items()}
        values["unnoticed"] = Findings(examined=len(tried), items=tuple(_findings(missed, suite.path, lines, table)))
    return Measurement(
        values=values,
        summary=f"{len(tried) - len(missed)} of {len(tried)} seeded faults are noticed; "
        f"{alarms:.1%} of good rows would stand in an alarm",
        tables=(_by_kind(tried, missed), _left_out(faults)),
        charts=(_chart(tried, missed),),
    )


def _unless_nothing(sample: Any, fault: Fault) -> Fault:
    """The fault, or why it is left out: it would change no cell of this sample."""
    if fault.left_out:
        return fault
    other = " OR ".join(f"({change}) IS DISTINCT FROM {quoted(name)}" for name, change in fault.changes.items())
    if sample.query(f"SELECT count(*) FROM sample WHERE {other}")[0][0]:  # noqa: S608 - columns are quoted
        return fault
    return Fault(kind=fault.kind, column=fault.column, left_out="it changes no cell")


def _is_noticed(sample: Any, fault: Fault, about: Mapping[str, Sequence[Any]]) -> bool:
    """Whether an expectation that held is broken in the altered sample, or one that did not by clearly more rows."""
    before = list({id(one): one for name in fault.changes for one in about.get(name, ())}.values())
    if not before:
        return False
    altered = sample.altered(fault.changes, only=_columns(sample, [one.expectation for one in before], fault.changes))
    single = [one for one in before if one.expectation.type.startswith("expect_column_values_to_be_")]
    others = [one for one in before if one not in single]
    for part in (single, others):
        after = altered.hold([one.expectation for one in part]) if part else ()
        if any(_speaks_up(*both) for both in zip(part, after, strict=True)):
            return True
    return False


def _speaks_up(before: Any, after: Any) -> bool:
    """Rows that broke an expectation already, real dirt, must not hide that a fault breaks many more."""
    if before.holds or after.holds:
        return bool(before.holds and not after.holds)
    more = (after.unexpected or 0) - before.unexpected
    return bool(more > MORE_ROWS * (after.examined or 1))


def _columns(sample: Any, asked: Sequence[Any], changed: Iterable[str] = ()) -> list[str]:
    """The columns that must be there for these expectations; a condition may name any."""
    if any(one.kwargs.get("row_condition") for one in asked):
        return list(sample.names)
    return list(dict.fromkeys([*changed, *(name for one in asked for name in one.columns)]))


def _findings(missed: Sequence[Fault], path: str, lines: Mapping[str, int], table: str) -> Iterator[Finding]:
    kinds: dict[str, list[str]] = defaultdict(list)
    for one in missed:
        kinds[one.column].append(one.kind)
    told = sorted(kinds.items(), key=lambda one: -len(one[1]))
    for name, what in told[:MOST_TOLD]:
        message = f"in the column {name!r} the suite does not notice: {', '.join(what)}"
        yield Finding(
            message=f"{message}; sharpen it, `crispq data profile {table}` proposes how",
            path=path,
            line=lines.get(name, 1),
        )


# --- good data -----------------------------------------------------------------------------------


def _false_alarms(sample: Any, kept: Sequence[Any], halves: int) -> float:
    """The share of rows of random halves that stand in an alarm.

    kept: what came of the expectations on all rows. One that no single row breaks no row of a half breaks.
    """
    if sample.rows < 2 or not 1 <= halves <= MOST_HALVES:  # noqa: PLR2004 - one row has no half
        raise NotMeasurable(f"halves is a number from 1 to {MOST_HALVES}, and at least 2 rows are needed")
    asked = [
        one.expectation
        for one in kept
        if one.unexpected != 0 and one.expectation.columns and one.expectation.type not in OF_THE_WHOLE
    ]
    if not asked:
        return 0.0
    columns = _columns(sample, asked)
    held = (sample.half(number, columns).hold(asked) for number in range(halves))
    shares = [min(1.0, sum(_share_in_alarm(one) for one in outcomes if not one.holds)) for outcomes in held]
    return sum(shares) / len(shares)


def _share_in_alarm(outcome: Any) -> float:
    """All rows, unless the expectation counts single rows."""
    if outcome.unexpected is None or not outcome.examined:
        return 1.0
    return float(outcome.unexpected) / float(outcome.examined)


# --- what is shown -------------------------------------------------------------------------------


def _by_kind(tried: Sequence[Fault], missed: Sequence[Fault]) -> Table:
    seeded, lost = Counter(one.kind for one in tried), Counter(one.kind for one in missed)
    columns: dict[str, list[str]] = defaultdict(list)
    for one in missed:
        columns[one.kind].append(one.column)
    return Table(
        title="Seeded faults and what the suite noticed",
        columns=("kind of fault", "seeded", "noticed", "not noticed in"),
        rows=tuple((kind, count, count - lost[kind], ", ".join(columns[kind])[:200]) for kind, count in seeded.items()),
    )


def _left_out(faults: Sequence[Fault]) -> Table:
    reasons = Counter((one.kind, one.left_out) for one in faults if one.left_out)
    return Table(
        title="Faults that were not seeded, and why",
        columns=("kind of fault", "why", "columns"),
        rows=tuple((kind, why, count) for (kind, why), count in sorted(reasons.items())),
    )


def _chart(tried: Sequence[Fault], missed: Sequence[Fault]) -> Chart:
    seeded, lost = Counter(one.kind for one in tried), Counter(one.kind for one in missed)
    points = [{"kind": kind, "share": round(1 - lost[kind] / count, 4)} for kind, count in seeded.items()]
    worst = min(points, key=lambda one: (one["share"], one["kind"]))
    return Chart(
        title="Share of seeded faults that the suite notices",
        description=f"Bars by kind of fault; the least noticed is {worst['kind']!r} with {worst['share']:.0%}.",
        spec={
            "width": 400,
            "data": {"values": points},
            "mark": "bar",
            "encoding": {
                "x": {"field": "share", "type": "quantitative", "title": "noticed", "scale": {"domain": [0, 1]}},
                "y": {"field": "kind", "type": "nominal", "sort": "-x", "title": "kind of fault"},
            },
        },
    )


# --- examples ------------------------------------------------------------------------------------

_ROWS = 200
_CONFIG: dict[str, Any] = {"data": {"tables": {"raw": "raw.csv"}}}
_RAW: dict[str, list[Any]] = {
    "age": [20 + row * 37 % 61 for row in range(_ROWS)],
    "weight_kg": [round(50 + row * 29 % 71 + 0.1 * (row % 7), 1) for row in range(_ROWS)],
    "admitted": [f"2025-{1 + row % 6:02d}-{1 + row % 28:02d}" for row in range(_ROWS)],
    "left": [f"2025-{2 + row % 6:02d}-{1 + row % 27:02d}" for row in range(_ROWS)],
    "site": ["north", "south", "west", "south"] * (_ROWS // 4),
}
_PATH = "1_business_and_data_understanding/expectations/raw.json"


def _one(kind: str, column: str, **arguments: Any) -> dict[str, Any]:
    return {"type": f"expect_column_{kind}", "kwargs": {"column": column, **arguments}}


def _range(column: str, low: Any, high: Any) -> dict[str, Any]:
    return _one("values_to_be_between", column, min_value=low, max_value=high)


_PRESENT = tuple(_one("values_to_not_be_null", column) for column in _RAW)
_SHARP = (
    *_PRESENT,
    _range("age", 18, 110),
    _one("stdev_to_be_between", "age", min_value=3),
    _range("weight_kg", 35, 250),
    _one("stdev_to_be_between", "weight_kg", min_value=3),
    _one("mean_to_be_between", "weight_kg", min_value=65, max_value=110),
    _one("mean_to_be_between", "age", min_value=30, max_value=64),
    _range("admitted", "2024-12-01T00:00:00", "2026-01-01T00:00:00"),
    _range("left", "2024-12-01T00:00:00", "2026-01-01T00:00:00"),
    {
        "type": "expect_column_pair_values_a_to_be_greater_than_b",
        "kwargs": {"column_A": "left", "column_B": "admitted"},
    },
    _one("values_to_be_in_set", "site", value_set=["north", "south", "west"]),
)
_WIDE = (_range("age", 0, 1_000_000), _range("weight_kg", -1_000_000, 1_000_000), _one("values_to_not_be_null", "site"))


def _example(status: str, title: str, says: str, *entries: Mapping[str, Any]) -> Example:
    lines = ",\n".join(json.dumps(one) for one in entries)
    suite = f'{{"name": "raw", "expectations": [\n{lines}\n]}}'
    return Example(status=status, title=title, config=_CONFIG, files={"raw.csv": _RAW, _PATH: suite}, says=says)


EXAMPLES = (
    _example("pass", "a sharp suite", "seeded faults are noticed; 0.0% of good rows", *_SHARP),
    _example("warn", "one column is spoken of less", "too near to be calm", *_SHARP[1:5], *_SHARP[6:8], *_SHARP[9:]),
    _example("fail", "a suite that anything meets", "the suite does not notice", *_WIDE),
    _example(
        "fail",
        "a demand so narrow that good data breaks it",
        "of good rows would stand in an alarm",
        *_SHARP,
        _one("mean_to_be_between", "age", min_value=49.7, max_value=50.3),
    ),
    Example(
        status="fail", title="there is no suite yet", config=_CONFIG, files={"raw.csv": _RAW}, says="does not exist yet"
    ),
    _example("error", "the suite is empty", "would hold for any data"),
)
