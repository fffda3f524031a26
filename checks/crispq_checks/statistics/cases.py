"""Reading truth and predictions: what `scoring` demands of them before it scores, and the codes it scores."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from crispq import NotMeasurable

Vector: TypeAlias = NDArray[np.float64]
Codes: TypeAlias = NDArray[np.intp]
Classes: TypeAlias = Sequence[Any] | NDArray[Any]

#: How far the probabilities of one row may be from a sum of 1 (single-precision models round).
SUM_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Cases:
    """Rows ready to be scored.

    truth (n,): class codes, or values. guess: class codes (n,), values (n,), probabilities of the positive class (n,),
    or probabilities of all classes (n, classes). averaged: the codes of the classes that a macro average runs over.
    In a binary question the positive class has code 1.
    """

    truth: NDArray[Any]
    guess: NDArray[Any]
    averaged: tuple[int, ...] = ()


def of_values(truth: ArrayLike, prediction: ArrayLike | None) -> Cases:
    """Return the rows of a regression; both columns must be finite numbers."""
    told = _numbers(_one_column(truth, "true values"), "true values")
    guess = _numbers(_one_column(prediction, "predictions"), "predictions")
    _check_rows(told, guess)
    return Cases(truth=told, guess=guess)


def of_two_classes(truth: ArrayLike, prediction: ArrayLike | None, positive: Any, classes: Classes | None) -> Cases:
    """Return the rows of a yes-or-no question, the positive class as 1."""
    told, guess = _labels(truth, "true values"), _labels(prediction, "predictions")
    _check_rows(told, guess)
    chosen = _positive(positive, _binary(classes, told, guess))
    return Cases(truth=_is(told, chosen), guess=_is(guess, chosen), averaged=(0, 1))


def of_classes(truth: ArrayLike, prediction: ArrayLike | None, classes: Classes | None) -> Cases:
    """Return rows of any number of classes, coded in the order of `classes` (or sorted)."""
    told, guess = _labels(truth, "true values"), _labels(prediction, "predictions")
    _check_rows(told, guess)
    _check_kinds(told, guess)
    known = _classes(classes, told, guess)
    codes = _coded(told, known)
    averaged = range(len(known)) if classes is not None else np.unique(codes).tolist()
    return Cases(truth=codes, guess=_coded(guess, known), averaged=tuple(averaged))


def of_scores(truth: ArrayLike, probability: ArrayLike | None, positive: Any, classes: Classes | None) -> Cases:
    """Return the rows of a yes-or-no question with the score of the positive class.

    probability (n,): the positive class's; (n, 2): both, in the order of `classes` (or sorted).
    """
    told, guess = _labels(truth, "true values"), _probability(probability)
    _check_rows(told, guess)
    known = _binary(classes, told)
    chosen = _positive(positive, known)
    if guess.ndim > 1:
        guess = guess[:, _column_of(chosen, _named_columns(known, guess))]
    return Cases(truth=_is(told, chosen), guess=guess, averaged=(0, 1))


def of_distributions(truth: ArrayLike, probability: ArrayLike | None, classes: Classes | None) -> Cases:
    """Return rows with the probability of every class: (n, classes), columns in the order of `classes` (or sorted)."""
    told, guess = _labels(truth, "true values"), _probability(probability)
    _check_rows(told, guess)
    known = _named_columns(_classes(classes, told), guess)
    check_probabilities(guess)
    sums = guess.sum(axis=1, keepdims=True)
    if strange := int(np.count_nonzero(np.abs(sums - 1) > SUM_TOLERANCE)):
        raise NotMeasurable(f"The probabilities of {strange} of {len(guess)} rows do not add up to 1.")
    return Cases(truth=_coded(told, known), guess=guess / sums, averaged=tuple(range(len(known))))


def check_probabilities(guess: Vector) -> None:
    """Refuse scores that are no probabilities."""
    if strange := int(np.count_nonzero((guess < 0) | (guess > 1))):
        raise NotMeasurable(f"{strange} of {guess.size} probabilities are outside of [0, 1].")


def _labels(values: ArrayLike | None, name: str) -> NDArray[Any]:
    array = _one_column(values, name)
    gaps = pd.isna(array)
    if array.dtype.kind == "f":
        gaps |= ~np.isfinite(array)
    _check_finite(gaps, name, "missing or not finite")
    return array


def _probability(values: ArrayLike | None) -> Vector:
    array = _given(values, "probabilities")
    if array.ndim not in {1, 2}:
        raise NotMeasurable(f"The probabilities have shape {array.shape}; one row for each case is needed.")
    return _numbers(array, "predictions")


def _numbers(array: NDArray[Any], name: str) -> Vector:
    try:
        numbers = np.where(pd.isna(array), np.nan, array).astype(np.float64)
    except (TypeError, ValueError):
        raise NotMeasurable(f"The {name} are not numbers.") from None
    _check_finite(~np.isfinite(numbers), name, "not finite")
    return numbers


def _check_finite(strange: NDArray[np.bool_], name: str, what: str) -> None:
    if count := int(np.count_nonzero(strange)):
        raise NotMeasurable(f"{count} of {strange.size} {name} are {what}.")


def _one_column(values: ArrayLike | None, name: str) -> NDArray[Any]:
    array = _given(values, name)
    if array.ndim != 1:
        raise NotMeasurable(f"The {name} have shape {array.shape}; one column is needed.")
    return array


def _given(values: ArrayLike | None, name: str) -> NDArray[Any]:
    if values is None:
        raise NotMeasurable(f"The {name} are missing; this metric needs them.")
    return np.asarray(values)


def _check_rows(truth: NDArray[Any], guess: NDArray[Any]) -> None:
    if len(truth) != len(guess):
        raise NotMeasurable(f"{len(guess)} predictions do not fit {len(truth)} true values.")
    if len(truth) == 0:
        raise NotMeasurable("There are no rows to score.")


def _check_kinds(truth: NDArray[Any], guess: NDArray[Any]) -> None:
    if _words(truth) != _words(guess):
        raise NotMeasurable(
            f"True values like {truth.tolist()[0]!r} and predictions like {guess.tolist()[0]!r} cannot be compared: "
            "one is text, the other is not."
        )


def _words(array: NDArray[Any]) -> bool:
    return all(isinstance(label, str) for label in set(array.tolist()))


def _classes(classes: Classes | None, *columns: NDArray[Any]) -> tuple[Any, ...]:
    seen = {label for column in columns for label in column.tolist()}
    if classes is None:
        return _sorted(seen)
    known = tuple(classes.tolist() if isinstance(classes, np.ndarray) else classes)
    if unknown := _sorted(seen - set(known)):
        raise NotMeasurable(f"{_listed(unknown)} not among the classes {_listed(known)}.")
    return known


def _binary(classes: Classes | None, *columns: NDArray[Any]) -> tuple[Any, ...]:
    known = _classes(classes, *columns)
    if len(known) > 2:  # noqa: PLR2004 - yes or no
        raise NotMeasurable(f"This metric tells two classes apart, but there are {len(known)}: {_listed(known)}.")
    return known


def _positive(positive: Any, known: tuple[Any, ...]) -> Any:
    """Return the positive class: the one named, or 1 (True) where the classes are 0 and 1.

    A named class that no row has and `classes` does not list may be misspelt: it is refused. Only of 0 and 1 one may be
    absent, since it cannot be misspelt.
    """
    if positive is None and set(known) <= {0, 1}:
        return 1
    if positive is None:
        raise NotMeasurable(f"Say which of the classes {_listed(known)} is the positive one.")
    if positive not in known and not {positive, *known} <= {0, 1}:
        raise NotMeasurable(f"The positive class {positive!r} is not among the classes {_listed(known)}.")
    return positive


def _is(column: NDArray[Any], chosen: Any) -> Codes:
    return np.asarray([label == chosen for label in column.tolist()], dtype=np.intp)


def _coded(column: NDArray[Any], known: tuple[Any, ...]) -> Codes:
    position = {label: code for code, label in enumerate(known)}
    return np.asarray([position[label] for label in column.tolist()], dtype=np.intp)


def _named_columns(known: tuple[Any, ...], guess: Vector) -> tuple[Any, ...]:
    width = guess.shape[1] if guess.ndim > 1 else 1
    if width != len(known):
        raise NotMeasurable(f"{width} columns of probabilities do not fit {len(known)} classes: {_listed(known)}.")
    return known


def _column_of(chosen: Any, known: tuple[Any, ...]) -> int:
    return known.index(chosen)


def _sorted(labels: Iterable[Any]) -> tuple[Any, ...]:
    try:
        return tuple(sorted(labels))
    except TypeError:
        return tuple(sorted(labels, key=str))


def _listed(labels: Sequence[Any]) -> str:
    shown = ", ".join(repr(label) for label in labels[:5])
    return shown + (", ..." if len(labels) > 5 else "")  # noqa: PLR2004 - a message, not a table
