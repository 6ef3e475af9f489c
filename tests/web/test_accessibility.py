"""axe-core over the desk's pages: no serious fault (WCAG 2 A and AA), light at a desk and dark on a tablet.

On the tablet nothing is wider than the screen, and what is pressed is large enough for a finger.
"""

from pathlib import Path

import pytest

from tests.conftest import FULL
from tests.web.browser import browsing, logged_in
from tests.web.conftest import Served
from web.asked import PAGES

AXE = Path(__file__).parent / "vendor" / "axe" / "axe.min.js"
RUN = """async () => {
  const found = await axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] });
  return found.violations.filter((one) => ["serious", "critical"].includes(one.impact))
    .map((one) => `${one.id}: ${one.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(" | ")}`);
}"""
FINGER = 40  # pixels
TABLET = """(finger) => {
  const wide = document.documentElement.scrollWidth > innerWidth ? ["wider than the screen"] : [];
  const small = [...document.querySelectorAll("button, .button, select, summary, .tabs a, td a, input:not([type=checkbox], [type=radio])")]
    .filter((one) => one.checkVisibility() && !one.closest(".visually-hidden") && one.getBoundingClientRect().width > 1)
    .filter((one) => Math.round(one.getBoundingClientRect().height) < finger);
  return [...wide, ...small.map((one) => `too small for a finger: ${one.outerHTML.slice(0, 160)}`)];
}"""
NO_PAGES = (".ics", ".xlsx", "/tiles", "/suggest", "/intake/uploads")  # what is no page of its own


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_serious_fault(served: Served, scheme: str) -> None:
    simple = [
        one.path
        for one in PAGES
        if "GET" in one.methods and "{" not in one.path and not one.path.endswith(NO_PAGES)
    ]
    if not FULL:
        simple = simple[:: 1 if scheme == "light" else 3]
    with browsing() as browser:
        page = logged_in(browser, served, "管理员甲", tablet=scheme == "dark")
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        page.goto("/search?q=%E9%9F%A6")
        contract = (page.locator(".hit a").first.get_attribute("href") or "").partition("?")[0]
        looked, faults = 0, []
        for path in ["/login", "/search?q=%E9%9F%A6", contract, *simple]:
            answer = page.goto(path)
            assert answer is not None
            if answer.status != 200 or "text/html" not in answer.headers.get("content-type", ""):
                continue
            page.wait_for_load_state("networkidle")
            page.evaluate(AXE.read_text(encoding="utf-8"))
            faults += [f"{path} {one}" for one in page.evaluate(RUN)]
            faults += [f"{path} {one}" for one in page.evaluate(TABLET, FINGER)] if scheme == "dark" else []
            looked += 1
    assert not faults, "\n".join(faults)
    assert looked > (20 if scheme == "light" else 8)
