"""Writes soda's two files for its command line: the data source, which is the Parquet file, and the contract."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from contender import COLUMNS, rows_and_table, wanted


def contract() -> dict[str, Any]:
    """The demands as soda's contract says them."""
    columns: dict[str, list[dict[str, Any]]] = {name: [] for name in COLUMNS}
    checks: list[dict[str, Any]] = []
    for demand in wanted():
        said = demand.arguments
        found = columns.get(demand.column, checks)
        match demand.kind:
            case "rows":
                found.append({"row_count": {"threshold": {"must_be": said[0]}}})
            case "not_null":
                found.append({"missing": None})
            case "between":
                found.append({"invalid": {"valid_min": said[0], "valid_max": said[1]}})
            case "in_set":
                found.append({"invalid": {"valid_values": list(said)}})
            case "unique":
                found.append({"duplicate": None})
            case "length":
                found.append({"invalid": {"valid_length": said[0]}})
            case "mean":
                within = {"greater_than_or_equal": said[0], "less_than_or_equal": said[1]}
                found.append({"aggregate": {"function": "avg", "threshold": {"must_be_between": within}}})
    return {
        "dataset": "bench/main/visits",
        "checks": checks,
        "columns": [{"name": name, "checks": found} for name, found in columns.items()],
    }


def main() -> None:
    """Write both files beside the table."""
    table = Path(rows_and_table()[1])
    source = {"type": "duckdb", "name": "bench", "connection": {"database": str(table)}}
    for name, value in (("source.yml", source), ("contract.yml", contract())):
        (table.parent / name).write_text(yaml.safe_dump(value, sort_keys=False))


if __name__ == "__main__":
    main()
