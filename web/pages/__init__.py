"""The pages of the desk, by what they are about."""

from importlib import import_module

MODULES = (
    "home",
    "account",
    "jobs",
    "search",
    "contract",
    "contract_close",
    "rosters",
    "campaigns",
    "templates",
    "intake",
    "review",
    "admin",
    "tokens",
    "keeping",
    "audit",
    "reports",
    "people",
    "samples",
    "worklists",
    "promises",
    "tiles",
)


def load() -> None:
    """Import them all, by which they become pages (asked.PAGES)."""
    import_module("web.uploads")
    for name in MODULES:
        import_module(f"web.pages.{name}")
