"""Whoever may see one village never learns anything of another: every address of the desk is tried."""

import html
import io
import re
import zipfile
from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

import pypdf
import pytest
from sqlalchemy import select

from archive.catalogue import tables
from tests.conftest import FULL
from tests.web.conftest import Answered, Browser, Office
from web.asked import PAGES
from web.roles import Role

LINK = re.compile(r'(?:href|src|action|hx-get|data-[a-z]+|sse-connect|value)="(/[^"]*)"')
NOT_FOLLOWED = ("/static/", "/logout", "/events", "/login")
MOST = 600 if FULL else 220  # addresses that are tried
EVERY_FACET = 12  # addresses of one shape: numbers and searches are many


def shape(address: str) -> str:
    """An address without its numbers and values: what page it is."""
    parts = urlsplit(address)
    names = sorted(one.partition("=")[0] for one in parts.query.split("&") if one)
    return re.sub(r"[^/]*\d[^/]*|%[0-9A-F]{2}[^/]*", "*", parts.path) + "?" + "&".join(names)


def crawl(browser: Browser, begin: list[str]) -> Iterator[tuple[str, Answered]]:
    """Every address that somebody is led to, at most so many of one shape, with its answer."""
    waiting, seen, shapes = list(begin), set(begin), dict[str, int]()
    while waiting and len(seen) < 20_000:
        address = waiting.pop(0)
        kind = shape(address)
        shapes[kind] = shapes.get(kind, 0) + 1
        if shapes[kind] > EVERY_FACET or sum(min(count, EVERY_FACET) for count in shapes.values()) > MOST:
            continue
        answer = browser.get(address)
        yield address, answer
        if "text/html" not in answer.headers.get("content-type", ""):
            continue
        for found in LINK.findall(answer.text):
            link = urljoin(address, html.unescape(found)).partition("#")[0]
            if link.startswith("/") and link not in seen and not any(part in link for part in NOT_FOLLOWED):
                seen.add(link)
                waiting.append(link)


def words_of(answer: Answered) -> str:
    """What can be read in an answer, whatever it is."""
    kind = answer.headers.get("content-type", "")
    if "pdf" in kind:
        return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(answer.content)).pages)
    if answer.content[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(answer.content)) as opened:
            return "\n".join(opened.read(name).decode("utf-8", "replace") for name in opened.namelist())
    return html.unescape(answer.text) if "text" in kind or "json" in kind else ""


@pytest.fixture
def others(office: Office, villages: list[str]) -> frozenset[str]:
    """What only papers of other villages than the first clerk's say: numbers of contracts, names of parties."""
    own: set[str] = set()
    other: set[str] = set()
    with office.home.reading() as connection:
        party = tables.party
        for row in connection.execute(select(party.c.contract, party.c.name)):
            (own if row.contract.startswith(villages[0]) else other).update((row.contract, row.name))
        for name in connection.execute(select(tables.contract.c.responsible).distinct()).scalars():
            own.add(name)  # who looks after households here may do so there
        for name in connection.execute(select(tables.person.c.name).distinct()).scalars():
            if name in own:
                own.add(name)
    return frozenset(text for text in other - own if len(text) > 2)


def test_a_clerk_is_led_to_nothing_of_another_village(office: Office, others: frozenset[str]) -> None:
    assert len(others) > 100
    clerk = office.browser("经办人甲")
    tried = 0
    for address, answer in crawl(
        clerk, ["/", *(page.path for page in PAGES if "{" not in page.path and "GET" in page.methods)]
    ):
        assert answer.status < 500, address
        leaked = [text for text in others if text in words_of(answer)]
        assert not leaked, (address, leaked[:3])
        tried += 1
    assert tried > 40


def test_a_clerk_who_knows_the_address_sees_no_more(office: Office, others: frozenset[str]) -> None:
    led = [address for address, answer in crawl(office.browser("档案员甲"), ["/"]) if answer.status == 200]
    clerk, refused = office.browser("经办人甲"), 0
    for address in led:
        answer = clerk.get(address)
        assert answer.status < 500, address
        said = words_of(answer).replace(address, "").replace(html.unescape(address), "")
        leaked = [text for text in others if text in said and text not in address]
        assert not leaked, (address, leaked[:3])
        refused += answer.status in (403, 404)
        if any(text in address for text in others) and "?" not in address:
            assert answer.status == 404, address
    assert len(led) > 60 and refused > 5


def test_what_may_not_be_seen_answers_as_what_is_not_there(office: Office, others: frozenset[str]) -> None:
    clerk = office.browser("经办人甲")
    number = next(text for text in sorted(others) if text[:1].isdigit())
    never = number[:-8] + "999999-X"
    for page in PAGES:
        if "{number}" not in page.path or page.may is None:
            continue
        for method in page.methods:
            answers = []
            for one in (number, never):
                path = re.sub(r"\{[^}]*\}", "1", page.path.replace("{number}", one))
                clerk.get("/account")
                sent = {"X-CSRF-Token": clerk.csrf}
                answers.append(clerk.http.request(method, path, headers=sent))
            there, gone = answers
            assert there.status_code == gone.status_code, (method, page.path)
            assert there.text.replace(number, "") == gone.text.replace(never, ""), (method, page.path)


def test_an_auditor_never_sees_a_whole_identity_number(office: Office) -> None:
    with office.home.reading() as connection:
        numbers = set(connection.execute(select(tables.party.c.id_number)).scalars()) - {""}
    assert len(numbers) > 50
    for address, answer in crawl(office.browser("检查甲"), ["/"]):
        shown = words_of(answer)
        assert not [one for one in re.findall(r"[0-9]{17}[0-9X]", shown) if one in numbers], address


def test_the_journal_of_all_villages_is_not_for_who_is_limited(office: Office, villages: list[str]) -> None:
    office.add("检查丙", Role.AUDITOR, villages[0])
    limited, whole = office.browser("检查丙"), office.browser("检查甲")
    for path in ("/admin", "/admin/journal", "/admin/journal?from=2000-01-01"):
        assert (limited.get(path).status, whole.get(path).status) == (403, 200), path
    assert "/admin" not in limited.get("/").text
