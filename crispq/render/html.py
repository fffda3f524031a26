"""A verdict as pages for people: an index and one self-contained page per phase. Pure: from values to text.

Everything that comes from a project is escaped by the templates' own door, and loses its control characters there.
A page loads nothing and runs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import count
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup, escape

from crispq.nouns import Entry, JudgedValue, Judgement, Project, Verdict
from crispq.render import charts, story, words
from crispq.render.story import Facts, PhaseStory, Signature, Story

__all__ = ["Facts", "Signature", "pages"]

#: The templates' package is data: it is read, never imported by name.
TEMPLATES = "crispq_templates"
#: What a page shows of one check before it says how much more there is.
MOST_ROWS, MOST_FINDINGS, MOST_VALUES, MOST_CHARTS = 200, 100, 100, 12
#: Joiners that some scripts and signs need, and the blank that holds a number and its unit together; all other
#: invisible characters become plain blanks.
JOINERS = frozenset("\u200c\u200d\u00a0")


def pages(  # noqa: PLR0913 - what a report is made of
    project: Project,
    verdict: Verdict,
    facts: Facts,
    *,
    signatures: Mapping[str, tuple[Signature, ...]] | None = None,
    entries: tuple[Entry, ...] = (),
    only: str | None = None,
) -> dict[str, str]:
    """File name -> HTML of the index and of each phase's page.

    signatures: by phase, one for each role that must sign. entries: the ledger, oldest first. only: the phase whose
    page alone is wanted, without an index.
    """
    wanted = [one.phase for one in verdict.phases if only in {None, one.phase}]
    names = {story.page_of(phase) for phase in wanted} | ({story.INDEX} if only is None else set())
    told = Story(
        project=project,
        verdict=verdict,
        facts=facts,
        signatures=signatures or {},
        entries=entries,
        written=frozenset(names),
    )
    made = {story.INDEX: _page("index", told, name=story.INDEX)} if only is None else {}
    for phase in told.phases:
        if phase.known.id in wanted:
            name = story.page_of(phase.known.id)
            made[name] = _page("phase", told, name=name, phase=phase)
    return made


def _page(template: str, told: Story, *, name: str, phase: PhaseStory | None = None) -> str:
    numbers = count(1)

    def here(href: str) -> str:
        """The link, without the name of the page it stands on."""
        return href.removeprefix(name) if href.startswith(f"{name}#") else href

    def result(judgement: Judgement) -> Result:
        return _result(judgement, numbers)

    page = _environment().get_template(f"{template}.html.j2")
    return page.render(story=told, phase=phase, here=here, result=result, w=words, ask=story) + "\n"


# --- what a result shows -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One value of a result, in words."""

    name: str
    measured: str
    bounds: str
    limit: str
    origin: str
    reason: str
    mark: words.Mark | None
    strip: Markup


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A judgement as its card shows it; `more` counts what is left out of each list."""

    judgement: Judgement
    mark: words.Mark
    rows: tuple[Row, ...]
    pictures: tuple[charts.Picture, ...]
    more_values: int
    more_findings: int


def _result(judgement: Judgement, numbers: Iterator[int]) -> Result:
    measurement = judgement.measured.measurement
    drawn = measurement.charts[:MOST_CHARTS] if measurement else ()
    return Result(
        judgement=judgement,
        mark=words.MARKS[judgement.status],
        rows=tuple(_row(value) for value in judgement.values[:MOST_VALUES]),
        pictures=tuple(charts.draw(chart, f"chart-{next(numbers)}") for chart in drawn),
        more_values=max(0, len(judgement.values) - MOST_VALUES),
        more_findings=max(0, len(judgement.findings) - MOST_FINDINGS),
    )


def _row(value: JudgedValue, unit: str | None = None) -> Row:
    mark = words.MARKS[value.status] if value.status else None
    return Row(
        name=words.spaced(value.name),
        measured=words.measured(value, unit),
        bounds=words.bounds(value),
        limit=words.demanded(value.limit, unit) if value.limit else "",
        origin=value.limit.origin if value.limit else "",
        reason=value.reason,
        mark=mark,
        strip=_strip(value),
    )


def _strip(value: JudgedValue) -> Markup:
    if value.status is None or value.limit is None or words.counts_findings(value):
        return Markup("")
    says = f"{words.measured(value)}; demanded: {words.demanded(value.limit)}"
    return charts.strip(value.estimate, value.limit, words.MARKS[value.status].key, says)


# --- the templates and their words -------------------------------------------------------------


@cache
def _environment() -> Environment:
    folder = resources.files(TEMPLATES) / "report"
    environment = Environment(
        loader=FunctionLoader(lambda name: (folder / name).read_text(encoding="utf-8")),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "cell": _cell,
        "prose": _prose,
        "inline": _inline,
        "row": _row,
        "place": story.finding_place,
        "section": story.section,
        "first_rows": lambda rows: tuple(rows)[:MOST_ROWS],
        "first_findings": lambda findings: tuple(findings)[:MOST_FINDINGS],
        "spaced": words.spaced,
        "capital": words.capital,
        "clock": words.clock,
    }
    return environment


def _shown(value: Any) -> Any:
    """What an expression of a template comes to: no control, direction or other invisible characters."""
    if isinstance(value, Markup) or not isinstance(value, str):
        return value
    return "".join(one if one.isprintable() or one in JOINERS else " " for one in value)


def _cell(value: str | float | None) -> str:
    """A table's cell: numbers as the rest of the page writes them."""
    if value is None:
        return "–"  # noqa: RUF001 - a dash for readers
    return value if isinstance(value, str) else words.figure(value)


def _prose(text: str) -> Markup:
    """A check's words as paragraphs and lists; `code` between backquotes, nothing else of Markdown."""
    return Markup("").join(_block(block) for block in re.split(r"\n\s*\n", text.strip()) if block.strip())


def _block(block: str) -> Markup:
    lines = block.strip().splitlines()
    if lines[0].lstrip().startswith("- "):
        items = re.split(r"(?:^|\n)\s*- ", block.strip())[1:]
        return Markup("<ul>{}</ul>").format(
            Markup("").join(Markup("<li>{}</li>").format(_inline(item)) for item in items)
        )
    return Markup("<p>{}</p>").format(_inline(" ".join(lines)))


def _inline(text: str) -> Markup:
    parts: Iterable[str] = _shown(" ".join(text.split())).split("`")
    marked = (Markup("<code>{}</code>").format(part) if index % 2 else escape(part) for index, part in enumerate(parts))
    return Markup("").join(marked)
