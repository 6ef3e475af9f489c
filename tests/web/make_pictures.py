"""Pictures of the desk's pages for the guide (`make pictures`): the demonstration archive, Debian's Chromium.

    python -m tests.web.make_pictures DEMO [FOLDER] [--dark]

DEMO is what `huyue demo` made; it is copied. Pictures go into FOLDER, docs/images/desk unless told.
"""

import io
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import FloatRect, Page

from tests.conftest import HUYUE
from tests.web.browser import browsing, logged_in
from tests.web.conftest import Office, Served
from web.roles import Role

NAME = "韦管理"
DAY = "2026-04-30"
TOO_LARGE = 1600  # pixels: longer pages are cut to what a reader of the guide looks at
PAGES = {
    "home": "/",
    "search": "/search?q=%E8%B4%BE",
    "contract": "",
    "view": "",
    "people": "",
    "intake": "/intake",
    "review": "/review",
    "review-item": "",
    "rosters": "/rosters",
    "campaigns": "/campaigns",
    "campaign": "/campaigns/2026%E6%98%A5",
    "templates": "/templates",
    "template": "/templates/away_period",
    "audit": "/audit",
    "audit-list": "/audit/list?class=unsigned",
    "reports": "/reports",
    "samples": "/samples",
    "worklists": "/worklists",
    "promises": "/promises",
    "calendar": "/calendar",
    "jobs": "/jobs",
    "account": "/account",
    "admin": "/admin",
    "accounts": "/admin/accounts",
    "account-new": "/admin/accounts/new",
    "journal": "/admin/journal?from=2026-01-01",
    "key": "/admin/key",
    "disposals": "/disposals",
}


def main() -> None:
    arguments = [one for one in sys.argv[1:] if one != "--dark"]
    demo, dark = Path(arguments[0]), "--dark" in sys.argv
    target = Path(arguments[1]) if len(arguments) > 1 else Path("docs/images/desk")
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder, "档案库")
        shutil.copytree(demo / "档案库", home)
        shutil.copy(demo / "档案库.key", home.with_name("档案库.key"))
        office = Office(home)
        office.add(NAME, Role.ADMINISTRATOR)
        office.add("贾经办", Role.CLERK, "451225107207")
        office.add("覃检查", Role.AUDITOR)
        server = subprocess.Popen(
            [HUYUE, "--home", home, "--today", DAY, "serve", "--port", "0"], stderr=subprocess.PIPE, text=True
        )
        assert server.stderr is not None
        address = re.search(r"http://[\d.:]+", server.stderr.readline())
        assert address
        log = subprocess.Popen(["cat"], stdin=server.stderr, stdout=subprocess.DEVNULL)
        try:
            _take(Served(office, address[0]), target, dark=dark)
        finally:
            server.terminate()
            server.wait()
            log.wait()


def _take(served: Served, target: Path, *, dark: bool) -> None:
    with browsing() as browser:
        page = logged_in(browser, served, NAME)
        page.emulate_media(color_scheme="dark" if dark else "light")
        for name, path in (PAGES | _found(page)).items():
            answer = page.goto(path)
            page.wait_for_load_state("networkidle")
            page.wait_for_selector('[hx-trigger^="load"]', state="detached")  # figures are worked out
            page.wait_for_timeout(400)
            print(name, path, answer.status if answer else "")
            high = min(page.evaluate("document.documentElement.scrollHeight"), TOO_LARGE)
            clip: FloatRect = {"x": 0, "y": 0, "width": 1280, "height": high}
            _keep(page.screenshot(full_page=True, clip=clip), target / f"{name}.png")
        nobody = browser.new_context(
            base_url=served.address, viewport={"width": 1280, "height": 720}
        ).new_page()
        nobody.emulate_media(color_scheme="dark" if dark else "light")
        nobody.goto("/login")
        _keep(nobody.screenshot(), target / "login.png")


def _keep(png: bytes, target: Path) -> None:
    """Keep a picture in 64 colours, which text and lines need no more than, and a scan shows well enough in."""
    Image.open(io.BytesIO(png)).convert("RGB").quantize(64).save(target, optimize=True)


def _found(page: Page) -> dict[str, str]:
    """Pages of one contract and one page in review, whichever there are."""
    page.goto("/search?state=filed")
    contract = (page.locator(".hit a").first.get_attribute("href") or "").partition("?")[0]
    page.goto(contract)
    person = page.locator('a[href^="/people"]').first.get_attribute("href") or ""
    page.goto("/review")
    item = page.locator('a[href^="/review/"]').first
    found = {
        "contract": contract,
        "view": f"{contract}/view?q=%E4%B9%99%E6%96%B9",
        "people": person,
    }
    return found | ({"review-item": item.get_attribute("href") or ""} if item.count() else {})


if __name__ == "__main__":
    main()
