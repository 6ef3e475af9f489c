"""Rules of PDF/A-2 for a file's bytes: header, cross-references, trailer, objects, streams, and limits of tokens.

Reference: ISO 19005-2, 6.1; the clause stands before every fault.
"""

import re
from collections.abc import Iterator

TOKEN = re.compile(
    rb"(?P<string>\((?:[^()\\]|\\.|\((?:[^()\\]|\\.)*\))*\))|<<|>>|[\[\]{}]|(?P<hex><[^>]*>)|%[^\r\n]*"
    rb"|/(?P<name>[^\0\t\n\f\r ()<>\[\]{}/%]*)|(?P<word>[^\0\t\n\f\r ()<>\[\]{}/%]+)|(?P<odd>[()<>])",
    re.DOTALL,
)
EOL = rb"(?:\r\n|\r|\n)"
OBJECT = re.compile(rb"(\d+) (\d+) obj" + EOL + rb"(.*)" + EOL + rb"endobj" + EOL + rb"+\Z", re.DOTALL)
ENTRY = re.compile(rb"(\d{10}) (\d{5}) ([nf])(?: \r| \n|\r\n)")
NUMBER = re.compile(rb"[+-]?(\d+\.?\d*|\.\d+)\Z")
STRING_MOST, NAME_MOST, INTEGER_MOST, REAL_MOST = 32767, 127, 2**31 - 1, 3.403e38


def byte_faults(data: bytes) -> Iterator[str]:
    """What the bytes of a file break."""
    if not re.match(rb"%PDF-1\.[0-7]" + EOL + rb"%[\x80-\xff]{4}", data):
        yield "6.1.2 the header is not two lines, the second with four bytes above 127"
    end = re.search(rb"\nstartxref\n(\d+)\n%%EOF(\n?)", data)
    if end is None:
        yield "6.1.3 no startxref at the end"
        return
    if end.end() != len(data):
        yield "6.1.3 there are bytes after %%EOF"
    start = int(end[1])
    table = re.compile(rb"xref" + EOL + rb"0 (\d+)" + EOL).match(data, start)
    if table is None:
        yield "6.1.4 no cross-reference table in one section where startxref says"
        return
    entries = [
        ENTRY.fullmatch(data, table.end() + 20 * n, table.end() + 20 * n + 20) for n in range(int(table[1]))
    ]
    if None in entries or not re.compile(rb"trailer\s*<<").match(data, table.end() + 20 * len(entries)):
        yield "6.1.4 the cross-reference table's entries are not 20 bytes each, as many as it says"
        return
    offsets = [int(entry[1]) for entry in entries if entry is not None]
    yield from _trailer(data[table.end() + 20 * len(entries) : end.start()], len(offsets))
    yield from _objects(data, offsets, start)


def _trailer(trailer: bytes, size: int) -> Iterator[str]:
    identity = re.search(rb"/ID ?\[ ?<([0-9A-Fa-f]+)> ?<([0-9A-Fa-f]+)> ?\]", trailer)
    if identity is None:
        yield "6.1.3 no /ID in the trailer"
    elif identity[1] != identity[2]:
        yield "6.1.3 the two strings of /ID differ"
    if b"/Encrypt" in trailer:
        yield "6.1.3 the file is encrypted"
    if not re.search(rb"/Size %d\b" % size, trailer):
        yield "6.1.4 the trailer's /Size is not the number of objects"


def _objects(data: bytes, offsets: list[int], end: int) -> Iterator[str]:
    after = dict(zip(sorted(offsets[1:]), [*sorted(offsets[1:])[1:], end], strict=True))
    if len(offsets) > 8_388_608:
        yield "6.1.13 too many objects"
    for number, offset in enumerate(offsets[1:], 1):
        found = OBJECT.fullmatch(data, offset, after[offset])
        if found is None or int(found[1]) != number or data[offset - 1 : offset] not in (b"\n", b"\r"):
            yield f"6.1.9 object {number} is not on lines of its own where the cross-references say"
            continue
        head, keyword, body = found[3].partition(b"stream")
        yield from token_faults(head, f"object {number}")
        if keyword:
            yield from _stream(data, offsets, number, head, body)


def _stream(data: bytes, offsets: list[int], number: int, head: bytes, body: bytes) -> Iterator[str]:
    start = re.match(rb"\r\n|\n", body)
    if start is None:
        yield f"6.1.7.1 object {number}: no line end after the word stream"
        return
    length = re.search(rb"/Length (\d+)(?: (\d+) R)?", head)
    if length is None:
        yield f"6.1.7.1 object {number}: no /Length"
        return
    size = int(length[1])
    if length[2]:
        size = int(re.compile(rb"\d+ \d+ obj\s+(\d+)").match(data, offsets[size])[1])  # type: ignore[index]
    if not re.fullmatch(EOL + rb"endstream", body[start.end() + size :]):
        yield f"6.1.7.1 object {number}: /Length is not the bytes between stream and endstream"


def token_faults(data: bytes, where: str) -> Iterator[str]:
    """What the tokens of an object's text, or of a content stream, break."""
    for token in TOKEN.finditer(data):
        kind, text = token.lastgroup, token[0]
        if kind == "word" and NUMBER.match(text):
            if (b"." in text and abs(float(text)) > REAL_MOST) or (
                b"." not in text and abs(int(text)) > INTEGER_MOST
            ):
                yield f"6.1.13 {where}: number {text[:20]!r} is too large"
        elif kind == "hex":
            digits = b"".join(text[1:-1].split())
            if len(digits) % 2 or not re.fullmatch(rb"[0-9A-Fa-f]*", digits):
                yield f"6.1.6 {where}: {text[:20]!r} is no hexadecimal string of whole bytes"
            elif len(digits) // 2 > STRING_MOST:
                yield f"6.1.13 {where}: a string is too long"
        elif (
            kind == "string"
            and len(re.sub(rb"\\(?:[0-7]{1,3}|.)", b".", text, flags=re.DOTALL)) - 2 > STRING_MOST
        ):
            yield f"6.1.13 {where}: a string is too long"
        elif kind == "name" and len(re.sub(rb"#[0-9A-Fa-f]{2}", b".", token["name"])) > NAME_MOST:
            yield f"6.1.13 {where}: a name is too long"
        elif kind == "odd":
            yield f"6.1.9 {where}: {text!r} stands alone"
