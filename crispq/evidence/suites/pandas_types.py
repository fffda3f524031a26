"""Which pandas type a column has in a data frame, and which type names the library accepts for it.

The names are those of numpy, pandas and Python; the tables were read off the library itself (`tests/test_suites.py`
holds them against it). A name that stands nowhere here is put before the library.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from crispq.evidence.suites.columns import Column

_WHOLE = {
    "TINYINT": "int8",
    "SMALLINT": "int16",
    "INTEGER": "int32",
    "BIGINT": "int64",
    "UTINYINT": "uint8",
    "USMALLINT": "uint16",
    "UINTEGER": "uint32",
    "UBIGINT": "uint64",
}
_TIMES = {
    "DATE": "datetime64[us]",
    "TIMESTAMP": "datetime64[us]",
    "TIMESTAMP_S": "datetime64[s]",
    "TIMESTAMP_MS": "datetime64[ms]",
    "TIMESTAMP_NS": "datetime64[ns]",
}
_ANY_TIME = "datetime64 datetime64[ns] datetime64[us] datetime64[ms] datetime64[s] M8 M8[ns] M8[us]"
#: pandas type -> (what `..._to_be_of_type` accepts, what `..._to_be_in_type_list` accepts).
_ACCEPTED: Mapping[str, tuple[str, str]] = {
    "int8": ("int8", "int8"),
    "int16": ("int16", "int16"),
    "int32": ("int32 i4", "int32 i4"),
    "int64": ("int64 int long i8", "int64 int long LONG INT i8"),
    "uint8": ("uint8", "uint8"),
    "uint16": ("uint16", "uint16"),
    "uint32": ("uint32", "uint32"),
    "uint64": ("uint64 uint", "uint64 uint"),
    "float32": ("float32 f4", "float32 f4"),
    "float64": ("float64 float double f8", "float64 float double FLOAT f8"),
    "bool": ("bool bool_", "bool bool_ BOOL"),
    "str": ("str string_types", ""),
    "datetime64[us]": (_ANY_TIME, "datetime64[us] M8[us]"),
    "datetime64[ns]": (_ANY_TIME, "datetime64[ns] M8[ns]"),
    "datetime64[ms]": (_ANY_TIME, "datetime64[ms]"),
    "datetime64[s]": (_ANY_TIME, "datetime64[s]"),
    "datetime64[us, Etc/UTC]": ("Timestamp", ""),
    "Int8": ("int8", "Int8Dtype"),
    "Int16": ("int16", "Int16Dtype"),
    "Int32": ("int32 i4", "Int32Dtype"),
    "Int64": ("int64 int long i8", "Int64Dtype"),
    "UInt8": ("uint8", "UInt8Dtype"),
    "UInt16": ("uint16", "UInt16Dtype"),
    "UInt32": ("uint32", "UInt32Dtype"),
    "UInt64": ("uint64 uint", "UInt64Dtype"),
    "boolean": ("bool bool_", "BooleanDtype"),
}
#: Every name whose effect on all the types above is known.
_KNOWN = frozenset(
    (  # noqa: SIM905 - a list of words is read at a glance
        "int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64 int uint float double bool "
        "bool_ boolean str str_ string object object_ O datetime64 datetime64[ns] datetime64[us] datetime64[ms] "
        "datetime64[s] timedelta64 Timestamp Int8 Int16 Int32 Int64 UInt8 UInt16 UInt32 UInt64 Float32 Float64 "
        "Int8Dtype Int16Dtype Int32Dtype Int64Dtype UInt8Dtype UInt16Dtype UInt32Dtype UInt64Dtype Float32Dtype "
        "Float64Dtype BooleanDtype StringDtype DatetimeTZDtype CategoricalDtype category date datetime long LONG "
        "INT FLOAT STRING BOOL string_types unicode bytes integer number floating INTEGER VARCHAR TEXT TIMESTAMP "
        "DATE DOUBLE BIGINT FLOAT64 i4 i8 f4 f8 U S M8 M8[ns] M8[us] complex complex128 list dict None"
    ).split()
)


def dtype(column: Column, *, has_nulls: bool, all_null: bool) -> str | None:
    """The pandas type of the column in a data frame; None when it is an object's."""
    if column.type in _WHOLE:
        whole = _WHOLE[column.type]
        return whole.replace("i", "I", 1).replace("u", "U", 1) if has_nulls else whole
    if column.kind == "float":
        return "float32" if column.type == "FLOAT" else "float64"
    if column.kind == "boolean":
        return "boolean" if has_nulls else "bool"
    if column.kind == "text":
        return None if all_null else "str"
    return "datetime64[us, Etc/UTC]" if column.kind == "zoned" else _TIMES.get(column.type)


def accepts(dtype_: str, names: Sequence[str], *, listed: bool) -> bool | None:
    """Whether the library accepts one of the names for the type; None when it is not known here."""
    if dtype_ not in _ACCEPTED or not set(names) <= _KNOWN:
        return None
    return bool(set(names) & set(_ACCEPTED[dtype_][listed].split()))


def observed(dtype_: str) -> str:
    """The name that the library tells for the type."""
    if dtype_.endswith("Etc/UTC]"):
        return "Timestamp"
    return {"boolean": "bool"}.get(dtype_, dtype_.lower().partition("[")[0])
