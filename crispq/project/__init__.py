"""`crispq.yaml` and `phase.yaml` to a `Project`, with a place for every message."""

from __future__ import annotations

from crispq.project.load import find_root, load_project
from crispq.project.models import PhaseFile, ProjectFile
from crispq.project.schema import schemas

__all__ = ["PhaseFile", "ProjectFile", "find_root", "load_project", "schemas"]
