"""A real browser for tests: Debian's Chromium, driven by Playwright."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.web.conftest import PASSWORD, Served, chromium

CHROMIUM = "/usr/bin/chromium"
expect.set_options(timeout=20_000)


@contextmanager
def browsing() -> Iterator[Browser]:
    """Chromium, ended at the end."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=chromium())
        try:
            yield browser
        finally:
            browser.close()


def logged_in(browser: Browser, served: Served, name: str, *, tablet: bool = False) -> Page:
    """A window of its own in which somebody is logged in; any fault of a script, or a refused resource, ends the test."""
    width, height = (768, 1024) if tablet else (1280, 720)
    context = browser.new_context(
        base_url=served.address,
        viewport={"width": width, "height": height},
        locale="zh-CN",
        has_touch=tablet,
    )
    page = context.new_page()
    page.on("pageerror", _fail)
    page.goto("/login")
    page.fill("#name", name)
    page.fill("#password", PASSWORD)
    page.click("button.main")
    page.wait_for_url("/")
    return page


def _fail(problem: object) -> None:
    raise AssertionError(f"a script failed: {problem}")


def picture(page: Page, path: Path) -> None:
    """The whole page as a PNG."""
    page.screenshot(path=path, full_page=True)
