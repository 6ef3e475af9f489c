"""Rules of PDF/A-2 for content streams: operators, nesting, colours, resources; and what is shown in each font.

Reference: ISO 19005-2, 6.1.13 and 6.2; ISO 32000-1, 8 and 9; the clause stands before every fault.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pikepdf

from tests.pdfa_bytes import token_faults

NESTED_MOST = 28  # q within q
# Operators by their number of operands; -1: any.
_BY_OPERANDS = {
    -1: "sc SC scn SCN",
    0: "b B b* B* BT BX EMC ET EX f F f* h n q Q s S T* W W*",
    1: "BMC CS cs Do G g gs i J j M MP ri sh Tc Tj TL Tr Ts Tw Tz w '",
    2: "BDC d DP d0 l m Td TD Tf",
    3: 'rg RG "',
    4: "k K re v y",
    6: "c cm d1 Tm",
}
OPERANDS = {name: count for count, names in _BY_OPERANDS.items() for name in names.split()} | {"TJ": 1}
SHOWS = ("Tj", "TJ", "'", '"')
TEXT = (*SHOWS, "Td", "TD", "Tm", "T*")
OBJECTS = (pikepdf.Dictionary, pikepdf.Stream)
DEVICE = ("/DeviceGray", "/DeviceRGB", "/Pattern")
INTENTS = ("/RelativeColorimetric", "/AbsoluteColorimetric", "/Perceptual", "/Saturation")


@dataclass(slots=True)
class Shown:
    """A font, where it is, and the strings shown in it."""

    font: Any
    where: str
    strings: set[bytes] = field(default_factory=set)


@dataclass(slots=True)
class _State:
    """What a content stream has opened, and the font that is set."""

    saved: list[Shown | None] = field(default_factory=list)
    font: Shown | None = None
    in_text: bool = False
    marked: int = 0

    def nest(self, name: str) -> Iterator[tuple[str, str]]:
        """Take an operator in; what is wrong with its place, with its clause."""
        if name == "q":
            self.saved.append(self.font)
            if len(self.saved) == NESTED_MOST + 1:
                yield "6.1.13", f"q within q more than {NESTED_MOST} deep"
        elif name == "Q" and self.saved:
            self.font = self.saved.pop()
        elif name == "Q":
            yield "6.2.2", "Q without q"
        elif name in ("BMC", "BDC", "EMC"):
            self.marked += -1 if name == "EMC" else 1
        elif name in ("BT", "ET"):
            if self.in_text is (name == "BT"):
                yield "6.2.2", f"{name} where it cannot be"
            self.in_text = name == "BT"
        elif name in TEXT and not self.in_text:
            yield "6.2.2", f"{name} outside of BT and ET"
        if self.in_text and name in ("q", "Q", "cm", "Do"):
            yield "6.2.2", f"{name} within BT and ET"


@dataclass(slots=True)
class Content:
    """Walks pages and all that they draw; each form once."""

    fonts: dict[object, Shown] = field(default_factory=dict)
    walked: set[tuple[int, int]] = field(default_factory=set)
    _scratch: pikepdf.Pdf = field(default_factory=pikepdf.new)

    def page_faults(self, page: pikepdf.Page, where: str) -> Iterator[str]:
        contents = page.obj.get("/Contents")
        if contents is None:
            return
        streams = contents if isinstance(contents, pikepdf.Array) else [contents]
        data = b"\n".join(stream.read_bytes() for stream in streams)
        yield from self._walk(data, page.obj, where)

    def _form(self, form: Any, where: str) -> Iterator[str]:
        if form.objgen not in self.walked:
            self.walked.add(form.objgen)
            yield from self._walk(form.read_bytes(), form, f"{where}, form {form.objgen[0]}")

    def _walk(self, data: bytes, owner: Any, where: str) -> Iterator[str]:
        if "/Resources" not in owner:
            yield f"6.2.2 {where}: no resources of its own"
            return
        yield from token_faults(data, where)
        stream = pikepdf.Stream(self._scratch, data)
        try:
            instructions = pikepdf.parse_content_stream(stream)
        except (pikepdf.PdfError, ValueError) as error:
            yield f"6.2.2 {where}: cannot be read ({error})"
            return
        yield from self._instructions(instructions, owner.Resources, where)

    def _instructions(self, instructions: Any, resources: Any, where: str) -> Iterator[str]:
        state = _State()
        for instruction in instructions:
            if isinstance(instruction, pikepdf.ContentStreamInlineImage):
                yield f"6.1.10 {where}: an inline image"
                continue
            name, operands = str(instruction.operator), list(instruction.operands)
            if name not in OPERANDS:
                yield f"6.2.2 {where}: {name} is no operator"
                continue
            if OPERANDS[name] not in (-1, len(operands)):
                yield f"6.2.2 {where}: {name} with {len(operands)} operands"
                continue
            yield from (f"{fault[0]} {where}: {fault[1]}" for fault in state.nest(name))
            yield from self._resource(name, operands, resources, where)
            if name == "Tf":
                state.font = self._font(operands[0], resources)
            elif name in SHOWS and state.font is None:
                yield f"6.2.2 {where}: text without a font"
            elif name in SHOWS and state.font is not None:
                state.font.strings.update(_strings(operands))
        if state.saved or state.in_text or state.marked:
            yield f"6.2.2 {where}: q, BT or BMC without its end"

    def _font(self, name: Any, resources: Any) -> Shown | None:
        font = resources.get("/Font", {}).get(str(name))
        if font is None:
            return None
        key = font.objgen if font.is_indirect else font.unparse()
        return self.fonts.setdefault(key, Shown(font, f"font {name}"))

    def _resource(self, name: str, operands: list[Any], resources: Any, where: str) -> Iterator[str]:
        """What an operator takes from the resources, and its colours."""
        kinds = {"Do": "/XObject", "gs": "/ExtGState", "Tf": "/Font", "sh": "/Shading", "cs": "/ColorSpace",
                 "CS": "/ColorSpace", "scn": "/Pattern", "SCN": "/Pattern", "BDC": "/Properties",
                 "DP": "/Properties"}  # fmt: skip
        if name in ("k", "K") or (name in ("cs", "CS") and operands[0] == "/DeviceCMYK"):
            yield f"6.2.4.3 {where}: a colour in DeviceCMYK"
            return
        if name == "ri" and str(operands[0]) not in INTENTS:
            yield f"6.2.6 {where}: {operands[0]} is no rendering intent"
        if name not in kinds:
            return
        wanted = operands[0 if name == "Tf" else -1] if operands else None
        if not isinstance(wanted, pikepdf.Name) or (kinds[name] == "/ColorSpace" and str(wanted) in DEVICE):
            return
        found = resources.get(kinds[name], {}).get(str(wanted))
        if found is None:
            yield f"6.2.2 {where}: {wanted} is not in its resources"
        elif isinstance(found, OBJECTS):
            yield from self._drawn(found, where)

    def _drawn(self, found: Any, where: str) -> Iterator[str]:
        """What else is drawn: forms, tiling patterns, the groups of soft masks."""
        if found.get("/Subtype") == "/Form" or found.get("/PatternType") == 1:
            yield from self._form(found, where)
        mask = found.get("/SMask")
        if isinstance(mask, pikepdf.Dictionary) and "/G" in mask:
            yield from self._form(mask.G, where)


def _strings(operands: list[Any]) -> Iterator[bytes]:
    for operand in operands:
        if isinstance(operand, pikepdf.Array):
            yield from _strings(list(operand))
        elif isinstance(operand, pikepdf.String):
            yield bytes(operand)
