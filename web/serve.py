"""`huyue serve`: the desk in the browser."""

import ipaddress
import logging
import re
import socket
import ssl
from contextlib import closing
from pathlib import Path

import click
import uvicorn
from filelock import FileLock, Timeout

from archive.home import Home, open_home
from pipeline.console import FILE, Command, ask_passphrase, key_file_name, say, session
from web.app import make_app
from web.database import desk_key, open_database
from web.desk import Desk
from web.errors import BadForm, BindUnsafe, DeskTaken, PortTaken
from web.files import SealedFiles
from web.jobs import Jobs
from web.sessions import new_setup

PORT = 8451
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
EPILOG = (
    "例：huyue --home 档案库 serve；huyue --home 档案库 serve --host 10.1.2.3 --tls-cert 证书.pem --tls-key 私钥.pem；"
    "huyue --home 档案库 serve --behind-proxy --name desk.example.gov.cn"
)


@click.command(
    "serve",
    cls=Command,
    epilog=EPILOG,
    help="打开网页：查合同、扫描归档、待核、打印、检查、报表，都在浏览器里做。第一次会给出建立管理员账号的网址。按 Ctrl-C 关闭。",
)
@click.option(
    "--host",
    default="127.0.0.1",
    metavar="地址",
    help="在哪个地址上，默认 127.0.0.1：只有本机能打开。0.0.0.0 是这台机器的全部地址，要同时用 --name。",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=PORT,
    metavar="端口",
    help=f"默认 {PORT}；0 是任一个空的。",
)
@click.option(
    "--name",
    "names",
    multiple=True,
    metavar="名字",
    help="浏览器里用的名字或地址，如 desk.example.gov.cn；可以写几次。",
)
@click.option("--tls-cert", type=FILE, metavar="文件", help="证书（PEM）。")
@click.option("--tls-key", type=FILE, metavar="文件", help="证书的私钥（PEM）。")
@click.option("--behind-proxy", is_flag=True, help="前面有本机的代理（nginx 等）负责加密。")
def serve(
    host: str,
    port: int,
    names: tuple[str, ...],
    tls_cert: Path | None,
    tls_key: Path | None,
    behind_proxy: bool,
) -> None:
    if (tls_cert is None) != (tls_key is None):
        raise click.UsageError("--tls-cert 和 --tls-key 要一起写。")
    if behind_proxy and not names:
        raise click.UsageError("--behind-proxy 要同时用 --name 写出浏览器里用的名字。")
    host, address = _host(host)
    if address is not None and address.is_unspecified and not names:
        raise click.UsageError(
            f"--host {host} 是这台机器的全部地址，要同时用 --name 写出浏览器里用的名字或地址，如 --name 10.1.2.3；"
            "几个就写几次。只用一个地址的，写 --host 那个地址。"
        )
    for name in names:
        named, its_address = _host(name)
        if its_address is None and not _NAME.fullmatch(named):
            raise click.UsageError(
                f"--name {name} 不是名字或地址：只写名字，不写 http:// 和端口，如 desk.example.gov.cn。"
            )
    local = host == "localhost" or (address is not None and address.is_loopback)
    if not local and tls_cert is None:
        raise BindUnsafe()
    secure = tls_cert is not None or behind_proxy
    if tls_cert is not None and tls_key is not None:
        _check_certificate(tls_cert, tls_key)
    home, passphrase = _opened()
    lock = FileLock(home.folder / ".desk.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise DeskTaken(file=home.folder) from None
    with lock, closing(_bound(host, port)) as listening:
        database = open_database(home)
        desk = Desk(
            home,
            database,
            SealedFiles(home.folder / "desk" / "files", desk_key(home, "files")),
            session().fixed_day(),
            secure,
            passphrase,
        )
        with database.writing() as connection:
            setup = new_setup(connection)
        port = listening.getsockname()[1]
        base = address_of(names[0] if names else host, None if behind_proxy else port, secure=secure)
        if setup is None:
            say(f"网页开着：{base}/　按 Ctrl-C 关闭。")
        else:
            say(f"第一次使用，请打开这个网址建立管理员账号（只能用一次）：{base}/setup/{setup}")
        hosts = {_host(name)[0] for name in names} | ({"127.0.0.1", "localhost"} if local else set())
        if address is None or not address.is_unspecified:
            hosts.add(host)
        _log_to_terminal()
        app = make_app(desk, Jobs(desk), frozenset(hosts))
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=behind_proxy,
            forwarded_allow_ips="127.0.0.1",
            ssl_certfile=tls_cert,
            ssl_keyfile=tls_key,
            timeout_graceful_shutdown=5,
            h11_max_incomplete_event_size=32_768,
        )
        uvicorn.Server(config).run(sockets=[listening])


def _log_to_terminal() -> None:
    """The desk's own log, a line an answer; of the others only what is wrong."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    for name, level in (("huyue.desk", logging.INFO), ("uvicorn.error", logging.WARNING)):
        logger = logging.getLogger(name)
        logger.addHandler(handler)
        logger.setLevel(level)


def _opened() -> tuple[Home, str | None]:
    """The archive, and its key's passphrase where it has one: work in the background opens it again."""
    given: list[str] = []
    ask = ask_passphrase()

    def remembered() -> str:
        assert ask is not None  # noqa: S101
        given.append(ask())
        return given[-1]

    home = open_home(session().folder(), key_file_name(), remembered if ask else None)
    return home, given[-1] if given else None


def _bound(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises PortTaken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With its protocol said: only then asyncio sends what is written at once, instead of 40 ms later.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(1024)  # whoever comes before the server is ready waits for it
    except OSError:
        listening.close()
        raise PortTaken(port=port) from None
    return listening


def _host(written: str) -> tuple[str, ipaddress.IPv4Address | ipaddress.IPv6Address | None]:
    """A host as browsers name it, an IPv6 address without its brackets; and the address, if it is one."""
    try:
        address = ipaddress.ip_address(written.strip("[]"))
    except ValueError:
        return written.lower(), None
    return str(address), address


def address_of(host: str, port: int | None, *, secure: bool) -> str:
    """What a browser is told to open."""
    named, address = _host(host)
    if address is not None and address.version == 6:
        named = f"[{named}]"
    return f"{'https' if secure else 'http'}://{named}" + (f":{port}" if port is not None else "")


def _check_certificate(certificate: Path, key: Path) -> None:
    """Raises BadForm where they are no pair that can be used."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
    except (ssl.SSLError, OSError):
        raise BadForm(
            detail=f"证书 {certificate} 和私钥 {key} 读不了，或者不是一对。请用 PEM 格式的文件。"
        ) from None
