"""What changed between two versions of a template: the wording by paragraph, the rules by key, the rest in a line each."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher

import msgspec
from lxml import etree
from sqlalchemy import Connection

from pipeline import marks
from pipeline.errors import TemplateVersionSingle, TemplateVersionUnknown
from pipeline.marks import W
from pipeline.template import Template, open_docx
from pipeline.templates_in_use import named, templates_in_use, versions

ADDED, REMOVED, CHANGED = "added", "removed", "changed"
_CHINESE = {ADDED: "加了", REMOVED: "删了", CHANGED: "改了"}
_AROUND = 6  # characters shown before and after what changed
_NEAR = 20  # how many paragraphs further on a changed one is looked for
_ALIKE = 0.5  # how alike two paragraphs are that count as one, changed
# Word writes these anew at every save.
_NOISE = frozenset(
    f"{W}{name}" for name in ("rsidR", "rsidRPr", "rsidRDefault", "rsidP", "rsidTr", "rsidDel", "rsidSect")
)
_KEYS = {
    "name": "英文名",
    "number": "编号",
    "version": "版本",
    "title": "名称",
    "scope": "跟谁签",
    "term": "期限",
    "fields": "空格",
    "boxes": "框",
    "who": "请谁签",
    "clauses": "看情况的条款",
    "rows": "列表",
    "copies": "份数",
    "duplex": "双面打印",
    "filing_days": "归档天数",
    "retention": "保管期限",
    "accepted": "保留的提醒用词",
    "label": "标签",
    "source": "来源",
    "width": "宽",
    "format": "格式",
    "kind": "种类",
    "w": "宽",
    "h": "高",
    "required": "必须",
    "when": "条件",
    "years": "年数",
    "min": "最小",
    "max": "最大",
    "promises": "承诺",
    "days": "几天内",
    "every_months": "每几个月",
}
_PARTS = (
    (r"word/media/", "图片"),
    (r"word/styles\.xml", "样式（字体、字号、行距）"),
    (r"word/theme/", "主题字体和颜色"),
    (r"word/numbering\.xml", "自动编号"),
    (r"word/(foot|end)notes\.xml", "脚注、尾注"),
)


@dataclass(frozen=True, slots=True)
class TextChange:
    """A paragraph that was added, removed or changed; `where` is its place in the newer version, or the older if removed."""

    where: str
    kind: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class RuleChange:
    """A key of contract.toml whose value changed, "" where one has none; `what` names the key in Chinese."""

    key: str
    what: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class TemplateChanges:
    """All that differs between two versions; `other` says in Chinese what else of the document changed."""

    old: Template
    new: Template
    text: tuple[TextChange, ...]
    rules: tuple[RuleChange, ...]
    other: tuple[str, ...]


def two_of(connection: Connection, name: str, wanted: Sequence[str]) -> tuple[Template, Template]:
    """Two versions of a template that the archive knows: (old, new) as `wanted`, else the last two that were in use.

    Raises TemplateUnknown, TemplateVersionUnknown or TemplateVersionSingle.
    """
    current = named([one.template for one in templates_in_use(connection)], name)
    known = versions(connection, current.manifest.name)
    chosen = [_version(known, version) for version in wanted]
    if len(chosen) == 2:
        return chosen[0], chosen[1]
    older = chosen or [one for one in known if one.sha256 != current.sha256][-1:]
    if not older:
        raise TemplateVersionSingle(title=current.manifest.title, version=current.manifest.version)
    return older[0], current


def _version(known: Sequence[Template], version: str) -> Template:
    for one in reversed(known):
        if one.manifest.version == version:
            return one
    there = "、".join(dict.fromkeys(one.manifest.version for one in known))
    raise TemplateVersionUnknown(title=known[-1].manifest.title, version=version, versions=there)


def compared(old: Template, new: Template) -> TemplateChanges:
    """What differs between two versions."""
    before, after = open_docx(old.docx), open_docx(new.docx)
    text = tuple(_text_changes(_paragraphs(before), _paragraphs(after)))
    rules = tuple(
        _rule_changes(_flat(msgspec.to_builtins(old.manifest)), _flat(msgspec.to_builtins(new.manifest)))
    )
    return TemplateChanges(old, new, text, rules, tuple(_other_changes(before, after)))


def as_json(found: TemplateChanges) -> dict[str, object]:
    """The value that `template diff --json` prints (docs/interfaces.md)."""
    return {
        "name": found.new.manifest.name,
        "old": found.old.manifest.version,
        "new": found.new.manifest.version,
        "text": [asdict(one) for one in found.text],
        "rules": [asdict(one) for one in found.rules],
        "other": list(found.other),
    }


def as_lines(found: TemplateChanges) -> list[str]:
    """The same for people."""
    old, new = found.old.manifest, found.new.manifest
    lines = [f"《{new.title}》{old.version} 版 → {new.version} 版"]
    lines += [f"{one.where}　{_CHINESE[one.kind]}：{_compact(one)}" for one in found.text]
    lines += [f"contract.toml　{one.what}（{one.key}）：{_arrow(one.old, one.new)}" for one in found.rules]
    lines += found.other
    return lines if len(lines) > 1 else [*lines, "没有不同。"]


def _paragraphs(members: Mapping[str, bytes]) -> list[tuple[str, str]]:
    """(place, text) of every paragraph with text, in every part that can have marks."""
    return [
        (place, text)
        for name in marks.story_parts(members)
        for paragraph, place in marks.paragraphs(marks.parse(members[name]), name)
        if (text := marks.text_of(paragraph).strip())
    ]


def _text_changes(old: Sequence[tuple[str, str]], new: Sequence[tuple[str, str]]) -> Iterator[TextChange]:
    texts = [text for _, text in old], [text for _, text in new]
    for _, begin, end, start, stop in SequenceMatcher(None, *texts, autojunk=False).get_opcodes():
        if texts[0][begin:end] != texts[1][start:stop]:
            yield from _paired(old[begin:end], new[start:stop])


def _paired(old: Sequence[tuple[str, str]], new: Sequence[tuple[str, str]]) -> Iterator[TextChange]:
    """What stood between two unchanged paragraphs against what stands there now, in the newer's order."""
    at = 0
    for where, text in new:
        match = next(
            (index for index in range(at, min(len(old), at + _NEAR)) if _alike(old[index][1], text)), None
        )
        if match is None:
            yield TextChange(where, ADDED, "", text)
            continue
        yield from (TextChange(place, REMOVED, gone, "") for place, gone in old[at:match])
        yield TextChange(where, CHANGED, old[match][1], text)
        at = match + 1
    yield from (TextChange(place, REMOVED, gone, "") for place, gone in old[at:])


def _alike(one: str, other: str) -> bool:
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    return matcher.quick_ratio() >= _ALIKE and matcher.ratio() >= _ALIKE


def _compact(change: TextChange) -> str:
    """A changed paragraph as the words that changed, with a little around them."""
    if change.kind != CHANGED:
        return change.old or change.new
    old, new = change.old, change.new
    pieces: list[str] = []
    codes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    for number, (kind, begin, end, start, stop) in enumerate(codes):
        if kind == "equal":
            pieces.append(_shortened(new[start:stop], first=number == 0, last=number == len(codes) - 1))
        else:
            pieces.append(f"【{_arrow(old[begin:end], new[start:stop])}】")
    return "".join(pieces)


def _shortened(text: str, *, first: bool, last: bool) -> str:
    head, tail = "" if first else text[:_AROUND], "" if last else text[-_AROUND:]
    return text if len(text) <= len(head) + len(tail) + 1 else f"{head}…{tail}"


def _arrow(old: str, new: str) -> str:
    if not old:
        return f"加“{new}”"
    return f"“{old}”改为“{new}”" if new else f"删“{old}”"


def _flat(value: object, key: str = "") -> dict[str, str]:
    """Every value of a manifest by its dotted key."""
    if isinstance(value, dict):
        found: dict[str, str] = {}
        for name, inner in value.items():
            found |= _flat(inner, f"{key}.{name}" if key else str(name))
        return found
    if isinstance(value, list | tuple):
        return _flat({str(one.get("word", number)): one for number, one in enumerate(value)}, key)
    if value is None:
        return {}
    if isinstance(value, bool):
        return {key: "true" if value else "false"}
    return {key: f"{value:g}" if isinstance(value, float) else str(value)}


def _rule_changes(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[RuleChange]:
    for key in dict.fromkeys([*old, *new]):
        before, after = old.get(key, ""), new.get(key, "")
        if before != after:
            what = "的".join(_KEYS.get(step, f"“{step}”") for step in key.split(".")).replace("的“", "“")
            yield RuleChange(key, what, before, after)


def _other_changes(old: Mapping[str, bytes], new: Mapping[str, bytes]) -> Iterator[str]:
    stories = [marks.story_parts(members) for members in (old, new)]
    if _sections(old) != _sections(new):
        yield "页面设置（纸张、页边距、分栏、页眉页脚的位置）有改动。"
    for pattern, what in _PARTS:
        parts = [
            sorted(_plain(name, data) for name, data in members.items() if re.match(pattern, name))
            for members in (old, new)
        ]
        if parts[0] != parts[1]:
            yield f"{what}有改动。"
    layouts = [
        [_plain(name, members[name], without_text=True) for name in names]
        for members, names in zip((old, new), stories, strict=True)
    ]
    if layouts[0] != layouts[1]:
        yield "正文、表格、页眉或页脚的排法（段落、表格、字体）有改动。"


def _sections(members: Mapping[str, bytes]) -> list[bytes]:
    root = marks.parse(members["word/document.xml"])
    return [_canonical(section) for section in root.iter(f"{W}sectPr")]


def _plain(name: str, data: bytes, *, without_text: bool = False) -> bytes:
    """A part as it counts: XML without what Word writes anew at every save."""
    if not name.endswith(".xml"):
        return data
    root = marks.parse(data)
    if without_text:
        marks.heal(root)
        for element in list(
            root.iter(f"{W}t", f"{W}sectPr", f"{W}proofErr", f"{W}bookmarkStart", f"{W}bookmarkEnd")
        ):
            parent = element.getparent()
            if parent is not None:
                parent.remove(element)
    return _canonical(root)


def _canonical(element: etree._Element) -> bytes:
    for one in element.iter(etree.Element):
        for name in _NOISE.intersection(map(str, one.attrib)):
            del one.attrib[name]
    return etree.tostring(element, method="c14n")
