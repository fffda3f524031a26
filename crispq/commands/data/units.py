"""Units guessed from the names of columns: a proposal for the data description, which a person must confirm."""

from __future__ import annotations

import re

from crispq.evidence.contents import Kind

#: The last word of a name -> its unit; two words come before one.
BY_ENDING = {
    "mg dl": "mg/dl",
    "mmol l": "mmol/l",
    "g l": "g/l",
    "g dl": "g/dl",
    "kg m2": "kg/m^2",
    "km h": "km/h",
    "m s": "m/s",
    "per min": "1/min",
    "per minute": "1/min",
    "mm": "mm",
    "cm": "cm",
    "km": "km",
    "um": "um",
    "nm": "nm",
    "inch": "inch",
    "ft": "ft",
    "mm2": "mm^2",
    "cm2": "cm^2",
    "m2": "m^2",
    "m3": "m^3",
    "kg": "kg",
    "mg": "mg",
    "ug": "ug",
    "lbs": "lb",
    "ml": "ml",
    "dl": "dl",
    "ms": "ms",
    "us": "us",
    "ns": "ns",
    "sec": "s",
    "secs": "s",
    "seconds": "s",
    "min": "min",
    "mins": "min",
    "minutes": "min",
    "hours": "h",
    "hrs": "h",
    "days": "day",
    "weeks": "week",
    "months": "month",
    "years": "year",
    "yrs": "year",
    "bpm": "1/min",
    "hz": "Hz",
    "khz": "kHz",
    "mhz": "MHz",
    "mmhg": "mmHg",
    "pa": "Pa",
    "kpa": "kPa",
    "hpa": "hPa",
    "bar": "bar",
    "celsius": "degree Celsius",
    "degc": "degree Celsius",
    "kelvin": "K",
    "fahrenheit": "degree Fahrenheit",
    "deg": "degree",
    "rad": "rad",
    "percent": "%",
    "pct": "%",
    "eur": "EUR",
    "usd": "USD",
    "gbp": "GBP",
    "chf": "CHF",
    "watt": "W",
    "watts": "W",
    "kw": "kW",
    "kwh": "kWh",
    "volt": "V",
    "volts": "V",
    "mv": "mV",
    "ma": "mA",
    "db": "dB",
    "rpm": "1/min",
    "kmh": "km/h",
    "mph": "mile/h",
    "mb": "MB",
    "gb": "GB",
}
#: Whole names, or names that begin or end so, whatever stands around them.
BY_WORD = {
    "age": "year",
    "bmi": "kg/m^2",
    "latitude": "degree",
    "longitude": "degree",
    "lat": "degree",
    "lon": "degree",
}


def unit_of(name: str, kind: Kind) -> str:
    """The unit that the name suggests; `-` for what has none, empty where a number's name says nothing."""
    if not kind.is_number:
        return "-"
    words = re.findall(r"[a-z]+\d*", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).casefold())
    if len(words) > 1:
        for ending in (" ".join(words[-2:]) if len(words) > 2 else "", words[-1]):  # noqa: PLR2004 - a thing, and its unit
            if ending in BY_ENDING and not _is_extreme(ending, words):
                return BY_ENDING[ending]
    return next((unit for word, unit in BY_WORD.items() if word in {words[0], words[-1]}), "") if words else ""


def _is_extreme(ending: str, words: list[str]) -> bool:
    """`temperature_min` is a smallest value, not a time in minutes."""
    return ending == "min" and not set(words) & {"time", "duration", "wait", "delay", "minutes", "length"}
