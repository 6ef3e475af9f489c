"""Which version of a template is in use since when, campaigns that are closed, and blank contracts."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "template_use",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("since", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["sha256"], ["template.sha256"], name=op.f("fk_template_use_sha256")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_template_use")),
    )
    op.add_column("campaign", sa.Column("closed_on", sa.Text(), nullable=True))
    op.add_column("campaign", sa.Column("counted", sa.Text(), nullable=True))
    op.add_column("contract", sa.Column("blank", sa.Boolean(), server_default="0", nullable=False))
    op.add_column("contract", sa.Column("assigned_on", sa.Text(), nullable=True))
