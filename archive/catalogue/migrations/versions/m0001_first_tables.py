"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "campaign",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("date", sa.Text(), nullable=False),
        sa.Column("closes", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign")),
        sa.UniqueConstraint("name", name=op.f("uq_campaign_name")),
    )
    op.create_table(
        "division",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_division")),
    )
    op.create_table(
        "journal",
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("today", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("previous", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_journal")),
    )
    op.create_table(
        "layout",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("geometry", sa.LargeBinary(), nullable=False),
        sa.Column("background", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_layout")),
        sa.UniqueConstraint("id", name=op.f("uq_layout_id")),
    )
    op.create_table(
        "meta",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_meta")),
    )
    op.create_table(
        "roster_import",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("imported_on", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster_import")),
    )
    op.create_table(
        "serial",
        sa.Column("village_code", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("template_number", sa.Text(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("village_code", "year", "template_number", name=op.f("pk_serial")),
    )
    op.create_table(
        "template",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("manifest", sa.LargeBinary(), nullable=False),
        sa.Column("docx", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_template")),
    )
    op.create_table(
        "contract",
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("template_sha256", sa.Text(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("village_code", sa.Text(), nullable=False),
        sa.Column("group_no", sa.Integer(), nullable=False),
        sa.Column("household_number", sa.Text(), nullable=False),
        sa.Column("responsible", sa.Text(), nullable=False),
        sa.Column("party_key", sa.Text(), nullable=False),
        sa.Column("starts", sa.Text(), nullable=False),
        sa.Column("ends", sa.Text(), nullable=True),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("planned_on", sa.Text(), nullable=False),
        sa.Column("printed_on", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_contract_campaign_id")),
        sa.ForeignKeyConstraint(
            ["template_sha256"], ["template.sha256"], name=op.f("fk_contract_template_sha256")
        ),
        sa.ForeignKeyConstraint(["village_code"], ["division.code"], name=op.f("fk_contract_village_code")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_contract")),
        sa.UniqueConstraint("campaign_id", "template", "party_key", name=op.f("uq_contract_campaign_id")),
    )
    op.create_index("ix_contract_village", "contract", ["village_code", "campaign_id"], unique=False)
    op.create_table(
        "household",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("village_code", sa.Text(), nullable=False),
        sa.Column("group_no", sa.Integer(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("head", sa.Text(), nullable=False),
        sa.Column("responsible", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["roster_import.id"], name=op.f("fk_household_import_id")),
        sa.ForeignKeyConstraint(["village_code"], ["division.code"], name=op.f("fk_household_village_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_household")),
    )
    op.create_index("ix_household_village", "household", ["village_code", "import_id"], unique=False)
    op.create_table(
        "import_village",
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("village_code", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"], ["roster_import.id"], name=op.f("fk_import_village_import_id")
        ),
        sa.ForeignKeyConstraint(
            ["village_code"], ["division.code"], name=op.f("fk_import_village_village_code")
        ),
        sa.PrimaryKeyConstraint("village_code", "import_id", name=op.f("pk_import_village")),
    )
    op.create_table(
        "waiting",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("template", sa.Text(), nullable=False),
        sa.Column("village_code", sa.Text(), nullable=False),
        sa.Column("group_no", sa.Integer(), nullable=False),
        sa.Column("household_number", sa.Text(), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_waiting_campaign_id")),
        sa.ForeignKeyConstraint(["village_code"], ["division.code"], name=op.f("fk_waiting_village_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waiting")),
    )
    op.create_index("ix_waiting_campaign", "waiting", ["campaign_id", "village_code"], unique=False)
    op.create_table(
        "party",
        sa.Column("contract", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("id_number", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["contract"], ["contract.number"], name=op.f("fk_party_contract")),
        sa.PrimaryKeyConstraint("contract", "position", name=op.f("pk_party")),
    )
    op.create_index(op.f("ix_party_id_number"), "party", ["id_number"], unique=False)
    op.create_table(
        "person",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("household_id", sa.Integer(), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sex", sa.Text(), nullable=False),
        sa.Column("birth", sa.Text(), nullable=True),
        sa.Column("id_number", sa.Text(), nullable=False),
        sa.Column("relation", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("marital", sa.Text(), nullable=False),
        sa.Column("away_to", sa.Text(), nullable=False),
        sa.Column("away_from", sa.Text(), nullable=True),
        sa.Column("away_until", sa.Text(), nullable=True),
        sa.Column("away_readable", sa.Boolean(), nullable=False),
        sa.Column("wants_service", sa.Boolean(), nullable=False),
        sa.Column("wants_pension", sa.Boolean(), nullable=False),
        sa.Column("wants_choice", sa.Boolean(), nullable=False),
        sa.Column("held", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["household_id"], ["household.id"], name=op.f("fk_person_household_id")),
        sa.ForeignKeyConstraint(["import_id"], ["roster_import.id"], name=op.f("fk_person_import_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
    )
    op.create_index(op.f("ix_person_household_id"), "person", ["household_id"], unique=False)
    op.create_index("ix_person_id_number", "person", ["id_number", "import_id"], unique=False)
