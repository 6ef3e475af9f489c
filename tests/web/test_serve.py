"""`huyue serve` itself: on which address, under which names, and what it says to open."""

import re
import socket

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from pipeline import cli
from tests.web.conftest import Office
from web import serve
from web.security import Guarded

OPENED = {
    ("--host", "::1"): "http://[::1]:",
    ("--host", "0:0::1"): "http://[::1]:",
    ("--host", "127.0.0.2"): "http://127.0.0.2:",
    ("--host", "LOCALHOST"): "http://localhost:",
    ("--behind-proxy", "--name", "Desk.example"): "https://desk.example/",
    ("--name", "[FD00::1]"): "http://[fd00::1]:",
}


def test_all_addresses_need_a_name_and_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    for host in ("0.0.0.0", "::", "[::]"):  # noqa: S104
        assert cli.run(["serve", "--host", host]) == 2
        said = capsys.readouterr().err
        assert "要同时用 --name" in said and "10.1.2.3" in said
    for name in ("desk.example:8443", "https://desk.example", "a b"):
        assert cli.run(["serve", "--name", name]) == 2
        assert "不是名字或地址" in capsys.readouterr().err
    assert cli.run(["serve", "--help"]) == 0
    assert "0.0.0.0 是这台机器的全部地址，要同时用 --name" in capsys.readouterr().out


def test_the_address_that_it_says_works(
    office: Office, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    admitted: list[frozenset[str]] = []

    def bound(host: str, port: int) -> socket.socket:
        return socket.create_server(("127.0.0.1", port))  # whatever addresses this machine has

    def make_app(_: object, __: object, hosts: frozenset[str]) -> PlainTextResponse:
        admitted.append(hosts)
        return PlainTextResponse("")

    monkeypatch.setattr(serve, "_bound", bound)
    monkeypatch.setattr(serve, "make_app", make_app)
    monkeypatch.setattr(serve, "_log_to_terminal", lambda: None)
    monkeypatch.setattr("uvicorn.Server.run", lambda *_, **__: None)
    for options, opened in OPENED.items():
        assert cli.run(["--home", str(office.home.folder), "serve", "--port", "0", *options]) == 0
        said = re.search(r"https?://\S+?/", capsys.readouterr().err)
        assert said and said[0].startswith(opened)
        desk = Guarded(PlainTextResponse("here"), admitted.pop(), secure=False)
        assert TestClient(desk, base_url=said[0]).get("/").text == "here"
        assert TestClient(desk, base_url="http://evil.example").get("/").status_code == 421


def test_what_is_answered_is_sent_at_once() -> None:
    """Without its protocol asyncio lets the system wait 40 ms for more to send."""
    with serve._bound("127.0.0.1", 0) as listening:
        assert listening.proto == socket.IPPROTO_TCP
