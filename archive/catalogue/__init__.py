"""The catalogue: what was planned, printed and filed, in one encrypted database."""

from archive.catalogue import shelf_tables as shelf_tables  # so that the metadata are whole
