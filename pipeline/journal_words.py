"""What the journal's details say, in Chinese: for people; the entries themselves and --json keep their keys."""

import re

import msgspec

from archive.audit.classes import CHINESE as CLASSES

# What vouches for rows and files is for programs.
UNSAID = {"filings_root", "papers_root", "papers_to", "sha256", "cipher"}
CODED = {
    "as",
    "by",
    "class",
    "how",
    "of",
    "result",
    "role",
    "was",
}  # what is kept of them is a word of the program's
_SHA256 = re.compile("[0-9a-f]{64}")
KEYS = {
    "active": "可以登录",
    "added": "新增",
    "again": "重新登记",
    "as": "原因",
    "blank": "空白",
    "blobs": "加密文件",
    "by": "分层",
    "bytes": "字节",
    "campaign": "批次",
    "changed": "变动",
    "class": "问题",
    "confidence": "把握",
    "contract": "合同",
    "contracts": "合同",
    "corrects": "更正",
    "count": "份数",
    "day": "日期",
    "destroyed": "连同已销毁的",
    "divisions": "区划",
    "due": "应兑现",
    "duplicate": "重复",
    "filed": "归档",
    "files": "文件",
    "filings": "归档件",
    "first": "第一次打印",
    "flagged": "变动的合同",
    "given": "编号",
    "had": "原有编号",
    "held": "暂不收",
    "how": "怎样登记",
    "import": "第几次导入",
    "incomplete": "不齐全",
    "items": "件",
    "kept_on": "兑现日期",
    "left": "离开",
    "lost": "缺的文件",
    "number": "号数",
    "of": "从哪些里抽",
    "on": "哪天的档案",
    "originals": "原文件",
    "pages": "页",
    "papers": "手工归档",
    "person": "个人档案",
    "persons": "人",
    "position": "第几位当事人",
    "problems": "问题",
    "promise": "兑现事项",
    "promises": "兑现事项",
    "protected": "有口令",
    "quarantined": "坏页",
    "reason": "原因",
    "result": "结果",
    "review": "待核",
    "reviews": "待核的页",
    "role": "角色",
    "sample": "第几号抽查",
    "saved": "存的查找",
    "seed": "种子",
    "share": "百分之几",
    "shared": "别的件也用的文件",
    "sheet": "第几页",
    "sheets": "页",
    "states": "备份",
    "system": "系统",
    "template": "合同模板",
    "tolerable": "可容忍",
    "unchanged": "没有变化",
    "until": "用到",
    "version": "版本",
    "village": "村",
    "villages": "村",
    "waiting": "待定",
    "was": "原来",
}
VALUES = {str(cls): words for cls, words in CLASSES.items()} | {
    "absent": "没找到",
    "administrator": "管理员",
    "agrees": "相符",
    "all": "全部",
    "archivist": "档案员",
    "assigned": "归档",
    "auditor": "检查人员",
    "by_hand": "手工",
    "clerk": "经办人",
    "declined": "未签",
    "died": "去世",
    "differs": "不符",
    "filed": "归档的",
    "finding": "问题",
    "manager": "负责人",
    "moved": "迁走",
    "none": "不分层",
    "printed": "印了没有归档的",
    "rejected": "不归档",
    "responsible": "责任人",
    "scanned": "扫描",
    "template": "合同",
    "unfit": "不再符合",
    "village": "村",
    "void": "作废",
    "withdrawn": "撤回",
}


def said(detail: str) -> str:
    """An entry's detail (JSON) as a line of text."""
    found = msgspec.json.decode(detail).items()
    return "，".join(
        f"{KEYS.get(key) or VALUES.get(key, key)} {_value(key, value)}"
        for key, value in found
        if key not in UNSAID
    )


def _value(key: str, value: object) -> str:
    match value:
        case bool():
            return "是" if value else "否"
        case []:
            return "全部" if key == "villages" else "无"
        case [str(first), *_] if _SHA256.fullmatch(first):
            return str(len(value))
        case list():
            return "、".join(_value(key, one) for one in value)
        case str() if key in CODED:
            return VALUES.get(value, value) or "无"
    return str(value) or "无"
