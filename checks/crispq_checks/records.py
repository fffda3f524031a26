"""Records that a project keeps as YAML beside its documents: known keys, answered fields, days, and where they stand.

Used by the checks of phase 1 that read `legal_record.yaml` and `sources.yaml`. Finds what is amiss; judges nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import PurePosixPath
from typing import Any, TypeAlias

from crispq import Evidence, Finding, NotMeasurable, Positioned, hint

Location: TypeAlias = tuple[str | int, ...]

#: What stands where nobody has answered yet.
PLACEHOLDERS = frozenset(
    {
        "",
        "?",
        "??",
        "???",
        "-",
        ".",
        "...",
        "todo",
        "to do",
        "tbd",
        "tba",
        "tbc",
        "fixme",
        "xxx",
        "n/a",
        "na",
        "unknown",
    }
)


def beside(evidence: Evidence, name: str) -> str:
    """The path of a file that lies beside the phase's `phase.yaml`."""
    return str(PurePosixPath(evidence.phase_file).parent / name)


def mapping(record: Positioned, value: object, location: Location, *, what: str) -> Mapping[str, Any]:
    """The value as a mapping. Raises NotMeasurable, with the line, where it is another thing."""
    if isinstance(value, dict):
        return value
    place = record.place(location)
    raise NotMeasurable(f"{place.path}:{place.line}: {what} is a mapping of keys to answers")


def is_answered(value: object) -> bool:
    """Whether the value says something: not empty, no placeholder, and all of it if it has parts."""
    if value is None:
        return False
    if isinstance(value, str):
        return value.strip().strip("<>").strip().casefold().rstrip(":") not in PLACEHOLDERS and "TODO" not in value
    if isinstance(value, dict):
        return bool(value) and all(is_answered(one) for one in value.values())
    if isinstance(value, list):
        return bool(value) and all(is_answered(one) for one in value)
    return True


def at(record: Positioned, location: Location, message: str) -> Finding:
    """A finding at the line of the record's location, or of the nearest thing around it."""
    place = record.place(location)
    return Finding(message=message, path=place.path, line=place.line)


def unknown_keys(
    record: Positioned, given: Mapping[str, Any], known: Collection[str], location: Location = ()
) -> Iterator[Finding]:
    """A finding for each key that is none of the known ones, with the nearest of them."""
    for key in given:
        if key not in known:
            message = f"the key {key!r} is not known here{hint(key, known)}; known are {', '.join(known)}"
            yield at(record, (*location, key), message)


def unanswered(
    record: Positioned, given: Mapping[str, Any], wanted: Collection[str], location: Location = ()
) -> Iterator[Finding]:
    """A finding for each wanted key that is absent, empty or a placeholder."""
    for key in wanted:
        if key not in given:
            yield at(record, location, f"{key} is missing; add it, with its answer")
        elif not is_answered(given[key]):
            yield at(record, (*location, key), f"{key} is not answered; put the answer in its place")


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A day as written; `day` is None where it is none."""

    day: date | None
    fault: str = ""


def day(value: object) -> Day:
    """The day of a text YYYY-MM-DD."""
    try:
        return Day(day=date.fromisoformat(str(value)))
    except ValueError:
        return Day(day=None, fault=f"{str(value)[:20]!r} is no day; write it as YYYY-MM-DD")


def months_between(earlier: date, later: date) -> int:
    """How many whole months lie between two days; negative where `earlier` is the later one."""
    months = 12 * (later.year - earlier.year) + later.month - earlier.month
    return months - (later.day < earlier.day)


def same(first: object, second: object) -> bool:
    """Whether two answers agree but for case and white space."""
    return " ".join(str(first).casefold().split()) == " ".join(str(second).casefold().split())
