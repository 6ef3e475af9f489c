"""`huyue backup` and `huyue restore`: the archive kept on another disk, and brought back."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import click

from archive import journal, keys
from archive.backup import Made, State, backup, states
from archive.backup_prune import Keep, prune
from archive.errors import EXIT_DONE, EXIT_LOOK
from archive.home import Home, key_file_of
from archive.restore import restore
from archive.verify import Part
from pipeline.commands.verify import look_over, report
from pipeline.console import FOLDER, Command, ask_passphrase, emit, key_file_name, progress, say, session

GB = 1_000_000_000


@click.command(
    "backup",
    cls=Command,
    epilog="例：huyue --home 档案库 backup /media/备份盘；huyue backup --list /media/备份盘；huyue --home 档案库 backup --prune /media/备份盘 --keep 12 --dry-run",
    help="把档案库备份到另一个盘上的文件夹：第一次全部复制，以后只复制新的；每次的样子都留着，可以恢复到任何一次。备份是加密的，里面没有密钥，密钥文件请另外保管。",
)
@click.argument("folder", type=FOLDER, metavar="文件夹")
@click.option("--list", "listing", is_flag=True, help="列出那里有哪些备份。")
@click.option(
    "--prune",
    "pruning",
    is_flag=True,
    help="清理：删掉不留的旧备份，和没有哪次备份要用的文件。最新的一次总是留着。",
)
@click.option("--keep", type=click.IntRange(1), metavar="次数", help="清理时只留最近几次。")
@click.option("--keep-days", type=click.IntRange(0), metavar="天数", help="清理时只留最近几天的。")
@click.option("--destroyed", is_flag=True, help="清理时，还含有已鉴定销毁的件的旧备份也删掉。")
@click.option("--dry-run", is_flag=True, help="清理时只看会删什么，不删。")
def backup_(
    folder: Path,
    listing: bool,
    pruning: bool,
    keep: int | None,
    keep_days: int | None,
    destroyed: bool,
    dry_run: bool,
) -> int:
    if pruning:
        if listing:
            raise click.UsageError("--list 和 --prune 请分两次用。")
        return _prune(folder, Keep(keep, keep_days, not destroyed), dry_run)
    if keep is not None or keep_days is not None or destroyed or dry_run:
        raise click.UsageError("--keep、--keep-days、--destroyed、--dry-run 要和 --prune 一起用。")
    if listing:
        found = states(folder)
        emit(
            {"states": [_value(one) for one in found]}, [_line(one) for one in found] or ["那里还没有备份。"]
        )
        return EXIT_DONE
    home, actor = session().open_home(), session().actor()
    made = backup(home, folder, actor.today, partial(progress, "备份（个）"))
    copied = {"copied": made.copied, "copied_bytes": made.bytes}
    older = {"holding_destroyed": [one.time for one in made.holding]}
    emit(_value(made.state) | copied | older, _made(made))
    for warning in _warnings(home, folder, made):
        say(warning)
    return EXIT_LOOK if made.state.manifest.lacking or not made.in_step else EXIT_DONE


@click.command(
    "restore",
    cls=Command,
    epilog="例：huyue restore /media/备份盘 新档案库；huyue restore /media/备份盘 新档案库 --at 2026-04-05",
    help="从备份恢复出一个档案库，放进一个空文件夹，然后核对一遍。密钥文件要先放好：新文件夹名加 .key，或由 HUYUE_KEY_FILE 指明。",
)
@click.argument("folder", type=FOLDER, metavar="备份所在的文件夹")
@click.argument("target", type=FOLDER, metavar="新文件夹")
@click.option(
    "--at", default="", metavar="时间", help="恢复到那时为止最后一次备份，如 2026-04-05；默认最新的。"
)
def restore_(folder: Path, target: Path, at: str) -> int:
    actor, key_file = session().actor(), key_file_of(target, key_file_name())
    key = keys.read_key(key_file, ask_passphrase())
    done = restore(folder, target, key_file, key, at, actor, partial(progress, "恢复（个）"))
    found = look_over(done.home, actor, Part())
    value, lines = report(done.home, found)
    again = {"blobs": done.recreated, "disposals": [number for number, _ in done.disposals]}
    entries = done.state.manifest.entries
    emit(
        {"home": str(target), "time": done.state.time, "entries": entries, "recreated": again, **value},
        [
            f"已恢复到 {target}，是 {done.state.time} 那次备份的样子（日志到第 {entries} 条）。",
            *lines,
        ],
    )
    if not done.in_step:
        say("密钥旁边记着比这份备份更新的日志：那次备份以后做的，恢复出来的档案库里没有，请对照补做。")
    if done.recreated:
        said = "、".join(f"第 {number} 号（{day}）" for number, day in done.disposals)
        say(
            f"这次恢复带回了后来已经鉴定销毁的 {done.recreated} 个文件，销毁清册：{said}。请照清册在恢复出来的档案库里重新提出、批准、销毁（huyue dispose）。"
        )
        return max(found.status, EXIT_LOOK)
    return found.status


def _prune(folder: Path, keep: Keep, dry_run: bool) -> int:
    home, actor = session().open_home(), session().actor()
    done = prune(home, folder, keep, actor.today, partial(progress, "清理（个）"), dry_run=dry_run)
    if not dry_run and (done.gone or done.blobs):
        with home.writing() as connection:
            counts = {"states": len(done.gone), "blobs": done.blobs, "destroyed": not keep.destroyed}
            journal.record(connection, actor, "backup_prune", "", counts)
    value = {
        "gone": [one.time for one in done.gone],
        "kept": [one.time for one in done.kept],
        "blobs": done.blobs,
        "bytes": done.bytes,
        "holding_destroyed": [one.time for one in done.holding],
    }
    will = "会删掉" if dry_run else "删掉了"
    lines = [f"{will} {_line(one)}" for one in done.gone]
    lines.append(
        f"{will} {len(done.gone)} 次备份、{done.blobs} 个没有备份要用的文件，{_size(done.bytes)}；留着 {len(done.kept)} 次。"
    )
    emit(value, lines + (["没有删：去掉 --dry-run 就删。"] if dry_run else []))
    if done.holding:
        say(_holding(folder, done.holding, newest=done.kept[-1]))
    return EXIT_LOOK if done.holding else EXIT_DONE


def _holding(folder: Path, states: Sequence[State], newest: State) -> str:
    """That states still have what was destroyed, and what to do about it."""
    first = f"先再备份一次（huyue backup {folder}），再" if newest in states else ""
    times = "、".join(one.time for one in states)
    return f"这 {len(states)} 次备份里还有已经鉴定销毁的件：{times}。请{first}运行 huyue backup --prune {folder} --destroyed。"


def _value(one: State) -> dict[str, object]:
    kept = one.manifest
    return {
        "archive": kept.archive,
        "time": one.time,
        "blobs": kept.count,
        "bytes": kept.bytes,
        "entries": kept.entries,
        "root": kept.root,
        "lacking": kept.lacking,
    }


def _line(one: State) -> str:
    kept = one.manifest
    lacking = f"，缺 {len(kept.lacking)} 个" if kept.lacking else ""
    return f"{one.time}　档案库 {kept.archive}　{kept.count} 个文件，{_size(kept.bytes)}{lacking}　日志到第 {kept.entries} 条"


def _made(made: Made) -> list[str]:
    return [
        f"备份好了：{made.state.folder}",
        f"新复制 {made.copied} 个文件，{_size(made.bytes)}；这次的样子一共 {made.state.manifest.count} 个。",
        "备份里没有密钥。请把密钥文件另存一份在别处，不要和备份放在一起。",
    ]


def _warnings(home: Home, folder: Path, made: Made) -> list[str]:
    found = []
    if made.state.manifest.lacking:
        found.append(
            f"档案库里有 {len(made.state.manifest.lacking)} 个文件不见了或坏了，没有备份到，请核对档案库（huyue verify）。"
        )
    if not made.in_step:
        found.append("日志和上次核对、备份时记下的对不上，请核对档案库（huyue verify）。")
    if folder.stat().st_dev == home.folder.stat().st_dev:
        found.append("备份和档案库在同一个盘上，盘坏了就都没有了。请备份到另一个盘。")
    if home.key_file.resolve().is_relative_to(folder.resolve()):
        found.append("密钥文件就在备份的文件夹里，捡到这个盘的人打得开备份。请移到别处。")
    if made.holding:
        found.append(_holding(folder, made.holding, newest=made.state))
    return found


def _size(count: int) -> str:
    return f"{count / GB:.2f} GB" if count >= GB / 100 else f"{count / 1e6:.2f} MB"
