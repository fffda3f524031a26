"""Every row that was left out is written down, with the rule that excluded it.

## Why
Rows vanish on the way: a join drops them, a filter removes "outliers", somebody deletes the patients that spoil the
curve. What is left looks clean and answers another question. A reader must be able to follow each row that is missing.

## How it is measured
Rows of `raw` are matched by `data.key` with those of `train`, `test` and `production`; a row that stands in none of
them was left out. It is logged if its key stands in `2_data_preparation/exclusions.csv` (columns `key`, or its own
name, and `rule`) or in a table below `data/quarantine/` (columns: the key's name, and `rule` or `reason`). All exact.

- `unlogged` (none): rows left out and not logged. Without a key only numbers are compared: raw rows minus prepared rows
  minus logged rows.
- `share_removed`: rows left out, as a share of the raw rows (at most 0.20, warning from 0.05).
- `faulty_log` (none): logged keys that stand in a prepared table after all, or that `raw` does not have.
- `unexplained_rules` (none): rules without a criterion. The setting `rules` gives it (`rules: {too_old: "age above
  90"}`), or the section "Discarded rows" of the document `preparation_log` names the rule. A `reason` of more than two
  words in the quarantine explains itself.
- `rules_on_the_answer` (none): rules that decide by the target or by a prediction (their criterion names `data.target`,
  "prediction", "residual" ...). That the target is missing is allowed as a criterion.

DEFAULT LIMITS: a row in twenty is worth a look, a row in five changes whom the model is for. Both are conventions.

## How to mend it
Let prepare.py write each key that it drops, with the name of its rule, into exclusions.csv; explain each rule once.
Decide by what a measurement can be, never by whether the model gets the row right.

## Source
CRISP-ML(Q) §3.2.1, pp. 399-400: samples are discarded by objective criteria only, and this is documented. Collins et
al., "TRIPOD+AI statement", BMJ 385 (2024), e078378: flow of participants.

## What it cannot see
Rows that never came into `raw`; whether a criterion was chosen after a look at the results; a criterion that stands for
the answer under another name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crispq import (
    Estimate,
    Evidence,
    Example,
    Finding,
    Findings,
    Measurement,
    MissingEvidence,
    NotMeasurable,
    Table,
    TableData,
    at_most,
    check,
    none,
)
from crispq_checks.parts import among, keys, prepared, some, spelled

if TYPE_CHECKING:
    import pandas as pd

LOG = "2_data_preparation/exclusions.csv"
QUARANTINE = ("data/quarantine/*.csv", "data/quarantine/*.tsv", "data/quarantine/*.parquet")
ANSWERS = r"predict(?:ed|ion|ions)|residuals?|misclassified|model output|model error|score of the model"
ABSENT = r"missing|absent|empty|unknown|unlabelled|unlabeled|null|not given|not recorded|without|no label"
WORDS_OF_A_REASON = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Logged:
    """The log's rows in one table: key, rule, whether the rule explains itself, and where it stands."""

    frame: pd.DataFrame
    paths: tuple[str, ...]


@check(
    task="select_data",
    catalogue=("DP1-C8",),
    risks=("R20", "R22"),
    tier="standard",
    limits={
        "unlogged": none(),
        "share_removed": at_most(0.20, warn=0.05),
        "faulty_log": none(),
        "unexplained_rules": none(),
        "rules_on_the_answer": none(),
    },
)
def exclusions_are_logged(evidence: Evidence, *, rules: Mapping[str, str] | None = None) -> Measurement:
    """Follow each raw row into a part, or into the log."""
    raw = evidence.table("raw")
    parts = prepared(evidence)
    key = evidence.data.key
    logged = _logged(evidence, key)
    if key is not None and key in raw.columns:
        removed, examined, unlogged, faulty = _by_key(raw, parts, logged, key)
    else:
        removed, examined, unlogged, faulty = _by_number(raw, parts, logged)
    told = _criteria(evidence, logged, rules or {})
    unexplained = [_unexplained(name, logged) for name, words in told.items() if not words.strip()]
    answering = [one for name, words in told.items() if (one := _on_the_answer(evidence, name, words, logged))]
    return Measurement(
        values={
            "unlogged": Findings(examined=examined, items=tuple(unlogged)),
            "share_removed": Estimate(value=max(0, removed) / examined, n=examined),
            "faulty_log": Findings(examined=1 + len(logged.frame), items=tuple(faulty)),
            "unexplained_rules": Findings(examined=1 + len(told), items=tuple(unexplained)),
            "rules_on_the_answer": Findings(examined=1 + len(told), items=tuple(answering)),
        },
        summary=_summary(
            examined, removed, len(logged.frame), len(told), [*unlogged, *faulty, *unexplained, *answering]
        ),
        tables=(_table(logged),),
    )


# --- the log -------------------------------------------------------------------------------------


def _logged(evidence: Evidence, key: str | None) -> _Logged:
    import pandas as pd

    frames = [pd.DataFrame({"key": [], "rule": [], "own": [], "path": [], "line": []}).astype(object)]
    paths = []
    if evidence.exists(LOG):
        evidence.path(LOG)
        frames.append(_read(evidence, LOG, key, ("rule",)))
        paths.append(LOG)
    for pattern in QUARANTINE:
        for path in evidence.files(pattern):
            evidence.path(path)
            frames.append(_read(evidence, path, key, ("rule", "reason")))
            paths.append(path)
    return _Logged(frame=pd.concat(frames, ignore_index=True), paths=tuple(paths))


def _read(evidence: Evidence, path: str, key: str | None, columns: tuple[str, ...]) -> pd.DataFrame:
    """One file of the log. Raises NotMeasurable where it names neither keys nor rules."""
    import pandas as pd

    source = TableData(name=path, root=evidence.root, paths=(path,))
    frame = source.frame()
    named = next((name for name in (key, "key") if name is not None and name in frame), None)
    rule = next((name for name in columns if name in frame), None)
    if rule is None or (named is None and key is not None):
        wanted = f"{key or 'key'!r} and {' or '.join(map(repr, columns))}"
        raise NotMeasurable(
            f"{path}: a log of exclusions has the columns {wanted}; it has {', '.join(map(str, frame))}"
        )
    told = frame[rule].astype("str").str.strip().where(frame[rule].notna(), "")
    return pd.DataFrame(
        {
            "key": spelled(frame[named]) if named is not None else None,
            "rule": told,
            "own": (told.str.count(r"\S+") >= WORDS_OF_A_REASON) & (rule == "reason"),
            "path": path,
            "line": range(2, len(frame) + 2),
        }
    )


def _by_key(
    raw: TableData, parts: Mapping[str, TableData], logged: _Logged, key: str
) -> tuple[int, int, list[Finding], list[Finding]]:
    own = keys(raw, key)
    used = {name: keys(part, key) for name, part in parts.items() if key in part.columns}
    if not used:
        raise NotMeasurable(f"no prepared table has the column {key!r}, the key; rows cannot be followed")
    left_out = own[~among(own, *used.values())]
    lost = left_out[~among(left_out, logged.frame["key"])]
    unlogged = []
    if len(lost):
        message = (
            f"{len(lost)} of {len(own)} rows of raw stand in no prepared table and in no log "
            f"({some(lost.fillna('no key'))}); write their keys and rules into {LOG}"
        )
        unlogged = [Finding(message=message, path=raw.paths[0])]
    return len(left_out), len(own), unlogged, list(_faults(logged, used, own))


def _faults(logged: _Logged, used: Mapping[str, pd.Series[Any]], known: pd.Series[Any]) -> Iterator[Finding]:
    for path, rows in logged.frame.groupby("path", sort=True):
        for name, there in used.items():
            if len(back := rows[among(rows["key"], there)]):
                message = (
                    f"{len(back)} logged rows stand in {name} after all ({some(back['key'])}); drop them in one place"
                )
                yield Finding(message=message, path=str(path), line=_line(back))
        if len(strange := rows[~among(rows["key"], known)]):
            message = (
                f"{len(strange)} logged keys are not in raw ({some(strange['key'].fillna('no key'))}); correct the log"
            )
            yield Finding(message=message, path=str(path), line=_line(strange))


def _line(rows: pd.DataFrame) -> int | None:
    path = str(rows["path"].iloc[0])
    return None if path.endswith(".parquet") else int(rows["line"].iloc[0])


def _by_number(
    raw: TableData, parts: Mapping[str, TableData], logged: _Logged
) -> tuple[int, int, list[Finding], list[Finding]]:
    kept = sum(part.rows for part in parts.values())
    removed, logs = raw.rows - kept, len(logged.frame)
    unlogged, faulty = [], []
    if removed > logs:
        message = (
            f"{removed - logs} of {raw.rows} rows of raw are in no prepared table and no log; write them into {LOG}"
        )
        unlogged = [Finding(message=message, path=raw.paths[0])]
    if removed < logs and logs:
        message = f"{logs} rows are logged as excluded, but only {max(0, removed)} are missing; correct the log"
        faulty = [Finding(message=message, path=logged.paths[0])]
    return removed, raw.rows, unlogged, faulty


# --- the rules -----------------------------------------------------------------------------------


def _criteria(evidence: Evidence, logged: _Logged, rules: Mapping[str, str]) -> dict[str, str]:
    """What is said about each rule that was used; nothing where nobody explained it."""
    section = _discarded(evidence) if len(logged.frame) else ""
    told: dict[str, str] = {}
    for rule, own in logged.frame[["rule", "own"]].drop_duplicates().itertuples(index=False):
        lines = [line for line in section.splitlines() if rule and re.search(rf"(?<!\w){re.escape(rule)}(?!\w)", line)]
        told[str(rule)] = str(rules.get(rule, "")) or "\n".join(lines) or (str(rule) if own else "")
    return told


def _discarded(evidence: Evidence) -> str:
    try:
        section = evidence.document("preparation_log").section("Discarded rows")
    except MissingEvidence:
        return ""
    return section.text if section else ""


def _unexplained(rule: str, logged: _Logged) -> Finding:
    rows = logged.frame[logged.frame["rule"] == rule]
    what = f"the rule {rule!r}, which excluded {len(rows)} rows," if rule else f"{len(rows)} excluded rows"
    verb = "is explained nowhere" if rule else "have no rule"
    message = f"{what} {verb}; say its criterion under the check's setting `rules` or under Discarded rows"
    return Finding(message=message, path=str(rows["path"].iloc[0]), line=_line(rows))


def _on_the_answer(evidence: Evidence, rule: str, words: str, logged: _Logged) -> Finding | None:
    target = evidence.data.target
    named = rf"\b(?:{ANSWERS})\b" + (rf"|(?<!\w){re.escape(target)}(?!\w)" if target else "")
    clauses = re.split(r"[.;\n]", f"{rule.replace('_', ' ')}. {rule}. {words}")
    if not any(re.search(named, one, re.IGNORECASE) and not re.search(ABSENT, one, re.IGNORECASE) for one in clauses):
        return None
    rows = logged.frame[logged.frame["rule"] == rule]
    message = (
        f"the rule {rule!r}, which excluded {len(rows)} rows, decides by the target or by a prediction; "
        "decide by what is known before"
    )
    return Finding(message=message, path=str(rows["path"].iloc[0]), line=_line(rows))


def _summary(rows: int, removed: int, logged: int, rules: int, found: list[Finding]) -> str:
    if removed <= 0 and not found:
        return f"all {rows} rows of raw are in use"
    told = f"{max(0, removed)} of {rows} rows of raw were left out, {logged} are logged under {rules} rules"
    return f"{told}: {found[0].message}" if found else told


def _table(logged: _Logged) -> Table:
    counts = logged.frame["rule"].value_counts()
    rows = tuple((str(rule) or "(none)", int(count)) for rule, count in list(counts.items())[:20])
    return Table(title="Rows left out, by rule", columns=("rule", "rows"), rows=rows)


# --- examples ------------------------------------------------------------------------------------

_TABLES = {"raw": "raw.csv", "train": "train.csv", "test": "test.csv"}
_DATA = {"target": "ill", "key": "id", "tables": _TABLES}


def _rows(first: int, last: int) -> dict[str, list[Any]]:
    numbers = list(range(first, last))
    return {"id": numbers, "age": [20 + row % 60 for row in numbers], "ill": [row % 2 for row in numbers]}


def _parts(kept: int, rows: int = 40) -> dict[str, Any]:
    """All rows in raw; the first `kept` of them in train and test."""
    return {"raw.csv": _rows(0, rows), "train.csv": _rows(0, 24), "test.csv": _rows(24, kept)}


def _log(*rows: tuple[int, str]) -> dict[str, Any]:
    return {LOG: "key,rule\n" + "".join(f"{key},{rule}\n" for key, rule in rows)}


def _example(status: str, title: str, says: str, files: Mapping[str, Any], **more: Any) -> Example:
    return Example(
        status=status,
        title=title,
        config={"data": more.pop("data", _DATA)},
        files=files,
        settings=more.pop("settings", {"rules": {"too_old": "age above 90"}}),
        says=says,
        **more,
    )


_OLD = _parts(39) | _log((39, "too_old"))
_WITHOUT_KEY = {"target": "ill", "tables": _TABLES}

EXAMPLES = (
    _example("pass", "every row is in use", "all 40 rows of raw are in use", _parts(40)),
    _example("pass", "a row left out by a rule", "1 of 40 rows of raw were left out, 1 are logged", _OLD),
    _example(
        "pass",
        "a row in quarantine with its reason",
        "1 are logged",
        _parts(39) | {"data/quarantine/rows.csv": _rows(39, 40) | {"reason": ["age above the limit"]}},
        settings={},
    ),
    _example(
        "pass",
        "the log of preparation explains the rule",
        "1 are logged",
        _OLD | {"2_data_preparation/log.md": "# Log\n\n## Discarded rows\n\n`too_old`: age above 90, one row.\n"},
        phase_file={"documents": {"preparation_log": "log.md"}, "checks": {}},
        settings={},
    ),
    _example(
        "warn", "a tenth is left out", "4 of 40 rows", _parts(36) | _log(*((row, "too_old") for row in range(36, 40)))
    ),
    _example("fail", "a row has vanished", "no log (39)", _parts(39)),
    _example(
        "fail",
        "too many are left out",
        "were left out",
        _parts(30) | _log(*((row, "too_old") for row in range(30, 40))),
    ),
    _example("fail", "a rule that nobody explains", "is explained nowhere", _parts(39) | _log((39, "odd"))),
    _example(
        "fail",
        "a rule on the outcome",
        "decides by the target or by a prediction",
        _parts(39) | _log((39, "odd")),
        settings={"rules": {"odd": "ill although young"}},
    ),
    _example(
        "pass",
        "rows whose outcome is missing",
        "1 are logged",
        _parts(39) | _log((39, "no_outcome")),
        settings={"rules": {"no_outcome": "ill is missing"}},
    ),
    _example("fail", "a logged row is in use", "stand in test after all", _parts(40) | _log((38, "too_old"))),
    _example(
        "fail",
        "a logged key that raw does not have",
        "not in raw (77)",
        _parts(39) | _log((39, "too_old"), (77, "too_old")),
    ),
    _example("pass", "without a key numbers are compared", "1 of 40 rows", _OLD, data=_WITHOUT_KEY),
    _example("fail", "without a key a row is lost", "1 of 40 rows of raw are in no", _parts(39), data=_WITHOUT_KEY),
    _example(
        "error",
        "a log of another shape",
        "a log of exclusions has the columns",
        _parts(39) | {LOG: "row,why\n39,old\n"},
    ),
    _example("fail", "there is no training table", "does not exist yet", {"raw.csv": _rows(0, 9)}),
)
