"""Rosters year after year: undone imports, what they change about contracts, linked persons, responsible ones."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("roster_import", sa.Column("undone_on", sa.Text(), nullable=True))
    op.add_column("contract", sa.Column("import_id", sa.Integer(), nullable=True))
    op.create_table(
        "carried",
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("village_code", sa.Text(), nullable=False),
        sa.Column("id_number", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["roster_import.id"], name=op.f("fk_carried_import_id")),
        sa.ForeignKeyConstraint(["village_code"], ["division.code"], name=op.f("fk_carried_village_code")),
        sa.PrimaryKeyConstraint("village_code", "import_id", "id_number", name=op.f("pk_carried")),
    )
    op.create_index(op.f("ix_carried_id_number"), "carried", ["id_number"], unique=False)
    op.create_table(
        "person_link",
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("old_id", sa.Text(), nullable=False),
        sa.Column("new_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["roster_import.id"], name=op.f("fk_person_link_import_id")),
        sa.PrimaryKeyConstraint("import_id", "old_id", name=op.f("pk_person_link")),
    )
    op.create_table(
        "responsible",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("village_code", sa.Text(), nullable=False),
        sa.Column("group_no", sa.Integer(), nullable=True),
        sa.Column("household_number", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("recorded_on", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["village_code"], ["division.code"], name=op.f("fk_responsible_village_code")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_responsible")),
    )
    op.create_index("ix_responsible_village", "responsible", ["village_code", "year"], unique=False)
    op.create_table(
        "subject_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("contract", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("decided_on", sa.Text(), nullable=True),
        sa.Column("returned_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["contract"], ["contract.number"], name=op.f("fk_subject_change_contract")),
        sa.ForeignKeyConstraint(
            ["import_id"], ["roster_import.id"], name=op.f("fk_subject_change_import_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subject_change")),
    )
    op.create_index(op.f("ix_subject_change_contract"), "subject_change", ["contract"], unique=False)
    op.create_index(op.f("ix_subject_change_import_id"), "subject_change", ["import_id"], unique=False)
