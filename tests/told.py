"""A report's material built by hand: a project half-way, with every status, and the same with hostile words in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from typing import Any

from crispq import Chart, Estimate, Finding, Findings, Measurement, Table, as_required, at_least, at_most, none
from crispq.gate.judge import judge
from crispq.gate.verdict import decide
from crispq.nouns import (
    CheckSpec,
    DataSpec,
    DocumentEntry,
    Entry,
    EntryKind,
    Input,
    Judgement,
    Level,
    Limit,
    Measured,
    Person,
    PhasePlan,
    Place,
    Plan,
    PlannedCheck,
    PlannedPhase,
    Project,
    Requirement,
    Risk,
    Severity,
    SignoffDemand,
    Status,
    TaskAnswer,
    Tier,
    Verdict,
)
from crispq.process import phases
from crispq.render.html import Facts, Signature, pages

Say = Callable[[str], str]

CANARY = "Xcanary"
#: What a stranger may write into a name, a value, a finding, a title, a commit message.
ATTACKS = (
    "<img src=x onerror=alert(1)>",
    '"><script>alert(1)</script>',
    "'><svg onload=alert(1)>",
    "</style><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</summary></details><iframe src=//evil.example></iframe>",
    "javascript:alert(1)",
    "[x](javascript:alert(1))",
    "![x](https://evil.example/x.png)",
    "<a href='javascript:alert(1)'>x</a>",
    "<base href=https://evil.example/>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<form action=//evil.example><input autofocus onfocus=alert(1)>",
    "url(https://evil.example/x)",
    "{{ 7*7 }}{% for x in y %}",
    "--><script>alert(1)</script><!--",
    "<![CDATA[<script>alert(1)</script>]]>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "`<img src=x onerror=alert(1)>`",
    "\x1b[31mred\x1b]8;;https://evil.example\x07",
    "\u202egnp.exe\u2066",
    "\x00\x08\x0b\x0c\x7f\u2028\u2029\ufeff",
    "\ud800lone",
    "x" * 300,
)

WORDS = """{title}.

## Why
A number that nobody can trace is a rumour. Whoever decides about the application must know what it rests on.

## How it is measured
The file `data/test.parquet` is read and compared, row by row:

- exact rows, under any id
- the same `patient` on both sides

## How to mend it
Open the file at the line that is named, write down what was decided, and ask the gate again with `crispq gate`.

## What it cannot see
Whether what is written is true.

## Source
CRISP-ML(Q) §3.4, p. 403
"""

BARS: dict[str, Any] = {
    "width": 460,
    "height": 180,
    "data": {
        "values": [
            {"group": name, "recall": value}
            for name, value in (("under 40", 0.91), ("40 to 60", 0.97), ("over 60", 0.95))
        ]
    },
    "mark": "bar",
    "encoding": {
        "y": {"field": "group", "type": "nominal", "title": None},
        "x": {"field": "recall", "type": "quantitative", "title": "share of cancers found"},
    },
}


def same(text: str) -> str:
    """The text as it is."""
    return text


def place(path: str, line: int) -> Place:
    return Place(path=path, line=line)


def project(say: Say = same, *, phase: str = "evaluation") -> Project:
    """A project with three requirements, risks in each state, documents, tasks and sign-offs."""
    first = "1_business_and_data_understanding/phase.yaml"
    requirements = (
        Requirement(
            id="B1",
            level="business",
            statement=say("A clinician reviews no more than one benign sample for every five that the model sends on"),
            place=place(first, 4),
            owner="product_owner",
            not_measurable_because=say("it is known only after three months of use; the pilot will count it"),
        ),
        Requirement(
            id="ML1",
            level="ml",
            statement=say("The model finds the malignant samples"),
            place=place(first, 9),
            metric="recall",
            limit=at_least_from(0.95, say(f"ML1 at {first}:9:5")),
            population=say("all samples of the test set"),
            serves=("B1",),
            owner="ml_lead",
        ),
        Requirement(
            id="ML2",
            level="ml",
            statement=say("Malignant samples are ranked above benign ones"),
            place=place(first, 15),
            metric="roc_auc",
            limit=at_least_from(0.97, f"ML2 at {first}:15:5"),
            serves=("B1",),
        ),
        Requirement(
            id="A1",
            level="application",
            statement=say("An answer comes while the clinician waits"),
            place=place(first, 21),
            metric="latency_p95_ms",
            limit=at_most(200),
            unit="ms",
        ),
    )
    risks = (
        risk(
            "R02",
            say("Too few samples of rare tumours"),
            4,
            3,
            after=(4, 1),
            mitigations=("sample_is_large_enough", "documents.scope"),
        ),
        risk(
            "R10",
            say("The laboratory changes its scanner"),
            5,
            4,
            after=(4, 3),
            mitigations=("signoffs.domain_expert",),
            accepted="domain_expert",
        ),
        Risk(id="R05", place=place(first, 60), statement=say("Nobody has looked at this one")),
        Risk(
            id="R07", place=place(first, 63), does_not_apply_because=say("no second criterion competes with the first")
        ),
    )
    plans = []
    for known in phases():
        path = f"{known.folder}/phase.yaml"
        if known.number == 1:
            plans.append(
                PhasePlan(
                    phase=known.id,
                    path=path,
                    requirements=requirements,
                    risks=risks,
                    tasks=(
                        TaskAnswer(
                            task="define_the_scope",
                            place=place(path, 70),
                            answered_by=("documents.scope", "signoffs.domain_expert"),
                        ),
                        TaskAnswer(
                            task="success_criteria", place=place(path, 72), answered_by=("criteria_are_measurable",)
                        ),
                        TaskAnswer(
                            task="data_collection",
                            place=place(path, 74),
                            not_applicable_because=say("the data set is given and public"),
                        ),
                    ),
                    documents=(
                        DocumentEntry(name="scope", path=f"{known.folder}/{say('scope.md')}", place=place(path, 80)),
                    ),
                    signoffs=(
                        SignoffDemand(role="domain_expert", place=place(path, 90)),
                        SignoffDemand(role="ml_lead", place=place(path, 91)),
                    ),
                )
            )
        elif known.number == 4:
            plans.append(
                PhasePlan(
                    phase=known.id,
                    path=path,
                    risks=(
                        risk(
                            "R40",
                            say("The test set has been looked at too often"),
                            3,
                            3,
                            after=(3, 2),
                            mitigations=("test_set_is_blind",),
                        ),
                    ),
                    tasks=(
                        TaskAnswer(
                            task="determine_robustness",
                            place=place(path, 5),
                            not_applicable_because=say("inputs are numbers from one instrument"),
                        ),
                    ),
                    signoffs=(SignoffDemand(role="product_owner", place=place(path, 9)),),
                )
            )
        else:
            plans.append(PhasePlan(phase=known.id, path=path))
    return Project(
        root="/nowhere",
        name=say("breast_cancer"),
        title=say("Breast cancer: benign or malignant from cell nuclei"),
        task="binary_classification",
        tier=Tier.STANDARD,
        phase=phase,
        people=(Person(name=say("Data scientist"), email="ds@example.org", roles=("ml_lead", "data_scientist")),),
        data=DataSpec(),
        models=(),
        plugins=(),
        phases=tuple(plans),
        places={},
    )


def at_least_from(bound: float, origin: str) -> Limit:
    return replace(at_least(bound), origin=origin)


def risk(  # noqa: PLR0913 - a risk has these parts
    name: str,
    statement: str,
    severity: int,
    likelihood: int,
    *,
    after: tuple[int, int],
    mitigations: tuple[str, ...],
    accepted: str | None = None,
) -> Risk:
    return Risk(
        id=name,
        place=place("1_business_and_data_understanding/phase.yaml", 50),
        statement=statement,
        before=Severity(severity=severity, likelihood=likelihood),
        after=Severity(severity=after[0], likelihood=after[1]),
        owner="ml_lead",
        mitigations=mitigations,
        accepted_by=accepted,
    )


def planned(  # noqa: PLR0913 - as above
    phase: str,
    name: str,
    title: str,
    task: str,
    limits: dict[str, Limit],
    *,
    level: Level = Level.MUST,
    required: dict[str, Limit] | None = None,
) -> PlannedCheck:
    """A check of the plan that is as long as its name."""
    spec = CheckSpec(
        name=name,
        phase=phase,
        module="told",
        title=title,
        words=WORDS.format(title=title),
        task=task,
        catalogue=(),
        risks=(),
        level=level,
        tier=Tier.PROTOTYPE,
        limits=limits,
        settings={},
        reads_results=False,
        code_digest="",
        seconds=1,
        megabytes=1,
    )
    return PlannedCheck(spec=spec, level=level, settings={}, limits=limits, required=required or {})


def estimate(value: float, low: float, high: float, n: int = 114) -> Estimate:
    return Estimate(value=value, low=low, high=high, n=n, level=0.95)


def material(say: Say = same) -> list[tuple[PlannedCheck, Measurement | None]]:
    """Each check with what it measured; None is a crash. Every status but waived arises."""
    one, two, three, four = (phase.id for phase in phases()[:4])
    required = {
        requirement.id: requirement.limit for requirement in project().phases[0].requirements if requirement.limit
    }
    quiet = Measurement(
        values={"missing_or_unfilled": Findings(examined=3)}, summary=say("3 documents, every section filled")
    )
    criteria = {"criteria": as_required()}
    expectations = Findings(
        examined=31,
        items=(
            Finding(
                message=say("mean_radius is 0 in 3 rows, it must lie between 5 and 30"), path="data/raw.csv", line=118
            ),
            Finding(
                message=say("no expectation looks at worst_symmetry"),
                path=say("1_business_and_data_understanding/expectations/raw.json"),
                line=44,
            ),
        ),
    )
    folds = Table(
        title=say("Recall in each fold"),
        columns=(say("fold"), "recall", "n"),
        rows=tuple((f"fold {i}", 0.93 + i / 100, 91) for i in range(1, 6)),
    )
    return [
        (
            planned(
                one,
                "documents_are_complete",
                "The phase's documents are complete",
                "every_phase",
                {"missing_or_unfilled": none()},
            ),
            quiet,
        ),
        (
            planned(
                one,
                "criteria_are_measurable",
                say("Every success criterion is measurable"),
                "success_criteria",
                {"share": at_least(1)},
            ),
            Measurement(
                values={"share": Estimate(value=1.0, n=4)},
                summary=say("4 of 4 criteria have a metric and a limit, or a reason"),
            ),
        ),
        (
            planned(
                one,
                "data_meets_its_expectations",
                "The data meets its expectations",
                "data_quality_verification",
                {"unmet": none()},
            ),
            Measurement(values={"unmet": expectations}, summary=say("2 of 31 expectations are not met")),
        ),
        (
            planned(
                one, "sample_is_large_enough", "The sample is large enough", "feasibility", {"positives": at_least(100)}
            ),
            Measurement(
                values={"positives": Estimate(value=212, n=569)}, summary=say("212 malignant samples among 569")
            ),
        ),
        (
            planned(
                two,
                "split_is_disjoint",
                "No row is on both sides of the split",
                "select_data",
                {"shared_rows": at_most(0)},
            ),
            Measurement(values={"shared_rows": Estimate(value=0, n=569)}, summary="0 rows are shared"),
        ),
        (
            planned(
                two,
                "no_group_is_shared",
                "No group is on both sides of the split",
                "select_data",
                {"shared": at_most(0)},
            ),
            Measurement(not_applicable=say("crispq.yaml names no group column (data.group)")),
        ),
        (
            planned(
                three,
                "cross_validation_meets_the_criterion",
                "Cross-validation meets the criterion",
                "model_training",
                criteria,
                required=required,
            ),
            Measurement(
                values={
                    "criteria": {
                        "ML1": estimate(0.961, 0.951, 0.971, 455),
                        "ML2": estimate(0.9931, 0.9902, 0.9959, 455),
                    }
                },
                summary=say("5 folds, repeated 10 times"),
                tables=(folds,),
            ),
        ),
        (
            planned(
                three,
                "seeds_agree",
                "Other seeds give the same model",
                "reproducibility",
                {"spread": at_most(0.02, warn=0.01)},
            ),
            Measurement(
                values={"spread": estimate(0.011, 0.008, 0.015, 20)}, summary=say("20 seeds differ by 0.011 at most")
            ),
        ),
        (
            planned(
                four,
                "criteria_are_met",
                "The success criteria are met on the test set",
                "compare_with_success_criteria",
                criteria,
                required=required,
            ),
            Measurement(
                values={"criteria": {"ML1": estimate(0.9762, 0.9268, 0.9956), "ML2": estimate(0.9941, 0.9822, 0.9987)}},
                summary=say("2 criteria were scored on 114 samples"),
            ),
        ),
        (
            planned(
                four,
                "slices_hold",
                "No group of cases is left behind",
                "validate_performance",
                {"recall": at_least(0.9)},
            ),
            Measurement(
                values={
                    "recall": {
                        say("under_40"): estimate(0.71, 0.60, 0.80, 31),
                        "over_60": estimate(0.97, 0.92, 0.99, 48),
                    }
                },
                summary=say("1 of 2 groups is worse than demanded"),
                charts=(
                    Chart(
                        title=say("Recall by age"),
                        description=say("Cancers found in each age group: the youngest group is found least often."),
                        spec=BARS,
                    ),
                ),
                tables=(
                    Table(
                        title="Cases in each group",
                        columns=("group", "cases", "malignant"),
                        rows=((say("under 40"), 31, 14), ("over 60", 48, None)),
                    ),
                ),
            ),
        ),
        (
            planned(
                four,
                "explanations_are_stable",
                "Explanations are stable",
                "increase_explainability",
                {"rank_change": at_most(1)},
            ),
            None,
        ),
        (
            planned(
                four,
                "test_set_is_blind",
                "The test set has not been looked at too often",
                "validate_performance",
                {"looks": at_most(10)},
            ),
            Measurement(
                missing=(
                    Finding(
                        message=say("no predictions exist yet; run the phase's commands"),
                        path="4_evaluation/evaluate.py",
                    ),
                )
            ),
        ),
        (
            planned(
                four,
                "calibration_holds",
                "Probabilities mean what they say",
                "validate_performance",
                {"error": at_most(0.05)},
                level=Level.SHOULD,
            ),
            Measurement(
                values={"error": estimate(0.09, 0.06, 0.12)},
                summary=say("predicted probabilities are off by 0.09 on average"),
            ),
        ),
    ]


def verdict_of(made: Project, say: Say = same, *, broken: bool = True) -> Verdict:
    """The verdict on the material; broken=False leaves only what passes in the phases behind the team."""
    held: dict[str, Judgement] = {}
    checks: dict[str, list[PlannedCheck]] = {phase.id: [] for phase in phases()}
    for check, measurement in material(say):
        if not broken and check.id.endswith("data_meets_its_expectations"):
            continue
        inputs = (
            Input(path=say("data/test.parquet"), sha256="5c" * 32),
            Input(path="1_business_and_data_understanding/scope.md", sha256="a1" * 32),
            Input(path="models/absent.skops", sha256=None),
            Input(path="config:core", sha256="0f" * 32),
        )
        error = "" if measurement else say("ImportError: no module named 'shap'; pip install crispq[explain]")
        measured = Measured(check=check.id, measurement=measurement, error=error, inputs=inputs, seconds=1.25)
        held[check.id] = judge(check, measured)
        checks[check.spec.phase].append(check)
    order = [phase.id for phase in phases()]
    here = order.index(made.phase)
    plan = Plan(
        project=made,
        asked=None,
        phases=tuple(
            PlannedPhase(phase=phase, enforced=order.index(phase) < here, checks=tuple(checks[phase]))
            for phase in order
        ),
    )
    return decide(plan, held)


def waived(verdict: Verdict) -> Verdict:
    """The verdict with its first failed judgement waived, as waivers will one day do."""

    def mend(judgement: Judgement) -> Judgement:
        return (
            replace(judgement, status=Status.WAIVED)
            if judgement.check.endswith("data_meets_its_expectations")
            else judgement
        )

    return replace(
        verdict, phases=tuple(replace(phase, judgements=tuple(map(mend, phase.judgements))) for phase in verdict.phases)
    )


def entries(say: Say = same) -> tuple[Entry, ...]:
    """The way of a team that went back once."""
    one, two, three = (phase.id for phase in phases()[:3])

    def entry(kind: EntryKind, phase: str, day: int, body: dict[str, Any]) -> Entry:
        when = f"2026-10-{day:02d}T09:30:00+00:00"
        return Entry(
            digest="e" * 64,
            kind=kind,
            phase=phase,
            previous=(),
            when=when,
            who=say("Data scientist <ds@example.org>"),
            body=body,
        )

    return (
        entry(EntryKind.ADVANCE, one, 2, {"to": two}),
        entry(EntryKind.ADVANCE, two, 9, {"to": three}),
        entry(
            EntryKind.BACK,
            two,
            12,
            {"from": three, "reason": say("the same patient turned up on both sides of the split")},
        ),
        entry(EntryKind.ADVANCE, two, 14, {"to": three}),
    )


def signed(say: Say = same) -> dict[str, tuple[Signature, ...]]:
    """One signature of each kind."""
    return {
        phases()[0].id: (
            Signature(role="domain_expert", who=say("Pathologist <p@example.org>"), when="2026-10-01T16:00:00+00:00"),
            Signature(role="ml_lead", who="ML lead", when="2026-10-01T16:05:00+00:00", changed=(say("data/raw.csv"),)),
        ),
        phases()[3].id: (Signature(role="product_owner"),),
    }


def told(say: Say = same, *, broken: bool = True, only: str | None = None) -> dict[str, str]:
    """The pages of a whole report."""
    made = project(say)
    facts = Facts(
        version="0.1.0", when="2026-11-03T14:05:00+00:00", commit="3f9c2a7d51e0b84c6a9d2f1e7b3c5a8d0e4f6b21", dirty=True
    )
    return pages(
        made, verdict_of(made, say, broken=broken), facts, signatures=signed(say), entries=entries(say), only=only
    )


def hostile_report() -> tuple[dict[str, str], list[str]]:
    """A report in which every text is an attack, each with a number of its own; and all these texts."""
    numbers, said = count(), list[str]()

    def say(_text: str) -> str:
        number = next(numbers)
        said.append(f"{CANARY}{number}:{ATTACKS[number % len(ATTACKS)]}")
        return said[-1]

    made = told(say)
    while len(said) < 200:  # the same pages with other attacks in each place
        next(numbers)
        made |= {f"{len(said)}-{name}": text for name, text in told(say).items()}
    return made, said
