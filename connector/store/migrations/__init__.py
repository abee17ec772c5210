"""The history of the schema, as Alembic steps; `connector.store.migrate` runs them."""
