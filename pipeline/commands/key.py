"""`huyue key`: the archive's key, its passphrase, another key, and the recovery code."""

import secrets

import click

from archive import journal, keys
from archive.errors import KeyExists, NotAnArchive
from archive.home import Home, key_file_of
from archive.rekey import blob_keys, change_key
from pipeline.console import Command, Group, emit, key_file_name, progress, say, session

SHORTEST = 10  # characters of a passphrase


@click.group(
    cls=Group,
    short_help="密钥：加口令、换密钥、恢复码。",
    help="档案库的密钥。没有密钥，谁也打不开档案库；密钥文件加了口令，偷到文件也没有用；恢复码写在纸上，密钥文件丢了、口令忘了用。",
    epilog="例：huyue --home 档案库 key show；key protect（加口令、换口令）；key recovery（做恢复码）；key change（换密钥）",
)
def key() -> None:
    """The commands below."""


@key.command(
    cls=Command, epilog="例：huyue --home 档案库 key show", help="密钥在哪里，有没有口令，有没有恢复码。"
)
def show() -> None:
    home = session().open_home()
    protected, recovery = keys.has_passphrase(home.key_file), home.recovery.is_file()
    emit(
        {"key_file": str(home.key_file), "passphrase": protected, "recovery": recovery},
        [
            f"密钥文件：{home.key_file}",
            "口令：有" if protected else "口令：没有，拿到文件就能打开档案库。加口令：huyue key protect",
            "恢复码：做过" if recovery else "恢复码：没有。做一张：huyue key recovery",
        ],
    )


@key.command(
    cls=Command,
    epilog="例：huyue --home 档案库 key protect",
    help="给密钥文件加口令，已经有的换一个。以后每个命令都要口令；无人值守的，用环境变量 HUYUE_PASSPHRASE 给出。已经收的文件不动。",
)
def protect() -> None:
    home = session().open_home()
    keys.replace(home.key_file, keys.written(home.key, _new_passphrase()))
    _record(home, "key_passphrase", protected=True)
    emit({"key_file": str(home.key_file), "passphrase": True}, [f"{home.key_file} 有口令了。请记住它。"])
    if not home.recovery.is_file():
        say("还没有恢复码：口令忘了就再也打不开了。请运行 huyue key recovery，把恢复码抄在纸上，锁起来。")


@key.command(cls=Command, epilog="例：huyue --home 档案库 key unprotect", help="去掉密钥文件的口令。")
def unprotect() -> None:
    home = session().open_home()
    keys.replace(home.key_file, keys.written(home.key))
    _record(home, "key_passphrase", protected=False)
    emit(
        {"key_file": str(home.key_file), "passphrase": False},
        [f"{home.key_file} 没有口令了，拿到文件就能打开档案库。请把它放在别人拿不到的地方。"],
    )


@key.command(
    cls=Command,
    epilog="例：huyue --home 档案库 key recovery",
    help="做恢复码：只显示这一次，抄在纸上锁起来。密钥文件丢了、口令忘了，凭它找回。再做一张，以前的就没有用了。",
)
def recovery() -> None:
    home = session().open_home()
    code = keys.new_code()
    keys.keep_under(home.recovery, home.key, code)
    _record(home, "key_recovery")
    emit(
        {"code": code},
        [
            "恢复码（只显示这一次，请抄在纸上，同档案库和密钥文件分开锁好）：",
            "",
            f"    {code}",
            "",
            "找回密钥：huyue --home 档案库 key recover。换了密钥或再做一张，这一张就没有用了。",
        ],
    )


@key.command(
    cls=Command,
    epilog="例：huyue --home 档案库 key recover",
    help="凭恢复码找回密钥：密钥文件丢了的，重新写一个；口令忘了的，先把那个密钥文件移开。",
)
def recover() -> None:
    folder = session().folder()
    home = Home(folder, key_file_of(folder, key_file_name()), b"")
    if not home.catalogue.is_file():
        raise NotAnArchive(file=folder)
    if home.key_file.exists():
        raise KeyExists(file=home.key_file)
    found = keys.recovered(home.recovery, click.prompt("恢复码", err=True))
    home = Home(folder, home.key_file, found)
    with home.reading():  # raises WrongKey for a code of a key before
        pass
    keys.write_new(home.key_file, keys.written(found))
    _record(home, "key_recovered")
    emit(
        {"key_file": str(home.key_file), "passphrase": False},
        [f"密钥找回来了，写在 {home.key_file}，没有口令。加口令：huyue key protect"],
    )


@key.command(
    cls=Command,
    epilog="例：huyue --home 档案库 key change",
    help="换一个密钥：怀疑密钥被人拿走时用。已经收的文件不重写。旧密钥、旧恢复码从此打不开这个档案库；以前的备份还要用旧密钥打开，请把旧密钥文件同旧备份放在一起。",
)
def change() -> None:
    current = session()
    home = current.open_home()
    new = secrets.token_bytes(keys.LENGTH)
    passphrase = _new_passphrase() if keys.has_passphrase(home.key_file) else ""
    with progress("换密钥（个）", blob_keys(home)) as bar:
        changed = change_key(home, new, keys.written(new, passphrase), current.actor(), bar.advance)
    emit(
        {"key_file": str(changed.key_file), "passphrase": bool(passphrase)},
        [
            f"密钥换好了，写在 {changed.key_file}。请马上另存一份在别处。",
            "旧的恢复码没有用了，做一张新的：huyue key recovery。以前的备份还要用旧密钥打开。",
        ],
    )


def _record(home: Home, action: str, **detail: object) -> None:
    with home.writing() as connection:
        journal.record(connection, session().actor(), action, "", detail)


def _new_passphrase() -> str:
    """A passphrase that was typed twice."""
    while True:
        given: str = click.prompt("新口令", hide_input=True, confirmation_prompt="再输入一次", err=True)
        if len(given) >= SHORTEST:
            return given
        say(f"口令太短，至少 {SHORTEST} 个字符。几个不相干的词连起来，又长又好记。")
