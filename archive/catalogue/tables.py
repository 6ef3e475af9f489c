"""The catalogue's tables (SQLAlchemy Core; more in shelf_tables.py). A change goes with one in migrations/versions.

Dates are ISO 8601 text (`2026-03-01`), so that every back end compares and stores them alike; an open end
is NULL. Nothing is overwritten that a date could be asked about: a roster import adds rows of its own, the newest counts.
"""

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# Made once, by init: the archive's own secrets, code_key (page codes) and blob_name_key (names of blobs); cipher.
meta = Table(
    "meta", metadata, Column("key", Text, primary_key=True), Column("value", LargeBinary, nullable=False)
)

division = Table(
    "division", metadata, Column("code", Text, primary_key=True), Column("name", Text, nullable=False)
)

journal = Table(
    "journal",
    metadata,
    Column("seq", Integer, primary_key=True),
    *(
        Column(name, Text, nullable=False)
        for name in ("at", "today", "user", "action", "subject", "detail", "previous", "hash")
    ),
)

roster_import = Table(
    "roster_import",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("imported_on", Text, nullable=False),
    Column("year", Integer, nullable=False),
    Column("undone_on", Text),
)

# Which villages an import holds: the newest import of a village is its roster.
import_village = Table(
    "import_village",
    metadata,
    Column("import_id", Integer, ForeignKey("roster_import.id"), nullable=False),
    Column("village_code", Text, ForeignKey("division.code"), nullable=False),
    PrimaryKeyConstraint("village_code", "import_id"),
)

household = Table(
    "household",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("import_id", Integer, ForeignKey("roster_import.id"), nullable=False),
    Column("village_code", Text, ForeignKey("division.code"), nullable=False),
    Column("group_no", Integer, nullable=False),
    Column("number", Text, nullable=False),
    Column("head", Text, nullable=False),
    Column("responsible", Text, nullable=False),
    Index("ix_household_village", "village_code", "import_id"),
)

person = Table(
    "person",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("household_id", Integer, ForeignKey("household.id"), nullable=False, index=True),
    Column("import_id", Integer, ForeignKey("roster_import.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("sex", Text, nullable=False),
    Column("birth", Text),
    Column("id_number", Text, nullable=False),
    Column("relation", Text, nullable=False),
    Column("phone", Text, nullable=False),
    Column("marital", Text, nullable=False),
    Column("away_to", Text, nullable=False),
    Column("away_from", Text),
    Column("away_until", Text),
    Column("away_readable", Boolean(create_constraint=False), nullable=False),
    Column("wants_service", Boolean(create_constraint=False), nullable=False),
    Column("wants_pension", Boolean(create_constraint=False), nullable=False),
    Column("wants_choice", Boolean(create_constraint=False), nullable=False),
    Column("held", Text, nullable=False),
    Index("ix_person_id_number", "id_number", "import_id"),
)

# Who was in a village before and is held back in this import: not in its rows, and yet not gone.
carried = Table(
    "carried",
    metadata,
    Column("import_id", Integer, ForeignKey("roster_import.id"), nullable=False),
    Column("village_code", Text, ForeignKey("division.code"), nullable=False),
    Column("id_number", Text, nullable=False, index=True),
    PrimaryKeyConstraint("village_code", "import_id", "id_number"),
)

# Two identity numbers that a person has confirmed to be one person's: what stood under `old_id` goes on under `new_id`.
person_link = Table(
    "person_link",
    metadata,
    Column("import_id", Integer, ForeignKey("roster_import.id"), nullable=False),
    Column("old_id", Text, nullable=False),
    Column("new_id", Text, nullable=False),
    PrimaryKeyConstraint("import_id", "old_id"),
)

# Who looks after a village, a group or a household of that, for a year; the newest entry counts.
responsible = Table(
    "responsible",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("year", Integer, nullable=False),
    Column("village_code", Text, ForeignKey("division.code"), nullable=False),
    Column("group_no", Integer),
    Column("household_number", Text),
    Column("name", Text, nullable=False),
    Column("recorded_on", Text, nullable=False),
    Column("user", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Index("ix_responsible_village", "village_code", "year"),
)

# Every version of a template that a contract was planned with, whole, so that it prints the same for ever.
template = Table(
    "template",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("manifest", LargeBinary, nullable=False),
    Column("docx", LargeBinary, nullable=False),
)

# An office's own versions, as they were taken into use: the newest entry of a name is what is planned with; a
# stock template without an entry is used as it ships.
template_use = Table(
    "template_use",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("sha256", Text, ForeignKey("template.sha256"), nullable=False),
    Column("since", Text, nullable=False),
    Column("user", Text, nullable=False),
)

# `closed_on`: the day every sheet was accounted for; `counted`: what was counted then (JSON), as certified.
campaign = Table(
    "campaign",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("date", Text, nullable=False),
    Column("closes", Text, nullable=False),
    Column("closed_on", Text),
    Column("counted", Text),
)

# `layout` is the id of the layout it was printed with, `sheets` how many that has, `import_id` the roster it was
# planned on. A void contract's party key is made its own (see archive/closings.py), so that its obligation can
# be numbered anew within the campaign. A `blank` one was printed without a party, who is known from `assigned_on`
# on; until then its party key is its own, too, and nothing is owed.
contract = Table(
    "contract",
    metadata,
    Column("number", Text, primary_key=True),
    Column("campaign_id", Integer, ForeignKey("campaign.id"), nullable=False),
    Column("template_sha256", Text, ForeignKey("template.sha256"), nullable=False),
    Column("template", Text, nullable=False),
    Column("village_code", Text, ForeignKey("division.code"), nullable=False),
    Column("group_no", Integer, nullable=False),
    Column("household_number", Text, nullable=False),
    Column("responsible", Text, nullable=False),
    Column("party_key", Text, nullable=False),
    Column("starts", Text, nullable=False),
    Column("ends", Text),
    Column("content", Text, nullable=False),
    Column("planned_on", Text, nullable=False),
    Column("printed_on", Text),
    Column("layout", Text),
    Column("sheets", Integer),
    Column("import_id", Integer),
    Column("blank", Boolean(create_constraint=False), nullable=False, server_default="0"),
    Column("assigned_on", Text),
    Index("ix_contract_village", "village_code", "campaign_id"),
    UniqueConstraint("campaign_id", "template", "party_key"),
)

# Who signs; a couple's husband first (position 0).
party = Table(
    "party",
    metadata,
    Column("contract", Text, ForeignKey("contract.number"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("id_number", Text, nullable=False, index=True),
    PrimaryKeyConstraint("contract", "position"),
)

# The highest serial ever given in a village, year and template: a number is never used again.
serial = Table(
    "serial",
    metadata,
    Column("village_code", Text, nullable=False),
    Column("year", Integer, nullable=False),
    Column("template_number", Text, nullable=False),
    Column("last", Integer, nullable=False),
    PrimaryKeyConstraint("village_code", "year", "template_number"),
)

# What cannot be planned yet, and why; made anew for a village by each plan of it.
waiting = Table(
    "waiting",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("campaign_id", Integer, ForeignKey("campaign.id"), nullable=False),
    Column("template", Text, nullable=False),
    Column("village_code", Text, ForeignKey("division.code"), nullable=False),
    Column("group_no", Integer, nullable=False),
    Column("household_number", Text, nullable=False),
    Column("party", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Index("ix_waiting_campaign", "campaign_id", "village_code"),
)

# Where the fields and boxes of one template version and variant lie, and the page they are printed on.
layout = Table(
    "layout",
    metadata,
    Column("key", Text, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("geometry", LargeBinary, nullable=False),
    Column("background", LargeBinary, nullable=False),
)

# A blob of the vault: its keyed name, its own key wrapped by the archive's, b"" once destroyed; when it was found sound.
blob = Table(
    "blob",
    metadata,
    Column("name", Text, primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
    Column("size", Integer, nullable=False),
    Column("added_on", Text, nullable=False),
    Column("checked_on", Text),
    Column("destroyed_on", Text),
)

# Every file given to intake, by the name it had there and its SHA-256; `code` says why it was rejected.
# `original`: the blobs of its bytes, in order (JSON), "" where not kept; `device`, `captured_at`: as it says.
scan_file = Table(
    "scan_file",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("sha256", Text, nullable=False, index=True),
    Column("size", Integer, nullable=False),
    Column("pages", Integer, nullable=False),
    Column("code", Text, nullable=False),
    Column("taken_on", Text, nullable=False),
    Column("original", Text, nullable=False, server_default=""),
    Column("device", Text, nullable=False, server_default=""),
    Column("captured_at", Text, nullable=False, server_default=""),
    UniqueConstraint("name", "sha256"),
)

# Every page of an opened file (`index` from 0), which of the five counts it is in, its `flaws` by spaces.
scan_page = Table(
    "scan_page",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("file_id", Integer, ForeignKey("scan_file.id"), nullable=False),
    Column("index", Integer, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("contract", Text, ForeignKey("contract.number"), index=True),
    Column("sheet", Integer),
    Column("dpi", Float, nullable=False, server_default="0"),
    Column("flaws", Text, nullable=False, server_default=""),
    UniqueConstraint("file_id", "index"),
)

# A contract's signed paper as it stood from `filed_on` on. A change is a new version; none is overwritten.
# `blob` is the PDF of all its sheets, NULL where the last sheet was taken back; `gaps` are the audit
# classes that it falls short by (incomplete, unsigned, unsealed, undated), "" for a complete one; `sha256` is the
# PDF's, "" where there is none; `entry` the journal entry that vouches for the row (archive/journal.py).
filing = Table(
    "filing",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("contract", Text, ForeignKey("contract.number"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("filed_on", Text, nullable=False),
    Column("user", Text, nullable=False),
    Column("blob", Text, ForeignKey("blob.name"), index=True),
    Column("sheets", Integer, nullable=False),
    Column("gaps", Text, nullable=False),
    Column("sha256", Text, nullable=False, server_default=""),
    Column("entry", Integer, index=True),
    UniqueConstraint("contract", "version"),
)

# The sheets of a filing: which page of its PDF, from which scan; verdicts on its boxes and bearing (JSON); flaws.
filed_sheet = Table(
    "filed_sheet",
    metadata,
    Column("filing_id", Integer, ForeignKey("filing.id"), nullable=False),
    Column("sheet", Integer, nullable=False),
    Column("position", Integer, nullable=False),
    Column("page_id", Integer, ForeignKey("scan_page.id"), nullable=False, index=True),
    Column("layout", Text, nullable=False),
    Column("residual", Float, nullable=False),
    Column("boxes", Text, nullable=False),
    Column("bearing", Text, nullable=False, server_default="[]"),
    Column("flaws", Text, nullable=False, server_default=""),
    PrimaryKeyConstraint("filing_id", "sheet"),
)

# A page that a person must look at: what its code said, and what was decided ("", assigned, rejected).
# `suggestions` (JSON): what else it may be, the likeliest first; `differs`: fields not as printed, by spaces.
review = Table(
    "review",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("page_id", Integer, ForeignKey("scan_page.id"), nullable=False, unique=True),
    Column("reason", Text, nullable=False),
    Column("blob", Text, ForeignKey("blob.name"), nullable=False, index=True),
    Column("contract", Text, ForeignKey("contract.number")),
    Column("sheet", Integer),
    Column("decision", Text, nullable=False),
    Column("decided_on", Text),
    Column("assigned", Text, ForeignKey("contract.number")),
    Column("assigned_sheet", Integer),
    Column("suggestions", Text, nullable=False, server_default="[]"),
    Column("differs", Text, nullable=False, server_default=""),
)

# What an intake was given and what became of it (交接单): as JSON and as a workbook, both blobs.
receipt = Table(
    "receipt",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("day", Text, nullable=False),
    Column("user", Text, nullable=False),
    *(
        Column(name, Integer, nullable=False)
        for name in ("files", "pages", "filed", "duplicate", "blank", "review", "quarantined")
    ),
    Column("json", Text, ForeignKey("blob.name"), nullable=False, index=True),
    Column("workbook", Text, ForeignKey("blob.name"), nullable=False, index=True),
)

# Why a contract no longer counts, from `day` on: declined, withdrawn, moved, died, unfit or void.
closing = Table(
    "closing",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("contract", Text, ForeignKey("contract.number"), nullable=False, index=True),
    *(Column(name, Text, nullable=False) for name in ("kind", "day", "recorded_on", "user", "reason")),
)

# What a roster import changed about a contract's party, for a person to decide on: `decision` is "" until
# then, `kept`, the kind of its closing, or `returned` where the import `returned_by` shows it as it was before.
subject_change = Table(
    "subject_change",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("import_id", Integer, ForeignKey("roster_import.id"), nullable=False, index=True),
    Column("contract", Text, ForeignKey("contract.number"), nullable=False, index=True),
    Column("reason", Text, nullable=False),
    Column("day", Text, nullable=False),
    Column("decision", Text, nullable=False),
    Column("decided_on", Text),
    Column("returned_by", Integer),
)

# When each contract last changed, as a running number: an index that has taken up all to `seq` lacks the rest.
index_change = Table(
    "index_change",
    metadata,
    Column("contract", Text, primary_key=True),
    Column("seq", Integer, nullable=False, index=True),
)
