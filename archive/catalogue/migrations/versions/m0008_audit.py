"""Lists that are ticked by hand and scanned back; what audits found; contracts' facts in an index that covers them."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
FACTS = (
    "party_key template campaign_id number template_sha256 village_code group_no household_number responsible starts ends "
    "planned_on printed_on sheets blank assigned_on"
).split()


def upgrade() -> None:
    _tick_lists()
    _audits()
    op.drop_index("ix_contract_party_key", "contract")
    op.create_index("ix_contract_party_key", "contract", FACTS)
    op.create_index("ix_filing_facts", "filing", ["contract", "version", "filed_on", "sheets", "gaps"])
    flawed = sa.text("flaws != ''")
    op.create_index(
        "ix_filed_sheet_flaws", "filed_sheet", ["filing_id"], sqlite_where=flawed, postgresql_where=flawed
    )


def _audits() -> None:
    op.create_table(
        "finding_note",
        sa.Column("id", sa.Integer(), nullable=False),
        *_texts("contract", "class", "kind", "reason"),
        sa.Column("until", sa.Text(), nullable=True),
        *_texts("user", "recorded_on"),
        sa.ForeignKeyConstraint(["contract"], ["contract.number"], name=op.f("fk_finding_note_contract")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding_note")),
    )
    op.create_index("ix_finding_note_contract", "finding_note", ["contract", "class"], unique=False)
    op.create_table(
        "damage",
        sa.Column("id", sa.Integer(), nullable=False),
        *_texts("blob", "code", "found_on"),
        sa.Column("mended_on", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["blob"], ["blob.name"], name=op.f("fk_damage_blob")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_damage")),
    )
    op.create_index(op.f("ix_damage_blob"), "damage", ["blob"], unique=False)
    op.create_table(
        "spot_check",
        sa.Column("id", sa.Integer(), nullable=False),
        *_texts("day", "drawn_on", "user", "seed", "drawn", "list_id"),
        sa.ForeignKeyConstraint(["list_id"], ["tick_list.id"], name=op.f("fk_spot_check_list_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spot_check")),
        sa.UniqueConstraint("list_id", name=op.f("uq_spot_check_list_id")),
    )
    op.create_table(
        "spot_item",
        sa.Column("spot_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        *_texts("contract", "strata"),
        sa.Column("within", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["spot_id"], ["spot_check.id"], name=op.f("fk_spot_item_spot_id")),
        sa.ForeignKeyConstraint(["contract"], ["contract.number"], name=op.f("fk_spot_item_contract")),
        sa.PrimaryKeyConstraint("spot_id", "position", name=op.f("pk_spot_item")),
    )
    op.create_index(op.f("ix_spot_item_contract"), "spot_item", ["contract"], unique=False)
    op.create_table(
        "spot_result",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("spot_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        *_texts("result", "note", "how", "user", "recorded_on"),
        sa.ForeignKeyConstraint(["spot_id"], ["spot_check.id"], name=op.f("fk_spot_result_spot_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spot_result")),
    )
    op.create_index("ix_spot_result_spot_id", "spot_result", ["spot_id", "position"], unique=False)
    op.create_table(
        "promise_kept",
        sa.Column("id", sa.Integer(), nullable=False),
        *_texts("contract", "promise", "due", "kept_on", "user", "recorded_on"),
        sa.ForeignKeyConstraint(["contract"], ["contract.number"], name=op.f("fk_promise_kept_contract")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promise_kept")),
    )
    op.create_index("ix_promise_kept_contract", "promise_kept", ["contract", "promise", "due"], unique=False)


def _tick_lists() -> None:
    op.create_table(
        "tick_list",
        *_texts("id", "kind", "title", "made_on", "user"),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["id"], ["layout.id"], name=op.f("fk_tick_list_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tick_list")),
    )
    op.create_table(
        "tick_line",
        *_texts("list_id"),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("page", sa.Integer(), nullable=False),
        *_texts("subject"),
        sa.ForeignKeyConstraint(["list_id"], ["tick_list.id"], name=op.f("fk_tick_line_list_id")),
        sa.PrimaryKeyConstraint("list_id", "line", name=op.f("pk_tick_line")),
    )
    op.create_table(
        "tick_page",
        sa.Column("page_id", sa.Integer(), nullable=False),
        *_texts("list_id"),
        sa.Column("page", sa.Integer(), nullable=False),
        *_texts("blob", "read_on", "user"),
        sa.ForeignKeyConstraint(["page_id"], ["scan_page.id"], name=op.f("fk_tick_page_page_id")),
        sa.ForeignKeyConstraint(["list_id"], ["tick_list.id"], name=op.f("fk_tick_page_list_id")),
        sa.ForeignKeyConstraint(["blob"], ["blob.name"], name=op.f("fk_tick_page_blob")),
        sa.PrimaryKeyConstraint("page_id", name=op.f("pk_tick_page")),
    )
    op.create_index(op.f("ix_tick_page_blob"), "tick_page", ["blob"], unique=False)
    op.create_index("ix_tick_page_list_id", "tick_page", ["list_id", "page"], unique=False)
    op.create_table(
        "tick_read",
        sa.Column("page_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        *_texts("column", "verdict"),
        sa.ForeignKeyConstraint(["page_id"], ["tick_page.page_id"], name=op.f("fk_tick_read_page_id")),
        sa.PrimaryKeyConstraint("page_id", "position", name=op.f("pk_tick_read")),
    )


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]
