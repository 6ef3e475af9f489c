"""Papers filed by hand, archival numbers, disposals, saved searches; blobs whose key is destroyed."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("blob", sa.Column("destroyed_on", sa.Text(), nullable=True))
    op.create_table(
        "paper",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        *_texts("kind", "title", "own_number", "day"),
        sa.Column("ends", sa.Text(), nullable=True),
        *_texts("division"),
        sa.Column("group_no", sa.Integer(), nullable=True),
        *_texts("household_number", "party", "responsible"),
        sa.Column("contract", sa.Text(), nullable=True),
        *_texts("retention", "words", "filed_on", "user", "reason"),
        sa.ForeignKeyConstraint(["contract"], ["contract.number"], name=op.f("fk_paper_contract")),
        sa.ForeignKeyConstraint(["division"], ["division.code"], name=op.f("fk_paper_division")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper")),
        sa.UniqueConstraint("number", "version", name=op.f("uq_paper_number")),
    )
    op.create_index(op.f("ix_paper_contract"), "paper", ["contract"], unique=False)
    op.create_index("ix_paper_division", "paper", ["division"], unique=False)
    op.create_table(
        "paper_file",
        sa.Column("paper_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        *_texts("name", "sha256", "media", "blobs"),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["paper_id"], ["paper.id"], name=op.f("fk_paper_file_paper_id")),
        sa.PrimaryKeyConstraint("paper_id", "position", name=op.f("pk_paper_file")),
    )
    op.create_table(
        "archival_number",
        *_texts("series"),
        sa.Column("item", sa.Integer(), nullable=False),
        sa.Column("contract", sa.Text(), nullable=True),
        sa.Column("paper", sa.Integer(), nullable=True),
        *_texts("given_on", "user"),
        sa.ForeignKeyConstraint(["contract"], ["contract.number"], name=op.f("fk_archival_number_contract")),
        sa.PrimaryKeyConstraint("series", "item", name=op.f("pk_archival_number")),
        sa.UniqueConstraint("contract", name=op.f("uq_archival_number_contract")),
        sa.UniqueConstraint("paper", name=op.f("uq_archival_number_paper")),
    )
    op.create_table(
        "disposal",
        sa.Column("id", sa.Integer(), nullable=False),
        *_texts("proposed_on", "proposed_by", "reason"),
        sa.Column("decision", sa.Text(), server_default="", nullable=False),
        *(sa.Column(name, sa.Text(), nullable=True) for name in ("decided_on", "decided_by", "destroyed_on")),
        sa.Column("counted", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disposal")),
    )
    op.create_table(
        "disposal_item",
        sa.Column("disposal_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("contract", sa.Text(), nullable=True),
        sa.Column("paper", sa.Integer(), nullable=True),
        sa.Column("destroyed", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["disposal_id"], ["disposal.id"], name=op.f("fk_disposal_item_disposal_id")),
        sa.ForeignKeyConstraint(["contract"], ["contract.number"], name=op.f("fk_disposal_item_contract")),
        sa.PrimaryKeyConstraint("disposal_id", "position", name=op.f("pk_disposal_item")),
    )
    op.create_index(op.f("ix_disposal_item_contract"), "disposal_item", ["contract"], unique=False)
    op.create_index(op.f("ix_disposal_item_paper"), "disposal_item", ["paper"], unique=False)
    op.create_table(
        "saved_search",
        *_texts("name", "query", "filters", "user", "saved_on"),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_saved_search")),
    )


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]
