"""`huyue init`: make a new archive."""

from pathlib import Path

import click

from archive.home import create_home
from archive.vault import AES, CIPHERS
from pipeline.console import FILE, FOLDER, Command, ask_passphrase, emit, key_file_name, session
from pipeline.divisions import Divisions

EPILOG = "例：huyue init 档案库；huyue init 档案库 --divisions 本县区划.csv；huyue init 档案库 --cipher sm4"


@click.command(
    cls=Command, epilog=EPILOG, help="在“文件夹”处建一个新的档案库，并生成它的密钥（文件夹名加 .key）。"
)
@click.argument("folder", type=FOLDER, metavar="文件夹")
@click.option(
    "--divisions",
    type=FILE,
    metavar="文件.csv",
    help="本县的区划表（列 code,name,parent），默认用随附的 451225。",
)
@click.option(
    "--cipher",
    type=click.Choice(list(CIPHERS)),
    default=AES,
    help="扫描件用哪种算法加密：aes（AES-256-GCM，默认）、sm4（国密 SM4-GCM）。建好以后不能改。",
)
def init(folder: Path, divisions: Path | None, cipher: str) -> None:
    table = Divisions.load(divisions) if divisions else Divisions.shipped()
    actor = session().actor()
    home = create_home(folder, key_file_name(), table.names, actor, ask_passphrase(), cipher)
    emit(
        {
            "home": str(home.folder),
            "key_file": str(home.key_file),
            "divisions": len(table.names),
            "cipher": cipher,
        },
        [
            f"档案库建好了：{home.folder}",
            f"密钥在：{home.key_file}（没有它打不开档案库，请另存一份在别处）",
            f"区划 {len(table.names)} 条。下一步：huyue --home {home.folder} roster import 花名册.xlsx",
        ],
    )
