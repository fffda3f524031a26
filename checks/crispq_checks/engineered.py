"""The features that the project made itself: columns of the training table that the raw table does not have."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from crispq import Evidence, NotMeasurable


def engineered_columns(evidence: Evidence, *, raw: str = "raw", table: str = "train") -> tuple[str, ...]:
    """The features of the table that the raw table lacks; all are known where there is no raw table."""
    if raw not in evidence.data.tables:
        return ()
    known = {*evidence.table(raw).columns, *evidence.data.not_features}
    return tuple(name for name in evidence.table(table).columns if name not in known)


def engineered_groups(
    evidence: Evidence, patterns: Sequence[str], *, raw: str = "raw", table: str = "train"
) -> Mapping[str, tuple[str, ...]]:
    """What was made, in groups: by each pattern that the project names, else by what the columns were made of.

    Columns made of the same raw column begin with its name, as those that spread a category do; others with the same
    words before their last number or word, if several do.
    """
    if patterns:
        names = [name for name in evidence.table(table).columns if name not in evidence.data.not_features]
        found = {one: tuple(name for name in names if fnmatchcase(name, one)) for one in patterns}
        if lost := [one for one, members in found.items() if not members]:
            raise NotMeasurable(f"engineered names {lost[0]!r}, which no column of the table {table!r} fits")
        return found
    made = engineered_columns(evidence, raw=raw, table=table)
    sources = sorted(evidence.table(raw).columns, key=len, reverse=True) if made else []
    stems = {name: _stem(name, made, sources) for name in made}
    return {stem: tuple(name for name in made if stems[name] == stem) for stem in dict.fromkeys(stems.values())}


def _stem(name: str, made: Sequence[str], sources: Sequence[str]) -> str:
    for source in sources:
        if re.match(re.escape(source) + r"[_.\- =]", name):
            return source + name[len(source)] + "*"
    stem = re.sub(r"[_.\- =][^_.\- =]+$|\d+$", "", name)
    alike = [other for other in made if re.match(re.escape(stem) + r"([_.\- =]|\d+$)", other)]
    return f"{stem}*" if stem and stem != name and len(alike) > 1 else name
