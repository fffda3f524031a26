"""The rim: what `crispq.yaml` and `phase.yaml` may say. Strict, nothing unknown, every number finite."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, FiniteFloat, model_validator

from crispq.evidence.engines import refusal_of_source
from crispq.evidence.paths import refusal

SCHEMA_VERSION = 1

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
Text = Annotated[str, Field(min_length=1, max_length=4000)]


def _project_path(value: object) -> object:
    if isinstance(value, str) and (reason := refusal(value)):
        message = f"the path {reason}"
        raise ValueError(message)
    return value


def _table_source(value: object) -> object:
    if isinstance(value, str) and (reason := refusal_of_source(value)):
        message = f"the table's place {reason}"
        raise ValueError(message)
    return value


def _one_or_many(value: object) -> object:
    return [value] if isinstance(value, str) else value


ProjectPath = Annotated[str, BeforeValidator(_project_path)]
TableSource = Annotated[str, BeforeValidator(_table_source)]
Words = Annotated[list[Text], BeforeValidator(_one_or_many)]


class Strict(BaseModel):
    """A mapping that refuses unknown keys, wrong types and NaN."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class PersonModel(Strict):
    """Someone who works on the project, or a role that is not filled by name."""

    name: Text
    email: Text
    roles: list[Name] = Field(min_length=1, description="what this person signs for, such as ml_lead")


class DataModel(Strict):
    """What the data is and which column plays which part."""

    target: Text | None = Field(default=None, description="the column to be predicted")
    positive: str | int | float | bool | None = Field(
        default=None, description="the target's value that counts as positive"
    )
    key: Text | None = Field(default=None, description="the column that names a row")
    group: Text | None = Field(
        default=None, description="rows with the same value must not be split apart (a patient, a machine)"
    )
    time: Text | None = Field(default=None, description="the column that orders the rows in time")
    sensitive: list[Text] = Field(default_factory=list, description="columns whose groups are looked at one by one")
    tables: dict[Name, TableSource] = Field(
        default_factory=dict,
        description="name -> CSV or Parquet file or glob, or dialect+driver://user@host/database#table: "
        "raw, train, test, production, ...",
    )
    file: Text | None = Field(default=None, description="the column that names each row's file (an image, a recording)")
    digest: Text | None = Field(default=None, description="the column with the sha256 of that file")
    engine: Literal["duckdb", "spark"] = Field(default="duckdb", description="what reads the tables' files")


class ModelModel(Strict):
    """One model of the chain."""

    estimator: str = Field(
        pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$",
        description='"package.module:function"; the function takes seed= and returns an unfitted estimator',
    )
    artifact: ProjectPath | None = Field(
        default=None, description="the file of the trained model (skops, ONNX, safetensors)"
    )
    predictions: dict[Name, ProjectPath] = Field(
        default_factory=dict, description="table -> file with the key, prediction and probability of each row"
    )
    uses: list[Name] = Field(default_factory=list, description="models whose predictions this one needs")


class ProjectFile(Strict):
    """`crispq.yaml`: what the project is, its data, its models, the phase the team is working in."""

    crispq: Literal[1] = Field(description="version of this file's format")
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=60)
    title: Text
    task: Literal["binary_classification", "multiclass_classification", "regression", "other"]
    tier: Literal["prototype", "standard", "regulated"] = Field(description="how much is demanded")
    phase: Literal[
        "business_and_data_understanding",
        "data_preparation",
        "modeling",
        "evaluation",
        "deployment",
        "monitoring_and_maintenance",
    ] = Field(description="where the team works now; every phase before it is enforced")
    people: list[PersonModel] = Field(default_factory=list)
    data: DataModel = DataModel()
    models: dict[Name, ModelModel] = Field(default_factory=dict)
    plugins: list[Text] = Field(default_factory=list, description="packages with checks of your own")


class LimitModel(Strict):
    """What a value must satisfy; exactly one of the five."""

    at_least: FiniteFloat | None = None
    at_most: FiniteFloat | None = None
    between: list[FiniteFloat] | None = Field(default=None, min_length=2, max_length=2)
    equals: FiniteFloat | None = None
    none: Literal[True] | None = Field(default=None, description="nothing may be found")
    warn: FiniteFloat | bool | None = Field(
        default=None, description="from where on a value inside the limit is a warning"
    )
    min_n: int | None = Field(default=None, ge=1, description="fewer observations than this decide nothing")

    @model_validator(mode="after")
    def _one_kind(self) -> LimitModel:
        kinds = [
            name for name in ("at_least", "at_most", "between", "equals", "none") if getattr(self, name) is not None
        ]
        if len(kinds) != 1:
            message = "name exactly one of at_least, at_most, between, equals, none"
            raise ValueError(message)
        if self.between and self.between[0] > self.between[1]:
            message = "between: the first number must not be above the second"
            raise ValueError(message)
        if isinstance(self.warn, bool) is not (self.none is True) and self.warn is not None:
            message = "warn is a number, or true beside none"
            raise ValueError(message)
        if self.warn is not None and kinds[0] in {"between", "equals"}:
            message = f"warn does not go with {kinds[0]}"
            raise ValueError(message)
        return self


class RequirementModel(Strict):
    """A measurable demand; on business, ml and economic level a success criterion."""

    id: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$", max_length=40)
    level: Literal["business", "ml", "economic", "application"]
    statement: Text
    metric: Text | None = Field(default=None, description="a metric that crispq knows; `crispq explain METRIC`")
    parameters: dict[Name, FiniteFloat] = Field(default_factory=dict)
    at_least: FiniteFloat | None = None
    at_most: FiniteFloat | None = None
    between: list[FiniteFloat] | None = Field(default=None, min_length=2, max_length=2)
    unit: Text | None = None
    population: Text | None = Field(default=None, description="over whom or what it is measured")
    window: Text | None = Field(default=None, description="over which time")
    source: Text | None = Field(default=None, description="from which data")
    owner: Text | None = Field(default=None, description="the role that answers for it")
    serves: Words = Field(default_factory=list, description="ids of the requirements it is derived from")
    not_measurable_because: Text | None = None

    @model_validator(mode="after")
    def _one_limit(self) -> RequirementModel:
        if sum(bound is not None for bound in (self.at_least, self.at_most, self.between)) > 1:
            message = "name only one of at_least, at_most, between"
            raise ValueError(message)
        return self


class SeverityModel(Strict):
    """How bad and how likely, each from 1 (hardly) to 5 (very)."""

    severity: int = Field(ge=1, le=5)
    likelihood: int = Field(ge=1, le=5)


class RiskModel(Strict):
    """One line of the risk register. Empty fields are told by the gate until they are filled."""

    id: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$", max_length=40, description="R01 to R58, or an id of your own")
    statement: Text | None = Field(default=None, description="what may go wrong here, in this project's words")
    severity: int | None = Field(default=None, ge=1, le=5)
    likelihood: int | None = Field(default=None, ge=1, le=5)
    after: SeverityModel | None = Field(default=None, description="severity and likelihood once the mitigations work")
    owner: Text | None = None
    mitigations: Words = Field(default_factory=list, description="checks, documents.NAME or signoffs.ROLE")
    accepted_by: Text | None = Field(default=None, description="the signing role that accepts what remains")
    does_not_apply_because: Text | None = None


class TaskModel(Strict):
    """How the phase answers a task."""

    answered_by: Words = Field(default_factory=list, description="checks, documents.NAME or signoffs.ROLE")
    not_applicable_because: Text | None = None

    @model_validator(mode="after")
    def _one_answer(self) -> TaskModel:
        if self.answered_by and self.not_applicable_because:
            message = "a task is answered or not applicable, not both"
            raise ValueError(message)
        return self


class CheckModel(BaseModel):
    """Settings and limits of one check. Its settings are its own: `crispq explain CHECK` lists them."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

    limits: dict[Name, LimitModel] = Field(default_factory=dict)
    level: Literal["must", "should"] | None = None
    command: Text | None = Field(default=None, description="a program that prints a measurement as JSON")
    task: Name | None = None


class SignoffModel(Strict):
    """A role that must sign this phase."""

    role: Name


class PhaseFile(Strict):
    """`phase.yaml`: what one phase demands and how the project answers."""

    requirements: list[RequirementModel] = Field(default_factory=list)
    risks: list[RiskModel] = Field(default_factory=list)
    tasks: dict[Name, TaskModel] = Field(default_factory=dict)
    checks: dict[Name, CheckModel] = Field(default_factory=dict)
    documents: dict[Name, ProjectPath] = Field(default_factory=dict, description="kind -> file in this folder")
    signoffs: list[SignoffModel] = Field(default_factory=list)
    waivers: list[Any] = Field(default_factory=list, max_length=0, description="reserved; must be empty for now")
    commands: list[Text] = Field(default_factory=list, description="what rebuilds this phase's outputs, in order")
