"""Values against limits, and judgements against gates: every corner of the two pure modules."""

from __future__ import annotations

from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crispq import Estimate, Finding, Findings, Measurement, as_required, at_least, at_most, between, equals, none
from crispq.errors import NotMeasurable
from crispq.gate import wire
from crispq.gate.judge import judge, judge_estimate
from crispq.gate.verdict import decide
from crispq.nouns import (
    CheckSpec,
    DataSpec,
    Judgement,
    Level,
    Limit,
    Measured,
    PhasePlan,
    Plan,
    PlannedCheck,
    PlannedPhase,
    Project,
    State,
    Status,
    Tier,
)
from crispq.process import phases

FIRST = "business_and_data_understanding"


def spec(name: str = "a_check", phase: str = FIRST) -> CheckSpec:
    return CheckSpec(
        name=name,
        phase=phase,
        module="",
        title="",
        words="",
        task="",
        catalogue=(),
        risks=(),
        level=Level.MUST,
        tier=Tier.PROTOTYPE,
        limits={},
        settings={},
        reads_results=False,
        code_digest="",
        seconds=1,
        megabytes=1,
    )


def planned(
    limits: dict[str, Limit], *, level: Level = Level.MUST, required: dict[str, Limit] | None = None
) -> PlannedCheck:
    return PlannedCheck(spec=spec(), level=level, settings={}, limits=limits, required=required or {})


def judged(values: object, limits: dict[str, Limit], required: dict[str, Limit] | None = None) -> Judgement:
    measurement = Measurement(values=values)  # type: ignore[arg-type]
    return judge(planned(limits, required=required), Measured(check="x", measurement=measurement))


@pytest.mark.parametrize(
    ("estimate", "limit", "status"),
    [
        (Estimate(value=0.9), at_least(0.9), Status.PASS),
        (Estimate(value=0.8999), at_least(0.9), Status.FAIL),
        (Estimate(value=0.95, low=0.91, high=0.97), at_least(0.9), Status.PASS),
        (Estimate(value=0.95, low=0.89, high=0.97), at_least(0.9), Status.INCONCLUSIVE),
        (Estimate(value=0.85, low=0.80, high=0.89), at_least(0.9), Status.FAIL),
        (Estimate(value=0.95, low=0.91, high=0.97), at_least(0.9, warn=0.92), Status.WARN),
        (Estimate(value=0.95, low=0.93, high=0.97), at_least(0.9, warn=0.92), Status.PASS),
        (Estimate(value=3), at_most(3), Status.PASS),
        (Estimate(value=4), at_most(3), Status.FAIL),
        (Estimate(value=2), at_most(3, warn=1), Status.WARN),
        (Estimate(value=2, low=1, high=4), at_most(3), Status.INCONCLUSIVE),
        (Estimate(value=0.5), between(0.4, 0.6), Status.PASS),
        (Estimate(value=0.7), between(0.4, 0.6), Status.FAIL),
        (Estimate(value=0.5, low=0.3, high=0.7), between(0.4, 0.6), Status.INCONCLUSIVE),
        (Estimate(value=7), equals(7), Status.PASS),
        (Estimate(value=7.1), equals(7), Status.FAIL),
        (Estimate(value=0.95, n=10), at_least(0.9, min_n=50), Status.INCONCLUSIVE),
        (Estimate(value=0.95), at_least(0.9, min_n=50), Status.INCONCLUSIVE),
        (Estimate(value=0.95, n=50), at_least(0.9, min_n=50), Status.PASS),
        (Estimate(value=0.95, low=0.96, high=0.97), at_least(0.9), Status.ERROR),
    ],
)
def test_an_estimate_is_held_against_its_limit(estimate: Estimate, limit: Limit, status: Status) -> None:
    assert status is judge_estimate("v", estimate, limit).status


@pytest.mark.parametrize("slot", ["value", "low", "high"])
@pytest.mark.parametrize("bad", [nan, inf, -inf])
@pytest.mark.parametrize("limit", [at_least(0.1), at_most(0.9), between(0.1, 0.9), equals(0.5)])
def test_what_is_not_finite_never_passes(slot: str, bad: float, limit: Limit) -> None:
    numbers = {"value": 0.5, "low": 0.5, "high": 0.5} | {slot: bad}
    assert judge_estimate("v", Estimate(**numbers), limit).status is Status.ERROR  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("slot", "bad"),
    [(slot, bad) for slot in ("value", "low", "high") for bad in ("", "0.9", True)] + [("value", None)],
)
def test_what_is_no_number_is_refused_at_the_door(slot: str, bad: object) -> None:
    numbers: dict[str, object] = {"value": 0.5, "low": 0.5, "high": 0.5} | {slot: bad}
    with pytest.raises(NotMeasurable):
        wire.encode(Measurement(values={"v": Estimate(**numbers)}))  # type: ignore[arg-type]


@given(
    value=st.floats(allow_nan=True, allow_infinity=True),
    low=st.floats(allow_nan=True, allow_infinity=True),
    high=st.floats(allow_nan=True, allow_infinity=True),
    bound=st.floats(allow_nan=False, allow_infinity=False),
)
def test_a_pass_means_that_the_whole_interval_is_on_the_right_side(
    value: float, low: float, high: float, bound: float
) -> None:
    status = judge_estimate("v", Estimate(value=value, low=low, high=high), at_least(bound)).status
    if status in {Status.PASS, Status.WARN}:
        assert inf > high >= value >= low >= bound


@given(st.floats(0.51, 0.99), st.integers(10, 10_000))
def test_an_inconclusive_answer_says_how_many_observations_would_settle_it(value: float, n: int) -> None:
    reach = 2 * (value - 0.5)
    told = judge_estimate("v", Estimate(value=value, low=value - reach, high=value + reach, n=n), at_least(0.5)).reason
    assert f"about {4 * n:,} observations" in told or f"about {4 * n + 1:,} observations" in told


def test_no_value_with_a_limit_is_an_error() -> None:
    assert judged({"v": Estimate(value=1)}, {}).status is Status.ERROR
    assert judged({}, {}).status is Status.ERROR


def test_a_limit_without_its_value_is_an_error() -> None:
    assert judged({"v": Estimate(value=1)}, {"v": at_least(0), "w": at_least(0)}).status is Status.ERROR


def test_nothing_examined_is_an_error_and_an_empty_mapping_too() -> None:
    assert judged({"v": Findings(examined=0)}, {"v": none()}).status is Status.ERROR
    assert judged({"v": {}}, {"v": at_least(0)}).status is Status.ERROR


def test_a_finding_fails_or_warns_as_its_limit_says() -> None:
    found = {"v": Findings(examined=3, items=(Finding(message="amiss"),))}
    assert judged(found, {"v": none()}).status is Status.FAIL
    assert judged(found, {"v": none(warn=True)}).status is Status.WARN
    assert judged(found, {"v": at_most(1)}).status is Status.PASS
    assert judged({"v": Findings(examined=3)}, {"v": none()}).status is Status.PASS


def test_a_requirement_is_the_limit_and_a_value_without_one_is_an_error() -> None:
    values = {"criteria": {"ML1": Estimate(value=0.97, low=0.96, high=0.98, n=100)}}
    limits = {"criteria": as_required()}
    assert judged(values, limits, {"ML1": at_least(0.95)}).status is Status.PASS
    assert judged(values, limits, {"ML1": at_least(0.99)}).status is Status.FAIL
    assert judged(values, limits, {}).status is Status.ERROR
    assert judged(values, {"criteria": as_required(min_n=200)}, {"ML1": at_least(0.95)}).status is Status.INCONCLUSIVE


def test_the_gravest_value_decides() -> None:
    values = {"a": Estimate(value=1), "b": Estimate(value=0), "c": Estimate(value=1)}
    assert judged(values, {"a": at_least(1), "b": at_least(1), "c": at_least(1)}).status is Status.FAIL


def test_missing_evidence_fails_and_no_measurement_is_an_error() -> None:
    absent = Measurement(missing=(Finding(message="bring it"),))
    assert judge(planned({}), Measured(check="x", measurement=absent)).status is Status.FAIL
    assert judge(planned({}), Measured(check="x", measurement=None)).status is Status.ERROR
    assert judge(planned({}), Measured(check="x", measurement=None, stale="data changed")).status is Status.ERROR


# --- verdict -------------------------------------------------------------------------------------


def a_plan(*enforced: bool, checks: int = 1, asked: str | None = None) -> Plan:
    ids = [phase.id for phase in phases()]
    each = tuple(
        PlannedPhase(
            phase=ids[index],
            enforced=one,
            checks=tuple(
                PlannedCheck(spec=spec(f"c{n}", ids[index]), level=Level.MUST, settings={}, limits={}, required={})
                for n in range(checks)
            ),
        )
        for index, one in enumerate(enforced)
    )
    project = Project(
        root="",
        name="",
        title="",
        task="",
        tier=Tier.STANDARD,
        phase=ids[len(enforced) - 1],
        people=(),
        data=DataSpec(),
        models=(),
        plugins=(),
        phases=tuple(PhasePlan(phase=one, path="") for one in ids),
        places={},
    )
    return Plan(project=project, asked=asked, phases=each)


def answers(plan: Plan, *statuses: Status) -> dict[str, Judgement]:
    every = [check for phase in plan.phases for check in phase.checks]
    measured = Measured(check="", measurement=None)
    return {
        check.id: Judgement(planned=check, measured=measured, status=status, summary="")
        for check, status in zip(every, statuses, strict=False)
    }


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (Status.PASS, 0),
        (Status.WARN, 0),
        (Status.WAIVED, 0),
        (Status.FAIL, 1),
        (Status.INCONCLUSIVE, 1),
        (Status.ERROR, 3),
        (Status.NOT_APPLICABLE, 5),
    ],
)
def test_the_exit_code_of_an_asked_gate(status: Status, code: int) -> None:
    plan = a_plan(True, asked=FIRST)
    verdict = decide(plan, answers(plan, status))
    assert (code, code == 0) == (verdict.exit_code, verdict.opens)


def test_a_planned_check_without_a_judgement_keeps_the_gate_shut() -> None:
    plan = a_plan(True, checks=2, asked=FIRST)
    verdict = decide(plan, answers(plan, Status.PASS))
    assert not verdict.opens
    assert verdict.exit_code == 1
    assert "was not measured" in verdict.phases[0].reasons[0]


def test_no_checks_at_all_is_nothing_checked() -> None:
    plan = a_plan(True, checks=0, asked=FIRST)
    verdict = decide(plan, {})
    assert (5, False) == (verdict.exit_code, verdict.opens)
    assert "nothing was checked" in verdict.summary


def test_a_closed_phase_blocks_the_ones_behind_it() -> None:
    plan = a_plan(True, True, asked="data_preparation")
    verdict = decide(plan, answers(plan, Status.FAIL, Status.PASS))
    assert [State.FAILED, State.BLOCKED] == [phase.state for phase in verdict.phases]
    assert verdict.exit_code == 1


def test_the_phase_in_work_is_shown_but_not_enforced() -> None:
    plan = a_plan(True, False)
    verdict = decide(plan, answers(plan, Status.PASS, Status.FAIL))
    assert (0, True) == (verdict.exit_code, verdict.opens)
    assert verdict.phases[1].state is State.IN_WORK
    assert not verdict.phases[1].opens


def test_a_warning_closes_only_when_strict() -> None:
    plan = a_plan(True, asked=FIRST)
    assert decide(plan, answers(plan, Status.WARN)).exit_code == 0
    assert decide(plan, answers(plan, Status.WARN), strict=True).exit_code == 1


def test_the_summary_line_counts_every_status() -> None:
    plan = a_plan(True, checks=7, asked=FIRST)
    told = decide(plan, answers(plan, *Status)).summary
    assert told == "7 checks: 1 passed, 1 warned, 1 failed, 1 inconclusive, 1 errors, 1 not applicable, 1 waived"


# --- wire ----------------------------------------------------------------------------------------


def test_a_measurement_survives_the_wire() -> None:
    measurement = Measurement(
        values={"a": Estimate(value=1.5, low=1.0, high=2.0, n=3, level=0.95), "b": {"x": Estimate(value=2)}},
        summary="so it is",
    )
    assert wire.loads(wire.dumps(measurement)) == measurement


@pytest.mark.parametrize(
    "text",
    ["", "null", "1", '"pass"', "[]", '{"values": 1}', '{"values": {"a": {"value": "0.9"}}}', '{"passed": true}',
     '{"values": {"a": {"value": true}}}', '{"values": {"a": {"value": 1, "verdict": "pass"}}}',
     '{"values": {"a": {"examined": -1, "findings": []}}}', "[" * 100_000],
)  # fmt: skip
def test_what_is_no_measurement_is_refused(text: str) -> None:
    with pytest.raises(NotMeasurable):
        wire.loads(text)
