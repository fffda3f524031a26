"""The project's own preparation, run again on a changed raw table: what comes out, and what of it differs.

Used by the checks that ask what prepared data depends on: on the labels, or on what came later. The commands of the
phase run in a copy of the project from which the prepared files were deleted; the project itself is never touched.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from crispq import Evidence, MissingEvidence, NotMeasurable, TableData

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

FOLDER = "2_data_preparation"
MANIFEST = f"{FOLDER}/split.json"
#: What preparation very often reads beside the raw data: the limits by which rows are set aside.
EXPECTATIONS = "1_business_and_data_understanding/expectations/**/*.json"
SEPARATORS = ",;\t|"
#: Two numbers that differ by less than this, relative to the larger one, are the same.
ROUNDING = 1e-9
#: Or than this, relative to the largest of the column: a mean that was taken off leaves such specks instead of zeros.
TINY = 1e-12

#: A frame of cells as they are written (text for CSV) to one with other cells or fewer of its rows, same index.
Change: TypeAlias = "Callable[[pd.DataFrame], pd.DataFrame]"
#: Prepared tables by name: train, test, production.
Tables: TypeAlias = "Mapping[str, pd.DataFrame]"


def unchanged(frame: pd.DataFrame) -> pd.DataFrame:
    """No change: what comes out of the same raw table, written anew."""
    return frame


@dataclass(frozen=True)
class Preparation:
    """How the prepared tables are made from the raw one."""

    evidence: Evidence
    raw: str
    raw_paths: tuple[str, ...]
    made: Mapping[str, str]
    outputs: tuple[str, ...]
    seconds: float

    @cached_property
    def own(self) -> Tables:
        """The prepared tables as they lie in the project."""
        return {name: self.evidence.table(name).frame() for name in self.made if _exists(self.evidence, name)}

    @cached_property
    def raw_frame(self) -> pd.DataFrame:
        """The raw table with its types, in the order of the cells that a change is given."""
        return self.evidence.table(self.raw).frame()

    @cached_property
    def control(self) -> Tables:
        """What comes out of the raw table as it is, written anew."""
        return self.again(unchanged)

    def again(self, change: Change) -> Tables:
        """Run the commands on the changed raw table and return what they made.

        Raises NotMeasurable where a command ends with an error or a prepared table does not come out.
        """
        with self.evidence.scratch_copy() as copy:
            for path in self.outputs:
                _inside(copy, path).unlink(missing_ok=True)
            _rewrite(copy, self.raw_paths, change)
            self._run(copy)
            return {name: _read(copy, name, pattern) for name, pattern in self.made.items() if _any(copy, pattern)}

    def _run(self, copy: Path) -> None:
        ends = time.monotonic() + self.seconds
        for command in self.evidence.commands:
            left = max(1.0, ends - time.monotonic())
            done = self.evidence.run_command(command, where=copy, seconds=left)
            if done.returncode:
                said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
                last = f": {said[-1][:200]}" if said else ""
                raise NotMeasurable(
                    f"the command {command!r} ended with exit code {done.returncode} on a changed copy of the raw "
                    f"data{last}"
                )


def preparation(
    evidence: Evidence, *, raw: str = "raw", reads: Sequence[str] = (), seconds: float = 300
) -> Preparation | None:
    """How this project prepares its data; None where phase 2 has no commands.

    What the commands may read is recorded: their own words that are files, all files of the phase's folder but its
    documents, `src/`, the expectations of phase 1, the raw table, and what `reads` lists (paths or globs).
    """
    if not evidence.commands:
        return None
    table = evidence.table(raw)
    if in_database := [name for name, source in evidence.data.tables.items() if "://" in source]:
        raise NotMeasurable(
            f"the table {in_database[0]!r} lies in a database, where no trial preparation can be run; "
            "let phase 1 bring it into a file, and phase 2 begin there"
        )
    made = {name: pattern for name, pattern in evidence.data.tables.items() if name != raw}
    for needed in ("train",):
        evidence.table(needed)
    outputs = tuple(dict.fromkeys(path for name in made for path in _outputs(evidence, name)))
    _remember(evidence, outputs, reads)
    chosen = {name: pattern for name, pattern in made.items() if name in {"train", "test", "production"}}
    outputs = tuple(path for path in outputs if path not in table.paths)
    return Preparation(evidence, raw, table.paths, chosen, outputs, seconds)


def _exists(evidence: Evidence, name: str) -> bool:
    try:
        evidence.table(name)
    except MissingEvidence:
        return False
    return True


def _outputs(evidence: Evidence, name: str) -> tuple[str, ...]:
    """What is deleted before the commands run; batches of production may also be an input, and stay."""
    if name == "production" or not _exists(evidence, name):
        return ()
    return (*evidence.table(name).paths, *((MANIFEST,) if evidence.exists(MANIFEST) else ()))


def _remember(evidence: Evidence, outputs: Sequence[str], reads: Sequence[str]) -> None:
    words = [word for command in evidence.commands for word in shlex.split(command)]
    sources = [word for word in words if (evidence.root / word).is_file() and not word.startswith(("/", ".."))]
    for pattern in (f"{FOLDER}/**/*", "src/**/*.py", EXPECTATIONS, *reads):
        sources += evidence.files(pattern) if "*" in pattern else [pattern]
    for path in dict.fromkeys(sources):
        document = path.endswith((".md", ".pyc")) or path == f"{FOLDER}/phase.yaml"
        if not document and path not in outputs:
            evidence.digest(path)


def _inside(copy: Path, path: str) -> Path:
    """The file in the copy. A link that leads out of the copy is refused: what lies there is not ours to change."""
    target = copy / path
    if not target.parent.resolve().is_relative_to(copy.resolve()):
        raise NotMeasurable(
            f"{path} lies behind a link that leads out of the project's copy; put the file itself there"
        )
    return target


# --- raw tables, cell by cell --------------------------------------------------------------------


def _rewrite(copy: Path, paths: Sequence[str], change: Change) -> None:
    """Change the raw table in the copy; its files keep their names, formats and types."""
    import pandas as pd

    parts = [_cells(_inside(copy, path)) for path in paths]
    whole = parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True)
    changed = change(whole)
    start = 0
    for path, part in zip(paths, parts, strict=True):
        own = changed[(changed.index >= start) & (changed.index < start + len(part))]
        start += len(part)
        _write(_inside(copy, path), own)


def _cells(path: Path) -> pd.DataFrame:
    import pandas as pd

    if path.suffix.lower() == ".parquet":
        import pyarrow.parquet as pq

        frame: pd.DataFrame = pq.read_table(path).to_pandas(types_mapper=pd.ArrowDtype, ignore_metadata=True)
        return frame
    separator = _separator(path)
    return pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False, index_col=False, encoding="utf-8-sig")


def _write(path: Path, frame: pd.DataFrame) -> None:
    """Write in place of the old file. A link is replaced, never written through."""
    if path.suffix.lower() == ".parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        schema = pq.read_schema(path)
        table = pa.Table.from_pandas(frame, schema=schema.remove_metadata(), preserve_index=False)
        path.unlink()
        pq.write_table(table.replace_schema_metadata(schema.metadata), path)
        return
    separator = _separator(path)
    path.unlink()
    frame.to_csv(path, sep=separator, index=False, lineterminator="\n")


def _separator(path: Path) -> str:
    with path.open(encoding="utf-8-sig", errors="replace") as stream:
        header = stream.readline()
    return max(SEPARATORS, key=header.count)


def _any(copy: Path, pattern: str) -> bool:
    return any(copy.glob(pattern))


def _read(copy: Path, name: str, pattern: str) -> pd.DataFrame:
    paths = tuple(sorted(path.relative_to(copy).as_posix() for path in copy.glob(pattern)))
    return TableData(name=name, root=copy, paths=paths).frame()


# --- what differs between two runs ---------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What differs between the prepared tables of two runs.

    gone, new: columns of the training table that only the first, or only the second run has. cells: column -> share of
    common rows, matched by key, whose value differs; empty without a key. lost, added: how many keys (or rows, without
    a key) only one of the runs has. same_training: whether the training tables hold the same rows.
    """

    gone: tuple[str, ...]
    new: tuple[str, ...]
    cells: Mapping[str, float]
    lost: int
    added: int
    same_training: bool
    matched: int

    @property
    def nothing(self) -> bool:
        """Whether the runs agree in columns, cells and rows; which table a row went to does not matter."""
        return not (self.gone or self.new or self.cells or self.lost or self.added)


def difference(first: Tables, second: Tables, *, key: str | None, ignore: Sequence[str]) -> Difference:
    """Compare two runs; `ignore` names the columns that are no features."""
    if "train" not in second:
        raise NotMeasurable("the commands made no training table from a changed copy of the raw data")
    columns = [[name for name in tables["train"].columns if name not in ignore] for tables in (first, second)]
    before, after = (pooled(tables, key) for tables in (first, second))
    keyed = key is not None and key in before and key in after
    common = [name for name in columns[0] if name in columns[1]]
    cells: dict[str, float] = {}
    matched = 0
    if keyed:
        shared = before.set_index(key).index.intersection(after.set_index(key).index)
        matched = len(shared)
        one, two = (frame.set_index(key).reindex(shared) for frame in (before, after))
        shares = {name: float((~same(one[name], two[name])).mean()) for name in common} if matched else {}
        cells = {name: share for name, share in shares.items() if share > 0}
    lost, added = _rows_of_one(first, second, key if keyed else None)
    return Difference(
        gone=tuple(name for name in columns[0] if name not in columns[1]),
        new=tuple(name for name in columns[1] if name not in columns[0]),
        cells=cells,
        lost=lost,
        added=added,
        same_training=keyed and set(first["train"][key]) == set(second["train"][key]),
        matched=matched,
    )


def _rows_of_one(first: Tables, second: Tables, key: str | None) -> tuple[int, int]:
    """How many rows only the first and only the second run has; a row that stands twice counts twice."""
    import pandas as pd

    if key is None:
        more = sum(map(len, first.values())) - sum(map(len, second.values()))
        return max(0, more), max(0, -more)
    counts = [pd.concat([one[key] for one in run.values() if key in one]).value_counts() for run in (first, second)]
    more_of = counts[0].sub(counts[1], fill_value=0)
    return int(more_of.clip(lower=0).sum()), int((-more_of).clip(lower=0).sum())


def pooled(tables: Tables, key: str | None) -> pd.DataFrame:
    """All prepared rows, whichever table they went to; with a key, the first row of each."""
    import pandas as pd

    rows = pd.concat([frame for frame in tables.values() if not frame.empty], ignore_index=True)
    return rows.drop_duplicates(key, ignore_index=True) if key is not None and key in rows else rows


def same(one: pd.Series[Any], two: pd.Series[Any]) -> pd.Series[bool]:
    """Row by row, whether two columns say the same: numbers up to rounding, all else as text, gaps equal gaps."""
    import numpy as np
    import pandas as pd
    from pandas.api import types

    gaps = one.isna() & two.isna()
    if types.is_numeric_dtype(one) and types.is_numeric_dtype(two):
        left, right = (np.asarray(column.astype("float64")) for column in (one, two))
        with np.errstate(invalid="ignore"):
            large = np.maximum(np.abs(left), np.abs(right))
            near = np.abs(left - right) <= ROUNDING * large + TINY * np.nanmax(large[np.isfinite(large)], initial=0.0)
        return pd.Series(near | (left == right) | gaps.to_numpy(), index=one.index)
    return (one.astype("str") == two.astype("str")) | gaps


def follows(one: pd.Series[Any], two: pd.Series[Any], gaps: NDArray[np.bool_]) -> bool:
    """Whether the second column is the first on another scale: a straight line, and one value where gaps were filled.

    Parameters that were fitted on other rows do that, and carry nothing about a single row. gaps: where the raw column
    of this name has none (n,).
    """
    from pandas.api import types

    if any(len(column[gaps].unique()) > 1 for column in (one, two)):
        return False
    left, right = one[~gaps], two[~gaps]
    if not (types.is_numeric_dtype(one) and types.is_numeric_dtype(two)):
        return bool(same(left, right).all())
    x, y = (column.astype("float64").to_numpy() for column in (left, right))
    known = ~_isnan(x)
    if (known != ~_isnan(y)).any():
        return False
    return _straight(x[known], y[known])


def raw_gaps(how: Preparation, name: str, key: str, keys: pd.Index[Any]) -> NDArray[np.bool_]:
    """For each of the keys whether the raw column of this name has a gap there; none where there is no such column."""
    import numpy as np

    raw = how.raw_frame
    if name not in raw or key not in raw:
        return np.zeros(len(keys), dtype=bool)
    gap = raw.drop_duplicates(key).set_index(key)[name].isna()
    return np.asarray(gap.reindex(keys, fill_value=False), dtype=bool)


def _isnan(values: NDArray[Any]) -> NDArray[np.bool_]:
    import numpy as np

    return np.asarray(np.isnan(values))


def _straight(x: Any, y: Any) -> bool:
    import numpy as np

    if x.size == 0 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return bool(x.size == 0 or np.ptp(x) == np.ptp(y))
    slope = np.ptp(y) / np.ptp(x)
    low = int(np.argmin(x))
    told = y[low] + slope * (x - x[low])
    return bool(np.max(np.abs(told - y)) <= 1e-6 * np.ptp(y))
