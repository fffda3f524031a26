"""Great Expectations' own public test definitions: data, a demand on it, and what has to come of it.

They are not copied here: the source archives that the project published on PyPI hold them, pip fetches these, and each
is known by its digest. Great Expectations 1.24 has no definitions any more; 0.18.22 has most, 1.4.2 is the last that
has any. What is not in the archives cannot be tested: then the test fails, it is not skipped.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
from oracle import library
from oracle.demands import Demand
from oracle.sheets import Sheet

if TYPE_CHECKING:
    import pandas as pd

ARCHIVES = {
    "0.18.22": "fc7008ddb55bda37ff9e8f3e3030e65cda2b73eb0e3b0f346454385f7f9e918b",
    "1.4.2": "2dd2a261bb202f0190ae9e328640378a1bc4399172e57c898b0591c2c524dd86",
}
#: Their setup.py imports pkg_resources, which setuptools gave up.
BUILD_WITH = "setuptools<80"
FOLDER = "/tests/test_definitions/"
#: How the library is asked to report; no part of the demand.
MANNERS = frozenset({"result_format", "catch_exceptions", "include_config"})
PANDAS = frozenset({"pandas", "pandas_v3_api", "pandas>=024"})
MOMENTS = frozenset({"datetime", "datetime64", "datetime64[ns]"})
ZONED = frozenset({"timestamp", "datetime64[ns, tz]"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One case. skipped: why it says nothing about pandas, or cannot be put into a file; empty when it applies."""

    title: str
    demand: Demand
    expected: Mapping[str, Any]
    skipped: str = ""

    @property
    def success(self) -> bool | None:
        """What the case says has to come; None where it says nothing of it."""
        if "traceback_substring" in {*self.expected, *self.expected.get("error", ())}:
            return False
        told = self.expected.get("success", self.expected.get("result", {}).get("success"))
        return None if told is None else bool(told)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The cases on one set of data, and the data as a sheet; None when nothing of it can be put into a file."""

    sheet: Sheet | None
    cases: Sequence[Definition] = field(default=())


def fetched(folder: Path) -> list[Path]:
    """The archives in the folder, fetched by pip where they are not there yet. Raises RuntimeError with pip's words."""
    folder.mkdir(parents=True, exist_ok=True)
    return [_fetched(folder, version, digest) for version, digest in ARCHIVES.items()]


def _fetched(folder: Path, version: str, digest: str) -> Path:
    archive = folder / f"great_expectations-{version}.tar.gz"
    if archive.exists() and hashlib.sha256(archive.read_bytes()).hexdigest() == digest:
        return archive
    asked, build = folder / "wanted.txt", folder / "build.txt"
    asked.write_text(f"great_expectations=={version} --hash=sha256:{digest}\n")
    build.write_text(f"{BUILD_WITH}\n")
    command = ["download", "--quiet", "--no-deps", "--no-binary", "great_expectations", "--ignore-requires-python"]
    done = subprocess.run(
        [sys.executable, "-m", "pip", *command, "--require-hashes", "-r", str(asked), "-d", str(folder)],
        env=os.environ | {"PIP_CONSTRAINT": str(build), "PIP_BUILD_CONSTRAINT": str(build)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode or not archive.exists():
        raise RuntimeError(
            f"the source archive of great_expectations {version}, which holds the public test definitions, could not "
            f"be had from the package index; make the index reachable for pip and run this test again:\n"
            f"{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )
    return archive


def groups(archives: Sequence[Path]) -> Iterator[Group]:
    """The cases of all archives, each once, by the data that they speak of."""
    seen: set[str] = set()
    for archive in archives:
        for file, content in _files(archive):
            for number, data in enumerate(content["datasets"]):
                name = f"{Path(file).stem}_{number}_{archive.name.split('-')[-1].removesuffix('.tar.gz')}"
                yield _group(re.sub(r"\W", "_", name), content["expectation_type"], data, seen)


def _files(archive: Path) -> Iterator[tuple[str, Any]]:
    with tarfile.open(archive) as opened:
        for member in opened:
            if FOLDER in member.name and member.name.endswith(".json"):
                stream = opened.extractfile(member)
                if stream is not None:
                    yield member.name, json.load(stream)


def _group(name: str, kind: str, data: Mapping[str, Any], seen: set[str]) -> Group:
    content, schema = data["data"], data.get("schemas", {}).get("pandas", {})
    known = json.dumps([kind, content, schema], sort_keys=True)
    fresh = []
    for test in data["tests"]:
        about = known + json.dumps(test["in"], sort_keys=True)
        if about not in seen:
            seen.add(about)
            fresh.append(test)
    if not isinstance(content, dict):
        return Group(sheet=None, cases=[_case(kind, test, data, "needs a second table") for test in fresh])
    stored, lost = _stored(content, schema)
    sheet = Sheet(name=name, files={f"{name}.parquet": _bytes(stored)}) if stored else None
    return Group(sheet=sheet, cases=[_case(kind, test, data, _unstored(kind, test, lost)) for test in fresh])


def _case(kind: str, test: Mapping[str, Any], data: Mapping[str, Any], unfit: str) -> Definition:
    asked = test["in"]
    kwargs = {name: value for name, value in asked.items() if name not in MANNERS} if isinstance(asked, dict) else {}
    return Definition(
        title=test["title"],
        demand=Demand(type=kind, kwargs=kwargs),
        expected={**test["out"], "error": test.get("error", {})},
        skipped=_elsewhere(data) or _elsewhere(test) or _unasked(kind, asked) or unfit,
    )


def _elsewhere(about: Mapping[str, Any]) -> str:
    """Why the case is not for pandas, in the words that the definitions have for it."""
    only, without = about.get("only_for", []), about.get("suppress_test_for", [])
    named = {one if isinstance(one, str) else str(one) for one in only}
    if only and not named & PANDAS:
        return "for other engines than pandas, or for another pandas"
    return "not for pandas" if PANDAS & {str(one) for one in without} else ""


def _unasked(kind: str, asked: Any) -> str:
    if kind not in library.known_types():
        return "Great Expectations 1.24 has no such expectation"
    return "" if isinstance(asked, dict) else "arguments without names, which no suite can write"


def _unstored(kind: str, test: Mapping[str, Any], lost: Sequence[str]) -> str:
    told = json.dumps(test["in"])
    whole = kind.startswith("expect_table_") and bool(lost)
    if whole or any(re.search(rf"\b{re.escape(name)}\b", told) for name in lost):
        return "a column mixes types, which a file of columns cannot hold"
    return ""


# --- the data ------------------------------------------------------------------------------------


def _stored(content: Mapping[str, Any], schema: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    """The columns as Arrow has them, and the names of those that it cannot have."""
    import pandas as pd

    with library.quiet():
        frame = pd.DataFrame(content)
        stored: dict[str, Any] = {}
        for name in frame:
            try:
                stored[str(name)] = pa.Array.from_pandas(_typed(frame[name], schema.get(str(name), "")))
            except (pa.ArrowException, TypeError, ValueError, OverflowError):
                continue
    return stored, [str(name) for name in frame if str(name) not in stored]


def _typed(series: pd.Series[Any], word: str) -> Any:
    """The column in the type that the definition gives it for pandas."""
    import pandas as pd

    if word.lower() in MOMENTS | ZONED:
        return pd.to_datetime(series, utc=word.lower() in ZONED)
    if word.lower() == "date":
        return pd.to_datetime(series).dt.date
    if not word:
        return series
    wanted: Any = getattr(pd, word)() if word.endswith("Dtype") else word
    return series.astype(wanted)


def _bytes(columns: Mapping[str, Any]) -> bytes:
    stream = io.BytesIO()
    pq.write_table(pa.table(dict(columns)), stream)
    return stream.getvalue()
