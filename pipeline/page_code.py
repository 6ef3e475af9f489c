"""The code on every sheet: `HY1:<number>:<sheet>.<sheets>:<layout>:<check>` as a QR, version 3, level M.

The check is the first four characters of the base32 HMAC-SHA-256 of all before the last colon, under the
archive's code key: a code with another check is another archive's page or a forgery. A list to be ticked has
`HY1:LIST:<list's id>:<page>.<pages>:<check>`.
"""

import base64
import hashlib
import hmac
from datetime import date

import numpy as np
import zxingcpp

MODULES = 29
SIDE = 15.0  # mm, the black square; 18.5 × 18.5 mm and more around it stay free
LEFT, TOP = 178.0, 10.0  # mm, the black square's corner on every sheet
QUIET = 4 * SIDE / MODULES


def page_text(number: str, sheet: int, sheets: int, layout: str, code_key: bytes) -> str:
    """The code's text for one sheet of a contract."""
    body = f"HY1:{number}:{sheet}.{sheets}:{layout}"
    return f"{body}:{check_of(body, code_key)}"


def list_text(list_id: str, page: int, pages: int, code_key: bytes) -> str:
    """The code's text for one page of a list to be ticked."""
    body = f"HY1:LIST:{list_id}:{page}.{pages}"
    return f"{body}:{check_of(body, code_key)}"


def cover_text(village_code: str, day: date) -> str:
    """The code of a batch's cover, so that a scanned cover is known for one."""
    return f"HY1:COVER:{village_code}:{day:%Y%m%d}"


def check_of(body: str, code_key: bytes) -> str:
    """The check over everything before a code's last colon."""
    return base64.b32encode(hmac.digest(code_key, body.encode("ascii"), hashlib.sha256)).decode()[:4]


def bitmap(text: str) -> bytes:
    """The QR as 29 rows of 29 bits, each row padded to 4 bytes; a 1 is paper, a 0 is ink."""
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M", version=3)
    pixels = np.array(code.to_image(scale=1, add_quiet_zones=False))
    if pixels.shape != (MODULES, MODULES):
        raise ValueError(f"{text} does not fit a version 3 code")
    return np.packbits(pixels > 0, axis=1).tobytes()
