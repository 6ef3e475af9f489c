"""Files sealed piece by piece: each a nonce and up to PIECE bytes under AES-256-GCM.

A piece's place, whether it is the last, and what the file is called are authenticated, so that none can be left out,
moved, or put into another file.
"""

import secrets
from collections.abc import Iterator
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

PIECE = 4 << 20  # bytes
EXTRA = 12 + 16  # a piece's nonce and its tag


def seal(cipher: AESGCM, name: str, place: int, clear: bytes, *, last: bool) -> bytes:
    """One piece sealed: PIECE bytes, only the last perhaps fewer."""
    nonce = secrets.token_bytes(12)
    return nonce + cipher.encrypt(nonce, clear, _about(name, place, last=last))


def sealed_pieces(cipher: AESGCM, name: str, source: BinaryIO, size: int) -> Iterator[bytes]:
    """The pieces of a file of so many bytes; an empty one is one piece."""
    for place in range(pieces(size)):
        yield seal(cipher, name, place, source.read(PIECE), last=place == pieces(size) - 1)


def clear_pieces(cipher: AESGCM, name: str, source: BinaryIO) -> Iterator[bytes]:
    """What was sealed. Raises InvalidTag where it is not what was written, and is so far not to be trusted either."""
    sealed, place = source.read(PIECE + EXTRA), 0
    while sealed:
        after = source.read(PIECE + EXTRA)
        if len(sealed) < EXTRA:
            raise InvalidTag
        yield cipher.decrypt(sealed[:12], sealed[12:], _about(name, place, last=not after))
        sealed, place = after, place + 1


def pieces(size: int) -> int:
    """Into how many pieces so many bytes are sealed."""
    return max(-(-size // PIECE), 1)


def plain_size(sealed: int) -> int:
    """The size of what was sealed into so many bytes."""
    return sealed - EXTRA * max(-(-sealed // (PIECE + EXTRA)), 1)


def _about(name: str, place: int, *, last: bool) -> bytes:
    return f"{name}\0{place}\0{last}".encode()
