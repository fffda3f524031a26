"""The steps of an estimator that fill in missing numbers, and the same estimator with others in their place."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

#: What is compared, by name.
STRATEGIES = ("mean", "median", "most frequent", "median and indicator", "nearest neighbours")


def imputer(strategy: str) -> Any:
    """A fresh imputer of this name."""
    from sklearn.impute import KNNImputer, SimpleImputer

    if strategy == "nearest neighbours":
        return KNNImputer(keep_empty_features=True)
    plain = strategy.partition(" and ")[0].replace(" ", "_")
    return SimpleImputer(strategy=plain, add_indicator="indicator" in strategy, keep_empty_features=True)


def imputers_of(estimator: Any) -> Mapping[str, Any]:
    """The estimator's imputers of numbers, by the path under which `set_params` takes another."""
    if not hasattr(estimator, "get_params"):
        return {}
    return {path: one for path, one in estimator.get_params(deep=True).items() if _fills_numbers(one)}


def _fills_numbers(one: Any) -> bool:
    kind = type(one).__name__
    if kind == "SimpleImputer":
        return not isinstance(one.fill_value, str) and one.strategy in {"mean", "median", "most_frequent", "constant"}
    return kind in {"KNNImputer", "IterativeImputer"}


def with_imputer(build: Callable[[], Any], strategy: str) -> Any:
    """A fresh estimator with this imputer in the place of each of its own; before it, where it has none."""
    from sklearn.base import clone

    estimator = build()
    if paths := imputers_of(estimator):
        return clone(estimator).set_params(**{path: imputer(strategy) for path in paths})
    return FilledFirst(estimator, imputer(strategy))


class FilledFirst:
    """An estimator whose numbers are filled in before it sees them, by what its training rows show."""

    def __init__(self, estimator: Any, fill: Any) -> None:
        self.estimator = estimator
        self.fill = fill
        self.numbers: list[Any] = []
        if hasattr(estimator, "predict_proba"):
            self.predict_proba = lambda features: self.estimator.predict_proba(self._filled(features))

    @property
    def classes_(self) -> NDArray[Any]:
        """The classes that the estimator has seen."""
        return np.asarray(self.estimator.classes_)

    def fit(self, features: pd.DataFrame, target: NDArray[Any]) -> FilledFirst:
        """Learn what to fill in, then fit."""
        self.numbers = numbers_of(features)
        self.fill.fit(features[self.numbers].astype("float64"))
        self.estimator.fit(self._filled(features), target)
        return self

    def predict(self, features: pd.DataFrame) -> NDArray[Any]:
        """What the estimator says of the filled rows."""
        return np.asarray(self.estimator.predict(self._filled(features)))

    def _filled(self, features: pd.DataFrame) -> pd.DataFrame:
        told = np.asarray(self.fill.transform(features[self.numbers].astype("float64")))
        width = len(self.numbers)
        marks = {f"missing {place}": told[:, place] for place in range(width, told.shape[1])}
        filled = features.assign(**dict(zip(self.numbers, told[:, :width].T, strict=True)))
        return filled.assign(**marks)


def numbers_of(features: pd.DataFrame) -> list[Any]:
    """The columns that hold numbers and at least one value."""
    from pandas.api import types

    return [
        name
        for name in features
        if types.is_numeric_dtype(features[name])
        and not types.is_bool_dtype(features[name])
        and features[name].notna().any()
    ]


def filled(fill: Any, numbers: pd.DataFrame) -> pd.DataFrame:
    """The numbers with what an imputer, fitted on them, puts into the gaps."""
    from sklearn.base import clone

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        told = np.asarray(clone(fill).fit_transform(numbers.astype("float64")))
    return pd.DataFrame(told[:, : numbers.shape[1]], columns=numbers.columns, index=numbers.index)
