"""On the test set, every success criterion is met.

## Why
The criteria were written down before anybody knew what the model can do. Whether they are met is not a matter of taste:
it is measured once, on rows the model has never seen, and the doubt that so few rows leave counts against the model.

## How it is measured
For every requirement whose metric is computed from data, the recorded predictions for the test table are scored
against the truth. The bounds are one-sided: exact for shares of rows, resampled otherwise; rows with one `data.group`
are resampled together. Whoever tries often enough will meet any criterion by chance, so all predictions that are ever
held against this test set share an error of 5 %: the k-th that the ledger knows spends 0.05 / (k (k + 1)) of it, which
sums to 5 % however many follow. The first is held at 97.5 %, the second at 99.2 %, the tenth at 99.95 %.
No limit stands here: the requirement's own limit judges, and the whole interval must be on its right side. A
requirement that is measured in operation is named and left to deployment; one without a metric is left to people.

## How to mend it
If a criterion is missed: go back (`crispq back`) to the model, to the data or, with those who stated it, to the
criterion. If it is inconclusive: more test rows; the message says about how many. Do not try until one fits.

## Source
CRISP-ML(Q) §3.4, pp. 403-404 (validate performance; compare results with defined success criteria). Bounds: see
`crispq_checks.statistics.scoring`. Sharing the 5 %:
Bonferroni's inequality with unequal shares (alpha spending).

## What it cannot see
Whether the predictions were made by today's model: `serving_agrees_with_training` asks the model itself. Looks at the
test set outside of a gate. Each criterion has its own 5 %; they are not shared between criteria.
"""

from __future__ import annotations

from typing import Any

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
    metrics,
    missing,
    phases,
)

ALPHA = 0.05
MOST_CHARTS = 8


@check(
    task="compare_with_success_criteria",
    catalogue=("EV1-C4", "EV4-C1", "EV1-C2"),
    risks=("R06", "R46"),
    limits={"criteria": as_required()},
)
def criteria_are_met(evidence: Evidence, *, model: str | None = None, table: str = "test") -> Measurement:
    """Score the recorded predictions for every requirement that data can answer."""
    from crispq_checks import answers

    stated = [one for one in evidence.requirements() if one.level != "application" or _from_data(one)]
    asked = [one for one in stated if _from_data(one)]
    if not asked:
        message = "no requirement names a metric that data can answer, so nothing says when the model is good enough"
        return missing(message, path=f"{phases()[0].folder}/phase.yaml")
    told = answers.recorded(evidence, table, model)
    looks = _looks(evidence, table)
    estimates = {}
    for one in asked:
        _check_task(evidence, one)
        try:
            estimates[one.id] = told.estimate(str(one.metric), dict(one.parameters), level=level_at(looks))
        except NotMeasurable as reason:
            raise NotMeasurable(f"{one.place.path}:{one.place.line}: {one.id}: {reason}") from reason
    return Measurement(
        values={"criteria": estimates},
        summary=_summary(stated, estimates, len(told.prediction), looks),
        tables=(_table(stated, estimates),),
        charts=tuple(_chart(one, estimates[one.id]) for one in asked[:MOST_CHARTS]),
    )


def _from_data(requirement: Requirement) -> bool:
    return requirement.metric is not None and metrics()[requirement.metric].needs != "operation"


def _check_task(evidence: Evidence, requirement: Requirement) -> None:
    metric = metrics()[str(requirement.metric)]
    if evidence.task != "other" and evidence.task not in metric.tasks:
        place = requirement.place
        raise NotMeasurable(
            f"{place.path}:{place.line}: {requirement.id} asks for {metric.name}, which is for "
            f"{', '.join(metric.tasks)}; this project's task is {evidence.task}."
        )


def _looks(evidence: Evidence, table: str) -> int:
    """How many different predictions were held against today's test rows, these included."""
    if len(evidence.table(table).paths) != 1:
        raise NotMeasurable(f"the table {table!r} is spread over several files; looks are counted for one file")
    return max(1, len(evidence.looks(table)))


def level_at(look: int) -> float:
    """The confidence of each bound at this look: alpha / (k (k + 1)) is spent, which sums to alpha over all looks."""
    return 1 - ALPHA / (look * (look + 1))


def _summary(stated: list[Requirement], estimates: dict[str, Estimate], rows: int, looks: int) -> str:
    metric_of = {one.id: one.metric for one in stated}
    told = "; ".join(f"{name}: {metric_of[name]} {_interval(one)}" for name, one in estimates.items())
    later = ", ".join(one.id for one in stated if one.metric and not _from_data(one))
    return (
        f"{told}, on {rows} rows"
        + (f", at look {looks}" if looks > 1 else "")
        + (f"; {later} left to deployment" if later else "")
    )


def _interval(estimate: Estimate) -> str:
    return f"{estimate.value:.4g} [{estimate.low:.4g}, {estimate.high:.4g}]"


def _table(stated: list[Requirement], estimates: dict[str, Estimate]) -> Table:
    rows: list[tuple[str | float | int | None, ...]] = []
    for one in stated:
        estimate = estimates.get(one.id)
        if estimate is not None:
            rows.append((one.id, one.level, one.statement, one.metric, estimate.value, estimate.low, estimate.high))
        else:
            where = (
                "left to deployment" if one.metric else f"left to people: {one.not_measurable_because or 'no metric'}"
            )
            rows.append((one.id, one.level, one.statement, one.metric or where, None, None, None))
    columns = ("criterion", "level", "statement", "metric", "value", "lower bound", "upper bound")
    return Table(title="Criteria on the test set", columns=columns, rows=tuple(rows))


def _chart(requirement: Requirement, estimate: Estimate) -> Chart:
    metric = str(requirement.metric)
    values = [{"criterion": requirement.id, "value": estimate.value, "low": estimate.low, "high": estimate.high}]
    scale = {"zero": False, "nice": True}
    x: dict[str, Any] = {"field": "value", "type": "quantitative", "title": metric, "scale": scale}
    row = {"field": "criterion", "type": "nominal", "title": None}
    layers: list[dict[str, Any]] = [
        {
            "mark": {"type": "rule", "strokeWidth": 2},
            "encoding": {"x": {**x, "field": "low"}, "x2": {"field": "high"}, "y": row},
        },
        {"mark": {"type": "point", "filled": True, "size": 80}, "encoding": {"x": x, "y": row}},
    ]
    spec = {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "width": 480,
        "height": 50,
        "data": {"values": values},
        "layer": layers,
    }
    description = f"{requirement.id}, {metrics()[metric].title}: {_interval(estimate)} on the test set."
    return Chart(title=f"{requirement.id}: {requirement.statement}"[:120], description=description, spec=spec)


_N = 100


def _files(wrong: int, *, rows: int = _N, probability: bool = True) -> dict[str, Any]:
    """A test table of `rows` cases, and predictions of which `wrong` are wrong."""
    truth = [i % 2 for i in range(rows)]
    guess = [1 - one if i < wrong else one for i, one in enumerate(truth)]
    predictions: dict[str, Any] = {"id": list(range(rows))[::-1], "prediction": guess[::-1]}
    if probability:
        predictions["probability"] = [0.2 + 0.6 * one for one in guess[::-1]]
    return {"data/test.csv": {"id": list(range(rows)), "x": truth, "sick": truth}, "predictions.csv": predictions}


_CONFIG = {
    "data": {"target": "sick", "positive": 1, "key": "id", "tables": {"test": "data/test.csv"}},
    "models": {"tiny": {"estimator": "tiny_model:build", "predictions": {"test": "predictions.csv"}}},
}


def _asking(*asked: dict[str, Any]) -> dict[str, Any]:
    told = [{"id": f"ML{i}", "level": "ml", "statement": "told apart"} | one for i, one in enumerate(asked, start=1)]
    return {"business_and_data_understanding": {"requirements": told}}


_ACCURATE = {"metric": "accuracy", "at_least": 0.9}
_COST = {"level": "economic", "metric": "expected_cost", "parameters": {"false_positive": 1.0, "false_negative": 5.0}}


def _looked(times: int) -> tuple[tuple[str, str, dict[str, Any]], ...]:
    import hashlib

    rows = "id,x,sick\n" + "".join(f"{i},{i % 2},{i % 2}\n" for i in range(_N))
    digest = hashlib.sha256(rows.encode()).hexdigest()
    inputs = [
        [{"path": "data/test.csv", "sha256": digest}, {"path": "predictions:test|tiny", "sha256": f"{i:064x}"}]
        for i in range(times)
    ]
    return tuple(("gate", "evaluation", {"results": [{"inputs": one}]}) for one in inputs)


EXAMPLES = (
    Example(
        status="pass",
        title="two errors in a hundred",
        files=_files(2),
        config=_CONFIG,
        phase_files=_asking(_ACCURATE, _COST | {"at_most": 0.5}, {"metric": "latency_p95_ms", "at_most": 50.0}),
        says="ML3 left to deployment",
    ),
    Example(
        status="fail",
        title="thirty errors in a hundred",
        files=_files(30),
        config=_CONFIG,
        phase_files=_asking(_ACCURATE),
    ),
    Example(
        status="inconclusive",
        title="seven errors in a hundred are too near to tell",
        files=_files(7),
        config=_CONFIG,
        phase_files=_asking(_ACCURATE),
        says="would settle it",
    ),
    Example(
        status="inconclusive",
        title="what would pass at the first look does not at the thirty-first",
        files=_files(4),
        config=_CONFIG,
        phase_files=_asking(_ACCURATE),
        entries=_looked(30),
        says="would settle it",
    ),
    Example(
        status="pass",
        title="the same at the first look",
        files=_files(4),
        config=_CONFIG,
        phase_files=_asking(_ACCURATE),
    ),
    Example(
        status="fail",
        title="no criterion that data can answer",
        files=_files(2),
        config=_CONFIG,
        phase_files=_asking({"metric": "latency_p95_ms", "at_most": 50.0}),
        says="no requirement names a metric",
    ),
    Example(
        status="fail",
        title="no predictions",
        files={"data/test.csv": _files(2)["data/test.csv"]},
        config=_CONFIG,
        phase_files=_asking(_ACCURATE),
        says="does not exist yet",
    ),
    Example(
        status="error",
        title="one prediction is empty",
        files=_files(2) | {"predictions.csv": _files(2)["predictions.csv"] | {"prediction": [None] + [1] * (_N - 1)}},
        config=_CONFIG,
        phase_files=_asking(_ACCURATE),
        says="missing or not finite",
    ),
    Example(
        status="error",
        title="no probabilities for a metric that needs them",
        files=_files(2, probability=False),
        config=_CONFIG,
        phase_files=_asking({"metric": "roc_auc", "at_least": 0.9}),
        says="needs the column 'probability'",
    ),
)
