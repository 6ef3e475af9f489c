"""An archive's key: 32 bytes in a file of its own, in clear or under a passphrase, and a recovery code on paper.

DIR.key                64 hexadecimal characters; or a JSON object, the key sealed under a passphrase: Argon2id
                       (RFC 9106, 4: its second recommended option) gives the key of an AES-256-GCM
DIR/recovery.json      the key sealed (AES-256-GCM, HKDF) under the recovery code, which is on paper only; whoever
                       has this file without the code has nothing

A recovery code is 160 random bits and 20 of a check, in nine groups of four of Crockford's base 32.
"""

import hashlib
import secrets
import unicodedata
from collections.abc import Callable
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from archive.errors import (
    KeyLocked,
    KeyMissing,
    KeyUnreadable,
    PassphraseWrong,
    RecoveryCodeWrong,
    RecoveryMissing,
)
from archive.on_disk import rename, sync_folder, write_synced

LENGTH, NONCE, SALT = 32, 12, 16  # bytes
MEMORY_KIB, PASSES, LANES = 64 * 1024, 3, 4
MOST_MEMORY_KIB, MOST_PASSES, MOST_LANES = 1 << 20, 64, 64  # that a key file may ask for
SEALED_KEY, RECOVERY = b"huyue key 1", b"huyue recovery 1"
LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # of Crockford's base 32
ALIKE = str.maketrans("OIL", "011")
CODE_BYTES, CHECK_LETTERS, GROUP = 20, 4, 4
NEW = ".new"  # a file that is being written

Ask = Callable[[], str]  # for a passphrase


class _Sealed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key under a passphrase, as its file has it; bytes in hexadecimal."""

    kdf: str
    memory_kib: int
    passes: int
    lanes: int
    salt: str
    nonce: str
    sealed: str


class _Recovery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key under a recovery code; bytes in hexadecimal."""

    nonce: str
    sealed: str


def read_key(path: Path, ask: Ask | None = None) -> bytes:
    """The 32 bytes in a key file; `ask` gives the passphrase where it needs one.

    Raises KeyMissing, KeyUnreadable, KeyLocked where there is no `ask`, PassphraseWrong.
    """
    text = _text(path)
    if text.startswith("{"):
        if ask is None:
            raise KeyLocked(file=path)
        return _unsealed(path, text, ask())
    try:
        key = bytes.fromhex(text)
    except ValueError:
        raise KeyUnreadable(file=path) from None
    if len(key) != LENGTH:
        raise KeyUnreadable(file=path)
    return key


def has_passphrase(path: Path) -> bool:
    """Whether the key in a file is under a passphrase. Raises KeyMissing, KeyUnreadable."""
    return _text(path).startswith("{")


def written(key: bytes, passphrase: str = "") -> str:
    """What a key's file says, under a passphrase if there is one."""
    if not passphrase:
        return key.hex() + "\n"
    salt, nonce = secrets.token_bytes(SALT), secrets.token_bytes(NONCE)
    under = _derived(passphrase, salt, MEMORY_KIB, PASSES, LANES)
    sealed = AESGCM(under).encrypt(nonce, key, SEALED_KEY)
    parts = _Sealed("argon2id", MEMORY_KIB, PASSES, LANES, salt.hex(), nonce.hex(), sealed.hex())
    return msgspec.json.encode(parts).decode() + "\n"


def write_new(path: Path, text: str) -> None:
    """Write a key's file, on the disk before this returns. Raises FileExistsError."""
    write_synced(path, text.encode(), new=True)
    sync_folder(path.parent)


def replace(path: Path, text: str) -> None:
    """Write a key's file in place of the one there: it is the one or the other, whenever the machine stops."""
    new = path.with_name(path.name + NEW)
    write_synced(new, text.encode())
    rename(new, path)


def new_code() -> str:
    """A recovery code, in groups."""
    letters = _letters(secrets.token_bytes(CODE_BYTES))
    letters += _check(letters)
    return "-".join(letters[at : at + GROUP] for at in range(0, len(letters), GROUP))


def keep_under(path: Path, key: bytes, code: str) -> None:
    """Keep the key under a recovery code in the archive's file for it, in place of what was there."""
    nonce = secrets.token_bytes(NONCE)
    sealed = AESGCM(_under_code(_plain(code))).encrypt(nonce, key, RECOVERY)
    replace(path, msgspec.json.encode(_Recovery(nonce.hex(), sealed.hex())).decode() + "\n")


def recovered(path: Path, code: str) -> bytes:
    """The key that the archive's file keeps under this code. Raises RecoveryMissing, RecoveryCodeWrong."""
    letters = _plain(code)
    try:
        kept = msgspec.json.decode(path.read_bytes(), type=_Recovery)
        nonce, sealed = bytes.fromhex(kept.nonce), bytes.fromhex(kept.sealed)
    except (OSError, ValueError):
        raise RecoveryMissing(file=path) from None
    try:
        return AESGCM(_under_code(letters)).decrypt(nonce, sealed, RECOVERY)
    except (InvalidTag, ValueError):
        raise RecoveryCodeWrong(file=path) from None


def _plain(code: str) -> str:
    """A code's letters as they were made, however somebody typed them. Raises RecoveryCodeWrong."""
    letters = "".join(code.upper().translate(ALIKE).split()).replace("-", "")
    body, check = letters[:-CHECK_LETTERS], letters[-CHECK_LETTERS:]
    if len(body) != CODE_BYTES * 8 // 5 or not set(letters) <= set(LETTERS) or check != _check(body):
        raise RecoveryCodeWrong()
    return body


def _letters(data: bytes) -> str:
    number = int.from_bytes(data, "big")
    return "".join(LETTERS[number >> shift & 31] for shift in range(len(data) * 8 - 5, -1, -5))


def _check(letters: str) -> str:
    return _letters(hashlib.sha256(letters.encode()).digest()[:5])[:CHECK_LETTERS]


def _under_code(letters: str) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=LENGTH, salt=None, info=RECOVERY).derive(letters.encode())


def _unsealed(path: Path, text: str, passphrase: str) -> bytes:
    try:
        parts = msgspec.json.decode(text, type=_Sealed)
        salt, nonce, sealed = (bytes.fromhex(one) for one in (parts.salt, parts.nonce, parts.sealed))
        asked = parts.memory_kib, parts.passes, parts.lanes
        if parts.kdf != "argon2id" or any(
            one > most for one, most in zip(asked, (MOST_MEMORY_KIB, MOST_PASSES, MOST_LANES), strict=True)
        ):
            raise KeyUnreadable(file=path)
        under = _derived(passphrase, salt, *asked)
        return AESGCM(under).decrypt(nonce, sealed, SEALED_KEY)
    except InvalidTag:
        raise PassphraseWrong(file=path) from None
    except ValueError:  # no such JSON, odd hexadecimal, parameters that Argon2 refuses
        raise KeyUnreadable(file=path) from None


def _derived(passphrase: str, salt: bytes, memory_kib: int, passes: int, lanes: int) -> bytes:
    kdf = Argon2id(salt=salt, length=LENGTH, iterations=passes, lanes=lanes, memory_cost=memory_kib)
    return kdf.derive(unicodedata.normalize("NFC", passphrase).encode())


def _text(path: Path) -> str:
    if not path.is_file():
        raise KeyMissing(file=path)
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        raise KeyUnreadable(file=path) from None
