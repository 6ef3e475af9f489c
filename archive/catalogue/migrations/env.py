"""Alembic's entry: migrations run on the connection that archive.catalogue.database hands over."""

from alembic import context

from archive.catalogue.tables import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True
)
context.run_migrations()
