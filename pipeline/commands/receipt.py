"""`huyue receipt`: what was handed in at each intake, and the files as they came."""

from pathlib import Path

import click
import msgspec

from archive import originals
from pipeline.console import FOLDER, Command, Group, emit, session
from pipeline.errors import FileExists
from pipeline.intake.receipt import KeptReceipt, find_original, find_receipt, receipts, save_receipt
from pipeline.intake.receipt_workbook import OUTCOMES


@click.group(cls=Group, help="交接单：每次收件收了哪些文件、哪些页，各是什么结果；取回原来的扫描文件。")
def receipt() -> None:
    """The receipt commands."""


@receipt.command("list", cls=Command, epilog="例：huyue --home 档案库 receipt list", help="列出所有交接单。")
def list_() -> None:
    with session().open_home().reading() as connection:
        kept = receipts(connection)
    emit({"receipts": [_value(one) for one in kept]}, [_line(one) for one in kept] or ["还没有交接单。"])


@receipt.command(
    cls=Command,
    epilog="例：huyue --home 档案库 receipt show 7 --out 交接",
    help="取出一张交接单：Excel 工作簿和 JSON。不写 --out 就只显示数目。",
)
@click.argument("number", type=click.IntRange(1, 2**62), metavar="号")
@click.option("--out", type=FOLDER, metavar="文件夹", help="存到这个文件夹；已有的文件不会覆盖。")
def show(number: int, out: Path | None) -> None:
    home = session().open_home()
    with home.reading() as connection:
        kept = find_receipt(connection, number)
        value = msgspec.json.decode(home.vault(connection).get(connection, kept.json))
    saved = [] if out is None else save_receipt(home, number, out)
    emit(value, [_line(kept), *(f"存在 {path}。" for path in saved)])


@receipt.command(
    cls=Command,
    epilog="例：huyue --home 档案库 receipt original 四月/扫描-001.pdf --out 扫描-001.pdf",
    help="取回收过的一个扫描文件，和当时一个字节也不差。写收件时的文件名，或它的 SHA-256。",
)
@click.argument("name", metavar="文件名")
@click.option(
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="文件",
    help="存到这里；已有的文件不会覆盖。",
)
def original(name: str, out: Path) -> None:
    home = session().open_home()
    with home.reading() as connection:
        found = find_original(connection, name)
        try:
            with out.open("xb") as file:
                for piece in originals.read(connection, home.vault(connection), found.blobs):
                    file.write(piece)
        except FileExistsError:
            raise FileExists(file=out) from None
        except BaseException:
            out.unlink(missing_ok=True)
            raise
    value = {"name": found.name, "sha256": found.sha256, "bytes": found.size, "file": str(out)}
    emit(value, [f"{found.name} 存在 {out}（{found.size} 字节，SHA-256 {found.sha256}）。"])


def _value(one: KeptReceipt) -> dict[str, object]:
    return {"number": one.number, "day": one.day, "user": one.user, **one.counts}


def _line(one: KeptReceipt) -> str:
    counts = "，".join(f"{label} {one.counts[name]}" for name, label in OUTCOMES.items())
    return f"{one.number:04d}　{one.day}　{one.user}　{one.counts['files']} 个文件，{one.counts['pages']} 页：{counts}"
