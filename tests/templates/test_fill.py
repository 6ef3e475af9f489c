"""Contracts as .docx: what is in them, that every program opens them, and that their bytes never change."""

import hashlib
import io
import os
import struct
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import docx
import pypdfium2 as pdfium
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline import libreoffice, marks
from pipeline.compile_template import compile_template
from pipeline.contracts_zip import write_contracts_zip
from pipeline.docx_package import pack
from pipeline.fill import Compiled, Content, contract_docx, xml_text
from pipeline.marks import W
from pipeline.template import Template, load_template
from tests.templates.contents import content, every_variant
from tests.templates.template_edits import NAMES, STOCK, members_of

LOADED = [load_template(folder) for folder in STOCK]
every = pytest.mark.parametrize("template", LOADED, ids=NAMES)


def said(document: Any) -> list[str]:
    """Every paragraph of a document as python-docx reads it, in and out of tables, without blanks' spaces."""
    found = [paragraph.text for paragraph in document.paragraphs]
    for table in document.tables:
        found += [cell.text for row in table.rows for cell in row.cells]
    return [text.replace("\u3000", "") for text in found]


def expected(template: Template, values: Content) -> list[str]:
    """The same of the template with its marks replaced by hand, row by row as a clerk would."""
    document = docx.Document(io.BytesIO(template.docx))
    labels = {f"{{{{{field.label}}}}}": name for name, field in template.manifest.fields.items()}
    for paragraph in list(document.element.iter(f"{W}p")):
        text = marks.text_of(paragraph)
        for name, clause in template.manifest.clauses.items():
            if f"{{{{若:{clause.label}}}}}" in text and name not in values.clauses:
                paragraph.getparent().remove(paragraph)
    found = []
    for text in said(document):
        for clause in template.manifest.clauses.values():
            text = text.replace(f"{{{{若:{clause.label}}}}}", "")
        for mark, name in labels.items():
            text = text.replace(mark, values.fields[name])
        for box in template.manifest.boxes.values():
            text = text.replace(f"{{{{框:{box.label}}}}}", "□" if box.kind == "tick" else "")
        found.append(text)
    lists = {
        f"{{{{{one.label}}}}}": (rows, name)
        for rows, fields in template.manifest.rows.items()
        for name, one in fields.items()
    }
    first = next((place for place, text in enumerate(found) if text in lists), None)
    if first is not None:
        row = [lists[text] for text in found[first : first + len(lists)]]
        made = [line[name] for line in values.rows[row[0][0]] for _, name in row]
        found[first : first + len(lists)] = made
    return found


@every
def test_every_variant_says_what_the_template_says_with_the_values_in_it(template: Template) -> None:
    compiled = compile_template(template)
    for values in every_variant(template.manifest):
        made = contract_docx(compiled, values)
        document = docx.Document(io.BytesIO(made))
        assert said(document) == expected(template, values), values.clauses
        assert document.core_properties.title == template.manifest.title


def test_libreoffice_lays_each_of_the_six_out(tmp_path: Path) -> None:
    paths, wanted = [], []
    for number, template in enumerate(LOADED):
        values = list(every_variant(template.manifest))[-1]
        paths.append(tmp_path / f"{number}.docx")
        paths[-1].write_bytes(contract_docx(compile_template(template), values))
        wanted.append(set(values.fields.values()) - {""})
    for pdf, texts in zip(libreoffice.to_pdf(paths, tmp_path, seconds=120), wanted, strict=True):
        with pdfium.PdfDocument(pdf) as pages:
            text = "".join(page.get_textpage().get_text_range() for page in pages)
        plain = "".join(text.split())
        assert not [value for value in texts if value not in plain]
        assert "{{" not in plain


@every
def test_a_contract_is_a_plain_zip_that_word_takes(template: Template) -> None:
    made = contract_docx(compile_template(template), content(template.manifest, 2))
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        infos = archive.infolist()
        assert archive.testzip() is None
        assert infos[0].filename == "[Content_Types].xml"
        assert sorted(info.filename for info in infos) == sorted(members_of(template.docx))
        for info in infos:
            assert (info.date_time, info.compress_type) == ((1980, 1, 1, 0, 0, 0), zipfile.ZIP_DEFLATED)
            assert (info.create_system, info.external_attr, info.flag_bits, info.extra) == (0, 0, 0, b"")
        for name, data in members_of(template.docx).items():
            if name != "word/document.xml":
                assert archive.read(name) == data
    # Read from the front, as a stream, the same members follow each other without a gap.
    place = 0
    for info in sorted(infos, key=lambda info: info.header_offset):
        assert info.header_offset == place
        assert made[place : place + 4] == b"PK\3\4"
        name, extra = struct.unpack_from("<2H", made, place + 26)
        place += 30 + name + extra + info.compress_size
    assert made[place : place + 4] == b"PK\1\2"


def test_the_list_of_content_types_comes_first_and_names_may_be_chinese() -> None:
    members = {"Z.xml": b"1", "word/media/印章.png": b"2" * 9, "[Content_Types].xml": b"3"}
    with zipfile.ZipFile(io.BytesIO(pack(members).docx([("word/正文.xml".encode(), b"4")]))) as archive:
        assert archive.namelist() == ["[Content_Types].xml", "Z.xml", "word/media/印章.png", "word/正文.xml"]
        assert {name: archive.read(name) for name in archive.namelist()} == members | {"word/正文.xml": b"4"}


def digest_of_all() -> str:
    found = hashlib.sha256()
    for template in LOADED:
        for values in every_variant(template.manifest, 3):
            found.update(contract_docx(compile_template(template), values))
    return found.hexdigest()


def test_the_same_contract_has_the_same_bytes_in_another_process() -> None:
    ask = "from tests.templates.test_fill import digest_of_all; print(digest_of_all())"
    environment = os.environ | {"PYTHONHASHSEED": "12345"}
    other = subprocess.run(
        [sys.executable, "-c", ask], env=environment, capture_output=True, text=True, check=True
    )
    assert other.stdout.strip() == digest_of_all() == digest_of_all()


@given(value=st.text(st.characters(codec=None, categories=None), max_size=30))
@example(value="\x0b\x00\ud800\ufffe\uffff\U0001fffe")
@example(value="<w:r/>&amp;]]>{{乙方姓名}}<?huyue end?>\ufdd0text:0\ufdd1")
def test_no_value_makes_an_unreadable_file(value: str) -> None:
    template, values = LOADED[3], content(LOADED[3].manifest)
    filled = Content(dict(values.fields) | {"party_b_name": value}, values.rows, values.clauses)
    made = contract_docx(compile_template(template), filled)
    cell = docx.Document(io.BytesIO(made)).tables[0].rows[1].cells[1].text
    wanted = "".join("\ufffd" if xml_text(one) == "\ufffd" else one for one in value)
    assert cell.replace("\n", "").replace("\r", "") == wanted.replace("\n", "").replace("\r", "")


def test_what_xml_cannot_say_is_seen_and_nothing_else_changes() -> None:
    assert xml_text("a\x0b\x1f\ud800\udfff\ufffe\uffffb") == "a" + "\ufffd" * 6 + "b"
    assert xml_text("a&b<c>d\"e'\t𠮷\U0010fffd") == "a&amp;b&lt;c&gt;d\"e'\t𠮷\U0010fffd"


def test_a_blank_in_a_line_is_as_wide_as_the_manifest_says_with_the_value_in_its_middle() -> None:
    template, values = LOADED[3], content(LOADED[3].manifest)
    document = docx.Document(io.BytesIO(contract_docx(compile_template(template), values)))
    texts = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    (term,) = {text for text in texts if "＊起始日期＊" in text}
    # 38 mm at 12 points are 8.98 characters; the value has 6, so that 2 are to spare.
    assert term == "自\u3000＊起始日期＊\u3000起至\u3000＊截止日期＊\u3000止"


@pytest.mark.parametrize(
    ("name", "scale"),
    [
        ("韦样例", ""),
        ("吐尔洪江·吐尔西丁", "77"),
        ("欧阳" * 4, "87"),
        ("欧阳" * 5, ""),
        ("Zhang-Xiaoming", "80"),
    ],
)
def test_a_value_wider_than_its_blank_is_narrowed_as_in_print(name: str, scale: str) -> None:
    (template,) = [one for one in LOADED if one.manifest.number == "01"]
    values = next(iter(every_variant(template.manifest)))
    named = {key: name if key == "party_b_name" else value for key, value in values.fields.items()}
    made = contract_docx(compile_template(template), Content(named, values.rows, values.clauses))
    root = marks.parse(members_of(made)["word/document.xml"])
    (run,) = [one for one in root.iter(f"{W}r") if "".join(map(str, one.itertext())).strip("\u3000") == name]
    found = run.find(f"{W}rPr/{W}w")
    assert ("" if found is None else found.get(f"{W}val")) == scale
    docx.Document(io.BytesIO(made))


def small(value: str = "") -> tuple[Compiled, Content]:
    """A document so small that thousands are quick to make."""
    manifest = LOADED[3].manifest
    return Compiled(manifest, {"word/document.xml": (b"<w/>", value.encode())}, pack({})), Content({}, {}, ())


def test_a_village_s_contracts_are_in_one_zip_in_order(tmp_path: Path) -> None:
    made = []
    for _ in range(2):
        contracts = [
            (f"451225105001-2026-04-{serial:06}-0", compile_template(template), content(template.manifest, 1))
            for serial, template in enumerate(LOADED, 1)
        ]
        write_contracts_zip(tmp_path / "contracts.zip", contracts)
        made.append((tmp_path / "contracts.zip").read_bytes())
    assert made[0] == made[1]
    with zipfile.ZipFile(io.BytesIO(made[0])) as archive:
        assert archive.namelist() == [f"{number}.docx" for number, _, _ in contracts]
        assert archive.testzip() is None
        for info, (_, compiled, values) in zip(archive.infolist(), contracts, strict=True):
            assert archive.read(info) == contract_docx(compiled, values)
            assert (info.date_time, info.create_system) == ((1980, 1, 1, 0, 0, 0), 0)
            assert (info.compress_type, info.external_attr) == (zipfile.ZIP_STORED, 0x20)


def test_a_village_of_more_contracts_than_a_plain_zip_can_count(tmp_path: Path) -> None:
    count = 65_537
    compiled, values = small()
    path = tmp_path / "contracts.zip"
    write_contracts_zip(path, ((f"{number:06}", compiled, values) for number in range(count)))
    with zipfile.ZipFile(path) as archive:
        assert len(archive.namelist()) == count
        assert archive.read(f"{count - 1:06}.docx") == contract_docx(compiled, values)
    end = path.read_bytes()[-200:]
    assert end.count(b"PK\6\6") == end.count(b"PK\6\7") == 1  # Zip64's own end and its locator
