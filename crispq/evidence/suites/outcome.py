"""What came of one expectation on the rows of one table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from crispq.evidence.suites.suite import Expectation

How: TypeAlias = Literal["compiled", "great_expectations"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Whether the rows are as expected, and how that is known.

    met: what Great Expectations calls success on the same rows; False where it could not evaluate.
    vacuous: why a met expectation shows nothing here ("no row", "all values are missing" ...); empty otherwise.
    how: by aggregates ("compiled") or by the library itself.
    examined: the rows that the expectation looked at (missing values count where it looks at them), None where
    rows are not what it looks at.
    unexpected: exactly how many of them break it, None where it speaks of the column or table as a whole.
    observed: the number or words that were found, where the expectation speaks of the whole; never a row's values.
    examples: the keys (or row numbers, from 1) of up to 20 rows that break it.
    error: why it could not be evaluated, without a word of the data; empty otherwise.
    """

    expectation: Expectation
    met: bool
    vacuous: str = ""
    how: How = "compiled"
    examined: int | None = None
    unexpected: int | None = None
    observed: Any = None
    examples: tuple[Any, ...] = ()
    error: str = ""

    @property
    def holds(self) -> bool:
        """Met, and by something: what crispq counts as kept."""
        return self.met and not self.vacuous and not self.error
