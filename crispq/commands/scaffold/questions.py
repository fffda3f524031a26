"""The questions of `crispq new`: one list, in the template's copier.yml; here is what an answer must look like."""

from __future__ import annotations

import keyword
import re
import sys
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from crispq.commands.data.look import Profile, look_at
from crispq.errors import ConfigurationMistake, UsageMistake, hint
from crispq.evidence.contents import Kind
from crispq.evidence.positions import parse

#: Names that a project's own package may not take: the standard library is refused too.
TAKEN = ("crispq", "duckdb", "numpy", "pandas", "pyarrow", "pytest", "scipy", "sklearn", "skops", "src", "tests")
#: Names by which a target is often called; taken as a default only.
TARGETS = ("target", "label", "class", "outcome", "y")
COLUMN_QUESTIONS = ("target", "positive", "key", "group", "time", "sensitive")
ROLES = ("business_owner", "domain_expert", "data_scientist", "ml_lead", "operations", "quality_manager")
PERSON = re.compile(r"\s*(?P<name>[^<>:;]+?)\s*<(?P<email>[^<>\s]+@[^<>\s]+)>\s*:\s*(?P<roles>[a-z0-9_,\s]+?)\s*")
ROLE = re.compile(r"[a-z][a-z0-9_]*")
LONGEST = 200

Answers = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a person is asked: `default` is taken for an empty answer; `problem` says why the last one was not taken."""

    name: str
    help: str
    default: str
    choices: tuple[str, ...] = ()
    problem: str = ""


Ask = Callable[[Question], str]


@dataclass(kw_only=True, slots=True)
class _Collected:
    """The answers so far, and what the data that they name looks like."""

    directory: Path
    base: Path
    answers: Answers
    profile: Profile | None = None


def collect(
    template: Path, directory: Path, given: Mapping[str, Any], ask: Ask | None, base: Path
) -> tuple[Answers, Profile | None]:
    """Every answer, checked: from `given`, else asked for, else the default; and a look at the data, if any.

    base: the folder from which a relative path of the data file is taken.
    Raises UsageMistake for an unknown or impossible answer that was given; one that was asked for is asked again.
    """
    questions = read_questions(template)
    names = [one.name for one in questions]
    for name in given:
        if name not in names:
            raise UsageMistake(f"there is no question {name!r}{hint(name, names)}; there are: {', '.join(names)}")
    so_far = _Collected(directory=directory, base=base, answers={})
    for written in questions:
        question = replace(written, default=_default(written, so_far), choices=_choices(written, so_far))
        if question.name in given:
            _take(question, given[question.name], so_far)
        elif ask is not None and _is_worth_asking(question.name, so_far):
            _ask_until_taken(question, ask, so_far)
        else:
            _take(question, question.default, so_far)
    return so_far.answers, so_far.profile


def read_questions(template: Path) -> tuple[Question, ...]:
    """The questions of the template's copier.yml, in their order."""
    written = parse("copier.yml", (template / "copier.yml").read_bytes()).value
    return tuple(
        Question(
            name=name,
            help=one["help"],
            default=("yes" if one["default"] else "no") if one["type"] == "bool" else str(one["default"]),
            choices=("yes", "no") if one["type"] == "bool" else tuple(one.get("choices", ())),
        )
        for name, one in written.items()
        if not name.startswith("_") and one.get("when") is not False
    )


def read_answers(file: Path) -> Answers:
    """The answers of a YAML file. Raises ConfigurationMistake with file:line:column when it is not one."""
    if not file.is_file():
        raise UsageMistake(f"there is no file {file}")
    written = parse(str(file), file.read_bytes())
    if not isinstance(written.value, dict):
        raise ConfigurationMistake([f"{file}:1:1: answers are written as `question: answer`, one a line"])
    return written.value


def _take(question: Question, value: object, so_far: _Collected) -> None:
    try:
        so_far.answers[question.name] = CHECKS[question.name](value, so_far)
    except UsageMistake as error:
        raise UsageMistake(str(error).removeprefix(f"{question.name}: ").join([f"{question.name}: ", ""])) from error


def _ask_until_taken(question: Question, ask: Ask, so_far: _Collected) -> None:
    while True:
        answer = ask(question).strip() or question.default
        try:
            _take(question, answer, so_far)
        except UsageMistake as error:
            question = replace(question, problem=str(error))
        else:
            return


def _is_worth_asking(name: str, so_far: _Collected) -> bool:
    answers = so_far.answers
    if name == "positive":
        return answers["target"] is not None and answers["task"] == "binary_classification"
    return so_far.profile is not None if name in {"copy", *COLUMN_QUESTIONS} else True


# --- defaults and choices that depend on what is known -------------------------------------------


def _default(question: Question, so_far: _Collected) -> str:
    made = DEFAULTS.get(question.name)
    return (made(so_far) if made else None) or question.default


def _choices(question: Question, so_far: _Collected) -> tuple[str, ...]:
    profile = so_far.profile
    if profile is None or question.name not in COLUMN_QUESTIONS:
        return question.choices
    if question.name == "positive":
        target = profile.column(so_far.answers["target"] or "")
        return tuple(str(value) for value in target.values) if target else ()
    return tuple(one.name for one in profile.columns)


def _default_name(so_far: _Collected) -> str | None:
    plain = unicodedata.normalize("NFKD", so_far.directory.resolve().name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9_-]+", "-", plain).strip("-_")[:60] or None


def _default_title(so_far: _Collected) -> str:
    return str(so_far.answers["name"]).replace("-", " ").replace("_", " ").strip().capitalize()


def _default_package(so_far: _Collected) -> str:
    name = str(so_far.answers["name"]).replace("-", "_").strip("_")
    name = name if re.match(r"[a-z]", name) else f"p_{name}"
    return f"{name[:50]}_project" if _is_taken(name) else name


def _default_target(so_far: _Collected) -> str | None:
    columns = so_far.profile.columns if so_far.profile else ()
    return next((one.name for one in columns if one.name.casefold() in TARGETS), None)


def _default_positive(so_far: _Collected) -> str | None:
    target = so_far.profile and so_far.profile.column(so_far.answers["target"] or "")
    if not target or so_far.answers["task"] != "binary_classification":
        return None
    return str(target.values[-1]) if target.values and target.values[-1] in {1, "1", "yes", "true"} else None


def _default_key(so_far: _Collected) -> str | None:
    profile = so_far.profile
    for one in profile.columns if profile else ():
        named = one.name.casefold()
        if (named == "id" or named.endswith(("_id", " id"))) and profile and one.distinct == profile.rows:
            return None if one.name == so_far.answers["target"] else one.name
    return None


DEFAULTS: Mapping[str, Callable[[_Collected], str | None]] = {
    "name": _default_name,
    "title": _default_title,
    "package": _default_package,
    "target": _default_target,
    "positive": _default_positive,
    "key": _default_key,
}

# --- what an answer must look like ---------------------------------------------------------------


def _name(value: object, _: _Collected) -> str:
    text = _text(value)
    if not re.fullmatch(r"[a-z0-9]([a-z0-9_-]*[a-z0-9])?", text) or len(text) > 60:  # noqa: PLR2004
        raise UsageMistake(f"{text!r} is no name: lower-case letters, digits, - and _, at most 60")
    return text


def _title(value: object, _: _Collected) -> str:
    return _text(value)


def _text(value: object) -> str:
    text = str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
    if not text or len(text) > LONGEST or any(unicodedata.category(one) in {"Cc", "Cs", "Zl", "Zp"} for one in text):
        raise UsageMistake(f"{value!r} is no text of one line and at most {LONGEST} characters")
    return text


def _one_of(*choices: str) -> Callable[[object, _Collected], str]:
    def check(value: object, _: _Collected) -> str:
        if value not in choices:
            raise UsageMistake(f"{value!r} is none of {', '.join(choices)}{hint(str(value), choices)}")
        return str(value)

    return check


def _package(value: object, _: _Collected) -> str:
    text = _text(value)
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,59}", text):
        raise UsageMistake(f"{text!r} is no name of a Python package: lower-case letters, digits and _")
    if _is_taken(text):
        raise UsageMistake(f"{text!r} is the name of something else in Python; choose another, such as {text}_project")
    return text


def _is_taken(name: str) -> bool:
    return keyword.iskeyword(name) or name in sys.stdlib_module_names or name in TAKEN


def _people(value: object, so_far: _Collected) -> list[dict[str, Any]]:
    if not value:
        roles = ROLES if so_far.answers["tier"] == "regulated" else ROLES[:-1]
        return [_unnamed(role) for role in roles]
    if isinstance(value, str):
        return [_person(one) for one in value.split(";") if one.strip()]
    if isinstance(value, list):
        return [_listed_person(one) for one in value]
    raise UsageMistake("people are written as `Name <email>: role, role; Name <email>: role`")


def _unnamed(role: str) -> dict[str, Any]:
    return {"name": f"To be named ({role.replace('_', ' ')})", "email": f"{role}@example.org", "roles": [role]}


def _person(text: str) -> dict[str, Any]:
    found = PERSON.fullmatch(text)
    if not found:
        raise UsageMistake(f"{text.strip()!r} is not written as `Name <email>: role, role`")
    roles = [one.strip() for one in found["roles"].split(",") if one.strip()]
    return _listed_person({"name": found["name"], "email": found["email"], "roles": roles})


def _listed_person(one: object) -> dict[str, Any]:
    if not isinstance(one, dict) or set(one) != {"name", "email", "roles"}:
        raise UsageMistake(f"{one!r}: a person has name, email and roles")
    roles = one["roles"]
    if (
        not isinstance(roles, list)
        or not roles
        or not all(isinstance(each, str) and ROLE.fullmatch(each) for each in roles)
    ):
        raise UsageMistake(f"{one['name']}: roles are words such as {', '.join(ROLES[:3])}")
    return {"name": _text(one["name"]), "email": _text(one["email"]), "roles": list(roles)}


def _data(value: object, so_far: _Collected) -> str | None:
    if value in {None, ""}:
        return None
    path = Path(_text(value)).expanduser()
    so_far.profile = look_at(path if path.is_absolute() else so_far.base / path)
    return str(value)


def _yes_or_no(value: object, _: _Collected) -> bool:
    words = {"yes": True, "true": True, "y": True, "no": False, "false": False, "n": False}
    if isinstance(value, bool):
        return value
    if str(value).lower() not in words:
        raise UsageMistake(f"{value!r} is neither yes nor no")
    return words[str(value).lower()]


def _column(value: object, so_far: _Collected) -> str | None:
    if value in {None, ""}:
        return None
    if not isinstance(value, str):
        raise UsageMistake(f"{value!r} is not the name of a column; write it in quotes")
    if so_far.profile is None:
        return _text(value)
    names = [one.name for one in so_far.profile.columns]
    if value not in names:
        told = f"; it has {', '.join(names)}" if len(names) <= 12 else ""  # noqa: PLR2004
        raise UsageMistake(f"{so_far.profile.source.name} has no column {value!r}{hint(value, names)}{told}")
    return value


def _target(value: object, so_far: _Collected) -> str | None:
    name = _column(value, so_far)
    column = so_far.profile.column(name) if so_far.profile and name else None
    if column is None:
        return name
    task = so_far.answers["task"]
    if task == "binary_classification" and column.distinct != 2:  # noqa: PLR2004
        raise UsageMistake(f"{name!r} has {column.distinct} different values; a binary classification needs two")
    if task == "multiclass_classification" and not 2 <= column.distinct <= 1000:  # noqa: PLR2004
        raise UsageMistake(f"{name!r} has {column.distinct} different values, which are no classes")
    if task == "regression" and not column.kind.is_number:
        raise UsageMistake(f"{name!r} holds {column.kind}, not numbers; a regression needs numbers")
    return name


def _positive(value: object, so_far: _Collected) -> Any:
    if value is None or value == "":
        return None
    name = so_far.answers["target"]
    if name is None:
        raise UsageMistake("name the target first")
    if so_far.answers["task"] != "binary_classification":
        raise UsageMistake("only a binary classification has a positive value")
    column = so_far.profile.column(name) if so_far.profile else None
    if column is None:
        return _plain(value)
    for one in column.values:
        if value in (one, str(one), str(one).lower()) and isinstance(value, bool) <= isinstance(one, bool):
            return one
    raise UsageMistake(f"{name!r} is never {value!r}; its values are {' and '.join(map(repr, column.values))}")


def _plain(value: object) -> Any:
    """A value as YAML would read it: a word of the command line may be a number."""
    if not isinstance(value, str):
        return value
    if value in {"true", "false"}:
        return value == "true"
    return int(value) if re.fullmatch(r"-?(0|[1-9]\d{0,17})", value) else value


def _own_column(*others: str) -> Callable[[object, _Collected], str | None]:
    def check(value: object, so_far: _Collected) -> str | None:
        name = _column(value, so_far)
        for other in others:
            if name is not None and name == so_far.answers[other]:
                raise UsageMistake(f"{name!r} is the {other} already")
        return name

    return check


def _key(value: object, so_far: _Collected) -> str | None:
    name = _own_column("target")(value, so_far)
    profile = so_far.profile
    column = profile.column(name) if profile and name else None
    if profile and column and column.distinct != profile.rows:
        told = f"only {column.distinct} different values in {profile.rows} rows"
        raise UsageMistake(f"{name!r} does not name each row: it has {told}")
    return name


def _sensitive(value: object, so_far: _Collected) -> list[str]:
    if value in (None, ""):
        return []
    names = _split(value, so_far.profile)
    checked = [_own_column("target", "key")(one, so_far) for one in names]
    return list(dict.fromkeys(one for one in checked if one is not None))


def _split(value: object, profile: Profile | None) -> Sequence[object]:
    """A list as it is; text at its commas, unless it is itself the name of a column."""
    if isinstance(value, list):
        return value
    if not isinstance(value, str):
        return (value,)
    whole: Iterable[str] = (one.name for one in profile.columns) if profile else ()
    return (value,) if value in whole else [one.strip() for one in value.split(",")]


CHECKS: Mapping[str, Callable[[object, _Collected], Any]] = {
    "name": _name,
    "title": _title,
    "task": _one_of("binary_classification", "multiclass_classification", "regression"),
    "tier": _one_of("prototype", "standard", "regulated"),
    "package": _package,
    "people": _people,
    "data": _data,
    "copy": _yes_or_no,
    "target": _target,
    "positive": _positive,
    "key": _key,
    "group": _own_column("target", "key"),
    "time": _own_column("target", "key", "group"),
    "sensitive": _sensitive,
    "ci": _one_of("github", "gitlab", "none"),
    "licence": _one_of("Apache-2.0", "MIT", "proprietary"),
}


def features(profile: Profile, answers: Answers) -> tuple[list[str], list[str], list[str]]:
    """The columns that a first model may learn from: numbers, categories, and what is left out of both."""
    roles = {answers["target"], answers["key"], answers["group"], answers["time"]}
    own = [one for one in profile.columns if one.name not in roles and one.nulls < profile.rows]
    numbers = [one.name for one in own if one.kind.is_number]
    categories = [one.name for one in own if one.kind is Kind.YES_NO or one.is_category(profile.rows)]
    return numbers, categories, [one.name for one in own if one.name not in {*numbers, *categories}]
