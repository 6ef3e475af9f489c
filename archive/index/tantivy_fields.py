"""What tantivy keeps of a document: its fields, and how each can be asked."""

import tantivy

from archive.index.engine import COUNTED, SORTS, Document
from archive.index.names import known_as, name_row, number_tokens, packed, similar_row, sorting_name
from archive.index.tantivy_order import BEGINNINGS, beginning_of
from archive.index.values import OPEN_END, campaign_key, day_number, household_key
from archive.index.words import units

CONTRACT, MARKER = "contract", "marker"  # a paper counts as a contract
COLUMN = "column"  # the tokeniser of what is only sorted by: as a term it would cost as much again


def make_schema() -> tantivy.Schema:
    """The fields; the number alone is kept, as a column."""
    builder = tantivy.SchemaBuilder()

    def add(*names: str, tokenizer: str = "raw", option: str = "basic", **more: bool) -> None:
        for name in names:
            builder.add_text_field(name, tokenizer_name=tokenizer, index_option=option, **more)

    add("kind", "key", "group", "household", "campaign", "form", "person")
    add("number", *COUNTED, fast=True)
    add(*(f"by_{sort}" for sort in SORTS[2:]), tokenizer=COLUMN, fast=True)
    add("names", "similar", "keeper", "letters", "archival", tokenizer="row", option="position")
    add("numbers", "words", tokenizer="row")
    add("marker", stored=True)
    for name in ("starts", "rest", *BEGINNINGS.values()):
        builder.add_unsigned_field(name, fast=True)
    return builder.build()


def fields_of(document: Document, letters: str, words: str) -> dict[str, object]:
    """A document's fields, given the units and the words of its lines."""
    party, key = document.party, document.key
    village_and_year, rest = packed(document.number)
    made: dict[str, object] = {
        "kind": CONTRACT,
        "number": document.number,
        "key": key,
        "numbers": number_tokens(key),
        "names": name_row(party),
        "similar": similar_row(party),
        "person": list(known_as(party)),
        "keeper": name_row(document.responsible),
        "letters": letters,
        "words": words,
        "village": document.village,
        "template": document.template,
        "year": str(document.year),
        "state": document.state,
        "responsible": document.responsible,
        "group": str(document.group),
        "household": household_key(document.household),
        "campaign": campaign_key(document.campaign),
        "archival": " ".join(units(document.archival)),
        "form": list(document.forms),
        "starts": day_number(document.starts, 0),
        "ends": day_number(document.ends, OPEN_END),
        "from_village": int(document.place),
        "from_party": beginning_of(sorting_name(party)),
        "village_and_year": village_and_year,
        "rest": rest,
    }
    for sort in SORTS[2:]:
        made[f"by_{sort}"] = document.sort_key(sort)
    return made
