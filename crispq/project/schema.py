"""The JSON Schemas that editors use, made from the models themselves."""

from __future__ import annotations

from typing import Any

from crispq.project.models import PhaseFile, ProjectFile

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[str, dict[str, Any]]:
    """File name -> JSON Schema, for `crispq.yaml` and `phase.yaml`."""
    return {
        "crispq.schema.json": {"$schema": DIALECT, **ProjectFile.model_json_schema()},
        "phase.schema.json": {"$schema": DIALECT, **PhaseFile.model_json_schema()},
    }
