"""Who may do what: five roles, each a set of permissions (docs/guide, 角色和权限)."""

from enum import StrEnum


class Permission(StrEnum):
    """What a page or a piece of work asks for."""

    READ = "read"  # search, contracts, scans, household pages
    UNMASK = "unmask"  # identity numbers, with a reason
    PREPARE = "prepare"  # rosters, campaigns, planning, printing
    TAKE_IN = "take_in"  # scans
    REVIEW = "review"  # decide on scanned pages
    CLOSE = "close"  # contracts declined, void, ended
    AUDIT = "audit"  # audits, reports, work lists
    RECORD = "record"  # what is said of findings, promises, spot checks
    PROPOSE = "propose"  # disposals
    APPROVE = "approve"  # disposals, as the second person
    TEMPLATES = "templates"  # take templates into use
    JOURNAL = "journal"
    ADMINISTER = "administer"  # accounts, backup, verify


class Role(StrEnum):
    CLERK = "clerk"
    ARCHIVIST = "archivist"
    AUDITOR = "auditor"
    MANAGER = "manager"
    ADMINISTRATOR = "administrator"


CHINESE = {
    Role.CLERK: "经办人",
    Role.ARCHIVIST: "档案员",
    Role.AUDITOR: "检查人员",
    Role.MANAGER: "负责人",
    Role.ADMINISTRATOR: "管理员",
}
_P = Permission
_CLERK = frozenset({_P.READ, _P.UNMASK, _P.PREPARE, _P.TAKE_IN, _P.REVIEW, _P.CLOSE, _P.AUDIT, _P.RECORD})
MAY = {
    Role.CLERK: _CLERK,
    Role.ARCHIVIST: _CLERK | {_P.PROPOSE},
    Role.AUDITOR: frozenset({_P.READ, _P.AUDIT, _P.JOURNAL}),
    Role.MANAGER: frozenset({_P.READ, _P.UNMASK, _P.AUDIT, _P.RECORD, _P.APPROVE, _P.TEMPLATES, _P.JOURNAL}),
    Role.ADMINISTRATOR: frozenset(_P),
}
LIMITED = frozenset({Role.CLERK, Role.AUDITOR})  # roles that can be limited to villages; a clerk must be
