"""Where the data comes from is written down, source by source.

## Why
Data that nobody can trace cannot be asked for again, corrected or deleted. What it was collected for decides what it
can be used for, its period decides what it can know, and how it was labelled decides how right it can be.

## How it is measured
`sources.yaml` in this phase's folder is a list; each item has, all of them answered,
- `name`, and `tables`: the names under `data.tables` that come from this source;
- `owner`, `licence`, `collected_for` (the purpose at that time), `period`, `cost`, `refresh` (how often it is
  renewed), and `labelling` (who set the labels, and how; "none" with a reason where there are none).

Every table that nothing in the project produces (all but `train`, `test` and `production`; these too, if there are no
others) must be named by a source. `faults` counts tables without a source, fields that are missing, empty or a
placeholder such as "TODO", keys and tables that are not known, names that stand twice, and, where `legal_record.yaml`
exists, licences that differ from its `data_licences`. The limit is none, since sources are few.

## How to mend it
Go to the line that is named. Ask the owner of the source for what is missing; where it cannot be found out, say so in
words ("not documented by the authors"), so that a reader knows.

## Source
CRISP-ML(Q) §3.1.4, p. 398: data collection and its documentation. Gebru et al., "Datasheets for Datasets",
Communications of the ACM 64 (2021), pp. 86-92. Regulation (EU) 2024/1689, art. 10(2)(b): origin of data.

## What it cannot see
Whether what is written is true, and whether a table holds rows of a source that is not named.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from crispq import (
    Evidence,
    Example,
    Finding,
    Findings,
    Measurement,
    NotMeasurable,
    Positioned,
    check,
    hint,
    missing,
    none,
)
from crispq_checks.records import at, beside, is_answered, mapping, same, unanswered, unknown_keys

FILE = "sources.yaml"
LEGAL = "legal_record.yaml"
KEYS = ("name", "tables", "owner", "licence", "collected_for", "period", "cost", "refresh", "labelling")
#: What the project itself produces.
PRODUCED = frozenset({"train", "test", "production"})


@check(
    task="data_collection",
    catalogue=("BU4-C1",),
    risks=("R08", "R10", "R11"),
    tier="standard",
    limits={"faults": none()},
    seconds=120,
)
def sources_are_recorded(evidence: Evidence) -> Measurement:
    """Hold the list of sources against the tables of the project."""
    tables = tuple(evidence.data.tables)
    if not tables:
        place = evidence.place_of("data")
        return missing("no table is listed under data.tables", path=place.path, line=place.line)
    record = evidence.yaml(beside(evidence, FILE))
    sources = _sources(record)
    given = tuple(name for name in tables if name not in PRODUCED) or tables
    found = (
        *(fault for number, source in enumerate(sources) for fault in _faults(record, number, source, tables)),
        *_twice(record, sources),
        *_without_source(record, sources, given),
        *_other_licences(evidence, record, sources),
    )
    items = tuple(sorted(found, key=lambda one: (one.path or "", one.line or 0)))
    names = ", ".join(str(source.get("name")) for source in sources)
    told = f"{len(sources)} sources ({names}) are recorded and cover {', '.join(given)}"
    return Measurement(
        values={"faults": Findings(examined=len(KEYS) * len(sources) + len(given), items=items)},
        summary=f"{len(items)} faults in the record of sources, such as: {items[0].message}" if items else told,
    )


def _sources(record: Positioned) -> list[Mapping[str, Any]]:
    value = record.value
    if not isinstance(value, list):
        raise NotMeasurable(f"{record.path}:1: {FILE} is a list, one item for each source")
    return [mapping(record, one, (number,), what="a source") for number, one in enumerate(value)]


def _faults(record: Positioned, number: int, source: Mapping[str, Any], tables: Sequence[str]) -> Iterator[Finding]:
    yield from unknown_keys(record, source, KEYS, (number,))
    yield from unanswered(record, source, KEYS, (number,))
    named = source.get("tables")
    if not is_answered(named):
        return
    if not isinstance(named, list):
        yield at(record, (number, "tables"), "tables is a list of names, such as [raw]")
        return
    for index, name in enumerate(named):
        if name not in tables:
            message = f"the table {str(name)!r} is not among data.tables{hint(str(name), tables)}"
            yield at(record, (number, "tables", index), message)


def _twice(record: Positioned, sources: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    counts = Counter(str(source.get("name")) for source in sources)
    for number, source in enumerate(sources):
        name = str(source.get("name"))
        if is_answered(source.get("name")) and counts[name] > 1:
            yield at(
                record, (number, "name"), f"the name {name!r} stands {counts[name]} times; give each source its own"
            )


def _without_source(
    record: Positioned, sources: Sequence[Mapping[str, Any]], given: Sequence[str]
) -> Iterator[Finding]:
    named = {str(one) for source in sources if isinstance(source.get("tables"), list) for one in source["tables"]}
    for table in given:
        if table not in named:
            yield at(record, (), f"no source names the table {table!r}; add the source that it comes from")


def _other_licences(evidence: Evidence, record: Positioned, sources: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    path = beside(evidence, LEGAL)
    if not evidence.exists(path):
        return
    legal = evidence.yaml(path)
    licences = legal.value.get("data_licences") if isinstance(legal.value, dict) else None
    if not isinstance(licences, dict):
        return
    names = [str(source.get("name")) for source in sources]
    for number, source in enumerate(sources):
        name, licence = names[number], source.get("licence")
        if not is_answered(source.get("name")) or not is_answered(licence):
            continue
        if name not in licences:
            yield at(record, (number, "name"), f"{LEGAL} has no licence of the source {name!r}{hint(name, licences)}")
        elif not same(licences[name], licence):
            yield at(
                record, (number, "licence"), f"the licence of {name!r} is another in {LEGAL}; find out which holds"
            )
    for name in licences:
        if name not in names:
            yield at(
                legal, ("data_licences", name), f"data_licences names {name!r}, which is no source{hint(name, names)}"
            )


_PATH = f"1_business_and_data_understanding/{FILE}"
_LEGAL = f"1_business_and_data_understanding/{LEGAL}"
_CONFIG = {"data": {"tables": {"raw": "raw.csv", "train": "train.csv", "test": "test.csv"}}}
_GOOD = {
    "name": "registry",
    "tables": "[raw]",
    "owner": "the hospital's registry",
    "licence": "by contract of 2025-01-07",
    "collected_for": "billing",
    "period": "2019 to 2024",
    "cost": "two weeks of one person",
    "refresh": "once a month",
    "labelling": "by two readers, differences settled by a third",
}


def _written(**changes: str | None) -> str:
    fields = {key: value for key, value in (_GOOD | changes).items() if value is not None}
    return "- " + "  ".join(f"{key}: {value}\n" for key, value in fields.items())


def _example(status: str, title: str, says: str, text: str, legal: str = "") -> Example:
    files = {_PATH: text} | ({_LEGAL: legal} if legal else {})
    return Example(status=status, title=title, says=says, config=_CONFIG, files=files)


EXAMPLES = (
    _example("pass", "one source with all its answers", "1 sources (registry) are recorded and cover raw", _written()),
    _example(
        "pass",
        "the same licence in the legal record",
        "are recorded",
        _written(),
        "data_licences: {registry: By contract of 2025-01-07}\n",
    ),
    _example("fail", "a table without a source", "no source names the table 'raw'", _written(tables="[train]")),
    _example("fail", "a field is missing", "period is missing", _written(period=None)),
    _example("fail", "a field is a placeholder", "cost is not answered", _written(cost="tbd")),
    _example("fail", "a misspelt key", "did you mean 'licence'?", _written(licence=None, license="CC0")),
    _example("fail", "a table that does not exist", "did you mean 'raw'?", _written(tables="[raw, rawe]")),
    _example("fail", "two sources of one name", "stands 2 times", _written() + _written()),
    _example(
        "fail",
        "another licence in the legal record",
        "find out which holds",
        _written(),
        "data_licences: {registry: CC0}\n",
    ),
    _example(
        "fail",
        "a licence of no source",
        "which is no source",
        _written(),
        "data_licences: {registry: by contract of 2025-01-07, survey: CC0}\n",
    ),
    Example(status="fail", title="there is no record", config=_CONFIG, says="does not exist yet"),
    Example(status="fail", title="there is no table", says="no table is listed"),
    _example("error", "the record is no list", "is a list", "name: registry\n"),
)
