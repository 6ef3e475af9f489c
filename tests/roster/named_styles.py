"""The styles offices write their lists in, each seen or told of, by name."""

from collections.abc import Mapping

from tests.roster.hand import EVERY, Hand
from tests.roster.mistakes import MISTAKES
from tests.roster.styles import AWAY, MEMBERS, STANDARD, WISHES, Style

_UNIT = "填报单位（盖章）：{town}人民政府      填报人：黎某      单位：户、人"
_SIGNED = (("审核人：", "", "填报人：黎某", "", "", "填报日期：2026年1月10日"),)
_STAFF = (
    ("村（居）主任（签字）：", "", "", "", "计生专干：黎某", "", "", "2026年1月10日"),
    ("第1页，共1页",),
)
_PAGE_END = (("小计", "3户", "", "", "8人"),)
_NO_VILLAGE = tuple(column for column in STANDARD if column != "village")
_TOWN_FIRST = ("town", *STANDARD)
_WITH_UNREAD = (
    "序号",
    *STANDARD[:5],
    "母亲姓名",
    *STANDARD[5:10],
    "文化程度",
    "户籍地址",
    *STANDARD[10:],
    "备注",
)
_SHUFFLED = (
    "id_number", "name", "number", "birth", "sex", "relation", "备注", "away_until", "away_to", "away_from",
    "wants_choice", "wants_service", "wants_pension", "responsible", "phone", "marital", "head", "group", "village",
)  # fmt: skip
_SYNONYMS = {
    "town": "乡（镇）", "village": "所在村（社区）", "group": "村民小组", "number": "户口簿编号", "head": "户主\n姓名",
    "name": "成 员 姓 名", "relation": "与户主\n的关系", "sex": "性\n别", "birth": "出生年月日",
    "id_number": "居民身份证\n号码", "marital": "婚否", "phone": "手机号码", "away_to": "流出地", "away_from": "流出时间",
    "away_until": "预计返乡时间", "wants_service": "是否申请\n免费技术服务", "wants_pension": "参保意愿",
    "wants_choice": "知情选择登记", "responsible": "包户干部",
}  # fmt: skip
_EVERYDAY = {
    "village": "行政村", "group": "组（屯）", "number": "户号", "head": "户主", "name": "家庭成员", "relation": "关系",
    "birth": "生日", "id_number": "身份证号", "marital": "婚姻状况", "phone": "联系方式", "away_to": "去向",
    "away_from": "离家时间", "away_until": "外出结束时间", "wants_service": "技术服务", "wants_pension": "参保",
    "responsible": "责任人",
}  # fmt: skip
_WORDY = {
    "town": "镇街", "village": "村（居）委", "group": "村小组", "number": "家庭户编号", "head": "户主名字",
    "name": "姓名（与身份证一致）", "relation": "同户主关系", "birth": "出生日期（公历）", "id_number": "身份证号码（18位）",
    "marital": "是否结婚", "phone": "本人联系电话", "away_to": "外出务工地址", "away_from": "外出务工时间",
    "away_until": "预计返家时间", "wants_service": "是否自愿申请技术服务", "wants_pension": "自愿参加计生养老保险",
    "wants_choice": "避孕节育知情选择", "responsible": "包户干部姓名", "户主身份证号": "户主身份证号",
}  # fmt: skip
_CADRE_FIRST = (
    "town", "village", "group", "responsible", "number", "head", "户主身份证号", *STANDARD[4:-1], "备注",
)  # fmt: skip
_STAY = (("外出起止时间", {"away_from": "自", "away_until": "至"}), WISHES)
_LOOSE = Hand(
    groups=("第3组", "三组", "number"), days=("date", "dots", "年月日", "full width"), numbers=("plain", "spaced"),
    names=("plain", "wide", "•"), yes=("是", "√", "有"), no=(None, "否", "×"), open=(None, "至今"),
)  # fmt: skip
# Text on its way through other programs: nothing in it is a number or a date.
_AS_TEXT = Hand(
    groups=("digits", "3队"), days=("slashes", "compact", "dots"), numbers=("quoted", "apostrophe", "small x"),
    phones=("text", ".0", "spaced"), names=("plain", "・", "."), sexes=("plain", "long"), marital=("是否",),
    yes=("Y", "1", "参加"), no=("N", "0", "不参加", ""), open=("至今", "长期"), nothing=("", "-", "/", "无"),
)  # fmt: skip
_HALL = (MEMBERS, AWAY, WISHES)
_BANDS = (("基本情况", MEMBERS[1]), ("服务与流动", AWAY[1] | WISHES[1]))

STYLES: Mapping[str, Style] = {
    "a plain list": Style(),
    "merged, two header rows, as the town's form": Style(
        above=("2026年{town}住户花名册", _UNIT), columns=("序号", *STANDARD), groups=(_HALL,), family="merged",
        hand=_LOOSE, page=12, between=_PAGE_END, end=(("合 计", "9户"), *_SIGNED),
    ),
    "three header rows over groups of groups": Style(
        above=("{town}二〇二六年度人口家庭情况登记表",), family="merged", hand=_LOOSE, end=_STAFF,
        groups=(_BANDS, _HALL),
    ),
    "three header rows in an old workbook": Style(
        form="xls", family="merged", hand=_LOOSE, numbering="digits", left=1,
        groups=(_BANDS, _HALL),
    ),
    "groups centred over their columns, nothing merged": Style(groups=(_HALL,), centred=True, hand=_LOOSE),
    "a macro workbook with every synonym": Style(
        form="xlsm", labels=_SYNONYMS, columns=_TOWN_FIRST, village="town", family="blank", hand=_LOOSE
    ),
    "wordy labels, the cadre's name before the person's": Style(
        labels=_WORDY, columns=_CADRE_FIRST, village="town", hand=_LOOSE, family="merged", page=11, turn=True
    ),
    "a stay from and to": Style(form="xls", groups=(_STAY,), hand=_LOOSE, family="merged", numbering="digits"),
    "everyday labels, columns in any order": Style(labels=_EVERYDAY, columns=_SHUFFLED, hand=_LOOSE),
    "columns nobody reads among the others": Style(columns=_WITH_UNREAD, hand=_LOOSE, family="blank", end=_SIGNED),
    "only the columns that must be": Style(columns=("number", "village", "name", "relation", "id_number")),
    "no group, no head, no sex, no birth": Style(
        columns=tuple(c for c in STANDARD if c not in ("group", "head", "sex", "birth")), family="blank"
    ),
    "an old workbook, a sheet a village": Style(
        form="xls", split="sheets", village="sheet", columns=_NO_VILLAGE, family="merged", hidden=True, hand=_LOOSE,
        above=("2026年住户花名册",), page=20, between=(*_PAGE_END, ()),
    ),
    "Excel 95, code page 936": Style(
        form="xls5", above=("2026年{town}花名册",), family="blank", hand=_LOOSE, hidden=True, groups=(_HALL,),
        end=_SIGNED,
    ),
    "Excel 95, village in the unit": Style(
        form="xls5", split="villages", village="title", columns=_NO_VILLAGE, formulas=True,
        above=("住户花名册", "填报单位：{town}{village}    填报人："), hand=_AS_TEXT,
    ),
    "an old workbook exported by a web system": Style(form="jxl", labels=_EVERYDAY, hand=_AS_TEXT),
    "an open document": Style(
        form="ods", above=("2026年{town}住户花名册", _UNIT), groups=(_HALL,), family="merged", hand=_LOOSE,
        hidden=True, end=_SIGNED,
    ),
    "an open document, a sheet a village": Style(
        form="ods", split="sheets", village="title", above=("{town}{village}住户花名册",), columns=_NO_VILLAGE,
        family="blank", hidden=True, formulas=True,
    ),
    "text with commas": Style(form="csv utf-8", hand=_AS_TEXT, labels=_SYNONYMS, family="blank"),
    "text with commas and a mark": Style(form="csv utf-8-sig", hand=_AS_TEXT, above=("2026年花名册",)),
    "text in GB 18030": Style(
        form="csv gb18030", hand=_AS_TEXT, labels=_SYNONYMS, groups=(_HALL,), family="blank", numbering="brackets",
        page=10, between=_PAGE_END, turn=True, end=_SIGNED,
    ),
    "text with tabs, as Excel saves Unicode": Style(form="tab utf-16", hand=_AS_TEXT, family="blank"),
    "text with tabs in GB 18030, a file a village": Style(
        form="tab gb18030", split="villages", village="title", columns=_NO_VILLAGE, hand=_AS_TEXT,
        above=("填报单位：{town}{village}",),
    ),
    "text with commas in UTF-16": Style(form="csv utf-16", hand=_AS_TEXT, head_last=True),
    "three header rows on each page, the columns turned about": Style(
        form="xls", page=6, turn=True, between=_PAGE_END, hand=_LOOSE, groups=(_BANDS, _HALL), end=_STAFF
    ),
    "text, three header rows on each page, turned about": Style(
        form="tab utf-8", page=6, turn=True, between=_PAGE_END, hand=_AS_TEXT, groups=(_BANDS, _HALL), end=_STAFF
    ),
    "a file a villagers' group": Style(split="groups", family="blank", hand=_LOOSE, above=("2026年花名册",)),
    "a page a village, its title above it": Style(
        village="page", columns=_NO_VILLAGE, above=("2026年{town}{village}住户花名册",), titled=True, page=9,
        between=_PAGE_END, hand=_LOOSE, family="blank", end=_STAFF,
    ),
    "the village as its code": Style(village="code", hand=_LOOSE, family="blank"),
    "a header on each page, the columns turned about": Style(
        labels=_SYNONYMS, page=7, turn=True, titled=True, above=("2026年住户花名册", "说明：本表一式两份"),
        between=(("本页小计", "", "", "7人"), ()), groups=((AWAY, WISHES),), hand=_LOOSE, end=(("总 计",),),
    ),
    "numbered columns, as statistics has them": Style(
        numbering="stems", above=("表号：桂卫统3表", "2026年"), page=15, between=_PAGE_END, hand=_LOOSE, end=_STAFF
    ),
    "a household's own row, its members below": Style(family="heading", hand=_LOOSE, columns=("序号", *STANDARD)),
    "the head last": Style(head_last=True, family="blank", hand=_LOOSE),
    "hidden rows and columns": Style(hidden=True, family="merged", above=("2026年花名册",)),
    "formulas with their results": Style(formulas=True, columns=("序号", *STANDARD), family="blank"),
    "formulas in an old workbook": Style(form="xls", formulas=True, columns=("序号", *STANDARD)),
    "far from the corner": Style(left=3, down=4, above=("2026年花名册",), family="merged", groups=((AWAY,),)),
    "every habit at once": Style(hand=EVERY, family="blank"),
    "every habit, an old workbook": Style(form="xls", hand=EVERY),
    "every habit, code page 936": Style(form="xls5", hand=EVERY),
    "every habit, an open document": Style(form="ods", hand=EVERY),
    "every habit as text": Style(form="csv gb18030", hand=EVERY, family="blank"),
    "every mistake": Style(planted=tuple(MISTAKES), extras=True, hand=_LOOSE),
    "every mistake, household cells merged": Style(
        planted=tuple(MISTAKES), family="merged", above=("2026年花名册",), page=8, between=_PAGE_END, left=1
    ),
    "every mistake, a household's own row": Style(planted=tuple(MISTAKES), family="heading", hand=_LOOSE),
    "every mistake, an old workbook": Style(
        form="xls", planted=tuple(MISTAKES), family="blank", extras=True, head_last=True, hand=_LOOSE
    ),
    "every mistake, code page 936": Style(form="xls5", planted=tuple(MISTAKES), groups=(_HALL,), hidden=True),
    "every mistake, an open document": Style(form="ods", planted=tuple(MISTAKES), family="merged", hidden=True),
    "every mistake as text": Style(
        form="csv gb18030", planted=tuple(MISTAKES), labels=_SYNONYMS, hand=_AS_TEXT, family="blank"
    ),
    "every mistake, a sheet a village": Style(
        planted=tuple(MISTAKES), split="sheets", village="sheet", columns=_NO_VILLAGE, family="blank"
    ),
}  # fmt: skip
