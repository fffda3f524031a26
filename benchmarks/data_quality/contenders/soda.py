"""soda's contract through its Python interface, on a view in DuckDB; its command line loads the file first."""

from __future__ import annotations

import logging
import os
import tempfile
from pathlib import Path

os.environ["SODA_CORE_TELEMETRY_ENABLED"] = "false"

import duckdb
import yaml
from contender import finish, rows_and_table
from soda_contract import contract
from soda_core.contracts import verify_contract_locally
from soda_duckdb.common.data_sources.duckdb_data_source import DuckDBDataSourceImpl

logging.disable(logging.CRITICAL)
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "contract.yml"
    path.write_text(yaml.safe_dump(contract(), sort_keys=False))
    connection = duckdb.connect()
    connection.execute(f"CREATE VIEW visits AS SELECT * FROM '{rows_and_table()[1]}'")
    source = DuckDBDataSourceImpl.from_existing_cursor(connection, name="bench")
    result = verify_contract_locally(data_sources=[source], contract_file_path=str(path))
finish(sum(one.is_passed for part in result.contract_verification_results for one in part.check_results))
