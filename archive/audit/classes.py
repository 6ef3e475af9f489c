"""The classes of findings: what each is called, the rule it goes by, and what a clerk does about it."""

from datetime import date, timedelta
from enum import StrEnum

EXPIRING_DAYS = 90
WARNED = (30, 60, 90)  # days before its end at which a contract is nearer to its end
FILING_DAYS = 15  # after a campaign's close


class Class(StrEnum):
    """The classes of findings; a contract has at most one finding of each."""

    MISSING = "missing"
    EXPIRED = "expired"
    EXPIRING = "expiring"
    UNSIGNED = "unsigned"
    UNSEALED = "unsealed"
    UNDATED = "undated"
    INCOMPLETE = "incomplete"
    LATE = "late"
    UNREADABLE = "unreadable"
    CONFLICT = "conflict"
    SUPERSEDED_TEMPLATE = "superseded_template"
    SUBJECT_CHANGED = "subject_changed"
    WITHOUT_OBLIGATION = "without_obligation"
    DAMAGED = "damaged"
    UNREVIEWED = "unreviewed"


CHINESE = {
    Class.MISSING: "应有未归",
    Class.EXPIRED: "已经到期",
    Class.EXPIRING: f"{EXPIRING_DAYS} 天内到期、没有续签",
    Class.UNSIGNED: "缺签名",
    Class.UNSEALED: "缺盖章",
    Class.UNDATED: "缺日期",
    Class.INCOMPLETE: "缺页",
    Class.LATE: "归档超期",
    Class.UNREADABLE: "看不清",
    Class.CONFLICT: "两份不一致",
    Class.SUPERSEDED_TEMPLATE: "模板已换新",
    Class.SUBJECT_CHANGED: "人户有变动",
    Class.WITHOUT_OBLIGATION: "无应签而归档",
    Class.DAMAGED: "档案损坏",
    Class.UNREVIEWED: "待核未核",
}

# The rule that a finding goes by, and what to do about it.
RULES = {
    Class.MISSING: (
        "安排了，到这一天一页也没有归档",
        "找纸、扫描收件；没有请当事人看过的去请；本人不签的登记未签（自愿）",
    ),
    Class.EXPIRED: ("归过档，期限已过，没有安排下一份", "下一批次重新安排；不再符合条件的登记终止"),
    Class.EXPIRING: (
        f"已归档，离期满不到 {EXPIRING_DAYS} 天，没有安排下一份",
        "愿意续签的安排下一批次；不续的到期自然结束",
    ),
    Class.UNSIGNED: ("必须签名的框空着，或认不准", "请当事人自愿补签，重新扫描；认不准的先看纸"),
    Class.UNSEALED: ("盖章框空着，或认不准", "补盖，重新扫描；认不准的先看纸"),
    Class.UNDATED: ("日期框空着，或认不准", "补写，重新扫描；认不准的先看纸"),
    Class.INCOMPLETE: ("收回了几页，还少几页", "找到少的那几页，扫描收件"),
    Class.LATE: (f"收齐那天晚于归档期限（批次截止日后 {FILING_DAYS} 天）", "补不了，照实说明原因"),
    Class.UNREADABLE: ("归档的页缺边、太暗、模糊或不到 150 dpi，不宜长期保存", "找到纸，按提示重新扫描"),
    Class.CONFLICT: ("同一页收到两份，签章不一样，还没有人核过", "对照两份，在待核里选定一份"),
    Class.SUPERSEDED_TEMPLATE: (
        "用的是旧版模板，这一天之前已经换用新版",
        "期内的照旧有效，续签时用新版；没有签的可作废后重新安排",
    ),
    Class.SUBJECT_CHANGED: ("花名册里当事人有变动，还没有处理", "处理变动名单：保留，或登记终止"),
    Class.WITHOUT_OBLIGATION: (
        "作废的合同，或没有登记是谁签的空白合同，有页归了档",
        "空白合同登记是谁签的；作废的核对纸，确认作废",
    ),
    Class.DAMAGED: ("核对档案库时，归档的文件缺损", "用备份恢复，或重新扫描"),
    Class.UNREVIEWED: ("有它的页收进来，等人核，还没有核", "在待核里处理"),
}

# Why a roster flags a contract.
CHANGES = {
    "died": "去世",
    "moved": "迁走",
    "left": "花名册里没有了",
    "renamed": "改了姓名",
    "identity": "改了公民身份号码",
    "head": "换了户主",
    "household": "户有变动（分户、并户或改了编号）",
    "marital": "婚姻状况变了",
    "age": "年龄不再符合",
}


def deadline_of(closes: date) -> date:
    """The last day to file what was signed in a campaign."""
    return closes + timedelta(days=FILING_DAYS)
