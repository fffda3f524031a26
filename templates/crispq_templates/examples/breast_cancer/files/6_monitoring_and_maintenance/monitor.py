"""Validates each batch that came in, predicts its cases, and writes both down.

Run from the project's root: python 6_monitoring_and_maintenance/monitor.py
A case that would be refused in service is counted as rejected and not predicted. Whether inputs have drifted and
performance holds is asked by `crispq gate monitoring_and_maintenance`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from tumour.artifact import load
from tumour.plausible import refusals
from tumour.predict import predict
from tumour.records import digest, read_json, write_json
from tumour.tables import read, write

BATCHES = Path("data/production")
LOG = Path("6_monitoring_and_maintenance/monitoring_log.json")
PREDICTIONS = Path("6_monitoring_and_maintenance/predictions.parquet")


def main() -> None:
    """Look at every batch; one that was looked at before keeps its line in the log."""
    known = {one["sha256"]: one for one in (read_json(LOG)["batches"] if LOG.exists() else [])}
    model = load()
    log, predictions = [], []
    for path in sorted(BATCHES.glob("*.parquet")):
        table = read(path)
        accepted = table[refusals(table).isna()]
        seen_before = known.get(digest(path))
        log.append(seen_before or entry(path, table, accepted))
        predictions.append(predict(model, accepted))
    write(pd.concat(predictions), PREDICTIONS)
    write_json(LOG, {"schema": "crispq/monitoring/1", "batches": log})
    print(
        f"{len(log)} batches, {sum(one['rows'] for one in log)} cases, {sum(one['rejected'] for one in log)} rejected"
    )


def entry(path: Path, table: pd.DataFrame, accepted: pd.DataFrame) -> dict[str, Any]:
    """Return the log's line about one batch."""
    return {
        "path": path.as_posix(),
        "sha256": digest(path),
        "rows": len(table),
        "rejected": len(table) - len(accepted),
        "checked": datetime.now(UTC).isoformat(timespec="seconds"),
    }


if __name__ == "__main__":
    main()
