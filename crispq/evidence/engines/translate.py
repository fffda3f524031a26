"""One query, written in DuckDB's SQL, for PostgreSQL or Spark, with DuckDB's meaning; or not at all.

sqlglot parses the query and resolves its names; what is written for the other engine is written here, word by word from
a list of what is known to mean the same there. Everything else raises `Untranslated`, and DuckDB answers the query
over a copy of the rows: slow, and right. sqlglot's own writers are not used: they guess (docs/decisions/0011).
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar

from sqlglot import exp, parse
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.qualify import qualify

from crispq.evidence.engines.local import lowered
from crispq.evidence.engines.patterns import like, regular

#: The one table that a query may name.
ROWS = "rows"
INTEGERS = frozenset(["TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"])
HUGE = frozenset({"UBIGINT", "HUGEINT"})
OTHERS = {
    "DOUBLE": "double",
    "FLOAT": "float",
    "VARCHAR": "text",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP_S": "timestamp",
    "TIMESTAMP_MS": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "instant",
}
NUMBERS = frozenset({"integer", "decimal", "double", "float"})
MOMENT = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d(\.\d{1,6})?)?)?")
ZONED = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d{1,6})?)?([+-]\d\d(:\d\d)?|Z)")
#: What each node of the tree may carry; anything beyond it is not understood here.
PARTS: Mapping[str, str] = {
    "Select": "expressions from_ joins where group having order limit distinct with_",
    "Subquery": "this alias",
    "Union": "this expression distinct with_",
    "With": "expressions",
    "CTE": "this alias materialized",
    "Table": "this alias",
    "TableAlias": "this",
    "From": "this",
    "Join": "this on kind side",
    "Group": "expressions",
    "Order": "expressions",
    "Ordered": "this desc nulls_first",
    "Limit": "expression",
    "Distinct": "expressions",
    "Column": "this table",
    "Count": "this big_int",
    "In": "this expressions query",
    "Window": "this partition_by order spec over",
    "WindowSpec": "kind start start_side end end_side",
    "Greatest": "this expressions ignore_nulls",
    "Least": "this expressions ignore_nulls",
    "Case": "ifs default",
    "If": "this true false",
    "Lag": "this offset",
    "Lead": "this offset",
    "Substring": "this start length",
    "Concat": "expressions safe coalesce",
    "DPipe": "this expression safe",
    "Div": "this expression typed safe",
    "Cast": "this to",
    "Literal": "this is_string",
    "Between": "this low high",
    "Median": "this",
    "PercentileCont": "this expression",
    "PercentileDisc": "this expression",
    "Quantile": "this quantile",
    "Coalesce": "this expressions",
    "RegexpLike": "this expression",
    "RegexpFullMatch": "this expression",
    "Anonymous": "this expressions",
    "Length": "this",
}
DEFAULT_PARTS = "this expression expressions"


class Untranslated(Exception):
    """The query holds something whose meaning in the other engine is not sure."""


@dataclass(frozen=True, slots=True)
class Said:
    """A piece of the other engine's SQL and the kind of its values."""

    sql: str
    kind: str


def kind_of(duckdb_type: str) -> str | None:
    """The kind of values of a column of this type; None for types that no query may use in another engine."""
    if duckdb_type in INTEGERS | HUGE:
        return "integer"
    return "decimal" if duckdb_type.startswith("DECIMAL") else OTHERS.get(duckdb_type)


class Writer:
    """Writes queries over `rows` for one engine. `source` is what stands for the table: a SELECT of its columns.

    types: the columns in DuckDB's words, by their names; order: the columns that put the rows in a lasting order,
    empty where the engine cannot give them one.
    """

    double: ClassVar[str]
    text: ClassVar[str]
    bigint: ClassVar[str]
    huge: ClassVar[str]
    timestamp: ClassVar[str]
    instant: ClassVar[str]

    def __init__(self, source: str, types: Mapping[str, str], order: Sequence[str] = ()) -> None:
        self._source = source
        self._order = tuple(map(lowered, order))
        kinds = {lowered(name): kind_of(told) for name, told in types.items()}
        self._kinds = {name: kind for name, kind in kinds.items() if kind is not None}
        self._schema: dict[str, object] = {
            ROWS: {lowered(name): told for name, told in types.items() if lowered(name) in self._kinds}
        }
        self._scopes: list[dict[str, Mapping[str, str]]] = []
        self._named: list[dict[str, Mapping[str, str]]] = []

    def write(self, sql: str, *, first: str = "") -> str:
        """The query for this engine; `first` is written before the first column. Raises Untranslated."""
        try:
            [tree] = parse(sql, read="duckdb")
            if not isinstance(tree, exp.Query):
                raise Untranslated("no SELECT")
            tree = qualify(tree, schema=dict(self._schema), dialect="duckdb", quote_identifiers=True)
        except (SqlglotError, ValueError, RecursionError) as error:
            raise Untranslated(str(error).splitlines()[0]) from error
        self._scopes, self._named = [], []
        if isinstance(tree, exp.Select):
            return self._select(tree, first=first, outermost=True)[0]
        written, _ = self._query(tree)
        return f"SELECT {first}q.* FROM ({written}) AS q"

    # --- queries ---

    def _query(self, node: exp.Expr) -> tuple[str, dict[str, str]]:
        """A query and the kinds of its columns, by name."""
        if isinstance(node, exp.Select):
            return self._select(node)
        if not isinstance(node, exp.Union):
            raise Untranslated(type(node).__name__)
        _only(node)
        with_ = self._with(node)
        (left, kinds), (right, others) = self._query(node.this), self._query(node.expression)
        if [_family(one) for one in kinds.values()] != [_family(one) for one in others.values()]:
            raise Untranslated("a UNION of different kinds")
        if with_ is not None:
            self._named.pop()
        return f"{with_ or ''}{left} UNION {'' if node.args.get('distinct') else 'ALL '}{right}", kinds

    def _select(self, node: exp.Select, *, first: str = "", outermost: bool = False) -> tuple[str, dict[str, str]]:
        _only(node)
        with_ = self._with(node)
        scope: dict[str, Mapping[str, str]] = {}
        self._scopes.append(scope)
        from_ = self._from(node, scope)
        said = [(one.alias_or_name, self.say(one.unalias())) for one in node.expressions]
        distinct = node.args.get("distinct")
        if distinct is not None:
            _only(distinct, "")
        names = {name: self.name(f"{index}_" if outermost else name) for index, (name, _) in enumerate(said)}
        written = (
            f"{self._typed(one)} AS {self.name(f'{index}_') if outermost else names[name]}"
            for index, (name, one) in enumerate(said)
        )
        parts = [
            f"SELECT {'DISTINCT ' if distinct else ''}{first}{', '.join(written)}",
            from_,
            self._clause(node, "where", "WHERE"),
            self._group(node),
            self._clause(node, "having", "HAVING"),
            self._ordered(node, names, outermost=outermost),
            self._limit(node),
        ]
        self._scopes.pop()
        if with_ is not None:
            self._named.pop()
        kinds = {name: one.kind for name, one in said}
        return (with_ or "") + " ".join(one for one in parts if one), kinds

    def _with(self, node: exp.Expr) -> str | None:
        with_ = node.args.get("with_")
        if with_ is None:
            return None
        _only(with_)
        named: dict[str, Mapping[str, str]] = {}
        self._named.append(named)
        parts = []
        for one in with_.expressions:
            _only(one)
            _only(one.args["alias"])
            if one.alias == ROWS:
                raise Untranslated("a WITH that hides the table")
            written, kinds = self._query(one.this)
            named[one.alias] = kinds
            parts.append(f"{self.name(one.alias)} AS ({written})")
        return f"WITH {', '.join(parts)} "

    def _from(self, node: exp.Select, scope: dict[str, Mapping[str, str]]) -> str:
        from_ = node.args.get("from_")
        if from_ is None:
            return ""
        written = f"FROM {self._source_of(from_.this, scope)}"
        for join in node.args.get("joins") or ():
            _only(join)
            kind = " ".join(str(join.args.get(one) or "") for one in ("side", "kind")).strip().upper()
            if kind not in {"", "INNER", "LEFT", "CROSS"}:
                raise Untranslated(f"{kind} JOIN")
            source = self._source_of(join.this, scope)
            on = join.args.get("on")
            written += f" {kind or ('INNER' if on is not None else 'CROSS')} JOIN {source}"
            written += "" if on is None else f" ON {self._condition(on)}"
        return written

    def _source_of(self, node: exp.Expr, scope: dict[str, Mapping[str, str]]) -> str:
        _only(node)
        alias = node.alias_or_name
        if isinstance(node, exp.Subquery):
            written, scope[alias] = self._query(node.this)
            return f"({written}) AS {self.name(alias)}"
        if not isinstance(node, exp.Table):
            raise Untranslated(type(node).__name__)
        for named in reversed(self._named):
            if node.name in named:
                scope[alias] = named[node.name]
                return f"{self.name(node.name)} AS {self.name(alias)}"
        if node.name != ROWS:
            raise Untranslated(f"the table {node.name}")
        scope[alias] = self._kinds
        return f"({self._source}) AS {self.name(alias)}"

    def _clause(self, node: exp.Select, part: str, word: str) -> str:
        clause = node.args.get(part)
        return "" if clause is None else f"{word} {self._condition(clause.this)}"

    def _condition(self, node: exp.Expr) -> str:
        said = self.say(node)
        if said.kind not in {"boolean", "null"}:
            raise Untranslated("a condition that is no boolean")
        return said.sql

    def _group(self, node: exp.Select) -> str:
        group = node.args.get("group")
        if group is None:
            return ""
        _only(group)
        if any(isinstance(one, exp.Literal) for one in group.expressions):
            raise Untranslated("GROUP BY a constant")
        return "GROUP BY " + ", ".join(self.say(one).sql for one in group.expressions)

    def _ordered(self, node: exp.Select, names: Mapping[str, str], *, outermost: bool) -> str:
        order = node.args.get("order")
        if order is not None:
            return self._order_by(order, names)
        grouped = node.args.get("group") or node.args.get("distinct") or any(map(_aggregates, node.expressions))
        if grouped or not (outermost or node.args.get("limit")):
            return ""
        # Rows of the table itself: DuckDB gives them in the order of the file, a database in none.
        from_ = node.args.get("from_")
        if not self._order or from_ is None or not isinstance(from_.this, exp.Table) or node.args.get("joins"):
            raise Untranslated("rows without an order")
        alias = self.name(from_.this.alias_or_name)
        return "ORDER BY " + ", ".join(f"{alias}.{self.name(one)} ASC NULLS LAST" for one in self._order)

    def _order_by(self, order: exp.Expr, names: Mapping[str, str] | None = None) -> str:
        _only(order)
        parts = []
        for one in order.expressions:
            if not isinstance(one, exp.Ordered):
                raise Untranslated("ORDER BY")
            _only(one)
            inner = one.this
            if isinstance(inner, exp.Literal | exp.Var):
                raise Untranslated("ORDER BY a constant")
            bare = isinstance(inner, exp.Column) and not inner.table
            said = (names or {}).get(inner.name) if bare else self.say(inner).sql
            if said is None:
                raise Untranslated(f"ORDER BY {inner.name}")
            nulls = "FIRST" if one.args.get("nulls_first") else "LAST"
            parts.append(f"{said} {'DESC' if one.args.get('desc') else 'ASC'} NULLS {nulls}")
        return f"ORDER BY {', '.join(parts)}"

    def _limit(self, node: exp.Select) -> str:
        limit = node.args.get("limit")
        if limit is None:
            return ""
        _only(limit)
        if not isinstance(limit.expression, exp.Literal):
            raise Untranslated("LIMIT")
        return f"LIMIT {int(limit.expression.this)}"

    # --- expressions ---

    def say(self, node: exp.Expr) -> Said:
        """The expression for this engine. Raises Untranslated."""
        name = type(node).__name__
        _only(node)
        if name in COMPARISONS:
            return self._comparison(node, COMPARISONS[name])
        if name in AGGREGATES:
            return self.aggregate(node, "")
        writer: Callable[[Any], Said] | None = getattr(self, f"say_{name.lower()}", None)
        if writer is None:
            raise Untranslated(name)
        return writer(node)

    def say_column(self, node: exp.Column) -> Said:
        """A column of one of the sources."""
        for scope in reversed(self._scopes):
            if node.name in scope.get(node.table, ()):
                return Said(f"{self.name(node.table)}.{self.name(node.name)}", scope[node.table][node.name])
        raise Untranslated(f"the column {node.name}")

    def say_paren(self, node: exp.Paren) -> Said:
        """What stands in brackets; everything is bracketed anyway."""
        return self.say(node.this)

    def say_subquery(self, node: exp.Subquery) -> Said:
        """A SELECT of one value."""
        if node.alias:
            raise Untranslated("a subquery with a name")
        written, kinds = self._query(node.this)
        [kind] = kinds.values()
        return Said(f"({written})", kind)

    def say_literal(self, node: exp.Literal) -> Said:
        """A number or a text."""
        told = str(node.this)
        if node.is_string:
            return Said(self.string(told), "text")
        if not re.fullmatch(r"\d*\.?\d*([eE][+-]?\d+)?", told) or len(told) > 18:  # noqa: PLR2004 - beyond BIGINT
            raise Untranslated("a long number")
        if "e" in told.lower():
            return self.number(float(told))
        return Said(told, "decimal" if "." in told else "integer")

    def say_boolean(self, node: exp.Boolean) -> Said:
        """TRUE or FALSE."""
        return Said("TRUE" if node.this else "FALSE", "boolean")

    def say_null(self, node: exp.Null) -> Said:
        """NULL."""
        del node
        return Said("NULL", "null")

    def say_neg(self, node: exp.Neg) -> Said:
        """The negative of a number."""
        inner = self._number(node.this)
        return Said(f"(- {inner.sql})", inner.kind)

    def say_exists(self, node: exp.Exists) -> Said:
        """Whether a SELECT gives any row."""
        return Said(f"(EXISTS ({self._query(node.this.unnest())[0]}))", "boolean")

    def say_not(self, node: exp.Not) -> Said:
        """NOT."""
        return Said(f"(NOT {self._condition(node.this)})", "boolean")

    def say_and(self, node: exp.And) -> Said:
        """Both, or more."""
        return Said("(" + " AND ".join(self._condition(one) for one in node.flatten()) + ")", "boolean")

    def say_or(self, node: exp.Or) -> Said:
        """One of them."""
        return Said("(" + " OR ".join(self._condition(one) for one in node.flatten()) + ")", "boolean")

    def say_is(self, node: exp.Is) -> Said:
        """IS NULL."""
        if not isinstance(node.expression, exp.Null):
            raise Untranslated("IS")
        return Said(f"({self.say(node.this).sql} IS NULL)", "boolean")

    def say_between(self, node: exp.Between) -> Said:
        """Between two bounds, both included."""
        low, high = (self._pair(node.this, node.args[part]) for part in ("low", "high"))
        return Said(f"({low[0].sql} >= {low[1].sql} AND {high[0].sql} <= {high[1].sql})", "boolean")

    def say_in(self, node: exp.In) -> Said:
        """One of a list, or of what a SELECT gives."""
        query = node.args.get("query")
        if query is not None:
            left, (written, kinds) = self.say(node.this), self._query(query.unnest())
            if [_family(left.kind)] != [_family(one) for one in kinds.values()]:
                raise Untranslated("IN over another kind")
            return Said(f"({left.sql} IN ({written}))", "boolean")
        pairs = [self._pair(node.this, one) for one in node.expressions]
        if not pairs:
            raise Untranslated("IN nothing")
        return Said(f"({pairs[0][0].sql} IN ({', '.join(right.sql for _, right in pairs)}))", "boolean")

    def _comparison(self, node: exp.Expr, sign: str) -> Said:
        left, right = self._pair(node.this, node.expression)
        return Said(f"({left.sql} {sign} {right.sql})", "boolean")

    def _pair(self, left: exp.Expr, right: exp.Expr) -> tuple[Said, Said]:
        """Two expressions that are compared: of one family, a written moment beside a time as that time."""
        one, other = self.say(left), self.say(right)
        one, other = self._moment(left, one, other), self._moment(right, other, one)
        one, other = self._single(left, one, other), self._single(right, other, one)
        families = {_family(one.kind), _family(other.kind)} - {"null"}
        if len(families) > 1:
            raise Untranslated("a comparison of different kinds")
        return one, other

    def _moment(self, node: exp.Expr, said: Said, beside: Said) -> Said:
        """A text beside a time means a moment."""
        if isinstance(node, exp.Literal) and node.is_string and beside.kind in {"date", "timestamp", "instant"}:
            return self.moment(str(node.this), beside.kind)
        return said

    def _single(self, node: exp.Expr, said: Said, beside: Said) -> Said:
        """A written number beside a FLOAT is rounded to one, as DuckDB does."""
        if beside.kind != "float" or said.kind not in {"integer", "decimal"}:
            return said
        value = _constant(node)
        if value is None:
            raise Untranslated("a FLOAT beside a number")
        return self.number(struct.unpack("f", struct.pack("f", value))[0])

    def say_case(self, node: exp.Case) -> Said:
        """CASE WHEN."""
        branches = [(self._condition(one.this), self.say(one.args["true"])) for one in node.args["ifs"]]
        default = node.args.get("default")
        otherwise = self.say(default) if default is not None else Said("NULL", "null")
        kind = _common([*(said.kind for _, said in branches), otherwise.kind])
        whens = " ".join(f"WHEN {condition} THEN {said.sql}" for condition, said in branches)
        return Said(f"(CASE {whens} ELSE {otherwise.sql} END)", kind)

    def say_if(self, node: exp.If) -> Said:
        """if(condition, this, that)."""
        return self.say_case(
            exp.Case(ifs=[exp.If(this=node.this, true=node.args["true"])], default=node.args.get("false"))
        )

    def say_coalesce(self, node: exp.Coalesce) -> Said:
        """The first that is not NULL."""
        return self._several("COALESCE", [node.this, *node.expressions])

    def say_greatest(self, node: exp.Greatest) -> Said:
        """The greatest; NULL is passed over."""
        return self._several("GREATEST", [node.this, *node.expressions])

    def say_least(self, node: exp.Least) -> Said:
        """The least; NULL is passed over."""
        return self._several("LEAST", [node.this, *node.expressions])

    def _several(self, function: str, nodes: Iterable[exp.Expr]) -> Said:
        said = [self.say(one) for one in nodes]
        kind = _common([one.kind for one in said])
        return Said(f"{function}({', '.join(one.sql for one in said)})", kind)

    def say_nullif(self, node: exp.Nullif) -> Said:
        """NULL where both are equal."""
        left, right = self._pair(node.this, node.expression)
        if left.kind not in {right.kind, "double"}:
            raise Untranslated("NULLIF")
        return Said(f"NULLIF({left.sql}, {right.sql})", left.kind)

    # --- numbers ---

    def _number(self, node: exp.Expr) -> Said:
        said = self.say(node)
        if said.kind not in NUMBERS or said.kind == "float":
            raise Untranslated("no number")
        return said

    def _arithmetic(self, node: exp.Expr, sign: str, kinds: frozenset[str]) -> Said:
        left, right = self._number(node.this), self._number(node.expression)
        kind = _common([left.kind, right.kind])
        if kind not in kinds:
            raise Untranslated(f"{sign} of {kind}")
        return Said(f"({left.sql} {sign} {right.sql})", kind)

    def say_add(self, node: exp.Add) -> Said:
        """The sum."""
        return self._arithmetic(node, "+", NUMBERS)

    def say_sub(self, node: exp.Sub) -> Said:
        """The difference."""
        return self._arithmetic(node, "-", NUMBERS)

    def say_mul(self, node: exp.Mul) -> Said:
        """The product; of decimals the scales differ between the engines."""
        return self._arithmetic(node, "*", frozenset({"integer", "double"}))

    def say_mod(self, node: exp.Mod) -> Said:
        """The remainder, with the sign of what is divided."""
        return self._arithmetic(node, "%", frozenset({"integer"}))

    def say_intdiv(self, node: exp.IntDiv) -> Said:
        """The whole quotient, cut towards nought."""
        left, right = self._number(node.this), self._number(node.expression)
        if {left.kind, right.kind} != {"integer"}:
            raise Untranslated("//")
        return self.whole_quotient(left.sql, right.sql)

    def say_div(self, node: exp.Div) -> Said:
        """The quotient, a DOUBLE; by nought it is infinite or no number."""
        left, right = (self._double(one) for one in (node.this, node.expression))
        if _constant(node.expression):
            return Said(f"({left} / {right})", "double")
        signed = f"({left} > 0) = (CAST({right} AS {self.text}) NOT LIKE '-%')"
        by_nought = (
            f"WHEN {left} IS NULL THEN NULL WHEN {left} = 0 OR {left} = {self.number(math.nan).sql} THEN "
            f"{self.number(math.nan).sql} WHEN {signed} THEN {self.number(math.inf).sql} "
            f"ELSE {self.number(-math.inf).sql}"
        )
        return Said(f"(CASE WHEN {right} = 0 THEN CASE {by_nought} END ELSE {left} / {right} END)", "double")

    def _double(self, node: exp.Expr) -> str:
        said = self.say(node)
        if said.kind not in NUMBERS:
            raise Untranslated("no number")
        return said.sql if said.kind in {"double", "float"} else f"CAST({said.sql} AS {self.double})"

    def say_abs(self, node: exp.Abs) -> Said:
        """Without its sign."""
        inner = self._number(node.this)
        return Said(f"ABS({inner.sql})", inner.kind)

    def say_floor(self, node: exp.Floor) -> Said:
        """The whole number below, as a DOUBLE."""
        return Said(f"CAST(FLOOR({self._double(node.this)}) AS {self.double})", "double")

    def say_ceil(self, node: exp.Ceil) -> Said:
        """The whole number above, as a DOUBLE."""
        return Said(f"CAST(CEIL({self._double(node.this)}) AS {self.double})", "double")

    def say_isnan(self, node: exp.IsNan) -> Said:
        """Whether it is no number."""
        return Said(f"({self._double(node.this)} = {self.number(math.nan).sql})", "boolean")

    def say_isinf(self, node: exp.IsInf) -> Said:
        """Whether it is infinite."""
        return Said(f"(ABS({self._double(node.this)}) = {self.number(math.inf).sql})", "boolean")

    def say_anonymous(self, node: exp.Anonymous) -> Said:
        """A function that sqlglot does not know."""
        if node.name.lower() == "isfinite" and len(node.expressions) == 1:
            return Said(f"(ABS({self._double(node.expressions[0])}) < {self.number(math.inf).sql})", "boolean")
        if node.name.lower() == "strlen" and len(node.expressions) == 1:
            return Said(f"CAST(OCTET_LENGTH({self._words(node.expressions[0])}) AS {self.bigint})", "integer")
        raise Untranslated(f"{node.name}()")

    def say_cast(self, node: exp.Cast) -> Said:
        """CAST, where the engines agree on what comes of it."""
        wanted = exp.DataType.build(node.to).sql(dialect="duckdb").upper()
        wanted = {"TEXT": "VARCHAR", "INT": "INTEGER", "REAL": "FLOAT", "TIMESTAMPTZ": "TIMESTAMP WITH TIME ZONE"}.get(
            wanted, wanted
        )
        wanted = {"INT128": "HUGEINT"}.get(wanted, wanted)
        if isinstance(node.this, exp.Literal) and node.this.is_string:
            return self._cast_text(str(node.this.this), wanted)
        said = self.say(node.this)
        match wanted:
            case "DOUBLE" if said.kind in NUMBERS:
                return Said(f"CAST({said.sql} AS {self.double})", "double")
            case "BIGINT" | "INTEGER" | "HUGEINT":
                return self._whole(said, wanted)
            case "VARCHAR":
                return self._text(said)
            case "BOOLEAN" if said.kind == "boolean":
                return said
            case "DATE" if said.kind in {"date", "timestamp"}:
                return Said(f"CAST({said.sql} AS DATE)", "date")
            case "TIMESTAMP" if said.kind in {"date", "timestamp"}:
                return Said(f"CAST({said.sql} AS {self.timestamp})", "timestamp")
        raise Untranslated(f"CAST of {said.kind} to {wanted}")

    def _cast_text(self, told: str, wanted: str) -> Said:
        match wanted:
            case "VARCHAR":
                return Said(self.string(told), "text")
            case "DOUBLE" if re.fullmatch(r"[+-]?(\d+\.?\d*([eE][+-]?\d{1,3})?|nan|inf|infinity)", told, re.IGNORECASE):
                return self.number(float(told))
            case "DATE":
                return self.moment(told, "date")
            case "TIMESTAMP":
                return self.moment(told, "timestamp")
            case "TIMESTAMP WITH TIME ZONE":
                return self.moment(told, "instant")
        raise Untranslated(f"CAST of a text to {wanted}")

    def _whole(self, said: Said, wanted: str) -> Said:
        if said.kind == "boolean":
            return Said(f"(CASE WHEN {said.sql} THEN 1 WHEN NOT {said.sql} THEN 0 END)", "integer")
        named = {"BIGINT": self.bigint, "INTEGER": "INTEGER", "HUGEINT": self.huge}[wanted]
        if said.kind == "integer":
            return Said(f"CAST({said.sql} AS {named})", "integer")
        raise Untranslated(f"CAST of {said.kind} to {wanted}")

    def _text(self, said: Said) -> Said:
        if said.kind == "boolean":
            return Said(f"(CASE WHEN {said.sql} THEN 'true' WHEN NOT {said.sql} THEN 'false' END)", "text")
        if said.kind not in {"integer", "date", "text"}:
            raise Untranslated(f"CAST of {said.kind} to VARCHAR")
        return Said(f"CAST({said.sql} AS {self.text})", "text")

    # --- texts ---

    def _words(self, node: exp.Expr) -> str:
        said = self.say(node)
        if said.kind not in {"text", "null"}:
            raise Untranslated("no text")
        return said.sql

    def say_length(self, node: exp.Length) -> Said:
        """The number of characters (code points)."""
        return Said(f"CAST(LENGTH({self._words(node.this)}) AS {self.bigint})", "integer")

    def say_md5(self, node: exp.MD5) -> Said:
        """The MD5 of the text's UTF-8 bytes, in hexadecimal."""
        return Said(f"MD5({self._words(node.this)})", "text")

    def say_substring(self, node: exp.Substring) -> Said:
        """Part of a text, from a written place on."""
        start, length = _constant(node.args["start"]), _constant(node.args.get("length"))
        if start is None or start < 1 or length is None or length < 0:
            raise Untranslated("substring")
        return Said(f"SUBSTRING({self._words(node.this)}, {int(start)}, {int(length)})", "text")

    def say_dpipe(self, node: exp.DPipe) -> Said:
        """Texts joined; NULL if one of them is."""
        return Said(f"({self._words(node.this)} || {self._words(node.expression)})", "text")

    def say_concat(self, node: exp.Concat) -> Said:
        """Texts joined; NULL is passed over."""
        parts = (f"COALESCE({self._words(one)}, '')" for one in node.expressions)
        return Said(f"({' || '.join(parts)})", "text")

    def say_startswith(self, node: exp.StartsWith) -> Said:
        """Whether the text begins so."""
        return self._like(node.this, node.expression, lambda told: f"{_plain(told)}%")

    def say_endswith(self, node: exp.EndsWith) -> Said:
        """Whether the text ends so."""
        return self._like(node.this, node.expression, lambda told: f"%{_plain(told)}")

    def say_contains(self, node: exp.Contains) -> Said:
        """Whether the text holds this."""
        return self._like(node.this, node.expression, lambda told: f"%{_plain(told)}%")

    def say_like(self, node: exp.Like) -> Said:
        """LIKE without an escape: in DuckDB a backslash is a backslash."""
        return self._like(node.this, node.expression, lambda told: like(told, None))

    def say_escape(self, node: exp.Escape) -> Said:
        """LIKE with an escape."""
        inner, sign = node.this, node.expression
        if not isinstance(inner, exp.Like) or not isinstance(sign, exp.Literal):
            raise Untranslated("ESCAPE")
        _only(inner)
        return self._like(inner.this, inner.expression, lambda told: like(told, str(sign.this) or None))

    def _like(self, node: exp.Expr, pattern: exp.Expr, write: Callable[[str], str | None]) -> Said:
        given = _letter(pattern) or (
            str(pattern.this) if isinstance(pattern, exp.Literal) and pattern.is_string else None
        )
        told = None if given is None else write(given)
        if told is None:
            raise Untranslated("a pattern that is not written out")
        return Said(f"({self._words(node)} LIKE {self.string(told)} ESCAPE {self.string(chr(92))})", "boolean")

    def say_regexplike(self, node: exp.RegexpLike) -> Said:
        """Whether the pattern is found anywhere."""
        return self._regular(node.this, node.expression, "{}")

    def say_regexpfullmatch(self, node: exp.RegexpFullMatch) -> Said:
        """Whether the pattern is the whole text."""
        return self._regular(node.this, node.expression, "^({})$")

    def _regular(self, node: exp.Expr, pattern: exp.Expr, frame: str) -> Said:
        if not isinstance(pattern, exp.Literal) or not pattern.is_string:
            raise Untranslated("a pattern that is not written out")
        written = regular(frame.format(pattern.this), end=self.end_of_text)
        if written is None:
            raise Untranslated("a regular expression whose meaning differs")
        return Said(f"({self._words(node)} {self.finds} {self.string(written)})", "boolean")

    # --- aggregates and windows ---

    def say_filter(self, node: exp.Filter) -> Said:
        """An aggregate over some of the rows."""
        return self.aggregate(node.this, f" FILTER (WHERE {self._condition(node.expression.this)})")

    def say_window(self, node: exp.Window) -> Said:
        """A function of the row's neighbours, in a written order."""
        if str(node.args.get("over") or "OVER").upper() != "OVER":
            raise Untranslated("a window with a name")
        parts = []
        if by := node.args.get("partition_by"):
            parts.append("PARTITION BY " + ", ".join(self.say(one).sql for one in by))
        order = node.args.get("order")
        if order is not None:
            parts.append(self._order_by(order))
        if node.args.get("spec") is not None:
            parts.append(_frame(node.args["spec"]))
        over = f" OVER ({' '.join(parts)})"
        return self._over(node.this, over, ordered=order is not None)

    def _over(self, inner: exp.Expr, over: str, *, ordered: bool) -> Said:
        if isinstance(inner, exp.Filter):
            return self.aggregate(inner.this, f" FILTER (WHERE {self._condition(inner.expression.this)}){over}")
        if type(inner).__name__ in AGGREGATES:
            return self.aggregate(inner, over)
        if not ordered:
            raise Untranslated("neighbours without an order")
        _only(inner)
        if isinstance(inner, exp.RowNumber):
            return Said(f"ROW_NUMBER(){over}", "integer")
        if isinstance(inner, exp.Lag | exp.Lead):
            offset = inner.args.get("offset")
            said, steps = self.say(inner.this), 1 if offset is None else _constant(offset)
            if steps is None:
                raise Untranslated("lag")
            return Said(f"{type(inner).__name__.upper()}({said.sql}, {int(steps)}){over}", said.kind)
        raise Untranslated(type(inner).__name__)

    def aggregate(self, node: exp.Expr, suffix: str) -> Said:
        """The aggregate, with its FILTER and OVER."""
        name = type(node).__name__
        _only(node)
        match name:
            case "Count":
                return self._count(node, suffix)
            case "CountIf":
                return Said(f"COUNT(CASE WHEN {self._condition(node.this)} THEN 1 END){suffix}", "integer")
            case "Sum":
                return self._sum(node, suffix)
            case "Avg":
                said = self._number(node.this) if not isinstance(node.this, exp.Column) else self.say(node.this)
                if said.kind not in NUMBERS:
                    raise Untranslated("avg of no number")
                return Said(f"CAST(AVG({said.sql}){suffix} AS {self.double})", "double")
            case "Min" | "Max":
                return self._extreme(node, name, suffix)
            case "LogicalAnd" | "LogicalOr":
                function = "BOOL_AND" if name == "LogicalAnd" else "BOOL_OR"
                return Said(f"{function}({self._condition(node.this)}){suffix}", "boolean")
            case "Median" | "PercentileCont" | "PercentileDisc" | "Quantile":
                return self._quantile(node, name, suffix)
        return Said(f"{SPREADS[name]}({self._double(node.this)}){suffix}", "double")

    def _count(self, node: exp.Expr, suffix: str) -> Said:
        inner = node.this
        if inner is None or isinstance(inner, exp.Star):
            return Said(f"COUNT(*){suffix}", "integer")
        if isinstance(inner, exp.Distinct):
            _only(inner)
            [one] = inner.expressions if len(inner.expressions) == 1 else [None]
            if one is None or isinstance(one, exp.Tuple):
                raise Untranslated("count of distinct rows")
            return Said(f"COUNT(DISTINCT {self.say(one).sql}){suffix}", "integer")
        return Said(f"COUNT({self.say(inner).sql}){suffix}", "integer")

    def _sum(self, node: exp.Expr, suffix: str) -> Said:
        said = self.say(node.this)
        if said.kind == "boolean":
            said = self._whole(said, "BIGINT")
        if said.kind == "integer":
            return Said(f"SUM(CAST({said.sql} AS {self.huge})){suffix}", "integer")
        if said.kind not in NUMBERS:
            raise Untranslated(f"sum of {said.kind}")
        return Said(f"SUM({said.sql}){suffix}", "double" if said.kind == "float" else said.kind)

    def _extreme(self, node: exp.Expr, name: str, suffix: str) -> Said:
        said = self.say(node.this)
        if said.kind == "boolean":
            return Said(f"{'BOOL_AND' if name == 'Min' else 'BOOL_OR'}({said.sql}){suffix}", "boolean")
        return Said(f"{name.upper()}({said.sql}){suffix}", said.kind)

    def _quantile(self, node: exp.Expr, name: str, suffix: str) -> Said:
        share = 0.5 if name == "Median" else _constant(node.args.get("expression") or node.args.get("quantile"))
        said = self.say(node.this)
        discrete = name in {"PercentileDisc", "Quantile"}
        if share is None or not 0 <= share <= 1 or said.kind not in {"integer", "double"}:
            raise Untranslated("a quantile")
        if discrete and said.kind not in self.discrete:
            raise Untranslated("a quantile")
        value = said.sql if discrete else self._double(node.this)
        function = "PERCENTILE_DISC" if discrete else "PERCENTILE_CONT"
        written = f"{function}({share!r}) WITHIN GROUP (ORDER BY {value}){suffix}"
        return Said(written, said.kind if discrete else "double")

    # --- what each engine says in its own way ---

    finds: ClassVar[str]
    end_of_text: ClassVar[str]
    discrete: ClassVar[frozenset[str]]

    def name(self, name: str) -> str:
        """The name as an identifier."""
        raise NotImplementedError

    def string(self, told: str) -> str:
        """The text as a literal."""
        raise NotImplementedError

    def number(self, value: float) -> Said:
        """The very same DOUBLE."""
        told = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}.get(repr(value), repr(value))
        return Said(f"CAST('{told}' AS {self.double})", "double")

    def moment(self, told: str, kind: str) -> Said:
        """The written moment as a literal of its kind."""
        pattern = ZONED if kind == "instant" else MOMENT
        try:
            if not pattern.fullmatch(told) or (kind == "date" and date.fromisoformat(told) is None):
                raise Untranslated("a moment")
            datetime.fromisoformat(told)
        except ValueError as error:
            raise Untranslated("a moment") from error
        named = {"date": "DATE", "timestamp": self.timestamp, "instant": self.instant}[kind]
        return Said(f"CAST({self.string(told)} AS {named})", kind)

    def whole_quotient(self, left: str, right: str) -> Said:
        """The quotient of two whole numbers, cut towards nought."""
        raise NotImplementedError

    def _typed(self, said: Said) -> str:
        """A column of a SELECT; a bare text has a type of its own."""
        return f"CAST({said.sql} AS {self.text})" if said.kind == "text" and said.sql.startswith("'") else said.sql


class PostgreSQL(Writer):
    """For PostgreSQL. Texts are compared by their bytes: the source's columns have the collation "C"."""

    double = "double precision"
    text = "text"
    bigint = "bigint"
    huge = "numeric(38, 0)"
    timestamp = "timestamp"
    instant = "timestamp with time zone"
    finds = "~"
    end_of_text = "$"
    discrete = frozenset({"integer", "double"})

    def name(self, name: str) -> str:
        """The name as an identifier."""
        return '"' + name.replace('"', '""') + '"'

    def string(self, told: str) -> str:
        """The text as a literal."""
        return "'" + told.replace("'", "''") + "'"

    def whole_quotient(self, left: str, right: str) -> Said:
        """The quotient of two whole numbers, cut towards nought."""
        return Said(f"TRUNC(CAST({left} AS numeric) / CAST({right} AS numeric))", "integer")


class Spark(Writer):
    """For Spark, in ANSI mode."""

    double = "DOUBLE"
    text = "STRING"
    bigint = "BIGINT"
    huge = "DECIMAL(38, 0)"
    timestamp = "TIMESTAMP_NTZ"
    instant = "TIMESTAMP"
    finds = "RLIKE"
    end_of_text = "\\z"
    discrete = frozenset({"double"})  # whole numbers come back as DOUBLE, beyond 2^53 changed

    def name(self, name: str) -> str:
        """The name as an identifier."""
        return "`" + name.replace("`", "``") + "`"

    def string(self, told: str) -> str:
        """The text as a literal."""
        escaped = told.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
        return f"'{escaped}'"

    def whole_quotient(self, left: str, right: str) -> Said:
        """The quotient of two whole numbers, cut towards nought."""
        return Said(f"({left} DIV {right})", "integer")


COMPARISONS = {
    "EQ": "=",
    "NEQ": "<>",
    "LT": "<",
    "LTE": "<=",
    "GT": ">",
    "GTE": ">=",
    "NullSafeEQ": "IS NOT DISTINCT FROM",
    "NullSafeNEQ": "IS DISTINCT FROM",
}
SPREADS = {
    "Stddev": "STDDEV_SAMP",
    "StddevSamp": "STDDEV_SAMP",
    "StddevPop": "STDDEV_POP",
    "Variance": "VAR_SAMP",
    "VariancePop": "VAR_POP",
}
AGGREGATES = frozenset(SPREADS) | {
    "Count",
    "CountIf",
    "Sum",
    "Avg",
    "Min",
    "Max",
    "LogicalAnd",
    "LogicalOr",
    "Median",
    "PercentileCont",
    "PercentileDisc",
    "Quantile",
}


def _only(node: exp.Expr, parts: str | None = None) -> None:
    """Raise Untranslated when the node carries more than this module reads."""
    name = type(node).__name__
    known = (PARTS.get(name, DEFAULT_PARTS) if parts is None else parts).split()
    if beyond := [part for part, value in node.args.items() if value not in (None, False, []) and part not in known]:
        raise Untranslated(f"{name}: {beyond[0]}")


def _aggregates(node: exp.Expr) -> bool:
    inner = node.unalias()
    return any(type(one).__name__ in AGGREGATES and not isinstance(one.parent, exp.Window) for one in inner.walk())


def _family(kind: str) -> str:
    if kind in NUMBERS:
        return "number"
    return "time" if kind in {"date", "timestamp"} else kind


def _common(kinds: Sequence[str]) -> str:
    """The kind that values of these kinds have together, as in DuckDB. Raises Untranslated when it is not sure."""
    different = set(kinds) - {"null"}
    if len(different) <= 1:
        return next(iter(different), "null")
    if different <= NUMBERS - {"float"}:
        return "double" if "double" in different else "decimal"
    raise Untranslated("different kinds in one place")


def _constant(node: exp.Expr | None) -> float | None:
    """The number that is written there; None when it is none."""
    if isinstance(node, exp.Paren):
        return _constant(node.this)
    if isinstance(node, exp.Neg):
        inner = _constant(node.this)
        return None if inner is None else -inner
    if isinstance(node, exp.Literal) and not node.is_string:
        return float(node.this)
    return None


def _letter(node: exp.Expr) -> str | None:
    """chr(10) and its like."""
    code = _constant(node.expressions[0]) if isinstance(node, exp.Chr) and len(node.expressions) == 1 else None
    return None if code is None or not 0 < code < 128 else chr(int(code))  # noqa: PLR2004 - ASCII


def _plain(told: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", told)


def _frame(spec: exp.Expr) -> str:
    """ROWS BETWEEN ... AND ..."""
    _only(spec)
    told = {part: spec.args.get(part) for part in ("kind", "start", "start_side", "end", "end_side")}
    if str(told["kind"]).upper() != "ROWS":
        raise Untranslated("RANGE")

    def side(which: str) -> str:
        edge, direction = told[which], str(told[f"{which}_side"] or "").upper()
        if str(edge).upper() == "CURRENT ROW":
            return "CURRENT ROW"
        if str(edge).upper() == "UNBOUNDED":
            return f"UNBOUNDED {direction}"
        steps = _constant(edge) if isinstance(edge, exp.Expr) else None
        if steps is None:
            raise Untranslated("a frame")
        return f"{int(steps)} {direction}"

    return f"ROWS BETWEEN {side('start')} AND {side('end') if told['end'] else 'CURRENT ROW'}"
