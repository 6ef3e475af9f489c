"""The demonstration's scanner: the same for a seed, true to its truth, and with codes that can be read."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pypdfium2
import pytest
import zxingcpp
from cv2.typing import MatLike
from PIL import Image

from pipeline.demo.fates import SMOOTH, Fate, Printed, Rates
from pipeline.demo.ink import Mark
from pipeline.demo.scan_page import Kind
from pipeline.demo.scanner import PageTruth, Truth, read_truth, sign_and_scan, write_truth
from tests.conftest import Town

SCALE = 200 / 25.4
CODED = (Kind.SHEET, Kind.DUPLICATE, Kind.COVER)
ROUGH = Rates(
    duplicate=0.2, codeless=0.1, turned=0.4, blank=0.1, foreign=0.1, missing=0.1, lost=0.1, grey=0.5
)


@dataclass(frozen=True)
class Scanned:
    """A batch, its scans and what they truly are."""

    batch: Path
    out: Path
    truth: Truth


@pytest.fixture(scope="module")
def batch(town: Town) -> Path:
    """The town's largest batch."""
    return max(town.batches(), key=lambda folder: (folder / "print.pdf").stat().st_size)


@pytest.fixture(scope="module")
def rough(batch: Path, tmp_path_factory: pytest.TempPathFactory) -> Scanned:
    """A pile in which much goes wrong."""
    out = tmp_path_factory.mktemp("rough")
    return Scanned(batch, out, sign_and_scan(batch, out, seed=11, limit=40, rates=ROUGH, workers=2))


def test_a_seed_gives_the_same_bytes_by_one_process_and_by_two(batch: Path, tmp_path: Path) -> None:
    one = sign_and_scan(batch, tmp_path / "1", seed=4, limit=12, workers=1)
    two = sign_and_scan(batch, tmp_path / "2", seed=4, limit=12, workers=2)
    other = sign_and_scan(batch, tmp_path / "3", seed=5, limit=12, workers=2)
    assert one == two != other
    assert contents(tmp_path / "1") == contents(tmp_path / "2") != contents(tmp_path / "3")


def test_the_truth_names_every_page_of_every_file_once(rough: Scanned) -> None:
    pages = Counter(page.file for page in rough.truth.pages)
    files = {path.relative_to(rough.out).as_posix() for path in rough.out.rglob("*") if path.is_file()}
    assert set(pages) == files
    assert {Path(name).suffix for name in files} == {".pdf", ".tif", ".jpg"}
    for name, count in pages.items():
        assert count == length(rough.out / name)
        assert [page.index for page in rough.truth.pages if page.file == name] == list(range(count))


def test_the_truth_of_contracts_is_that_of_their_pages(rough: Scanned) -> None:
    kinds = Counter(page.kind for page in rough.truth.pages)
    assert set(kinds) == set(Kind), "the rates are high enough for every kind to appear"
    for number, contract in rough.truth.contracts.items():
        pages = [page for page in rough.truth.pages if page.contract == number]
        for kind, sheets in ((Kind.SHEET, contract.scanned), (Kind.CODELESS, contract.codeless)):
            assert sorted(page.sheet or 0 for page in pages if page.kind is kind) == list(sheets)
        seen: set[int | None] = set()
        for page in pages:
            assert (page.kind is Kind.DUPLICATE) == (page.sheet in seen)
            seen.add(page.sheet)
    assert any(not contract.scanned for contract in rough.truth.contracts.values())


def test_codes_read_on_all_pages_that_have_one_and_on_no_other(rough: Scanned) -> None:
    for page, pixels in scans(rough):
        codes = [code.text for code in zxingcpp.read_barcodes(pixels)]
        if page.kind not in CODED:
            assert codes == [], page
        elif page.kind is Kind.COVER:
            assert codes[0].startswith("HY1:COVER:")
        else:
            assert [code.startswith(f"HY1:{page.contract}:{page.sheet}.") for code in codes] == [True], page


def test_filled_boxes_have_ink_empty_ones_none_and_doubtful_ones_little(batch: Path, tmp_path: Path) -> None:
    printed, rng, marks = Printed(batch), np.random.default_rng(8), list(Mark)
    plan = {
        number: Fate({box.name: marks[rng.integers(3)] for box in printed.boxes(number)})
        for number in list(printed.contracts)[:14]
    }
    truth = sign_and_scan(batch, tmp_path, seed=2, plan=plan, rates=SMOOTH, workers=2)
    found: dict[tuple[str, Mark], list[float]] = {}
    for page, pixels in scans(Scanned(batch, tmp_path, truth)):
        if page.contract is None or page.sheet is None:
            continue
        sheet = printed.contracts[page.contract][page.sheet - 1]
        ink = ink_beside_print(rendered(printed.pdf, sheet.page), pixels)
        for box in sheet.boxes:
            rows = slice(round((box.y + 0.6) * SCALE), round((box.y + box.h - 0.6) * SCALE))
            columns = slice(round((box.x + 0.6) * SCALE), round((box.x + box.w - 0.6) * SCALE))
            mark = truth.contracts[page.contract].boxes[box.name]
            square_millimetres = float(ink[rows, columns].sum()) / SCALE**2
            found.setdefault((box.kind, mark), []).append(square_millimetres)
    assert {kind for kind, _ in found} >= {"signature", "date", "seal"}
    empty = max(area for (_, mark), areas in found.items() if mark is Mark.EMPTY for area in areas)
    assert empty < 0.1
    for (kind, mark), areas in found.items():
        if mark is Mark.DOUBTFUL:
            assert empty < min(areas)
            assert max(areas) < min(found[kind, Mark.FILLED])
        elif mark is Mark.FILLED:
            assert min(areas) > 1 if kind == "tick" else min(areas) > 6


@pytest.mark.parametrize("limit", [0, 1, 7])
def test_no_more_sheets_than_the_limit_are_chosen(batch: Path, tmp_path: Path, limit: int) -> None:
    heard: list[int] = []
    truth = sign_and_scan(batch, tmp_path, seed=1, limit=limit, rates=SMOOTH, workers=1, done=heard.append)
    chosen = sum(contract.of for contract in truth.contracts.values())
    assert limit - 3 < chosen <= limit
    assert sum(page.kind is Kind.SHEET for page in truth.pages) == chosen
    assert sum(heard) == len(truth.pages)


def test_a_plan_is_followed_to_the_letter(batch: Path, tmp_path: Path) -> None:
    printed = Printed(batch)
    first, second = list(printed.contracts)[:2]
    name = printed.boxes(first)[-1].name
    truth = sign_and_scan(
        batch,
        tmp_path,
        seed=1,
        plan={first: Fate({name: Mark.EMPTY}), second: Fate(sheets=(2,))},
        rates=SMOOTH,
    )
    assert truth.contracts[first].boxes[name] is Mark.EMPTY
    assert truth.contracts[first].scanned == tuple(sheet.sheet for sheet in printed.contracts[first])
    assert truth.contracts[second].scanned == (2,)
    with pytest.raises(ValueError, match="nobody_signature"):
        sign_and_scan(batch, tmp_path, seed=1, plan={first: Fate({"nobody_signature": Mark.FILLED})})
    write_truth(truth, tmp_path / "truth.json")
    assert read_truth(tmp_path / "truth.json") == truth


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def length(file: Path) -> int:
    if file.suffix == ".pdf":
        return len(pypdfium2.PdfDocument(file))
    with Image.open(file) as picture:
        return int(getattr(picture, "n_frames", 1))


def scans(scanned: Scanned) -> Iterator[tuple[PageTruth, MatLike]]:
    """Every page with its pixels, blue, green, red, turned upright; grey ones are checked to be grey."""
    for page in scanned.truth.pages:
        file = scanned.out / page.file
        if file.suffix == ".pdf":
            picture = next(pypdfium2.PdfDocument(file)[page.index].get_objects())
            bitmap = picture.get_bitmap()
            pixels = bitmap.to_numpy()
            pixels = cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR) if pixels.ndim == 2 else pixels[..., :3]
        else:
            with Image.open(file) as opened:
                opened.seek(page.index)
                assert (opened.mode == "L") == page.grey
                pixels = np.asarray(opened.convert("RGB"))[..., ::-1]
        assert bool((pixels[..., 0] == pixels[..., 2]).all()) == page.grey
        yield page, np.ascontiguousarray(np.rot90(pixels, page.turned // 90))


def rendered(pdf: Path, page: int) -> MatLike:
    """A printed page as grey pixels, before anybody signed it."""
    pixels: MatLike = (
        pypdfium2.PdfDocument(pdf)[page - 1].render(scale=SCALE * 25.4 / 72, grayscale=True).to_numpy()
    )
    return pixels.reshape(pixels.shape[:2])


def ink_beside_print(clean: MatLike, scan: MatLike) -> MatLike:
    """Where the scan, laid over the print, is dark or red and the print is not; as 0 and 1."""
    darkest = scan.min(axis=2)
    fit = np.eye(2, 3, dtype=np.float32)
    small = [
        cv2.resize(each, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA) for each in (clean, darkest)
    ]
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 100, 1e-5)
    _, fit = cv2.findTransformECC(small[0], small[1], fit, cv2.MOTION_AFFINE, stop)  # type: ignore[assignment]
    fit[:, 2] *= 4
    size = (clean.shape[1], clean.shape[0])
    laid = cv2.warpAffine(
        darkest, fit, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderValue=(255,)
    )
    near_print = cv2.erode(clean, np.ones((9, 9), np.uint8)) < 200
    return ((laid < 175) & ~near_print).astype(np.uint8)
