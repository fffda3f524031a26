"""What the model sees of a case: ten properties of the cell nuclei on the slide, each in three statistics.

The mean describes the typical nucleus, the error its spread, and the worst (the mean of the three largest values) the
nuclei that a pathologist would look at first.
"""

from __future__ import annotations

import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import StandardScaler

from tumour.columns import NUMBERS


def features(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the thirty measurements as numbers; a column that is absent raises KeyError."""
    return frame[list(NUMBERS)].astype("float64")


def preprocessor() -> ColumnTransformer:
    """Bring measurements that differ by a factor of 10,000 to one scale, learned from the training rows only."""
    return ColumnTransformer([("scale", StandardScaler(), list(NUMBERS))])
