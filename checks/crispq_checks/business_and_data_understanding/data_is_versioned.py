"""The data is a registered version of itself.

## Why
A figure that nobody can reproduce is most often a figure from other data: a file that was "only quickly corrected", a
new export under the old name. Whoever asks later which rows a model has seen needs a version that has not moved.

## How it is measured
For each table of the setting `tables` (by default `raw`) the check looks for what says how it must be, and holds the
files against all of these that it finds:

- the registry `data_versions.json`, written by `crispq data register TABLE`: the files must have the recorded sha256,
  or else hold the recorded content. The content digest is the sum of the sha256 of all rows, each row as text, so
  that the same rows agree in CSV and in Parquet and in any order; a Parquet file that another library version wrote
  is no other version.
- DVC: `dvc.lock` and `*.dvc` files, by md5 and size; for folders by the md5 of their listing. DVC itself is not
  needed.
- Git LFS: a pointer that lies where data should be is a finding; behind a file that `.gitattributes` hands to LFS the
  pointer that is committed must name the file's sha256.

A table that none of these speaks of is a finding. If the project names `data.file` and `data.digest` (a table of
files) each file is hashed against its row: files that are missing, changed, not listed beside those that are, or
listed twice are findings. Then what was made of the data is traced back: the source that
`2_data_preparation/split.json` cites must be a version, and the newest run of each model must cite data that is a
version, was made of one (split.json), or had been made of an earlier one when the next was registered.

FORMULA: exact comparison of digests. ASSUMPTIONS: the registry is committed. DEFAULT LIMITS: no finding, for a digest
either agrees or does not; nothing is estimated, so clean data never gives a finding by chance.

## How to mend it
Restore the file, or say why it changed: `crispq data register TABLE --reason "..."`; then prepare and train again.
Where a pointer lies instead of data: `git lfs pull` or `dvc pull`.

## Source
CRISP-ML(Q) §3.1.4, p. 398: data version control. Gebru et al., "Datasheets for datasets", Communications of the ACM
64 (2021), pp. 86-92. Bellare and Micciancio, "A new paradigm for collision-free hashing", EUROCRYPT 1997 (sums of
hashes).

## What it cannot see
Whether the registered version was right, and older runs whose data was prepared anew without a new version. Somebody
who may choose thousands of rows freely could forge a content digest, not the sha256 of a file.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from crispq import Evidence, Example, Finding, Findings, Measurement, MissingEvidence, Table, check, none
from crispq_checks.versions import REGISTRY, Version, registered

SPLIT = "2_data_preparation/split.json"
POINTER = b"version https://git-lfs.github.com/spec/"
MOST_BYTES_OF_A_POINTER = 1024
MOST_TOLD = 20
SHORT = 12


@dataclass(slots=True, kw_only=True)
class _Told:
    """What the search has come to so far."""

    findings: list[Finding] = field(default_factory=list)
    examined: int = 0
    #: sha256 of every file, and content of every table, that is a version or was made of one
    known: set[str] = field(default_factory=set)
    shown: list[tuple[str | float | int | None, ...]] = field(default_factory=list)
    means: list[str] = field(default_factory=list)

    def add(self, message: str, path: str, line: int | None = None) -> None:
        """Add a finding."""
        self.findings.append(Finding(message=message, path=path, line=line))


@check(
    task="data_collection",
    catalogue=("BU4-C3",),
    risks=("R11",),
    tier="standard",
    limits={"unversioned": none()},
)
def data_is_versioned(evidence: Evidence, *, tables: Sequence[str] = ("raw",)) -> Measurement:
    """Hold each table's files against what says which version they are, and trace what was made of them."""
    told = _Told()
    versions = registered(evidence) if evidence.exists(REGISTRY) else ()
    for version in versions:
        told.known |= {version.content, *version.files.values(), *version.derived_before.values()}
    for name in tables:
        _hold_table(evidence, name, [one for one in versions if one.table == name], told)
    _trace_split(evidence, told)
    _trace_runs(evidence, told)
    return Measurement(
        values={"unversioned": Findings(examined=told.examined, items=tuple(told.findings))},
        summary=_summary(told),
        tables=(
            Table(
                title="What was held against what", columns=("what", "held against", "came to"), rows=tuple(told.shown)
            ),
        ),
    )


def _summary(told: _Told) -> str:
    by = " and ".join(dict.fromkeys(told.means)) or "nothing"
    return f"versions are kept by {by}: {len(told.findings) or 'nothing'} of {told.examined} things examined amiss"


# --- one table -----------------------------------------------------------------------------------


def _hold_table(evidence: Evidence, name: str, versions: Sequence[Version], told: _Told) -> None:
    paths = _paths(evidence, name)
    told.examined += len(paths)
    before = len(told.findings)
    files = [path for path in paths if ":" not in path]  # a table of a database lies in no file
    stated = list(dict.fromkeys(statement for path in files for statement in _dvc_statements(evidence, path)))
    by_lfs = _hold_pointers(evidence, files, told)
    if len(told.findings) > before:
        return
    for statement in stated:
        _hold_statement(evidence, statement, told)
    if versions:
        _hold_registry(evidence, name, paths, versions[-1], told)
    if not versions and not stated and not by_lfs:
        told.add(
            f"no version of the table {name!r} is registered; `crispq data register {name}` records the first one",
            paths[0],
        )
    if len(told.findings) == before:
        told.known |= {digest for path in paths if (digest := evidence.digest(path))}
    if {evidence.data.file, evidence.data.digest} <= set(evidence.table(name).columns):
        _hold_manifest(evidence, name, told)


def _paths(evidence: Evidence, name: str) -> tuple[str, ...]:
    """The table's files, none of them read as a table: a pointer may lie there."""
    pattern = evidence.data.tables.get(name)
    place = evidence.place_of(f"data.tables.{name}")
    if pattern is None:
        raise MissingEvidence(f"no table {name!r} is listed under data.tables", path=place.path, line=place.line)
    if "://" in pattern:
        return evidence.table(name).paths
    paths = evidence.files(pattern) if set("*?[") & set(pattern) else (pattern,)
    if not paths:
        raise MissingEvidence(f"no file matches {pattern} yet", path=place.path, line=place.line)
    for path in paths:
        if not evidence.exists(path) and any(_dvc_statements(evidence, path)):
            raise MissingEvidence(f"{path} is named by DVC but not here; bring it with `dvc pull`", path=path)
        evidence.path(path)
    return tuple(paths)


def _hold_registry(evidence: Evidence, name: str, paths: Sequence[str], newest: Version, told: _Told) -> None:
    told.means.append("the registry")
    if newest.files == {path: evidence.digest(path) for path in paths}:
        told.shown.append((name, f"version {newest.number} of the registry", "the same files"))
        return
    if evidence.content(name) == newest.content:
        told.shown.append((name, f"version {newest.number} of the registry", "the same content, written anew"))
        return
    told.shown.append((name, f"version {newest.number} of the registry", "another content"))
    told.add(
        f"the table {name!r} holds other data than version {newest.number}, the newest registered one "
        f"({newest.body['rows']:,} rows then, {evidence.table(name).rows:,} now); restore it, or tell why it changed: "
        f'`crispq data register {name} --reason "..."`',
        paths[0],
    )


# --- git LFS -------------------------------------------------------------------------------------


def _hold_pointers(evidence: Evidence, paths: Sequence[str], told: _Told) -> bool:
    """Whether git LFS keeps any of the files; pointers that lie in the place of data are findings."""
    kept = False
    for path in paths:
        if _is_pointer(evidence, path):
            told.means.append("git LFS")
            told.add(f"{path} is a pointer of git LFS, not the data; bring the data with `git lfs pull`", path)
        elif _by_lfs(evidence, path) and (stated := _committed_oid(evidence, path)):
            told.means.append("git LFS")
            kept = True
            same = stated == evidence.digest(path)
            told.shown.append((path, "the committed pointer of git LFS", "the same" if same else "another file"))
            if not same:
                told.add(
                    f"{path} is not the file that the committed pointer of git LFS names; restore or commit it", path
                )
    return kept


def _is_pointer(evidence: Evidence, path: str) -> bool:
    with evidence.path(path).open("rb") as stream:
        return stream.read(len(POINTER)) == POINTER


def _by_lfs(evidence: Evidence, path: str) -> bool:
    """Whether a line of a `.gitattributes` file hands this path to LFS."""
    pure = PurePosixPath(path)
    for folder in pure.parents:
        file = (folder / ".gitattributes").as_posix()
        for line in evidence.text(file).splitlines() if evidence.exists(file) else ():
            pattern, *attributes = line.split() or [""]
            if "filter=lfs" in attributes and pure.relative_to(folder).match(pattern.lstrip("/")):
                return True
    return False


def _committed_oid(evidence: Evidence, path: str) -> str | None:
    evidence.never_remember()  # a commit is no file of the project
    done = evidence.run_command(["git", "cat-file", "blob", f"HEAD:./{path}"], seconds=60)
    lines = done.stdout[:MOST_BYTES_OF_A_POINTER].splitlines()
    found = [line.removeprefix("oid sha256:") for line in lines if line.startswith("oid sha256:")]
    return found[0] if done.returncode == 0 and found else None


# --- DVC -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Statement:
    """What DVC says of a file or folder of the project, and where."""

    path: str
    md5: str
    size: int | None
    legacy: bool
    file: str
    line: int


def _dvc_statements(evidence: Evidence, path: str) -> Iterator[_Statement]:
    """Every output that DVC names which is this path, or a folder around it."""
    seen = set()
    for folder in PurePosixPath(path).parents:
        prefix = "" if folder == PurePosixPath() else f"{folder}/"
        for file in (f"{prefix}dvc.lock", *evidence.files(f"{prefix}*.dvc")):
            for one in _outputs(evidence, file, prefix) if evidence.exists(file) else ():
                if (path == one.path or path.startswith(f"{one.path}/")) and one not in seen:
                    seen.add(one)
                    yield one


def _outputs(evidence: Evidence, file: str, prefix: str) -> Iterator[_Statement]:
    """The outputs of a `dvc.lock` (by stage) or of a `.dvc` file, as paths from the project's folder."""
    written = evidence.yaml(file)
    body = written.value if isinstance(written.value, dict) else {}
    stages = body.get("stages") if file.endswith("dvc.lock") else None
    parts = [("stages", name) for name in stages] if isinstance(stages, dict) else [()]
    for location in parts:
        part = body["stages"][location[1]] if location else body
        outs = part.get("outs") if isinstance(part, dict) else None
        for index, out in enumerate(outs if isinstance(outs, list) else ()):
            if isinstance(out, dict) and "path" in out and "md5" in out:
                yield _Statement(
                    path=PurePosixPath(prefix + str(out["path"])).as_posix(),
                    md5=str(out["md5"]),
                    size=out["size"] if isinstance(out.get("size"), int) else None,
                    legacy="hash" not in out,
                    file=file,
                    line=written.place((*location, "outs", index)).line,
                )


def _hold_statement(evidence: Evidence, one: _Statement, told: _Told) -> None:
    told.means.append("DVC")
    same = _folder_is(evidence, one) if one.md5.endswith(".dir") else _file_is(evidence, one)
    told.shown.append((one.path, f"{one.file}, line {one.line}", "the same" if same else "another"))
    if not same:
        told.add(
            f"{one.path} is not what DVC recorded (md5 {one.md5[:SHORT]}...); restore it with `dvc checkout`, or "
            "record the change with `dvc commit`",
            one.file,
            one.line,
        )


def _file_is(evidence: Evidence, one: _Statement) -> bool:
    file = evidence.path(one.path)
    if one.size is not None and not one.legacy and file.stat().st_size != one.size:
        return False
    with file.open("rb") as stream:
        if hashlib.file_digest(stream, _md5).hexdigest() == one.md5:
            return True
    # Before version 3 DVC hashed text files as if they had been written on Unix.
    return one.legacy and _md5(file.read_bytes().replace(b"\r\n", b"\n")).hexdigest() == one.md5


def _md5(raw: bytes = b"") -> Any:
    """The hash that DVC names files by."""
    return hashlib.md5(raw, usedforsecurity=False)


def _folder_is(evidence: Evidence, one: _Statement) -> bool:
    """Whether the folder's listing, as DVC writes it, has the recorded md5."""
    listed = []
    for path in evidence.files(f"{one.path}/**/*"):
        with evidence.path(path).open("rb") as stream:
            listed.append({"md5": hashlib.file_digest(stream, _md5).hexdigest(), "relpath": path[len(one.path) + 1 :]})
    listing = json.dumps(sorted(listed, key=lambda file: file["relpath"]), sort_keys=True)
    return f"{_md5(listing.encode()).hexdigest()}.dir" == one.md5


# --- tables of files -----------------------------------------------------------------------------


def _hold_manifest(evidence: Evidence, name: str, told: _Told) -> None:
    rows = evidence.manifest(name)
    path = evidence.table(name).paths[0]
    told.examined += len(rows)
    odd = [
        (row.path, "is missing" if found is None else f"is not the file that {evidence.data.digest!r} states")
        for row in rows
        if (found := evidence.digest(row.path)) is None or found != row.digest
    ]
    odd += [(one, f"lies beside listed files but is not listed in {name!r}") for one in _unlisted(evidence, rows)]
    counts = Counter(row.digest for row in rows if row.digest)
    twice = [row.path for row in rows if row.digest and counts[row.digest] > 1]
    odd += [(one, "has the same bytes as another row's file") for one in twice]
    told.shown.append((f"{len(rows)} files of {name!r}", "the digests of the table", f"{len(odd)} amiss"))
    for file, what in odd[:MOST_TOLD]:
        told.add(f"the file {file} {what}; restore the files or mend the table", path)
    if len(odd) > MOST_TOLD:
        told.add(
            f"{len(odd) - MOST_TOLD} more files of {name!r} are missing, changed, not listed or listed twice", path
        )


def _unlisted(evidence: Evidence, rows: Sequence[Any]) -> Iterator[str]:
    """Files of the same kinds in the same folders that no row names."""
    listed = {row.path for row in rows}
    kinds = {(PurePosixPath(path).parent.as_posix(), PurePosixPath(path).suffix) for path in listed}
    for folder, suffix in sorted(kinds):
        beside = evidence.files(f"{folder}/*{suffix}" if folder != "." else f"*{suffix}")
        yield from (one for one in beside if one not in listed and PurePosixPath(one).suffix == suffix)


# --- what was made of it -------------------------------------------------------------------------


def _trace_split(evidence: Evidence, told: _Told) -> None:
    if not evidence.exists(SPLIT):
        return
    split = evidence.json(SPLIT)
    source = split.get("source") if isinstance(split, dict) else None
    cited = source.get("sha256") if isinstance(source, dict) else None
    told.examined += 1
    if cited not in told.known:
        told.shown.append((SPLIT, "all versions", "cites none of them"))
        told.add("the split cites a source that is no version of the data; prepare the tables again", SPLIT)
        return
    told.shown.append((SPLIT, "all versions", "cites one"))
    tables = split.get("tables")
    parts = tables.values() if isinstance(tables, dict) else ()
    told.known |= {str(one.get("sha256")) for one in parts if isinstance(one, dict)}


def _trace_runs(evidence: Evidence, told: _Told) -> None:
    """Each model's newest run must cite data that is known; of older ones it is only told."""
    newest: dict[Any, tuple[str, Mapping[str, Any]]] = {}
    runs = evidence.runs()
    for path, record in sorted(runs, key=lambda one: (str(one[1].get("finished")), one[0])):
        newest[record.get("model")] = (path, record)
    current = {path for path, _ in newest.values()}
    for path, record in runs:
        data = record.get("data")
        cited = data if isinstance(data, dict) else {}
        unknown = [file for file, digest in cited.items() if digest not in told.known]
        what = "no data at all" if not cited else f"{unknown[0]}, which is" if unknown else ""
        told.shown.append((path, "all versions", f"cites {what} of no version" if unknown else what or "cites one"))
        if path in current:
            told.examined += 1
            if not cited:
                told.add("the run cites no data; record the sha256 of each file it read, under data", path)
            elif unknown:
                told.add(
                    f"the run used {unknown[0]}, which is no registered version of the data and was made of none; "
                    "register the data, prepare it and train again",
                    path,
                )


# --- examples ------------------------------------------------------------------------------------

_CONFIG: dict[str, Any] = {"data": {"key": "id", "tables": {"raw": "data/raw.csv"}}}
_RAW = "id,age\n" + "".join(f"{row},{20 + row}\n" for row in range(12))
_TURNED = "age,id\n" + "".join(f"{20 + row}.0,{row}\n" for row in reversed(range(12)))
_EDITED = _RAW.replace("3,23", "3,32")
#: The content of _RAW, which is that of _TURNED too.
_CONTENT = "5cdb16bc63bf53e1d1be9b775c41ec1e8b06af7d5c719a3189ac2716611415a1"


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _registry(text: str = _RAW, **change: Any) -> str:
    version = {
        "table": "raw",
        "version": 1,
        "rows": 12,
        "columns": {"id": "whole number", "age": "whole number"},
        "content": _CONTENT,
        "files": [{"path": "data/raw.csv", "sha256": _sha256(text), "bytes": len(text)}],
        "summary": {},
    }
    return json.dumps({"schema": "crispq/data_versions/1", "versions": [version | change]}, indent=1)


def _dvc(text: str) -> str:
    return f"outs:\n- path: raw.csv\n  hash: md5\n  md5: {_md5(text.encode()).hexdigest()}\n  size: {len(text)}\n"


_SPLIT = json.dumps(
    {
        "schema": "crispq/split/1",
        "source": {"path": "data/raw.csv", "sha256": _sha256(_RAW)},
        "tables": {"train": {"path": "data/train.csv", "sha256": "aa", "rows": 8}},
    }
)
_GOOD: dict[str, Any] = {"data/raw.csv": _RAW, REGISTRY: _registry()}
_RUN = "3_modeling/runs/001.json"
_POINTER_TEXT = f"version https://git-lfs.github.com/spec/v1\noid sha256:{_sha256(_RAW)}\nsize {len(_RAW)}\n"
_FILES_CONFIG: dict[str, Any] = {
    "data": {"file": "image", "digest": "sha256", "tables": {"raw": "data/raw.csv"}},
}
_IMAGES = f"image,sha256\nimages/a.txt,{_sha256('a')}\nimages/b.txt,{_sha256('b')}\n"


def _run(digest: str) -> str:
    return json.dumps({"model": "m", "finished": "2026-01-01T00:00:00+00:00", "data": {"data/train.csv": digest}})


def _example(
    status: str, title: str, says: str, files: Mapping[str, Any], config: Mapping[str, Any] = _CONFIG
) -> Example:
    return Example(status=status, title=title, config=config, files=files, says=says)


def _images(**files: str) -> dict[str, Any]:
    written = {f"images/{name}.txt": text for name, text in files.items()}
    return {"data/raw.csv": _IMAGES, REGISTRY: _registry(_IMAGES), **written}


EXAMPLES = (
    _example("pass", "the file is the registered one", "versions are kept by the registry", _GOOD),
    _example("pass", "the same content in another file", "nothing of 1 things", {**_GOOD, "data/raw.csv": _TURNED}),
    _example("pass", "DVC keeps the file", "by DVC", {"data/raw.csv": _RAW, "data/raw.csv.dvc": _dvc(_RAW)}),
    _example("pass", "a run on data made of the version", "nothing of 3", {**_GOOD, SPLIT: _SPLIT, _RUN: _run("aa")}),
    _example("pass", "a table of files", "nothing of 3", _images(a="a", b="b"), _FILES_CONFIG),
    _example(
        "fail",
        "one cell was edited",
        "holds other data than version 1, the newest registered one (12 rows then, 12 now)",
        {**_GOOD, "data/raw.csv": _EDITED},
    ),
    _example(
        "fail",
        "DVC knows another file",
        "is not what DVC recorded",
        {"data/raw.csv": _EDITED, "data/raw.csv.dvc": _dvc(_RAW)},
    ),
    _example("fail", "a pointer in the place of data", "git lfs pull", {**_GOOD, "data/raw.csv": _POINTER_TEXT}),
    _example("fail", "a run on other data", "no registered version", {**_GOOD, SPLIT: _SPLIT, _RUN: _run("bb")}),
    _example(
        "fail",
        "the split was made of another file",
        "cites a source that is no version",
        {**_GOOD, SPLIT: _SPLIT.replace(_sha256(_RAW), "cc")},
    ),
    _example("fail", "a listed file is missing", "images/b.txt is missing", _images(a="a"), _FILES_CONFIG),
    _example("fail", "a listed file is another", "is not the file that", _images(a="a", b="c"), _FILES_CONFIG),
    _example("fail", "a file is not listed", "is not listed", _images(a="a", b="b", c="c"), _FILES_CONFIG),
    _example("fail", "nothing is registered", "crispq data register raw", {"data/raw.csv": _RAW}),
    _example("fail", "there is no data yet", "does not exist yet", {}),
    _example("error", "the registry is damaged", "the schema", {**_GOOD, REGISTRY: "{}"}),
)
