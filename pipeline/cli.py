"""`huyue`: the commands, gathered, and the one place where an error becomes a message and an exit status."""

import errno
import io
import json
import re
import sys
import traceback
from collections.abc import Sequence
from pkgutil import resolve_name

import click

from archive.errors import EXIT_BUG, EXIT_DONE, EXIT_INTERRUPTED, EXIT_USAGE, HuyueError
from pipeline.console import Group, Session

# What a system says of a file, in Chinese.
REASONS = {
    errno.EACCES: "没有权限",
    errno.EPERM: "没有权限",
    errno.EROFS: "那里只能读，不能写",
    errno.ENOENT: "找不到",
    errno.ENOTDIR: "路径中有一段是文件，不是文件夹",
    errno.EISDIR: "它是文件夹，不是文件",
    errno.EEXIST: "已经有同名的文件",
    errno.ENOSPC: "磁盘满了",
    errno.EFBIG: "文件大过这个磁盘允许的大小（FAT32 的优盘是 4 GB）",
    errno.ENAMETOOLONG: "名字太长",
    errno.EIO: "读写出错，可能是磁盘、U 盘或网络有故障",
}


# Where every command is; its module is imported when it runs, or is asked for help.
COMMANDS = {
    "init": "pipeline.commands.init:init",
    "doctor": "pipeline.commands.doctor:doctor",
    "roster": "pipeline.commands.roster:roster",
    "template": "pipeline.commands.template:template",
    "plan": "pipeline.commands.plan:plan",
    "print": "pipeline.commands.print_:print_",
    "blank": "pipeline.commands.blank:blank",
    "intake": "pipeline.commands.intake:intake",
    "review": "pipeline.commands.review:review",
    "receipt": "pipeline.commands.receipt:receipt",
    "search": "pipeline.commands.search:search",
    "index": "pipeline.commands.search:index",
    "show": "pipeline.commands.show:show",
    "close": "pipeline.commands.close:close",
    "paper": "pipeline.commands.paper:paper",
    "audit": "pipeline.commands.audit:audit_",
    "finding": "pipeline.commands.finding:finding",
    "sample": "pipeline.commands.sample:sample",
    "worklist": "pipeline.commands.worklist:worklist",
    "promise": "pipeline.commands.promise:promise",
    "ledger": "pipeline.commands.ledger:ledger",
    "calendar": "pipeline.commands.calendar_:calendar_",
    "report": "pipeline.commands.report:report",
    "verify": "pipeline.commands.verify:verify_",
    "four-checks": "pipeline.commands.four_checks:four_checks",
    "backup": "pipeline.commands.backup:backup_",
    "restore": "pipeline.commands.backup:restore_",
    "journal": "pipeline.commands.journal:journal",
    "arrange": "pipeline.commands.arrange:arrange_",
    "retention": "pipeline.commands.retention:retention",
    "dispose": "pipeline.commands.dispose:dispose",
    "export": "pipeline.commands.export:export",
    "import": "pipeline.commands.import_:import_",
    "key": "pipeline.commands.key:key",
    "campaign": "pipeline.commands.campaign:campaign",
    "serve": "web.serve:serve",
    "demo": "pipeline.commands.demo:demo",
}


class Commands(Group):
    """The commands by name, in the order in which they are used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = resolve_name(COMMANDS[cmd_name])
        return command


@click.group(
    cls=Commands,
    at_root=True,
    help="户约：按花名册生成六种合同，成批打印，扫描归档，查找，检查。",
    epilog="例：huyue init 档案库；huyue --home 档案库 roster import 花名册.xlsx；huyue 命令 --help 看用法和例子。",
)
@click.version_option(
    package_name="huyue", prog_name="huyue", message="%(prog)s %(version)s", help="显示版本。"
)
def cli() -> None:
    """The root of all commands."""


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit status; output goes to the process's streams."""
    session = Session(json="--json" in arguments, debug="--debug" in arguments)
    try:
        status = cli.main(list(arguments), prog_name="huyue", standalone_mode=False, obj=session)
        return status if isinstance(status, int) else EXIT_DONE
    except HuyueError as problem:
        _fail(session, problem.code, problem.message, problem.file)
        return problem.exit_status
    except click.exceptions.NoArgsIsHelpError as problem:
        if session.json:
            _fail(session, "wrong_usage", "缺少命令。", None)
        click.echo(problem.format_message(), err=True)
        return problem.exit_code
    except click.ClickException as problem:
        hint = ""
        if isinstance(problem, click.UsageError) and problem.ctx is not None:
            hint = f"运行“{problem.ctx.command_path} --help”可看用法。"
        said = re.sub(r"\.$", "。", problem.format_message())
        _fail(session, "wrong_usage", said + hint, None)
        return problem.exit_code
    except (KeyboardInterrupt, click.Abort):
        _fail(session, "interrupted", "已按 Ctrl-C 中止；再运行同一命令即可接着做。", None)
        return EXIT_INTERRUPTED
    except OSError as problem:
        if session.debug:
            traceback.print_exc()
        file = None if problem.filename is None else str(problem.filename)
        _fail(session, "file_trouble", file_trouble(problem), file)
        return EXIT_USAGE
    except Exception as problem:
        if session.debug:
            traceback.print_exc()
        kind = type(problem).__name__
        _fail(
            session,
            "bug",
            f"程序出了没有料到的错（{kind}）。请加 --debug 再运行一次，把显示的内容告诉开发者。",
            None,
        )
        return EXIT_BUG


def file_trouble(problem: OSError) -> str:
    """What is said of a file that could not be read or written; which one it was is not always known."""
    what = "读写文件时出错" if problem.filename is None else f"文件或文件夹 {problem.filename} 用不了"
    reason = REASONS.get(problem.errno or 0, problem.strerror or type(problem).__name__)
    if problem.errno == errno.ENOSPC:
        return f"{what}：{reason}。请腾出地方，再运行同一命令。"
    return f"{what}：{reason}。请换一个位置，或检查权限后再试。"


def _fail(session: Session, code: str, message: str, file: str | None) -> None:
    if session.json:
        click.echo(
            json.dumps({"error": {"code": code, "message": message, "file": file}}, ensure_ascii=False)
        )
    else:
        click.echo(f"错误：{message}", err=True)


def main() -> None:
    """The console script."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    sys.exit(run(sys.argv[1:]))
