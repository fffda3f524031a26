"""A model's recorded predictions, as `statistics.scoring` wants them. Used by the checks of evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from crispq import Estimate, Evidence, NotMeasurable, Supervised
from crispq_checks.statistics.folds import CLASSIFICATION
from crispq_checks.statistics.scoring import needs_probabilities, score_estimate

PREFIX = "probability_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Truth and prediction of the same rows (n,); probability (n,) or (n, classes) or None."""

    data: Supervised
    prediction: NDArray[Any]
    probability: NDArray[Any] | None
    classes: tuple[Any, ...] | None
    positive: Any

    def estimate(
        self,
        metric: str,
        parameters: Mapping[str, Any],
        *,
        level: float = 0.95,
        rows: NDArray[np.bool_] | None = None,
    ) -> Estimate:
        """Score these rows (or all), with one-sided bounds; whole groups are resampled where the project names them."""
        chosen = np.ones(len(self.prediction), dtype=bool) if rows is None else rows
        groups = self.data.groups
        return score_estimate(
            metric,
            *self._columns(metric, chosen),
            positive=self.positive,
            classes=self._classes_for(metric, rows),
            parameters=parameters,
            groups=None if groups is None else groups[chosen],
            level=level,
        )

    def _columns(self, metric: str, rows: NDArray[np.bool_]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any] | None]:
        probability = self.probability
        if needs_probabilities(metric) and probability is None:
            raise NotMeasurable(
                f"{metric} needs the column 'probability' (or one 'probability_CLASS' each) in the predictions."
            )
        return self.data.target[rows], self.prediction[rows], None if probability is None else probability[rows]

    def _classes_for(self, metric: str, rows: NDArray[np.bool_] | None) -> tuple[Any, ...] | None:
        """All classes; in a part of the rows a macro average runs over those that occur there."""
        return None if rows is not None and not needs_probabilities(metric) else self.classes


def recorded(evidence: Evidence, table: str, model: str | None) -> Recorded:
    """The model's predictions for the table, in its order."""
    frame = evidence.predictions(table, model)
    data = evidence.supervised(table)
    columns = [name for name in frame if str(name).startswith(PREFIX)]
    classes = _classes(data.target, frame["prediction"], columns) if evidence.task in CLASSIFICATION else None
    return Recorded(
        data=data,
        prediction=frame["prediction"].to_numpy(),
        probability=_probability(frame, columns),
        classes=classes,
        positive=evidence.data.positive,
    )


def _probability(frame: pd.DataFrame, columns: list[Any]) -> NDArray[Any] | None:
    if "probability" in frame:
        return frame["probability"].to_numpy()
    return frame[columns].to_numpy() if columns else None


def _classes(target: NDArray[Any], prediction: pd.Series, columns: list[Any]) -> tuple[Any, ...]:
    """The classes in the order of their columns, else those that occur, sorted."""
    seen = {label for column in (target, prediction.dropna().to_numpy()) for label in column.tolist()}
    if not columns:
        try:
            return tuple(sorted(seen))
        except TypeError:
            return tuple(sorted(seen, key=str))
    by_name = {str(label): label for label in seen}
    names = [str(column).removeprefix(PREFIX) for column in columns]
    if unnamed := sorted(set(by_name) - set(names)):
        raise NotMeasurable(f"The predictions have no column {PREFIX}{unnamed[0]}; each class needs one.")
    return tuple(by_name.get(name, name) for name in names)
