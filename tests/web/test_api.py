"""The HTTP API: tokens, limits, and whatever its own description allows to be asked."""

import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from schemathesis import Case, openapi
from schemathesis.core.result import Ok
from starlette.testclient import TestClient

from tests.conftest import FULL
from tests.web.conftest import ADDRESS, Office
from web.app import make_app

ASKED = ("/search?q=%E9%9F%A6", "/suggest?q=%E9%9F%A6", "/campaigns")


def client(office: Office, name: str) -> TestClient:
    shown = office.browser(name).post("/account/tokens", {"name": "表格系统"}).text
    token = re.search(r"<b>([\w-]{40,})</b>", shown)
    assert token
    return TestClient(office.app, base_url=ADDRESS, headers={"Authorization": f"Bearer {token[1]}"})


def test_without_a_token_that_holds_nothing_is_said(office: Office) -> None:
    nobody = TestClient(office.app, base_url=ADDRESS)
    logged_in = office.browser("管理员甲").http
    for path in ("/openapi.json", *(f"/v1{one}" for one in ASKED)):
        for who in (nobody, logged_in):
            answer = who.get(f"/api{path}")
            assert answer.status_code == 401, path
            assert answer.json()["error"]["message"].startswith("请在请求头里写")
    answers = [
        nobody.get("/api/v1/search", headers={"Authorization": f"Bearer x{n}"}).status_code for n in range(40)
    ]
    assert answers[-1] == 429


def test_a_token_sees_what_its_account_sees(office: Office, villages: list[str]) -> None:
    every, one = client(office, "档案员甲"), client(office, "经办人甲")
    all_found, own = (who.get("/api/v1/search?limit=200").json() for who in (every, one))
    assert 0 < own["total"] < all_found["total"]
    assert {hit["village"] for hit in own["hits"]} == {villages[0]}
    assert [one["value"] for one in own["facets"]["village"]] == [villages[0]]
    other = next(hit["number"] for hit in all_found["hits"] if hit["village"] == villages[1])
    mine = own["hits"][0]["number"]
    assert one.get(f"/api/v1/contracts/{mine}").json()["contract"] == mine
    gone, never = (one.get(f"/api/v1/contracts/{number}") for number in (other, "1"))
    assert (gone.status_code, gone.json()) == (never.status_code, never.json()) == (404, gone.json())
    assert one.get(f"/api/v1/contracts/{other}/scan").status_code == 404
    assert one.get(f"/api/v1/search?village={villages[1]}").json()["total"] == 0
    assert client(office, "检查甲").get("/api/v1/campaigns").status_code == 403
    assert every.get("/api/v1/campaigns").json()[0]["name"] == "2026春"


def test_what_is_asked_wrongly_is_said_in_chinese(office: Office) -> None:
    who = client(office, "档案员甲")
    for query in ("year=x", "year=0", "limit=100000", "offset=-1", "state=true", "village=1", "sort=[]"):
        answer = who.get(f"/api/v1/search?{query}")
        assert answer.status_code == 422 and answer.json()["error"]["message"].startswith("参数不对"), query
    assert who.get("/api/v2/nothing").json()["error"]["code"] == "not_found"
    assert who.post("/api/v1/search").status_code == 405


def test_whatever_the_description_allows_is_answered_as_it_says(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "web.api.MOST_TRIES", 10_000
    )  # it tries without a token, and with wrong ones, again and again
    app = make_app(office.desk, office.jobs, frozenset({"127.0.0.1"}))
    who = client(office, "经办人甲")
    headers = {"Authorization": who.headers["Authorization"], "Host": "127.0.0.1"}
    described = openapi.from_asgi("/api/openapi.json", app, headers=headers)
    operations = [one.ok() for one in described.get_all_operations() if isinstance(one, Ok)]
    assert {one.path for one in operations} == {
        "/v1/search",
        "/v1/suggest",
        "/v1/contracts/{number}",
        "/v1/contracts/{number}/scan",
        "/v1/campaigns",
    }
    for operation in operations:

        @settings(
            max_examples=60 if FULL else 12,
            deadline=None,
            database=None,
            suppress_health_check=[*HealthCheck],
        )
        @given(case=operation.as_strategy())
        def check(case: Case[Any]) -> None:
            case.call_and_validate(headers=headers)

        check()
