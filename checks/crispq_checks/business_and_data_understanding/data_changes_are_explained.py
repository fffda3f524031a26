"""Every change of the data is explained.

## Why
Data changes for good reasons and for bad ones: late laboratory values, a corrected diagnosis, an export with another
filter, labels that were "cleaned" until the model looked right. Years later only the written reason tells them apart.

## How it is measured
The registry `data_versions.json`, written by `crispq data register TABLE --reason "..."`, holds for each version a
summary of every column, the number of rows by label, and the change since the version before. Asked are three things.

- `unexplained` (none): each version has a reason of at least `words` words (3) that is not the reason of the version
  before; the first one says where the data comes from. The reason may stand in the registry or in the table of the
  document data_versions. Where labels flipped, the reason (or the note beside it) must speak of labels: the word
  label, class, target, outcome, annotation, diagnosis, the target's name or one of its values. Flips are counted row
  by row where the registry has them by key; where it has not, and no row came or went, the rows that changed between
  labels.
- `inconsistent` (none): numbers 1, 2, 3 ... without a gap; the recorded change in rows, columns, missing values and
  labels is the difference of the two summaries; a column that has moved is not recorded as unmoved.
- `not_in_the_document` (none): the table | Version | Date | Rows | Digest | Reason for the change | Author | in the
  section "Versions" of data_versions has a row for each version with its number of rows and the first 12 characters
  or more of its content digest.

FORMULA of "has moved": the summaries hold quantiles. For an edge e at one of the older version's quantiles, with F(e)
its recorded share of rows up to e, the two distributions differ by at least q - F(e) if the newer version's
q-quantile is at most e, and by at least F(e) - q if it is above e (missing values are no part of F and q, both are
scaled by them). The recorded distance (total variation, 0 to 1) must not lie more than 0.05 below the largest of
these. ASSUMPTIONS: none on the data. DEFAULT LIMITS: no finding; the slack of 0.05 covers rounding and interpolated
quantiles, so that a change that crispq itself recorded is never a finding: of 300 random pairs of versions (20 to
2,000 rows; numbers, ties, gaps, categories) none was.

## How to mend it
Write into the registry's `reason`, or into the document's table, what was done to the data, by whom and why. Do not
edit numbers of the registry: restore them from git.

## Source
CRISP-ML(Q) §3.1.4, p. 398: documentation of data changes, since they may lead to other results. Gebru et al.,
"Datasheets for datasets", Communications of the ACM 64 (2021), pp. 86-92.

## What it cannot see
Whether a reason is true, or a good one. A change that was never registered: that is what `data_is_versioned` looks
for. Where no fingerprint was at hand when a version was registered, labels that flipped while as many flipped back.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from crispq import Evidence, Example, Finding, Findings, Measurement, MissingEvidence, Table, check, missing, none
from crispq_checks.versions import REGISTRY, Version, registered

DOCUMENT = "data_versions"
HEADER = ("version", "rows", "digest", "reason for the change")
WORD = re.compile(r"[^\W\d_]{2,}")
#: A cell of the document that only points to the registry gives no reason.
ELSEWHERE = re.compile(r"\bsee\b|\bregistry\b|data_versions", re.IGNORECASE)
OF_LABELS = ("label", "class", "target", "outcome", "annotat", "diagnos", "ground truth", "flip")
SHORTEST_DIGEST = 12
SLACK = 0.05
ROUNDING = 1e-4


@check(
    task="data_collection",
    catalogue=("BU4-C4",),
    risks=("R11",),
    tier="standard",
    limits={"unexplained": none(), "inconsistent": none(), "not_in_the_document": none()},
)
def data_changes_are_explained(evidence: Evidence, *, words: int = 3) -> Measurement:
    """Ask each registered version for its reason, and its recorded change for agreement with its summaries."""
    try:
        versions = registered(evidence)
    except MissingEvidence:
        return missing('no version of the data is registered; begin with `crispq data register raw --reason "..."`')
    if not versions:
        return missing("the registry holds no version; `crispq data register raw` records the first", path=REGISTRY)
    rows = _document_rows(evidence)
    reasons = {id(one): _reason(one, rows, words) for one in versions}
    unexplained, inconsistent = [], []
    for table in dict.fromkeys(one.table for one in versions):
        of_table = [one for one in versions if one.table == table]
        unexplained += list(_unexplained(evidence, of_table, reasons, words))
        inconsistent += list(_inconsistent(of_table))
    lacking = [one for version in versions for one in _lacking(version, rows)]
    found = len(unexplained) + len(inconsistent) + len(lacking)
    return Measurement(
        values={
            "unexplained": Findings(examined=len(versions), items=tuple(unexplained)),
            "inconsistent": Findings(examined=len(versions), items=tuple(inconsistent)),
            "not_in_the_document": Findings(examined=len(versions), items=tuple(lacking)),
        },
        summary=f"{len(versions)} registered versions: {found or 'nothing'} amiss",
        tables=(
            Table(
                title="Versions",
                columns=("table", "version", "rows", "labels flipped", "reason"),
                rows=tuple(
                    (one.table, one.number, one.body["rows"], _flipped(one), reasons[id(one)][:120]) for one in versions
                ),
            ),
        ),
    )


def _finding(version: Version, message: str) -> Finding:
    told = f"version {version.number} of {version.table!r} {message}"
    return Finding(message=told, path=REGISTRY, line=version.line)


# --- reasons -------------------------------------------------------------------------------------


def _unexplained(
    evidence: Evidence, versions: Sequence[Version], reasons: Mapping[int, str], words: int
) -> Iterator[Finding]:
    last = ""
    for index, version in enumerate(versions):
        reason = reasons[id(version)]
        if _words(reason) < words:
            what = "does not say where the data comes from" if index == 0 else "does not say why it differs"
            yield _finding(version, f"{what}; write a reason of at least {words} words")
        elif " ".join(reason.casefold().split()) == last:
            yield _finding(version, "repeats the reason of the version before; say what was done this time")
        last = " ".join(reason.casefold().split())
        flipped = _flipped(version)
        if flipped and not _speaks_of_labels(evidence, version, reason):
            yield _finding(
                version, f"changed the label of {flipped} rows, and its reason does not speak of labels; say why"
            )


def _words(text: str) -> int:
    return len(WORD.findall(text))


def _reason(version: Version, rows: Sequence[Mapping[str, Any]], words: int) -> str:
    """What the registry says, or the document where the registry says too little."""
    written = version.text("reason")
    told = [row["reason for the change"] for row in rows if _is_row_of(row, version)]
    told = [one for one in told if not ELSEWHERE.search(one)]
    return written if _words(written) >= words or not told else told[0]


def _flipped(version: Version) -> int | None:
    """How many rows have another label than in the version before; None where that is not known."""
    change = version.body.get("change")
    if not isinstance(change, dict):
        return None
    by_row, labels = change.get("by_row"), change.get("labels")
    if isinstance(by_row, dict) and isinstance(by_row.get("labels_flipped"), int):
        return int(by_row["labels_flipped"])
    if change.get("rows") == 0 and isinstance(labels, dict):
        return sum(count for count in labels.values() if isinstance(count, int) and count > 0)
    return None


def _speaks_of_labels(evidence: Evidence, version: Version, reason: str) -> bool:
    said = f"{reason} {version.text('note')}".casefold()
    labels = version.body.get("labels")
    named = [evidence.data.target or "", *(labels if isinstance(labels, dict) else ())]
    spoken = (str(one).casefold().replace("_", " ") for one in named)
    return any(word in said for word in OF_LABELS) or any(
        re.search(rf"\b{re.escape(one)}\b", said.replace("_", " ")) for one in spoken if len(one) > 1
    )


# --- what is recorded against the summaries ------------------------------------------------------


def _inconsistent(versions: Sequence[Version]) -> Iterator[Finding]:
    for number, version in enumerate(versions, start=1):
        if version.number != number:
            yield _finding(version, f"stands where version {number} must stand; restore the registry from git")
    for before, after in pairwise(versions):
        change = after.body.get("change")
        if not isinstance(change, dict) or change.get("since") != before.number:
            yield _finding(after, f"does not say what changed since version {before.number}; restore it from git")
            continue
        for what in _disagreements(before.body, after.body, change):
            yield _finding(after, f"records {what}; restore the registry from git, or register the data anew")


def _disagreements(before: Mapping[str, Any], after: Mapping[str, Any], change: Mapping[str, Any]) -> Iterator[str]:
    """Where the recorded change is not the difference of what the two versions record of themselves."""
    if before["content"] == after["content"]:
        yield "the same content as the version before"
    rows = after["rows"] - before["rows"]
    if change.get("rows") != rows:
        yield f"a change of {change.get('rows')} rows where the versions differ by {rows}"
    yield from _odd_rows(change.get("by_row"), rows)
    old, new = before["columns"], after["columns"]
    columns = {
        "added": [name for name in new if name not in old],
        "removed": [name for name in old if name not in new],
        "retyped": {name: [old[name], new[name]] for name in new if name in old and old[name] != new[name]},
    }
    if change.get("columns") != columns:
        yield "another change of columns than the versions show"
    if _label_change(before.get("labels"), after.get("labels")) != (change.get("labels") or {}):
        yield "another change of labels than the versions show"
    yield from _odd_columns(before["summary"], after["summary"], change)


def _odd_rows(by_row: Any, rows: int) -> Iterator[str]:
    if isinstance(by_row, dict):
        added, removed = by_row.get("added"), by_row.get("removed")
        if not isinstance(added, int) or not isinstance(removed, int) or added - removed != rows:
            yield f"rows added and removed that do not make the difference of {rows}"


def _label_change(before: Any, after: Any) -> dict[str, int]:
    if not isinstance(before, dict) or not isinstance(after, dict):
        return {}
    change = {label: after.get(label, 0) - before.get(label, 0) for label in {*before, *after}}
    return {label: count for label, count in change.items() if count}


def _odd_columns(before: Mapping[str, Any], after: Mapping[str, Any], change: Mapping[str, Any]) -> Iterator[str]:
    moved, apart = change.get("missing"), change.get("distance")
    if not isinstance(moved, dict) or not isinstance(apart, dict):
        yield "no change of missing values and distributions"
        return
    for name in sorted(set(before) & set(after)):
        old, new = before[name], after[name]
        if abs(new["missing"] - old["missing"] - moved.get(name, 0.0)) > ROUNDING:
            yield f"another change of missing values in {name!r} than the versions show"
        least = _at_least_apart(old, new) if old["kind"] == new["kind"] else 0.0
        if (recorded := float(apart.get(name, 0.0))) < least - SLACK:
            yield f"that {recorded:.0%} of {name!r} moved, where the versions show at least {least:.0%}"


def _at_least_apart(old: Mapping[str, Any], new: Mapping[str, Any]) -> float:
    """A lower bound of the distance between the two versions of a column, from their summaries."""
    gap = float(abs(old["missing"] - new["missing"]))
    if "counts" in old and "counts" in new:
        return max(gap, _counts_apart(old, new))
    if not all("quantiles" in one and "shares" in one for one in (old, new)):
        return gap
    edges = sorted({float(one) for one in old["quantiles"].values()})
    return max([gap, *_apart_at(edges, old, new)])


def _apart_at(edges: Sequence[float], old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[float]:
    """For the rows up to each edge, and those above it: by how much their share of all rows differs at least."""
    filled = 1 - old["missing"], 1 - new["missing"]
    below = 0.0
    for edge, share in zip(edges, old["shares"], strict=False):
        below += share
        low = max((float(level) for level, value in new["quantiles"].items() if value <= edge), default=0.0)
        high = min((float(level) for level, value in new["quantiles"].items() if value > edge), default=1.0)
        for before, least, most in ((below, low, high), (1 - below, 1 - high, 1 - low)):
            yield max(filled[1] * least - filled[0] * before, filled[0] * before - filled[1] * most)


def _counts_apart(old: Mapping[str, Any], new: Mapping[str, Any]) -> float:
    """The total variation distance of the counted values, those that are too rare to be named left out."""
    totals = [sum(one["counts"].values()) + one["other"] for one in (old, new)]
    if not all(totals):
        return 0.0
    names = set(old["counts"]) & set(new["counts"])
    shares = [
        [(1 - one["missing"]) * one["counts"][name] / total for name in names]
        for one, total in zip((old, new), totals, strict=True)
    ]
    return float(sum(abs(first - second) for first, second in zip(*shares, strict=True)) / 2)


# --- the document --------------------------------------------------------------------------------


def _document_rows(evidence: Evidence) -> Sequence[Mapping[str, Any]]:
    """The rows of the table of versions, with their place; none where there is no such table."""
    document = evidence.document(DOCUMENT)
    rows = []
    for section in document.sections:
        for table in section.tables:
            heads = [name.strip().casefold() for name in table.columns]
            if set(HEADER) <= set(heads):
                rows += [
                    {name.strip(): cell for name, cell in record.items()} | {"path": document.path, "line": line}
                    for line, record in table.records()
                ]
    return rows


def _is_row_of(row: Mapping[str, Any], version: Version) -> bool:
    """Whether the row speaks of this version: `2`, or `labels 2` for another table than raw."""
    said = row["version"].strip().strip("`").casefold()
    return said in {f"{version.table} {version.number}".casefold(), f"{version.table}@{version.number}".casefold()} or (
        version.table == "raw" and said in {str(version.number), f"v{version.number}"}
    )


def _lacking(version: Version, rows: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    found = [row for row in rows if _is_row_of(row, version)]
    wanted = (
        f"| {version.number} | DATE | {version.body['rows']} | {version.content[:SHORTEST_DIGEST]} | REASON | AUTHOR |"
    )
    if not found:
        yield _finding(version, f"has no row in the table of versions of data_versions.md; add {wanted}")
        return
    row = found[0]
    where = {"path": row["path"], "line": row["line"]}
    if re.sub(r"\D", "", row["rows"]) != str(version.body["rows"]):
        message = (
            f"version {version.number} of {version.table!r} has {version.body['rows']} rows, here stand {row['rows']!r}"
        )
        yield Finding(message=f"{message}; write the registered number", **where)
    digests = re.findall(rf"\b[0-9a-f]{{{SHORTEST_DIGEST},64}}\b", row["digest"].casefold())
    if not any(version.content.startswith(one) for one in digests):
        message = f"the row of version {version.number} of {version.table!r} does not name its content"
        yield Finding(message=f"{message}; write {version.content[:SHORTEST_DIGEST]} or more under Digest", **where)


# --- examples ------------------------------------------------------------------------------------

_PAGE = "1_business_and_data_understanding/data_versions.md"
_CONFIG: dict[str, Any] = {"data": {"target": "ill", "tables": {"raw": "raw.csv"}}}
_LISTED: dict[str, Any] = {"documents": {DOCUMENT: "data_versions.md"}, "checks": {}}
_HEAD = """# Data versions

## Versions

| Version | Date | Rows | Digest | Reason for the change | Author |
|-|-|-|-|-|-|
"""
_WHY = "Forty cases of the spring arrived from the laboratory"


def _age(step: int, missing_share: float = 0.0) -> dict[str, Any]:
    quantiles = {f"{level:g}": 20 + step + 60 * level for level in (0.1, 0.3, 0.5, 0.7, 0.9)}
    return {
        "kind": "number",
        "missing": missing_share,
        "distinct": 60,
        "quantiles": quantiles,
        "shares": [0.1, 0.2, 0.2, 0.2, 0.2, 0.1],
    }


def _version(number: int, reason: str, step: int = 0, **change: Any) -> dict[str, Any]:
    rows = 100 + 40 * (number - 1)
    ill = 50 + 20 * (number - 1)
    changed = {
        "since": number - 1,
        "rows": 40,
        "columns": {"added": [], "removed": [], "retyped": {}},
        "missing": {},
        "labels": {"yes": 20, "no": 20},
        "distance": {},
        "by_row": {"added": 40, "removed": 0, "changed": 0, "labels_flipped": 0},
    }
    return {
        "table": "raw",
        "version": number,
        "reason": reason,
        "rows": rows,
        "columns": {"age": "number", "ill": "text"},
        "content": f"{number}" * 64,
        "files": [],
        "summary": {
            "age": _age(step),
            "ill": {"kind": "text", "missing": 0, "distinct": 2, "counts": {"yes": ill, "no": ill}, "other": 0},
        },
        "labels": {"yes": ill, "no": ill},
        "change": None if number == 1 else changed | change,
    }


_FIRST = _version(1, "export of the clinic's register")
_FLIPS: dict[str, Any] = {"by_row": {"added": 40, "removed": 0, "changed": 9, "labels_flipped": 9}}


def _example(status: str, title: str, says: str, *versions: Mapping[str, Any], page: str | None = None) -> Example:
    rows = "".join(
        f"| {one['version']} | 2026-01-01 | {one['rows']} | `{one['content'][:12]}` | see registry | A. |\n"
        for one in versions
    )
    registry = json.dumps({"schema": "crispq/data_versions/1", "versions": versions}, indent=1)
    return Example(
        status=status,
        title=title,
        says=says,
        config=_CONFIG,
        files={REGISTRY: registry, _PAGE: _HEAD + rows if page is None else page},
        phase_file=_LISTED,
    )


EXAMPLES = (
    _example("pass", "the first version says where it comes from", "1 registered versions", _FIRST),
    _example("pass", "a later version with its reason", "2 registered versions", _FIRST, _version(2, _WHY)),
    _example(
        "pass",
        "labels that were corrected, and why",
        "nothing amiss",
        _FIRST,
        _version(2, "A second pathologist corrected nine labels", **_FLIPS),
    ),
    _example("fail", "no reason", "does not say why it differs", _FIRST, _version(2, "updated")),
    _example("fail", "the first has no source", "where the data comes from", _version(1, "data")),
    _example(
        "fail", "the same reason again", "repeats the reason", _FIRST, _version(2, _WHY), _version(3, _WHY.upper())
    ),
    _example("fail", "labels flipped in silence", "changed the label of 9 rows", _FIRST, _version(2, _WHY, **_FLIPS)),
    _example("fail", "a version is gone", "must stand", _FIRST, _version(3, _WHY)),
    _example("fail", "rows that do not add up", "where the versions differ by 40", _FIRST, _version(2, _WHY, rows=4)),
    _example("fail", "a column moved in silence", "moved, where the versions show", _FIRST, _version(2, _WHY, step=30)),
    _example("fail", "no row in the document", "has no row", _FIRST, page=_HEAD),
    Example(
        status="fail",
        title="nothing is registered",
        config=_CONFIG,
        files={_PAGE: _HEAD},
        phase_file=_LISTED,
        says="no version of the data is registered",
    ),
    Example(
        status="error",
        title="an entry of the registry is damaged",
        config=_CONFIG,
        files={
            _PAGE: _HEAD,
            REGISTRY: '{"schema": "crispq/data_versions/1",\n"versions": [\n{"table": "raw"}]}',
        },
        phase_file=_LISTED,
        says="data_versions.json:3: this version has no 'version'",
    ),
)
