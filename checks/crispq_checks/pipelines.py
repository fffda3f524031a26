"""What an estimator of a project is made of: its pipelines, their steps, and the steps that select features."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def outer_pipelines(estimator: Any, depth: int = 0) -> Iterator[Any]:
    """The outermost scikit-learn pipelines in an unfitted estimator, wrappers such as calibration taken off."""
    from sklearn.pipeline import Pipeline

    if isinstance(estimator, Pipeline):
        yield estimator
        return
    if depth < 8 and hasattr(estimator, "get_params"):  # noqa: PLR2004 - nobody wraps deeper
        for value in estimator.get_params(deep=False).values():
            for part in _parts(value):
                yield from outer_pipelines(part, depth + 1)


def _parts(value: Any) -> list[Any]:
    if isinstance(value, list | tuple):
        return [part for one in value for part in _parts(one)]
    return [value] if hasattr(value, "fit") else []


def steps(part: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every part of a pipeline, column transformer or union with its path, fitted ones where it is fitted."""
    inner = getattr(part, "transformers_", None) or getattr(part, "transformers", None)
    inner = inner or getattr(part, "transformer_list", None) or getattr(part, "steps", None)
    if not inner:
        yield name, part
        return
    for one in inner:
        if hasattr(one[1], "fit"):
            yield from steps(one[1], f"{name}.{one[0]}" if name else str(one[0]))


def selectors(part: Any) -> list[tuple[str, Any]]:
    """The parts that choose among features."""
    return [(name, one) for name, one in steps(part) if hasattr(one, "get_support")]


def preparing(pipeline: Any) -> Any | None:
    """A fresh copy of the pipeline without its last step, the model; None if there is nothing before it."""
    from sklearn.base import clone

    if len(pipeline.steps) < 2:  # noqa: PLR2004 - the model alone
        return None
    return clone(pipeline[:-1])


#: What transformers learn from rows, by the names that scikit-learn gives it.
LEARNED = (
    "mean_",
    "scale_",
    "var_",
    "center_",
    "statistics_",
    "data_min_",
    "data_max_",
    "max_abs_",
    "categories_",
    "encodings_",
    "target_mean_",
    "lambdas_",
    "quantiles_",
    "bin_edges_",
    "idf_",
)
DEEPEST = 12


def learned(part: Any) -> dict[str, Any]:
    """What the transformers inside a fitted estimator learned: path.attribute -> value; selectors: path.support."""
    return dict(_learned(part, "", 0))


def _learned(part: Any, path: str, depth: int) -> Iterator[tuple[str, Any]]:
    if depth > DEEPEST or not hasattr(part, "__dict__") or isinstance(part, type):
        return
    before = f"{path}." if path else ""
    if hasattr(part, "transform"):
        for name in LEARNED:
            if (value := vars(part).get(name)) is not None:
                yield before + name, value
        if hasattr(part, "get_support"):
            yield f"{before}support", part.get_support()
    for name, value in vars(part).items():
        if name not in LEARNED:
            for inner, one in _inside(value, "" if name in HIDDEN_NAMES else name):
                yield from _learned(one, before + inner if inner else path, depth + 1)


#: Where scikit-learn keeps named parts: their own names say enough.
HIDDEN_NAMES = frozenset({"steps", "transformers_", "transformer_list", "estimator", "estimator_", "regressor_"})


def _inside(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    """The parts in an attribute that may have learned something, each with a name."""
    if any(hasattr(value, verb) for verb in ("fit", "predict", "predict_proba")):
        yield name, value
    elif isinstance(value, list | tuple):
        for number, one in enumerate(value):
            if isinstance(one, list | tuple) and len(one) > 1 and isinstance(one[0], str):
                yield from _inside(one[1], one[0])
            else:
                yield from _inside(one, f"{name}.{number}" if name else str(number))


def alike(one: Any, two: Any, relative: float = 1e-6) -> bool:
    """Whether two learned values are the same up to a relative error; lists of arrays part by part."""
    import numpy as np

    if isinstance(one, list | tuple) or isinstance(two, list | tuple) or str(getattr(one, "dtype", "")) == "object":
        parts = [list(value) for value in (one, two)]
        if all(not isinstance(cell, list | tuple | np.ndarray) for part in parts for cell in part):
            return _cells_alike(parts[0], parts[1], relative)
        return len(parts[0]) == len(parts[1]) and all(alike(a, b, relative) for a, b in zip(*parts, strict=True))
    return _cells_alike(np.ravel(one).tolist(), np.ravel(two).tolist(), relative)


def _cells_alike(one: list[Any], two: list[Any], relative: float) -> bool:
    import numpy as np
    import pandas as pd

    if len(one) != len(two):
        return False
    if all(isinstance(cell, int | float | np.number) for cell in (*one, *two)):
        a, b = np.asarray(one, dtype="float64"), np.asarray(two, dtype="float64")
        tiny = relative * 1e-3 * float(np.nanmax(np.abs(a), initial=0.0))
        return bool(np.allclose(a, b, rtol=relative, atol=tiny, equal_nan=True))
    return all(a == b or (pd.isna(a) and pd.isna(b)) for a, b in zip(one, two, strict=True))
