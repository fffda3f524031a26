"""Patterns of DuckDB (RE2, LIKE) in the words of another engine, where both surely mean the same; None elsewhere.

A regular expression is taken apart and written anew with explicit classes: a digit is `[0-9]`, a dot anything but a
line feed, `$` the very end. What is left out (word boundaries, flags, back references, Unicode classes ...) differs
between the engines.
"""

from __future__ import annotations

import re

TOKEN = re.compile(
    r"""(?P<open>\((\?:)?)|(?P<close>\))|(?P<bar>\|)|(?P<start>\^)|(?P<end>\$)|(?P<any>\.)
    |(?P<times>(?:[*+?]|\{[0-9]{1,3}(?:,[0-9]{0,3})?\})\??)
    |(?P<set>\[\^?(?:\\.|[^\]\[\\])+\])|(?P<escape>\\.)|(?P<plain>[^\\()\[\]{}|^$.*+?])""",
    re.VERBOSE | re.DOTALL,
)
SET_PART = re.compile(
    r"(?P<low>\\[^A-Za-z0-9]|[^\\])-(?P<high>\\[^A-Za-z0-9]|[^\\-])|(?P<escape>\\.)|(?P<plain>.)", re.DOTALL
)
CLASSES = {"d": "0-9", "w": "0-9A-Za-z_", "s": "\t\n\f\r "}
CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f"}
OPENS = {"open", "bar", "start"}


def regular(pattern: str, *, end: str) -> str | None:
    """RE2's `pattern` for an engine that writes the very end of a text as `end`; None where that is not sure."""
    if len(pattern) > 500 or not pattern.isprintable():  # noqa: PLR2004 - longer ones are nobody's habit
        return None
    written, position, before = "", 0, "open"
    while position < len(pattern):
        token = TOKEN.match(pattern, position)
        if token is None or token.lastgroup is None:
            return None
        kind, position = _kind(token), token.end()
        part = _part(kind, token[0], end)
        if part is None or (kind == "times" and before in {*OPENS, "times", "end"}):
            return None
        written, before = written + part, kind
    return written if _balanced(pattern) else None


def _kind(token: re.Match[str]) -> str:
    return next(name for name, value in token.groupdict().items() if value is not None)


def _part(kind: str, text: str, end: str) -> str | None:
    match kind:
        case "open":
            return "(?:"
        case "end":
            return end
        case "any":
            return "[^\n]"
        case "set":
            return _set(text)
        case "escape":
            return _escape(text[1])
        case "plain":
            return _literal(text)
        case _:
            return text


def _escape(letter: str) -> str | None:
    if letter.lower() in CLASSES:
        return f"[{'^' if letter.isupper() else ''}{CLASSES[letter.lower()]}]"
    if letter in CONTROLS:
        return CONTROLS[letter]
    return None if letter.isalnum() or not letter.isascii() else f"\\{letter}"


def _set(text: str) -> str | None:
    negated = text.startswith("[^")
    parts = []
    for part in SET_PART.finditer(text[2:-1] if negated else text[1:-1]):
        written = _set_part(part)
        if written is None:
            return None
        parts.append(written)
    return f"[{'^' if negated else ''}{''.join(parts)}]"


def _set_part(part: re.Match[str]) -> str | None:
    if part["low"] is not None:
        low, high = part["low"][-1], part["high"][-1]
        alike = (
            (low.isdigit() and high.isdigit())
            or (low.isupper() and high.isupper())
            or (low.islower() and high.islower())
        )
        return f"{low}-{high}" if alike and low.isascii() and high.isascii() and low <= high else None
    if part["escape"] is not None:
        letter = part["escape"][1]
        if letter in CLASSES:
            return CLASSES[letter]
        return CONTROLS.get(letter) or (None if letter.isalnum() or not letter.isascii() else f"\\{letter}")
    return _literal(part["plain"])


def _literal(letter: str) -> str:
    return f"\\{letter}" if letter.isascii() and not letter.isalnum() and letter not in "_ " else letter


def _balanced(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True


def like(pattern: str, escape: str | None) -> str | None:
    """LIKE's pattern with a backslash before each sign that stands for itself; None when DuckDB would refuse it."""
    written, letters = "", iter(pattern)
    for letter in letters:
        if letter == escape:
            literal = next(letters, None)
            if literal is None:
                return None
            written += f"\\{literal}" if literal in "%_\\" else literal
        else:
            written += "\\\\" if letter == "\\" else letter
    return written
