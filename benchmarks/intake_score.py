"""What intake made of scans, held against what they really are: page by page and box by box."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from benchmarks.intake_outcomes import Outcome
from benchmarks.scan_truth import PageTruth, Truth

KINDS = ("signature", "date", "seal", "tick")
TAKEN = ("filed", "duplicate")
MEASURES = (  # beginnings of the shares' names, in the order in which they are told
    "code read",
    "with code: taken in",
    "taken in as the right sheet",
    "second scan told",
    "no code",
    "blank told",
    "foreign told",
    "mirrored refused",
    "boxes",
    "altered",
    "suspicion right",
    "not suspected",
    "flaw",
    "no false flaw",
)
PROOF = ("altered", "two_codes", "wrong_check")  # reasons that say that a page is not what its code says


@dataclass(slots=True)
class Share:
    """So many of so many; `failed` are the pages that were not as they should be."""

    of: int = 0
    good: int = 0
    failed: list[str] = field(default_factory=list)

    def count(self, good: bool, page: PageTruth, came: str) -> None:
        """Count one page or box; `came` says what came of it where it is not good."""
        self.of += 1
        self.good += good
        if not good:
            self.failed.append(f"{page.file} page {page.index + 1}  {_expected(page)}  came: {came}")

    @property
    def percent(self) -> float | None:
        """Of a hundred, None of nothing."""
        return 100 * self.good / self.of if self.of else None


@dataclass(slots=True)
class Score:
    """The shares by name, and for each kind of box how often which truth met which verdict."""

    shares: dict[str, Share] = field(default_factory=dict)
    boxes: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def share(self, name: str) -> Share:
        """The share of a name, made when it is first asked for."""
        return self.shares.setdefault(name, Share())


def score(truth: Truth, came: Mapping[tuple[str, int], Outcome]) -> Score:
    """Compare all pages; a page that intake does not know of counts as lost."""
    found = Score()
    for page in truth.pages:
        outcome = came.get((page.file, page.index)) or Outcome("lost", "", 0, ())
        _judge_page(found, page, outcome)
        if outcome.boxes and not page.defect and not page.flaws:
            _judge_boxes(found, page, outcome, truth)
    return found


def _judge_page(found: Score, page: PageTruth, outcome: Outcome) -> None:
    said = _said(outcome)
    right = (outcome.contract, outcome.sheet) == (page.contract, page.sheet)
    taken = outcome.outcome in TAKEN

    def count(name: str, good: bool) -> None:
        found.share(name).count(good, page, said)

    if page.kind in ("blank", "cover"):
        count("blank told", outcome.outcome == "blank")
    elif page.kind == "foreign":
        count("foreign told", outcome.reason == "foreign")
    elif page.kind == "mirrored":
        count("mirrored refused", not taken and outcome.outcome != "blank")
    elif page.defect:
        # Nothing but its values speaks for a page without a code; they do not, so it is anybody's paper.
        caught = not taken and (outcome.reason in PROOF or not page.code)
        count(f"altered: {page.defect}", caught)
        count("altered, all", caught)
    elif page.flaws:
        for flaw in page.flaws:
            count(f"flaw: {flaw}", flaw in outcome.flaws or outcome.outcome == "review")
    else:
        _judge_honest(found, page, outcome, right, said)
    if outcome.reason in PROOF:
        count("suspicion right", bool(page.defect))
    if taken and page.kind in ("sheet", "duplicate") and not page.defect:
        count("taken in as the right sheet", right)
    elif page.kind in ("blank", "cover", "foreign"):
        count("taken in as the right sheet", not taken)


def _judge_honest(found: Score, page: PageTruth, outcome: Outcome, right: bool, said: str) -> None:
    """A sheet of ours that nobody tampered with and that is fit to keep."""
    taken = outcome.outcome in TAKEN
    if page.code:
        found.share("code read").count(right, page, said)
        found.share("with code: taken in").count(right and taken, page, said)
        if page.kind == "duplicate":
            found.share("second scan told").count(outcome.outcome == "duplicate", page, said)
    else:
        offered = [(one.contract, one.sheet) for one in outcome.suggestions[:3]]
        suggested = (page.contract, page.sheet) in offered
        found.share("no code: filed").count(right and taken, page, said)
        found.share("no code: filed or suggested").count((right and taken) or suggested, page, said)
    for extra in page.extras or ("plain",):
        found.share(f"not suspected: {extra}").count(outcome.reason != "altered", page, said)
    found.share("not suspected, all").count(outcome.reason != "altered", page, said)
    if outcome.outcome == "filed":
        found.share("no false flaw").count(not outcome.flaws, page, said)


def _judge_boxes(found: Score, page: PageTruth, outcome: Outcome, truth: Truth) -> None:
    for name, verdict in outcome.boxes.items():
        box = truth.boxes[page.contract].get(name)
        if box is None or (outcome.contract, outcome.sheet) != (page.contract, page.sheet):
            continue
        found.boxes[box.kind, box.mark, verdict] += 1
        if box.mark == "doubtful":
            continue
        said = f"{name} is {box.mark}, read {verdict}"
        if verdict != "unsure":
            found.share("boxes right").count(verdict == box.mark, page, said)
        found.share("boxes decided").count(verdict != "unsure", page, said)


def by_kind(score: Score) -> Iterator[tuple[str, int, float | None, float | None, float | None]]:
    """Of each kind of box: how many, precision and recall of filled, and the unsure, of a hundred.

    An unsure box does not count as filled.
    """
    for kind in KINDS:
        seen = {(mark, verdict): n for (of, mark, verdict), n in score.boxes.items() if of == kind}
        total = sum(n for (mark, _), n in seen.items() if mark != "doubtful")
        hits = seen.get(("filled", "filled"), 0)
        said = hits + seen.get(("empty", "filled"), 0)
        there = sum(n for (mark, _), n in seen.items() if mark == "filled")
        unsure = sum(n for (mark, verdict), n in seen.items() if verdict == "unsure" and mark != "doubtful")
        yield kind, total, _percent(hits, said), _percent(hits, there), _percent(unsure, total)


def _percent(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None


def _expected(page: PageTruth) -> str:
    sheet = f"{page.contract} sheet {page.sheet}" if page.contract else ""
    code = "" if page.code or not page.contract else "without code"
    return " ".join(filter(None, (page.kind, sheet, code, page.defect, *page.flaws, *page.extras)))


def _said(outcome: Outcome) -> str:
    sheet = f"{outcome.contract} sheet {outcome.sheet}" if outcome.contract else ""
    return " ".join(filter(None, (outcome.outcome, outcome.reason, outcome.differs, sheet, *outcome.flaws)))
