"""Merkle trees: the hashes and proofs of RFC 9162, whatever the size; nothing else passes for a proof."""

import hashlib

import pytest

from archive.merkle import Tree, leaf_hash, paths, root_from

# The leaves of RFC 6962's reference implementation (certificate-transparency, merkle tree tests), and its roots.
LEAVES = [bytes.fromhex(one) for one in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
# Its inclusion proofs: (place, size, path).
PROOFS = [
    (0, 1, []),
    (0, 8, ["96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"]),
    (5, 8, ["bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"]),
    (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (1, 5, ["6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"]),
]  # fmt: skip


def test_roots_are_those_of_the_reference() -> None:
    tree, found = Tree(), []
    assert tree.root() == hashlib.sha256().digest()
    for leaf in LEAVES:
        tree.add(leaf)
        found.append(tree.root().hex())
    assert found == ROOTS


@pytest.mark.parametrize(("place", "size", "path"), PROOFS)
def test_inclusion_proofs_are_those_of_the_reference(place: int, size: int, path: list[str]) -> None:
    leaves = [leaf_hash(leaf) for leaf in LEAVES[:size]]
    assert [one.hex() for one in paths(leaves, [place])[0]] == path
    proven = root_from(LEAVES[place], place, size, [bytes.fromhex(one) for one in path])
    assert proven is not None and proven.hex() == ROOTS[size - 1]


def recursive(leaves: list[bytes]) -> bytes:
    """The tree's hash as RFC 9162, 2.1.1, defines it."""
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + recursive(leaves[:half]) + recursive(leaves[half:])).digest()


def test_every_leaf_of_trees_of_any_size_is_proven_and_nothing_else() -> None:
    for size in range(1, 36):
        data = [str(number).encode() for number in range(size)]
        tree = Tree()
        for one in data:
            tree.add(one)
        root = recursive(data)
        assert tree.root() == root
        proofs = paths([leaf_hash(one) for one in data], range(size))
        for place, path in enumerate(proofs):
            assert root_from(data[place], place, size, path) == root
            other = b"another"
            assert root_from(other, place, size, path) != root
            assert root_from(data[place], place, size, [*path, other * 4]) is None
            if path:
                assert root_from(data[place], place, size, path[:-1]) is None
                assert root_from(data[place], place, size, [other, *path[1:]]) != root
            for wrong in (place + 1, place - 1):
                assert root_from(data[place], wrong, size, path) != root
    assert root_from(b"", 0, 0, []) is None


def test_a_node_does_not_pass_for_a_leaf() -> None:
    left, right = leaf_hash(b"1"), leaf_hash(b"2")
    tree = Tree()
    tree.add(b"1")
    tree.add(b"2")
    assert leaf_hash(left + right) != tree.root()
