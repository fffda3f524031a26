"""Another sample of the same kind would lead to the same choice of features.

## Why
A choice that changes with every sample was made by chance: what is explained by "the features that matter" would be
another story next month, and the features left out were no worse than those kept.

## How it is measured
For each step of the estimator's pipelines that selects features (anything with `get_support`: SelectKBest, RFE,
SelectFromModel ...), the steps up to it are fitted on `bootstraps` (default 30) resamples of the training rows, drawn
with replacement within each class, whole groups where the project names them. Of more than 20,000 rows, 20,000 are
drawn first.

- `stability`: Nogueira's index of the choices: 1 - mean of s² over features / (k/d * (1 - k/d)), where s² is the
  variance of "chosen or not" over resamples, k the mean number chosen and d the number of features. 1: the same choice
  every time; 0: no better than drawing lots. With its asymptotic one-sided 95 % bounds.

Limits: at least 0.40, calm from 0.75, the borders that the authors give for poor and for excellent agreement. In 20
simulations with 150 rows a choice of 5 among 5 telling and 45 useless columns came to 0.56 to 0.80, one among 50
useless columns to 0.04 to 0.38.

## How to mend it
Select fewer or more features, group those that say the same first (features_are_not_redundant), take a model with a
penalty instead of a choice, or gather more rows.

## Source
CRISP-ML(Q) §3.2.1, p. 399: feature selection. Nogueira, Sechidis & Brown, "On the stability of feature selection
algorithms", JMLR 18(174) (2018), pp. 1-54.

## What it cannot see
Choices that were made in prepare.py or by a person (selection_is_inside_folds). Features that are exchangeable because
they say the same: swapping them counts as unstable.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from crispq import (
    Chart,
    Estimate,
    Evidence,
    Example,
    Measurement,
    NotMeasurable,
    Table,
    at_least,
    check,
    not_applicable,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from crispq import Supervised

MOST_ROWS = 20_000
SHOWN = 40
FEWEST = 10


@check(
    task="select_data",
    catalogue=("DP1-C6",),
    risks=("R18", "R19"),
    limits={"stability": at_least(0.40, warn=0.75)},
    seconds=1800,
)
def selection_is_stable(
    evidence: Evidence, *, model: str | None = None, bootstraps: int = 30, table: str = "train"
) -> Measurement:
    """Select on resamples, and compare the choices."""
    from crispq_checks.pipelines import outer_pipelines, selectors
    from crispq_checks.statistics.stability import stability
    from crispq_checks.usual_score import few_rows

    if not evidence.models:
        return not_applicable("no model is listed yet, so that no estimator selects features")
    pipelines = [one for one in outer_pipelines(evidence.estimator(model)) if selectors(one)]
    if not pipelines:
        return not_applicable("the estimator has no step that selects features")
    if bootstraps < FEWEST:
        raise NotMeasurable(f"{bootstraps} bootstraps are too few to tell; at least {FEWEST} are needed")
    data = few_rows(evidence.supervised(table), MOST_ROWS)
    choices: dict[str, NDArray[np.bool_]] = {}
    names: dict[str, tuple[str, ...]] = {}
    for pipeline in pipelines:
        found, known = _choices(pipeline, data, evidence.task, bootstraps)
        choices |= found
        names |= known
    told = {name: chosen for name, chosen in choices.items() if 0 < chosen.mean() < 1}
    if not told:
        return not_applicable("the selecting steps keep every feature every time: nothing is chosen")
    values = {name: stability(chosen) for name, chosen in told.items()}
    worst = min(values, key=lambda name: values[name].value)
    return Measurement(
        values={"stability": values},
        summary=f"{_words(worst, values[worst])}: {told[worst].sum(axis=1).mean():.1f} of {told[worst].shape[1]} "
        f"features chosen on {bootstraps} resamples",
        tables=tuple(_table(name, told[name], names[name]) for name in told),
        charts=(_chart(worst, told[worst], names[worst]),),
    )


def _words(name: str, told: Estimate) -> str:
    return f"the choice of {name!r} has stability {told.value:.2f} [{told.low:.2f}, {told.high:.2f}]"


def _choices(
    pipeline: Any, data: Supervised, task: str, bootstraps: int
) -> tuple[dict[str, NDArray[np.bool_]], dict[str, tuple[str, ...]]]:
    """For each selecting step what it chose on each resample, (bootstraps, features), and the features' names."""
    import warnings

    import numpy as np
    from sklearn.base import clone

    from crispq_checks.pipelines import selectors

    last = max(number for number, (_, one) in enumerate(pipeline.steps) if hasattr(one, "fit") and selectors(one))
    found: dict[str, list[NDArray[np.bool_]]] = {}
    names: dict[str, tuple[str, ...]] = {}
    for number in range(bootstraps):
        rows = _resampled(data, task, number)
        part = clone(pipeline[: last + 1])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                part.fit(data.features.iloc[rows].reset_index(drop=True), data.target[rows])
            except Exception as error:
                raise NotMeasurable(
                    f"The selecting steps could not be fitted on a resample: {type(error).__name__}: {str(error)[:200]}"
                ) from error
        for name, one in selectors(part):
            found.setdefault(name, []).append(np.asarray(one.get_support(), dtype=bool))
            names.setdefault(name, _names(one, len(found[name][0])))
    return {name: _table_of(name, chosen) for name, chosen in found.items()}, names


def _table_of(name: str, chosen: list[NDArray[np.bool_]]) -> NDArray[np.bool_]:
    import numpy as np

    if len({len(one) for one in chosen}) > 1:
        raise NotMeasurable(
            f"the step {name!r} is given another number of features on each resample, as an encoder does that learns "
            "its categories; name the categories in the encoder"
        )
    return np.stack(chosen)


def _names(selector: Any, count: int) -> tuple[str, ...]:
    told = getattr(selector, "feature_names_in_", None)
    return tuple(f"feature {one}" for one in range(count)) if told is None else tuple(str(one) for one in told)


def _resampled(data: Supervised, task: str, seed: int) -> NDArray[np.intp]:
    """Rows drawn with replacement: whole groups, else within each class."""
    import numpy as np

    random = np.random.default_rng(seed)
    count = len(data.target)
    if data.groups is not None:
        names, codes = np.unique(data.groups.astype(str), return_inverse=True)
        drawn = random.integers(len(names), size=len(names))
        return np.concatenate([np.flatnonzero(codes == one) for one in drawn])
    if task not in {"binary_classification", "multiclass_classification"}:
        return random.integers(count, size=count)
    _, codes = np.unique(data.target, return_inverse=True)
    members = [np.flatnonzero(codes == one) for one in range(int(codes.max()) + 1)]
    return np.concatenate([random.choice(own, size=len(own)) for own in members])


def _shares(chosen: NDArray[np.bool_], names: tuple[str, ...]) -> Mapping[str, float]:
    told = zip(names, chosen.mean(axis=0).tolist(), strict=True)
    return dict(sorted(told, key=lambda one: (-one[1], one[0]))[:SHOWN])


def _table(name: str, chosen: NDArray[np.bool_], names: tuple[str, ...]) -> Table:
    rows = tuple((feature, round(share, 2)) for feature, share in _shares(chosen, names).items())
    return Table(title=f"How often {name!r} chose each feature", columns=("feature", "share of resamples"), rows=rows)


def _chart(name: str, chosen: NDArray[np.bool_], names: tuple[str, ...]) -> Chart:
    points = [{"feature": feature, "share": round(share, 3)} for feature, share in _shares(chosen, names).items()]
    always = sum(point["share"] == 1 for point in points)
    return Chart(
        title="How often each feature was chosen",
        description=f"Bars show how often {name!r} chose {len(points)} features; {always} of them every time.",
        spec={
            "width": 400,
            "data": {"values": points},
            "mark": "bar",
            "encoding": {
                "x": {"field": "share", "type": "quantitative", "title": "share of resamples"},
                "y": {"field": "feature", "type": "nominal", "sort": None, "title": "feature"},
            },
        },
    )


# --- examples ------------------------------------------------------------------------------------

_ROWS = 80
_ILL = [row * 7 % 5 < 2 for row in range(_ROWS)]  # noqa: PLR2004 - two of five


def _noise(column: int) -> list[int]:
    return [pow(3, 61 * row + 17 * column + 1, 10_007) % 97 for row in range(_ROWS)]


def _signal(column: int) -> list[int]:
    return [value + 90 * ill for value, ill in zip(_noise(column), _ILL, strict=True)]


def _train(signals: int, columns: int = 12) -> dict[str, list[Any]]:
    told = {f"x{one}": _signal(one) if one < signals else _noise(one) for one in range(columns)}
    return told | {"ill": [int(ill) for ill in _ILL]}


_SELECTS = """from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline


def build(seed):
    return make_pipeline(SelectKBest(k=3), LogisticRegression())


def plain(seed):
    return LogisticRegression()
"""


def _example(status: str, title: str, says: str, signals: int = 3, **more: Any) -> Example:
    config = {
        "data": {"target": "ill", "tables": {"train": "data/train.csv"}},
        "models": {"ill": {"estimator": f"tiny_select.model:{more.pop('function', 'build')}"}},
    }
    files = {"data/train.csv": _train(signals), "src/tiny_select/__init__.py": "", "src/tiny_select/model.py": _SELECTS}
    return Example(status=status, title=title, config=config, files=files | more.pop("files", {}), says=says, **more)


EXAMPLES = (
    _example("pass", "three plain features are chosen every time", "stability 1.00"),
    _example("fail", "three of twelve useless features are chosen", "features chosen on 30 resamples", signals=0),
    _example("not_applicable", "nothing selects", "no step that selects features", function="plain"),
    _example("error", "too few resamples", "too few to tell", settings={"bootstraps": 2}),
    Example(
        status="fail",
        title="there is no training table yet",
        config={
            "data": {"target": "ill", "tables": {"train": "data/train.csv"}},
            "models": {"ill": {"estimator": "tiny_select.model:build"}},
        },
        files={"src/tiny_select/__init__.py": "", "src/tiny_select/model.py": _SELECTS},
        says="does not exist yet",
    ),
)
