"""What changed from one version of a table to the next, in numbers and in words."""

# ruff: noqa: S608 - names are quoted by `quoted`; nothing else of the user's goes into a query

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from crispq.commands.data.summaries import FEWEST_ROWS, Summary, distinct, summarise
from crispq.evidence.contents import quoted
from crispq.evidence.tables import TableData
from crispq.nouns import DataSpec, Project

#: A class per row is no class: beyond so many, labels are not counted.
MOST_LABELS = 100
#: Classes of so few rows that somebody might be recognised by one are counted together.
OTHER_LABELS = "rare labels"
#: In words only the columns are named that moved most.
MOST_TOLD = 8


def summary_of(project: Project, table: TableData) -> dict[str, Summary]:
    """Each column's summary; of keys, groups and files neither values nor ranges are told."""
    summary = summarise(table, hidden=hidden(project.data))
    key = project.data.key
    if key in summary:
        told = {name: value for name, value in summary[str(key)].items() if name != "distinct_is"}
        summary[str(key)] = told | {"distinct": distinct(table, str(key))}
    return summary


def hidden(data: DataSpec) -> frozenset[str]:
    """The columns that name a row, a person or a file: neither their values nor their ranges are told."""
    return frozenset(one for one in (data.key, data.group, data.file, data.digest) if one is not None)


def label_counts(project: Project, table: TableData) -> dict[str, int] | None:
    """Rows by class; None for a number as target, without one, and where there are more classes than can be told."""
    target = project.data.target
    if target not in table.types or project.task not in {"binary_classification", "multiclass_classification"}:
        return None
    column = quoted(str(target))
    asked = f"SELECT {column}::VARCHAR, count(*) FROM rows WHERE {column} IS NOT NULL GROUP BY ALL ORDER BY ALL"
    counts = table.query(f"{asked} LIMIT {MOST_LABELS + 1}")
    if len(counts) > MOST_LABELS:
        return None
    told = {label: count for label, count in counts if count >= FEWEST_ROWS}
    rest = sum(count for _, count in counts) - sum(told.values())
    return told | ({OTHER_LABELS: rest} if rest else {})


def change_of(before: Mapping[str, Any], after: Mapping[str, Any], apart: Mapping[str, float]) -> dict[str, Any]:
    """What the two summaries say of the change, and how far each column has moved."""
    old, new = before["columns"], after["columns"]
    return {
        "rows": after["rows"] - before["rows"],
        "columns": {
            "added": [name for name in new if name not in old],
            "removed": [name for name in old if name not in new],
            "retyped": {name: [old[name], new[name]] for name in new if name in old and old[name] != new[name]},
        },
        "missing": _moved(before["summary"], after["summary"]),
        "labels": _label_change(before.get("labels"), after.get("labels")),
        "distance": {name: value for name, value in apart.items() if value},
    }


def _moved(before: Mapping[str, Summary], after: Mapping[str, Summary]) -> dict[str, float]:
    shifts = {name: round(after[name]["missing"] - before[name]["missing"], 6) for name in after if name in before}
    return {name: shift for name, shift in shifts.items() if shift}


def _label_change(before: Mapping[str, int] | None, after: Mapping[str, int] | None) -> dict[str, int] | None:
    if before is None or after is None:
        return None
    change = Counter(after)
    change.subtract(before)
    return {label: count for label, count in sorted(change.items()) if count}


def words_of(change: Mapping[str, Any]) -> tuple[str, ...]:
    """The change in lines for a person; one line says so where nothing is known to have changed."""
    return tuple(_lines(change)) or ("the same rows, columns and distributions: cells moved between rows",)


def _lines(change: Mapping[str, Any]) -> Iterator[str]:
    if change["rows"]:
        yield f"rows: {change['rows']:+,}"
    if rows := change.get("by_row"):
        known = {word: rows[word] for word in ("added", "removed", "changed") if rows[word]}
        if known:
            yield f"row by row: {', '.join(f'{count:,} {word}' for word, count in known.items())}"
        if rows["labels_flipped"]:
            yield f"labels: {rows['labels_flipped']:,} rows have another label than before"
    columns = change["columns"]
    for word in ("added", "removed"):
        if columns[word]:
            yield f"columns {word}: {', '.join(columns[word])}"
    for name, (old, new) in columns["retyped"].items():
        yield f"column {name}: {old} before, {new} now"
    if change["labels"]:
        yield f"rows by label: {', '.join(f'{label} {count:+,}' for label, count in change['labels'].items())}"
    yield from _most("missing values", {name: f"{shift:+.1%}" for name, shift in _sorted(change["missing"])})
    yield from _most("share of rows that moved", {name: f"{far:.1%}" for name, far in _sorted(change["distance"])})
    for line in change.get("unknown", ()):
        yield f"unknown: {line}"


def _sorted(values: Mapping[str, float]) -> list[tuple[str, float]]:
    return sorted(values.items(), key=lambda one: (-abs(one[1]), one[0]))


def _most(what: str, told: Mapping[str, str]) -> Iterator[str]:
    if told:
        first = [f"{name} {value}" for name, value in list(told.items())[:MOST_TOLD]]
        yield f"{what}: {', '.join(first)}{f' and {len(told) - MOST_TOLD} more' if len(told) > MOST_TOLD else ''}"
