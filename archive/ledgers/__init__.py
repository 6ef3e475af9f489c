"""The ledgers an office keeps, as tables (archive/listing.py), worked out for a date; nothing is stored for them."""
