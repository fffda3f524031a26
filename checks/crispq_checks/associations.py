"""How closely features go together: rank correlation, shared information, and what all others tell about one.

Used by `features_earn_their_place` and `features_are_not_redundant`. Knows frames only.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api import types

Matrix: TypeAlias = NDArray[np.float64]

#: From how many rows correlations are told, where there are more.
MOST_ROWS = 5_000
#: A column with more different words than this is a name or a text, not a category.
MOST_CATEGORIES = 200


def sampled(features: pd.DataFrame) -> pd.DataFrame:
    """At most MOST_ROWS rows, drawn with a fixed seed."""
    return features if len(features) <= MOST_ROWS else features.sample(MOST_ROWS, random_state=0)


def numbers(features: pd.DataFrame) -> pd.DataFrame:
    """The columns that can be ranked, as floats: numbers, truth values, moments; without those of one value."""
    found = {}
    for name in features.columns:
        column = features[name]
        if types.is_datetime64_any_dtype(column):
            column = (column - column.min()).dt.total_seconds()
        if types.is_numeric_dtype(column) and len(column.dropna().unique()) > 1:
            found[str(name)] = column.astype("float64").replace([np.inf, -np.inf], np.nan)
    return pd.DataFrame(found, index=features.index)


def categories(features: pd.DataFrame) -> pd.DataFrame:
    """The columns of words with 2 to MOST_CATEGORIES different ones."""
    found = {}
    for name in features.columns:
        column = features[name]
        if not (types.is_numeric_dtype(column) or types.is_datetime64_any_dtype(column)):
            words = column.astype("str").where(column.notna(), "missing")
            if 1 < words.nunique() <= MOST_CATEGORIES:
                found[str(name)] = words
    return pd.DataFrame(found, index=features.index)


def spearman(columns: pd.DataFrame) -> Matrix:
    """Rank correlations (p, p) of the rows that both columns have; 0 where it is undefined."""
    if columns.shape[1] == 0:
        return np.zeros((0, 0))
    ranks = columns.rank()
    if ranks.isna().to_numpy().any():
        return np.asarray(ranks.corr(min_periods=10).fillna(0.0), dtype="float64")
    return np.atleast_2d(np.nan_to_num(np.corrcoef(ranks.to_numpy(), rowvar=False)))


def shared_information(columns: pd.DataFrame) -> Matrix:
    """Mutual information (p, p) of categories, 1 for the same partition and about 0 for what chance shares.

    Adjusted mutual information: Vinh, Epps & Bailey, JMLR 11 (2010), pp. 2837-2854; by scikit-learn.
    """
    from sklearn.metrics import adjusted_mutual_info_score

    codes = [pd.factorize(columns[name])[0] for name in columns]
    told = np.eye(len(codes))
    for one in range(len(codes)):
        for two in range(one):
            told[one, two] = told[two, one] = adjusted_mutual_info_score(codes[one], codes[two])
    return told


def inflation(columns: pd.DataFrame) -> Matrix:
    """Variance inflation factors (p,): 1 / (1 - R²) of each column by all others; gaps filled with the mean.

    The diagonal of the inverse correlation matrix (Belsley, Kuh & Welsch, "Regression Diagnostics" (1980), chapter 3).
    """
    filled = columns.fillna(columns.mean())
    matrix = np.atleast_2d(np.corrcoef(filled.to_numpy(), rowvar=False))
    ridge = 1e-9 * np.eye(len(matrix))
    return np.asarray(np.diagonal(np.linalg.inv(matrix + ridge)))


def groups(features: pd.DataFrame, above: float, shared: float | None = None) -> list[tuple[str, ...]]:
    """Features in groups: two belong together if |rank correlation|, or the information words share, is above."""
    rows = sampled(features)
    parent = {str(name): str(name) for name in features.columns}

    def root(name: str) -> str:
        while parent[name] != name:
            name = parent[name]
        return name

    limits = (above, above if shared is None else shared)
    scales = ((numbers(rows), spearman, limits[0]), (categories(rows), shared_information, limits[1]))
    for columns, matrix, limit in scales:
        names: list[Any] = list(columns.columns)
        close = np.argwhere(np.triu(np.abs(matrix(columns)) > limit, k=1)) if names else ()
        for one, two in close:
            parent[root(names[two])] = root(names[one])
    found: dict[str, list[str]] = {}
    for name in parent:
        found.setdefault(root(name), []).append(name)
    return [tuple(members) for members in found.values()]
