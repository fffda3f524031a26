"""The report in a real browser: nothing runs, nothing is fetched, and it fits a phone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest
import told

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Dialog, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

pytest.importorskip("playwright.sync_api", reason="playwright is not installed; pip install crispq[test]")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine; apt-get install chromium")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield started
        started.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole report, and in `hostile/` those in which every text is an attack."""
    root = tmp_path_factory.mktemp("reports")
    (root / "hostile").mkdir()
    for name, text in told.told().items():
        (root / name).write_text(text, encoding="utf-8")
    for name, text in told.hostile_report()[0].items():
        (root / "hostile" / name).write_text(text, encoding="utf-8")
    return root


def watched(context: BrowserContext, seen: list[str]) -> Page:
    """A page of which `seen` collects dialogs, errors, messages and every request that is not for a file."""

    def dismiss(dialog: Dialog) -> None:
        seen.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    page = context.new_page()
    page.on("dialog", dismiss)
    page.on("request", lambda request: None if request.url.startswith(("file:", "data:")) else seen.append(request.url))
    page.on("pageerror", lambda error: seen.append(f"error: {error}"))
    page.on("console", lambda message: seen.append(f"console: {message.text}"))
    return page


@pytest.mark.parametrize("scripts", [False, True], ids=["scripts off", "scripts on, offline"])
def test_no_page_runs_or_fetches_anything(browser: Browser, folder: Path, *, scripts: bool) -> None:
    seen: list[str] = []
    paths = sorted(folder.rglob("*.html"))
    with browser.new_context(java_script_enabled=scripts, offline=True) as context:
        page = watched(context, seen)
        for path in paths:
            page.goto(path.as_uri())
            assert page.locator("h1").count() == 1
            for summary in page.locator("summary").all()[:2]:
                summary.click()
    print(f"pages opened: {len(paths)}; dialogs, errors and requests: {len(seen)}")
    assert [] == seen


@pytest.mark.parametrize("width", [375, 1280])
@pytest.mark.parametrize("kind", ["", "hostile"])
def test_no_page_is_wider_than_its_window(browser: Browser, folder: Path, width: int, kind: str) -> None:
    with browser.new_context(viewport={"width": width, "height": 800}) as context:
        page = context.new_page()
        for path in sorted((folder / kind).glob("*.html")):
            page.goto(path.as_uri())
            page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path.name


CONTRASTS = """() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgba = text => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = text; canvas.fillRect(0, 0, 1, 1);
    const d = canvas.getImageData(0, 0, 1, 1).data; return [d[0], d[1], d[2], d[3] / 255]; };
  const linear = v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = c => {
    const [r, g, b] = c.slice(0, 3).map(v => linear(v / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ground = node => { for (; node; node = node.parentElement) {
    const c = rgba(getComputedStyle(node).backgroundColor);
    if (c[3] > 0.99) return c; } return [255, 255, 255, 1]; };
  const bad = [];
  for (const node of document.querySelectorAll('body *')) {
    if (node.closest('svg') || node.closest('.hidden, .skip')) continue;
    if (![...node.childNodes].some(one => one.nodeType === 3 && one.textContent.trim())) continue;
    const a = light(rgba(getComputedStyle(node).color)), b = light(ground(node));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) bad.push(`${node.className || node.tagName} ${ratio.toFixed(2)}`);
  }
  return [...new Set(bad)];
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(browser: Browser, folder: Path, scheme: Literal["light", "dark"]) -> None:
    with browser.new_context(color_scheme=scheme) as context:
        page = context.new_page()
        for name in told.told():
            page.goto((folder / name).as_uri())
            assert [] == page.evaluate(CONTRASTS), name


def test_the_keyboard_reaches_the_verdict_first(browser: Browser, folder: Path) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto((folder / "index.html").as_uri())
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the verdict"
        page.keyboard.press("Enter")
        assert page.evaluate("location.hash") == "#verdict"
