r"""Regular expressions and date formats: where pandas, Python and RE2 read a pattern alike, and where they do not.

pandas hands most patterns to RE2, as DuckDB does, and the others to Python's `re`: those with look-arounds, back
references or `\s` always; those with `\w`, `\d`, `\b` when a text is not ASCII; those with `$` when one holds a
line break.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

_ESCAPED_CHARACTER = re.compile(r"(?<!\\)(?:\\\\)*\\(?:u|U|N\{)")
_END_ANCHOR = re.compile(r"(?<!\\)((?:\\\\)*)\\Z")
#: Constructs of Python's that RE2 lacks, or that pandas keeps for Python.
_PYTHON_ONLY = frozenset(
    {
        "ASSERT",
        "ASSERT_NOT",
        "ATOMIC_GROUP",
        "CATEGORY_NOT_SPACE",
        "CATEGORY_SPACE",
        "GROUPREF",
        "GROUPREF_EXISTS",
        "POSSESSIVE_REPEAT",
    }
)
_ASCII_SENSITIVE = frozenset(
    {"CATEGORY_WORD", "CATEGORY_NOT_WORD", "CATEGORY_DIGIT", "CATEGORY_NOT_DIGIT", "AT_BOUNDARY", "AT_NON_BOUNDARY"}
)
_ISO_DAY = r"^[12]\d{3}-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])"
#: Formats whose plain values need not be parsed one by one.
_PLAIN_FORMATS = {
    "%Y-%m-%d": f"{_ISO_DAY}$",
    "%Y-%m-%d %H:%M:%S": f"{_ISO_DAY} ([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d$",
    "%Y-%m-%dT%H:%M:%S": f"{_ISO_DAY}T([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d$",
    "%H:%M": r"^([01]\d|2[0-3]):[0-5]\d$",
    "%H:%M:%S": r"^([01]\d|2[0-3]):[0-5]\d:[0-5]\d$",
    "%d.%m.%Y": r"^(0[1-9]|1\d|2[0-8])\.(0[1-9]|1[0-2])\.[12]\d{3}$",
    "%d/%m/%Y": r"^(0[1-9]|1\d|2[0-8])/(0[1-9]|1[0-2])/[12]\d{3}$",
    "%m/%d/%Y": r"^(0[1-9]|1[0-2])/(0[1-9]|1\d|2[0-8])/[12]\d{3}$",
    "%Y": r"^[12]\d{3}$",
    "%Y%m%d": r"^[12]\d{3}(0[1-9]|1[0-2])(0[1-9]|1\d|2[0-8])$",
}


def care(regexes: Sequence[str]) -> frozenset[str] | None:
    """What must not be in the texts for RE2 to read the patterns as pandas does: "newline", "ascii" (nothing wider).

    "python" when one of them is for Python alone; None when one is no pattern at all.
    """
    found: set[str] = set()
    for regex in regexes:
        try:
            words = set(_words(regex))
        except re.error:
            return None
        if _ESCAPED_CHARACTER.search(regex) or words & _PYTHON_ONLY:
            found.add("python")
        found |= {"ascii"} if words & _ASCII_SENSITIVE else set()
        found |= {"newline"} if "AT_END" in words else set()
    return frozenset(found)


def _words(regex: str) -> Iterator[str]:
    """The names of all constructs in the pattern, as Python's own parser tells them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import sre_parse
    yield from _names(sre_parse.parse(regex).data)


def _names(node: Any) -> Iterator[str]:
    if isinstance(node, int) and (name := getattr(node, "name", "")):
        yield name
    elif isinstance(node, list | tuple):
        for one in node:
            yield from _names(one)
    elif hasattr(node, "data"):
        yield from _names(node.data)


def for_re2(regex: str) -> str:
    r"""The pattern as RE2 writes it: the end of the text is `\z` there."""
    return _END_ANCHOR.sub(r"\1\\z", regex)


def python_test(regexes: Sequence[str], *, need_all: bool, wanted: bool) -> Callable[[str], bool]:
    """Whether a text is as expected, by Python's own `re`."""
    compiled = [re.compile(one) for one in regexes]
    among = all if need_all else any
    return lambda text: among(one.search(text) is not None for one in compiled) is wanted


def parse_test(type_: str, strftime: str | None, sql: str) -> tuple[str, Callable[[str], bool]]:
    """The condition under which a text plainly parses (may be empty), and the test for all others."""
    if type_.endswith("json_parseable"):
        return "", _is_json
    if type_.endswith("dateutil_parseable"):
        return f"regexp_matches({sql}, '{_PLAIN_FORMATS['%Y-%m-%d']}')", _is_date
    plain = _PLAIN_FORMATS.get(strftime or "")
    return f"regexp_matches({sql}, '{plain}')" if plain else "", lambda text: _has_format(text, strftime or "")


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _is_date(text: str) -> bool:
    from dateutil.parser import parse  # type: ignore[import-untyped] # a dependency of pandas, without types

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parse(text)
    except (ValueError, OverflowError):
        return False
    return True


def _has_format(text: str, strftime: str) -> bool:
    from datetime import datetime

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            datetime.strptime(text, strftime)  # noqa: DTZ007 - only whether it parses
    except ValueError:
        return False
    return True
