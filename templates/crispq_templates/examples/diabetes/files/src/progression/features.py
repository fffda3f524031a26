"""What the model sees of a patient: the ten values of the baseline visit.

Six of them come from one blood sample: total cholesterol (tc), low and high density lipoproteins (ldl, hdl), the ratio
tc / hdl (tch), the logarithm of triglycerides (ltg) and glucose (glu).
"""

from __future__ import annotations

import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import StandardScaler

from progression.columns import NUMBERS


def features(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the ten values as numbers; a column that is absent raises KeyError."""
    return frame[list(NUMBERS)].astype("float64")


def preprocessor() -> ColumnTransformer:
    """Bring values of different units to one scale. Learned from training rows only."""
    return ColumnTransformer([("scale", StandardScaler(), list(NUMBERS))])
