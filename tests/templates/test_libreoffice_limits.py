"""LibreOffice hangs or dies: what it did not make is tried once more for itself, and the guilty document named."""

from pathlib import Path

import pytest

from pipeline import libreoffice
from pipeline.errors import ConversionFailed, LibreOfficeMissing

# Stands for LibreOffice: "converts" documents in turn, never ends at one whose text says so, dies at another.
PROGRAM = """\
#!/bin/sh
while [ $# -gt 0 ]; do
    case "$1" in
    --outdir) out="$2"; shift ;;
    *.docx)
        echo "$1" >> "$out/calls"
        case "$(cat "$1")" in
        hangs) printf '%%PDF-1.7 half' > "$out/$(basename "$1" .docx).pdf"; exec tail -f /dev/null ;;
        dies) echo "terminate called"; exit 6 ;;
        once) echo whole > "$1"; exec tail -f /dev/null ;;
        *) printf '%%PDF-1.7\\n%%%%EOF\\n' > "$out/$(basename "$1" .docx).pdf" ;;
        esac ;;
    esac
    shift
done
"""
SECONDS = 1.0  # for the program that never ends


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "soffice"
    path.write_text(PROGRAM, encoding="utf-8")
    path.chmod(0o755)
    monkeypatch.setattr(libreoffice, "PROGRAMS", (str(path),))
    return path


def convert(tmp_path: Path, **documents: str) -> list[Path]:
    folder = tmp_path / "documents"
    folder.mkdir()
    for name, text in documents.items():
        (folder / f"{name}.docx").write_text(text, encoding="utf-8")
    return libreoffice.to_pdf(sorted(folder.glob("*.docx")), folder, seconds=SECONDS)


def calls(tmp_path: Path) -> list[str]:
    return [Path(line).stem for line in (tmp_path / "documents" / "calls").read_text().splitlines()]


@pytest.mark.usefixtures("program")
@pytest.mark.parametrize(("what", "says"), [("hangs", "1 秒内没有转换完"), ("dies", "terminate called")])
def test_the_document_at_fault_is_named_and_those_before_it_are_not_made_twice(
    tmp_path: Path, what: str, says: str
) -> None:
    with pytest.raises(ConversionFailed, match=says) as caught:
        convert(tmp_path, a="whole", b=what, c="whole")
    assert caught.value.file == str(tmp_path / "documents" / "b.docx")
    assert calls(tmp_path) == ["a", "b", "b"]


@pytest.mark.usefixtures("program")
def test_a_document_that_hung_once_is_made_alone_with_all_after_it(tmp_path: Path) -> None:
    made = convert(tmp_path, a="whole", b="once", c="whole")
    assert [pdf.name for pdf in made] == ["a.pdf", "b.pdf", "c.pdf"]
    assert calls(tmp_path) == ["a", "b", "b", "c"]


def test_without_libreoffice_it_is_said_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(libreoffice, "PROGRAMS", ())
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LibreOfficeMissing, match="apt-get install"):
        libreoffice.to_pdf([tmp_path / "a.docx"], tmp_path, seconds=1)
