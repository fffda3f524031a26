"""The frozen values that travel along the road: project -> plan -> measurements -> judgements -> verdict -> entry.

Nothing here reads a file, a clock or the environment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import inf
from typing import Any, Literal, TypeAlias, Union

Json: TypeAlias = Union[bool, int, float, str, list["Json"], dict[str, "Json"], None]  # noqa: UP007 - recursive
Parameters: TypeAlias = Mapping[str, Any]


# --- what a check says -------------------------------------------------------------------------


class Status(StrEnum):
    """What one judgement says."""

    PASS = "pass"  # noqa: S105 - a status, not a password
    WARN = "warn"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    NOT_APPLICABLE = "not_applicable"
    ERROR = "error"
    WAIVED = "waived"

    @property
    def opens(self) -> bool:
        """Whether a must check with this status lets its gate open."""
        return self in {Status.PASS, Status.WARN, Status.NOT_APPLICABLE, Status.WAIVED}


#: From harmless to grave: a judgement over several values takes the gravest.
GRAVITY: tuple[Status, ...] = (
    Status.NOT_APPLICABLE,
    Status.PASS,
    Status.WAIVED,
    Status.WARN,
    Status.INCONCLUSIVE,
    Status.FAIL,
    Status.ERROR,
)


class Level(StrEnum):
    """Whether a check can keep a gate shut."""

    MUST = "must"
    SHOULD = "should"


class Tier(StrEnum):
    """How much is demanded of the project."""

    PROTOTYPE = "prototype"
    STANDARD = "standard"
    REGULATED = "regulated"

    def includes(self, other: Tier) -> bool:
        """Whether what is demanded from `other` on is demanded here."""
        order = list(Tier)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """One measured number.

    `low` and `high` are one-sided bounds, each at confidence `level`; both None for an exact value.
    `n` is the number of independent observations behind the value.
    """

    value: float
    low: float | None = None
    high: float | None = None
    n: int | None = None
    level: float | None = None

    @property
    def exact(self) -> bool:
        """Whether the value carries no sampling noise."""
        return self.low is None and self.high is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that a person should look at, and where."""

    message: str
    path: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What was found amiss among the `examined` things. Nothing examined is never a pass."""

    examined: int
    items: tuple[Finding, ...] = ()


Value: TypeAlias = Estimate | Findings | Mapping[str, Estimate]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows to show in a report: aggregates only, never the data's own rows."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str | float | int | None, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A picture for the report: a Vega-Lite specification with its few aggregated points inside."""

    title: str
    description: str
    spec: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What a check returns: values by name, and what helps a reader to understand them.

    A measurement never says "pass". It says `not_applicable` (the rule that makes it so), or `missing`
    (the evidence that does not exist yet), or it has values.
    """

    values: Mapping[str, Value] = field(default_factory=dict)
    summary: str = ""
    tables: tuple[Table, ...] = ()
    charts: tuple[Chart, ...] = ()
    not_applicable: str = ""
    missing: tuple[Finding, ...] = ()


# --- limits ------------------------------------------------------------------------------------


class LimitKind(StrEnum):
    """The five ways to hold a value against a demand, and the one that asks the requirements."""

    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    BETWEEN = "between"
    EQUALS = "equals"
    NONE = "none"
    AS_REQUIRED = "as_required"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What a value must satisfy: inside [low, high], and to be free of a warning inside [warn_low, warn_high].

    `origin` says where the demand comes from: the check's default, or a file and line of the project.
    Below `min_n` observations nothing is decided.
    """

    kind: LimitKind
    low: float = -inf
    high: float = inf
    warn_low: float = -inf
    warn_high: float = inf
    warn_only: bool = False
    min_n: int = 0
    origin: str = "default of the check"


# --- checks ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSpec:
    """Everything about a check that can be known without running it."""

    name: str
    phase: str
    module: str
    title: str
    words: str
    task: str
    catalogue: tuple[str, ...]
    risks: tuple[str, ...]
    level: Level
    tier: Tier
    limits: Mapping[str, Limit]
    settings: Mapping[str, Json]
    reads_results: bool
    code_digest: str
    seconds: float
    megabytes: int
    command: str = ""

    @property
    def id(self) -> str:
        """The check's name everywhere: `<phase>.<name>`."""
        return f"{self.phase}.{self.name}"


# --- the project -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where in the project's files something is written."""

    path: str
    line: int
    column: int = 1

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Someone (or a role without a name) who works on the project."""

    name: str
    email: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSpec:
    """What `crispq.yaml` says about the data."""

    target: str | None = None
    positive: str | int | float | bool | None = None
    key: str | None = None
    group: str | None = None
    time: str | None = None
    sensitive: tuple[str, ...] = ()
    tables: Mapping[str, str] = field(default_factory=dict)
    file: str | None = None
    digest: str | None = None
    engine: str = "duckdb"

    @property
    def not_features(self) -> tuple[str, ...]:
        """The columns a model must not be given: target, key, group, time, and a file's path and digest."""
        named = (self.target, self.key, self.group, self.time, self.file, self.digest)
        return tuple(name for name in named if name is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """What `crispq.yaml` says about one model of the chain."""

    name: str
    estimator: str
    artifact: str | None = None
    predictions: Mapping[str, str] = field(default_factory=dict)
    uses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """A measurable demand on the project; on business, ML or economic level a success criterion."""

    id: str
    level: Literal["business", "ml", "economic", "application"]
    statement: str
    place: Place
    metric: str | None = None
    parameters: Parameters = field(default_factory=dict)
    limit: Limit | None = None
    unit: str | None = None
    population: str | None = None
    window: str | None = None
    source: str | None = None
    owner: str | None = None
    serves: tuple[str, ...] = ()
    not_measurable_because: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Severity:
    """How bad and how likely, each from 1 to 5."""

    severity: int
    likelihood: int

    @property
    def product(self) -> int:
        """Severity x likelihood, as in a failure mode and effects analysis."""
        return self.severity * self.likelihood


@dataclass(frozen=True, slots=True, kw_only=True)
class Risk:
    """One line of a phase's risk register."""

    id: str
    place: Place
    statement: str = ""
    before: Severity | None = None
    after: Severity | None = None
    owner: str | None = None
    mitigations: tuple[str, ...] = ()
    accepted_by: str | None = None
    does_not_apply_because: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskAnswer:
    """How a phase answers one of its tasks."""

    task: str
    place: Place
    answered_by: tuple[str, ...] = ()
    not_applicable_because: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSetting:
    """What a project says about one check: its settings and its limits."""

    name: str
    place: Place
    settings: Mapping[str, Json] = field(default_factory=dict)
    limits: Mapping[str, Limit] = field(default_factory=dict)
    level: Level | None = None
    command: str | None = None
    task: str | None = None
    places: Mapping[str, Place] = field(default_factory=dict)

    def place_of(self, key: str) -> Place:
        """Where the check's setting or limit `key` is written."""
        return self.places.get(key, self.place)


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentEntry:
    """One document of a phase: its kind, and the file that holds it."""

    name: str
    path: str
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class SignoffDemand:
    """A role that must sign a phase."""

    role: str
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class PhasePlan:
    """What one `phase.yaml` says."""

    phase: str
    path: str
    requirements: tuple[Requirement, ...] = ()
    risks: tuple[Risk, ...] = ()
    tasks: tuple[TaskAnswer, ...] = ()
    checks: tuple[CheckSetting, ...] = ()
    documents: tuple[DocumentEntry, ...] = ()
    signoffs: tuple[SignoffDemand, ...] = ()
    commands: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A whole project as its files describe it, in the order of the phases."""

    root: str
    name: str
    title: str
    task: str
    tier: Tier
    phase: str
    people: tuple[Person, ...]
    data: DataSpec
    models: tuple[ModelSpec, ...]
    plugins: tuple[str, ...]
    phases: tuple[PhasePlan, ...]
    places: Mapping[str, Place]

    def plan_of(self, phase: str) -> PhasePlan:
        """The plan of the phase with this id."""
        return next(plan for plan in self.phases if plan.phase == phase)

    def place_of(self, dotted: str) -> Place:
        """Where the key `dotted` (such as `data.tables.train`) is written, or the nearest key above it."""
        parts = dotted.split(".")
        for end in range(len(parts), 0, -1):
            if place := self.places.get(".".join(parts[:end])):
                return place
        return Place(path="crispq.yaml", line=1)


# --- from plan to entry ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One thing a check read: a file (by path) or something with a kind, such as `config:data`.

    `sha256` is None when it was looked for and is absent.
    """

    path: str
    sha256: str | None

    @property
    def is_file(self) -> bool:
        """Whether this names a file of the project."""
        return ":" not in self.path

    @property
    def is_content(self) -> bool:
        """Whether this names what a signature covers: a file of the project, or the rows of a database's table."""
        return self.is_file or self.path.startswith("rows:")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCheck:
    """A check as this project asks for it: settings and limits decided, level decided."""

    spec: CheckSpec
    level: Level
    settings: Mapping[str, Json]
    limits: Mapping[str, Limit]
    required: Mapping[str, Limit]

    @property
    def id(self) -> str:
        """The id of the check behind it."""
        return self.spec.id


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedPhase:
    """What one phase demands, and whether an unmet demand closes the gate that was asked."""

    phase: str
    enforced: bool
    checks: tuple[PlannedCheck, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that is required before the question can be answered."""

    project: Project
    asked: str | None
    phases: tuple[PlannedPhase, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A measurement as the runner brings it home: or the reason why there is none."""

    check: str
    measurement: Measurement | None
    error: str = ""
    stale: str = ""
    inputs: tuple[Input, ...] = ()
    seconds: float = 0.0
    cached: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedValue:
    """One value held against its limit."""

    name: str
    estimate: Estimate | None
    limit: Limit | None
    status: Status | None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One check's answer: exactly one status, and why."""

    planned: PlannedCheck
    measured: Measured
    status: Status
    summary: str
    values: tuple[JudgedValue, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def check(self) -> str:
        """The check's id."""
        return self.planned.id

    @property
    def opens(self) -> bool:
        """Whether this judgement leaves its gate open."""
        return self.status.opens or self.planned.level is Level.SHOULD


class State(StrEnum):
    """Where a phase stands."""

    PASSED = "passed"
    FAILED = "failed"
    IN_WORK = "in_work"
    BLOCKED = "blocked"
    NOT_REACHED = "not_reached"


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseVerdict:
    """Does this phase's gate open, and why (not)."""

    phase: str
    state: State
    enforced: bool
    opens: bool
    reasons: tuple[str, ...] = ()
    judgements: tuple[Judgement, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The answer to one `crispq gate`."""

    asked: str | None
    opens: bool
    exit_code: int
    phases: tuple[PhaseVerdict, ...]
    summary: str


class EntryKind(StrEnum):
    """What an entry of the ledger records."""

    GATE = "gate"
    ADVANCE = "advance"
    BACK = "back"
    SIGNOFF = "signoff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A recorded event. `digest` is the sha256 of its canonical JSON and the name of its file."""

    digest: str
    kind: EntryKind
    phase: str
    previous: tuple[str, ...]
    when: str
    who: str
    body: Mapping[str, Any]
