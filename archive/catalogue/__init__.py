"""The catalogue: what was planned, printed and filed, in one encrypted database."""

from archive.catalogue import audit_tables as audit_tables  # so that the metadata are whole
from archive.catalogue import shelf_tables as shelf_tables
