"""What every table is made with: one metadata, and the columns and indices that many have."""

from sqlalchemy import BigInteger, Index, Integer, MetaData, Table

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

HOT = {"fillfactor": "80", "autovacuum_vacuum_scale_factor": "0.02"}
"""PostgreSQL storage of tables whose rows change many times."""

RowNumber = BigInteger().with_variant(Integer(), "sqlite")
"""A key that the database counts up: BIGSERIAL, or SQLite's INTEGER PRIMARY KEY AUTOINCREMENT."""


def index_claims(table: Table) -> None:
    """Give a table that is claimed by lease its two indices: rows that are due, rows that somebody holds."""
    for name, column in (("due", table.c.next_at), ("owner", table.c.owner)):
        there = column.is_not(None)
        Index(f"ix_{table.name}_{name}", column, sqlite_where=there, postgresql_where=there)
