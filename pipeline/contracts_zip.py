"""contracts.zip: the .docx of every contract of a village, in one file, written as they are filled."""

import zipfile
from collections.abc import Iterable
from pathlib import Path

from pipeline.fill import Compiled, Content, contract_docx

_EPOCH = (1980, 1, 1, 0, 0, 0)
_DOS, _ARCHIVE = 0, 0x20  # else zipfile writes the system it runs on, and rights of a file


def write_contracts_zip(path: Path, contracts: Iterable[tuple[str, Compiled, Content]]) -> None:
    """Write contracts (number, template, values) as `<number>.docx`; the same contracts give the same bytes.

    Stored: a .docx is compressed already. Beyond 65,535 contracts or 4 GB it is a Zip64 file, which zipfile
    sees to.
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for number, compiled, content in contracts:
            info = zipfile.ZipInfo(f"{number}.docx", _EPOCH)
            info.create_system, info.external_attr = _DOS, _ARCHIVE
            archive.writestr(info, contract_docx(compiled, content))
