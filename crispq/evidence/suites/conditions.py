"""Row conditions of a suite as SQL: the simple comparisons that most suites use, nothing else.

A condition is written for `DataFrame.query` of pandas, or as the library's own objects. Comparisons with a missing
value are false there ("!=" is true), except that a column of whole numbers or booleans with missing values says
neither, exactly as SQL does.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import Any

from crispq.evidence.suites.columns import Column, all_of, any_of, column, fitting

OPERATORS: Mapping[type[ast.cmpop], str] = {
    ast.Eq: "=",
    ast.NotEq: "<>",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
WORDS = {"==": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
#: Words that pandas reads otherwise than as a column.
RESERVED = frozenset({"index", "ilevel_0", "True", "False", "None", "nan", "inf"})
#: All that a condition for pandas may be made of: pandas would call any method of a column, such as one that writes.
PARTS = (
    ast.BoolOp, ast.UnaryOp, ast.BinOp, ast.Compare, ast.Name, ast.Constant, ast.List, ast.Tuple, ast.expr_context,
    ast.boolop, ast.unaryop, ast.cmpop, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.BitAnd,
    ast.BitOr, ast.BitXor, ast.Attribute, ast.Call,
)  # fmt: skip
FIELDS = frozenset({"str", "dt", "year", "month", "day", "hour", "minute", "second", "dayofweek", "quarter", "date"})
METHODS = frozenset(
    {
        *("isnull", "isna", "notnull", "notna", "isin", "between", "abs", "len", "lower", "upper", "strip"),
        *("contains", "startswith", "endswith", "match", "fullmatch"),
    }
)
#: The library's own grammar, of which it would read the beginning alone: here the whole has to be of it.
OWN_PARSERS = frozenset({"great_expectations", "great_expectations__experimental__"})
_OWN_TEXT = r"""(?:"[^"'`\\\r\n\0]+"|'[^"'`\\\r\n\0]+')"""
_OWN = re.compile(
    r"""\s*col\("(?!__)[^"'`\\\r\n\0]+"\)\s*"""
    rf"""(?:\.(?i:notnull)\(\)|(?:==|!=|<=|>=|<|>)\s*(?:[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|{_OWN_TEXT}|date\({_OWN_TEXT}\)))\s*"""
)
PASSED_ON = "pass_through_filter"
NULLITY = {"isnull": True, "isna": True, "notnull": False, "notna": False}


class Untranslated(Exception):
    """The condition is none of the simple ones."""


def sql_of(condition: Any, types: Mapping[str, str], *, parser: str | None) -> str:
    """The condition as SQL; empty for none. Raises Untranslated for what is not simple."""
    if condition is None or condition == "":
        return ""
    if isinstance(condition, str) and parser == "pandas":
        return _written(condition, types)
    if isinstance(condition, dict):
        return _given(condition, types)
    raise Untranslated


def is_code(condition: Any, parser: Any = None) -> bool:
    """Whether the condition is more than a comparison of columns: pandas would run it as Python."""
    if isinstance(condition, dict):
        return any(map(_ends_its_quotes, condition.items())) or any(
            is_code(one) for name, one in condition.items() if isinstance(one, dict | list) or name == PASSED_ON
        )
    if isinstance(condition, list):
        return any(is_code(one) for one in condition if isinstance(one, dict | list))
    if not isinstance(condition, str) or not condition.strip():
        return False
    if isinstance(parser, str) and parser in OWN_PARSERS:
        return _OWN.fullmatch(condition) is None
    names = re.findall(r"`([^`]*)`", condition)
    if any(sign in name for name in names for sign in "'\"\\#") or re.search(r"[\n\r\0]", condition):
        return True  # pandas may see the end of a text where this sees a name
    try:
        tree = ast.parse(re.sub(r"`[^`]*`", "quoted_", condition).strip(), mode="eval").body
        return not all(_is_plain(one) for one in ast.walk(tree))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True


def _ends_its_quotes(item: tuple[str, Any]) -> bool:
    """Whether a name or a text of an object could end the quotes that the library writes around it for pandas."""
    key, value = item
    if key == PASSED_ON:
        return False
    if key == "name" and isinstance(value, str) and value.startswith("__"):
        return True
    texts = [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]
    return any(sign in text for text in texts for sign in ("`'\"\\\r\n\0" if key == "name" else "`"))


def _is_plain(node: ast.AST) -> bool:
    match node:
        case ast.Name(id=name):
            return not name.startswith("__")
        case ast.Attribute(attr=name):
            return name in FIELDS | METHODS
        case ast.Call(func=ast.Attribute(attr=name)):
            return name in METHODS
        case ast.Call(func=ast.Name(id=name)):
            return name == "Timestamp"
    return isinstance(node, PARTS) or (isinstance(node, ast.keyword) and isinstance(node.value, ast.Constant))


def _written(condition: str, types: Mapping[str, str]) -> str:
    if re.search(r"[&|~@#]", condition):  # bitwise signs bind otherwise in pandas
        raise Untranslated
    quoted: dict[str, str] = {}

    def plain(found: re.Match[str]) -> str:
        quoted[name := f"quoted_{len(quoted)}_"] = found[1]
        return name

    try:
        tree = ast.parse(re.sub(r"`([^`]+)`", plain, condition).strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise Untranslated from error
    return _node(tree, types, quoted)


def _node(node: ast.expr, types: Mapping[str, str], quoted: Mapping[str, str]) -> str:
    match node:
        case ast.BoolOp(op=operator, values=values):
            parts = [_node(one, types, quoted) for one in values]
            return all_of(*parts) if isinstance(operator, ast.And) else any_of(parts)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return f"NOT ({_node(operand, types, quoted)})"
        case ast.Compare(left=ast.Name(id=name), ops=[operator], comparators=[right]):
            return _compared(_column(quoted.get(name, name), types), operator, right)
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=asked), args=[], keywords=[]) if (
            asked in NULLITY
        ):
            found = _column(quoted.get(name, name), types)
            return found.missing if NULLITY[asked] else found.present
    raise Untranslated


def _column(name: str, types: Mapping[str, str]) -> Column:
    if name not in types or name in RESERVED:
        raise Untranslated
    found = column(name, types[name])
    if found.type == "FLOAT" or found.kind in {"other", "time", "zoned"}:
        raise Untranslated
    return found


def _compared(left: Column, operator: ast.cmpop, right: ast.expr) -> str:
    try:
        value = ast.literal_eval(right)
    except ValueError as error:
        raise Untranslated from error
    if isinstance(operator, ast.In | ast.NotIn):
        return _member(left, value, wanted=isinstance(operator, ast.In))
    if type(operator) not in OPERATORS:
        raise Untranslated
    return _comparison(left, OPERATORS[type(operator)], value)


def _comparison(left: Column, sign: str, value: Any) -> str:
    if isinstance(value, list | tuple) or (literals := fitting([value], left)) is None:
        raise Untranslated
    if left.kind == "boolean" and sign not in {"=", "<>"}:
        raise Untranslated
    compared = f"{left.sql} {sign} {literals[0]}"
    if left.kind in {"integer", "boolean"}:
        return compared
    return f"({left.missing} OR {compared})" if sign == "<>" else f"({left.present} AND {compared})"


def _member(left: Column, values: Any, *, wanted: bool) -> str:
    if not isinstance(values, list | tuple) or not values or (literals := fitting(values, left)) is None:
        raise Untranslated
    among = f"({left.present} AND {left.sql} IN ({', '.join(literals)}))"
    return among if wanted else f"NOT {among}"


def _given(condition: Mapping[str, Any], types: Mapping[str, str]) -> str:
    """The condition as the library's own objects are written in JSON."""
    match condition:
        case {"type": "and" | "or" as word, "conditions": [_, *_] as several, **rest} if not rest:
            parts = [_given(one, types) for one in several if isinstance(one, dict)]
            if len(parts) != len(several) or any("conditions" in one for one in several):
                raise Untranslated
            return all_of(*parts) if word == "and" else any_of(parts)
        case {"type": "nullity", "column": {"name": str(name)}, "is_null": bool(null), **rest} if not rest:
            found = _column(name, types)
            return found.missing if null else found.present
        case {
            "type": "comparison",
            "column": {"name": str(name)},
            "operator": str(sign),
            "parameter": value,
            **rest,
        } if not rest:
            if sign in {"IN", "NOT_IN"}:
                return _member(_column(name, types), value, wanted=sign == "IN")
            if sign in WORDS:
                return _comparison(_column(name, types), WORDS[sign], value)
    raise Untranslated
