"""`huyue journal`: who did what, and the proof that it was so."""

from dataclasses import asdict
from datetime import date
from pathlib import Path

import click
import msgspec

from archive import journal as log
from archive.errors import EXIT_ARCHIVE, EXIT_DONE
from pipeline.commands.contract_number import NUMBER, find_number
from pipeline.console import DAY, Command, Group, emit, session
from pipeline.errors import FileExists
from pipeline.journal_words import said as words

WRITTEN = click.Path(dir_okay=False, path_type=Path)
READ = click.Path(exists=True, dir_okay=False, path_type=Path)
ACTIONS = {
    "init": "建库",
    "unmask": "看身份证号",
    "dossier": "导出个人、一户档案",
    "account_add": "建账号",
    "account_change": "改账号",
    "account_password": "重设密码",
    "token_new": "建接口令牌",
    "token_end": "收回接口令牌",
    "roster_import": "导入花名册",
    "roster_undo": "撤回导入",
    "responsible": "登记责任人",
    "template": "启用模板",
    "plan": "安排",
    "print": "打印",
    "blank_new": "印空白合同",
    "blank_assign": "登记签的人",
    "intake": "收件",
    "receipt": "交接单",
    "review_assign": "待核认定",
    "review_reject": "待核否定",
    "review_undo": "待核撤回",
    "close": "终止",
    "finding_explained": "说明问题",
    "finding_fixed": "登记整改",
    "finding_reopened": "重新打开问题",
    "sample_draw": "抽查抽样",
    "sample_record": "登记抽查结果",
    "promise_list": "印兑现单",
    "promise_kept": "登记兑现",
    "promise_undo": "撤回兑现",
    "keep": "核过变动，保留",
    "campaign_close": "批次办结",
    "paper_add": "手工归档",
    "paper_correct": "更正手工归档",
    "import": "收进移交包",
    "arrange": "编档号",
    "dispose_propose": "提出销毁",
    "dispose_approve": "批准销毁",
    "dispose_refuse": "退回销毁",
    "dispose_carry_out": "销毁",
    "search_save": "存查找",
    "search_forget": "删存的查找",
    "export": "导出",
    "restore": "从备份恢复",
    "backup_prune": "清理备份",
    "key_change": "换密钥",
    "key_passphrase": "密钥口令",
    "key_recovery": "做恢复码",
    "key_recovered": "用恢复码找回密钥",
}


@click.group(cls=Group, help="日志：谁在什么时候做了什么；印在纸上的校验根，一份合同的证明。")
def journal() -> None:
    """The journal commands."""


@journal.command(
    cls=Command,
    epilog="例：huyue --home 档案库 journal head；huyue --home 档案库 journal head --on 2026-04-30",
    help="显示日志到某一天的校验根。抄在或印在当月的纸质清单上，以后能证明日志没有被改过、截过。",
)
@click.option("--on", type=DAY, metavar="日期", help="到哪一天，默认今天。")
def head(on: date | None) -> None:
    with session().open_home().reading() as connection:
        top = log.head(connection, on or session().actor().today)
    short = log.short(top.root)
    emit(
        asdict(top) | {"short": short},
        [f"日志到 {top.day} 为止，{top.entries} 条", f"校验根：{top.root}", f"短写：{short}"],
    )


@journal.command(
    "list",
    cls=Command,
    epilog="例：huyue --home 档案库 journal list --from 2026-04-01 --to 2026-04-30；journal list --subject 451225105001-2026-01-000123-Y",
    help="列出日志：编号、时间、经办人、做了什么、对什么做的。",
)
@click.option("--from", "first", type=DAY, metavar="日期", help="从哪天起。")
@click.option("--to", "last", type=DAY, metavar="日期", help="到哪天为止。")
@click.option("--subject", metavar="对象", help="只列这一个，如合同编号、签约批次。")
def list_(first: date | None, last: date | None, subject: str | None) -> None:
    with session().open_home().reading() as connection:
        found = list(log.entries(connection, first, last, subject))
    emit({"entries": [_value(one) for one in found]}, [_line(one) for one in found] or ["没有这样的记录。"])


@journal.command(
    cls=Command,
    epilog="例：huyue --home 档案库 journal proof 451225105001-2026-01-000123-Y --out 证明.json",
    help="取出一份合同在日志里的记录和证明，不带别的合同；别人没有档案库，也能用 journal check 对照纸上的校验根。",
)
@click.argument("number", type=NUMBER, metavar="合同编号")
@click.option(
    "--out", required=True, type=WRITTEN, metavar="文件.json", help="写到这里；已有的文件不会覆盖。"
)
@click.option("--on", type=DAY, metavar="日期", help="对照哪一天的校验根，默认今天。")
def proof(number: str, out: Path, on: date | None) -> None:
    with session().open_home().reading() as connection:
        find_number(connection, number)
        proven = log.prove(connection, number, on or session().actor().today)
    try:
        with out.open("xb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(proven)))
    except FileExistsError:
        raise FileExists(file=out) from None
    value = {"contract": number, "file": str(out), "entries": len(proven.proofs), "root": proven.root}
    emit(
        value | {"day": proven.day},
        [
            f"{number} 的 {len(proven.proofs)} 条记录写到了 {out}。",
            f"对照 {proven.day} 的校验根：{proven.root}",
            f"短写：{log.short(proven.root)}",
        ],
    )


@journal.command(
    cls=Command,
    epilog="例：huyue journal check 证明.json --root ABCD-EFGH-IJKL-MNOP-QRST；huyue --home 档案库 journal check --root 短写 --on 2026-04-30",
    help="对照纸上的校验根：给出证明文件的，核对那份证明，不需要档案库；不给的，看档案库的日志是不是还含有那一天的全部记录。退出码 0 对得上，5 对不上。",
)
@click.argument("file", required=False, type=READ, metavar="[证明.json]")
@click.option("--root", required=True, metavar="校验根", help="纸上的校验根，全写、短写都行。")
@click.option("--on", type=DAY, metavar="日期", help="校验根是哪一天的，默认今天。")
def check(file: Path | None, root: str, on: date | None) -> int:
    if file is not None:
        if on is not None:
            raise click.UsageError("--on 用于核对档案库；证明文件里已经写着是哪一天。")
        return _check_proof(file, root)
    on = on or session().actor().today
    with session().open_home().reading() as connection:
        entries = log.holds(connection, root, on)
    said = "对不上：那以后日志被截短、改动过，或者档案库换成了旧的一份；也可能是校验根或日期抄错了。"
    if entries is not None:
        said = f"对得上：那时的 {entries} 条记录都还在，没有改动。"
    emit({"holds": entries is not None, "entries": entries}, [said])
    return EXIT_ARCHIVE if entries is None else EXIT_DONE


def _check_proof(file: Path, root: str) -> int:
    with file.open("rb") as opened:
        proven = log.decode_proof(opened.read(log.MOST_BYTES))
    faults = log.faults(proven, root)
    filings = [
        {"version": one.values[1], "filed_on": one.values[2], "sha256": one.values[5]}
        for entry in proven.proofs
        for one in entry.filings
    ]
    value = {"holds": not faults, "contract": proven.contract, "day": proven.day, "faults": faults}
    entries = [] if faults else [one.shown for one in proven.proofs]
    shown = [] if faults else [*map(_line, entries), *map(_filed, filings)]
    emit(
        value | {"entries": [_value(one) for one in entries], "filings": filings},
        [*shown, *faults, "对不上。" if faults else f"对得上：{proven.contract}，到 {proven.day} 为止。"],
    )
    return EXIT_ARCHIVE if faults else EXIT_DONE


def _filed(one: dict[str, object]) -> str:
    return f"归档件第 {one['version']} 版　{one['filed_on']}　PDF 的 SHA-256：{one['sha256'] or '（那时没有记）'}"


def _value(one: log.Entry) -> dict[str, object]:
    return asdict(one) | {"detail": msgspec.json.decode(one.detail)}


def _line(one: log.Entry) -> str:
    action = ACTIONS.get(one.action, one.action)
    return f"{one.seq}　{one.at}　{one.today}　{one.user}　{action}　{one.subject}　{words(one.detail)}"
