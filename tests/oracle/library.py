"""Great Expectations' own answer, which is the oracle: each demand held against the frame, all in one validation."""

from __future__ import annotations

import io
import logging
import os
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from oracle.demands import Demand

if TYPE_CHECKING:
    import pandas as pd

#: The library writes it as Python or as JSON, according to where it went wrong.
RAISED = re.compile(r"""['"]raised_exception['"]: [Tt]rue""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the library says of one demand.

    refused: why it would not even take the demand. raised: why it could not evaluate it. result: its own mapping.
    """

    success: bool = False
    refused: str = ""
    raised: str = ""
    result: dict[str, Any] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        """Whether the library came to no answer."""
        return bool(self.refused or self.raised)


def answers(frame: pd.DataFrame, demands: Sequence[Demand]) -> list[Answer]:
    """The library's answer to each demand, in order."""
    with quiet():
        built = [_built(number, one) for number, one in enumerate(demands)]
        told: dict[int, Answer] = {number: one for number, one in enumerate(built) if isinstance(one, Answer)}
        asked = [one for one in built if not isinstance(one, Answer)]
        if asked:
            parameters = {name: value for one in demands for name, value in one.parameters.items()}
            told |= _validated(frame, asked, parameters)
    return [told[number] for number in range(len(demands))]


def alone(frame: pd.DataFrame, demand: Demand) -> Answer:
    """The library's answer when it is asked nothing else."""
    return answers(frame, [demand])[0]


@contextmanager
def quiet() -> Iterator[None]:
    """The library neither sends nor prints anything, and its warnings fail no test."""
    before = os.environ.get("GX_ANALYTICS_ENABLED")
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)
        if before is None:
            del os.environ["GX_ANALYTICS_ENABLED"]
        else:
            os.environ["GX_ANALYTICS_ENABLED"] = before


@cache
def known_types() -> dict[str, Any]:
    """The library's core: its classes by the types that suites write."""
    with quiet():
        from great_expectations.expectations import core

    exported = {one for name, one in vars(core).items() if name.startswith(("Expect", "UnexpectedRows"))}
    return {one.expectation_type: one for one in exported if one.expectation_type}


@cache
def _definition() -> Any:
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    source = context.data_sources.add_pandas("oracle").add_dataframe_asset("table")
    return source.add_batch_definition_whole_dataframe("all")


def _built(number: int, demand: Demand) -> Any:
    kind = known_types().get(demand.type)
    if kind is None:
        return Answer(refused="unknown type")
    try:
        return kind(**demand.kwargs, meta={"number": number})
    except Exception as error:  # noqa: BLE001 - whatever the library raises is its answer
        return Answer(refused=f"{type(error).__name__}: {str(error)[:300]}")


def _validated(frame: pd.DataFrame, built: Sequence[Any], parameters: dict[str, Any]) -> dict[int, Answer]:
    """The answers by number. What raises takes the whole suite with it: then each is asked alone."""
    import great_expectations as gx

    batch = _definition().get_batch({"dataframe": frame})
    suite = gx.ExpectationSuite(name="oracle", expectations=list(built))
    try:
        results = batch.validate(suite, result_format="COMPLETE", expectation_parameters=parameters).results
    except Exception as error:  # noqa: BLE001 - whatever the library raises is its answer
        if len(built) == 1:
            return {built[0].meta["number"]: Answer(raised=f"{type(error).__name__}: {str(error)[:300]}")}
        return {number: one for each in built for number, one in _validated(frame, [each], parameters).items()}
    return {one.expectation_config.meta["number"]: _answer(one) for one in results}


def _answer(one: Any) -> Answer:
    if RAISED.search(str(one.exception_info)):
        return Answer(raised=_last_words(str(one.exception_info)))
    return Answer(success=bool(one.success), result=dict(one.result or {}))


def _last_words(info: str) -> str:
    found = re.findall(r"""['"]exception_message['"]: (.{1,200})""", info)
    return "; ".join(dict.fromkeys(found)) or info[:200]
