"""Measurements as JSON and back: between processes, in the cache and from programs in other languages.

Reading is strict: what is not a measurement is refused, never mended.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import isinf
from numbers import Real
from typing import Any, TypeGuard

from crispq.errors import NotMeasurable
from crispq.nouns import Chart, Estimate, Finding, Findings, Limit, LimitKind, Measurement, Table, Value

ESTIMATE_KEYS = {"value", "low", "high", "n", "level"}
#: The largest whole number that every reader of JSON understands alike (RFC 8785).
MOST = 2**53 - 1
MEASUREMENT_KEYS = {"values", "summary", "tables", "charts", "not_applicable", "missing"}


def refuse(message: str) -> NotMeasurable:
    """The error for something that is no measurement."""
    return NotMeasurable(f"what the check returned is not a measurement: {message}")


# --- to JSON -----------------------------------------------------------------------------------


def encode(measurement: object) -> dict[str, Any]:
    """The measurement as a JSON object. Raises NotMeasurable when it is none, or holds what is no number."""
    if not isinstance(measurement, Measurement):
        raise refuse(f"it is {describe(measurement)}; return a crispq.Measurement")
    return {
        "values": {name: _encode_value(name, value) for name, value in _items(measurement.values)},
        "summary": str(measurement.summary),
        "tables": [
            {
                "title": one.title,
                "columns": list(one.columns),
                "rows": [[_cell(cell) for cell in row] for row in one.rows],
            }
            for one in measurement.tables
        ],
        "charts": [
            {"title": one.title, "description": one.description, "spec": one.spec} for one in measurement.charts
        ],
        "not_applicable": measurement.not_applicable,
        "missing": [encode_finding(one) for one in measurement.missing],
    }


def dumps(measurement: object) -> bytes:
    """The measurement as JSON text."""
    try:
        return json.dumps(encode(measurement)).encode()
    except (TypeError, ValueError) as error:
        raise refuse(str(error)) from error


def encode_finding(finding: Finding) -> dict[str, Any]:
    """The finding as a JSON object."""
    return {"path": finding.path, "line": finding.line, "message": finding.message}


def describe(value: object) -> str:
    """What the value is, in a few words."""
    return "None (a forgotten return?)" if value is None else f"{value!r:.60}, a {type(value).__name__}"


def _items(values: object) -> list[tuple[str, Any]]:
    if not isinstance(values, Mapping):
        raise refuse(f"its values are {describe(values)}, not a mapping")
    return [(str(name), value) for name, value in values.items()]


def _encode_value(name: str, value: object) -> dict[str, Any]:
    if isinstance(value, Estimate):
        return _encode_estimate(name, value)
    if isinstance(value, Findings):
        items = [encode_finding(one) for one in value.items]
        return {"examined": _count(name, value.examined), "findings": items}
    if isinstance(value, Mapping):
        return {"each": {str(key): _encode_estimate(f"{name}.{key}", one) for key, one in value.items()}}
    raise refuse(f"the value {name!r} is {describe(value)}; it must be an Estimate, Findings or a mapping of Estimates")


def _encode_estimate(name: str, estimate: object) -> dict[str, Any]:
    if not isinstance(estimate, Estimate):
        raise refuse(f"the value {name!r} is {describe(estimate)}, not an Estimate")
    return {
        "value": _number(name, estimate.value),
        "low": None if estimate.low is None else _number(name, estimate.low),
        "high": None if estimate.high is None else _number(name, estimate.high),
        "n": None if estimate.n is None else _count(name, estimate.n),
        "level": None if estimate.level is None else _number(name, estimate.level),
    }


def is_number(value: object) -> TypeGuard[Real]:
    """Whether the value is a real number; True and "0.9" are not."""
    return isinstance(value, Real) and not isinstance(value, bool)


def _number(name: str, value: object) -> float:
    if not is_number(value):
        raise refuse(f"{name!r} is {describe(value)}, not a number")
    return float(value)


def _count(name: str, value: object) -> int:
    if not is_number(value) or not float(value).is_integer() or float(value) < 0:
        raise refuse(f"{name!r} counts {describe(value)}, not a whole number")
    if float(value) > MOST:
        raise refuse(f"{name!r} counts more than {MOST:,}")
    return int(float(value))


def _cell(cell: object) -> str | float | int | None:
    if cell is None or isinstance(cell, str | int):
        return cell
    return float(cell) if is_number(cell) else str(cell)


# --- from JSON ---------------------------------------------------------------------------------


def loads(text: bytes | str) -> Measurement:
    """The measurement behind JSON text. Raises NotMeasurable when it is none."""
    try:
        return decode(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise refuse(f"not JSON: {error}") from error


def decode(raw: object) -> Measurement:
    """The measurement behind a JSON value. Raises NotMeasurable when it is none."""
    body = _object(raw, "it", MEASUREMENT_KEYS)
    return Measurement(
        values={name: _decode_value(name, value) for name, value in _object(body.get("values", {}), "values").items()},
        summary=_text(body.get("summary", ""), "summary"),
        tables=tuple(_decode_table(one) for one in _list(body.get("tables", []), "tables")),
        charts=tuple(_decode_chart(one) for one in _list(body.get("charts", []), "charts")),
        not_applicable=_text(body.get("not_applicable", ""), "not_applicable"),
        missing=tuple(decode_finding(one) for one in _list(body.get("missing", []), "missing")),
    )


def decode_finding(raw: object) -> Finding:
    """The finding behind a JSON object."""
    body = _object(raw, "a finding", {"path", "line", "message"})
    path, line = body.get("path"), body.get("line")
    if not (path is None or isinstance(path, str)) or not (line is None or type(line) is int):
        raise refuse("a finding's path is text and its line a whole number")
    return Finding(message=_text(body.get("message"), "a finding's message"), path=path, line=line)


def _decode_value(name: str, raw: object) -> Value:
    body = _object(raw, name)
    if "findings" in body:
        items = tuple(decode_finding(one) for one in _list(body["findings"], name))
        return Findings(examined=_count(f"{name}.examined", body.get("examined")), items=items)
    if "each" in body:
        return {key: _decode_estimate(f"{name}.{key}", one) for key, one in _object(body["each"], name).items()}
    return _decode_estimate(name, body)


def _decode_estimate(name: str, raw: object) -> Estimate:
    body = _object(raw, name, ESTIMATE_KEYS)
    bounds = {
        key: None if body.get(key) is None else _number(f"{name}.{key}", body[key]) for key in ("low", "high", "level")
    }
    n = None if body.get("n") is None else _count(f"{name}.n", body["n"])
    return Estimate(value=_number(name, body.get("value")), n=n, **bounds)


def _decode_table(raw: object) -> Table:
    body = _object(raw, "a table", {"title", "columns", "rows"})
    columns = tuple(_text(one, "a column") for one in _list(body.get("columns"), "columns"))
    rows = tuple(tuple(_cell(cell) for cell in _list(row, "a row")) for row in _list(body.get("rows"), "rows"))
    return Table(title=_text(body.get("title"), "a title"), columns=columns, rows=rows)


def _decode_chart(raw: object) -> Chart:
    body = _object(raw, "a chart", {"title", "description", "spec"})
    description = _text(body.get("description"), "a chart's description")
    return Chart(
        title=_text(body.get("title"), "a title"), description=description, spec=_object(body.get("spec"), "a spec")
    )


def _object(raw: object, name: str, keys: set[str] | None = None) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise refuse(f"{name} is {describe(raw)}, not an object")
    if keys is not None and (unknown := set(raw) - keys):
        raise refuse(f"{name} has an unknown key {min(unknown)!r}")
    return raw


def _list(raw: object, name: str) -> list[Any]:
    if not isinstance(raw, list):
        raise refuse(f"{name} is {describe(raw)}, not a list")
    return raw


def _text(raw: object, name: str) -> str:
    if not isinstance(raw, str):
        raise refuse(f"{name} is {describe(raw)}, not text")
    return raw.encode(errors="replace").decode()


# --- limits ------------------------------------------------------------------------------------


def encode_limit(limit: Limit) -> dict[str, Any]:
    """The limit as a JSON object without infinities."""
    bounds = {key: getattr(limit, key) for key in ("low", "high", "warn_low", "warn_high")}
    finite = {key: value for key, value in bounds.items() if not isinf(value)}
    flags = {"warn_only": True} if limit.warn_only else {}
    return {"kind": limit.kind.value, **finite, **flags, "min_n": limit.min_n, "origin": limit.origin}


def decode_limit(raw: Mapping[str, Any]) -> Limit:
    """The limit behind what `encode_limit` wrote."""
    return Limit(**{**raw, "kind": LimitKind(raw["kind"])})
