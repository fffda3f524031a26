"""Pictures for the report: a check's chart as inline SVG, and the small strip that shows a value beside its limit.

A chart comes from whoever wrote the check, so nothing of it is trusted: a specification that asks for a file, an
address or a computation is refused, and of the drawing only known shapes and known attributes are kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any
from xml.etree import ElementTree as ET  # what is parsed was written by vl-convert, not by a stranger

from markupsafe import Markup

from crispq.nouns import Chart, Estimate, Limit
from crispq.render.text import clean

MOST_POINTS = 5_000
MOST_CHARACTERS = 1_000_000
MOST_DEPTH = 40
#: No size, count or step outside the data may be larger: a chart is a picture, not a computation.
LARGEST_NUMBER = 10_000
SMALLEST_STEP = 1e-3
LARGEST_SIDE = 2_000
LONGEST_EXPRESSION = 300

#: Keys whose presence is enough to refuse a specification.
REFUSED_KEYS = {
    **dict.fromkeys(
        ("url", "href", "src", "format", "loader", "lookup", "from"), "it asks for something outside itself"
    ),
    **dict.fromkeys(("sequence", "graticule", "sphere", "projection"), "it makes up its own points"),
    **dict.fromkeys(
        ("density", "loess", "regression", "quantile", "impute", "sample", "pivot", "params"), "it computes"
    ),
    **dict.fromkeys(("signal", "repeat", "interval"), "it computes"),
}
#: `format` is also how a number is written: text is harmless there.
TEXT_IS_FINE = {"format"}
EXPRESSIONS = {"expr", "calculate", "filter", "test", "labelExpr"}
REFUSED_MARKS = {"image", "geoshape"}
#: Where large numbers are values of the data, not sizes.
HOLDS_DATA = {
    "values",
    "datasets",
    "domain",
    "domainMin",
    "domainMax",
    "datum",
    "equal",
    "range",
    "oneOf",
    "gte",
    "lte",
    "gt",
    "lt",
}

SHAPES = {"svg", "g", "path", "rect", "line", "circle", "ellipse", "polygon", "polyline", "text", "tspan"}
SHAPES |= {"defs", "clipPath", "linearGradient", "radialGradient", "stop"}
ATTRIBUTES = {
    "d",
    "x",
    "y",
    "x1",
    "x2",
    "y1",
    "y2",
    "cx",
    "cy",
    "r",
    "rx",
    "ry",
    "dx",
    "dy",
    "fx",
    "fy",
    "fr",
    "points",
}
ATTRIBUTES |= {"width", "height", "viewBox", "transform", "id", "offset", "gradientUnits", "display", "opacity"}
ATTRIBUTES |= {
    "fill",
    "fill-opacity",
    "stroke",
    "stroke-width",
    "stroke-opacity",
    "stroke-dasharray",
    "stroke-dashoffset",
}
ATTRIBUTES |= {"stroke-miterlimit", "stroke-linecap", "stroke-linejoin", "stop-color", "stop-opacity", "clip-path"}
ATTRIBUTES |= {"text-anchor", "font-family", "font-size", "font-weight", "font-style", "dominant-baseline"}
OWN_REFERENCE = re.compile(r"url\(#([\w-]+)\)")
FOREIGN_REFERENCE = re.compile(r"url\s*\(|://|javascript:|data:", re.IGNORECASE)

NOTHING = Markup("")

#: How a chart looks unless it says otherwise: quiet lines, colours that differ in lightness too.
LOOK = {
    "background": "transparent",
    "font": "Arial, Helvetica, Liberation Sans, sans-serif",  # as wide everywhere as vl-convert takes it to be
    "padding": 12,
    "axis": {
        "labelColor": "#3d4656",
        "titleColor": "#3d4656",
        "gridColor": "#e4e7ec",
        "domainColor": "#8a93a3",
        "tickColor": "#8a93a3",
    }
    | {"labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal", "labelLimit": 220, "titleLimit": 420},
    "legend": {
        "labelColor": "#3d4656",
        "titleColor": "#3d4656",
        "labelFontSize": 12,
        "titleFontSize": 12,
        "labelLimit": 220,
    },
    "title": {"color": "#1b2333", "fontSize": 14, "fontWeight": 600, "anchor": "start", "limit": 560},
    "view": {"stroke": None},
    "mark": {"color": "#2b5c8a"},
    "range": {"category": ["#2b5c8a", "#c9792b", "#5b8f7b", "#8c4a6b", "#7b7f3a", "#6a6fa8"]},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A chart on the page: its drawing, or the reason why there is none."""

    title: str
    description: str
    svg: Markup = NOTHING
    refusal: str = ""


def draw(chart: Chart, name: str) -> Picture:
    """The chart as inline SVG. name: unique on its page; ids inside the drawing begin with it."""
    refusal = refused(chart.spec)
    if not refusal:
        try:
            svg = _svg(chart, name)
        except Exception as error:  # noqa: BLE001 - whatever a drawing library raises: the page goes on without the picture
            refusal = f"it could not be drawn: {str(error).splitlines()[0] if str(error) else type(error).__name__}"
        else:
            return Picture(title=chart.title, description=chart.description, svg=svg)
    return Picture(title=chart.title, description=chart.description, refusal=refusal)


# --- what may be drawn -------------------------------------------------------------------------


def refused(spec: Mapping[str, Any]) -> str:
    """Why the specification is not drawn; empty when it is."""
    if len(repr(spec)) > MOST_CHARACTERS:
        return f"it is longer than {MOST_CHARACTERS:,} characters"
    if (points := _points(spec)) > MOST_POINTS:
        return f"it has {points:,} points, at most {MOST_POINTS:,} are drawn"
    return next(_objections(spec, "", 0, data=False), "")


def _points(value: object) -> int:
    """How many entries the lists of data hold, all together."""
    if isinstance(value, Mapping):
        own = [len(held) for key, held in value.items() if key == "values" and isinstance(held, list | tuple)]
        sets = value.get("datasets")
        own += (
            [len(held) for held in sets.values() if isinstance(held, list | tuple)] if isinstance(sets, Mapping) else []
        )
        return sum(own) + sum(_points(held) for key, held in value.items() if key not in {"values", "datasets"})
    return sum(_points(held) for held in value) if isinstance(value, list | tuple) else 0


def _objections(value: object, key: str, depth: int, *, data: bool) -> Iterator[str]:
    if depth > MOST_DEPTH:
        yield "it is nested too deeply"
    elif isinstance(value, Mapping):
        for name, held in value.items():
            if not data:
                yield from _objections_to_key(str(name), held)
            yield from _objections(held, str(name), depth + 1, data=data or name in HOLDS_DATA)
    elif isinstance(value, list | tuple):
        for held in value:
            yield from _objections(held, key, depth + 1, data=data)
    elif isinstance(value, int | float) and not data and _beyond(key, value):
        yield f"the number {value:g} under {key!r} is beyond what a picture needs"


def _beyond(key: str, value: float) -> bool:
    return abs(value) > LARGEST_NUMBER or (key in {"step", "tickMinStep"} and 0 < abs(value) < SMALLEST_STEP)


def _objections_to_key(name: str, held: object) -> Iterator[str]:
    if name in REFUSED_KEYS and not (name in TEXT_IS_FINE and isinstance(held, str)):
        yield f"{REFUSED_KEYS[name]} ({name!r})"
    if name == "values" and isinstance(held, str):
        yield "its data is not a list of values"
    mark = held.get("type") if isinstance(held, Mapping) else held
    if name == "mark" and mark in REFUSED_MARKS:
        yield f"the mark {mark!r} is not drawn"
    if name in EXPRESSIONS and isinstance(held, str) and ("(" in held or len(held) > LONGEST_EXPRESSION):
        yield f"it computes ({name!r})"


# --- the drawing -------------------------------------------------------------------------------

DRAWING = Markup(
    '<svg viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}" style="--own-width: {width:g}px"'
    ' role="img" aria-labelledby="{name}-t {name}-d"><title id="{name}-t">{title}</title>'
    '<desc id="{name}-d">{words}</desc>{inner}</svg>'
)


def _svg(chart: Chart, name: str) -> Markup:
    import vl_convert

    spec = {key: value for key, value in _printable(chart.spec).items() if key != "usermeta"}
    text = vl_convert.vegalite_to_svg(spec, config=LOOK, show_warnings=False, allowed_base_urls=[])
    root = ET.fromstring(text)  # noqa: S314 - see the import
    _, _, width, height = (float(one) for one in root.attrib["viewBox"].split())
    if not (0 < width <= LARGEST_SIDE and 0 < height <= LARGEST_SIDE):
        message = f"it would be {width:g} by {height:g} points large"
        raise ValueError(message)
    kept = _kept(root, name)
    inner = Markup("").join(Markup(ET.tostring(child, encoding="unicode")) for child in kept)  # noqa: S704 - escaped by it
    return DRAWING.format(
        name=name, width=width, height=height, title=clean(chart.title), words=clean(chart.description), inner=inner
    )


def _printable(value: Any) -> Any:
    """The specification with every text, keys too, free of control characters."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return {clean(str(key)): _printable(held) for key, held in value.items()}
    return [_printable(held) for held in value] if isinstance(value, list | tuple) else value


def _kept(element: ET.Element, name: str) -> ET.Element:
    """The element with the shapes and attributes that are known; everything else is gone."""
    copy = ET.Element(_local(element.tag))
    for key, value in element.attrib.items():
        attribute = _local(key)
        if attribute in ATTRIBUTES:
            own = f"{name}-{value}" if attribute == "id" else OWN_REFERENCE.sub(rf"url(#{name}-\1)", value)
            if not FOREIGN_REFERENCE.search(OWN_REFERENCE.sub("", own)):
                copy.set(attribute, own)
    copy.text = element.text
    copy.extend(_kept(child, name) for child in element if _local(child.tag) in SHAPES)
    return copy


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


# --- the strip ---------------------------------------------------------------------------------

WIDTH, HEIGHT, MARGIN = 200.0, 22.0, 8.0
EDGE = Markup('<line class="edge" x1="{at:.1f}" x2="{at:.1f}" y1="2" y2="{bottom:g}"/>')
STRIP = Markup(
    '<svg class="strip m-{key}" viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{says}">'
    '<rect class="track" x="0" y="{top:g}" width="{width:g}" height="8" rx="4"/>'
    '<rect class="room" x="{left:.1f}" y="{top:g}" width="{room:.1f}" height="8" rx="4"/>{ticks}'
    '<line class="reach" x1="{low:.1f}" x2="{high:.1f}" y1="{middle:g}" y2="{middle:g}"/>'
    '<circle class="point" cx="{value:.1f}" cy="{middle:g}" r="5"/></svg>'
)


def strip(estimate: Estimate | None, limit: Limit | None, key: str, says: str) -> Markup:
    """A value with its interval beside its limit, as small as a word. Empty where there is nothing to compare.

    key: which mark's colour it takes. says: the same in words, its accessible name.
    """
    if estimate is None or limit is None:
        return NOTHING
    edges = [edge for edge in (limit.low, limit.high) if isfinite(edge)]
    low = estimate.value if estimate.low is None else estimate.low
    high = estimate.value if estimate.high is None else estimate.high
    points = [low, estimate.value, high, *edges]
    if not edges or not all(isfinite(point) for point in points):
        return NOTHING
    at = _scale(min(points), max(points))
    left = at(limit.low) if isfinite(limit.low) else 0.0
    right = at(limit.high) if isfinite(limit.high) else WIDTH
    ticks = Markup("").join(EDGE.format(at=at(edge), bottom=HEIGHT - 2) for edge in sorted(set(edges)))
    return STRIP.format(
        key=key,
        says=clean(says),
        width=WIDTH,
        height=HEIGHT,
        middle=HEIGHT / 2,
        top=HEIGHT / 2 - 4,
        left=left,
        room=max(right - left, 0),
        ticks=ticks,
        low=at(low),
        value=at(estimate.value),
        high=at(high),
    )


def _scale(low: float, high: float) -> Any:
    """A function from a value to its place on the strip."""
    room = (high - low) or abs(high) or 1.0
    return lambda value: MARGIN + (WIDTH - 2 * MARGIN) * (0.08 + 0.84 * ((value - low) / room if high > low else 0.5))
