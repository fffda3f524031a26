"""What the report tells: pure functions from a verdict to the values that its pages show. Nothing here is markup.

Nothing is decided here either: whether a demand keeps its gate shut is read from the verdict's own reasons.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from crispq import process
from crispq.nouns import (
    GRAVITY,
    Entry,
    EntryKind,
    Finding,
    JudgedValue,
    Judgement,
    Level,
    LimitKind,
    PhasePlan,
    PhaseVerdict,
    Project,
    Requirement,
    Risk,
    Severity,
    State,
    Status,
    Verdict,
)
from crispq.render import words
from crispq.render.words import Mark, listed, plural, spaced

INDEX = "index.html"
#: The group of checks that every phase has.
EVERY_PHASE = "every_phase"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the report was made from, and when."""

    version: str
    when: str
    commit: str | None = None
    dirty: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A role that must sign a phase, and whether it has; `changed` names what is no longer what was signed."""

    role: str
    who: str = ""
    when: str = ""
    changed: tuple[str, ...] = ()

    @property
    def mark(self) -> Mark:
        """Signed and current, signed but out of date, or not signed."""
        if not self.when:
            return words.UNSIGNED
        return words.OUTDATED if self.changed else words.CURRENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a list: what it is about, what is said of it, and where it stands."""

    what: str
    why: str = ""
    mark: Mark | None = None
    href: str = ""
    judgement: Judgement | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Lines of one kind, with a sentence that says what their kind is."""

    title: str
    meaning: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One phase on the line of six."""

    phase: process.Phase
    mark: Mark
    href: str
    here: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One check's answer to one requirement."""

    judgement: Judgement
    value: JudgedValue
    mark: Mark
    phase: process.Phase
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequirementStory:
    """A requirement, what it means, and what was measured for it."""

    requirement: Requirement
    metric: process.Metric | None
    readings: tuple[Reading, ...]
    mark: Mark


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskStory:
    """A risk of the register with its answers; `rank` counts from 1, the gravest first."""

    rank: int
    risk: Risk
    title: str
    phase: process.Phase
    answers: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskStory:
    """A task of the phase: how it is answered, and what its checks found."""

    title: str
    asks: str
    anchor: str
    answers: tuple[Line, ...]
    not_applicable: str
    judgements: tuple[Judgement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """One move of the team from a phase to another."""

    when: str
    who: str
    kind: EntryKind
    source: str
    target: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseStory:
    """Everything that the page of one phase tells."""

    known: process.Phase
    plan: PhasePlan
    verdict: PhaseVerdict
    mark: Mark
    headline: str
    next_step: str
    obstacles: tuple[Line, ...]
    tally: tuple[tuple[Mark, int], ...]
    requirements: tuple[RequirementStory, ...]
    risks: tuple[RiskStory, ...]
    tasks: tuple[TaskStory, ...]
    unchecked: tuple[Group, ...]
    signatures: tuple[Signature, ...]
    moves: tuple[History, ...]


@dataclass(frozen=True, kw_only=True)
class Story:
    """A whole report. written: the names of the pages that exist, so that no link leads nowhere."""

    project: Project
    verdict: Verdict
    facts: Facts
    signatures: Mapping[str, tuple[Signature, ...]] = field(default_factory=dict)
    entries: tuple[Entry, ...] = ()
    written: frozenset[str] = frozenset()

    @cached_property
    def phases(self) -> tuple[PhaseStory, ...]:
        """The six phases, each with its page."""
        return tuple(self._phase(phase) for phase in self.verdict.phases)

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """The line of six phases."""
        return tuple(
            Step(
                phase=_known(phase.phase),
                mark=state_mark(phase),
                href=self._link(phase.phase),
                here=phase.phase == self.project.phase,
            )
            for phase in self.verdict.phases
        )

    @cached_property
    def requirements(self) -> tuple[RequirementStory, ...]:
        """Every requirement of the project, in the order in which it was stated."""
        return tuple(self._requirement(one) for plan in self.project.phases for one in plan.requirements)

    @cached_property
    def risks(self) -> tuple[RiskStory, ...]:
        """Every risk that applies, the gravest first."""
        return self._risks(self.project.phases)

    @cached_property
    def moves(self) -> tuple[History, ...]:
        """How the team went from phase to phase, oldest first."""
        return tuple(_move(entry) for entry in self.entries if entry.kind in {EntryKind.ADVANCE, EntryKind.BACK})

    @property
    def current(self) -> PhaseStory:
        """The phase whose answer comes first: the one asked for, the first closed one, or where the team works."""
        wanted = self.verdict.asked or self.project.phase
        closed = (one for one in self.phases if one.verdict.enforced and not one.verdict.opens)
        own = next(one for one in self.phases if one.known.id == wanted)
        return own if self.verdict.asked else next(closed, own)

    @property
    def headline(self) -> str:
        """The answer in one or two sentences."""
        passed = [one for one in self.phases if one.verdict.enforced and one.verdict.opens]
        if self.current.verdict.enforced or not passed:
            return self.current.headline
        return f"{gates_of(passed)} open. {self.current.headline}"

    # --- one phase ---

    def _phase(self, phase: PhaseVerdict) -> PhaseStory:
        known, plan = _known(phase.phase), self.project.plan_of(phase.phase)
        return PhaseStory(
            known=known,
            plan=plan,
            verdict=phase,
            mark=state_mark(phase),
            headline=headline(phase),
            next_step=self._next_step(phase),
            obstacles=tuple(self._obstacles(phase)),
            tally=tuple(_tally(phase)),
            requirements=tuple(self._requirements_of(phase)),
            risks=self._risks((plan,)),
            tasks=tuple(self._tasks(phase, plan)),
            unchecked=tuple(group for group in self._unchecked(phase, plan) if group.lines),
            signatures=self.signatures.get(phase.phase, ()),
            moves=tuple(one for one in self.moves if known.id in {one.source, one.target}),
        )

    def _next_step(self, phase: PhaseVerdict) -> str:
        number = _known(phase.phase).number
        if phase.state is State.NOT_REACHED:
            return "There is nothing to do here before the team reaches this phase."
        if not phase.opens:
            return f"Mend what is listed below, then ask again with `crispq gate {number}`."
        if phase.phase != self.project.phase:
            return "There is nothing to do here, as long as nothing that was measured changes."
        if number == len(self.verdict.phases):
            return f"This phase is never left: ask again with `crispq gate {number}` whenever new data has arrived."
        return "The team may go on to the next phase with `crispq advance`."

    def _obstacles(self, phase: PhaseVerdict) -> Iterator[Line]:
        for judgement in shutting(phase):
            yield self._line(judgement)
        for reason in _other_reasons(phase):
            gate = _names_a_gate(reason)
            if gate:
                what = f"The gate of phase {_known(gate).number}, {_known(gate).title}, is not open"
                closed = next(one for one in self.verdict.phases if one.phase == gate)
                yield Line(what=what, mark=state_mark(closed), href=self._link(gate))
            else:
                yield Line(what=words.capital(reason), mark=words.NOT_MEASURED)

    def _line(self, judgement: Judgement) -> Line:
        return Line(
            what=judgement.planned.spec.title,
            why=judgement.summary,
            mark=words.MARKS[judgement.status],
            href=self._link(judgement.planned.spec.phase, anchor(judgement)),
            judgement=judgement,
        )

    def _link(self, phase: str, fragment: str = "") -> str:
        name = page_of(phase)
        return "" if name not in self.written else f"{name}#{fragment}" if fragment else name

    # --- requirements ---

    def _requirement(self, requirement: Requirement) -> RequirementStory:
        readings = tuple(self._readings(requirement))
        return RequirementStory(
            requirement=requirement,
            metric=process.metrics().get(requirement.metric or ""),
            readings=readings,
            mark=_requirement_mark(requirement, readings),
        )

    def _readings(self, requirement: Requirement) -> Iterator[Reading]:
        for phase in self.verdict.phases:
            for judgement in phase.judgements:
                for value in judgement.values:
                    if value.status is not None and value.name in _names_of(judgement, requirement):
                        yield Reading(
                            judgement=judgement,
                            value=value,
                            mark=words.MARKS[value.status],
                            phase=_known(phase.phase),
                            href=self._link(phase.phase, anchor(judgement)),
                        )

    def _requirements_of(self, phase: PhaseVerdict) -> Iterator[RequirementStory]:
        """Those that the phase states, and those that its checks measured."""
        stated = {one.id for one in self.project.plan_of(phase.phase).requirements}
        for story in self.requirements:
            if story.requirement.id in stated or any(one.phase.id == phase.phase for one in story.readings):
                yield story

    # --- risks and answers ---

    def _risks(self, plans: tuple[PhasePlan, ...]) -> tuple[RiskStory, ...]:
        known = {one.id: one for one in process.risks()}
        applying = [(risk, plan.phase) for plan in plans for risk in plan.risks if not risk.does_not_apply_because]
        ranked = sorted(applying, key=lambda one: (-_weight(one[0].after or one[0].before), -_weight(one[0].before)))
        return tuple(
            RiskStory(
                rank=rank,
                risk=risk,
                title=risk.statement or (known[risk.id].title if risk.id in known else ""),
                phase=_known(phase),
                answers=tuple(self._answer(word, phase) for word in risk.mitigations),
            )
            for rank, (risk, phase) in enumerate(ranked, start=1)
        )

    def _answer(self, word: str, phase: str) -> Line:
        """What `word` (a check, documents.NAME or signoffs.ROLE) is, and whether it holds."""
        kind, _, name = word.partition(".")
        if kind == "documents":
            return self._document(name)
        if kind == "signoffs":
            signature = next((one for one in self.signatures.get(phase, ()) if one.role == name), None)
            return Line(what=f"Sign-off: {spaced(name)}", mark=signature.mark if signature else words.UNSIGNED)
        made = self._judgements
        judgement = made.get(word) or made.get(f"{phase}.{word}")
        return self._line(judgement) if judgement else Line(what=f"Check: {spaced(word)}", mark=words.NOT_MEASURED)

    @cached_property
    def _judgements(self) -> Mapping[str, Judgement]:
        return {one.check: one for phase in self.verdict.phases for one in phase.judgements}

    def _document(self, name: str) -> Line:
        title = next((one.title for one in process.documents() if one.id == name), spaced(name))
        path = next((one.path for plan in self.project.phases for one in plan.documents if one.name == name), "")
        return Line(what=f"Document: {title}", why=path, mark=self._document_mark(path))

    def _document_mark(self, path: str) -> Mark:
        """What the checks that read the file say of it: whether it is there, and whether one of them found a gap."""
        made = self._judgements.values()
        read = {one.path: one.sha256 for judgement in made for one in judgement.measured.inputs}
        gaps = {finding.path for judgement in made if not judgement.status.opens for finding in judgement.findings}
        if path and path not in read:
            return words.UNSEEN
        if not path or not read[path]:
            return words.ABSENT
        return words.INCOMPLETE if path in gaps else words.IN_PLACE

    # --- tasks ---

    def _tasks(self, phase: PhaseVerdict, plan: PhasePlan) -> Iterator[TaskStory]:
        answers = {one.task: one for one in plan.tasks}
        tasks = process.tasks_of(phase.phase)
        for task in tasks:
            answer = answers.get(task.id)
            yield TaskStory(
                title=task.title,
                asks=task.asks,
                anchor=f"task-{task.id}",
                answers=tuple(self._answer(word, phase.phase) for word in answer.answered_by) if answer else (),
                not_applicable=(answer.not_applicable_because or "") if answer else "",
                judgements=tuple(one for one in phase.judgements if one.planned.spec.task == task.id),
            )
        named = {task.id for task in tasks}
        shared = tuple(one for one in phase.judgements if one.planned.spec.task == EVERY_PHASE)
        own = tuple(one for one in phase.judgements if one.planned.spec.task not in {EVERY_PHASE, *named})
        if shared:
            asks = "Documents, requirements, risks and sign-offs: the same questions in each of the six phases."
            yield _task_without_answer("What every phase must show", asks, "task-every-phase", shared)
        if own:
            asks = "Questions that this project asks beyond the tasks of the process."
            yield _task_without_answer("The project's own checks", asks, "task-own", own)

    # --- what was not checked ---

    def _unchecked(self, phase: PhaseVerdict, plan: PhasePlan) -> Iterator[Group]:
        if phase.state is State.NOT_REACHED:
            line = Line(what="The whole phase", why="The team has not reached it; none of its checks was asked.")
            yield Group(title="Not reached", meaning="Nothing of this phase was measured.", lines=(line,))
        yield from self._unmeasured(phase)
        yield from self._left_aside(phase, plan)
        yield Group(
            title="What the checks cannot see",
            meaning="A check that is met says only what it measured. These are the limits its authors name.",
            lines=tuple(
                Line(what=one.planned.spec.title, why=blind, href=self._link(phase.phase, anchor(one)))
                for one in phase.judgements
                if (blind := section(one.planned.spec.words, "What it cannot see"))
            ),
        )

    def _unmeasured(self, phase: PhaseVerdict) -> Iterator[Group]:
        def those(status: Status, level: Level) -> tuple[Line, ...]:
            chosen = [one for one in phase.judgements if one.status is status and one.planned.level is level]
            return tuple(self._line(one) for one in chosen)

        absent = [one for one in phase.judgements if one.measured.measurement and one.measured.measurement.missing]
        advice = [one for one in phase.judgements if one.planned.level is Level.SHOULD]
        silent = {Status.PASS, Status.NOT_APPLICABLE}
        yield Group(
            title="Asked for, but without an answer",
            meaning="The plan demands these checks, and no result came back.",
            lines=tuple(
                Line(what=words.capital(one), mark=words.NOT_MEASURED)
                for one in _other_reasons(phase)
                if "not measured" in one
            ),
        )
        yield Group(
            title="Could not be measured",
            meaning="The measurement failed or is out of date; nothing is known about the answer.",
            lines=those(Status.ERROR, Level.MUST),
        )
        yield Group(
            title="Too little data to tell",
            meaning="It was measured, but the number is too uncertain to say yes or no.",
            lines=those(Status.INCONCLUSIVE, Level.MUST),
        )
        yield Group(
            title="Evidence that does not exist yet",
            meaning="What these checks would look at is not there.",
            lines=tuple(self._line(one) for one in absent),
        )
        yield Group(
            title="Advice that was not followed",
            meaning="These checks only advise: they did not pass, and they keep no gate shut.",
            lines=tuple(self._line(one) for one in advice if one.status not in silent),
        )
        yield Group(
            title="Checks that do not apply",
            meaning="Each gives the rule by which the question has no meaning here.",
            lines=those(Status.NOT_APPLICABLE, Level.MUST) + those(Status.NOT_APPLICABLE, Level.SHOULD),
        )

    def _left_aside(self, phase: PhaseVerdict, plan: PhasePlan) -> Iterator[Group]:
        answered = {one.task: one for one in plan.tasks}
        titles = {one.id: one.title for one in process.tasks()} | {one.id: one.title for one in process.risks()}
        yield Group(
            title="Requirements that nothing has measured",
            meaning="They were stated, and no number stands against them so far.",
            lines=tuple(
                Line(
                    what=f"{one.requirement.id}: {one.requirement.statement}",
                    why=one.requirement.not_measurable_because or "",
                    mark=one.mark,
                )
                for one in self.requirements
                if not one.readings and one.requirement in plan.requirements
            ),
        )
        yield Group(
            title="Tasks that the team declares not applicable",
            meaning="The process names them; the team says why they have no meaning here.",
            lines=tuple(
                Line(what=titles.get(one.task, spaced(one.task)), why=one.not_applicable_because)
                for one in plan.tasks
                if one.not_applicable_because
            ),
        )
        yield Group(
            title="Tasks without an answer",
            meaning="The process names them, and the phase does not say how it answers them.",
            lines=tuple(Line(what=one.title) for one in process.tasks_of(phase.phase) if one.id not in answered),
        )
        yield Group(
            title="Risks that the team declares not to apply",
            meaning="They are in the register with the reason why they cannot arise here.",
            lines=tuple(
                Line(what=f"{one.id}: {one.statement or titles.get(one.id, '')}", why=one.does_not_apply_because)
                for one in plan.risks
                if one.does_not_apply_because
            ),
        )
        registered = {one.id for one in plan.risks}
        yield Group(
            title="Risks of the process that the register does not mention",
            meaning="The process names them for this phase; nobody has written whether they apply.",
            lines=tuple(
                Line(what=f"{one.id}: {one.title}") for one in process.risks_of(phase.phase) if one.id not in registered
            ),
        )


# --- small questions ---------------------------------------------------------------------------


def page_of(phase: str) -> str:
    """The file name of a phase's page."""
    return f"{_known(phase).folder}.html"


def anchor(judgement: Judgement) -> str:
    """Where on its phase's page a check's result stands."""
    return f"check-{judgement.planned.spec.name}"


def state_mark(phase: PhaseVerdict) -> Mark:
    """The word and sign of where a phase stands."""
    return words.READY if phase.state is State.IN_WORK and phase.opens else words.STATES[phase.state]


def shutting(phase: PhaseVerdict) -> tuple[Judgement, ...]:
    """The judgements that the verdict names as reasons for a closed gate, the gravest first."""
    named = [one for one in phase.judgements if any(reason.startswith(f"{one.check}: ") for reason in phase.reasons)]
    return tuple(sorted(named, key=lambda one: -GRAVITY.index(one.status)))


def headline(phase: PhaseVerdict) -> str:
    """Whether the gate opens, in one sentence with its numbers."""
    number = _known(phase.phase).number
    demands = [one for one in phase.judgements if one.planned.level is Level.MUST]
    if phase.state is State.NOT_REACHED:
        return f"Phase {number} has not been reached yet: nothing was measured."
    if phase.opens:
        verb = "would open now" if phase.state is State.IN_WORK else "is open"
        return f"The gate of phase {number} {verb}: {_all_met(demands)}."
    shut, waits = shutting(phase), _waits(phase)
    if shut:
        demanded = len({one.check for one in demands} | {one.check for one in shut})
        are = "is" if len(shut) == 1 else "are"
        missing = f"{len(shut)} of {plural(demanded, 'demand', 'demands')} {are} not met{_kinds(shut)}"
        return f"The gate of phase {number} {_shut_word(phase)}: {missing}{f', and it {waits}' if waits else ''}."
    others = [one for one in _other_reasons(phase) if not _names_a_gate(one)]
    if others:
        return f"The gate of phase {number} {_shut_word(phase)}: {'; '.join(others)}."
    return f"The gate of phase {number} {waits}; by itself, {_all_met(demands)}."


def _shut_word(phase: PhaseVerdict) -> str:
    return "is closed" if phase.enforced else "is not open yet"


def _waits(phase: PhaseVerdict) -> str:
    """`waits for phases 1 and 2`, where earlier gates are closed."""
    numbers = [
        str(one.number) for one in process.phases() if any(_names_a_gate(reason) == one.id for reason in phase.reasons)
    ]
    return f"waits for {'phase' if len(numbers) == 1 else 'phases'} {listed(numbers)}" if numbers else ""


def _names_a_gate(reason: str) -> str:
    """The phase whose closed gate is this reason; empty for any other reason."""
    return next((one.id for one in process.phases() if reason == f"the gate of {one.id} is closed"), "")


def _all_met(demands: list[Judgement]) -> str:
    apart = {Status.NOT_APPLICABLE: "not applicable", Status.WAIVED: "waived"}
    counts = [
        f"{count} {word}" for status, word in apart.items() if (count := sum(one.status is status for one in demands))
    ]
    met = sum(one.status in {Status.PASS, Status.WARN} for one in demands)
    if not counts:
        return f"all {met} demands are met" if met != 1 else "its one demand is met"
    return f"of {plural(len(demands), 'demand', 'demands')}, {listed([f'{met} met', *counts])}"


def _kinds(shut: tuple[Judgement, ...]) -> str:
    unsure = sum(one.status is Status.INCONCLUSIVE for one in shut)
    error = sum(one.status is Status.ERROR for one in shut)
    told = [f"{unsure} for lack of data"] if unsure else []
    told += [f"{error} because the measurement failed"] if error else []
    return f" ({listed(told)})" if told else ""


def _other_reasons(phase: PhaseVerdict) -> list[str]:
    return [one for one in phase.reasons if not any(one.startswith(f"{made.check}: ") for made in phase.judgements)]


def gates_of(phases: list[PhaseStory]) -> str:
    """`The gates of phases 1 and 2 are`."""
    numbers = [str(one.known.number) for one in phases]
    return f"The gate of phase {numbers[0]} is" if len(numbers) == 1 else f"The gates of phases {listed(numbers)} are"


def section(text: str, title: str) -> str:
    """What stands under the heading `title` of a check's words; empty when there is none."""
    _, found, rest = f"\n{text}\n".partition(f"\n## {title}\n")
    return rest.partition("\n## ")[0].strip() if found else ""


def finding_place(finding: Finding) -> str:
    """`path:line`, as far as it is known."""
    return ":".join(str(part) for part in (finding.path, finding.line) if part is not None)


def _known(phase: str) -> process.Phase:
    return next(one for one in process.phases() if one.id == phase)


def _weight(severity: Severity | None) -> int:
    """How grave a risk is; one that nobody has assessed comes first."""
    return severity.product if severity else 26


def _tally(phase: PhaseVerdict) -> Iterator[tuple[Mark, int]]:
    for status in Status:
        if count := sum(one.status is status for one in phase.judgements):
            yield words.MARKS[status], count


def _names_of(judgement: Judgement, requirement: Requirement) -> set[str]:
    """What a value is called when the check answers to this requirement."""
    limits = judgement.planned.limits.items()
    return {f"{name}.{requirement.id}" for name, limit in limits if limit.kind is LimitKind.AS_REQUIRED}


def _requirement_mark(requirement: Requirement, readings: tuple[Reading, ...]) -> Mark:
    found = [one.value.status for one in readings if one.value.status is not None]
    if found:
        return words.MARKS[max(found, key=GRAVITY.index)]
    return words.FOR_PEOPLE if requirement.not_measurable_because else words.NOT_MEASURED


def _task_without_answer(title: str, asks: str, name: str, judgements: tuple[Judgement, ...]) -> TaskStory:
    return TaskStory(title=title, asks=asks, anchor=name, answers=(), not_applicable="", judgements=judgements)


def _move(entry: Entry) -> History:
    forward = entry.kind is EntryKind.ADVANCE
    source, target = (entry.phase, entry.body.get("to", "")) if forward else (entry.body.get("from", ""), entry.phase)
    return History(
        when=entry.when,
        who=entry.who,
        kind=entry.kind,
        source=str(source),
        target=str(target),
        reason=str(entry.body.get("reason", "")),
    )
