"""The test set is large enough to show each criterion.

## Why
"At most 5 in 100 are missed" cannot be shown on twenty cases: even with none missed, up to 14 in 100 remain possible.
Whoever notices that at the end has a model, a test set that is used up, and no answer. How many cases a claim needs can
be computed before the first one is collected.

## How it is measured
For each criterion whose metric is computed from rows: how many rows make the one-sided bound at `level` (0.95) clear
the criterion's limit with probability `power` (0.8), if the truth is what is expected? What is expected stands in the
setting `expected` by the criterion's id; without it, half of the error that the limit permits (limit 0.90: expected
0.95). Rows that count are those the metric looks at: of the positive class for recall, all for accuracy. Formulas:
- shares (accuracy, recall, specificity, false rates, within_tolerance; precision, taking as many alarms as positive
  cases; f1, over the rows that are positive in truth or prediction; the median error as the share of rows below the
  limit): exact binomial, the least number from which on the power holds.
- roc_auc: Hanley and McNeil's standard error at limit and at what is expected.
- balanced_accuracy, recall_macro: every class's recall taken as equal, normal distribution.
- expected_cost: the widest spread that costs between zero and the dearest error can have (Bhatia and Davis).
- brier_score, log_loss, mean absolute, percentage and root mean squared error, r2: normal distribution, with the spread
  of the errors that a linear model makes under cross-validation on the table `table` (`raw`), scaled to what is
  expected.
- all else: the bootstrap error of that linear model's score, which falls with the root of the rows.

Rows that are planned: the setting `planned_rows` (with the classes' shares of `table`), otherwise the rows of the table
`test_table`. Where `data.group` holds rows together, groups are counted in place of rows.
- `planned_per_needed`: planned by needed, for each criterion; at least 1, for that is the meaning of "enough".
- `beyond_showing` (none): limits on the border of what the metric can be, such as a recall of 1: no number shows them.
- `not_planned` (none, a warning only): criteria for which nothing could be computed, and why.

To show an accuracy above 0.97 where 0.98, 0.985 or 0.99 is true, the usual formula of the normal distribution asks for
1,588, 652 and 332 rows; the exact one asks for 1,692, 726 and 392, because exact bounds are a little wider.

The first look at the test set is held at 97.5 % (see `criteria_are_met`), later ones higher; the table tells what that
needs, so that who can collect more knows how many.

## How to mend it
Collect or set apart more test rows, of the class that is short; or state what is truly expected under `expected`, with
its reason in the document of the success criteria; or agree with the criterion's owner on a limit that can be shown.

## Source
CRISP-ML(Q) §3.1.2, pp. 396-397 (measurable criteria), §3.4, p. 403 (a test set of sufficient size). Chernick & Liu,
American Statistician 56 (2002); Hanley & McNeil, Radiology 143 (1982); Fleiss, Levin & Paik (2003), section 2.2.

## What it cannot see
Whether what is expected will come true. Whether the rows are like those met in use. How alike the rows of one group
are: groups are counted as one case each, which asks for more than needed where rows of a group differ much. Slices: a
claim about a small group of people needs as many rows of that group alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import isfinite
from typing import TYPE_CHECKING, Any, TypeAlias

from crispq import (
    Chart,
    Estimate,
    Evidence,
    Example,
    Finding,
    Findings,
    Measurement,
    NotMeasurable,
    Requirement,
    Table,
    at_least,
    check,
    hint,
    metrics,
    missing,
    none,
    not_applicable,
)
from crispq_checks import criteria

if TYPE_CHECKING:
    from crispq_checks.refits import Trial

#: The first of several looks at a test set is held at this level by `criteria_are_met`.
FIRST_LOOK = 0.975
#: From how many rows the linear model's errors are told.
MOST_ROWS = 5_000

Counts: TypeAlias = Mapping[Any, int]
#: limit, expected, confidence -> cases
Formula: TypeAlias = Callable[[float, float, float], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Need:
    """How many cases of which kind a criterion needs; per_row: how many such cases a row brings on average."""

    formula: Formula
    words: str
    kind: str = "rows"
    per_row: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Planned:
    """A criterion, and the cases it needs and has."""

    one: Requirement
    limit: float
    expected: float
    needed: int
    first_look: int
    have: float
    kind: str
    words: str

    @property
    def ratio(self) -> float:
        return self.have / self.needed

    @property
    def told(self) -> str:
        return (
            f"{self.one.id}: showing {criteria.demand(self.one)} when the truth is {self.expected:.4g} needs "
            f"{self.needed:,} {self.kind}, {self.have:,.0f} are planned"
        )


@check(
    task="success_criteria",
    catalogue=("BU2-C5",),
    risks=("R06", "R02"),
    limits={"planned_per_needed": at_least(1), "beyond_showing": none(), "not_planned": none(warn=True)},
    tier="standard",
    seconds=300,
)
def criteria_are_testable(  # noqa: PLR0913 - each word is one setting
    evidence: Evidence,
    *,
    expected: dict[str, float] | None = None,
    planned_rows: int | None = None,
    test_table: str = "test",
    table: str = "raw",
    level: float = 0.95,
    power: float = 0.8,
) -> Measurement:
    """Hold the test rows that are planned against those that each criterion needs."""
    if evidence.task == "other":
        return not_applicable("how many rows show a criterion is known for classification and regression only")
    chosen = criteria.on_rows(evidence)
    if not chosen:
        message = "no criterion names a metric that rows of data can answer, and a limit; state one"
        return missing(message, path=evidence.phase_file)
    _check_settings(expected or {}, chosen, level, power)
    facts = _Facts(evidence=evidence, table=table, test_table=test_table, planned_rows=planned_rows)
    asked = {one.id: _expected(one, expected or {}) for one in chosen}
    border = [one for one in chosen if asked[one.id] is not None and asked[one.id] == _side(one, asked[one.id])]
    plans, reasons = _plans([one for one in chosen if one not in border], asked, facts, level, power)
    if not plans and not border:
        raise NotMeasurable(f"no criterion could be planned for: {'; '.join(one.message for one in reasons)}")
    return _measurement(plans, border, reasons, level)


def _check_settings(expected: Mapping[str, Any], chosen: tuple[Requirement, ...], level: float, power: float) -> None:
    ids = [one.id for one in chosen]
    for name, value in expected.items():
        if name not in ids:
            raise NotMeasurable(f"the setting expected names {name!r}, no criterion on rows of data{hint(name, ids)}")
        one = chosen[ids.index(name)]
        if not isinstance(value, int | float) or isinstance(value, bool) or not criteria.admits(one, value):
            raise NotMeasurable(
                f"the setting expected says {value!r} for {name}, which its own limit ({criteria.demand(one)}) refuses"
            )
    if not (0.5 < level < 1 and 0.5 <= power < 1):  # noqa: PLR2004 - the better half
        raise NotMeasurable(f"a level of {level:g} and a power of {power:g} make no sense here; both lie above a half")


def _expected(one: Requirement, stated: Mapping[str, float]) -> float | None:
    """What is expected: as stated, else half of the error that the limit permits; None where that is not defined."""
    if one.id in stated:
        return float(stated[one.id])
    low, high = criteria.bounds(one)
    if isfinite(low) and isfinite(high):
        return (low + high) / 2
    metric = metrics()[str(one.metric)]
    best = metric.high if isfinite(low) else metric.low
    if best is None:
        return None
    return ((low if isfinite(low) else high) + best) / 2


def _side(one: Requirement, expected: float | None) -> float | None:
    """The edge of the limit that lies nearest to what is expected."""
    edges = [edge for edge in criteria.bounds(one) if isfinite(edge)]
    return None if expected is None else min(edges, key=lambda edge: abs(edge - expected))


def _plans(
    chosen: list[Requirement], asked: Mapping[str, float | None], facts: _Facts, level: float, power: float
) -> tuple[list[_Planned], list[Finding]]:
    plans, reasons = [], []
    for one in chosen:
        try:
            plans.append(_plan(one, asked[one.id], facts, level, power))
        except NotMeasurable as reason:
            message = f"{one.id} ({one.metric}) could not be planned for: {reason}"
            reasons.append(Finding(message=message, path=one.place.path, line=one.place.line))
    return plans, reasons


def _plan(one: Requirement, expected: float | None, facts: _Facts, level: float, power: float) -> _Planned:
    edge = _side(one, expected)
    if expected is None or edge is None:
        raise NotMeasurable(f"{one.metric} has no best value; say under expected what is expected")
    need = _need(one, facts, expected, power)
    needed, first_look = (need.formula(edge, expected, each) for each in (level, max(level, FIRST_LOOK)))
    return _Planned(
        one=one,
        limit=edge,
        expected=expected,
        needed=needed,
        first_look=first_look,
        have=facts.planned(need.kind) * need.per_row,
        kind=need.kind if need.per_row == 1 else "cases among its rows",
        words=need.words,
    )


# --- what a metric needs -------------------------------------------------------------------------


def _need(one: Requirement, facts: _Facts, expected: float, power: float) -> _Need:
    from crispq_checks.statistics import planning

    def exactly(limit: float, truth: float, level: float) -> int:
        return planning.proportion_exactly(limit, truth, level=level, power=power)

    metric = str(one.metric)
    match metric:
        case "accuracy" | "within_tolerance":
            return _Need(formula=exactly, words="exact binomial")
        case "recall" | "false_negative_rate":
            return _Need(formula=exactly, words="exact binomial", kind=POSITIVE)
        case "specificity" | "false_positive_rate":
            return _Need(formula=exactly, words="exact binomial", kind=NEGATIVE)
        case "precision":
            return _Need(formula=exactly, words="exact binomial, as many alarms as positive rows", kind=POSITIVE)
        case "f1":
            return _of_f1(exactly, expected)
        case "roc_auc":
            share = facts.share_of_positives

            def area(limit: float, truth: float, level: float) -> int:
                return planning.area_cases(limit, truth, share, level=level, power=power)

            return _Need(formula=area, words="Hanley and McNeil")
        case "balanced_accuracy" | "recall_macro" | "expected_cost":
            deviation = _recalls(facts) if metric != "expected_cost" else _costs(one)
            return _Need(formula=_by_normal(deviation, power), words="normal distribution")
        case _:
            return _of_errors(one, facts, exactly, power)


def _by_normal(deviation: Callable[[float], float], power: float) -> Formula:
    from crispq_checks.statistics import planning

    def cases(limit: float, expected: float, level: float) -> int:
        return planning.for_deviations(limit, expected, deviation(limit), deviation(expected), level=level, power=power)

    return cases


def _of_f1(exactly: Formula, expected: float) -> _Need:
    """F1 = 2 J / (1 + J), J the share of found rows among those positive on either side: 2 / (1 + J) per positive."""

    def overlap(f1: float) -> float:
        return f1 / (2 - f1)

    def formula(limit: float, truth: float, level: float) -> int:
        return exactly(overlap(limit), overlap(truth), level)

    per_row = 2 / (1 + overlap(expected))
    return _Need(formula=formula, words="exact binomial on the overlap", kind=POSITIVE, per_row=per_row)


def _recalls(facts: _Facts) -> Callable[[float], float]:
    from crispq_checks.statistics import planning

    weights = list(facts.shares.values())
    return lambda recall: planning.mean_of_shares_deviation([recall] * len(weights), weights)


def _costs(one: Requirement) -> Callable[[float], float]:
    from crispq_checks.statistics import planning

    dearest = float(max(one.parameters.values()))
    return lambda cost: planning.bounded_deviation(cost, dearest)


def _of_errors(one: Requirement, facts: _Facts, exactly: Formula, power: float) -> _Need:
    """What the errors of a linear model say about the spread of this metric."""
    import numpy as np

    metric, errors = str(one.metric), facts.errors
    words = "normal distribution, spread of a linear model's errors"
    if metric == "median_absolute_error":
        sizes = np.abs(errors.differences)
        middle = float(np.median(sizes)) or 1.0

        def below(limit: float, expected: float, level: float) -> int:
            return exactly(0.5, float(np.mean(sizes * (expected / middle) <= limit)), level)

        return _Need(formula=below, words="exact binomial on the rows below the limit")
    if metric == "root_mean_squared_error":
        squares = _scaled(errors.differences**2)

        def rooted(limit: float, expected: float, level: float) -> int:
            return _by_normal(squares, power)(limit**2, expected**2, level)

        return _Need(formula=rooted, words=words)
    return _Need(formula=_by_normal(_deviation(one, errors), power), words=words)


def _deviation(one: Requirement, errors: _Errors) -> Callable[[float], float]:
    import numpy as np

    match one.metric:
        case "mean_absolute_error":
            return _scaled(np.abs(errors.differences))
        case "mean_absolute_percentage_error":
            if not errors.truth.all():
                raise NotMeasurable("some true values are zero, and a percentage of them is undefined")
            return _scaled(np.abs(errors.differences / errors.truth))
        case "r2":
            return _explained(errors.truth, errors.differences)
        case "brier_score" | "log_loss":
            return _rarer(errors.losses(one))
        case _:
            deviation = errors.bootstrapped(one)
            return lambda _: deviation


def _scaled(sizes: Any) -> Callable[[float], float]:
    """Errors of the same shape, all larger or smaller: the deviation grows with the mean."""
    mean, deviation = float(sizes.mean()), float(sizes.std())
    if mean == 0:
        raise NotMeasurable("a linear model makes no error at all on these rows; look for a leak")
    return lambda wanted: deviation * wanted / mean


def _rarer(losses: Any) -> Callable[[float], float]:
    """Losses of the same size, more or fewer of them: the mean square grows with the mean."""
    mean = float(losses.mean())
    if mean == 0:
        raise NotMeasurable("a linear model makes no error at all on these rows; look for a leak")
    size = float((losses**2).mean()) / mean
    return lambda wanted: float(max(0.0, wanted * size - wanted**2) ** 0.5)


def _explained(truth: Any, differences: Any) -> Callable[[float], float]:
    """R squared by its influence function: (-e^2 + (1 - R^2)(y - mean)^2) / variance, errors scaled to that R^2."""
    spread = (truth - truth.mean()) ** 2
    variance, unexplained = float(spread.mean()), float((differences**2).mean())
    if variance == 0 or unexplained == 0:
        raise NotMeasurable("R squared is undefined on these rows: the target or the errors do not vary")

    def deviation(wanted: float) -> float:
        scale = (1 - wanted) * variance / unexplained
        return float(((-scale * differences**2 + (1 - wanted) * spread) / variance).std())

    return deviation


# --- what the project has ------------------------------------------------------------------------

POSITIVE, NEGATIVE, ROWS = "rows of the positive class", "rows of the negative class", "rows"


@dataclass(frozen=True, kw_only=True)
class _Facts:
    """What is planned, and what the rows at hand say; computed when it is asked."""

    evidence: Evidence
    table: str
    test_table: str
    planned_rows: int | None

    def planned(self, kind: str) -> float:
        """The cases of this kind in the test set."""
        counts = self._planned_counts
        if kind == ROWS:
            return counts[None]
        positive = self.positive
        inside = sum(count for label, count in counts.items() if label is not None and label == positive)
        return inside if kind == POSITIVE else sum(n for label, n in counts.items() if label is not None) - inside

    @cached_property
    def _planned_counts(self) -> Mapping[Any, float]:
        """Cases by class, and under None all of them."""
        if self.planned_rows is None:
            return self._counts_of(self.test_table)
        if self.planned_rows < 1:
            raise NotMeasurable(f"planned_rows is {self.planned_rows}; at least one row must be planned")
        return {label: share * self.planned_rows for label, share in self.shares.items()} | {None: self.planned_rows}

    def _counts_of(self, table: str) -> Mapping[Any, float]:
        target, group = criteria.names_target(self.evidence), self.evidence.data.group
        source = self.evidence.table(table)
        if absent := [name for name in (target, group) if name is not None and name not in source.columns]:
            raise NotMeasurable(f"the table {table!r} has no column {absent[0]!r}{hint(absent[0], source.columns)}")
        label, unit = _quoted(target), "*" if group is None else f"DISTINCT {_quoted(group)}"
        where = f"FROM rows WHERE {label} IS NOT NULL"
        everything = {None: source.query(f"SELECT count({unit}) {where}")[0][0]}
        if self.evidence.task == "regression":
            return everything
        return dict(source.query(f"SELECT {label}, count({unit}) {where} GROUP BY 1")) | everything

    @cached_property
    def shares(self) -> Mapping[Any, float]:
        """The share of each class in the table at hand."""
        counts = {label: n for label, n in self._counts_of(self.table).items() if label is not None}
        return {label: n / sum(counts.values()) for label, n in counts.items()}

    @cached_property
    def positive(self) -> Any:
        """The positive class."""
        named = self.evidence.data.positive
        if named is None and not set(self.shares) <= {0, 1}:
            raise NotMeasurable("data.positive does not say which class is the positive one")
        return 1 if named is None else named

    @cached_property
    def share_of_positives(self) -> float:
        """The share of the positive class in the table at hand."""
        share = sum(share for label, share in self.shares.items() if label == self.positive)
        if not 0 < share < 1:
            raise NotMeasurable(f"the table {self.table!r} does not hold rows of both classes")
        return share

    @cached_property
    def errors(self) -> _Errors:
        """What a linear model answers under cross-validation on the rows at hand."""
        from crispq_checks import refits, sketches

        evidence = self.evidence
        columns = [name for name in evidence.table(self.table).columns if name not in evidence.data.not_features]
        if not columns:
            raise NotMeasurable(f"the table {self.table!r} has no feature to tell errors from")
        data = criteria.labelled(evidence, self.table, features=tuple(columns), most=MOST_ROWS)
        data = replace(data, features=refits.plain(data.features))
        trial = sketches.trial(data, evidence.task, splits=5, repeats=1, seed=0)
        return _Errors(trial=trial, positive=evidence.data.positive)


@dataclass(frozen=True, kw_only=True)
class _Errors:
    """A linear model's answers to the rows that it was not fitted on."""

    trial: Trial
    positive: Any

    @cached_property
    def answers(self) -> Any:
        """The answers of all folds as one."""
        import numpy as np

        from crispq_checks import refits, sketches

        parts = list(self.trial.answers(sketches.floor(self.trial.data, self.trial.classes)))
        told = [one.probability for one in parts if one.probability is not None]
        return refits.Answers(
            rows=np.concatenate([one.rows for one in parts]),
            prediction=np.concatenate([one.prediction for one in parts]),
            probability=np.concatenate(told) if told else None,
        )

    @cached_property
    def truth(self) -> Any:
        """The true values, in the order of the answers."""
        return self.trial.data.target[self.answers.rows]

    @cached_property
    def differences(self) -> Any:
        """Prediction minus truth."""
        return self.answers.prediction - self.truth

    def losses(self, one: Requirement) -> Any:
        """Each row's share in the mean: the squared error of the probability, or its surprise."""
        import numpy as np

        classes, told = self.trial.classes or (), self.answers.probability
        right = np.asarray([classes.index(label) for label in self.truth.tolist()])
        of_truth = told[np.arange(len(told)), right]
        return (1 - of_truth) ** 2 if one.metric == "brier_score" else -np.log(np.clip(of_truth, 1e-15, 1))

    def bootstrapped(self, one: Requirement) -> float:
        """The width of the linear model's own bounds as a deviation: margin / z times the root of the rows."""
        from scipy import stats

        from crispq_checks import refits
        from crispq_checks.statistics.scoring import score_estimate

        question = refits.Question(metric=str(one.metric), parameters=dict(one.parameters), positive=self.positive)
        estimate = score_estimate(
            question.metric,
            self.truth,
            self.answers.prediction,
            refits.probability_for(question, self.answers, self.trial.classes),
            positive=question.positive,
            classes=self.trial.classes,
            parameters=question.parameters,
            resamples=400,
        )
        width = float((estimate.high or 0.0) - (estimate.low or 0.0)) / 2
        return width / float(stats.norm.ppf(0.95)) * float(len(self.truth) ** 0.5)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


# --- what is told --------------------------------------------------------------------------------


def _measurement(plans: list[_Planned], border: list[Requirement], reasons: list[Finding], level: float) -> Measurement:
    short = [one for one in plans if one.ratio < 1]
    values: dict[str, Any] = {
        "planned_per_needed": {one.one.id: Estimate(value=one.ratio, n=int(one.have)) for one in plans},
        "beyond_showing": Findings(examined=len(plans) + len(border), items=tuple(_beyond(border))),
        "not_planned": Findings(examined=len(plans) + len(border) + len(reasons), items=tuple(reasons)),
        "shortfalls": Findings(examined=len(plans), items=tuple(_shortfalls(short))),
    }
    if not plans:
        values["planned_per_needed"] = {one.id: Estimate(value=0.0) for one in border}
    enough = f"the planned rows are enough for {len(plans) - len(short)} of {len(plans) + len(border)} criteria"
    narrow = min(plans, key=lambda one: one.ratio, default=None)
    return Measurement(
        values=values,
        summary=f"{enough}; the narrowest is {narrow.told}" if narrow else enough,
        tables=(_table(plans, level),),
        charts=(_chart(plans),) * bool(plans),
    )


def _beyond(border: list[Requirement]) -> Iterator[Finding]:
    for one in border:
        message = (
            f"{one.id} demands {criteria.demand(one)}, and no more than that is expected: no number of rows can show "
            "what lies on its limit; leave room for an error"
        )
        yield Finding(message=message, path=one.place.path, line=one.place.line)


def _shortfalls(short: list[_Planned]) -> Iterator[Finding]:
    for one in short:
        message = f"{one.told}; plan for more, or say under expected what is truly expected"
        yield Finding(message=message, path=one.one.place.path, line=one.one.place.line)


def _table(plans: list[_Planned], level: float) -> Table:
    rows = tuple(
        (one.one.id, one.one.metric, one.limit, one.expected, one.needed, one.first_look, one.have, one.kind, one.words)
        for one in plans
    )
    columns = (
        "criterion",
        "metric",
        "limit",
        "expected",
        f"needed at {level:g}",
        f"needed at {max(level, FIRST_LOOK):g} (first look)",
        "planned",
        "which count",
        "formula",
    )
    return Table(title="Rows that each criterion needs", columns=columns, rows=rows)


def _chart(plans: list[_Planned]) -> Chart:
    values = [{"criterion": one.one.id, "ratio": round(min(one.ratio, 20.0), 4)} for one in plans[:30]]
    narrow = min(plans, key=lambda one: one.ratio)
    spec: dict[str, Any] = {
        "width": 420,
        "data": {"values": values},
        "layer": [
            {
                "mark": "bar",
                "encoding": {
                    "x": {"field": "ratio", "type": "quantitative", "title": "planned by needed (bars end at 20)"},
                    "y": {"field": "criterion", "type": "nominal", "title": None},
                },
            },
            {"mark": {"type": "rule", "strokeDash": [4, 4]}, "encoding": {"x": {"datum": 1}}},
        ],
    }
    return Chart(
        title="Planned test rows by those needed",
        description=(
            f"Bars show planned by needed rows of {len(values)} criteria; "
            f"{narrow.one.id} has the least, {narrow.ratio:.2f} of what it needs."
        ),
        spec=spec,
    )


# --- examples ------------------------------------------------------------------------------------

_PATH = "1_business_and_data_understanding/phase.yaml"
_N = 400
_SICK = [int(row % 4 == 0) for row in range(_N)]
_MARKER = [one + (53 * row * row % 101) / 60 for row, one in enumerate(_SICK)]
_ROWS = {"id": list(range(_N)), "marker": _MARKER, "sick": _SICK}
_DATA = {"target": "sick", "positive": 1, "key": "id", "tables": {"raw": "raw.csv", "test": "test.csv"}}


def _criterion(name: str, metric: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "level": "ml", "statement": f"{metric} is good", "metric": metric} | more


def _example(  # noqa: PLR0913 - each word is one part of the example
    status: str,
    title: str,
    says: str,
    criteria: list[dict[str, Any]],
    settings: dict[str, Any] | None = None,
    *,
    task: str = "binary_classification",
    files: dict[str, Any] | None = None,
) -> Example:
    return Example(
        status=status,
        title=title,
        config={"task": task, "data": _DATA},
        files={"raw.csv": _ROWS, "test.csv": _ROWS} if files is None else files,
        phase_file={"requirements": criteria, "checks": {"criteria_are_testable": settings or {}}},
        says=says,
    )


EXAMPLES = (
    _example(
        "pass",
        "enough rows for every criterion",
        "enough for 3 of 3 criteria",
        [
            _criterion("B1", "recall", at_least=0.8),
            _criterion("ML1", "roc_auc", at_least=0.8),
            _criterion("ML2", "brier_score", at_most=0.2),
        ],
    ),
    _example(
        "fail",
        "too few positive rows to show so high a recall",
        "B1: showing recall at least 0.97 when the truth is 0.985 needs 726 rows of the positive class",
        [_criterion("B1", "recall", at_least=0.97)],
    ),
    _example(
        "pass",
        "a larger test set is planned",
        "3,000 are planned",
        [_criterion("B1", "recall", at_least=0.97)],
        {"planned_rows": 12_000},
    ),
    _example(
        "fail",
        "perfection is demanded",
        "no number of rows can show",
        [_criterion("B1", "recall", at_least=1.0), _criterion("B2", "specificity", at_least=0.8)],
    ),
    _example(
        "pass",
        "errors of a number",
        "enough for 4 of 4",
        [
            _criterion("ML1", "mean_absolute_error", at_most=0.6),
            _criterion("ML2", "r2", at_least=0.0),
            _criterion("ML3", "root_mean_squared_error", at_most=0.8),
            _criterion("ML4", "median_absolute_error", at_most=0.6),
        ],
        task="regression",
        files={name: {"id": _ROWS["id"], "marker": _SICK, "sick": _MARKER} for name in ("raw.csv", "test.csv")},
    ),
    _example(
        "warn",
        "a criterion without a best value, and no word on what is expected",
        "say under expected what is expected",
        [_criterion("B1", "recall", at_least=0.8), _criterion("E1", "log_loss", at_least=0.1)],
    ),
    _example(
        "fail",
        "nobody says how many rows there will be",
        "test.csv does not exist yet",
        [_criterion("B1", "recall", at_least=0.8)],
        files={"raw.csv": _ROWS},
    ),
    _example("fail", "there is no criterion on rows of data", "state one", []),
    _example(
        "error",
        "what is expected would miss the limit",
        "which its own limit",
        [_criterion("B1", "recall", at_least=0.8)],
        {"expected": {"B1": 0.7}},
    ),
    _example("not_applicable", "another kind of task", "only", [], task="other"),
)
