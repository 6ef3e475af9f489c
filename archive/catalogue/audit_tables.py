"""The catalogue's tables of what audits found and offices did: explanations, damage, spot checks, promises kept."""

from sqlalchemy import Column, ForeignKey, Index, Integer, PrimaryKeyConstraint, Table, Text

from archive.catalogue.tables import metadata

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
