"""What audits ask of the catalogue, and its tables of what they found and offices did.

Explanations, damage, spot checks, promises kept; and indexes that hold all that an audit reads of contracts and filings,
so that their contents need not be read with it.
"""

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    literal_column,
    text,
)

from archive.catalogue.tables import contract, filed_sheet, filing, metadata

CONTRACT_FACTS = (
    "party_key template campaign_id number template_sha256 village_code group_no household_number responsible starts ends "
    "planned_on printed_on sheets blank assigned_on"
).split()
Index("ix_contract_party_key", *(contract.c[name] for name in CONTRACT_FACTS))
Index("ix_filing_facts", *(filing.c[name] for name in ("contract", "version", "filed_on", "sheets", "gaps")))

# That a filed sheet's image is not fit to keep; asked in other words, the index is not used.
FLAWED = filed_sheet.c.flaws != literal_column("''")
_FLAWED = text("flaws != ''")
Index("ix_filed_sheet_flaws", filed_sheet.c.filing_id, sqlite_where=_FLAWED, postgresql_where=_FLAWED)

# What a person said of a finding: of a contract and class the newest counts. `kind` is explained, fixed or reopened;
# `until` is the last day on which an explanation holds, NULL for ever.
finding_note = Table(
    "finding_note",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("contract", Text, ForeignKey("contract.number"), nullable=False),
    *(Column(name, Text, nullable=False) for name in ("class", "kind", "reason")),
    Column("until", Text),
    *(Column(name, Text, nullable=False) for name in ("user", "recorded_on")),
    Index("ix_finding_note_contract", "contract", "class"),
)

# A blob that verify found lost or altered, and when it found it sound again.
damage = Table(
    "damage",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("blob", Text, ForeignKey("blob.name"), nullable=False, index=True),
    *(Column(name, Text, nullable=False) for name in ("code", "found_on")),
    Column("mended_on", Text),
)

# A spot check of the papers as of `day`: by which seed and how it was drawn, from how many (JSON, archive/sample_check.py).
spot_check = Table(
    "spot_check",
    metadata,
    Column("id", Integer, primary_key=True),
    *(Column(name, Text, nullable=False) for name in ("day", "drawn_on", "user", "seed", "drawn")),
    Column("list_id", Text, ForeignKey("tick_list.id"), nullable=False, unique=True),
)

# The contracts of a spot check in the order of its list; `strata` are those that drew it (JSON), `within` is in how
# many it stands.
spot_item = Table(
    "spot_item",
    metadata,
    Column("spot_id", Integer, ForeignKey("spot_check.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("contract", Text, ForeignKey("contract.number"), nullable=False, index=True),
    Column("strata", Text, nullable=False),
    Column("within", Integer, nullable=False),
    PrimaryKeyConstraint("spot_id", "position"),
)

# What was found of such a contract: agrees, differs or absent; of several entries the newest counts, "" takes one back.
# `how` is scanned (ticked on paper) or by_hand.
spot_result = Table(
    "spot_result",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("spot_id", Integer, ForeignKey("spot_check.id"), nullable=False),
    Column("position", Integer, nullable=False),
    *(Column(name, Text, nullable=False) for name in ("result", "note", "how", "user", "recorded_on")),
    Index("ix_spot_result_spot_id", "spot_id", "position"),
)

# A promise of the office's in a contract (contract.toml), due on a day, that was kept on `kept_on`; of several
# entries the newest counts, "" takes one back.
promise_kept = Table(
    "promise_kept",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("contract", Text, ForeignKey("contract.number"), nullable=False),
    *(Column(name, Text, nullable=False) for name in ("promise", "due", "kept_on", "user", "recorded_on")),
    Index("ix_promise_kept_contract", "contract", "promise", "due"),
)
