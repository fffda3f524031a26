"""The model answers within its time budget.

## Why
A model that answers too late is as useless as a wrong one: the part has left the belt, the customer the page. How fast
it must be is decided in phase 1, on paper; how fast it is depends on the machine it runs on, and only a clock tells.

## How it is measured
The serving program (setting `command`) is started as in operation. Rows of the table `test` are sent one at a time,
each after the answer to the one before: `warm_up` of them without a clock, then up to `requests` with one, or as many
as `patience` seconds allow. For every requirement with the metric `latency_p50_ms`, `latency_p95_ms` or
`latency_p99_ms` the quantile of these times is compared with that requirement's own limit. Its bounds are two of the
measured times (order statistics), so no shape is assumed; the 99 % quantile needs 299 requests or more to have an upper
bound at all, and with 1000 it tolerates four stray times. A limit between the bounds is inconclusive.

## How to mend it
Profile the program first: loading inside the loop, building a table for one row and logging cost more than most models.
Then a smaller model or faster hardware, or a looser requirement if its owner agrees.

## Source
CRISP-ML(Q) §3.5, p. 404 (define inference hardware) and §3.1.3, p. 397; bounds: Conover, "Practical Nonparametric
Statistics", 3rd ed. (1999), section 3.2.

## What it cannot see
Other machines: the times hold for the machine that ran the check (and one computing thread), so run it on the one the
model will run on. Load: requests come one after the other, without network. Times close together are not quite
independent, which makes the bounds somewhat too narrow. A remembered result keeps its times until a file changes.
"""

from __future__ import annotations

import itertools
import os
import platform
import time
from collections.abc import Mapping, Sequence
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
    missing,
    not_applicable,
)
from crispq_checks.serving import Row, Server, rows_of, serving

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

QUANTILES: Mapping[str, float] = {"latency_p50_ms": 0.5, "latency_p95_ms": 0.95, "latency_p99_ms": 0.99}
SERVE, BATCH = "5_deployment/serve.py", "5_deployment/batch.py"
#: So many different rows are sent, again and again.
DIFFERENT_ROWS = 200
BINS = 40


@check(
    task="inference_hardware",
    catalogue=("DE1-C1",),
    risks=("R47",),
    limits={"latency": as_required()},
    seconds=600,
)
def latency_is_within_budget(
    evidence: Evidence,
    *,
    command: str = "python 5_deployment/serve.py --lines",
    requests: int = 1000,
    warm_up: int = 20,
    patience: float = 240.0,
) -> Measurement:
    """Time single requests and hold their quantiles against the requirements."""
    demanded = [one for name in QUANTILES for one in evidence.requirements(metric=name)]
    if not demanded:
        return _without_requirement(evidence)
    from crispq_checks.statistics.intervals import quantile

    frame = evidence.table("test").frame()
    features = frame.drop(columns=[name for name in evidence.data.not_features if name in frame])
    rows = list(rows_of(features, DIFFERENT_ROWS))
    with serving(evidence, command) as server:
        _times(server, rows, warm_up, patience)
        times = _times(server, rows, requests, patience)
    latency = {one.id: quantile(times, QUANTILES[str(one.metric)]) for one in demanded}
    return Measurement(
        values={"latency": latency},
        summary=_summary(demanded, latency, len(times)),
        tables=(_table(times),),
        charts=(_chart(times),),
    )


def _without_requirement(evidence: Evidence) -> Measurement:
    if evidence.tier.value == "prototype":
        return not_applicable("a prototype without a requirement on latency")
    if evidence.exists(BATCH) and not evidence.exists(SERVE):
        return not_applicable(f"the model works in batches ({BATCH}), and no requirement names a latency")
    message = (
        "no requirement says how fast the model must answer; write one of level application with the metric "
        "latency_p99_ms (or latency_p95_ms, latency_p50_ms) and at_most"
    )
    return missing(message, path="1_business_and_data_understanding/phase.yaml")


def _times(server: Server, rows: Sequence[Row], requests: int, patience: float) -> NDArray[np.float64]:
    """The milliseconds that each of the requests took, in order."""
    import numpy as np

    taken: list[float] = []
    deadline = time.monotonic() + patience
    for row in itertools.islice(itertools.cycle(rows), max(0, requests)):
        started = time.perf_counter()
        answer = server.ask(row)
        taken.append((time.perf_counter() - started) * 1000)
        if "error" in answer:
            raise NotMeasurable(
                "the serving program refuses a row of the table 'test', so its time to answer says nothing"
            )
        if time.monotonic() > deadline:
            break
    return np.asarray(taken)


def _summary(demanded: Sequence[Requirement], latency: Mapping[str, Estimate], n: int) -> str:
    told = ", ".join(
        f"{one.id}: {QUANTILES[str(one.metric)] * 100:g} % answered within {latency[one.id].value:.3g} ms "
        f"[{latency[one.id].low:.3g}, {latency[one.id].high:.3g}]"
        for one in demanded
    )
    return f"{told}; {n} requests one after the other on this machine ({_machine()}): another one will differ"


def _machine() -> str:
    return f"{platform.machine() or 'unknown'}, {os.cpu_count() or 1} processors"


def _table(times: NDArray[np.float64]) -> Table:
    import numpy as np

    shares = (0.0, 0.5, 0.9, 0.95, 0.99, 1.0)
    rows = tuple((f"{share * 100:g} %", round(float(np.quantile(times, share)), 3)) for share in shares)
    return Table(
        title=f"Time to answer on {_machine()}", columns=("share of requests answered within", "ms"), rows=rows
    )


def _chart(times: NDArray[np.float64]) -> Chart:
    """A histogram up to the 99.5 % quantile, so that one stray time does not flatten it, and three marks."""
    import numpy as np

    top = float(np.quantile(times, 0.995))
    counts, edges = np.histogram(np.minimum(times, top), bins=BINS)
    bins: list[dict[str, Any]] = [
        {"from": round(float(low), 4), "to": round(float(high), 4), "requests": int(count)}
        for count, low, high in zip(counts, edges[:-1], edges[1:], strict=True)
    ]
    marks = [
        {"at": round(float(np.quantile(times, share)), 4), "quantile": f"{share * 100:g} %"}
        for share in QUANTILES.values()
    ]
    described = ", ".join(f"{one['quantile']} of the requests within {one['at']:.3g} ms" for one in marks)
    return Chart(
        title="Time to answer",
        description=f"Histogram of the time to answer of {len(times)} requests: {described}.",
        spec={
            "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
            "width": 480,
            "height": 200,
            "layer": [
                {
                    "data": {"values": bins},
                    "mark": "bar",
                    "encoding": {
                        "x": {"field": "from", "type": "quantitative", "bin": {"binned": True}, "title": "ms"},
                        "x2": {"field": "to"},
                        "y": {"field": "requests", "type": "quantitative", "title": "requests"},
                    },
                },
                {
                    "data": {"values": marks},
                    "mark": {"type": "rule", "strokeDash": [4, 3]},
                    "encoding": {"x": {"field": "at", "type": "quantitative"}},
                },
                {
                    "data": {"values": marks},
                    "mark": {"type": "text", "align": "left", "dx": 3, "y": 8},
                    "encoding": {
                        "x": {"field": "at", "type": "quantitative"},
                        "text": {"field": "quantile", "type": "nominal"},
                    },
                },
            ],
        },
    )


_SERVE = """import json, sys, time
print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    time.sleep(0)
    print(json.dumps({"prediction": int(json.loads(line)["size"] > 5)}), flush=True)
"""
_TEST = {"id": [1, 2, 3, 4], "size": [1.0, 2.0, 8.0, 9.0], "ill": [0, 0, 1, 1]}
_CONFIG = {"data": {"target": "ill", "positive": 1, "key": "id", "tables": {"test": "data/test.csv"}}}
_FILES = {"5_deployment/serve.py": _SERVE, "data/test.csv": _TEST}


def _asked(metric: str, at_most_ms: float) -> dict[str, dict[str, Any]]:
    one = {"id": "A1", "level": "application", "statement": "It answers fast.", "metric": metric, "at_most": at_most_ms}
    return {"business_and_data_understanding": {"requirements": [one]}}


EXAMPLES = (
    Example(
        status="pass",
        title="fast enough",
        config=_CONFIG,
        files=_FILES,
        phase_files=_asked("latency_p99_ms", 2000),
        settings={"requests": 300},
    ),
    Example(
        status="fail",
        title="too slow",
        config=_CONFIG,
        files={**_FILES, "5_deployment/serve.py": _SERVE.replace("sleep(0)", "sleep(0.02)")},
        phase_files=_asked("latency_p50_ms", 5),
        settings={"requests": 30},
    ),
    Example(
        status="fail",
        title="no budget was set",
        config=_CONFIG,
        files=_FILES,
        says="with the metric latency_p99_ms",
    ),
    Example(
        status="fail",
        title="no serving program",
        config=_CONFIG,
        files={"data/test.csv": _TEST},
        phase_files=_asked("latency_p50_ms", 5),
        says="does not exist yet",
    ),
    Example(
        status="inconclusive",
        title="the limit lies between the bounds",
        config=_CONFIG,
        files={
            **_FILES,
            "5_deployment/serve.py": _SERVE.replace("sleep(0)", "sleep(0.03 * (len(asked) > 25))")
            .replace("    time", "    asked.append(1)\n    time")
            .replace("for line", "asked = []\nfor line"),
        },
        phase_files=_asked("latency_p50_ms", 15),
        settings={"requests": 11},
        says="crosses the limit",
    ),
    Example(
        status="error",
        title="too few requests for a bound",
        config=_CONFIG,
        files=_FILES,
        phase_files=_asked("latency_p99_ms", 50),
        settings={"requests": 50},
        says="299 are needed",
    ),
    Example(
        status="error",
        title="the program refuses the rows",
        config=_CONFIG,
        files={**_FILES, "5_deployment/serve.py": _SERVE.replace('"prediction"', '"error"')},
        phase_files=_asked("latency_p50_ms", 50),
        settings={"requests": 20},
        says="refuses a row",
    ),
    Example(
        status="not_applicable",
        title="a prototype without a budget",
        config={**_CONFIG, "tier": "prototype"},
        files=_FILES,
    ),
    Example(
        status="not_applicable",
        title="a batch program without a budget",
        config=_CONFIG,
        files={"5_deployment/batch.py": "print()", "data/test.csv": _TEST},
    ),
)
