"""The pages that stand in every page's head, with the permission that each asks for."""

from web.roles import Permission

NAVIGATION: tuple[tuple[str, str, Permission | None, str], ...] = (
    ("/search", "查合同", Permission.READ, "search"),
    ("/intake", "扫描归档", Permission.TAKE_IN, "scan"),
    ("/review", "待核", Permission.REVIEW, "review"),
    ("/campaigns", "签约批次", Permission.PREPARE, "print"),
    ("/rosters", "花名册", Permission.PREPARE, "people"),
    ("/audit", "检查", Permission.AUDIT, "check"),
    ("/reports", "报表", Permission.AUDIT, "report"),
    ("/templates", "合同模板", Permission.READ, "template"),
    ("/jobs", "后台", Permission.READ, "work"),
    ("/admin", "管理", Permission.JOURNAL, "gear"),
)
