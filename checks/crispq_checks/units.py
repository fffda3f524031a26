"""Units of measurement as people write them, and what pint makes of them. Used by the checks of standards and units.

Understood are SI and customary units by name or symbol, their products and powers (`kg/m^2`, `kg/m2`, `m²`, `m s-1`),
prefixes, percent, temperatures, the marks of UCUM (`mm[Hg]`, `10*9/L`, `Cel`), and logarithms of such (`log(mg/dl)`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from crispq import NotMeasurable

#: A cell longer than this is no unit.
LONGEST = 60
#: What people write in a table for "no unit".
DIMENSIONLESS = frozenset(
    {"-", "\N{EN DASH}", "\N{EM DASH}", "1", "none", "dimensionless", "ratio", "count", "index", "score", "code"}
)
#: Spellings that pint does not know, in words that it does.
SPELLINGS: Mapping[str, str] = {
    "cel": "degC",
    "[degf]": "degF",
    "[ph]": "dimensionless",
    "ph": "dimensionless",
    "mm[hg]": "mmHg",
    "mm hg": "mmHg",
    "bpm": "1/minute",
    "beats/min": "1/minute",
    "breaths/min": "1/minute",
    "iu": "enzyme_unit",
    "[iu]": "enzyme_unit",
    "meq": "millimole",
    "mosm": "millimole",
    "kohm": "kiloohm",
    "[lb_av]": "pound",
    "[in_i]": "inch",
    "cases": "dimensionless",
    "persons": "dimensionless",
    "pieces": "dimensionless",
    "a": "year",
    "mo": "month",
    "wk": "week",
}
#: Currencies (ISO 4217) and their signs, which pint does not know; amounts of different ones are never converted.
CURRENCIES = frozenset((
    "AED", "ARS", "AUD", "BGN", "BRL", "CAD", "CHF", "CLP", "CNY", "COP",
    "CZK", "DKK", "EGP", "EUR", "GBP", "HKD", "HUF", "IDR", "ILS", "INR",
    "ISK", "JPY", "KES", "KRW", "MAD", "MXN", "MYR", "NGN", "NOK", "NZD",
    "PEN", "PHP", "PKR", "PLN", "QAR", "RON", "RSD", "RUB", "SAR", "SEK",
    "SGD", "THB", "TND", "TRY", "TWD", "UAH", "USD", "VND", "ZAR",
))  # fmt: skip
CURRENCY_SIGNS: Mapping[str, str] = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY"}
#: Endings of a column's name that state a unit without doubt, and what they state.
ENDINGS: Mapping[str, str] = {
    "mm": "mm",
    "cm": "cm",
    "km": "km",
    "um": "um",
    "nm": "nm",
    "inch": "inch",
    "inches": "inch",
    "feet": "foot",
    "miles": "mile",
    "kg": "kg",
    "mg": "mg",
    "lb": "lb",
    "lbs": "lb",
    "ms": "ms",
    "sec": "s",
    "seconds": "s",
    "minutes": "minute",
    "hours": "hour",
    "days": "day",
    "weeks": "week",
    "months": "month",
    "years": "year",
    "pct": "percent",
    "percent": "percent",
    "mmhg": "mmHg",
    "kpa": "kPa",
    "psi": "psi",
    "celsius": "degC",
    "degc": "degC",
    "fahrenheit": "degF",
    "degf": "degF",
    "kelvin": "K",
    "kmh": "km/h",
    "mph": "mile/hour",
    "hz": "Hz",
    "khz": "kHz",
    "kwh": "kWh",
    "mgdl": "mg/dl",
    "mg_dl": "mg/dl",
    "mmoll": "mmol/l",
    "mmol_l": "mmol/l",
    "ml": "ml",
}


def is_dimensionless(written: str) -> bool:
    """Whether the cell says that the column has no unit."""
    return written.strip().casefold() in DIMENSIONLESS


def is_known(written: str) -> bool:
    """Whether the cell names a unit that pint knows, alone, in a product, or inside a logarithm."""
    return is_dimensionless(written) or _parsed(written) is not None


def stated_by_name(column: str) -> str | None:
    """The unit that the end of a column's name states (`height_mm`), if it does."""
    words = re.sub(r"([a-z])([A-Z])", r"\1_\2", column).casefold().split("_")
    for count in (2, 1):
        if len(words) > count and (found := ENDINGS.get("_".join(words[-count:]))):
            return found
    return None


def agree(first: str, second: str) -> bool:
    """Whether two known units are the same amount of the same thing."""
    one, two = _parsed(first), _parsed(second)
    if one is None or two is None:
        return True
    if one.dimensionality != two.dimensionality:
        return False
    offsets = {str(part.units) for part in (one, two)} & {"degree_Celsius", "degree_Fahrenheit", "kelvin"}
    if offsets:
        return str(one.units) == str(two.units)
    ratio = float((one / two).to("dimensionless").magnitude)
    return abs(ratio - 1) < 1e-9  # noqa: PLR2004 - rounding


@cache
def _registry() -> Any:
    try:
        import pint
    except ImportError as error:
        raise NotMeasurable("units cannot be read; pip install pint") from error
    registry: Any = pint.UnitRegistry(cache_folder=None)
    for code in sorted(CURRENCIES):
        registry.define(f"{code} = [amount_in_{code}]")
    return registry


@cache
def _parsed(written: str) -> Any:
    """The unit as a quantity of pint's; None where pint does not know it."""
    text = written.strip()
    if inner := re.fullmatch(r"(?:log|log10|log2|ln)\s*\((.+)\)", text):
        text = inner[1]
    if len(text) > LONGEST or re.search(r"[,;]|\bor\b|\band\b|[\^*]\d{3}|^[\d.]+$", text):
        return None
    registry = _registry()
    try:
        found = registry.parse_expression(_respelled(text))
    except Exception:  # noqa: BLE001 - pint raises tokenizer, syntax, attribute and other errors for what is no unit
        return None
    return found if hasattr(found, "units") else None


def _respelled(text: str) -> str:
    """UCUM's and people's ways to write, as pint reads them."""
    text = text.replace("µ", "u").replace("μ", "u").replace("·", "*").replace("10*", "10^").replace("×", "*")  # noqa: RUF001
    for sign, code in CURRENCY_SIGNS.items():
        text = text.replace(sign, code)
    text = re.sub(r"\{[^}]*\}", "", text).replace("°C", "degC").replace("°F", "degF")
    if text.startswith("/"):
        text = "1" + text
    text = re.sub(r"(?<=[A-Za-z])-([1-4])\b", r"^-\1", text)
    text = re.sub(r"(?<=[A-Za-z])([2-4])\b", r"^\1", text)
    if (whole := SPELLINGS.get(text.casefold())) is not None:
        return whole
    parts = re.split(r"([*/ ])", text)
    return "".join(SPELLINGS.get(part.casefold(), part) if len(part) > 1 else part for part in parts)
