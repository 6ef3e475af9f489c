"""Reading a line of print: RapidOCR's recogniser alone, with the models of its wheel, for lines that are cut out."""

from functools import cache
from typing import Any

import cv2

from pipeline.intake.page_image import Pixels

SURE = 0.6  # confidence below which nothing was read


@cache
def engine() -> Any:
    from rapidocr import RapidOCR  # a second to load, and few pages need it

    threads = {f"EngineConfig.onnxruntime.{kind}_op_num_threads": 1 for kind in ("intra", "inter")}
    return RapidOCR(params={"Global.log_level": "critical", **threads})


def read_line(line: Pixels) -> str:
    """The text of one upright line of print, grey; "" where none is read surely."""
    picture = cv2.cvtColor(line, cv2.COLOR_GRAY2RGB)
    found = engine()(picture, use_det=False, use_cls=False, use_rec=True)
    if not found.txts or float(found.scores[0]) < SURE:
        return ""
    return "".join(str(found.txts[0]).split())
