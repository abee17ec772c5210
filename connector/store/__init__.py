"""The ledger in SQL: one set of statements for SQLite and PostgreSQL, and the migrations.

The only room that knows SQL. Must not know HTTP.
"""
