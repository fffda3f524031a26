"""Suites of expectations: read, compiled into aggregates, and held against the rows of a table.

suite: what is written. arguments: which types and arguments there are. compile: expectations into demands, pure.
hold: demands into outcomes. library: Great Expectations itself, for what is not compiled.
"""

from __future__ import annotations

from crispq.evidence.suites.outcome import Outcome
from crispq.evidence.suites.suite import Expectation, Suite, read_suite

__all__ = ["Expectation", "Outcome", "Suite", "read_suite"]
