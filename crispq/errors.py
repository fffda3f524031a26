"""The one small tree of errors. Raised with a message that says what to do; caught once, in `cli`."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence


def hint(word: str, known: Iterable[str]) -> str:
    """` (did you mean ...?)` with the nearest known word, or nothing."""
    short = 3
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5 if len(word) <= short else 0.6)
    return f" (did you mean {near[0]!r}?)" if near else ""


class CrispqError(Exception):
    """An error whose message is meant for the person at the keyboard.

    `exit_code` is part of the contract in `docs/reference/exit-codes.md`.
    """

    exit_code = 3


class UsageMistake(CrispqError):
    """The command line, the configuration or a plugin is wrong; the user can mend it."""

    exit_code = 2


class ConfigurationMistake(UsageMistake):
    """One or more mistakes in the project's files, each with its place; all are told at once."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = tuple(mistakes)


class GateClosed(CrispqError):
    """A verb that needs an open gate met a closed one; nothing was written."""

    exit_code = 1


class LockHeld(CrispqError):
    """Another crispq process holds the project's lock."""


class LedgerDamaged(CrispqError):
    """An entry of the ledger is not what its name or its chain says it is."""


class NotMeasurable(CrispqError):
    """Evidence is there but cannot be read as what it should be: the check cannot give an answer."""


class MissingEvidence(CrispqError):
    """What a check must read does not exist yet; the check then fails and says what to bring."""

    def __init__(self, message: str, *, path: str | None = None, line: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.line = line
