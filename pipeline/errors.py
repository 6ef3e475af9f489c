"""The errors of paper out and paper in: one class each, its docstring the message (archive/errors.py)."""

from archive.errors import EXIT_BUG, HuyueError, MissingProgram, NoInput, WrongUsage


class LibreOfficeMissing(MissingProgram):
    """没有找到 LibreOffice，无法排版。Debian/Ubuntu 请运行 apt-get install libreoffice-writer-nogui；Windows 请安装 LibreOffice 后再试。"""


class FontMissing(MissingProgram):
    """没有找到字体（{detail}）。Debian/Ubuntu 请运行 apt-get install fonts-noto-cjk fonts-lxgw-wenkai；Windows 请确认自带的宋体、楷体没有被删除。"""


class ConversionFailed(WrongUsage):
    """LibreOffice 没能把 {file} 转成 PDF：{detail}。请用 Word 或 WPS 打开这个文件，另存一次再试。"""


class TemplateUnknown(WrongUsage):
    """没有叫“{name}”的合同模板，也没有这个文件夹。现有模板：{names}。"""


class TemplateRefused(WrongUsage):
    """合同模板“{title}”有 {count} 处错误，没有启用：{detail} 请改好后再检查一次（huyue template check）。"""


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
    """合同模板“{title}”排版有误：{detail}请在 Word 或 WPS 里改好，再检查一次（huyue template check）。"""


class WorkerLost(HuyueError):
    """后台进程连续 {tries} 次意外中止，可能是内存不足。请关闭其他程序后再运行同一命令。"""

    exit_status = EXIT_BUG


class ContractUnknown(WrongUsage):
    """没有编号为“{number}”的合同。请核对编号，或按姓名查找（huyue search）。"""


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


class SignerFaulty(WrongUsage):
    """合同 {number} 没有登记：{detail}"""


class PartyTaken(WrongUsage):
    """没有登记：这位当事人（这一户）在本批次已有一份同样的合同 {other}。两份只能留一份，请先用 huyue close {other} --as void 把它作废，再登记。"""


class ReceiptUnknown(WrongUsage):
    """没有第 {number} 号交接单。请用 huyue receipt list 查看现有的。"""


class OriginalUnknown(WrongUsage):
    """没有收过叫“{name}”的文件。请写交接单“文件”一页上的文件名（或 SHA-256）。"""


class OriginalNotKept(WrongUsage):
    """“{name}”的原文件没有存在档案库里：不是扫描件、太大、是空的，或者是旧版本的户约收的。"""


class OriginalAmbiguous(WrongUsage):
    """叫“{name}”的文件收过 {count} 个，内容各不相同。请改写 SHA-256：{digests}。"""


class ScanChanged(WrongUsage):
    """“{file}”在收件的时候变了，这一批没有收，前面收好的留着。请等它扫完、复制完，再运行同一命令。"""


class NothingSuggested(WrongUsage):
    """第 {id} 号待核页没有可能的合同可以选。请写明编号和页码（huyue review assign {id} 合同编号 页码）。"""


class ReviewUnknown(WrongUsage):
    """没有第 {id} 号待核页。请看现有的待核页（huyue review list）。"""


class ReviewUnreadable(WrongUsage):
    """第 {id} 号待核页的图像读不出来。请重新扫描这一页再收件，这一号定为不归档（huyue review reject {id}）。"""


class ReviewDecided(WrongUsage):
    """第 {id} 号待核页已经处理过了。要改，请先撤回（huyue review undo {id}）。"""


class ReviewNotDecided(WrongUsage):
    """第 {id} 号待核页还没有处理，没有可以撤回的。"""


class ReviewReplaced(WrongUsage):
    """第 {id} 号待核页归为 {number} 第 {sheet} 页以后，那一页又换成了别的扫描页，撤不回来。请看那份合同（huyue show {number}）。"""


class SheetUnknown(WrongUsage):
    """合同 {number} 没有第 {sheet} 页，或者还没有打印过，或者已经销毁。请核对编号和页码。"""


class CampaignUnknown(WrongUsage):
    """没有叫“{name}”的签约批次。现有：{names}。请先安排（huyue plan）。"""


class CampaignDateMissing(WrongUsage):
    """签约批次“{name}”是新的，请写明日期，如 2026-03-01（命令行：--date 2026-03-01）。"""


class CampaignDateFixed(WrongUsage):
    """签约批次“{name}”的{what}已经定为 {fixed}，与给出的 {given} 不符。要用别的日期，请另起一个批次名。"""


class CampaignClosed(WrongUsage):
    """签约批次“{name}”已于 {day} 清点办结，不能再安排、打印新的合同。扫描收件照常；要再签，请另起一个批次。"""


class PrintedLater(WrongUsage):
    """签约批次“{name}”里有合同是 {printed} 打印的，晚于今天（{today}）。请核对电脑的日期（--today），再来清点。"""


class CampaignNotPrinted(WrongUsage):
    """签约批次“{name}”还没有打印过合同，没有纸可以清点。"""


class NothingToPlan(WrongUsage):
    """{place}还没有花名册。请先导入（huyue roster import 花名册.xlsx）。"""


class CampaignNameBad(WrongUsage):
    """批次名“{name}”不能用：请用 1 到 {length} 个汉字、字母、数字或标点，不要用表情符号。"""


class GlyphMissing(MissingProgram):
    """没有一种字体有“{character}”，无法排印。请安装含这个字的字体（如 fonts-hanazono、fonts-babelstone-han），或换一个字。"""


class TemplateFaulty(WrongUsage):
    """合同模板“{title}”有误，没有预览：{detail}请改好后再检查一次（huyue template check）。"""


class CampaignClosesEarly(WrongUsage):
    """截止日 {closes} 早于批次日期 {day}。请改正其中一个。"""


class ContractNotThere(WrongUsage):
    """签约批次“{name}”里没有可以打印的 {numbers}：编号不在这个批次、不是选的村的，或者已经作废、终止、登记为未签。请核对编号（--number）和村（--village）。"""


class NotPrintable(WrongUsage):
    """合同 {number} 现在排不出来：{reason}"""


class PagesBeyond(WrongUsage):
    """“{village}”这一批只有 {pages} 页，没有第 {first} 页。请核对 --pages（页数照完整的 print.pdf 数）。"""


class NothingToPrint(WrongUsage):
    """签约批次“{name}”在这里没有可打印的合同。请先安排合同（huyue plan），或检查选的村。"""


class OutInArchive(WrongUsage):
    """输出文件夹 {file} 在档案库里面。打印文件没有加密，放在里面会让人以为它也受保护。请换一个档案库以外的文件夹。"""


class FolderNotOurs(WrongUsage):
    """输出文件夹 {file} 里有别的东西（{detail}），为免覆盖，没有写入。请换一个空文件夹。"""


class HomeNotGiven(WrongUsage):
    """没有说明用哪个档案库。请加 --home 文件夹，或设置环境变量 HUYUE_HOME；还没有档案库的话，先运行 huyue init 文件夹。"""


class FileExists(WrongUsage):
    """{file} 已经存在，为免覆盖，没有写。请换一个文件名，或先把它改名、移走。"""


class MarkingFailed(HuyueError):
    """“{file}”读得懂，但没能做出带标记的副本。请照列出的问题在原表里改（命令行：去掉 --marked 再运行，就会列出）。"""


class NothingImported(WrongUsage):
    """档案库里没有可以撤销的花名册导入。"""


class ImportUsed(WrongUsage):
    """{day} 导入的 {year} 年花名册不能撤销：{detail}。请把正确的花名册再导入一次。"""


class NotFlagged(WrongUsage):
    """合同 {number} 没有待处理的变动。请看现在的变动名单（huyue roster changes）。"""


class SuggestionUnknown(WrongUsage):
    """没有导入：选的 {numbers} 不对，这次“可能是同一人”有 {count} 对。请重新看一遍再选（命令行：先加 --dry-run，看 --same 的序号）。"""


class FindingUnknown(WrongUsage):
    """{number} 在 {day} 没有这种问题，或者不止一种：{said}。请用 --class 写清是哪一种。"""


class PromiseUnknown(WrongUsage):
    """{number} 没有这一项承诺，或者不是在那天兑现：{said}。请看这份合同有哪些（huyue promise show）。"""


class ListFaulty(WrongUsage):
    """名单“{file}”第{row}行：{detail} 整份名单都还没有处理，请改好后再运行。"""


class ResponsiblesFaulty(WrongUsage):
    """责任人名单“{file}”第{row}行：{detail} 整份名单都还没有登记，请改好后再运行。"""


class ReasonMissing(WrongUsage):
    """{year} 年的责任人已经登记过，这份名单要换 {count} 处（{names}……）。责任人一年一定，年中更换请用 --reason 写明原因。"""


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
    """合同模板文件夹“{file}”里没有 {name}。一个模板是一个文件夹（可以打成 zip），里面要有 contract.docx 和 contract.toml 两个文件，请补上。"""


class TemplateUnreadable(NoInput):
    """合同模板“{file}”读不了：{detail}。请{remedy}后再试。"""


class ManifestFaulty(WrongUsage):
    """合同说明“{file}”有误：{place}{detail}"""


class PaperFaulty(WrongUsage):
    """这样不能归档：{detail}"""


class PaperThere(WrongUsage):
    """“{file}”已经归档在这里，是第 {number} 号《{title}》，没有再收一次。题名等写错了，用 huyue paper correct {number} 更正。"""


class PaperNotChanged(WrongUsage):
    """第 {number} 号没有要改的：给出的和现在的一样。请写要改的项，如 --title。"""


class PaperFileRefused(NoInput):
    """“{file}”没有归档：{detail}"""


class PaperFileChanged(WrongUsage):
    """“{file}”在归档的时候变了，没有归档。请等它存好、复制完，再运行同一命令。"""


class PlaceUnknown(WrongUsage):
    """区划表里没有“{written}”这个{level}，或者不止一个。请检查写法，或写代码：{candidates}。"""


class PaperDestroyed(WrongUsage):
    """第 {number} 号已于 {day} 鉴定销毁，不能更正。"""
