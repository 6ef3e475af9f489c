"""What comes back: blobs, scans, filings, reviews, closings, and what the index lacks."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "blob",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("added_on", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_blob")),
    )
    op.create_table(
        "index_change",
        sa.Column("contract", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("contract", name=op.f("pk_index_change")),
    )
    op.create_index(op.f("ix_index_change_seq"), "index_change", ["seq"], unique=False)
    op.create_table(
        "scan_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("taken_on", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scan_file")),
        sa.UniqueConstraint("name", "sha256", name=op.f("uq_scan_file_name")),
    )
    op.create_index(op.f("ix_scan_file_sha256"), "scan_file", ["sha256"], unique=False)
    op.create_table(
        "closing",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("contract", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("recorded_on", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["contract"], ["contract.number"], name=op.f("fk_closing_contract")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_closing")),
    )
    op.create_index(op.f("ix_closing_contract"), "closing", ["contract"], unique=False)
    op.create_table(
        "filing",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("contract", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("filed_on", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("blob", sa.Text(), nullable=True),
        sa.Column("sheets", sa.Integer(), nullable=False),
        sa.Column("gaps", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["blob"], ["blob.name"], name=op.f("fk_filing_blob")),
        sa.ForeignKeyConstraint(["contract"], ["contract.number"], name=op.f("fk_filing_contract")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_filing")),
        sa.UniqueConstraint("contract", "version", name=op.f("uq_filing_contract")),
    )
    op.create_index(op.f("ix_filing_blob"), "filing", ["blob"], unique=False)
    op.create_table(
        "scan_page",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("file_id", sa.Integer(), nullable=False),
        sa.Column("index", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("contract", sa.Text(), nullable=True),
        sa.Column("sheet", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["contract"], ["contract.number"], name=op.f("fk_scan_page_contract")),
        sa.ForeignKeyConstraint(["file_id"], ["scan_file.id"], name=op.f("fk_scan_page_file_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scan_page")),
        sa.UniqueConstraint("file_id", "index", name=op.f("uq_scan_page_file_id")),
    )
    op.create_index(op.f("ix_scan_page_contract"), "scan_page", ["contract"], unique=False)
    op.create_table(
        "filed_sheet",
        sa.Column("filing_id", sa.Integer(), nullable=False),
        sa.Column("sheet", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("page_id", sa.Integer(), nullable=False),
        sa.Column("layout", sa.Text(), nullable=False),
        sa.Column("residual", sa.Float(), nullable=False),
        sa.Column("boxes", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["filing_id"], ["filing.id"], name=op.f("fk_filed_sheet_filing_id")),
        sa.ForeignKeyConstraint(["page_id"], ["scan_page.id"], name=op.f("fk_filed_sheet_page_id")),
        sa.PrimaryKeyConstraint("filing_id", "sheet", name=op.f("pk_filed_sheet")),
    )
    op.create_index(op.f("ix_filed_sheet_page_id"), "filed_sheet", ["page_id"], unique=False)
    op.create_table(
        "review",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("page_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("blob", sa.Text(), nullable=False),
        sa.Column("contract", sa.Text(), nullable=True),
        sa.Column("sheet", sa.Integer(), nullable=True),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("decided_on", sa.Text(), nullable=True),
        sa.Column("assigned", sa.Text(), nullable=True),
        sa.Column("assigned_sheet", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["assigned"], ["contract.number"], name=op.f("fk_review_assigned")),
        sa.ForeignKeyConstraint(["blob"], ["blob.name"], name=op.f("fk_review_blob")),
        sa.ForeignKeyConstraint(["contract"], ["contract.number"], name=op.f("fk_review_contract")),
        sa.ForeignKeyConstraint(["page_id"], ["scan_page.id"], name=op.f("fk_review_page_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review")),
        sa.UniqueConstraint("page_id", name=op.f("uq_review_page_id")),
    )
    op.create_index(op.f("ix_review_blob"), "review", ["blob"], unique=False)
    op.add_column("contract", sa.Column("layout", sa.Text(), nullable=True))
    op.add_column("contract", sa.Column("sheets", sa.Integer(), nullable=True))
    op.create_index("ix_contract_party_key", "contract", ["party_key", "template"], unique=False)
    meta = sa.table("meta", sa.column("key", sa.Text), sa.column("value", sa.LargeBinary))
    op.bulk_insert(meta, [{"key": "blob_name_key", "value": secrets.token_bytes(32)}])
    # What was planned before there was an index is new to it.
    op.execute("INSERT INTO index_change (contract, seq) SELECT number, 1 FROM contract")
