"""Why a page's image is not fit to keep, and what to do: for people. The flaws are NewSheet.flaws'."""

from collections.abc import Iterable

FLAWS = {
    "cut_off": ("没有扫全", "把整张纸放进去、放正"),
    "dark": ("太暗", "调亮，或换一盏灯、躲开影子"),
    "blurred": ("太模糊", "擦净玻璃，把纸放平，手机拍的拿稳"),
    "coarse": ("低于 150 dpi", "分辨率设为 200 dpi 以上"),
}


def what(flaws: Iterable[str]) -> str:
    """The flaws in words: 太暗、太模糊."""
    return "、".join(FLAWS[one][0] for one in flaws)


def remedy(flaws: Iterable[str]) -> str:
    """What to do about them."""
    return "；".join(FLAWS[one][1] for one in flaws) + "，重新扫描这一页。"
