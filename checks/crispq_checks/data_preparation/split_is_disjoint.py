"""Training and test data have nothing in common.

## Why
A test row that the model has learned from is an exam question that was handed out before. So is another visit of the
same patient, or a day that lies before the last day of training. The score is then better than anything that production
will see, and nobody notices until then.

## How it is measured
The tables of the setting `tables` (`train` and `test`, in the order of use) are compared two by two, exactly and over
all rows. `shared` counts, each at most 0:

- `rows`: rows of the later table that stand in the earlier one too, whatever their key: all columns but `data.key`;
- `features`: further rows that agree in every feature, but not in target, group or time;
- `files`: files that stand in both under one name or another (if `data.file` is named), by their sha256;
- `keys`: keys of the later table that the earlier one has (if `data.key` is named);
- `groups`: groups that stand in both (if `data.group` is named): whole patients or machines belong on one side;
- `look_ahead_rows`: rows of the earlier table later in time than the first row of the later one (if `data.time` is
  named). The same moment in both is allowed.

The table `production`, if there is one, is compared too, but only by rows and keys: patients do come back.

**Where equal rows are natural.** In a table of three yes-or-no columns every row has a twin, and that is no leak. An
equal row counts if nothing but copying explains it: no other row agrees in the more particular half of the columns, the
chance that the values meet by themselves (their frequencies multiplied, allowing for correlated columns) is below 1 in
100 over all pairs of rows, and the table is not made of a few patterns. In a measured table one such row among 10,000
is found. Of all other equal rows only those count that exceed what repeats within the earlier table predict (Fisher's
exact test, one-sided, at 0.0001). How many were set aside is said in the table of the report. `repeated_rows` shows,
unjudged, how many rows of each table repeat an earlier one.

**Near copies.** `near_copies` is the share of the later table's rows (at most 0.01, warning from 0.001) that are not
equal to a row of the earlier one, yet no coincidence explains how near they are. A single row of a table may be a twin
by nature: it does not count in the share, and is only warned of (`lone_near_copies`, from a share of 0.001 on).

- `rows`, by distance: with r the distance to the nearest earlier row divided by that to the sixth nearest, and D the
  number of dimensions in which the earlier rows are spread (two-nearest-neighbour estimate), p = 1 - (1 - r^D)^5 is
  below 0.001 / rows. Numbers are measured by rank, half a step of the finest column added. In columns of texts with
  too many values for a distance both rows must agree exactly; where more than a quarter of the columns are such,
  distance is not asked. Values that were rounded, jittered or converted a little are found so. ASSUMPTION: cases are
  spread evenly around a point, not in pairs.
- `rows`, by cells: a row that agrees exactly in three quarters of what it says, where a cell says -ln(share of its
  value), if that is rarer than 0.001 over all pairs of rows and no second earlier row agrees as much. A copy with a few
  edited cells is found so.
- `text COLUMN`, for columns of free text: sets of six-letter sequences overlap by `near_text` (0.8, Jaccard) or more.
  One word of thirty changed leaves about 0.85. Candidates by MinHash, then computed exactly.
- `images`, where `data.file` names a column of paths (from the project's root): of a grey picture of 17 x 16 points, at
  most 32 of the 256 differences between neighbours have another sign, and the correlation is 0.99 or more; mirrored
  images too. Images encoded or scaled anew are found so. Needs `pip install 'crispq[images]'`.

Texts and images that are as near to each other within the earlier table (forms, boilerplate) are set aside unless
the later table exceeds that clearly (Fisher's exact test at 0.001). False alarms over 20 splits each: iris 0 of 1,200
rows, wine 0 of 1,440, breast cancer 0 of 4,560, diabetes 0 of 3,540, digits 0 of 14,380; of copies with noise of 1 % of
the standard deviation 90 % to 100 % were found in all but iris, which is measured too coarsely. Above 30 million
pairs of rows only those are measured that share a quarter of their columns, roughly.

`manifest_mismatches` (none allowed) holds `2_data_preparation/split.json` against the files: it names method, source
and each file of the tables, with their sha256 and numbers of rows, so that the split that was made is the one in use.

## How to mend it
Remove the copies before splitting, split by whole groups or by time where the data has them, write the manifest anew,
and train again: a model that has seen test rows cannot be cleaned.

## Source
CRISP-ML(Q) §3.3, pp. 401-402, and §3.4, p. 403: a test set kept apart. Kaufman et al., "Leakage in data mining", ACM
TKDD 6 (2012), 15. Kapoor and Narayanan, "Leakage and the reproducibility crisis in machine-learning-based science",
Patterns 4 (2023), 100804. Facco et al., "Estimating the intrinsic dimension of datasets by a minimal neighborhood
information", Scientific Reports 7 (2017), 12140. Broder, "On the resemblance and containment of documents", 1997.
Good, Biometrika 40 (1953), pp. 237-264, for the frequency of values seen once.

## What it cannot see
Near copies in a table of two or three coarse columns, where chance makes look-alikes; a crop or a turn of an image by
some degrees; a text told in other words; two recordings of one moment. Groups and times that `crispq.yaml` does not
name. What people who looked at the test set carried over in their heads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

from crispq import (
    Estimate,
    Evidence,
    Example,
    Finding,
    Findings,
    Measurement,
    MissingEvidence,
    NotMeasurable,
    Table,
    TableData,
    at_most,
    check,
    none,
)

if TYPE_CHECKING:
    import pandas as pd

    from crispq_checks.nearly import Pictures

MANIFEST = "2_data_preparation/split.json"
SCHEMA = "crispq/split/1"
MOST_KEYS = 20
WORDS = {
    "rows": "rows stand in both",
    "files": "files stand in both",
    "features": "rows agree with one of the other table in every feature, though not in target, group or time",
    "keys": "keys stand in both",
    "groups": "groups stand in both",
    "look_ahead_rows": "rows are later than the first row of the other table",
}
#: From which share on near copies are told as findings; the same as the limits' lower edge.
WORTH_TELLING = 0.001
MEND = {
    "files": "give each file one table",
    "rows": "remove the copies, then split again",
    "features": "find out whether they are the same cases, then split again",
    "keys": "give each row one key and one table",
    "groups": "split by whole groups",
    "look_ahead_rows": "split by time",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Loaded:
    """A table's rows, read once."""

    name: str
    path: str
    frame: pd.DataFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """What two tables share: counts by name, how many equal rows chance explains, some keys that stand in both.

    near: by kind, how many of the second table's rows are near copies, and how many were set aside.
    """

    first: str
    second: str
    path: str
    counts: Mapping[str, int]
    by_chance: int
    near: Mapping[str, tuple[int, int]]
    rows: int
    keys: tuple[str, ...] = field(default=())


@check(
    task="select_data",
    catalogue=("EV1-C1", "MO5-C1"),
    risks=("R40",),
    limits={
        "shared": at_most(0),
        "near_copies": at_most(0.01, warn=WORTH_TELLING),
        "lone_near_copies": none(warn=True),
        "manifest_mismatches": none(),
    },
)
def split_is_disjoint(
    evidence: Evidence, *, tables: Sequence[str] = ("train", "test"), near_text: float = 0.8
) -> Measurement:
    """Compare the tables two by two, and the manifest with the files."""
    if len(tables) < 2:  # noqa: PLR2004 - nothing to be disjoint from
        raise NotMeasurable(f"the setting tables names {len(tables)} table; at least two are compared")
    sources = {name: evidence.table(name) for name in tables}
    loaded = [_load(source) for source in sources.values()]
    pairs = list(_pairs(evidence, loaded, near_text))
    mismatches = tuple(_mismatches(evidence, sources))
    names = dict.fromkeys(name for pair in pairs for name in pair.counts)
    total = {name: sum(pair.counts.get(name, 0) for pair in pairs) for name in names}
    examined = 1 + sum(len(source.paths) for source in sources.values())
    return Measurement(
        values={
            "shared": {name: Estimate(value=count) for name, count in total.items()},
            "near_copies": _shares(pairs),
            "lone_near_copies": Findings(examined=len(pairs), items=tuple(_near_findings(pairs, lone=True))),
            "manifest_mismatches": Findings(examined=examined, items=mismatches),
            "repeated_rows": {one.name: Estimate(value=_repeats(one.frame, evidence.data.key)) for one in loaded},
            "crossings": Findings(examined=len(pairs), items=tuple(_crossings(pairs))),
        },
        summary=_summary(total, _near_total(pairs), mismatches, sources, sum(pair.by_chance for pair in pairs)),
        tables=(_table(pairs, list(names)),),
    )


def _load(source: TableData) -> _Loaded:
    return _Loaded(name=source.name, path=source.paths[0], frame=source.frame())


def _pairs(evidence: Evidence, loaded: Sequence[_Loaded], near_text: float) -> Iterator[_Pair]:
    for first, second in combinations(loaded, 2):
        pair = _compare(evidence, first, second, everything=True)
        yield replace(pair, near=_near(evidence, first.frame, second.frame, near_text))
    if "production" not in evidence.data.tables or "production" in {one.name for one in loaded}:
        return
    try:
        later = _load(evidence.table("production"))
    except MissingEvidence:
        return
    for first in loaded:
        yield _compare(evidence, first, later, everything=False)


def _compare(evidence: Evidence, first: _Loaded, second: _Loaded, *, everything: bool) -> _Pair:
    from crispq_checks.rows import agreement

    data = evidence.data
    own, other = first.frame, second.frame
    rows = [name for name in own.columns if name in other.columns and name != data.key]
    features = [name for name in rows if name not in data.not_features]
    if not features and data.file is None:
        raise NotMeasurable(f"the tables {first.name!r} and {second.name!r} have no feature in common")
    whole = agreement(own[rows], other[rows])
    alike = agreement(own[features], other[features]) if features else whole
    further = max(0, alike.copies - whole.copies)
    counts = {"rows": whole.copies, "features": further}
    if data.file is not None and (everything or data.file in other):
        digests = [set(_digests(evidence, frame)) for frame in (own, other)]
        counts["files"] = len(digests[0] & digests[1])
    shared = _shared(data.key, own, other)
    if shared is not None:
        counts["keys"] = len(shared)
    if everything and (groups := _shared(data.group, own, other)) is not None:
        counts["groups"] = len(groups)
    if everything and data.time is not None:
        counts["look_ahead_rows"] = _look_ahead(data.time, own, other)
    return _Pair(
        first=first.name,
        second=second.name,
        path=second.path,
        counts=counts,
        by_chance=max(whole.by_chance, alike.by_chance),
        near={},
        rows=len(other),
        keys=tuple(str(key) for key in sorted(shared or (), key=str)[:MOST_KEYS]),
    )


def _column(name: str, frame: pd.DataFrame) -> pd.Series[Any]:
    if name not in frame:
        raise NotMeasurable(f"a table has no column {name!r}, which crispq.yaml names under data")
    return frame[name]


def _shared(name: str | None, first: pd.DataFrame, second: pd.DataFrame) -> set[Any] | None:
    """The values of the column that stand in both tables; None where the project names no such column."""
    from crispq_checks.rows import values

    if name is None:
        return None
    own, other = (_column(name, frame).dropna() for frame in (first, second))
    if own.dtype.kind != other.dtype.kind:
        own, other = own.astype("str"), other.astype("str")
    return set(other[values(other).isin(set(values(own)))])


def _digests(evidence: Evidence, frame: pd.DataFrame) -> Iterator[str]:
    """The sha256 of each file that the rows name."""
    for path in _paths(evidence, frame):
        evidence.path(path)
        yield evidence.digest(path) or ""


def _paths(evidence: Evidence, frame: pd.DataFrame) -> list[str]:
    return [str(path) for path in _column(evidence.data.file or "", frame).dropna().unique()]


def _near(
    evidence: Evidence, own: pd.DataFrame, other: pd.DataFrame, near_text: float
) -> Mapping[str, tuple[int, int]]:
    """For rows, texts and images: how many of the second table are near copies, and how many were set aside."""
    from crispq_checks.nearly import is_text, near_images, near_rows, near_texts

    features = [name for name in own.columns if name in other.columns and name not in evidence.data.not_features]
    found = {"rows": near_rows(own[features], other[features])}
    for name in features:
        if is_text(own[name]):
            fresh = ~other[name].isin(set(own[name].dropna()))
            found[f"text {name}"] = near_texts(own[name], other.loc[fresh, name], near_text)
    if (
        evidence.data.file is not None
        and (images := [_images(evidence, frame) for frame in (own, other)])
        and all(images)
    ):
        found["images"] = near_images(*(_pictures(evidence, paths) for paths in images))
    return {name: (one.copies, one.by_chance) for name, one in found.items()}


def _images(evidence: Evidence, frame: pd.DataFrame) -> list[str]:
    from crispq_checks.nearly import IMAGES

    return [path for path in _paths(evidence, frame) if path.lower().endswith(IMAGES)]


def _pictures(evidence: Evidence, paths: Sequence[str]) -> Pictures:
    from crispq_checks.nearly import pictures

    return pictures([evidence.path(path) for path in paths])


def _shares(pairs: Sequence[_Pair]) -> Mapping[str, Estimate]:
    """The worst share of near copies of each kind, over the pairs of tables; a lone row does not count."""
    shares = [
        (name, 0.0 if _is_lone(name, count) else count / pair.rows, pair.rows)
        for pair in pairs
        for name, (count, _) in pair.near.items()
    ]
    return {name: Estimate(value=share, n=rows) for name, share, rows in sorted(shares, key=lambda one: one[1])}


def _is_lone(name: str, count: int) -> bool:
    """Whether this is a single row of cells, which may be a twin by nature; texts and images are surer."""
    return name == "rows" and count == 1


def _near_total(pairs: Sequence[_Pair]) -> int:
    return sum(count for pair in pairs for count, _ in pair.near.values())


def _look_ahead(name: str, first: pd.DataFrame, second: pd.DataFrame) -> int:
    own, other = _column(name, first), _column(name, second)
    if gaps := int(own.isna().sum() + other.isna().sum()):
        raise NotMeasurable(f"{gaps} rows have no {name!r}, the time that orders them; fill it in or set them apart")
    try:
        return int((own > other.min()).sum())
    except TypeError as error:
        raise NotMeasurable(f"the column {name!r} holds moments that cannot be compared: {error}") from error


def _repeats(frame: pd.DataFrame, key: str | None) -> int:
    from crispq_checks.rows import repeats

    return repeats(frame.drop(columns=[name for name in frame.columns if name == key]))


def _crossings(pairs: Sequence[_Pair]) -> Iterator[Finding]:
    for pair in pairs:
        for name, count in pair.counts.items():
            if count:
                which = f" (such as {', '.join(pair.keys)})" if name == "keys" else ""
                where = (
                    f"{pair.first} and {pair.second}"
                    if name != "look_ahead_rows"
                    else f"{pair.first}, before {pair.second}"
                )
                message = f"{where}: {count} {WORDS[name]}{which}, none is allowed; {MEND[name]}"
                yield Finding(message=message, path=pair.path)
    yield from _near_findings(pairs, lone=False)


def _near_findings(pairs: Sequence[_Pair], *, lone: bool) -> Iterator[Finding]:
    for pair in pairs:
        for name, (count, _) in pair.near.items():
            if count and count >= WORTH_TELLING * pair.rows and _is_lone(name, count) is lone:
                told = f"{count} of {pair.rows} rows of {pair.second} look like near copies of rows of {pair.first}"
                message = f"{told} ({name}); find out whether they are the same cases, and split again if they are"
                yield Finding(message=message, path=pair.path)


def _summary(
    total: Mapping[str, int],
    near: int,
    mismatches: Sequence[Finding],
    sources: Mapping[str, TableData],
    by_chance: int,
) -> str:
    sizes = " and ".join(f"{source.rows} rows of {name}" for name, source in sources.items())
    found = [
        f"{count} shared {name}" if name in {"rows", "keys", "groups", "files"} else f"{count} {name}"
        for name, count in total.items()
        if count
    ]
    if near:
        few = near < WORTH_TELLING * sum(source.rows for source in list(sources.values())[1:])
        share = f", below {WORTH_TELLING:.1%} of the later rows" if few else ""
        found.append(f"{near} rows that look like near copies{share}")
    if mismatches:
        found.append(f"{len(mismatches)} mismatches with the split manifest")
    if found:
        return f"{sizes}: {', '.join(found)}".replace("_", "-")
    what = f"nothing beyond chance ({by_chance} rows agree in every feature)" if by_chance else "nothing"
    return f"{sizes} share {what} ({', '.join(total)}), and the manifest is that of the files".replace("_", "-")


def _table(pairs: Sequence[_Pair], names: Sequence[str]) -> Table:
    kinds = list(dict.fromkeys(name for pair in pairs for name in pair.near))
    rows = tuple(
        (
            pair.first,
            pair.second,
            *(pair.counts.get(name) for name in names),
            pair.by_chance,
            *(pair.near[name][0] if name in pair.near else None for name in kinds),
            sum(aside for _, aside in pair.near.values()),
        )
        for pair in pairs
    )
    columns = (
        "first table",
        "second table",
        *(name.replace("_", " ") for name in names),
        "equal by chance, set aside",
        *(f"near copies: {name}" for name in kinds),
        "near by nature, set aside",
    )
    return Table(title="What the tables share", columns=columns, rows=rows)


# --- the manifest --------------------------------------------------------------------------------


def _mismatches(evidence: Evidence, sources: Mapping[str, TableData]) -> Iterator[Finding]:
    if not evidence.exists(MANIFEST):
        yield Finding(message="the split manifest does not exist yet; let prepare.py write it", path=MANIFEST)
        return
    manifest = evidence.json(MANIFEST)
    if not isinstance(manifest, dict) or not isinstance(manifest.get("tables"), dict):
        raise NotMeasurable(f"{MANIFEST}: a split manifest is an object with an object 'tables'")
    if manifest.get("schema") != SCHEMA:
        raise NotMeasurable(f"{MANIFEST}: its schema is {manifest.get('schema')!r}, not {SCHEMA!r}")
    if not manifest.get("method"):
        yield Finding(message="the manifest does not say by which method the data was split", path=MANIFEST)
    yield from _mismatch(evidence, "the source", manifest.get("source"))
    listed = {one.get("path"): one for one in manifest["tables"].values() if isinstance(one, dict)}
    for name, source in sources.items():
        for path in source.paths:
            if path not in listed:
                message = f"the file {path} of the table {name!r} is not in the manifest; write the manifest anew"
                yield Finding(message=message, path=MANIFEST)
                continue
            yield from _mismatch(evidence, f"the table {name!r}", listed[path])
            told = listed[path].get("rows")
            if len(source.paths) == 1 and told != source.rows:
                message = f"the table {name!r} has {source.rows} rows, the manifest says {told}; write it anew"
                yield Finding(message=message, path=MANIFEST)


def _mismatch(evidence: Evidence, what: str, entry: object) -> Iterator[Finding]:
    path = entry.get("path") if isinstance(entry, dict) else None
    if not isinstance(entry, dict) or not isinstance(path, str):
        yield Finding(message=f"the manifest does not name the file of {what}", path=MANIFEST)
    elif (digest := evidence.digest(path)) is None:
        yield Finding(message=f"{what}: the file {path} that the manifest names does not exist", path=MANIFEST)
    elif digest != entry.get("sha256"):
        message = f"{what}: the file {path} is not the one of the split, its sha256 differs; split again"
        yield Finding(message=message, path=MANIFEST)


# --- examples ------------------------------------------------------------------------------------


def _csv(columns: Mapping[str, Sequence[object]]) -> str:
    return "\n".join([",".join(columns), *(",".join(map(str, row)) for row in zip(*columns.values(), strict=True)), ""])


def _files(train: Mapping[str, Sequence[object]], test: Mapping[str, Sequence[object]]) -> dict[str, Any]:
    import hashlib
    import json

    texts = {"raw": _csv(train), "train": _csv(train), "test": _csv(test)}
    entries = {
        name: {"path": f"{name}.csv", "sha256": hashlib.sha256(text.encode()).hexdigest(), "rows": text.count("\n") - 1}
        for name, text in texts.items()
    }
    manifest = {"schema": SCHEMA, "method": "by hand", "seed": 0, "source": entries.pop("raw"), "tables": entries}
    return {f"{name}.csv": text for name, text in texts.items()} | {MANIFEST: json.dumps(manifest)}


_TABLES = {"train": "train.csv", "test": "test.csv"}
_DATA = {"target": "ill", "key": "id", "tables": _TABLES}


def _measured(first: int, rows: int) -> dict[str, list[Any]]:
    numbers = range(first, first + rows)
    return {
        "id": list(numbers),
        "patient": [number // 2 for number in numbers],
        "day": [f"2026-01-{1 + number // 10:02d}" for number in numbers],
        "size": [round(number * 0.3719 % 7, 4) for number in numbers],
        "weight": [round(number * 1.2347 % 11, 4) for number in numbers],
        "ill": [number % 2 for number in numbers],
    }


def _copied(columns: dict[str, list[Any]], source: dict[str, list[Any]], **changes: Any) -> dict[str, list[Any]]:
    """The columns with a copy of the source's first row at the end, but for the changes."""
    return {name: [*cells, changes.get(name, source[name][0])] for name, cells in columns.items()}


_TRAIN, _TEST = _measured(0, 40), _measured(40, 20)
_BINARY = {"id": list(range(64)), "a": [0, 1] * 32, "b": [0, 0, 1, 1] * 16, "ill": [0, 0, 0, 0, 1, 1, 1, 1] * 8}
_BINARY_TEST = _BINARY | {"id": list(range(64, 128))}
_GROUPED = _DATA | {"group": "patient", "time": "day"}


def _example(status: str, title: str, files: dict[str, Any], says: str, data: Mapping[str, Any] = _DATA) -> Example:
    return Example(status=status, title=title, config={"data": dict(data)}, files=files, says=says)


def _without_manifest(files: dict[str, Any]) -> dict[str, Any]:
    return {path: text for path, text in files.items() if path != MANIFEST}


def _drawn(number: int, step: int) -> float:
    """A number in [0, 1) that belongs to this row and this step, as if by chance."""
    mixed = (number * 7919 + step * 104_729 + 12_345) * 2_654_435_761 % 2**32
    return (mixed ^ mixed >> 15) * 2_246_822_519 % 2**32 / 2**32


def _wide(first: int, rows: int, noise: float = 0.0) -> dict[str, list[Any]]:
    """Five measurements of each row, the same for the same number but for the noise."""
    numbers = range(first, first + rows)
    columns: dict[str, list[Any]] = {
        f"m{place}": [_drawn(number, place) + noise * _drawn(number, 9 + place) for number in numbers]
        for place in range(5)
    }
    return {"id": list(numbers)} | columns | {"ill": [0, 1] * (rows // 2)}


def _joined(columns: dict[str, list[Any]], more: dict[str, list[Any]], rows: int) -> dict[str, list[Any]]:
    joined = {name: [*cells, *more[name][:rows]] for name, cells in columns.items()}
    return joined | {"id": list(range(200, 200 + len(joined["id"])))}


def _half_text(first: int, rows: int, noise: float = 0.0) -> dict[str, list[Any]]:
    """As `_wide`, with three measurements that came as text; they are others where there is noise, and so are ids."""
    step, ids = (50, 200) if noise else (20, 0)
    texts = {f"t{place}": [f"~{_drawn(first + row, step + place)}" for row in range(rows)] for place in range(3)}
    return _wide(first, rows, noise) | {"id": list(range(ids, ids + rows))} | texts


def _note(number: int, *, edited: bool = False) -> str:
    """A note of thirty words."""
    words = [f"word{10**6 * _drawn(number, step):.0f}" for step in range(30)]
    return " ".join([*words[:15], "edited", *words[16:]] if edited else words)


def _notes(first: int, rows: int, *edited: int) -> dict[str, list[Any]]:
    told = [_note(number) for number in range(first, first + rows)] + [_note(number, edited=True) for number in edited]
    return {
        "id": [f"n{first + row}" for row in range(len(told))],
        "note": told,
        "ill": [row % 2 for row in range(len(told))],
    }


def _image(number: int, *, side: int = 24) -> bytes:
    """Some blots, as a portable grey map; another side shows the same blots at another size."""
    blots = [tuple(_drawn(number, 4 * blot + step) for step in range(3)) for blot in range(6)]
    points = bytearray()
    for place in range(side * side):
        row, column = (place // side) / side, (place % side) / side
        shade = sum(200 * grey / (1 + 60 * ((row - y) ** 2 + (column - x) ** 2)) for y, x, grey in blots)
        points.append(min(255, int(shade)))
    return b"P5 %d %d 255\n" % (side, side) + bytes(points)


def _manifest_of_images(
    first: int, rows: int, *again: int, side: int = 24
) -> tuple[dict[str, list[Any]], dict[str, Any]]:
    """A table that names image files, and the files; `again` are images shown already, at another size."""
    files: dict[str, Any] = {f"images/{number}.pgm": _image(number) for number in range(first, first + rows)}
    files |= {f"images/{first}_{number}.pgm": _image(number, side=side) for number in again}
    count = len(files)
    return {
        "id": [f"{first}-{row}" for row in range(count)],
        "file": list(files),
        "ill": [row % 2 for row in range(count)],
    }, files


_PICTURED = _DATA | {"file": "file"}
(_SEEN, _SEEN_FILES), (_NEW, _NEW_FILES) = _manifest_of_images(0, 8), _manifest_of_images(50, 4)
_SCALED, _SCALED_FILES = _manifest_of_images(50, 4, 3, side=30)
_SAME, _SAME_FILES = _manifest_of_images(50, 4, 3)

EXAMPLES = (
    _example("pass", "measurements of other cases", _files(_wide(0, 60), _wide(100, 30)), "share nothing"),
    _example(
        "fail",
        "test rows with a little noise",
        _files(_wide(0, 60), _wide(0, 30, 0.005)),
        "near copies of rows of train (rows)",
    ),
    _example(
        "warn",
        "one row with a little noise may be a twin",
        _files(_wide(0, 60), _joined(_wide(100, 30), _wide(0, 2, 0.005), 1)),
        "1 of 31 rows of test look like near copies",
    ),
    _example(
        "fail",
        "two rows with a little noise",
        _files(_wide(0, 60), _joined(_wide(100, 30), _wide(0, 2, 0.005), 2)),
        "2 of 32 rows of test look like near copies",
    ),
    _example(
        "pass",
        "other cases whose numbers came as text",
        _files(_half_text(0, 60), _half_text(0, 30, 0.005)),
        "share nothing",
    ),
    _example("pass", "other notes", _files(_notes(0, 40), _notes(50, 20)), "share nothing"),
    _example(
        "fail",
        "a note with one word edited",
        _files(_notes(0, 40), _notes(50, 20, 7)),
        "near copies of rows of train (text note)",
    ),
    _example("pass", "other images", _files(_SEEN, _NEW) | _SEEN_FILES | _NEW_FILES, "share nothing", _PICTURED),
    _example(
        "fail", "an image at another size", _files(_SEEN, _SCALED) | _SEEN_FILES | _SCALED_FILES, "(images)", _PICTURED
    ),
    _example(
        "fail",
        "an image under another name",
        _files(_SEEN, _SAME) | _SEEN_FILES | _SAME_FILES,
        "1 shared files",
        _PICTURED,
    ),
    _example("fail", "an image is not there", _files(_SEEN, _NEW) | _SEEN_FILES, "does not exist yet", _PICTURED),
    _example("fail", "a test without a row", _files(_TRAIN, {name: [] for name in _TEST}), "test"),
    _example("pass", "nothing is shared", _files(_TRAIN, _TEST), "share nothing (rows, features, keys)"),
    _example("pass", "by patient and by day", _files(_TRAIN, _TEST), "look-ahead-rows", _GROUPED),
    _example("pass", "equal rows are natural", _files(_BINARY, _BINARY_TEST), "share nothing"),
    _example("fail", "a row under another id", _files(_TRAIN, _copied(_TEST, _TRAIN, id=99)), "1 shared rows"),
    _example("fail", "a key in both", _files(_TRAIN, _copied(_TEST, _TEST, id=7, size=1.1)), "1 shared keys"),
    _example(
        "fail", "the same case with another label", _files(_TRAIN, _copied(_TEST, _TRAIN, id=99, ill=1)), "1 features"
    ),
    _example(
        "fail",
        "a patient in both",
        _files(_TRAIN, _copied(_TEST, _TEST, id=99, size=1.1, patient=3)),
        "1 shared groups",
        _GROUPED,
    ),
    _example("fail", "test before training", _files(_TEST, _TRAIN), "20 look-ahead-rows", _GROUPED),
    _example(
        "fail",
        "the test file was changed",
        _files(_TRAIN, _TEST) | {"test.csv": _csv(_measured(60, 20))},
        "its sha256 differs",
    ),
    _example("fail", "there is no manifest", _without_manifest(_files(_TRAIN, _TEST)), "does not exist yet"),
    _example(
        "error",
        "the manifest is of another kind",
        _files(_TRAIN, _TEST) | {MANIFEST: '{"tables": {}}'},
        "its schema is None",
    ),
    _example(
        "error", "the group is not a column", _files(_TRAIN, _TEST), "no column 'clinic'", _DATA | {"group": "clinic"}
    ),
    _example("fail", "there is no test table yet", {"train.csv": _csv(_TRAIN)}, "does not exist yet"),
)
