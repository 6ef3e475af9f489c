"""The vault: encrypted, content-addressed blobs, written once and never changed.

DIR/vault/ab/abcd…   a blob: b"HYV1" or b"HYS1", 12 bytes of nonce, then AES-256-GCM (NIST SP 800-38D) or SM4-GCM
                     (RFC 8998, 3.2.1) of its content, with those 4 bytes and the name as associated data, so that two
                     blobs cannot be exchanged
DIR/vault/pending    names about to be written or destroyed: what is left without a catalogue row, or without a key,
                     is cleared by it at the next writing

A name is the HMAC-SHA-256 of the content under a key of the archive's own, in hexadecimal: equal content is
kept once, and a name says nothing to who has only the folder. Which cipher an archive writes is chosen when it is
made, and kept in the catalogue. Every blob has a key of its own, kept there wrapped (AES-256-GCM) under a key
derived from the archive's, so that changing the archive's key rewrites no blob. A blob is destroyed by taking its
key out of the catalogue; its row stays, with the day.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, CipherAlgorithm, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import Connection, insert, select, update

from archive.catalogue import tables
from archive.errors import BlobDamaged, BlobDestroyed, BlobMissing, CipherMissing
from archive.on_disk import rename, sync_folder, write_synced

NONCE, TAG, MAGIC = 12, 16, 4  # bytes
FOLDER = "vault"
PENDING = "pending"
PART = ".part"  # a file that is being written
DESTROYED = b""  # in place of a wrapped key
CHUNK = 500  # names in one IN list


@dataclass(frozen=True, slots=True)
class BlobCipher:
    """A block cipher in Galois/counter mode; `name` is what people call it, `magic` how its blobs begin."""

    name: str
    magic: bytes
    algorithm: Callable[[bytes], CipherAlgorithm]
    key_length: int  # bytes

    def encrypt(self, key: bytes, nonce: bytes, content: bytes, bound: bytes) -> bytes:
        """The content encrypted, and the tag of it and of the associated data `bound`."""
        encryptor = Cipher(self.algorithm(key), modes.GCM(nonce)).encryptor()
        encryptor.authenticate_additional_data(bound)
        return b"".join((encryptor.update(content), encryptor.finalize(), encryptor.tag))

    def decrypt(self, key: bytes, nonce: bytes, sealed: bytes, bound: bytes) -> bytes:
        """What `encrypt` encrypted. Raises InvalidTag, ValueError."""
        content, tag = memoryview(sealed)[:-TAG], sealed[-TAG:]
        decryptor = Cipher(self.algorithm(key), modes.GCM(nonce, tag)).decryptor()
        decryptor.authenticate_additional_data(bound)
        return decryptor.update(content) + decryptor.finalize()

    def require(self) -> None:
        """Raise CipherMissing where this machine's OpenSSL has no such cipher."""
        try:
            self.encrypt(bytes(self.key_length), bytes(NONCE), b"", b"")
        except UnsupportedAlgorithm:
            raise CipherMissing(name=self.name) from None


AES = "aes"
CIPHERS = {
    AES: BlobCipher("AES-256-GCM", b"HYV1", algorithms.AES256, 32),
    "sm4": BlobCipher("国密 SM4-GCM", b"HYS1", algorithms.SM4, 16),
}
BY_MAGIC = {one.magic: one for one in CIPHERS.values()}


@dataclass(frozen=True, slots=True)
class Vault:
    """An archive's blobs; `wrap_key` wraps their keys, `name_key` names them, `cipher` is of those to come."""

    folder: Path
    wrap_key: bytes
    name_key: bytes
    cipher: BlobCipher

    def put(self, connection: Connection, contents: Sequence[bytes], day: str) -> list[str]:
        """Keep the contents, on the disk before this returns; their names, in order.

        The rows stand or fall with the caller's write transaction.
        """
        names = [self.name_of(content) for content in contents]
        table = tables.blob
        known = set(connection.execute(select(table.c.name).where(table.c.name.in_(names))).scalars())
        new = {
            name: content
            for name, content in zip(names, contents, strict=True)
            if name not in known or not self._sound(connection, name)
        }
        if new:
            self._announce(new)
        added: list[dict[str, object]] = []
        for name, content in new.items():
            key = secrets.token_bytes(self.cipher.key_length)
            self._write(name, self._encrypted(name, key, content))
            row = {"name": name, "wrapped": self.wrap(name, key), "size": len(content), "added_on": day}
            if name in known:
                connection.execute(
                    update(table).where(table.c.name == name).values(row | {"destroyed_on": None})
                )
            else:
                added.append(row)
        if added:
            connection.execute(insert(table), added)
        return names

    def get(self, connection: Connection, name: str) -> bytes:
        """A blob's content, proven to be what was put. Raises BlobMissing, BlobDamaged, BlobDestroyed."""
        wrapped = connection.execute(
            select(tables.blob.c.wrapped).where(tables.blob.c.name == name)
        ).scalar_one_or_none()
        if wrapped is None:
            raise BlobMissing(file=self.path(name))
        if wrapped == DESTROYED:
            raise BlobDestroyed(file=name)
        return self.opened(name, wrapped, self.sealed(name))

    def destroy(self, connection: Connection, names: Sequence[str], day: str) -> None:
        """Take these blobs' keys away, so that nobody can open them again.

        The rows stand or fall with the caller's write transaction; the files go with the next one (settle).
        """
        self._announce(names)
        table, gone = tables.blob, {"wrapped": DESTROYED, "destroyed_on": day}
        for start in range(0, len(names), CHUNK):
            part = table.c.name.in_(names[start : start + CHUNK])
            connection.execute(update(table).where(part).values(gone))

    def sealed(self, name: str) -> bytes:
        """A blob as it lies on the disk. Raises BlobMissing, OSError."""
        path = self.path(name)
        if not path.is_file():
            raise BlobMissing(file=path)
        return path.read_bytes()

    def opened(self, name: str, wrapped: bytes, data: bytes) -> bytes:
        """The content of a blob that lies on the disk so, its key wrapped so. Raises BlobDamaged."""
        try:
            key = self.unwrap(name, wrapped)
            magic, nonce, sealed = data[:MAGIC], data[MAGIC : MAGIC + NONCE], data[MAGIC + NONCE :]
            return BY_MAGIC[magic].decrypt(key, nonce, sealed, magic + name.encode())
        except (KeyError, InvalidTag, ValueError):
            raise BlobDamaged(file=self.path(name)) from None

    def name_of(self, content: bytes) -> str:
        """The name under which a content is kept."""
        return hmac.digest(self.name_key, content, hashlib.sha256).hex()

    @property
    def archive(self) -> str:
        """What this archive is called where several may lie: 12 hexadecimal characters, whatever its key and place."""
        return hmac.digest(self.name_key, b"huyue archive", hashlib.sha256).hex()[:12]

    def wrap(self, name: str, key: bytes) -> bytes:
        """A blob's key as the catalogue has it; one that was destroyed stays so."""
        if key == DESTROYED:
            return DESTROYED
        nonce = secrets.token_bytes(NONCE)
        return nonce + AESGCM(self.wrap_key).encrypt(nonce, key, name.encode())

    def unwrap(self, name: str, wrapped: bytes) -> bytes:
        """The key that `wrap` wrapped; DESTROYED for one that was. Raises InvalidTag, ValueError."""
        if wrapped == DESTROYED:
            return DESTROYED
        return AESGCM(self.wrap_key).decrypt(wrapped[:NONCE], wrapped[NONCE:], name.encode())

    def path(self, name: str) -> Path:
        """Where a blob lies."""
        return self.folder / name[:2] / name

    def files(self) -> Iterator[Path]:
        """Every blob's file there is, known to the catalogue or not; folder by folder."""
        for shard in sorted(self.folder.glob("[0-9a-f][0-9a-f]")):
            yield from sorted(shard.iterdir())

    def settle(self, connection: Connection) -> int:
        """Clear files that no catalogue row speaks of, or whose key was destroyed; how many."""
        cleared: list[Path] = []
        for name in sorted(self.pending()):
            path = self.path(name)
            if path.is_file() and (path.suffix == PART or not self._known(connection, path.name)):
                path.unlink()
                cleared.append(path)
        for folder in {path.parent for path in cleared}:
            sync_folder(folder)
        (self.folder / PENDING).unlink(missing_ok=True)
        return len(cleared)

    def pending(self) -> set[str]:
        """The names of files that a run has begun to write, or destroyed, since the archive was last settled."""
        pending = self.folder / PENDING
        if not pending.exists():
            return set()
        names = re.findall(r"^[0-9a-f]{64}$", pending.read_text("ascii", errors="replace"), re.MULTILINE)
        return {*names, *(name + PART for name in names)}

    def _sound(self, connection: Connection, name: str) -> bool:
        """Whether the blob is there and can be read; one that is lost is written anew."""
        try:
            self.get(connection, name)
        except (BlobMissing, BlobDamaged, BlobDestroyed):
            return False
        return True

    def _known(self, connection: Connection, name: str) -> bool:
        table = tables.blob
        there = select(table.c.name).where(table.c.name == name, table.c.destroyed_on.is_(None))
        return connection.execute(there).first() is not None

    def _announce(self, names: Iterable[str]) -> None:
        """Note names whose files are about to come or go, so that a killed run leaves nothing that nobody knows."""
        write_synced(self.folder / PENDING, "".join(f"{name}\n" for name in names).encode(), append=True)
        sync_folder(self.folder)

    def _encrypted(self, name: str, key: bytes, content: bytes) -> bytes:
        """A blob as it is to lie on the disk."""
        magic, nonce = self.cipher.magic, secrets.token_bytes(NONCE)
        return magic + nonce + self.cipher.encrypt(key, nonce, content, magic + name.encode())

    def _write(self, name: str, data: bytes) -> None:
        path = self.path(name)
        if not path.parent.is_dir():
            path.parent.mkdir(mode=0o700)
            sync_folder(self.folder)
        part = path.with_name(name + PART)
        write_synced(part, data)
        rename(part, path)


def open_vault(folder: Path, key: bytes, connection: Connection) -> Vault:
    """The vault of the archive at `folder`, whose raw key is `key`. Raises CipherMissing."""
    meta = {row.key: bytes(row.value) for row in connection.execute(select(tables.meta))}
    cipher = CIPHERS[meta.get("cipher", AES.encode()).decode()]  # not there: made before there was a choice
    cipher.require()
    wrap = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"huyue vault wrap 1").derive(key)
    vault = folder / FOLDER
    vault.mkdir(mode=0o700, exist_ok=True)
    return Vault(vault, wrap, meta["blob_name_key"], cipher)


def destroyed_blobs(connection: Connection) -> frozenset[str]:
    """The names of the blobs that were destroyed."""
    name, day = tables.blob.c.name, tables.blob.c.destroyed_on
    return frozenset(connection.execute(select(name).where(day.is_not(None))).scalars())
