"""`huyue doctor`: what this machine has, and what is missing and how to get it."""

import platform
from collections.abc import Iterator
from dataclasses import dataclass

import click
import sqlcipher3

from archive import journal
from archive import search as searching
from archive.errors import EXIT_ARCHIVE, EXIT_DONE, EXIT_MISSING_PROGRAM, CipherMissing
from archive.home import Home
from archive.search_seal import Seal
from pipeline import fonts, libreoffice
from pipeline.console import Command, emit, session
from pipeline.errors import FontMissing, LibreOfficeMissing


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at; `remedy` is "" where it is as it should be, else `status` is the exit's."""

    name: str
    found: str
    remedy: str = ""
    status: int = EXIT_MISSING_PROGRAM


@click.command(
    cls=Command,
    epilog="例：huyue doctor；huyue --home 档案库 doctor",
    help="检查这台机器和档案库：程序、字体、密钥、日志是否齐备。",
)
def doctor() -> int:
    findings = list(_look())
    emit(
        [{"name": one.name, "found": one.found, "remedy": one.remedy} for one in findings],
        [f"{'缺' if one.remedy else '好'}　{one.name}：{one.found}{one.remedy}" for one in findings],
    )
    return max((one.status for one in findings if one.remedy), default=EXIT_DONE)


SEALED = "加密存放，只在内存里展开"
IN_CLEAR = "没有加密，里面有姓名和村名，没有证件号码和电话；请给磁盘加密（如 BitLocker）"


def _look() -> Iterator[Finding]:
    yield Finding("Python", f"{platform.python_version()}（{platform.system()}）")
    yield Finding("SQLCipher", f"SQLite {sqlcipher3.sqlite_version}，目录加密存放")
    version = libreoffice.version()
    yield Finding("LibreOffice", version, "" if version else LibreOfficeMissing().message)
    for style, name in (("song", "宋体"), ("kai", "楷体"), ("hei", "黑体")):
        try:
            found = fonts.style(style).faces
            yield Finding(name, "、".join(face.postscript_name for face in found))
        except FontMissing as problem:
            yield Finding(name, "", problem.message)
    rare = not fonts.missing("song", "𠮷𪚥")
    hint = "生僻字会缺。Debian/Ubuntu 请运行 apt-get install fonts-hanazono fonts-babelstone-han。"
    yield Finding("生僻字（扩展 B 区）", "有字体" if rare else "", "" if rare else hint)
    yield Finding("检索引擎", searching.engine_name())
    home = session().home_if_any()
    if home is not None:
        yield from _look_at_home(home)


def _look_at_home(home: Home) -> Iterator[Finding]:
    with home.reading() as connection:
        broken = journal.broken_at(connection)
    beside = home.key_file.absolute().parent == home.folder.absolute().parent
    where = (
        "与档案库放在一起；磁盘被偷时保护不了，可用 HUYUE_KEY_FILE 放到别处" if beside else "与档案库分开存放"
    )
    yield _look_at_vault(home)
    sealed = Seal(home, searching.engine_name()).is_sealed
    yield Finding("检索索引", SEALED if sealed else IN_CLEAR)
    yield Finding("密钥", f"{home.key_file}（{where}）")
    hint = "" if broken is None else f"从第 {broken} 条起对不上，可能被改动过。"
    yield Finding("日志", "连续完整" if broken is None else "", hint, EXIT_ARCHIVE)


def _look_at_vault(home: Home) -> Finding:
    try:
        with home.reading() as connection:
            cipher = home.vault(connection).cipher
    except CipherMissing as problem:
        return Finding("归档的扫描件", "", problem.message)
    return Finding("归档的扫描件", f"逐个加密存放（{cipher.name}）")
