"""What the law asks of the project is answered, by a named role, and not long ago.

## Why
Whether a system may be built at all depends on its use, on whose data it learns from and on who answers for it. These
answers come from people, and they age: the use changes, the law changes. A project that asks at the end has built
something that it may have to throw away.

## How it is measured
`legal_record.yaml` in this phase's folder must answer, key by key:
- `intended_use`: what the system is used for, in at least three words;
- `our_role`: provider, deployer or neither, and `ai_act_class`: prohibited, high_risk, limited_risk, minimal_risk or
  out_of_scope, both in the words of the EU's AI Act (elsewhere: the nearest of them);
- `personal_data`: `none`, or the legal basis on which personal data is used;
- `data_licences` and `model_licences`: source or model -> licence; where no other's model is used, a sentence that
  says so takes the place of the mapping;
- `works_council` and `ethics`: what they said, or why they need not be asked;
- `reviewed_by`: a role of `people` in `crispq.yaml`, and `reviewed_on`: a day.

`open_questions` counts what is missing, empty, a placeholder such as "TODO", or none of the words allowed; keys that
are not known; a class `prohibited`; `personal_data: none` beside columns that the data description declares as
personal, or that `data.sensitive` names; a review more than a month after the commit, or one that is `months` (12)
whole months old or older on the day of the commit. The limit is none: each is a question of law that nobody has
answered. Without a commit the age is not judged, and the summary says so.

## How to mend it
Go to the line that is named and answer with the person who is competent for it: legal counsel, the data protection
officer, the works council. Then set `reviewed_by` and `reviewed_on` anew. A prohibited use ends the project.

## Source
CRISP-ML(Q) §3.1.3, pp. 397-398: legal constraints. Regulation (EU) 2024/1689 (AI Act), art. 3 (roles), 5
(prohibited), 6 (high risk), 50 (limited risk); Regulation (EU) 2016/679, art. 6 (legal basis). Twelve months is this
check's choice.

## What it cannot see
Whether an answer is right or a class is the true one: that is for a lawyer, and the sign-off says who stands for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from crispq import Evidence, Example, Finding, Findings, Measurement, MissingEvidence, Positioned, check, hint, none
from crispq_checks.columns import described_columns
from crispq_checks.records import at, beside, day, is_answered, mapping, months_between, unanswered, unknown_keys

FILE = "legal_record.yaml"
ROLES = ("provider", "deployer", "neither")
CLASSES = ("prohibited", "high_risk", "limited_risk", "minimal_risk", "out_of_scope")
SENTENCES = ("intended_use", "works_council", "ethics", "personal_data")
KEYS = (
    "intended_use",
    "our_role",
    "ai_act_class",
    "personal_data",
    "data_licences",
    "model_licences",
    "works_council",
    "ethics",
    "reviewed_by",
    "reviewed_on",
)
FEWEST_WORDS = 3
#: A review of today is committed later: until then the last commit is the older of the two.
MOST_DAYS_AHEAD = 31


@check(
    task="feasibility",
    catalogue=("BU3-C5",),
    risks=("R10",),
    tier="standard",
    limits={"open_questions": none()},
    seconds=120,
)
def legal_record_is_complete(evidence: Evidence, *, months: int = 12) -> Measurement:
    """Read the record and look at each answer."""
    record = evidence.yaml(beside(evidence, FILE))
    answers = mapping(record, record.value, (), what=FILE)
    today = evidence.as_of()
    found = (
        *unknown_keys(record, answers, KEYS),
        *unanswered(record, answers, [key for key in KEYS if key != "model_licences"]),
        *_words(record, answers),
        *_sentences(record, answers),
        *_licences(record, answers),
        *_personal(evidence, record, answers),
        *_review(evidence, record, answers, months, today),
    )
    items = tuple(sorted(found, key=lambda one: one.line or 0))
    age = "" if today else "; without a commit the age of the review is not judged"
    told = f"all {len(KEYS)} questions are answered{_reviewed(answers)}"
    return Measurement(
        values={"open_questions": Findings(examined=len(KEYS), items=items)},
        summary=f"{len(items)} points are open, such as: {items[0].message}{age}" if items else f"{told}{age}",
    )


def _reviewed(answers: Mapping[str, Any]) -> str:
    return f" (reviewed by {answers.get('reviewed_by')} on {answers.get('reviewed_on')})"


def _words(record: Positioned, answers: Mapping[str, Any]) -> Iterator[Finding]:
    for key, words in (("our_role", ROLES), ("ai_act_class", CLASSES)):
        said = answers.get(key)
        if is_answered(said) and said not in words:
            near = hint(str(said), words)
            yield at(record, (key,), f"{key} is {str(said)[:40]!r}{near}; it is one of {', '.join(words)}")
    if answers.get("ai_act_class") == "prohibited":
        message = "ai_act_class is prohibited: such a system may not be built or used; change what it does, or stop"
        yield at(record, ("ai_act_class",), message)


def _sentences(record: Positioned, answers: Mapping[str, Any]) -> Iterator[Finding]:
    for key in SENTENCES:
        said = answers.get(key)
        if not is_answered(said) or (key == "personal_data" and _says_none(said)):
            continue
        if not isinstance(said, str):
            yield at(record, (key,), f"{key} is answered in words, not by {type(said).__name__}")
        elif len(said.split()) < FEWEST_WORDS and key != "personal_data":
            yield at(record, (key,), f"{key} is answered in {len(said.split())} words; say what and why")


def _says_none(said: object) -> bool:
    return str(said).strip().casefold() in {"none", "no", "false"}


def _licences(record: Positioned, answers: Mapping[str, Any]) -> Iterator[Finding]:
    said = answers.get("data_licences")
    if is_answered(said) and not isinstance(said, dict):
        yield at(
            record, ("data_licences",), "data_licences names each source of the data and its licence, as a mapping"
        )
    if "model_licences" not in answers:
        yield at(record, (), "model_licences is missing; add it, with its answer")
    elif not is_answered(models := answers["model_licences"]):
        message = "model_licences is not answered; name each model of others and its licence, or say why there is none"
        yield at(record, ("model_licences",), message)
    elif isinstance(models, str) and len(models.split()) < FEWEST_WORDS:
        yield at(record, ("model_licences",), "model_licences: say in a sentence why no model of others is used")
    elif not isinstance(models, str | dict):
        yield at(record, ("model_licences",), "model_licences is a mapping, or a sentence that says why there is none")


def _personal(evidence: Evidence, record: Positioned, answers: Mapping[str, Any]) -> Iterator[Finding]:
    if not _says_none(answers.get("personal_data")):
        return
    for column in evidence.data.sensitive:
        message = (
            f"personal_data is none, but data.sensitive names {column!r}, which says something about persons; state "
            "the legal basis, or why nobody can be identified"
        )
        yield at(record, ("personal_data",), message)
    for column, kind in _declared(evidence):
        message = (
            f"personal_data is none, but the data description declares {column!r} as {kind!r}; state the legal basis"
        )
        yield at(record, ("personal_data",), message)


def _declared(evidence: Evidence) -> list[tuple[str, str]]:
    try:
        described = described_columns(evidence)
    except MissingEvidence:
        return []
    return [(row.name, row.personal) for row in described.rows if row.is_personal]


def _review(
    evidence: Evidence, record: Positioned, answers: Mapping[str, Any], months: int, today: date | None
) -> Iterator[Finding]:
    role, told = answers.get("reviewed_by"), answers.get("reviewed_on")
    if is_answered(role) and role not in evidence.roles:
        near = hint(str(role), evidence.roles)
        yield at(
            record, ("reviewed_by",), f"reviewed_by is {str(role)[:40]!r}, a role that nobody in people holds{near}"
        )
    if not is_answered(told):
        return
    reviewed = day(told)
    if reviewed.day is None:
        yield at(record, ("reviewed_on",), f"reviewed_on: {reviewed.fault}")
    elif today and (reviewed.day - today).days > MOST_DAYS_AHEAD:
        yield at(record, ("reviewed_on",), f"reviewed_on {told} lies after the commit of {today}; set the true day")
    elif today and (age := months_between(reviewed.day, today)) >= months:
        message = f"the last review, on {told}, is {age} months old ({months} are too old); go through it again"
        yield at(record, ("reviewed_on",), message)


_PATH = f"1_business_and_data_understanding/{FILE}"
_GOOD = {
    "intended_use": "a second opinion for the reader of a slide",
    "our_role": "neither",
    "ai_act_class": "out_of_scope",
    "personal_data": "none",
    "data_licences": "{cases: CC BY 4.0}",
    "model_licences": "no model of others is used",
    "works_council": "not concerned; no data of employees",
    "ethics": "no committee asked, since the data is public",
    "reviewed_by": "ml_lead",
    "reviewed_on": "2026-06-01",
}


def _written(**changes: str | None) -> str:
    lines = {key: value for key, value in (_GOOD | changes).items() if value is not None}
    return "".join(f"{key}: {value}\n" for key, value in lines.items())


def _example(
    status: str, title: str, says: str, config: Mapping[str, Any] | None = None, **changes: str | None
) -> Example:
    return Example(status=status, title=title, says=says, config=config or {}, files={_PATH: _written(**changes)})


EXAMPLES = (
    _example("pass", "everything is answered", "all 10 questions are answered (reviewed by ml_lead on 2026-06-01)"),
    _example("pass", "models with licences", "all 10 questions", model_licences="{resnet50: BSD-3-Clause}"),
    _example("fail", "a question is left open", "ethics is not answered", ethics="TODO"),
    _example("fail", "a question is missing", "works_council is missing", works_council=None),
    _example("fail", "no reason for no model", "say why there is none", model_licences="{}"),
    _example("fail", "a licence is left open", "data_licences is not answered", data_licences="{cases: '?'}"),
    _example("fail", "a class in other words", "did you mean 'high_risk'?", ai_act_class="high-risk"),
    _example("fail", "a use that is prohibited", "may not be built", ai_act_class="prohibited"),
    _example("fail", "a misspelt key", "did you mean 'ethics'?", ethics=None, etics="nobody is concerned here"),
    _example("fail", "a role that nobody holds", "did you mean 'ml_lead'?", reviewed_by="ml_led"),
    _example("fail", "a day that is none", "is no day", reviewed_on="last June"),
    _example(
        "fail", "a sensitive column, and no personal data", "names 'sex'", config={"data": {"sensitive": ["sex"]}}
    ),
    Example(
        status="fail",
        title="a personal column, and no personal data",
        files={
            _PATH: _written(),
            "1_business_and_data_understanding/data_description.md": (
                "## Columns\n\n| Column | Meaning | Unit | Type | Known at | Personal |\n|---|---|---|---|---|---|\n"
                "| who | the reader's name | - | text | at | name |\n"
            ),
        },
        phase_file={"documents": {"data_description": "data_description.md"}},
        says="declares 'who' as 'name'",
    ),
    Example(status="fail", title="there is no record", says="does not exist yet"),
    Example(status="error", title="the record is a list", files={_PATH: "- provider\n"}, says="is a mapping"),
)
