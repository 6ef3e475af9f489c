"""Whether a template's document and manifest fit each other: what can be known without rendering a page."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import docx
from lxml import etree

from pipeline import marks
from pipeline.manifest import Manifest
from pipeline.marks import Mark, W
from pipeline.template import DOCUMENT, MANIFEST, Template, open_docx
from pipeline.template_content import content_problems
from pipeline.template_fonts import font_problems
from pipeline.template_marks import mark_problems
from pipeline.template_outside import outside_problems
from pipeline.template_problem import ERROR, WARNING, TemplateProblem, nearest
from pipeline.template_rules import manifest_problems
from pipeline.warning_words import WORDS, warning_words

__all__ = ["TemplateProblem", "static_problems"]

_NOTATION = {
    "field": "{{%s}}",
    "box": "{{框:%s}}",
    "clause": "{{若:%s}}",
}
_NAMES = {"field": "标签", "box": "框", "clause": "条款"}


def static_problems(template: Template, more_words: Sequence[str] = ()) -> list[TemplateProblem]:
    """Everything wrong with a template that shows without rendering it, errors first.

    `more_words` are an office's own additions to the warning words.
    """
    manifest = template.manifest
    members = open_docx(template.docx)
    labels = _Labels(manifest)
    found = list(manifest_problems(manifest))
    inside = [*content_problems(members), *outside_problems(members)]
    found += inside or list(_opens(template.docx))
    found += font_problems(members)
    for name in marks.story_parts(members):
        root = marks.parse(members[name])
        for paragraph, place in marks.paragraphs(root, name):
            found += _paragraph(labels, paragraph, place)
            found += mark_problems(paragraph, place)
            found += _wording(manifest, marks.text_of(paragraph), place, (*WORDS, *more_words))
        found += _row_loops(labels, root, name)
    found += labels.unused()
    return sorted(dict.fromkeys(found), key=lambda problem: problem.severity != ERROR)


def _opens(data: bytes) -> Iterator[TemplateProblem]:
    """Whether python-docx, which is as particular as Word, opens the document and its styles."""
    try:
        list(docx.Document(io.BytesIO(data)).styles)
    except Exception as problem:  # it raises whatever its parts raise
        detail = f"Word 可能打不开这个文件（{type(problem).__name__}）。请用 Word 或 WPS 打开，另存为 .docx。"
        yield TemplateProblem(DOCUMENT, detail, ERROR)


@dataclass(slots=True)
class _Labels:
    """What the manifest calls things, and which of them the document has named so far."""

    manifest: Manifest
    used: dict[Mark, int] = field(default_factory=dict)
    rows: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.rows = {
            one.label: rows for rows, fields in self.manifest.rows.items() for one in fields.values()
        }

    def of(self, kind: str) -> dict[str, str]:
        """Labels of a kind with the manifest's names."""
        if kind == "box":
            return {box.label: f"boxes.{name}" for name, box in self.manifest.boxes.items()}
        if kind == "clause":
            return {clause.label: f"clauses.{name}" for name, clause in self.manifest.clauses.items()}
        known = {one.label: f"fields.{name}" for name, one in self.manifest.fields.items()}
        for rows, fields in self.manifest.rows.items():
            known |= {one.label: f"rows.{rows}.{name}" for name, one in fields.items()}
        return known

    def unused(self) -> Iterator[TemplateProblem]:
        """What the manifest has and the document never names; a box that is missing can never be signed."""
        for kind, severity in (("field", WARNING), ("box", ERROR), ("clause", WARNING)):
            for label, key in self.of(kind).items():
                if Mark(kind, label) not in self.used:
                    yield TemplateProblem(
                        f"{MANIFEST} 的 {key}",
                        f"{DOCUMENT} 里没有用到“{label}”。请在文档里写上 {_NOTATION[kind] % label}，或者从说明里删去。",
                        severity,
                    )


def _paragraph(labels: _Labels, paragraph: etree._Element, place: str) -> Iterator[TemplateProblem]:
    text = marks.text_of(paragraph)
    yield from _braces(labels, text, place)
    clauses = 0
    for found in marks.MARK.finditer(text):
        mark = marks.read(found[1])
        known = labels.of(mark.kind)
        if mark.label not in known:
            yield TemplateProblem(
                place,
                f"标记 {found[0]} 里的“{mark.label}”在 {MANIFEST} 里没有。"
                + nearest(mark.label, known, f"说明里有的{_NAMES[mark.kind]}"),
                ERROR,
            )
            continue
        times = labels.used[mark] = labels.used.get(mark, 0) + 1
        if mark.kind == "box" and times > 1:
            yield TemplateProblem(
                place, f"框“{mark.label}”出现了 {times} 次，一个框只能放一处。请删去多余的。", ERROR
            )
        if mark.kind == "clause":
            clauses += 1
            yield from _clause(paragraph, found[0], place, text[: found.start()].strip() == "", clauses)
        if mark.kind == "field" and mark.label in labels.rows and _row_of(paragraph) is None:
            yield TemplateProblem(
                place, f"{found[0]} 是逐行重复的，只能写在表格的一行里。请把它移到表格中。", ERROR
            )


def _braces(labels: _Labels, text: str, place: str) -> Iterator[TemplateProblem]:
    rest = marks.MARK.sub("", text)
    if "｛" in rest or "｝" in rest:
        yield TemplateProblem(place, "大括号是全角的，认不出来。请改成半角 {{ }}。", ERROR)
    elif "{{" in rest or "}}" in rest:
        around = text[max(0, text.find("{{" if "{{" in rest else "}}") - 4) :][:24]
        yield TemplateProblem(
            place, f"大括号不成对：“{around}”。标记要写成 {{{{标签}}}}，并且不能跨段。", ERROR
        )
    else:
        known = {label for kind in _NOTATION for label in labels.of(kind)}
        for label in known:
            if f"{{{label}}}" in rest:
                yield TemplateProblem(place, f"“{{{label}}}”少了一层大括号。请改成 {{{{{label}}}}}。", ERROR)


def _clause(
    paragraph: etree._Element, shown: str, place: str, at_start: bool, count: int
) -> Iterator[TemplateProblem]:
    """A clause mark opens its paragraph, or the first paragraph of its table row."""
    row = _row_of(paragraph)
    if count > 1:
        yield TemplateProblem(place, f"一段只能有一个“若”标记，{shown} 是多出来的，请删去。", ERROR)
    elif not at_start:
        yield TemplateProblem(place, f"{shown} 要放在一段的最前面，请移过去。", ERROR)
    elif row is not None and next(row.iter(f"{W}p")) is not paragraph:
        yield TemplateProblem(place, f"{shown} 在表格里要放在一行第一格的最前面，请移过去。", ERROR)
    elif row is not None and len(marks.rows_of(next(row.iterancestors(f"{W}tbl")))) == 1:
        yield TemplateProblem(
            place, f"{shown} 所在的表格只有这一行，去掉就空了。请加一行，或者改用段落。", ERROR
        )


def _row_loops(labels: _Labels, root: etree._Element, part: str) -> Iterator[TemplateProblem]:
    """A list repeats one plain row: one list, one row, no merged cells, no box, no table inside."""
    places = dict(marks.paragraphs(root, part))
    repeated: dict[str, int] = {}
    for row in root.iter(f"{W}tr"):
        inside = [paragraph for paragraph in row.iter(f"{W}p") if paragraph in places]
        named = [
            mark for paragraph in inside if _row_of(paragraph) is row for mark in marks.marks_of(paragraph)
        ]
        lists = sorted({labels.rows[mark.label] for mark in named if mark.label in labels.rows})
        if not lists:
            continue
        place = places[inside[0]].partition("行第")[0] + "行"
        repeated[lists[0]] = repeated.get(lists[0], 0) + 1
        faults = {
            f"一行里有两个列表（{'、'.join(lists)}），不知道按哪个重复。请分成两行。": len(lists) > 1,
            f"列表“{lists[0]}”写在了几行里，只能用一行。请并到一行。": repeated[lists[0]] > 1,
            "逐行重复的一行不能有上下合并的格子。请取消合并。": row.find(f"{W}tc/{W}tcPr/{W}vMerge")
            is not None,
            "逐行重复的一行里不能放签名、盖章或勾选的框。请移到别处。": any(
                mark.kind == "box" for mark in named
            ),
            "逐行重复的一行里不能再有表格。请把里面的表格移出来。": row.find(f".//{W}tbl") is not None,
        }
        yield from (TemplateProblem(place, message, ERROR) for message, holds in faults.items() if holds)


def _row_of(paragraph: etree._Element) -> etree._Element | None:
    return next(paragraph.iterancestors(f"{W}tr"), None)


def _wording(manifest: Manifest, text: str, place: str, words: Sequence[str]) -> Iterator[TemplateProblem]:
    accepted = {one.word for one in manifest.accepted}
    for word, part in warning_words(marks.MARK.sub("", text), words):
        if word not in accepted:
            yield TemplateProblem(
                place,
                f"写有“{word}”：“{part[:30]}”。现行法律不允许以此约束群众，请删改；确有必要的，在 {MANIFEST} 的 accepted 里写明理由。",
                WARNING,
            )
