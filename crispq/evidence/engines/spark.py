"""Tables that are files, asked on Spark: one session a process, on this machine, talking to nobody else.

DuckDB reads the files' types (and, for CSV, checks every line once); Spark computes. What has to fit into memory
anyway (a frame), and what Spark surely means the same by is not known of, DuckDB answers from the same files.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crispq.errors import NotMeasurable
from crispq.evidence.engines import local

if TYPE_CHECKING:
    import duckdb
    import pandas as pd
    from pyspark.sql import DataFrame, SparkSession

INSTALL = 'data.engine is spark, which is not installed: pip install "crispq[spark]"'
NO_JAVA = (
    "data.engine is spark, which needs Java 17 or later, and no `java` is found: "
    'install it (Debian: apt-get install default-jre-headless) beside pip install "crispq[spark]"'
)
#: How a column of DuckDB's type is read; types that are not listed are left to DuckDB.
READ_AS = {
    **dict.fromkeys(["TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"], "BIGINT"),
    "UBIGINT": "DECIMAL(38, 0)",
    "FLOAT": "DOUBLE",
    "DOUBLE": "DOUBLE",
    "VARCHAR": "STRING",
    "BOOLEAN": "BOOLEAN",
    "DATE": "DATE",
    "TIMESTAMP": "TIMESTAMP_NTZ",
    "TIMESTAMP_MS": "TIMESTAMP_NTZ",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMP",
}
CONFIGURATION = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.caseSensitive": "true",
    "spark.sql.catalogImplementation": "in-memory",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "10000",
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.int96RebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.inferTimestampNTZ.enabled": "true",
    "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
    "spark.sql.shuffle.partitions": "8",
    "spark.log.level": "OFF",
}
#: For clusters: the address of a master that sees the same files under the same paths.
MASTER = "CRISPQ_SPARK_MASTER"
MEMORY = "CRISPQ_SPARK_MEMORY"


class SparkRows:
    """The rows of files, in the files' order where an order is asked for.

    files: absolute paths; types: their columns in DuckDB's words; opened: the files as DuckDB's relation.
    """

    def __init__(
        self,
        files: Sequence[Path],
        separator: str | None,
        opened: Callable[[], duckdb.DuckDBPyRelation],
    ) -> None:
        self._files = tuple(files)
        self._separator = separator
        self._opened = opened

    def columns_and_types(self) -> dict[str, str]:
        """The columns, with their types in DuckDB's words."""
        return dict(self._columns)

    def count(self) -> int:
        """The number of rows; the footers of Parquet files tell it without a scan."""
        [[number]] = self._opened().aggregate("count(*)").fetchall()
        return int(number)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """The answer to a query in DuckDB's SQL over `rows`: from Spark where its meaning is sure."""
        found = self.inside(sql)
        if found is not None:
            return found
        answer = self._opened().query("rows", sql)
        return [] if answer is None else answer.fetchall()

    def inside(self, sql: str) -> list[tuple[Any, ...]] | None:
        """Spark's answer; None when the query is left to DuckDB."""
        from crispq.evidence.engines.translate import Spark, Untranslated

        started = session()  # a missing Java is told even where DuckDB would do
        types = local.types_of(sql, self._columns)
        try:
            arrow = started.sql(Spark(self._source, self._readable).write(sql)).toArrow()
        except (Untranslated, *_refusals()):  # type: ignore[misc] # a tuple made at run time
            return None
        return local.values_of(arrow, types)

    def frame(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """The rows, or these columns of them: they have to fit into memory, so DuckDB reads them."""
        return local.frame_of(self._opened(), columns)

    def relation(self) -> duckdb.DuckDBPyRelation:
        """The files as DuckDB reads them."""
        return self._opened()

    @cached_property
    def _columns(self) -> Mapping[str, str]:
        relation = self._opened()
        return {name: str(kind) for name, kind in zip(relation.columns, relation.types, strict=True)}

    @property
    def _readable(self) -> dict[str, str]:
        return {name: kind for name, kind in self._columns.items() if _read_as(kind) is not None}

    @cached_property
    def _source(self) -> str:
        """A SELECT of the columns, by the names and types that the translation knows."""
        from crispq.evidence.engines.translate import Untranslated

        if any(one.name.startswith(("_", ".")) or one.name.endswith("._COPYING_") for one in self._files):
            raise Untranslated("a name that Spark passes over without a word")
        frame = self._csv() if self._separator is not None else self._parquet()
        name = f"crispq_{id(self)}"
        frame.createOrReplaceTempView(name)
        absent = "nullif({}, '')" if self._separator is not None else "{}"
        told = ", ".join(
            f"CAST({absent.format(_quoted(one))} AS {_read_as(kind)}) AS {_quoted(local.lowered(one))}"
            for one, kind in self._readable.items()
        )
        return f"SELECT {told} FROM {name}"

    def _parquet(self) -> DataFrame:
        import pyarrow.parquet as pq

        from crispq.evidence.engines.translate import Untranslated

        schemas = [pq.read_schema(one).remove_metadata() for one in self._files]
        if any(one != schemas[0] for one in schemas):
            raise Untranslated("files of different shapes")
        frame = session().read.parquet(*map(_uri, self._files))
        if frame.count() != sum(pq.read_metadata(one).num_rows for one in self._files):
            raise Untranslated("files of which Spark does not see every row")
        return frame

    def _csv(self) -> DataFrame:
        """Every cell as text, as DuckDB read and checked it; Spark casts strictly."""
        from pyspark.sql.types import StringType, StructField, StructType

        schema = StructType([StructField(one, StringType()) for one in self._columns])
        return session().read.csv(
            [_uri(one) for one in self._files],
            schema=schema,
            sep=self._separator,
            quote='"',
            escape='"',
            header=True,
            multiLine=True,
            enforceSchema=True,
            mode="FAILFAST",
            encoding="UTF-8",
            emptyValue="",
            nullValue="",
            maxCharsPerColumn=-1,
        )


def _read_as(kind: str) -> str | None:
    return kind if kind.startswith("DECIMAL") else READ_AS.get(kind)


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _uri(path: Path) -> str:
    """The file's path for Hadoop, to which braces, brackets and stars mean several files."""
    text = str(path)
    for sign in "\\{}[]*?,":
        text = text.replace(sign, f"\\{sign}")
    return f"file://{text}"


def _refusals() -> tuple[type[Exception], ...]:
    """What Spark raises when it cannot compute something; DuckDB may know better."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    return (PySparkException, Py4JError)


@cache
def session() -> SparkSession:
    """The one session of this process. Raises NotMeasurable, with what to install, when there can be none."""
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise NotMeasurable(INSTALL) from error
    java = Path(os.environ["JAVA_HOME"]) / "bin" / "java" if os.environ.get("JAVA_HOME") else None
    if not (java.exists() if java else shutil.which("java")):
        raise NotMeasurable(NO_JAVA)
    master = os.environ.get(MASTER, f"local[{os.cpu_count() or 1}]")
    folder = tempfile.mkdtemp(prefix="crispq-spark-")
    builder = SparkSession.builder.master(master).appName("crispq")
    settings = CONFIGURATION | {
        "spark.local.dir": folder,
        "spark.sql.warehouse.dir": f"{folder}/warehouse",
        "spark.driver.memory": os.environ.get(MEMORY, "2g"),
    }
    if not master.startswith("local"):
        settings = {name: value for name, value in settings.items() if not name.startswith("spark.driver")}
    for name, value in settings.items():
        builder = builder.config(name, value)
    try:
        with _silent():
            started = builder.getOrCreate()
    except Exception as error:
        raise NotMeasurable(
            f"data.engine is spark, which does not start ({type(error).__name__}); {NO_JAVA}"
        ) from error
    logging.getLogger("SQLQueryContextLogger").disabled = True  # what Spark refuses DuckDB answers: no fault
    _cleared_at_the_end(folder)
    return started


def _cleared_at_the_end(folder: str) -> None:
    from multiprocessing.util import Finalize

    Finalize(None, shutil.rmtree, args=(folder,), kwargs={"ignore_errors": True}, exitpriority=0)


@contextmanager
def _silent() -> Iterator[None]:
    """Java inherits standard error once and for all; what it says there is no part of an answer."""
    kept = os.dup(2)
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - a descriptor is wanted
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
