"""What the journal's details say to people is Chinese."""

import re

from archive.home import open_home
from archive.journal import entries
from pipeline.journal_words import said
from tests.conftest import Town


def test_details_are_said_in_chinese_and_what_vouches_is_left_out(town: Town) -> None:
    with open_home(town.home, None).reading() as connection:
        listed = [said(one.detail) for one in entries(connection)]
    assert len(listed) > 3 and not [one for one in listed if re.search("[A-Za-z_]{2,}", one)]
    assert said('{"as": "declined", "day": "2026-04-05", "filings": 1, "filings_root": "ab"}') == (
        "原因 未签，日期 2026-04-05，归档件 1"
    )
    assert said('{"role": "clerk", "villages": ["451225107001"], "active": true, "unknown": ""}') == (
        "角色 经办人，村 451225107001，可以登录 是，unknown 无"
    )
    assert said('{"role": "archivist", "villages": []}') == "角色 档案员，村 全部"
    assert said('{"system": "auditor", "reason": "all"}').endswith("auditor，原因 all"), "as it was written"
    assert said(f'{{"version": 1, "files": ["{"9f" * 32}", "{"ab" * 32}"]}}').endswith("文件 2")
