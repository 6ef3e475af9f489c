"""Original files kept, where they came from, flaws of pages, what a page in review may be, and receipts."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

COUNTS = ("files", "pages", "filed", "duplicate", "blank", "review", "quarantined")


def upgrade() -> None:
    for table, column, kind, default in (
        ("scan_file", "original", sa.Text(), ""),
        ("scan_file", "device", sa.Text(), ""),
        ("scan_file", "captured_at", sa.Text(), ""),
        ("scan_page", "dpi", sa.Float(), "0"),
        ("scan_page", "flaws", sa.Text(), ""),
        ("filed_sheet", "bearing", sa.Text(), "[]"),
        ("filed_sheet", "flaws", sa.Text(), ""),
        ("review", "suggestions", sa.Text(), "[]"),
        ("review", "differs", sa.Text(), ""),
    ):
        op.add_column(table, sa.Column(column, kind, server_default=default, nullable=False))
    op.create_table(
        "receipt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in COUNTS),
        sa.Column("json", sa.Text(), nullable=False),
        sa.Column("workbook", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["json"], ["blob.name"], name=op.f("fk_receipt_json")),
        sa.ForeignKeyConstraint(["workbook"], ["blob.name"], name=op.f("fk_receipt_workbook")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt")),
    )
    op.create_index(op.f("ix_receipt_json"), "receipt", ["json"], unique=False)
    op.create_index(op.f("ix_receipt_workbook"), "receipt", ["workbook"], unique=False)
