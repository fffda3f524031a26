"""The model still meets its criteria in production.

## Why
A model was accepted because it met criteria on test data. Whether it still does is known only where somebody found out
the truth afterwards. A model that has gone stale and stays in use does harm with the authority of a model that passed.

## How it is measured
The rows of the table `production` whose target has been filled in are scored with the predictions that the model made
for them, by each success criterion of level ml (or those named by the setting `criteria`), with the same formulas and
bounds as in evaluation, all windows together (or the last `latest` labelled ones). Each criterion is judged by its own
limit from phase 1: if the whole interval lies on the wrong side the gate shuts; if it crosses the limit there are too
few labels to tell, and the answer says how many would do. The table and the chart show each window (a file of the
table) by itself, where it can be measured. Rows of one group are kept together: where `data.group` names a column, the
table must have it, or nothing is measured, for bounds of rows taken as independent would be too narrow.
Without any label the performance is unknown, which is not a pass.

## How to mend it
Too few labels: have more rows labelled, drawn at random, or wait. A criterion that is clearly missed means the model
must not go on as it is: use the fall-back, then ask why. Inputs that moved (see `inputs_have_not_drifted`) or new kinds
of cases: back to data preparation with new data. The same inputs, but another truth: back to modeling, and train
anew. A criterion that no longer says what matters: back to business and data understanding. `crispq back PHASE
--reason ...` records it. Weigh the cost of the update against that of wrong predictions, and write the decision down.

## Source
CRISP-ML(Q) §3.6, pp. 405-406 (monitor: performance as labels arrive, lower bound, update decision). The formulas and
bounds are those of scikit-learn and of `crispq_checks.statistics.scoring`, which names a source for each.

## What it cannot see
Rows without a label. If mostly the conspicuous cases are checked, the numbers hold for those only. A sudden drop is
diluted by the good windows before it: see the table, or set `latest`. Labels that the model's own output influenced.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from crispq import (
    Chart,
    Estimate,
    Evidence,
    Example,
    Measurement,
    NotMeasurable,
    Requirement,
    Table,
    as_required,
    check,
    hint,
    missing,
)

if TYPE_CHECKING:
    import pandas as pd

#: How often each window is resampled, where a metric needs it; all windows together get the usual number.
RESAMPLES_OF_WINDOW = 400
#: The most windows that the table and the chart show, the latest ones, and the most points of the chart.
SHOWN, POINTS = 24, 200


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """Labelled rows of production: what was true, what the model said, and the groups they belong to."""

    truth: pd.Series[Any]
    said: pd.DataFrame
    groups: pd.Series[Any] | None

    def __len__(self) -> int:
        return len(self.truth)

    def some(self, chosen: pd.Series[bool]) -> _Rows:
        """The rows for which `chosen` is true."""
        groups = None if self.groups is None else self.groups[chosen]
        return _Rows(truth=self.truth[chosen], said=self.said[chosen], groups=groups)


@check(
    task="monitor",
    catalogue=("MM1-C5", "MM1-C7"),
    risks=("R55",),
    limits={"criteria": as_required()},
    seconds=900,
)
def performance_holds(
    evidence: Evidence, *, criteria: list[str] | None = None, latest: int = 0, model: str | None = None
) -> Measurement:
    """Score the labelled rows of production by the project's own criteria."""
    demanded = _demanded(evidence, criteria)
    if not demanded:
        message = "no success criterion of level ml names a metric and a limit, so nothing says what must hold"
        return missing(message, path="1_business_and_data_understanding/phase.yaml")
    rows, windows = _labelled(evidence, model)
    labelled = rows.truth.notna()
    if not labelled.any():
        message = (
            f"none of the {len(rows)} rows of production has a label yet: performance is unknown; have a random "
            f"sample of them labelled (column {evidence.data.target!r})"
        )
        return missing(message, path=evidence.table("production").paths[-1])
    known, of_window = _tidied(rows.some(labelled)), windows[labelled]
    names = list(dict.fromkeys(of_window))[-latest if latest > 0 else 0 :]
    judged = known.some(of_window.isin(names))
    values = {one.id: _named(evidence, one, judged) for one in demanded}
    each = list(_each_window(evidence, demanded, known, of_window))
    return Measurement(
        values={"criteria": values, "labelled_share": Estimate(value=float(labelled.mean()), n=len(rows))},
        summary=_summary(values, len(judged), len(rows), int(labelled[windows == windows.iloc[-1]].sum())),
        tables=(_table(demanded, each),),
        charts=(_chart(demanded, each),),
    )


def _demanded(evidence: Evidence, criteria: Sequence[str] | None) -> list[Requirement]:
    """The criteria of level ml that name a metric of predictions and a limit; or those that are asked for."""
    from crispq_checks.statistics.scoring import METRICS

    found = {
        one.id: one for one in evidence.requirements(level="ml") if one.metric in METRICS and one.limit is not None
    }
    if criteria is None:
        return list(found.values())
    if unknown := [name for name in criteria if name not in found]:
        raise NotMeasurable(
            f"the setting criteria names {unknown[0]!r}; the criteria of level ml with a metric and a limit are "
            f"{', '.join(found) or 'none'}"
        )
    return [found[name] for name in criteria]


def _labelled(evidence: Evidence, model: str | None) -> tuple[_Rows, pd.Series[Any]]:
    """All rows of production in the table's order, and the window (file) that each belongs to."""
    import pandas as pd

    data = evidence.data
    if data.target is None:
        raise NotMeasurable("data.target is not named, so there is no column in which labels could arrive")
    table = evidence.table("production")
    if data.group is not None and data.group not in table.columns:
        raise NotMeasurable(
            f"the table 'production' has no column {data.group!r}, the group that data.group names"
            f"{hint(data.group, table.columns)}; record it there, for rows of one group are not independent"
        )
    said = evidence.predictions("production", model).reset_index(drop=True)
    frame = table.frame([data.target, *([data.group] if data.group is not None else [])])
    stems = [PurePosixPath(path).stem for path in table.paths]
    names = stems if len(set(stems)) == len(stems) else table.paths
    windows = pd.Series([one for name, part in zip(names, table.parts(), strict=True) for one in [name] * part.rows])
    groups = None if data.group is None else frame[data.group]
    return _Rows(truth=frame[data.target], said=said, groups=groups), windows


def _tidied(rows: _Rows) -> _Rows:
    """Labels in the type they would have if none were missing: a gap turns whole numbers into fractions."""
    truth = rows.truth.infer_objects()
    if truth.dtype.kind == "f" and rows.said["prediction"].dtype.kind in "iub" and (truth % 1 == 0).all():
        truth = truth.astype("int64")
    return _Rows(truth=truth, said=rows.said, groups=rows.groups)


def _named(evidence: Evidence, criterion: Requirement, rows: _Rows) -> Estimate:
    """The criterion's value; where it has none, the reason names the criterion."""
    try:
        return _score(evidence, criterion, rows)
    except NotMeasurable as reason:
        raise NotMeasurable(
            f"{criterion.id} ({criterion.metric}) cannot be measured on {len(rows)} labels: {reason}"
        ) from reason


def _score(evidence: Evidence, criterion: Requirement, rows: _Rows, **more: int) -> Estimate:
    from crispq_checks.statistics.scoring import needs_probabilities, score_estimate

    metric = str(criterion.metric)
    probability, classes = _probability(rows) if needs_probabilities(metric) else (None, None)
    return score_estimate(
        metric,
        rows.truth.to_numpy(),
        rows.said["prediction"].to_numpy(),
        probability,
        positive=evidence.data.positive,
        classes=classes,
        parameters=criterion.parameters,
        groups=None if rows.groups is None else rows.groups.to_numpy(),
        **more,
    )


def _probability(rows: _Rows) -> tuple[Any, tuple[Any, ...] | None]:
    """The predicted probabilities, and for several columns the classes in their order."""
    if "probability" in rows.said:
        return rows.said["probability"].to_numpy(), None
    columns = [name for name in rows.said if str(name).startswith("probability_")]
    if not columns:
        raise NotMeasurable("the predictions for production have no probability, which a criterion needs")
    labels = {str(label): label for label in [*rows.said["prediction"].unique(), *rows.truth.unique()]}
    names = [str(name).removeprefix("probability_") for name in columns]
    return rows.said[columns].to_numpy(), tuple(labels.get(name, name) for name in names)


def _each_window(
    evidence: Evidence, demanded: Sequence[Requirement], rows: _Rows, windows: pd.Series[Any]
) -> Iterator[tuple[str, int, dict[str, Estimate]]]:
    """Each of the latest windows with labels: its name, its labelled rows, and what can be measured on it."""
    for name in list(dict.fromkeys(windows))[-SHOWN:]:
        some = rows.some(windows == name)
        found: dict[str, Estimate] = {}
        for one in demanded:
            try:
                found[one.id] = _score(evidence, one, some, resamples=RESAMPLES_OF_WINDOW)
            except NotMeasurable:
                continue
        yield str(name), len(some), found


def _summary(values: dict[str, Estimate], labelled: int, rows: int, labelled_latest: int) -> str:
    told = ", ".join(f"{name} {one.value:.3g} [{one.low:.3g}, {one.high:.3g}]" for name, one in values.items())
    latest = "" if labelled_latest else "; the latest window has no label yet"
    return f"{told} on {labelled} labelled of {rows} rows in production{latest}"


def _table(demanded: Sequence[Requirement], each: Sequence[tuple[str, int, dict[str, Estimate]]]) -> Table:
    rows = tuple(
        (name, n, one.id, str(one.metric), *_rounded(found.get(one.id))) for name, n, found in each for one in demanded
    )
    columns = ("window", "labelled rows", "criterion", "metric", "value", "lower bound", "upper bound")
    return Table(title="Performance in each window", columns=columns, rows=rows)


def _rounded(one: Estimate | None) -> tuple[float | None, float | None, float | None]:
    return (None, None, None) if one is None else (round(one.value, 4), _short(one.low), _short(one.high))


def _short(bound: float | None) -> float | None:
    return None if bound is None else round(bound, 4)


def _chart(demanded: Sequence[Requirement], each: Sequence[tuple[str, int, dict[str, Estimate]]]) -> Chart:
    points = [
        {"window": name, "criterion": f"{one.id}: {one.metric}", "value": value, "low": low, "high": high}
        for name, _, found in each
        for one in demanded
        if one.id in found
        for value, low, high in [_rounded(found[one.id])]
    ][-POINTS:]
    window = {"field": "window", "type": "ordinal", "sort": None, "title": "window of production"}
    return Chart(
        title="Performance over the windows",
        description=(
            f"{len(demanded)} criteria, measured in each of {len(each)} windows of production with labels, "
            "with their 90 % intervals."
        ),
        spec={
            "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
            "data": {"values": points},
            "facet": {"row": {"field": "criterion", "type": "nominal", "title": None}},
            "resolve": {"scale": {"y": "independent"}},
            "spec": {
                "width": 480,
                "height": 140,
                "layer": [
                    {
                        "mark": "rule",
                        "encoding": {
                            "x": window,
                            "y": {"field": "low", "type": "quantitative", "title": "value", "scale": {"zero": False}},
                            "y2": {"field": "high"},
                        },
                    },
                    {
                        "mark": {"type": "point", "filled": True, "size": 60},
                        "encoding": {"x": window, "y": {"field": "value", "type": "quantitative"}},
                    },
                ],
            },
        },
    )


_ROWS = 60


def _example(  # noqa: PLR0913 - each word is one fact about the tiny project
    status: str,
    title: str,
    wrong: int,
    says: str = "",
    *,
    labels: int = _ROWS,
    metric: str = "accuracy",
    demand: float = 0.8,
    without: tuple[str, ...] = (),
    group: str | None = None,
    **more: Any,
) -> Example:
    """Two windows of 60 rows; the model is wrong in `wrong` of each, and `labels` of each have a label."""
    truth = [index % 2 for index in range(_ROWS)]
    told = [*truth[:labels], *[None] * (_ROWS - labels)]
    said = [1 - one if index < wrong else one for index, one in enumerate(truth)]
    criterion = {"id": "ML1", "level": "ml", "statement": "It is right.", "metric": metric, "at_least": demand}
    files = {
        "data/production/1.csv": {"id": list(range(_ROWS)), "x": [1.5] * _ROWS, "ill": told},
        "data/production/2.csv": {"id": list(range(_ROWS, 2 * _ROWS)), "x": [1.5] * _ROWS, "ill": told},
        "data/predicted.csv": {
            "id": list(range(2 * _ROWS)),
            "prediction": said * 2,
            "probability": [0.1 + 0.8 * one for one in said] * 2,
        },
    }
    model = {"estimator": "tumour.model:build", "predictions": {"production": "data/predicted.csv"}}
    data = {
        "target": "ill",
        "positive": 1,
        "key": "id",
        "group": group,
        "tables": {"production": "data/production/*.csv"},
    }
    asked = {"business_and_data_understanding": {"requirements": [criterion]}}
    return Example(
        status=status,
        title=title,
        config={"data": data, "models": {"tumour": model}},
        files={path: one for path, one in files.items() if path not in without},
        phase_files=more.pop("phase_files", asked),
        says=says,
        **more,
    )


EXAMPLES = (
    _example("pass", "as good as promised", 2),
    _example("pass", "half of the labels have arrived", 0, labels=30),
    _example("pass", "another metric", 2, metric="roc_auc"),
    _example("fail", "the model has gone stale", 25, "ML1 0.583"),
    _example("inconclusive", "too few labels to tell", 1, "observations would settle it", labels=8),
    _example("fail", "no label has arrived", 2, "performance is unknown", labels=0),
    _example("fail", "no criterion", 2, "no success criterion of level ml", phase_files={}),
    _example(
        "fail", "no production data", 2, "no file matches", without=("data/production/1.csv", "data/production/2.csv")
    ),
    _example("fail", "no predictions", 2, "does not exist yet", without=("data/predicted.csv",)),
    _example("error", "an unknown criterion is asked for", 2, "names 'ML9'", settings={"criteria": ["ML9"]}),
    _example("error", "the group is not in production", 2, "has no column 'patient', the group", group="patient"),
    _example("error", "labels of one class only", 0, "roc_auc", metric="roc_auc", labels=1),
)
