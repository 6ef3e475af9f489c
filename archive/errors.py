"""The errors a user can meet: one class each, its docstring the message, its exit status the design's.

Those of paper out and in are in pipeline/errors.py.
"""

import re
from pathlib import Path
from typing import ClassVar

from archive.file_names import readable

EXIT_DONE = 0
EXIT_LOOK = 1
EXIT_USAGE = 2
EXIT_NO_INPUT = 3
EXIT_MISSING_PROGRAM = 4
EXIT_ARCHIVE = 5
EXIT_BUG = 70
EXIT_INTERRUPTED = 130


class HuyueError(Exception):
    """{detail}"""

    exit_status: ClassVar[int] = EXIT_BUG

    def __init__(self, *, file: str | Path | None = None, **parts: object) -> None:
        """`parts` fill the class's docstring; `file` is the file at fault, if there is one, a path as people read it."""
        self.file = str(readable(file)) if isinstance(file, Path) else file
        super().__init__((type(self).__doc__ or "").format(file=self.file, **parts))

    def __reduce__(self) -> tuple[object, ...]:
        return _again, (type(self), str(self), self.file)

    @property
    def code(self) -> str:
        """The class's name in snake case, as `--json` prints it."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(self).__name__).lower()

    @property
    def message(self) -> str:
        return str(self)


def _again(kind: type[HuyueError], message: str, file: str | None) -> HuyueError:
    """An error that comes from another process."""
    error = kind.__new__(kind)
    Exception.__init__(error, message)
    error.file = file
    return error


class WrongUsage(HuyueError):
    """{detail}"""

    exit_status = EXIT_USAGE


class NoInput(HuyueError):
    """{detail}"""

    exit_status = EXIT_NO_INPUT


class MissingProgram(HuyueError):
    """{detail}"""

    exit_status = EXIT_MISSING_PROGRAM


class ArchiveError(HuyueError):
    """{detail}"""

    exit_status = EXIT_ARCHIVE


class NotAnArchive(ArchiveError):
    """{file} 不是档案库（里面没有 catalogue.db）。请用 --home 或 HUYUE_HOME 指明档案库所在的文件夹；还没有的话，先运行 huyue init 文件夹。"""


class KeyMissing(ArchiveError):
    """找不到密钥文件 {file}。密钥应与档案库放在一起（文件夹名加 .key），或由 HUYUE_KEY_FILE 指明；没有密钥，档案库无法打开。"""


class KeyUnreadable(ArchiveError):
    """密钥文件 {file} 读不出来：里面应当是 64 个十六进制字符。请换回建库时生成的那个密钥文件。"""


class WrongKey(ArchiveError):
    """密钥与档案库不符，打不开 {file}。请检查 HUYUE_KEY_FILE，或找回建库时生成的密钥文件。"""


class ArchiveDamaged(ArchiveError):
    """档案库 {file} 已损坏（{detail}）。请不要再写入，用最近的备份恢复。"""


class ArchiveLocked(ArchiveError):
    """档案库 {file} 正被另一个命令写入，等了 {seconds} 秒仍未空出。请等那个命令结束后再试。"""


class IndexBusy(ArchiveLocked):
    """检索用的索引要重做，但另一个命令正在写入，现在查不了。请等那个命令结束后再查；知道编号的，可以用 huyue show 查看。"""


class ArchiveReadOnly(ArchiveError):
    """档案库 {file} 打不开或写不进去，多半是没有权限，或者放在只读的盘上。请检查文件夹的权限后再试。"""


class ArchiveNewer(ArchiveError):
    """档案库 {file} 由更新版本的户约写成（结构 {found}，本程序只认到 {known}）。请升级户约后再打开。"""


class BlobMissing(ArchiveError):
    """档案库里缺了一个文件：{file}。请不要再写入，用最近的备份恢复；先运行 huyue verify 看还缺哪些。"""


class BlobDamaged(ArchiveError):
    """档案库里有一个文件被改动过或已损坏：{file}。请不要再写入，用最近的备份恢复；先运行 huyue verify 看还有哪些。"""


class BlankOnlyVoid(WrongUsage):
    """空白合同 {number} 还没有登记是谁签的，只能作废（--as void）。有人签了的，请先用 huyue blank assign 登记。"""


class ClosingTooEarly(WrongUsage):
    """合同 {number} 是 {planned} 才安排的，不能从 {day} 起终止。请改正 --date。"""


class EngineUnknown(WrongUsage):
    """HUYUE_ENGINE 写的“{name}”不是检索引擎，可用：{names}。"""


class VoidLater(WrongUsage):
    """合同 {number} 不能从以后的日期（{day}）起作废：作废后马上可以重新安排。请去掉 --date，或写今天以前的日期。"""


class HomeExists(WrongUsage):
    """{file} 已经存在而且不是空文件夹，为免覆盖，没有在那里建档案库。请换一个文件夹。"""


class KeyExists(WrongUsage):
    """密钥文件 {file} 已经存在，可能属于另一个档案库，没有覆盖它。请换一个文件夹名，或用 HUYUE_KEY_FILE 指明这个档案库要用的密钥。"""
