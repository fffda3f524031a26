"""crispq makes CRISP-ML(Q) executable.

This is the public face: all that a check, or a plugin, needs to import.
"""

from __future__ import annotations

from crispq.check import (
    Example,
    as_required,
    at_least,
    at_most,
    between,
    check,
    equals,
    missing,
    none,
    not_applicable,
)
from crispq.errors import MissingEvidence, NotMeasurable, hint
from crispq.evidence import (
    Document,
    Evidence,
    Expectation,
    ManifestRow,
    MarkdownTable,
    Outcome,
    Positioned,
    Section,
    Suite,
    Supervised,
    TableData,
)
from crispq.nouns import Chart, Estimate, Finding, Findings, Measurement, Requirement, Risk, Status, Table
from crispq.process import Document as DocumentKind
from crispq.process import Metric, documents_of, metrics, phases, risks_of, tasks_of

__version__ = "0.1.0"

__all__ = [
    "Chart",
    "Document",
    "DocumentKind",
    "Estimate",
    "Evidence",
    "Example",
    "Expectation",
    "Finding",
    "Findings",
    "ManifestRow",
    "MarkdownTable",
    "Measurement",
    "Metric",
    "MissingEvidence",
    "NotMeasurable",
    "Outcome",
    "Positioned",
    "Requirement",
    "Risk",
    "Section",
    "Status",
    "Suite",
    "Supervised",
    "Table",
    "TableData",
    "as_required",
    "at_least",
    "at_most",
    "between",
    "check",
    "documents_of",
    "equals",
    "hint",
    "metrics",
    "missing",
    "none",
    "not_applicable",
    "phases",
    "risks_of",
    "tasks_of",
]
