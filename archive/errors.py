"""The errors a user can meet: one class each, its docstring the message, its exit status the design's.

Those of paper out and in are in pipeline/errors.py. At the end stands what verify can find, by its code.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
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


class CipherMissing(MissingProgram):
    """这台机器上的 OpenSSL 没有{name}这种加密算法。请技术人员用 pip 重装 cryptography（它自带 OpenSSL），并关掉系统的 FIPS 模式；要建新库的，也可以不写 --cipher。"""


class ArchiveError(HuyueError):
    """{detail}"""

    exit_status = EXIT_ARCHIVE


class NotAnArchive(ArchiveError):
    """{file} 不是档案库（里面没有 catalogue.db）。请用 --home 或 HUYUE_HOME 指明档案库所在的文件夹；还没有的话，先运行 huyue init 文件夹。"""


class KeyMissing(ArchiveError):
    """找不到密钥文件 {file}。密钥应与档案库放在一起（文件夹名加 .key），或由 HUYUE_KEY_FILE 指明；没有密钥，档案库无法打开。"""


class KeyUnreadable(ArchiveError):
    """密钥文件 {file} 读不出来：里面应当是 64 个十六进制字符。请换回建库时生成的那个密钥文件。"""


class KeyLocked(ArchiveError):
    """密钥文件 {file} 有口令。请在终端里运行，按提示输入；无人值守的，用环境变量 HUYUE_PASSPHRASE 给出。"""


class PassphraseWrong(ArchiveError):
    """口令不对，打不开密钥文件 {file}。请看大小写和输入法；忘了口令的，用恢复码：huyue key recover。"""


class RecoveryMissing(ArchiveError):
    """档案库里没有可以用恢复码打开的备份（{file}）：没有做过，或者被删了、改过。请找回密钥文件或它的副本。"""


class RecoveryCodeWrong(WrongUsage):
    """恢复码不对：应当是 9 组、每组 4 个字母或数字。请逐个对照纸上的；换过密钥或重新做过恢复码的，只有最后一张有用。"""


class WrongKey(ArchiveError):
    """密钥与档案库不符，打不开 {file}。请检查 HUYUE_KEY_FILE，或找回建库时生成的密钥文件。"""


class ArchiveDamaged(ArchiveError):
    """档案库 {file} 已损坏（{detail}）。请不要再写入，用最近的备份恢复。"""


class ArchiveLocked(ArchiveError):
    """档案库 {file} 正被另一个命令写入，等了 {seconds} 秒仍未空出。请等那个命令结束后再试。"""


class IndexBusy(ArchiveLocked):
    """检索用的索引要重做，但另一个命令正在写入，现在查不了。请等它结束后再查；知道编号的，现在就能看那一份（huyue show 编号）。"""


class ArchiveReadOnly(ArchiveError):
    """档案库 {file} 打不开或写不进去，多半是没有权限，或者放在只读的盘上。请检查文件夹的权限后再试。"""


class ArchiveNewer(ArchiveError):
    """档案库 {file} 由更新版本的户约写成（结构 {found}，本程序只认到 {known}）。请升级户约后再打开。"""


class BlobMissing(ArchiveError):
    """档案库里缺了一个文件：{file}。请不要再写入，用最近的备份恢复；先核对档案库（huyue verify），看还缺哪些。"""


class BlobDestroyed(WrongUsage):
    """这个件已经鉴定销毁，取不出来了。什么时候、谁批准的，看销毁清册（huyue dispose list）。"""


class BlobDamaged(ArchiveError):
    """档案库里有一个文件被改动过或已损坏：{file}。请不要再写入，用最近的备份恢复；先核对档案库（huyue verify），看还有哪些。"""


class DiskFull(ArchiveError):
    """磁盘满了，写不进 {file}。请腾出地方，再运行同一命令；已经写好的都还在。"""


class BackupLacking(WrongUsage):
    """{file} 里没有可以恢复的备份{detail}。请用 huyue backup --list 看有哪些，或检查备份盘插好没有。"""


class BackupNoRoom(WrongUsage):
    """{file} 所在的盘不够放：还要 {needed}，只剩 {free}。请腾出地方，或换一个盘；已经备份的文件都还有用。"""


class BackupInside(WrongUsage):
    """{file} 在档案库自己的文件夹里，备份放在那里没有用。请放到另一个盘上。"""


class BackupBusy(ArchiveError):
    """{file} 正在被另一个备份或恢复使用。请等它结束后再试。"""


class ProofUnreadable(NoInput):
    """这个文件不是 huyue journal proof 取出的证明，或者已经残缺。请重新取一份。"""


class BlankOnlyVoid(WrongUsage):
    """空白合同 {number} 还没有登记是谁签的，只能作废（--as void）。有人签了的，请先登记（命令行：huyue blank assign）。"""


class ClosingTooEarly(WrongUsage):
    """合同 {number} 是 {planned} 才安排的，不能从 {day} 起终止。请改正日期。"""


class EngineUnknown(WrongUsage):
    """HUYUE_ENGINE 写的“{name}”不是检索引擎，可用：{names}。"""


class VoidLater(WrongUsage):
    """合同 {number} 不能从以后的日期（{day}）起作废：作废后马上可以重新安排。请不写日期，或写今天以前的日期。"""


class HomeExists(WrongUsage):
    """{file} 已经存在而且不是空文件夹，为免覆盖，没有在那里建档案库。请换一个文件夹。"""


class KeyExists(WrongUsage):
    """密钥文件 {file} 已经存在，可能属于另一个档案库，没有覆盖它。请换一个文件夹名，或用 HUYUE_KEY_FILE 指明这个档案库要用的密钥。"""


class FondsMissing(WrongUsage):
    """{file} 里还没有写全宗号，编不了档号。请向档案馆问清本单位的全宗号，在 [archive] 一段写 fonds = "J012" 这样（没有这一段，就在最后加一行 [archive]，下一行写全宗号）。"""


class ArchiveCodeBad(WrongUsage):
    """{file} 的 [archive] 里，{key} 写的“{value}”不能用：{detail}请改正。"""


class UnitAmbiguous(WrongUsage):
    """{towns} 按拼音都是 {code}，分不开。请在 {file} 的 [archive] 里写明：units = {example}。"""


class DisposalUnknown(WrongUsage):
    """没有第 {id} 号销毁清册。请看现有的（huyue dispose list）。"""


class NothingDue(WrongUsage):
    """到 {day} 为止，没有{more}保管期满、可以提出销毁的。以后到期的，看“保管期满”（huyue retention --on 日期）。"""


class NotDue(WrongUsage):
    """有不能提出销毁的，一份也没有提：{named}。到期的请看“保管期满”（huyue retention）。"""


class NoLongerDue(WrongUsage):
    """第 {id} 号销毁清册里有还不能销毁的，一份也没有动：{named}。请批准的人先退回（huyue dispose refuse {id} --reason 说明），再重新提出。"""


class DisposalDecided(WrongUsage):
    """第 {id} 号销毁清册{said}。"""


class DisposalNotApproved(WrongUsage):
    """第 {id} 号销毁清册还没有批准，不能销毁。请提出人以外的人看过以后批准（huyue dispose approve {id} --user 姓名）。"""


class SamePerson(WrongUsage):
    """第 {id} 号销毁清册是 {user} 提出的，要由另一个人来定。请批准的人用自己的账号办（命令行：--user 姓名）。"""


class PagesWaiting(WrongUsage):
    """第 {id} 号销毁清册的原扫描件里还有没处理完的页，一份也没有动：{named}。待核的请先处理（huyue review）；坏页请在命令行取出原文件看过（huyue receipt original），确实不要了的，在命令行销毁（huyue dispose carry-out {id} --with-quarantined）。"""


class BackupUnreadable(WrongUsage):
    """备份 {file} 读不出来，不知道它要用哪些文件，为免删错，没有清理。请检查备份盘；这一次确实不要了的，把这个文件夹整个删掉，再运行同一命令。"""


class PaperUnknown(WrongUsage):
    """没有第 {number} 号手工归档的文件。请用 huyue paper list 查看现有的。"""


class BagFaulty(NoInput):
    """{file} 不是完好的移交包，一份也没有收：{detail}。请让移交的一方看看，重新导出、复制一份（huyue export）。"""


class PackageFaulty(NoInput):
    """{file} 里的文件一个字节不差，但不是户约导出的移交包：{detail}。请用 huyue paper add 归档里面的文件，或请移交的一方用 huyue export 导出。"""


class Code(StrEnum):
    """What verify can find."""

    BLOB_MISSING = "blob_missing"
    BLOB_ALTERED = "blob_altered"
    BLOB_UNREADABLE = "blob_unreadable"
    BLOB_UNKNOWN = "blob_unknown"
    ROW_WITHOUT_BLOB = "row_without_blob"
    FILING_ALTERED = "filing_altered"
    JOURNAL_BROKEN = "journal_broken"
    JOURNAL_CUT = "journal_cut"
    INDEX_BEHIND = "index_behind"
    INDEX_UNREADABLE = "index_unreadable"
    CATALOGUE_DAMAGED = "catalogue_damaged"
    KEY_WRONG = "key_wrong"
    KEY_OF_ANOTHER = "key_of_another"
    DISK_FULL = "disk_full"
    BUSY = "busy"


_RESTORE = "请不要再写入，用备份恢复（huyue restore）。"
SAID = {
    Code.BLOB_MISSING: "归档的文件 {subject} 不见了。" + _RESTORE,
    Code.BLOB_ALTERED: "归档的文件 {subject} 损坏了，或者被人改过、换过。" + _RESTORE,
    Code.BLOB_UNREADABLE: "归档的文件 {subject} 读不出来：没有权限，或者磁盘有故障。请检查权限和磁盘；磁盘有故障的，马上备份到另一个盘。",
    Code.BLOB_UNKNOWN: "来历不明的文件 {subject}，已移到 vault 里的 aside 文件夹。请看看是谁放的。",
    Code.ROW_WITHOUT_BLOB: "目录里登记了文件 {subject}，文件清单里却没有它，目录被人改过。" + _RESTORE,
    Code.FILING_ALTERED: "日志第 {subject} 条登记的归档件，和目录里的不一样，目录被人改过。" + _RESTORE,
    Code.JOURNAL_BROKEN: "日志从第 {subject} 条起对不上，可能被改动过。请停下来，报告负责人，和备份、纸上的校验根对照。",
    Code.JOURNAL_CUT: "日志和 {subject} 记下的对不上：后面被截掉了，或者整个档案库被换成了旧的、别的一份。请停下来，报告负责人；恢复旧备份请用 huyue restore。",
    Code.INDEX_BEHIND: "检索补上了 {subject} 份。",
    Code.INDEX_UNREADABLE: "检索用的索引坏了，已重做（{subject} 份合同）。",
    Code.CATALOGUE_DAMAGED: "目录 catalogue.db 已损坏（{subject}）。" + _RESTORE,
    Code.KEY_WRONG: "密钥文件 {subject} 不对，或者被改过，打不开这个档案库。请找回建库时生成的密钥文件，或检查 HUYUE_KEY_FILE。",
    Code.KEY_OF_ANOTHER: "密钥文件 {subject} 是另一个档案库的。请换成这个档案库的密钥，或检查 HUYUE_KEY_FILE。",
    Code.DISK_FULL: "磁盘满了，写不进 {subject}。请腾出地方，再核对一次；已经归档的都还在。",
    Code.BUSY: "另一个命令正在写入，这次核对没有记下，来历不明的文件没有移开，检索没有补。请等它结束后再核对一次。",
}
NO_FAULT = frozenset({Code.INDEX_BEHIND})
REPAIRED = frozenset({Code.BLOB_UNKNOWN, Code.INDEX_UNREADABLE, Code.BUSY})


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be; `subject` is a blob's name, a file, a number of an entry."""

    code: Code
    subject: str

    @property
    def message(self) -> str:
        return SAID[self.code].format(subject=self.subject)
