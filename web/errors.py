"""The errors of the desk: one class each, its docstring the message (archive/errors.py), and what HTTP says of it."""

from archive.errors import HuyueError, WrongUsage


class NotFound(WrongUsage):
    """没有这一页、这份合同或这个文件，或者不在您负责的村。"""


class NotAllowed(WrongUsage):
    """您的账号（{role}）不能做这件事。需要的话请找管理员。"""


class FormStale(WrongUsage):
    """页面打开得太久，或者不是从本系统打开的，没有做。请刷新页面再试一次。"""


class BadForm(WrongUsage):
    """{detail}"""


class TooLarge(WrongUsage):
    """送来的内容太大，没有收下。"""


class DiskNearlyFull(WrongUsage):
    """磁盘快满了，没有收下。已经传好的都还在：请告诉管理员腾出空间，再接着传。"""


class TooManyJobs(WrongUsage):
    """您已经有 {most} 件后台工作在排队，这一件没有排进去。请等做完几件，或在“后台”里取消几件，再来一次。"""


class TooManyStreams(WrongUsage):
    """您同时开着 {most} 个看进度的网页，这一个不再自动更新。请关掉几个，再刷新。"""


class TooMany(WrongUsage):
    """试得太多了，请过 {minutes} 分钟再试。"""


class AccountTaken(WrongUsage):
    """已经有叫“{name}”的账号，请换一个名字。"""


class LastAdministrator(WrongUsage):
    """这是最后一个管理员账号，不能停用，也不能改成别的角色。"""


class ItemTaken(WrongUsage):
    """第 {id} 号刚才已由别人处理了，您的没有再记。"""


class RosterElsewhere(WrongUsage):
    """这份花名册里有不归您负责的村，没有读。请只留下自己的村再传，或者请管全部村的同事来导入。"""


class ImportElsewhere(WrongUsage):
    """最近一次导入里有不归您负责的村，您不能撤销。请找管全部村的同事。"""


class BindUnsafe(WrongUsage):
    """只有本机能访问的地址（127.0.0.1）才可以不加密。要让别的电脑访问，请用 --tls-cert 和 --tls-key 给出证书，或者放在代理后面并写 --behind-proxy。"""


class PortTaken(WrongUsage):
    """端口 {port} 已经被占用，多半是另一个 huyue serve 正开着。请用 --port 换一个。"""


class DeskTaken(WrongUsage):
    """这个档案库的网页已经由另一个 huyue serve 打开了，一个档案库只能开一个。"""


HTTP_STATUS: dict[type[WrongUsage], int] = {
    NotFound: 404,
    NotAllowed: 403,
    FormStale: 403,
    BadForm: 422,
    TooLarge: 413,
    DiskNearlyFull: 413,  # not 507: the uploader would try again and again before it says why
    TooMany: 429,
    TooManyJobs: 429,
    TooManyStreams: 429,
    AccountTaken: 409,
    LastAdministrator: 409,
    ItemTaken: 409,
    ImportElsewhere: 403,
}


def http_status(problem: HuyueError) -> int:
    """What HTTP says of an error that a page ends with."""
    return next((code for kind, code in HTTP_STATUS.items() if isinstance(problem, kind)), 422)
