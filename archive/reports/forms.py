"""The forms that a document is written in, by the ending of the file's name."""

from datetime import date
from pathlib import Path

from archive.reports.document import Document
from archive.reports.docx_form import write_docx
from archive.reports.html_form import write_html
from archive.reports.pdf_form import write_pdf


def write_document(path: Path, document: Document, day: date) -> None:
    """Write a document, dated `day`, as .docx, .pdf or .html. Raises OSError."""
    match path.suffix.lower():
        case ".docx":
            write_docx(path, document, day)
        case ".pdf":
            write_pdf(path, document, day)
        case ".html":
            write_html(path, document)
        case other:
            raise ValueError(other)
