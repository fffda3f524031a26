"""Equal rows in two tables, and whether chance explains them.

Rows are compared by a 64-bit hash of their cells, the same for equal values however the file stored them: 1 and 1.0 are
equal, and so are 0.0 and -0.0, and two missing cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

#: The chance, over a whole table, that rows which agree by coincidence are taken for copies.
ALPHA = 0.01
#: How far the share of agreeing rows must lie above what repeats in the first table predict.
EXCESS_ALPHA = 0.0001
#: From how many rows the frequency of values is told, where a table has more.
SAMPLE = 200_000
#: From how many rows the correlation of columns is told.
CORRELATED = 5_000


def hashes(frame: pd.DataFrame) -> NDArray[np.uint64]:
    """One number for each row of the frame, equal where all cells are equal; shape (rows,)."""
    import numpy as np
    import pandas as pd

    return np.asarray(pd.util.hash_pandas_object(alike(frame), index=False), dtype=np.uint64)


def alike(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with every column in one of three forms, so that equal values are equal across files."""
    import pandas as pd

    return pd.DataFrame({name: values(frame[name]) for name in frame.columns}, index=frame.index)


def values(column: pd.Series[Any]) -> pd.Series[Any]:
    """Numbers and truth values as floats, moments as nanoseconds, all else as text; what is missing stays missing."""
    import pandas as pd
    from pandas.api import types

    if types.is_bool_dtype(column) or types.is_numeric_dtype(column):
        return column.astype("float64") + 0.0
    if types.is_datetime64_any_dtype(column):
        return column.astype("datetime64[ns]") if column.dt.tz is None else column.dt.tz_convert(None)
    if column.isna().all():
        return pd.Series(float("nan"), index=column.index, dtype="float64")
    return column.astype("str")


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """What two tables have in common.

    agreeing: the second table's rows that also stand in the first, as a mask; telling: those among them that no
    coincidence explains; excess: how many of the others lie above what repeats within the first table predict.
    """

    agreeing: NDArray[np.bool_]
    telling: NDArray[np.bool_]
    excess: int

    @property
    def copies(self) -> int:
        """The rows that count as copies."""
        return int(self.telling.sum()) + self.excess

    @property
    def by_chance(self) -> int:
        """The agreeing rows that do not count."""
        return int(self.agreeing.sum()) - self.copies


def agreement(first: pd.DataFrame, second: pd.DataFrame) -> Agreement:
    """Hold the rows of two tables with the same columns against each other.

    An agreeing row is telling if (a) the first table has no other row that agrees with it in the more particular half
    of the columns, (b) the chance that a row takes these values together is below `ALPHA` for all pairs of rows, and
    (c) the first table is not made of few patterns: its different rows are at least the square root of its rows. The
    chance is the product of the values' frequencies, raised to the power that the correlation of the columns leaves.
    For (a) and (b) every different row of the first table counts once, so that copies do not make themselves look
    common, and a value seen once counts as often as Good and Turing estimate.
    Of the other agreeing rows those count that exceed, by Fisher's exact test at `EXCESS_ALPHA`, the share of
    rows that have a twin within the first table.
    Source: Good, "The population frequencies of species", Biometrika 40 (1953), pp. 237-264.
    """
    import numpy as np

    own, other = hashes(first), hashes(second)
    agreeing = np.isin(other, own)
    telling = np.zeros(len(second), dtype=bool)
    if agreeing.any():
        different = first[~_repeated(own)]
        if len(different) ** 2 >= len(first):
            sample = different[:: 1 + (len(different) - 1) // SAMPLE]
            telling[agreeing] = _telling(alike(sample), alike(second[agreeing]), len(first) * len(second))
    excess = _excess(own, int((agreeing & ~telling).sum()), len(second))
    return Agreement(agreeing=agreeing, telling=telling, excess=excess)


def repeats(frame: pd.DataFrame) -> int:
    """How many rows of the frame repeat an earlier one."""
    return int(_repeated(hashes(frame)).sum())


def _repeated(hashed: NDArray[np.uint64]) -> NDArray[np.bool_]:
    import pandas as pd

    return pd.Series(hashed).duplicated().to_numpy()


def _telling(different: pd.DataFrame, agreeing: pd.DataFrame, pairs: int) -> NDArray[np.bool_]:
    import numpy as np

    chance = np.ones(len(agreeing))
    for name in different.columns:
        chance *= _chance_of(different[name], agreeing[name])
    chance **= _independence(different)
    return np.asarray((pairs * chance < ALPHA) & ~_has_cousins(different, agreeing))


def _independence(different: pd.DataFrame) -> float:
    """How many columns' worth of information a column holds, from 1 (none repeats another) down to 1/columns.

    The participation ratio of the rank correlations, p² / sum(r²), as a share of the p columns.
    """
    import numpy as np

    ranks = different.head(CORRELATED).rank().fillna(0.0)
    ranks = ranks.loc[:, ranks.min() < ranks.max()]
    if ranks.shape[1] < 2:  # noqa: PLR2004 - nothing to be correlated with
        return 1.0
    correlations = np.corrcoef(ranks.to_numpy(), rowvar=False)
    return float(len(correlations) / np.sum(correlations**2))


def _chance_of(column: pd.Series[Any], wanted: pd.Series[Any]) -> NDArray[np.float64]:
    """How likely a row takes each of the wanted values, by their frequency in the column."""
    import numpy as np

    counts = column.value_counts(dropna=False)
    seen_once, seen_twice = int((counts == 1).sum()), int((counts == 2).sum())  # noqa: PLR2004
    found = np.nan_to_num(np.array(wanted.map(counts), dtype="float64"))
    found[wanted.isna().to_numpy()] = float(column.isna().sum())
    once = min(1.0, 2 * seen_twice / seen_once) if seen_once else 0.0
    return np.asarray(np.where(found <= 1, once, found) / max(len(column), 1), dtype="float64")


def _has_cousins(different: pd.DataFrame, agreeing: pd.DataFrame) -> NDArray[np.bool_]:
    """Whether another row agrees in the half of the columns that has the most different values."""
    import numpy as np

    names = _most_particular(different)
    own, wanted = hashes(different[names]), hashes(agreeing[names])
    found, counts = np.unique(own, return_counts=True)
    where = np.searchsorted(found, wanted)
    return np.asarray(counts[np.clip(where, 0, len(found) - 1)] > 1)


def _most_particular(frame: pd.DataFrame) -> Sequence[str]:
    sizes = frame.nunique(dropna=False)
    ordered = sizes.sort_values(ascending=False, kind="stable").index
    return list(ordered[: max(1, len(ordered) // 2)])


def _excess(own: NDArray[np.uint64], agreeing: int, rows: int) -> int:
    """How many of the agreeing rows lie above what the repeats of the first table predict, if clearly so."""
    import numpy as np
    import pandas as pd
    from scipy import stats

    if agreeing == 0:
        return 0
    repeated = int(pd.Series(own).duplicated(keep=False).sum())
    twins = repeated / len(own)
    # Twins come at least in pairs, so that only half of them are observations of their own.
    counts = np.array([[agreeing, rows - agreeing], [repeated // 2, (len(own) - repeated) // 2]])
    if stats.fisher_exact(counts, alternative="greater").pvalue >= EXCESS_ALPHA:
        return 0
    return max(1, agreeing - round(rows * twins))
