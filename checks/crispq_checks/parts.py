"""The parts a project's rows end up in, and the rows' keys in one spelling. Used by the checks of data preparation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from crispq import Evidence, MissingEvidence, TableData

if TYPE_CHECKING:
    import pandas as pd

#: The tables that preparation makes from `raw`.
PREPARED = ("train", "test", "production")
#: As many keys stand in a message at most.
SHOWN = 20


def prepared(evidence: Evidence) -> Mapping[str, TableData]:
    """The prepared tables by name; `train` must exist, the others may be absent.

    Raises MissingEvidence where there is no training table yet.
    """
    found = {"train": evidence.table("train")}
    for name in PREPARED[1:]:
        if name in evidence.data.tables:
            try:
                found[name] = evidence.table(name)
            except MissingEvidence:
                continue
    return found


def keys(table: TableData, key: str) -> pd.Series[Any]:
    """The column of keys as text, the same for 7, 7.0 and "7"; missing keys stay missing."""
    return spelled(table.frame([key])[key])


def spelled(column: pd.Series[Any]) -> pd.Series[Any]:
    """Each value as text; whole numbers without a point. What is missing stays missing."""
    from pandas.api import types

    present = column.notna()
    if types.is_float_dtype(column) and (column[present] % 1 == 0).all():
        return column.astype("Int64").astype("str").where(present)
    return column.astype("str").str.strip().where(present)


def some(names: Any) -> str:
    """Up to twenty keys for a message, sorted; how many more there are."""
    ordered = sorted(map(str, names))
    more = f" and {len(ordered) - SHOWN} more" if len(ordered) > SHOWN else ""
    return ", ".join(ordered[:SHOWN]) + more


def among(own: pd.Series[Any], *others: pd.Series[Any]) -> pd.Series[Any]:
    """Which keys stand among the others; a missing key stands nowhere. By 64-bit hashes, which is ten times faster."""
    import numpy as np
    import pandas as pd

    known = [_hashes(one.dropna()) for one in others]
    found = np.isin(_hashes(own), np.concatenate(known)) if known else np.zeros(len(own), dtype=bool)
    return pd.Series(found, index=own.index) & own.notna()


def _hashes(column: pd.Series[Any]) -> Any:
    import pandas as pd

    return pd.util.hash_pandas_object(column.astype("str"), index=False).to_numpy()
