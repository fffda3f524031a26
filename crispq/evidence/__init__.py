"""The door: the project as a check may see it, read-only. Every look through it is remembered."""

from __future__ import annotations

from crispq.evidence.digests import Digests
from crispq.evidence.documents import Document, MarkdownTable, Section
from crispq.evidence.door import Evidence, ManifestRow, Supervised
from crispq.evidence.positions import Positioned
from crispq.evidence.suites import Expectation, Outcome, Suite
from crispq.evidence.tables import TableData

__all__ = [
    "Digests",
    "Document",
    "Evidence",
    "Expectation",
    "ManifestRow",
    "MarkdownTable",
    "Outcome",
    "Positioned",
    "Section",
    "Suite",
    "Supervised",
    "TableData",
]
