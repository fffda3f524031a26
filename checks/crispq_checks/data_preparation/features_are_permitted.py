"""Every feature may be used.

## Why
Some columns must not reach a model whatever they would add: because a law forbids it, because a contract ends, because
the ethics board said so. A rule on paper does not stop a column; a program that reads the feature list does.

## How it is measured
Features are the columns of the table `table` (by default `train`) that are not target, key, group, time, file or
digest. Patterns are names with `*` and `?`, in any case.

- `forbidden` (none): features that fit a pattern of the setting `forbidden` (pattern: reason). A pattern under
  `permitted` does not lift this.
- `unexplained_sensitive` (none): features that are columns of `data.sensitive`, or derived from one by name (`sex_1`,
  `age_group`), without a pattern under the setting `permitted` that fits and says why.
- `rules_without_reason` (none): patterns of either setting with fewer than three words of reason.

Nothing is estimated. DEFAULT LIMITS: none; a rule that may be broken a little is no rule.

## How to mend it
Drop the column in prepare.py. Where a sensitive column is needed, say what for and who agreed:
`features_are_permitted: {permitted: {sex: "dose depends on it; ethics vote 12/2026"}}`.

## Source
CRISP-ML(Q) §3.2.1, pp. 399-400: select features; §3.1.3, p. 398: legal constraints. Breck et al., "The ML Test Score",
IEEE Big Data 2017, test Data 4: features adhere to meta-level requirements.

## What it cannot see
Proxies: a postcode that tells income, a ward that tells sex. Whether a reason is a good one; a person signs for that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from crispq import Evidence, Example, Finding, Findings, Measurement, NotMeasurable, Table, check, none

FEWEST_WORDS = 3


@check(
    task="select_data",
    catalogue=("DP1-C13",),
    risks=("R10", "R19"),
    limits={"forbidden": none(), "unexplained_sensitive": none(), "rules_without_reason": none()},
)
def features_are_permitted(
    evidence: Evidence,
    *,
    table: str = "train",
    forbidden: Mapping[str, str] | None = None,
    permitted: Mapping[str, str] | None = None,
) -> Measurement:
    """Hold the list of features against the rules."""
    denied, allowed = dict(forbidden or {}), dict(permitted or {})
    source, data = evidence.table(table), evidence.data
    features = [name for name in source.columns if name not in data.not_features]
    if not features:
        raise NotMeasurable(f"the table {table!r} has no feature: every column is target, key, group or time")
    barred = list(_barred(features, denied, source.paths[0]))
    sensitive = {name: of for name in features if (of := _sensitive(name, data.sensitive))}
    place = evidence.place_of("data.sensitive")
    unexplained = [
        Finding(message=_asks(name, of), path=place.path, line=place.line)
        for name, of in sensitive.items()
        if not any(_fits(name, pattern) for pattern in allowed)
    ]
    bare = [*_bare("forbidden", denied, evidence.phase_file), *_bare("permitted", allowed, evidence.phase_file)]
    return Measurement(
        values={
            "forbidden": Findings(examined=len(features), items=tuple(barred)),
            "unexplained_sensitive": Findings(examined=len(features), items=tuple(unexplained)),
            "rules_without_reason": Findings(examined=1 + len(denied) + len(allowed), items=tuple(bare)),
        },
        summary=_summary(len(features), denied, sensitive, [*barred, *unexplained, *bare]),
        tables=(_table(features, denied, allowed, sensitive),),
    )


def _fits(name: str, pattern: str) -> bool:
    return fnmatchcase(name.casefold(), pattern.casefold())


def _barred(features: Sequence[str], denied: Mapping[str, str], path: str) -> Iterator[Finding]:
    for name in features:
        for pattern, reason in denied.items():
            if _fits(name, pattern):
                message = f"the feature {name!r} is barred by the rule {pattern!r} ({reason}); drop it in prepare.py"
                yield Finding(message=message, path=path)
                break


def _sensitive(name: str, columns: Sequence[str]) -> str | None:
    """The sensitive column that the feature is, or is derived from by its name."""
    low = name.casefold()
    starts = ((one, one.casefold()) for one in columns)
    return next((one for one, start in starts if low == start or low.startswith((f"{start}_", f"{start}="))), None)


def _asks(name: str, of: str) -> str:
    what = (
        f"the feature {name!r} is sensitive" if name == of else f"the feature {name!r} comes from the sensitive {of!r}"
    )
    return f"{what}, and no reason permits it; give one under the check's setting `permitted`, or drop it"


def _bare(setting: str, rules: Mapping[str, str], path: str) -> Iterator[Finding]:
    for pattern, reason in rules.items():
        if len(str(reason or "").split()) < FEWEST_WORDS:
            message = f"the pattern {pattern!r} under `{setting}` has no reason; say why in a few words"
            yield Finding(message=message, path=path)


def _summary(count: int, denied: Mapping[str, str], sensitive: Mapping[str, str], found: Sequence[Finding]) -> str:
    rules = f"{len(denied)} rules of what is forbidden, {len(sensitive)} sensitive features"
    return f"{count} features, {rules}: {found[0].message if found else 'all are permitted'}"


def _table(
    features: Sequence[str], denied: Mapping[str, str], allowed: Mapping[str, str], sensitive: Mapping[str, str]
) -> Table:
    rows = []
    for name in features:
        for word, rules in (("forbidden", denied), ("permitted", allowed)):
            hit = next((pattern for pattern in rules if _fits(name, pattern)), None)
            if hit is not None and (word == "forbidden" or name in sensitive):
                rows.append((name, word, hit, str(rules[hit])))
    return Table(
        title="Features that a rule speaks of", columns=("feature", "rule", "pattern", "reason"), rows=tuple(rows)
    )


# --- examples ------------------------------------------------------------------------------------

_TRAIN: dict[str, list[Any]] = {
    "id": [1, 2, 3],
    "age": [50, 61, 47],
    "sex": [1, 2, 1],
    "size": [1.2, 3.1, 2.2],
    "ill": [0, 1, 0],
}
_VOTE = {"sex": "the dose depends on it"}


def _example(
    status: str, title: str, says: str, sensitive: Sequence[str] = (), **settings: Mapping[str, str]
) -> Example:
    data = {"target": "ill", "key": "id", "sensitive": list(sensitive), "tables": {"train": "train.csv"}}
    return Example(
        status=status, title=title, config={"data": data}, files={"train.csv": _TRAIN}, settings=settings, says=says
    )


EXAMPLES = (
    _example("pass", "no rule speaks of a feature", "all are permitted"),
    _example("pass", "a sensitive feature with a reason", "1 sensitive features: all are", ("sex",), permitted=_VOTE),
    _example("fail", "a sensitive feature without one", "no reason permits it", ("sex",)),
    _example("fail", "a forbidden feature", "barred by the rule 'ag*'", forbidden={"ag*": "law of equal treatment"}),
    _example(
        "fail",
        "what is forbidden stays so",
        "barred by the rule",
        ("sex",),
        forbidden={"SEX": "law of equal treatment"},
        permitted=_VOTE,
    ),
    _example("fail", "a rule without a reason", "has no reason", forbidden={"income": ""}),
    Example(
        status="error",
        title="no feature",
        config={"data": {"target": "ill", "tables": {"train": "train.csv"}}},
        files={"train.csv": {"ill": [1, 0]}},
        says="has no feature",
    ),
    Example(
        status="fail",
        title="there is no training table",
        config={"data": {"target": "ill", "tables": {"train": "train.csv"}}},
        says="does not exist yet",
    ),
)
