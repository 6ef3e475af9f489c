"""`huyue verify`: is everything in the archive that should be, and unchanged?"""

import click

from archive import search as searching
from archive.errors import EXIT_ARCHIVE, EXIT_DONE, EXIT_LOOK
from archive.verify import blob_count, contracts_of, set_aside, verify
from pipeline.console import Command, emit, progress, session
from pipeline.indexing import names_of


@click.command(
    "verify",
    cls=Command,
    epilog="例：huyue --home 档案库 verify",
    help="核对档案库：逐个读出归档的文件看有没有缺、有没有被改过，核对日志，检索落后的补上。退出码 0 完好，1 有来历不明的文件、已移开，5 有修不好的。",
)
def verify_() -> int:
    home, actor = session().open_home(), session().actor()
    with home.reading() as connection:
        vault = home.vault(connection)
        with progress("核对（个）", blob_count(connection)) as bar:
            found = verify(connection, vault, bar.advance)
        lost = contracts_of(connection, [*found.missing, *found.damaged])
    names = names_of(home)
    with home.locked():
        aside = set_aside(vault, found.orphaned)
        indexed = searching.catch_up(home, names, actor.today, lambda _: None)
    value = {
        "blobs": found.blobs,
        "damaged": found.damaged,
        "missing": found.missing,
        "contracts": lost,
        "orphaned": aside,
        "indexed": indexed,
        "journal_broken_at": found.broken_at,
    }
    lines = [f"核对了 {found.blobs} 个文件。"]
    if found.missing or found.damaged:
        lines.append(
            f"缺 {len(found.missing)} 个，损坏或被改过 {len(found.damaged)} 个。请用备份恢复，不要再写入。"
        )
        lines += [f"  涉及合同 {number}" for number in lost]
    if found.broken_at is not None:
        lines.append(f"日志从第 {found.broken_at} 条起对不上，可能被改动过。")
    if aside:
        lines.append(f"有 {len(aside)} 个来历不明的文件，已移到 {vault.folder / 'aside'}。")
    if indexed:
        lines.append(f"检索补上了 {indexed} 份合同。")
    if found.sound:
        lines.append("档案库完好。" if not aside else "已修好。")
    emit(value, lines)
    if not found.sound:
        return EXIT_ARCHIVE
    return EXIT_LOOK if aside else EXIT_DONE
