"""Two templates an office might add: a town's yearly agreement with each village, and one with each unit."""

import re
import shutil
import zipfile
from pathlib import Path

from tests.templates.template_edits import members_of, stock

_MANIFEST = """\
name = "{name}"
number = "{number}"
version = "2026.1"
title = "{title}"
scope = "{scope}"

[term]
kind = "calendar_year"

[fields]
campaign_name = {{ label = "签约批次", source = "campaign.name", width = 42 }}
contract_number = {{ label = "合同编号", source = "contract.number", width = 68 }}
town = {{ label = "乡镇", source = "town.name", width = 40 }}
{fields}
term_start = {{ label = "起始日期", source = "term.start", format = "date", width = 38 }}
term_end = {{ label = "截止日期", source = "term.end", format = "date", width = 38 }}

[boxes]
party_a_seal = {{ label = "甲方盖章", kind = "seal", w = 42, h = 42 }}
party_a_signature = {{ label = "甲方签名", kind = "signature", w = 45, h = 12 }}
party_b_signature = {{ label = "乙方签名", kind = "signature", w = 45, h = 12 }}
sign_date = {{ label = "签订日期", kind = "date", w = 45, h = 10 }}
"""
_VILLAGE = (
    "甲方为乙方的群众免费提供国家规定的基本项目服务，做好婚前孕前保健、优生优育的咨询和宣传。",
    "甲方每季度到村一次，当面答复群众关于生育支持、托育、奖励扶助的询问，应当享受的及时办理。",
    "甲方为乙方的工作人员提供培训、表格和必要的经费，不向乙方、也不向群众收取任何费用。",
    "乙方把政策、服务项目和办事的联系电话在公开栏里公布，有变动的十日内更新。",
    "乙方受理群众的申请，五日内转交甲方；签不签合同由群众自愿，签与不签待遇没有差别。",
    "双方工作中知道的个人信息严格保密，只用于办理本人申请的事项。",
    "双方文明、依法办事，尊重群众，男女平等；不下达人数指标，不以任何处罚代替服务。",
    "乙方可以随时书面提出修改或者退出，不需要说明理由。",
)
_UNIT = (
    "甲方向乙方的职工提供生育支持、托育、奖励扶助的政策资料，每年到单位讲解一次。",
    "乙方支持职工依法休婚假、产假、护理假和育儿假，为哺乳期的女职工提供方便。",
    "职工要求咨询、办理的，乙方五日内转交甲方，甲方十五日内答复。",
    "双方对知道的个人信息严格保密；任何一方可以随时书面退出。",
)


def village_template(folder: Path) -> Path:
    """A seventh template, number 10, of scope village."""
    fields = 'village = { label = "村（居）委会", source = "village.name", width = 60 }'
    body = _paragraph("P03", "甲方：", "{{乡镇}}", "人民政府。")
    body += _paragraph("P03", "乙方：", "{{村（居）委会}}", "。双方商定本年的工作，各负其责。")
    return _write(
        folder, ("village_targets", "10", "计划生育目标管理责任书", "village"), fields, body, _VILLAGE
    )


def unit_template(folder: Path) -> Path:
    """An eighth, number 11, of scope unit."""
    fields = (
        'unit = { label = "单位名称", source = "unit.name", width = 70 }\n'
        'head = { label = "单位负责人", source = "unit.head", width = 32 }'
    )
    body = _paragraph("P03", "甲方：", "{{乡镇}}", "人民政府。")
    body += _paragraph("P03", "乙方：", "{{单位名称}}", "，负责人：", "{{单位负责人}}", "。")
    return _write(folder, ("unit_cooperation", "11", "计划生育服务协作协议书", "unit"), fields, body, _UNIT)


def _write(
    folder: Path, said: tuple[str, str, str, str], fields: str, parties: str, clauses: tuple[str, ...]
) -> Path:
    name, number, title, scope = said
    shutil.copytree(stock("01"), folder)
    (folder / "contract.toml").write_text(
        _MANIFEST.format(name=name, number=number, title=title, scope=scope, fields=fields), encoding="utf-8"
    )
    members = members_of((folder / "contract.docx").read_bytes())
    text = members["word/document.xml"].decode()
    signing = text[text.rindex('<w:p><w:pPr><w:pStyle w:val="P13"/>') :]
    signing = signing.replace(
        "户主已经看过或者听人读过全文，知道可以不签，现自愿签名。", "双方已经看过全文，自愿签订。"
    )
    signing = signing.replace("乙方户主（签名）", "乙方负责人（签名）")
    body = _paragraph("P01", title)
    body += _paragraph("P02", "签约批次：", "{{签约批次}}", "　编号：", "{{合同编号}}") + parties
    body += "".join(_paragraph("P05", clause) for clause in clauses)
    body += _paragraph(
        "P05", "本书自", "{{起始日期}}", "起，至", "{{截止日期}}", "止，一式两份，双方各执一份。"
    )
    head = re.match(r".*?<w:body>", text, re.DOTALL)
    assert head
    members["word/document.xml"] = (head[0] + body + signing).encode()
    with zipfile.ZipFile(folder / "contract.docx", "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in members.items():
            archive.writestr(member, data)
    return folder


def _paragraph(style: str, *texts: str) -> str:
    filled = '<w:rPr><w:rStyle w:val="C23"/></w:rPr>'
    runs = "".join(
        f'<w:r>{filled if "{{" in text else ""}<w:t xml:space="preserve">{text}</w:t></w:r>' for text in texts
    )
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr>{runs}</w:p>'
