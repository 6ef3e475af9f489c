"""The catalogue's tables of what stands on the shelf beside the signed contracts, and of what was taken off it."""

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

from archive.catalogue.tables import metadata

# A paper filed by hand, or with a package: each correction is a new version under the same number.
# `own_number` is the number that it carries itself, `day` its date (2009, 2009-03 or 2009-03-01, "" where unknown),
# `ends` the end of its term, `division` a code of a county, town or village, `contract` the contract that it belongs
# to, `words` what is written on it, as far as typed or read; `retention` Y, D30 or D10.
paper = Table(
    "paper",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("own_number", Text, nullable=False),
    Column("day", Text, nullable=False),
    Column("ends", Text),
    Column("division", Text, ForeignKey("division.code"), nullable=False),
    Column("group_no", Integer),
    *(Column(name, Text, nullable=False) for name in ("household_number", "party", "responsible")),
    Column("contract", Text, ForeignKey("contract.number"), index=True),
    *(Column(name, Text, nullable=False) for name in ("retention", "words", "filed_on", "user", "reason")),
    UniqueConstraint("number", "version"),
    Index("ix_paper_division", "division"),
)

# The files of a version of a paper, in order: their bytes are kept as they are, in the blobs (JSON) of `blobs`.
paper_file = Table(
    "paper_file",
    metadata,
    Column("paper_id", Integer, ForeignKey("paper.id"), nullable=False),
    Column("position", Integer, nullable=False),
    *(Column(name, Text, nullable=False) for name in ("name", "sha256", "media", "blobs")),
    Column("size", Integer, nullable=False),
    Column("pages", Integer, nullable=False),
    PrimaryKeyConstraint("paper_id", "position"),
)

# Archival numbers (DA/T 22): `series` is all of a number but its last part, the item. Given once, never again.
archival_number = Table(
    "archival_number",
    metadata,
    Column("series", Text, nullable=False),
    Column("item", Integer, nullable=False),
    Column("contract", Text, ForeignKey("contract.number"), unique=True),
    Column("paper", Integer, unique=True),
    Column("given_on", Text, nullable=False),
    Column("user", Text, nullable=False),
    PrimaryKeyConstraint("series", "item"),
)

# Papers proposed for destruction by one person, approved or refused by another, destroyed, as a list of its own.
# `decision` is "", approved or refused; `counted` what was destroyed (JSON), "" before.
disposal = Table(
    "disposal",
    metadata,
    Column("id", Integer, primary_key=True),
    *(Column(name, Text, nullable=False) for name in ("proposed_on", "proposed_by", "reason")),
    Column("decision", Text, nullable=False, server_default=""),
    *(Column(name, Text) for name in ("decided_on", "decided_by", "destroyed_on")),
    Column("counted", Text, nullable=False, server_default=""),
)

# What a disposal takes: a contract's filings or a paper, all versions. `destroyed` are the hashes of what is gone (JSON).
disposal_item = Table(
    "disposal_item",
    metadata,
    Column("disposal_id", Integer, ForeignKey("disposal.id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("contract", Text, ForeignKey("contract.number"), index=True),
    Column("paper", Integer, index=True),
    Column("destroyed", Text, nullable=False, server_default=""),
    PrimaryKeyConstraint("disposal_id", "position"),
)

# A search that somebody keeps under a name: the text of the query, and the filters beside it (JSON).
saved_search = Table(
    "saved_search",
    metadata,
    Column("name", Text, primary_key=True),
    *(Column(name, Text, nullable=False) for name in ("query", "filters", "user", "saved_on")),
)

# A list printed to be ticked by hand, recorded before it is; its sheets are those of the layout of the same id.
tick_list = Table(
    "tick_list",
    metadata,
    Column("id", Text, ForeignKey("layout.id"), primary_key=True),
    *(Column(name, Text, nullable=False) for name in ("kind", "title", "made_on", "user")),
    Column("pages", Integer, nullable=False),
)

# Its lines, `line` from 1 through all pages; `subject` is what the maker of the list knows a line by.
tick_line = Table(
    "tick_line",
    metadata,
    Column("list_id", Text, ForeignKey("tick_list.id"), nullable=False),
    Column("line", Integer, nullable=False),
    Column("page", Integer, nullable=False),
    Column("subject", Text, nullable=False),
    PrimaryKeyConstraint("list_id", "line"),
)

# A page of a list that came back, as a PDF; of several the newest counts. None is ever overwritten.
tick_page = Table(
    "tick_page",
    metadata,
    Column("page_id", Integer, ForeignKey("scan_page.id"), primary_key=True),
    Column("list_id", Text, ForeignKey("tick_list.id"), nullable=False),
    Column("page", Integer, nullable=False),
    Column("blob", Text, ForeignKey("blob.name"), nullable=False, index=True),
    Column("read_on", Text, nullable=False),
    Column("user", Text, nullable=False),
    Index("ix_tick_page_list_id", "list_id", "page"),
)

# What its boxes are (filled, empty, unsure), in printed order.
tick_read = Table(
    "tick_read",
    metadata,
    Column("page_id", Integer, ForeignKey("tick_page.page_id"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("line", Integer, nullable=False),
    Column("column", Text, nullable=False),
    Column("verdict", Text, nullable=False),
    PrimaryKeyConstraint("page_id", "position"),
)
