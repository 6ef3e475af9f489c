"""Figures that take long: what went wrong while nobody waited is told to whoever asks next."""

import threading

import pytest

from tests.web.conftest import Office
from web.figures import Figures


def test_what_went_wrong_after_the_wait_is_told_once(office: Office) -> None:
    figures, go_on, tried = Figures(office.desk), threading.Event(), list[int]()

    def broken() -> int:
        tried.append(1)
        go_on.wait(30)
        raise ValueError("broken")

    assert figures.of("a", broken, 0) is None
    go_on.set()
    for thread in threading.enumerate():
        if thread.name == "figures":
            thread.join(30)
    with pytest.raises(ValueError, match="broken"):
        figures.of("a", broken, 30)
    assert tried == [1]
