"""One thing that is wrong with a template, and how the nearest right word is offered."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

ERROR, WARNING = "error", "warning"


@dataclass(frozen=True, slots=True)
class TemplateProblem:
    """`where` is a place a clerk can find (正文第3段), `message` says what is wrong and what to do.

    `severity` is ERROR (no contract can be made of it) or WARNING (a person should look).
    """

    where: str
    message: str
    severity: str


def error(where: str, message: str) -> TemplateProblem:
    """A problem that no contract can be made with."""
    return TemplateProblem(where, message, ERROR)


def nearest(word: str, known: Iterable[str], title: str) -> str:
    """A sentence that offers the word most like `word`, or all that are known."""
    choices = sorted(known)
    close = difflib.get_close_matches(word, choices, 1, 0.6)
    if close:
        return f"是不是“{close[0]}”？"
    return f"{title}：{'、'.join(choices)}。" if choices else f"{title}：没有。"
