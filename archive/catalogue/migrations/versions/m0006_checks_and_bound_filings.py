"""When each blob was last found sound, the hash of each filing, and the journal entry that vouches for it."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("blob", sa.Column("checked_on", sa.Text(), nullable=True))
    op.add_column("filing", sa.Column("sha256", sa.Text(), server_default="", nullable=False))
    op.add_column("filing", sa.Column("entry", sa.Integer(), nullable=True))
    op.create_index(op.f("ix_filing_entry"), "filing", ["entry"], unique=False)
