"""The scope says what it must, and was written by both sides.

## Why
Everything later leans on the scope: which column is the answer, which inputs count, which error is the worse one. What
it leaves open, somebody decides alone and in passing. And a scope that only one side wrote, the clinic without the
engineers or the engineers without the clinic, is the commonest reason why a working model is of no use.

## How it is measured
The document `scope` is read by its sections; each is counted and searched, nothing is estimated.
- `lacks` (none): a section that is missing, still holds the template's guidance or has fewer than `fewest_words` (8)
  words of its own: intended purpose, users and affected persons, decision, target and moment of prediction (twice as
  many words, for it holds two things), inputs available then, excluded uses, cost of errors, owners. Besides:
  - the section on the target names what the data calls it: the target column's name or a part of it, the positive
    class, or a word of the column's meaning in the data description;
  - for two classes, the section on the cost of errors speaks of both kinds, a missed case and a false alarm. Any of
    many usual words will do, or two sentences that name both classes; words of your trade or language go under the
    settings `words_for_missed` and `words_for_false_alarms`. For several classes it holds two statements at least;
  - the section on the owners names one role, person or address of each side.
- `not_joint` (none): `signoffs` of the phase demand a role of the business side (`business_roles`) and one of the
  machine learning side (`ml_roles`), held by two persons with different e-mail addresses. A person still called "To be
  named" holds nothing.

Word counts say that something was written, not that it is good: eight words are one short sentence.

## How to mend it
Open the scope at the line that is named and write down what is missing, together with those whom it concerns. Name the
persons in `crispq.yaml`. Where your roles have other names, list them under `business_roles` and `ml_roles`.

## Source
CRISP-ML(Q) §3.1.1, p. 396 (the scope is a joint effort of business, domain and machine learning experts).

## What it cannot see
Whether what is written is right, whether both sides truly wrote it, and whether the costs are the true ones. The
signatures answer for that. It knows English words for errors; others must be given.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from crispq import (
    Document,
    Evidence,
    Example,
    Finding,
    Findings,
    Measurement,
    MissingEvidence,
    Section,
    Table,
    check,
    documents_of,
    none,
)
from crispq_checks.columns import described_columns

DOCUMENT = "scope"
TARGET = "Prediction target and moment of prediction"
COSTS, OWNERS = "Cost of errors", "Owners"
BUSINESS_ROLES, ML_ROLES = ("business_owner", "domain_expert"), ("ml_lead", "data_scientist")
PLACEHOLDER = "to be named"
#: Beginnings of words for an error of either kind.
MISSED = (
    "miss", "overlook", "undetected", "unnotic", "unseen", "unrecogni", "false negative", "false-negative", "not found",
    "not caught", "fails to", "failed to", "failing to", "too late", "slip", "type ii", "type 2", "too low",
    "undiagnos", "escape", "delay", "under-", "underestimat", "not detect", "falsely clear", "wrongly clear",
)  # fmt: skip
ALARMS = (
    "false alarm", "false-alarm", "false positive", "false-positive", "needless", "unnecessar", "unneeded", "in vain",
    "wrongly", "falsely", "mistakenly", "alarm", "overtreat", "over-", "overdiagnos", "overestimat", "type i ",
    "type 1", "too high", "for nothing", "without need", "superfluous", "spurious", "healthy", "innocent", "legitimate",
)  # fmt: skip
#: Shorter parts of a name say too little.
SHORTEST_PART, SHORTEST_WORD = 4, 5


@check(
    task="define_the_scope",
    catalogue=("BU1-C1", "BU1-C2"),
    risks=("R01",),
    limits={"lacks": none(), "not_joint": none()},
    tier="standard",
    seconds=60,
)
def scope_is_complete(  # noqa: PLR0913 - each word is one setting
    evidence: Evidence,
    *,
    fewest_words: int = 8,
    business_roles: Sequence[str] = BUSINESS_ROLES,
    ml_roles: Sequence[str] = ML_ROLES,
    words_for_missed: Sequence[str] = (),
    words_for_false_alarms: Sequence[str] = (),
) -> Measurement:
    """Read the sections of the scope, and ask who must sign it."""
    document = evidence.document(DOCUMENT)
    kind = next(one for one in documents_of(evidence.phase) if one.id == DOCUMENT)
    titles = [section.title for section in kind.sections]
    rows = []
    lacks: list[Finding] = []
    words = (tuple(words_for_missed), tuple(words_for_false_alarms))
    sides = (tuple(business_roles), tuple(ml_roles))
    for title in titles:
        section = document.section(title)
        found = tuple(_lacks(section, title, fewest_words)) or tuple(_says(section, evidence, words, sides))
        lacks += [_finding(one, document, section) for one in found]
        rows.append((title, section.words if section else 0, "; ".join(found)))
    joint = tuple(_not_joint(evidence, *sides))
    return Measurement(
        values={
            "lacks": Findings(examined=len(titles), items=tuple(lacks)),
            "not_joint": Findings(examined=2, items=joint),
        },
        summary=_summary(len(titles), len(lacks), len(joint)),
        tables=(Table(title="The scope", columns=("section", "own words", "what it lacks"), rows=tuple(rows)),),
    )


def _summary(sections: int, lacks: int, joint: int) -> str:
    told = f"the scope lacks {lacks} things" if lacks else f"the scope says what it must in {sections} sections"
    return f"{told}, and {'is not written by both sides' if joint else 'both sides must sign it'}"


def _finding(message: str, document: Document, section: Section | None) -> Finding:
    lines = section.guidance_lines if section else ()
    line = lines[0] if lines else section.line if section else None
    return Finding(message=message, path=document.path, line=line)


def _lacks(section: Section | None, title: str, fewest_words: int) -> Iterator[str]:
    """What stands in the way of reading the section at all."""
    fewest = 2 * fewest_words if title == TARGET else fewest_words
    if section is None:
        yield f"the section {title!r} is missing; write it"
    elif section.guidance_lines:
        yield f"the section {title!r} still holds the template's guidance; write your own words in its place"
    elif section.words < fewest:
        yield f"the section {title!r} has {section.words} words, at least {fewest} are expected"


def _says(
    section: Section | None, evidence: Evidence, words: tuple[Sequence[str], ...], sides: tuple[Sequence[str], ...]
) -> Iterator[str]:
    """What the section must name and does not."""
    if section is None:
        return
    match section.title.casefold():
        case title if title == TARGET.casefold():
            yield from _unnamed_target(section, evidence)
        case title if title == COSTS.casefold():
            yield from _unnamed_errors(section, evidence, *words)
        case title if title == OWNERS.casefold():
            yield from _unnamed_owners(section, evidence, *sides)


# --- the target ----------------------------------------------------------------------------------


def _unnamed_target(section: Section, evidence: Evidence) -> Iterator[str]:
    target = evidence.data.target
    if target is None:
        return
    text = _flat(section.text)
    names = [_flat(target), *(part for part in _flat(target).split() if len(part) >= SHORTEST_PART)]
    names += [_flat(str(evidence.data.positive))] if isinstance(evidence.data.positive, str) else []
    if any(_stands_in(name, text) for name in names) or any(
        _stands_in(one, text) for one in _meaning(evidence, target)
    ):
        return
    yield (
        f"the section {section.title!r} does not name what the data calls the target, {target!r}, nor what it means; "
        "say which column holds the true answer"
    )


def _meaning(evidence: Evidence, target: str) -> list[str]:
    """The words of what the data description says about the target; none where it says nothing yet."""
    try:
        row = described_columns(evidence).row_of(target)
    except MissingEvidence:
        return []
    words = _flat(row.meaning).split() if row else []
    return [one for one in words if len(one) >= SHORTEST_WORD and one not in {"whether", "which", "there", "column"}]


def _flat(text: str) -> str:
    """The words of the text in lower case, a space between each two."""
    return " ".join(re.findall(r"[^\W_]+", text.casefold()))


def _stands_in(name: str, text: str) -> bool:
    """Whether the words, or words that begin alike (ill, illness), stand in the text."""
    return bool(name) and re.search(rf"\b{re.escape(_stem(name))}", text) is not None


def _stem(word: str) -> str:
    return word[: max(SHORTEST_WORD, len(word) - 2)] if " " not in word else word


# --- the errors ----------------------------------------------------------------------------------


def _unnamed_errors(
    section: Section, evidence: Evidence, missed: Sequence[str], alarms: Sequence[str]
) -> Iterator[str]:
    text = " ".join(section.text.casefold().split())
    sentences = [one for one in re.split(r"[.;!?\n]+|\s[-*]\s|\|", section.text) if len(one.split()) > 2]  # noqa: PLR2004
    if evidence.task == "multiclass_classification" and len(sentences) < 2:  # noqa: PLR2004 - two errors at least
        yield f"the section {section.title!r} makes one statement only; say what each kind of confusion costs"
    if evidence.task != "binary_classification" or _names_both_classes(sentences, evidence):
        return
    for words, kind, setting in (
        ((*MISSED, *missed), "a missed case", "words_for_missed"),
        ((*ALARMS, *alarms), "a false alarm", "words_for_false_alarms"),
    ):
        if not any(re.search(rf"\b{re.escape(one.casefold())}", text) for one in words):
            yield (
                f"the section {section.title!r} does not say what {kind} costs; write it, or list your own words for "
                f"it under {setting}"
            )


def _names_both_classes(sentences: Sequence[str], evidence: Evidence) -> bool:
    """Whether two sentences name both classes: 'a benign lump that is called malignant', and the other way round."""
    positive, target = evidence.data.positive, evidence.data.target
    if not isinstance(positive, str) or target is None or "raw" not in evidence.data.tables:
        return False
    try:
        quoted = target.replace('"', '""')
        rows = evidence.table("raw").query(f'SELECT DISTINCT "{quoted}" FROM rows LIMIT 5')  # noqa: S608 - quoted
    except Exception:  # noqa: BLE001 - whatever is wrong with the table, other checks say it
        return False
    names = [_flat(str(label)) for (label,) in rows if label is not None]
    both = [one for one in sentences if all(_stands_in(name, _flat(one)) for name in names)]
    return len(names) == 2 and len(both) >= 2  # noqa: PLR2004 - two classes, two errors


# --- the people ----------------------------------------------------------------------------------


def _unnamed_owners(section: Section, evidence: Evidence, business: Sequence[str], ml: Sequence[str]) -> Iterator[str]:
    for roles, side, setting in ((business, "business", "business_roles"), (ml, "machine-learning", "ml_roles")):
        if not any(
            one in section.text or _stands_in(_flat(one), _flat(section.text)) for one in _names(evidence, roles)
        ):
            yield (
                f"the section {section.title!r} names no {side} owner: neither a role ({', '.join(roles)}) nor a "
                f"person who holds it; name one, or list your roles under {setting}"
            )


def _names(evidence: Evidence, roles: Sequence[str]) -> Iterator[str]:
    """The roles, and the e-mail, the whole and the family name of those who hold them."""
    yield from roles
    for person in evidence.people:
        if set(person.roles) & set(roles):
            yield person.email
            name = re.sub(r"\(.*?\)", "", person.name).strip()
            if name and PLACEHOLDER not in name.casefold():
                yield name
                yield from (part for part in name.split()[-1:] if part[0].isupper() and len(part) > 2)  # noqa: PLR2004


def _not_joint(evidence: Evidence, business: Sequence[str], ml: Sequence[str]) -> Iterator[Finding]:
    demands = {one.role: one for one in evidence.signoff_demands}
    holders: list[set[str]] = []
    for roles, side, setting in ((business, "business", "business_roles"), (ml, "machine-learning", "ml_roles")):
        wanted = [one for one in roles if one in demands]
        found = _holders(evidence, wanted)
        holders.append(found)
        if not wanted:
            message = (
                f"signoffs demand no role of the {side} side ({', '.join(roles)}); add one, or list your roles under "
                f"{setting}"
            )
            yield Finding(message=message, path=evidence.phase_file)
        elif not found:
            message = f"nobody under people holds {' or '.join(wanted)}; name who signs for the {side} side"
            yield Finding(message=message, path="crispq.yaml")
    if all(holders) and len(holders[0] | holders[1]) < 2:  # noqa: PLR2004 - two persons
        message = "one and the same person signs for both sides; the joint step is missing: name a second one"
        yield Finding(message=message, path="crispq.yaml")


def _holders(evidence: Evidence, roles: Sequence[str]) -> set[str]:
    return {
        person.email.casefold()
        for person in evidence.people
        if set(person.roles) & set(roles) and PLACEHOLDER not in person.name.casefold()
    }


# --- examples ------------------------------------------------------------------------------------

_PATH = "1_business_and_data_understanding/scope.md"
_SCOPE = """# Scope

## Intended purpose

The application warns the ward of patients who are likely to need intensive care.

## Users and affected persons

Nurses work with it; patients are affected by it and are told so on admission.

## Decision supported

Whether a patient is seen earlier; the nurse decides and can overrule the warning.

## Prediction target and moment of prediction

Whether a patient is moved to intensive care (`icu`) within 24 hours, asked once at admission to the ward.

## Inputs available at that moment

Age, pulse and blood pressure at admission; nothing of what is measured on the ward later.

## Excluded uses

Not for children, not in the emergency room, not for staffing decisions.

## Cost of errors

A missed case delays treatment by a day. A false alarm costs a nurse ten minutes.

## Owners

Dr. Weber owns it for the ward; the model is owned by the ML lead.
"""
_PEOPLE = [
    {"name": "Anna Weber", "email": "weber@example.org", "roles": ["business_owner"]},
    {"name": "Ben Okoro", "email": "okoro@example.org", "roles": ["ml_lead"]},
]
_CONFIG: dict[str, Any] = {"people": _PEOPLE, "data": {"target": "icu", "positive": 1}}
_GUIDED = "# Scope\n\n" + "".join(
    f"## {section.title}\n\n> To fill in: {section.guidance}\n\n"
    for kind in documents_of("business_and_data_understanding")
    if kind.id == DOCUMENT
    for section in kind.sections
)


def _example(  # noqa: PLR0913 - each word is one part of the example
    status: str,
    title: str,
    says: str,
    *changes: tuple[str, str],
    config: dict[str, Any] | None = None,
    signoffs: tuple[str, ...] = ("business_owner", "ml_lead"),
    settings: dict[str, Any] | None = None,
    text: str | bytes = _SCOPE,
) -> Example:
    for old, new in changes:
        text = str(text).replace(old, new)
    return Example(
        status=status,
        title=title,
        config=_CONFIG | (config or {}),
        files={_PATH: text},
        phase_file={
            "documents": {"scope": "scope.md"},
            "signoffs": [{"role": role} for role in signoffs],
            "checks": {"scope_is_complete": settings or {}},
        },
        says=says,
    )


_TRADE = ("A false alarm costs", "A blue flag that turns out grey costs")

EXAMPLES = (
    _example("pass", "all is said, by both sides", "says what it must in 8 sections"),
    _example("pass", "words of the trade", "both sides", _TRADE, settings={"words_for_false_alarms": ["blue flag"]}),
    _example("fail", "the template's guidance is left", "template's guidance", text=_GUIDED),
    _example("fail", "only one kind of error is spoken of", "does not say what a false alarm costs", _TRADE),
    _example(
        "fail",
        "the target is not named",
        "does not name what the data calls the target, 'icu'",
        ("(`icu`)", ""),
        ("intensive care  within", "another department within"),
    ),
    _example("fail", "no machine-learning owner", "names no machine-learning owner", ("the ML lead", "somebody")),
    _example(
        "fail", "a section of two words", "has 2 words", ("Not for children, not in the emergency room, not for ", "")
    ),
    _example("fail", "a section is missing", "'Excluded uses' is missing", ("## Excluded uses", "## Uses")),
    _example(
        "fail",
        "one person for both sides",
        "one and the same person",
        config={"people": [_PEOPLE[0] | {"roles": ["business_owner", "ml_lead"]}]},
    ),
    _example("fail", "only engineers sign", "signoffs demand no role of the business side", signoffs=("ml_lead",)),
    _example(
        "fail",
        "nobody is named yet",
        "nobody under people holds ml_lead",
        config={"people": [_PEOPLE[0], _PEOPLE[1] | {"name": "To be named (ml lead)"}]},
    ),
    _example(
        "pass", "a number is predicted", "both sides", _TRADE, config={"task": "regression", "data": {"target": "icu"}}
    ),
    _example(
        "fail",
        "three classes, one statement",
        "makes one statement only",
        (
            "A missed case delays treatment by a day. A false alarm costs a nurse ten minutes.",
            "Errors cost a nurse a lot of time and patients their patience",
        ),
        config={"task": "multiclass_classification", "data": {"target": "icu"}},
    ),
    Example(status="fail", title="there is no scope", config=_CONFIG, says="no document 'scope' is listed"),
    _example("error", "the scope is not text", "not UTF-8", text=b"# Scope \xff"),
)
