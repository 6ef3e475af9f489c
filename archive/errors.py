"""Every error a user can meet: one class each, its docstring the message, its exit status the design's."""

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


class LibreOfficeMissing(MissingProgram):
    """没有找到 LibreOffice，无法排版。Debian/Ubuntu 请运行 apt-get install libreoffice-writer-nogui；Windows 请安装 LibreOffice 后再试。"""


class FontMissing(MissingProgram):
    """没有找到字体（{detail}）。Debian/Ubuntu 请运行 apt-get install fonts-noto-cjk fonts-lxgw-wenkai；Windows 请确认自带的宋体、楷体没有被删除。"""


class ConversionFailed(HuyueError):
    """LibreOffice 没能把 {file} 转成 PDF：{detail}。请用 Word 或 WPS 打开这个文件，另存一次再试。"""

    exit_status = EXIT_BUG


class TemplateUnknown(WrongUsage):
    """没有叫“{name}”的合同模板，也没有这个文件夹。现有模板：{names}。"""


class TemplateRefused(WrongUsage):
    """合同模板“{title}”有 {count} 处错误，没有启用：{detail} 请改好后用 huyue template check 再检查。"""


class TemplateNumberTaken(WrongUsage):
    """编号 {number} 是合同模板“{name}”的，“{own}”不能用。自带的六种用 01 至 06；请在 contract.toml 里给 number 换一个没有用过的，10 至 99。"""


class TemplateRenumbered(WrongUsage):
    """合同模板“{name}”的编号一直是 {before}，不能改成 {number}。请在 contract.toml 里改回；另一种合同请另起 name。"""


class TemplateTitleTaken(WrongUsage):
    """合同名称“{title}”已经是合同模板“{name}”的。请在 contract.toml 里给 title 换一个。"""


class TemplateScopeChanged(WrongUsage):
    """合同模板“{name}”一直是跟 {before} 签的（scope），不能改成 {scope}。请在 contract.toml 里改回；跟别的对象签的合同请另起 name 和 number。"""


class TemplateVersionTaken(WrongUsage):
    """合同模板“{title}”的 {version} 版已经有了，内容与这个文件夹里的不同。请在 contract.toml 里改 version，换一个没有用过的版本号，例如在后面加“-2”。"""


class TemplateVersionUnknown(WrongUsage):
    """档案库里没有合同模板“{title}”的 {version} 版。有：{versions}。"""


class TemplateVersionSingle(WrongUsage):
    """合同模板“{title}”只有 {version} 一版，没有可以比较的。要看改了什么，请写出改好的文件夹：huyue template diff 文件夹。"""


class LayoutFaulty(WrongUsage):
    """合同模板“{title}”排版有误：{detail}请在 Word 或 WPS 里改好，再运行 huyue template check。"""


class WorkerLost(HuyueError):
    """后台进程连续 {tries} 次意外中止，可能是内存不足。请关闭其他程序后再运行同一命令。"""

    exit_status = EXIT_BUG


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


class ContractUnknown(WrongUsage):
    """没有编号为“{number}”的合同。请核对编号，或用 huyue search 按姓名查找。"""


class NothingFiled(WrongUsage):
    """合同 {number} 还没有归档，没有扫描件可取。"""


class NumberUnreadable(WrongUsage):
    """“{number}”不是合同编号，校验不符。编号形如 451225105001-2026-01-000123-Y，可以不写连字符。"""


class NoBlankFor(WrongUsage):
    """《{title}》不能印空白合同：空白合同是给户、夫妻、个人当场填写的，这一种不是跟他们签的。"""


class NotBlank(WrongUsage):
    """合同 {number} 不是空白合同，当事人安排时就定了，不能登记。编错了的，请用 huyue close {number} --as void 作废，再 huyue plan。"""


class BlankClosed(WrongUsage):
    """空白合同 {number} 已经作废或终止，不能登记是谁签的。请核对编号。"""


class BlankOnlyVoid(WrongUsage):
    """空白合同 {number} 还没有登记是谁签的，只能作废（--as void）。有人签了的，请先用 huyue blank assign 登记。"""


class SignerFaulty(WrongUsage):
    """合同 {number} 没有登记：{detail}"""


class PartyTaken(WrongUsage):
    """没有登记：这位当事人（这一户）在本批次已有一份同样的合同 {other}。两份只能留一份，请先用 huyue close {other} --as void 把它作废，再登记。"""


class ClosingTooEarly(WrongUsage):
    """合同 {number} 是 {planned} 才安排的，不能从 {day} 起终止。请改正 --date。"""


class EngineUnknown(WrongUsage):
    """HUYUE_ENGINE 写的“{name}”不是检索引擎，可用：{names}。"""


class VoidLater(WrongUsage):
    """合同 {number} 不能从以后的日期（{day}）起作废：作废后马上可以重新安排。请去掉 --date，或写今天以前的日期。"""


class ReviewUnknown(WrongUsage):
    """没有第 {id} 号待核页。请用 huyue review list 查看现有的。"""


class ReviewUnreadable(WrongUsage):
    """第 {id} 号待核页的图像读不出来。请重新扫描这一页再收件，这一号用 huyue review reject {id} 处理掉。"""


class ReviewDecided(WrongUsage):
    """第 {id} 号待核页已经处理过了。要改，请先运行 huyue review undo {id}。"""


class ReviewNotDecided(WrongUsage):
    """第 {id} 号待核页还没有处理，没有可以撤回的。"""


class ReviewReplaced(WrongUsage):
    """第 {id} 号待核页归为 {number} 第 {sheet} 页以后，那一页又换成了别的扫描页，撤不回来。请用 huyue show {number} 查看。"""


class SheetUnknown(WrongUsage):
    """合同 {number} 没有第 {sheet} 页，或者还没有打印过。请核对编号和页码。"""


class CampaignUnknown(WrongUsage):
    """没有叫“{name}”的签约批次。现有：{names}。请先用 huyue plan 安排。"""


class CampaignDateMissing(WrongUsage):
    """签约批次“{name}”是新的，请用 --date 写明日期，如 --date 2026-03-01。"""


class CampaignDateFixed(WrongUsage):
    """签约批次“{name}”的{what}已经定为 {fixed}，与给出的 {given} 不符。要用别的日期，请另起一个批次名。"""


class CampaignClosed(WrongUsage):
    """签约批次“{name}”已于 {day} 清点办结，不能再安排、打印新的合同。扫描收件照常；要再签，请另起一个批次。"""


class CampaignNotPrinted(WrongUsage):
    """签约批次“{name}”还没有打印过合同，没有纸可以清点。"""


class NothingToPlan(WrongUsage):
    """{place}还没有花名册。请先运行 huyue roster import 花名册.xlsx。"""


class CampaignNameBad(WrongUsage):
    """批次名“{name}”不能用：请用 1 到 {length} 个汉字、字母、数字或标点，不要用表情符号。"""


class GlyphMissing(MissingProgram):
    """没有一种字体有“{character}”，无法排印。请安装含这个字的字体（如 fonts-hanazono、fonts-babelstone-han），或换一个字。"""


class TemplateFaulty(WrongUsage):
    """合同模板“{title}”有误，没有预览：{detail}请改好后用 huyue template check 再检查。"""


class CampaignClosesEarly(WrongUsage):
    """截止日 {closes} 早于批次日期 {day}。请改正 --closes 或 --date。"""


class ContractNotThere(WrongUsage):
    """签约批次“{name}”里没有可以打印的 {numbers}：编号不在这个批次，或者已经作废、终止、登记为未签。请核对 --number。"""


class PagesBeyond(WrongUsage):
    """“{village}”这一批只有 {pages} 页，没有第 {first} 页。请核对 --pages（页数照完整的 print.pdf 数）。"""


class NothingToPrint(WrongUsage):
    """签约批次“{name}”在这里没有可打印的合同。请先运行 huyue plan，或检查 --village。"""


class FolderNotOurs(WrongUsage):
    """输出文件夹 {file} 里有别的东西（{detail}），为免覆盖，没有写入。请换一个空文件夹。"""


class HomeNotGiven(WrongUsage):
    """没有说明用哪个档案库。请加 --home 文件夹，或设置环境变量 HUYUE_HOME；还没有档案库的话，先运行 huyue init 文件夹。"""


class HomeExists(WrongUsage):
    """{file} 已经存在而且不是空文件夹，为免覆盖，没有在那里建档案库。请换一个文件夹。"""


class FileExists(WrongUsage):
    """{file} 已经存在，为免覆盖，没有写。请换一个文件名，或先把它改名、移走。"""


class MarkingFailed(HuyueError):
    """“{file}”读得懂，但没能做出带标记的副本。请去掉 --marked 再试；问题清单用 --json 也能得到。"""


class NothingImported(WrongUsage):
    """档案库里没有可以撤销的花名册导入。"""


class ImportUsed(WrongUsage):
    """{day} 导入的 {year} 年花名册不能撤销：{detail}。请把正确的花名册再导入一次。"""


class NotFlagged(WrongUsage):
    """合同 {number} 没有待处理的变动。请用 huyue roster changes 看现在的名单。"""


class SuggestionUnknown(WrongUsage):
    """--same 里的 {numbers} 不对：这次“可能是同一人”有 {count} 对。请先加 --dry-run 看序号。"""


class ListFaulty(WrongUsage):
    """名单“{file}”第{row}行：{detail} 整份名单都还没有处理，请改好后再运行。"""


class ResponsiblesFaulty(WrongUsage):
    """责任人名单“{file}”第{row}行：{detail} 整份名单都还没有登记，请改好后再运行。"""


class ReasonMissing(WrongUsage):
    """{year} 年的责任人已经登记过，这份名单要换 {count} 处（{names}……）。责任人一年一定，年中更换请用 --reason 写明原因。"""


class KeyExists(WrongUsage):
    """密钥文件 {file} 已经存在，可能属于另一个档案库，没有覆盖它。请换一个文件夹名，或用 HUYUE_KEY_FILE 指明这个档案库要用的密钥。"""


class BadSettings(WrongUsage):
    """设置文件“{file}”有误：{place}{detail}"""


class ColumnMapFaulty(WrongUsage):
    """栏目对照“{written}”有误：{detail}。写法：栏名=栏目，或列号=栏目，如 公民号=公民身份号码、F=公民身份号码；不要的栏写“=不读”。可以写的栏目：{known}。"""


class RosterMissing(NoInput):
    """找不到文件“{file}”。请检查文件夹和文件名后再试。"""


class ScanMissing(NoInput):
    """找不到“{file}”。请检查扫描件的文件夹和文件名后再试。"""


class RosterIsFolder(NoInput):
    """“{file}”是文件夹。请给出花名册文件本身（可以一次给出几个文件）。"""


class NotWorkbook(NoInput):
    """“{file}”不是能读的工作簿：{detail}。请用 Excel 或 WPS 打开，另存为 .xlsx 后再试。"""


class WorkbookEncrypted(NoInput):
    """“{file}”有密码，读不了。请打开后另存为无密码的 .xlsx 再试。"""


class WorkbookTooLarge(NoInput):
    """“{file}”太大，没有打开：{detail}。请{remedy}后再试。"""


class WorkbookEmpty(NoInput):
    """“{file}”里没有一行人员资料。请检查是不是给错了文件，或者还没有保存。"""


class RosterHeaderMissing(NoInput):
    """“{file}”里没有一张可读的花名册。{detail}"""


class DivisionsUnreadable(NoInput):
    """区划表“{file}”读不了：{detail}。区划表应为 CSV，第一行是 code,name,parent。"""


class VillageUnknown(WrongUsage):
    """区划表里没有“{village}”。{candidates}"""


class VillageAmbiguous(WrongUsage):
    """“{village}”不止一个，请写明乡镇或用12位代码：{candidates}。"""


class TemplateIncomplete(NoInput):
    """合同模板文件夹“{file}”里没有 {name}。一个模板是一个文件夹，里面要有 contract.docx 和 contract.toml 两个文件，请补上。"""


class TemplateUnreadable(NoInput):
    """合同模板“{file}”读不了：{detail}。请{remedy}后再试。"""


class ManifestFaulty(WrongUsage):
    """合同说明“{file}”有误：{place}{detail}"""
