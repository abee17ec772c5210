"""What people have decided: what is paused, and the audit of who did what.

pauses      a scope in which nothing new is sent to TikTok
audit       append only: by whom, what, on what, from what to what
"""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Table, Text

from connector.store.base import RowNumber, metadata
from connector.store.tables_accounts import workspaces

pauses = Table(
    "pauses",
    metadata,
    # `account`, `app`, `workspace` or `all`, and whose: an id, empty for `all`.
    Column("kind", Text, primary_key=True),
    Column("target", Text, primary_key=True),
    # The workspace whose posts are meant, empty for those of every workspace.
    Column("workspace_id", Text, primary_key=True),
    Column("since", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    # Set once it is lifted; the row goes when the last of its posts is due again.
    Column("ended_at", BigInteger),
)

audit = Table(
    "audit",
    metadata,
    Column("id", RowNumber, primary_key=True),
    # Empty for what an operator did to every workspace.
    Column("workspace_id", Text, ForeignKey(workspaces.c.id)),
    Column("at", BigInteger, nullable=False),
    Column("who", Text, nullable=False),
    Column("who_name", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Column("note", Text, nullable=False),
    sqlite_autoincrement=True,
)
Index("ix_audit_workspace_id", audit.c.workspace_id, audit.c.id)
