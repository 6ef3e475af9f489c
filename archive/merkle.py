"""Merkle trees as RFC 9162, section 2.1, has them (RFC 6962 likewise): SHA-256, 0x00 before a leaf, 0x01 before a node.

The tree of n leaves is built level by level: two neighbours make a node, a last one without a neighbour goes up as
it is. That gives the tree of the RFC, split at the largest power of two below n.
"""

import hashlib
from collections.abc import Sequence


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf that holds this (RFC 9162, 2.1.1)."""
    return hashlib.sha256(b"\0" + data).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


class Tree:
    """A tree that grows leaf by leaf; it keeps one hash for each bit of its size."""

    def __init__(self) -> None:
        self.size = 0
        self._whole: list[bytes] = []  # the roots of its full subtrees, the largest first

    def add(self, data: bytes) -> None:
        """Append a leaf."""
        node, size = leaf_hash(data), self.size
        while size & 1:
            node, size = _node(self._whole.pop(), node), size >> 1
        self._whole.append(node)
        self.size += 1

    def root(self) -> bytes:
        """The tree's hash; the SHA-256 of nothing where it has no leaf."""
        if not self._whole:
            return hashlib.sha256().digest()
        *others, node = self._whole
        for left in reversed(others):
            node = _node(left, node)
        return node


def paths(leaves: Sequence[bytes], wanted: Sequence[int]) -> list[list[bytes]]:
    """For each leaf by its place (from 0) its inclusion proof (RFC 9162, 2.1.3.1); `leaves` are leaf hashes."""
    found: list[list[bytes]] = [[] for _ in wanted]
    level, places = list(leaves), list(wanted)
    while len(level) > 1:
        for path, place in zip(found, places, strict=True):
            if place ^ 1 < len(level):
                path.append(level[place ^ 1])
        pairs = [_node(left, right) for left, right in zip(level[::2], level[1::2], strict=False)]
        level = pairs + level[len(level) & ~1 :]
        places = [place >> 1 for place in places]
    return found


def root_from(data: bytes, place: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The root that an inclusion proof leads to (RFC 9162, 2.1.3.2), None where it cannot be of that place and size."""
    if not 0 <= place < size:
        return None
    node, rest = leaf_hash(data), list(path)
    while size > 1:
        if place ^ 1 < size:
            if not rest:
                return None
            other = rest.pop(0)
            node = _node(other, node) if place & 1 else _node(node, other)
        place, size = place >> 1, (size + 1) >> 1
    return None if rest else node
