"""The report says the verdict in plain words, escapes all that it is given, and leaves out no gap."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import told
from tiny import make_project

from crispq import Chart, Estimate
from crispq.commands.report import report
from crispq.nouns import Input, JudgedValue, Judgement, Limit, LimitKind, Status
from crispq.process import phases
from crispq.render import charts, story, words
from crispq.render.html import Facts, pages

VOID = {"meta", "link", "br", "img", "input", "hr"}
EXTERNAL = re.compile(r"^\s*(?:[a-z][a-z0-9+.-]*:|//)", re.IGNORECASE)
OWN_STYLE = re.compile(r"flex: \d+ 0 0|--own-width: [\d.]+px|margin: 0")
HARMLESS_LINK = "data:,"


@dataclass
class Page(HTMLParser):
    """What a browser would find on a page."""

    tags: list[str] = field(default_factory=list)
    attributes: list[tuple[str, str, str]] = field(default_factory=list)
    headings: list[int] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    open_tags: list[str] = field(default_factory=list)
    stray: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, key, value or "") for key, value in attrs]
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag not in VOID:
            self.open_tags.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, key, value or "") for key, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        if not self.open_tags or self.open_tags.pop() != tag:
            self.stray.append(tag)

    def handle_data(self, data: str) -> None:
        if self.open_tags and self.open_tags[-1] != "style":
            self.text.append(data)

    def values(self, key: str) -> list[str]:
        return [value for _, name, value in self.attributes if name == key]

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.text).split())


def read(text: str) -> Page:
    page = Page()
    page.feed(text)
    page.close()
    return page


def harm(page: Page, own: set[str]) -> Iterator[str]:
    """Everything on the page that could run, load or leave."""
    yield from (
        tag
        for tag in page.tags
        if tag in {"script", "iframe", "object", "embed", "form", "base", "foreignobject", "img", "use"}
    )
    for tag, key, value in page.attributes:
        if key.startswith("on"):
            yield f"{tag} {key}={value}"
        if key in {"src", "srcset", "action", "formaction", "xlink:href", "ping", "background"}:
            yield f"{tag} {key}={value}"
        if key == "href" and value != HARMLESS_LINK and value.partition("#")[0] not in own:
            yield f"{tag} {key}={value}"
        if key == "style" and not OWN_STYLE.fullmatch(value):
            yield f"{tag} {key}={value}"
        if key not in {"aria-label", "style", "content"} and (EXTERNAL.match(value) and value != HARMLESS_LINK):
            yield f"{tag} {key}={value}"
        if "url(" in value and key != "aria-label" and not re.fullmatch(r"url\(#chart-\d+-\w+\)", value):
            yield f"{tag} {key}={value}"


# --- what it says ------------------------------------------------------------------------------


def test_a_whole_report_has_an_index_and_a_page_for_each_phase() -> None:
    assert ["index.html", *(f"{phase.folder}.html" for phase in phases())] == list(told.told())


def test_one_phase_alone_has_one_page_without_dead_links() -> None:
    made = told.told(only="evaluation")
    assert ["4_evaluation.html"] == list(made)
    assert all(
        href == HARMLESS_LINK or href.startswith(("#", "4_evaluation.html"))
        for href in read(made["4_evaluation.html"]).values("href")
    )


def test_the_verdict_stands_first_in_plain_words() -> None:
    said = read(told.told()["index.html"]).words
    assert "The gate of phase 1 is closed: 1 of 4 demands is not met." in said
    assert said.index("The gate of phase 1 is closed") < said.index("Requirements Risks") or said.index(
        "The gate of phase 1 is closed"
    ) < said.index("What the application must achieve")


def test_a_phase_in_work_says_what_it_lacks_and_why() -> None:
    said = read(told.told(broken=False)["4_evaluation.html"]).words
    assert (
        "The gate of phase 4 is not open yet: 4 of 4 demands are not met"
        " (1 for lack of data and 1 because the measurement failed)." in said
    )
    assert "The gates of phases 1, 2 and 3 are open." in read(told.told(broken=False)["index.html"]).words


def test_bounds_are_said_in_words() -> None:
    said = read(told.told()["4_evaluation.html"]).words
    assert "0.9762, on 114 cases ; we are 95 % sure it is not below 0.9268" in said


@pytest.mark.parametrize(
    "gap",
    [
        "crispq.yaml names no group column (data.group)",
        "pip install crispq[explain]",
        "about 406 observations would settle it",
        "no predictions exist yet; run the phase's commands",
        "inputs are numbers from one instrument",
        "no second criterion competes with the first",
        "the data set is given and public",
        "predicted probabilities are off by 0.09 on average",
        "Whether what is written is true.",
        "it is known only after three months of use; the pilot will count it",
    ],
)
def test_what_was_not_checked_is_listed_with_its_reason(gap: str) -> None:
    gaps = [read(text).words.rpartition("What this page does not vouch for")[2] for text in told.told().values()]
    assert any(gap in said for said in gaps)


def test_what_was_not_reached_is_said() -> None:
    made = told.told()
    assert "Phase 5 has not been reached yet: nothing was measured." in read(made["5_deployment.html"]).words
    assert "Not reached" in read(made["index.html"]).words


def test_signatures_and_steps_back_are_told() -> None:
    said = read(told.told()["index.html"]).words
    for expected in (
        "signed, and current",
        "signed, but something changed since",
        "not signed",
        "Back from modeling to data preparation",
    ):
        assert expected in said


@pytest.mark.parametrize("status", list(Status))
def test_every_status_has_a_word_and_a_sign_in_the_legend(status: Status) -> None:
    said = told.told()["index.html"]
    assert words.MARKS[status].meaning in said
    assert f'<span class="badge b-{words.MARKS[status].key}"><svg class="icon"' in said


def test_a_waived_check_is_shown_as_such() -> None:
    made = told.project()
    verdict = told.waived(told.verdict_of(made))
    text = pages(made, verdict, Facts(version="0", when="now"))["1_business_and_data_understanding.html"]
    assert "1 waived" in read(text).words


def test_a_number_is_told_from_its_limit() -> None:
    limit = Limit(kind=LimitKind.AT_LEAST, low=0.95)
    value = JudgedValue(
        name="x",
        estimate=Estimate(value=0.97, low=0.949996, high=1, level=0.95),
        limit=limit,
        status=Status.INCONCLUSIVE,
    )
    assert "we are 95\u00a0% sure it is not below 0.949996" == words.bounds(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.95, "0.95"),
        (-9.273e-05, "-0.00009273"),
        (12345.6, "12,345.6"),
        (200, "200"),
        (1e-12, "1e-12"),
        (float("nan"), "nan"),
    ],
)
def test_a_number_is_written_out(value: float, expected: str) -> None:
    assert expected == words.figure(value)


def test_a_document_with_open_findings_is_not_called_finished() -> None:
    made = told.project()
    plans = list(made.phases)
    plans[0] = replace(plans[0], documents=tuple(replace(one, path="data/raw.csv") for one in plans[0].documents))
    verdict = told.verdict_of(made)
    read_too = replace(
        verdict,
        phases=tuple(replace(one, judgements=tuple(map(reading_raw, one.judgements))) for one in verdict.phases),
    )
    text = pages(replace(made, phases=tuple(plans)), read_too, Facts(version="0", when=""))[
        "1_business_and_data_understanding.html"
    ]
    assert "there, but not finished Document: Scope" in read(text).words


def reading_raw(judgement: Judgement) -> Judgement:
    seen = Input(path="data/raw.csv", sha256="00" * 32)
    return replace(judgement, measured=replace(judgement.measured, inputs=(*judgement.measured.inputs, seen)))


def test_an_empty_project_has_a_report_too() -> None:
    made = replace(
        told.project(),
        phases=tuple(
            replace(plan, requirements=(), risks=(), tasks=(), documents=(), signoffs=())
            for plan in told.project().phases
        ),
    )
    verdict = told.verdict_of(made)
    empty = replace(verdict, phases=tuple(replace(phase, judgements=(), reasons=()) for phase in verdict.phases))
    for text in pages(made, empty, Facts(version="0", when="no time")).values():
        assert [] == read(text).stray


# --- how it is built ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(told.told()))
def test_a_page_is_well_built(name: str) -> None:
    page = read(told.told()[name])
    ids = page.values("id")
    assert [] == page.stray + page.open_tags
    assert len(set(ids)) == len(ids)
    assert 1 == page.headings.count(1)
    assert all(after - before <= 1 for before, after in zip([0, *page.headings], page.headings, strict=False))
    assert page.tags.count("table") == page.tags.count("caption")
    assert all(value in {"col", "row"} for value in page.values("scope"))
    assert len(page.values("scope")) == page.tags.count("th")
    assert {"header", "main", "footer", "nav"} <= set(page.tags)
    assert all(one in ids for value in page.values("aria-labelledby") for one in value.split())


def test_every_link_leads_somewhere() -> None:
    made = told.told()
    ids = {name: set(read(text).values("id")) for name, text in made.items()}
    for name, text in made.items():
        for href in read(text).values("href"):
            if href != HARMLESS_LINK:
                page, _, fragment = href.partition("#")
                assert not fragment or fragment in ids[page or name], href


def test_a_page_loads_nothing() -> None:
    for text in told.told().values():
        policy = next(value for tag, key, value in read(text).attributes if tag == "meta" and "default-src" in value)
        assert policy.startswith("default-src 'none';")
        assert "@import" not in text


def test_the_order_of_sections_is_kept() -> None:
    expected = ["verdict", "requirements", "risks", "results", "unchecked", "signoffs", "way", "legend", "facts"]
    ids = read(told.told()["4_evaluation.html"]).values("id")
    assert expected == [one for one in ids if one in expected]


# --- hostile words (faults 29 and 31) ----------------------------------------------------------


def test_hostile_words_run_load_and_steer_nothing() -> None:
    made, said = told.hostile_report()
    own = {"", *told.told()}
    found = [one for text in made.values() for one in harm(read(text), own)]
    nodes = sum(read(text).tags.count("script") for text in made.values())
    shown = {number for text in made.values() for number in re.findall(rf"{told.CANARY}(\d+):", text)}
    print(f"hostile strings: {len(said)} given, {len(shown)} shown, {nodes} script nodes, {len(found)} harmful nodes")
    assert [] == found
    assert 200 <= len(said)
    assert 0.9 < len(shown) / len(said)


def test_hostile_words_reach_the_page_as_words() -> None:
    made = [read(text) for text in told.hostile_report()[0].values()]
    named = [value for page in made for key in ("class", "id", "style") for value in page.values(key)]
    assert [] == [value for value in named if told.CANARY in value]
    assert any(told.ATTACKS[0] in page.words for page in made)
    assert any("{{ 7*7 }}" in page.words for page in made)


def test_no_control_or_direction_character_is_left() -> None:
    made, _ = told.hostile_report()
    for text in made.values():
        assert [] == [hex(ord(one)) for one in set(text) if not (one.isprintable() or one in "\n\u200c\u200d\u00a0")]
        text.encode()


# --- charts ------------------------------------------------------------------------------------

POINTS: dict[str, Any] = {
    "data": {"values": [{"a": 1, "b": 2}, {"a": 2, "b": 3}]},
    "mark": "point",
    "encoding": {"x": {"field": "a", "type": "quantitative"}},
}


def spec(**more: Any) -> dict[str, Any]:
    return POINTS | more


@pytest.mark.parametrize(
    "refused",
    [
        spec(data={"url": "https://evil.example/x.json"}),
        spec(data={"url": "file:///etc/passwd"}),
        spec(layer=[{"data": {"url": "data/raw.csv"}}]),
        spec(mark="image"),
        spec(mark={"type": "image"}),
        spec(mark={"type": "point", "href": "javascript:alert(1)"}),
        spec(encoding={"href": {"value": "javascript:alert(1)"}}),
        spec(encoding={"url": {"field": "a"}}),
        spec(data={"sequence": {"start": 0, "stop": 1e9}}),
        spec(data={"values": "a,b\n1,2", "format": {"type": "csv"}}),
        spec(data={"values": [{"a": number} for number in range(5_001)]}),
        spec(datasets={"x": [{"a": number} for number in range(5_001)]}, data={"name": "x"}),
        spec(transform=[{"calculate": "sequence(1e9)", "as": "x"}]),
        spec(transform=[{"lookup": "a", "from": {"data": {"url": "x"}}}]),
        spec(transform=[{"impute": "a", "keyvals": {"start": 0, "stop": 1e9}}]),
        spec(params=[{"name": "x", "bind": {"input": "text"}}]),
        spec(width=1e9),
        spec(width=9_000),
        spec(encoding={"x": {"field": "a", "bin": {"step": 1e-9}}}),
        spec(mark=None),
        {},
    ],
    ids=lambda one: re.sub(r"\s+", "", repr(one))[-60:] if isinstance(one, dict) else str(one),
)
def test_a_chart_that_reaches_out_or_computes_is_left_out_with_a_sentence(refused: dict[str, Any]) -> None:
    picture = charts.draw(Chart(title="t", description="d", spec=refused), "chart-1")
    assert "" == picture.svg
    assert picture.refusal


def test_a_chart_has_a_name_and_ids_of_its_own() -> None:
    gradient = {"gradient": "linear", "stops": [{"offset": 0, "color": "red"}, {"offset": 1, "color": "blue"}]}
    chart = Chart(title="<b>Recall", description="by age", spec=spec(mark={"type": "area", "color": gradient}))
    first, second = (read(charts.draw(chart, name).svg) for name in ("chart-1", "chart-2"))
    assert ["img"] == first.values("role")
    assert ["chart-1-t chart-1-d"] == first.values("aria-labelledby")
    assert "<b>Recall by age" in first.words
    assert set(first.values("id")).isdisjoint(second.values("id"))
    assert any(value.startswith("url(#chart-1-") for value in first.values("fill"))


def test_hostile_words_in_a_chart_are_words() -> None:
    for number, attack in enumerate(told.ATTACKS):
        chart = Chart(
            title=attack,
            description=attack,
            spec={
                "title": attack,
                "data": {"values": [{attack: 1, "b": attack}]},
                "mark": "bar",
                "encoding": {"y": {"field": "b", "title": attack}},
            },
        )
        picture = charts.draw(chart, f"chart-{number}")
        assert "" == picture.refusal, attack
        assert [] == list(harm(read(picture.svg), {""}))


def test_a_drawing_keeps_known_shapes_and_attributes_only() -> None:
    from xml.etree import ElementTree as ET

    hostile = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" onload="x()">'
        '<script>x()</script><a xlink:href="javascript:x()"><path d="M0,0"/></a>'
        '<foreignObject><p>x</p></foreignObject><image href="//evil.example/x"/>'
        '<path d="M0,0" onclick="x()" style="fill:url(//evil.example)" fill="url(//evil.example/x)" stroke="red"/>'
        '<use href="#x"/><style>@import "//evil.example"</style></svg>'
    )
    kept = ET.tostring(charts._kept(ET.fromstring(hostile), "c"), encoding="unicode")  # noqa: S314, SLF001
    assert '<svg><path d="M0,0" stroke="red" /></svg>' == kept


@pytest.mark.parametrize(
    ("estimate", "limit"),
    [
        (None, Limit(kind=LimitKind.AT_LEAST, low=1)),
        (Estimate(value=float("nan")), Limit(kind=LimitKind.AT_LEAST, low=1)),
        (Estimate(value=1, low=0, high=float("inf")), Limit(kind=LimitKind.AT_LEAST, low=1)),
        (Estimate(value=1), Limit(kind=LimitKind.NONE)),
    ],
)
def test_there_is_no_strip_where_there_is_nothing_to_compare(estimate: Estimate | None, limit: Limit) -> None:
    assert "" == charts.strip(estimate, limit, "pass", "x")


@pytest.mark.parametrize("value", [0.0, 1.0, -1e300, 1e300, 5e-324])
def test_a_strip_stays_in_its_frame(value: float) -> None:
    svg = charts.strip(Estimate(value=value), Limit(kind=LimitKind.AT_MOST, high=1.0), "pass", "x")
    places = [float(one) for one in re.findall(r'\b(?:x1|x2|cx|x|width)="([^"]+)"', svg)]
    assert all(0 <= one <= charts.WIDTH for one in places)


# --- the whole verb ----------------------------------------------------------------------------


def test_report_writes_its_pages_and_nothing_else(tmp_path: Path) -> None:
    root = make_project(tmp_path / "p")
    before = {path for path in root.rglob("*") if path.is_file()}
    made = report(root)
    written = {path for path in root.rglob("*") if path.is_file() and ".crispq" not in path.parts} - before
    assert set(made) == written
    assert [root / "reports" / "index.html"] == made[:1]
    assert 7 == len(made)
    assert all(path.stat().st_mode & 0o004 for path in made)
    assert all("</html>" in path.read_text(encoding="utf-8") for path in made)


def test_report_of_one_phase_goes_where_it_is_told(tmp_path: Path) -> None:
    root = make_project(tmp_path / "p")
    assert [tmp_path / "out" / "1_business_and_data_understanding.html"] == report(root, "1", tmp_path / "out")


def test_a_report_of_a_phase_ahead_asks_for_it(tmp_path: Path) -> None:
    root = make_project(tmp_path / "p")
    (path,) = report(root, "data_preparation", tmp_path / "out")
    assert "The gate of phase 2 is closed" in read(path.read_text(encoding="utf-8")).words


def test_a_signature_no_longer_stands_when_a_signed_file_changed(tmp_path: Path) -> None:
    from crispq.commands.gate import gate
    from crispq.commands.report import signatures
    from crispq.evidence.digests import digest_of_file
    from crispq.ledger import append
    from crispq.ledger import read as entries_of
    from crispq.nouns import EntryKind

    phase = phases()[0].id
    root = make_project(
        tmp_path / "p", phase_files={phase: {"signoffs": [{"role": "ml_lead"}]}}, files={"data.csv": "a\n1\n"}
    )

    def marks() -> list[words.Mark]:
        return [one.mark for one in signatures(gate(root, record=False, only_cached=True))[phase]]

    assert [words.UNSIGNED] == marks()
    body = {"role": "ml_lead", "subject": {"data.csv": digest_of_file(root / "data.csv")}}
    append(
        root,
        entries_of(root),
        kind=EntryKind.SIGNOFF,
        phase=phase,
        body=body,
        who="someone",
        when="2026-01-01T00:00:00+00:00",
    )
    assert [words.CURRENT] == marks()
    (root / "data.csv").write_text("a\n2\n")
    assert [words.OUTDATED] == marks()


def test_the_templates_are_read_not_imported() -> None:
    source = Path(story.__file__).with_name("html.py").read_text(encoding="utf-8")
    assert "import crispq_templates" not in source


@pytest.mark.skipif(shutil.which("unshare") is None, reason="no unshare on this machine")
def test_a_report_needs_no_network(tmp_path: Path) -> None:
    import sys

    root = make_project(tmp_path / "p")
    code = (
        f"from pathlib import Path; from crispq.commands.report import report; print(len(report(Path({str(root)!r}))))"
    )
    done = subprocess.run(["unshare", "-rn", sys.executable, "-c", code], capture_output=True, text=True, check=False)
    if "unshare" in done.stderr:
        pytest.skip(f"no namespaces here: {done.stderr.strip()}")
    assert "7" == done.stdout.strip(), done.stderr
