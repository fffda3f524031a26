"""A category that training has never seen neither stops the model nor passes for a known one.

## Why
New values come: a new clinic, a new code, a typing error. A model that stops then is down; one that quietly takes the
new clinic for the first on its list gives an answer about somewhere else. And codes such as 1, 2, 3 for blood groups,
used as numbers, claim an order and distances that do not exist.

## How it is measured
The estimator is fitted on the training table (of more than 5,000 rows, 5,000 are drawn). For each categorical feature,
up to 200 rows are asked with the feature set to a value that no row has:

- `stops` (none): transforming or predicting ends in an error.
- `taken_for_known` (none): the answer is in every row that of exactly one known category, while the known categories
  (the 20 most frequent) all differ among themselves. Asked is what the pipeline's preparing steps make of the rows,
  which no weight of the model can hide; where the estimator is no pipeline, its predictions.
- `numbers_without_order` (none, a warning only): features with at least three different whole numbers, whose Type in
  the data description says that they are text, nominal, a category or a code, and which no encoder in the estimator
  takes.

Categorical are columns of text, and numbers that the data description calls so and an encoder takes. The limits are
none, as the catalogue demands: one crash in use is one too many.

## How to mend it
`OneHotEncoder(handle_unknown="ignore")` or `"infrequent_if_exist"`, `OrdinalEncoder(handle_unknown="use_encoded_value",
unknown_value=-1)`, or refuse the row with a reason before the model is asked. Without `drop="first"`: it gives an
unknown value the pattern of the dropped one. Encode codes that have no order.

## Source
CRISP-ML(Q) §3.2.3, p. 400. Breck et al., "The ML test score", IEEE Big Data 2017, Data 7. The scikit-learn user guide,
section on encoding categorical features.

## What it cannot see
Services that refuse unknown values before the model (which is right): the estimator alone is asked here. Encoders that
take an unknown value for the rare ones, be they several or, in these rows, a single one (`infrequent_categories_`);
that is meant so. Numbers whose Type the data description does not tell.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from crispq import (
    Evidence,
    Example,
    Finding,
    Findings,
    Measurement,
    MissingEvidence,
    NotMeasurable,
    Supervised,
    Table,
    check,
    none,
    not_applicable,
)

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from crispq_checks.columns import ColumnTable

MOST_ROWS, ASKED, KNOWN = 5_000, 200, 20
UNSEEN = "a value that no row has"
NOMINAL = re.compile(r"\b(text|nominal|categor(y|ical|ies)|codes?|string|enum|words?)\b", re.IGNORECASE)
FEWEST_CODES = 3
MOST_CODES = 1_000


@check(
    task="construct_data",
    catalogue=("DP3-C4",),
    risks=("R25",),
    limits={"stops": none(), "taken_for_known": none(), "numbers_without_order": none(warn=True)},
    tier="standard",
    seconds=900,
)
def encoding_handles_unseen_values(
    evidence: Evidence, *, model: str | None = None, table: str = "train"
) -> Measurement:
    """Ask the fitted estimator about values that no row has."""
    from crispq_checks.usual_score import few_rows

    data = few_rows(evidence.supervised(table), MOST_ROWS)
    described = _described(evidence)
    words = [str(name) for name in data.features if _is_text(data.features[name])]
    codes = [str(name) for name in data.features if _is_code(str(name), data.features[name], described)]
    if not words and not codes:
        return not_applicable(f"the table {table!r} has no categorical feature: every feature is a number or a moment")
    evidence.model(model)
    ask, encoded = _fitted(evidence, model, data)
    numbers = [name for name in codes if name not in encoded]
    asked = [*words, *(name for name in codes if name in encoded)]
    answers = {name: _answer(ask, data.features, name) for name in asked}
    path = evidence.table(table).paths[0]
    return Measurement(
        values={
            "stops": _found(answers, asked or numbers, "stops", path),
            "taken_for_known": _found(answers, asked or numbers, "taken", path),
            "numbers_without_order": Findings(
                examined=len(words) + len(codes),
                items=tuple(_without_order(name, described) for name in numbers),
            ),
        },
        summary=_summary(answers, numbers),
        tables=(_table(answers, numbers),),
    )


def _described(evidence: Evidence) -> ColumnTable | None:
    from crispq_checks.columns import described_columns

    try:
        return described_columns(evidence)
    except (MissingEvidence, NotMeasurable):
        return None


def _is_text(column: pd.Series[Any]) -> bool:
    from pandas.api import types

    return not (types.is_numeric_dtype(column) or types.is_datetime64_any_dtype(column))


def _is_code(name: str, column: pd.Series[Any], described: ColumnTable | None) -> bool:
    """Whether the column holds whole numbers that the data description calls categories."""
    from pandas.api import types

    row = described.row_of(name) if described else None
    if row is None or not NOMINAL.search(row.type) or types.is_bool_dtype(column) or _is_text(column):
        return False
    if types.is_datetime64_any_dtype(column):
        return False
    values = column.dropna().unique()
    return FEWEST_CODES <= len(values) <= MOST_CODES and bool((values == values.round()).all())


# --- the fitted estimator ------------------------------------------------------------------------


class _Ask:
    """What the fitted estimator makes of rows: what its preparing steps give, else its predictions; shape (n, ...)."""

    def __init__(self, fitted: Any, preparing: Any | None) -> None:
        self.fitted, self.preparing = fitted, preparing

    def rare(self, name: str, known: list[Any]) -> set[str]:
        """The known values that an encoder puts together as rare ones; by the values where it knows no names."""
        from crispq_checks.pipelines import steps

        found: set[str] = set()
        for _, one in steps(self.preparing):
            rare = getattr(one, "infrequent_categories_", None) or ()
            names = getattr(one, "feature_names_in_", None)
            for number, values in enumerate(rare):
                own = {*map(str, one.categories_[number])}
                mine = name == str(names[number]) if names is not None else own.issuperset(map(str, known))
                found |= {*map(str, values)} if mine and values is not None else set()
        return found

    def predicted(self, rows: pd.DataFrame) -> Any:
        """The answers."""
        import numpy as np

        verb = "predict_proba" if hasattr(self.fitted, "predict_proba") else "predict"
        return np.asarray(getattr(self.fitted, verb)(rows))

    def pattern(self, rows: pd.DataFrame) -> Any:
        """What tells the rows apart for the model."""
        import numpy as np

        if self.preparing is None:
            return self.predicted(rows)
        made = self.preparing.transform(rows)
        made = made.toarray() if hasattr(made, "toarray") else made
        return np.asarray(made)


def _fitted(evidence: Evidence, model: str | None, data: Supervised) -> tuple[_Ask, set[str]]:
    """The estimator fitted on the rows, and the columns that an encoder in it takes."""
    from crispq_checks.pipelines import outer_pipelines, preparing
    from crispq_checks.usual_score import fitted_on

    fitted = fitted_on(lambda: evidence.estimator(model), data.features, data.target)
    pipelines = list(outer_pipelines(evidence.estimator(model)))
    part = preparing(pipelines[0]) if len(pipelines) == 1 else None
    if part is not None:
        part = fitted_on(lambda: part, data.features, data.target).estimator
    return _Ask(fitted, part if hasattr(part, "transform") else None), _encoded(part)


def _encoded(part: Any) -> set[str]:
    """The columns that go through an encoder of categories, by the names it was fitted with."""
    from crispq_checks.pipelines import steps

    if part is None:
        return set()
    found: set[str] = set()
    for _, one in steps(part):
        if hasattr(one, "categories_"):
            found |= {str(name) for name in getattr(one, "feature_names_in_", ())}
    return found


# --- values that no row has ----------------------------------------------------------------------


def _answer(ask: _Ask, features: pd.DataFrame, name: str) -> tuple[str, str]:
    """What becomes of an unseen value: stops, taken or apart; and the reason."""
    import warnings

    known = features[name].dropna().value_counts().index[:KNOWN].tolist()
    rows = features.head(ASKED).reset_index(drop=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            unseen = ask.pattern(_with(rows, name, _unseen(features[name])))
            ask.predicted(_with(rows, name, _unseen(features[name])))
        except Exception as error:  # noqa: BLE001 - the project's estimator may raise anything
            return "stops", f"{type(error).__name__}: {' '.join(str(error).split())[:160]}"
        patterns = [ask.pattern(_with(rows, name, value)) for value in known]
    alike = [number for number, one in enumerate(patterns) if _same(one, unseen)]
    apart = all(not _same(one, two) for number, one in enumerate(patterns) for two in patterns[:number])
    if len(alike) == 1 and str(known[alike[0]]) in ask.rare(name, known):
        return "apart", "together with the rare values"
    if len(alike) == 1 and len(known) > 1 and apart:
        place = ("most frequent", "second most frequent", "third most frequent")
        which = place[alike[0]] if alike[0] < len(place) else f"number {alike[0] + 1} by frequency"
        return "taken", f"the known value that is {which}"
    return "apart", "kept apart" if not alike else "not told from several known values"


def _same(one: NDArray[Any], two: NDArray[Any]) -> bool:
    import numpy as np

    if one.shape != two.shape:
        return False
    if one.dtype.kind in "fiub" and two.dtype.kind in "fiub":
        return bool(np.allclose(one.astype("float64"), two.astype("float64"), rtol=1e-9, atol=1e-12, equal_nan=True))
    return bool((one.astype(str) == two.astype(str)).all())


def _unseen(column: pd.Series[Any]) -> Any:
    return UNSEEN if _is_text(column) else column.max() + 1


def _with(rows: pd.DataFrame, name: str, value: Any) -> pd.DataFrame:
    import pandas as pd

    kind = "object" if isinstance(rows[name].dtype, pd.CategoricalDtype) else rows[name].dtype
    return rows.assign(**{name: pd.Series(value, index=rows.index, dtype=kind)})


# --- words ---------------------------------------------------------------------------------------


def _found(answers: dict[str, tuple[str, str]], examined: list[str], kind: str, path: str) -> Findings:
    words = {
        "stops": "an unseen value stops the model ({}); let the encoder ignore it or refuse the row with a reason",
        "taken": "an unseen value is taken for {}; let the encoder keep it apart",
    }[kind]
    items = tuple(
        Finding(message=f"the feature {name!r}: {words.format(why)}", path=path)
        for name, (what, why) in answers.items()
        if what == kind
    )
    return Findings(examined=len(examined), items=items)


def _without_order(name: str, described: ColumnTable | None) -> Finding:
    row = described.row_of(name) if described else None
    kind = row.type if row else "a category"
    return Finding(
        message=f"the feature {name!r} is described as {kind!r} and used as a number; encode it, for its codes have no "
        "order",
        path=described.path if described else None,
        line=row.line if row else None,
    )


def _summary(answers: dict[str, tuple[str, str]], numbers: list[str]) -> str:
    count = {kind: sum(what == kind for what, _ in answers.values()) for kind in ("apart", "stops", "taken")}
    said = f"{len(answers)} categorical features were given an unseen value: {count['apart']} handle it"
    said += f", {count['stops']} stop the model" if count["stops"] else ""
    said += f", {count['taken']} take it for a known one" if count["taken"] else ""
    return said + (f"; {len(numbers)} codes are used as numbers" if numbers else "")


def _table(answers: dict[str, tuple[str, str]], numbers: list[str]) -> Table:
    rows = [(name, why) for name, (_, why) in answers.items()] + [(name, "used as a number") for name in numbers]
    return Table(title="What becomes of an unseen value", columns=("feature", "unseen value"), rows=tuple(rows))


# --- examples ------------------------------------------------------------------------------------

_ROWS = 60
_TRAIN: dict[str, list[Any]] = {
    "clinic": [f"c{row * 7 % 11 // 3}" for row in range(_ROWS)],
    "age": [row * 37 % 61 for row in range(_ROWS)],
    "ill": [int(row % 3 == 0) for row in range(_ROWS)],
}
_MODEL = """from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder


def build(seed):
    encoder = OneHotEncoder({})
    return make_pipeline(
        make_column_transformer((encoder, ["clinic"]), remainder="passthrough"), LogisticRegression(max_iter=500)
    )


def plain(seed):
    return LogisticRegression(max_iter=500)
"""
_DESCRIPTION = """# Data description

## Columns

| Column | Meaning | Unit | Type | Known at |
|---|---|---|---|---|
| group | blood group, 1 to 4 | - | nominal code | at |
| age | age | year | number | at |
"""
_DESCRIBED = {
    "business_and_data_understanding": {"documents": {"data_description": "data_description.md"}},
}
_GROUPS = {"group": [row % 4 + 1 for row in range(_ROWS)], "age": _TRAIN["age"], "ill": _TRAIN["ill"]}


def _example(status: str, title: str, says: str, encoder: str, **more: Any) -> Example:
    config = {
        "data": {"target": "ill", "tables": {"train": "data/train.csv"}},
        "models": {"ill": {"estimator": f"tiny_unseen.model:{more.pop('function', 'build')}"}},
    }
    files = {
        "data/train.csv": more.pop("train", _TRAIN),
        "src/tiny_unseen/__init__.py": "",
        "src/tiny_unseen/model.py": _MODEL.replace("{}", encoder),
    }
    return Example(status=status, title=title, config=config, files=files | more.pop("files", {}), says=says, **more)


EXAMPLES = (
    _example("pass", "unknown values are ignored", "1 handle it", 'handle_unknown="ignore"'),
    _example(
        "pass",
        "unknown values join the rare ones, of which there is one",
        "1 handle it",
        'handle_unknown="infrequent_if_exist", min_frequency=12',
    ),
    _example("fail", "unknown values stop the model", "an unseen value stops the model (ValueError", ""),
    _example(
        "fail",
        "unknown values pass for the dropped one",
        "is taken for the known value",
        'drop="first", handle_unknown="ignore"',
    ),
    _example(
        "warn",
        "blood groups are used as numbers",
        "'group' is described as 'nominal code' and used as a number",
        "",
        function="plain",
        train=_GROUPS,
        files={"1_business_and_data_understanding/data_description.md": _DESCRIPTION},
        phase_files=_DESCRIBED,
    ),
    _example(
        "not_applicable",
        "there are numbers only",
        "has no categorical feature",
        "",
        train={"age": _TRAIN["age"], "ill": _TRAIN["ill"]},
    ),
    _example("error", "the estimator cannot be fitted", "could not be fitted", "", function="plain"),
    Example(
        status="fail",
        title="there is no training table yet",
        config={"data": {"target": "ill", "tables": {"train": "data/train.csv"}}},
        says="does not exist yet",
    ),
)
