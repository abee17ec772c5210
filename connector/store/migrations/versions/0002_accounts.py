"""TikTok's apps, the grants that bind them to accounts, logins under way, invitations.

Tokens move from accounts to grants. They cannot be opened here, so an account has to be connected again; the
sandbox's account is by itself, at the next start.

Revision ID: 0002
Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

HOT = {"fillfactor": "80", "autovacuum_vacuum_scale_factor": "0.02"}


def upgrade() -> None:
    """Create the tables, and free accounts of their tokens."""
    _apps()
    _grants()
    _invitations()
    _logins()
    op.drop_column("accounts", "access_token")
    op.drop_column("accounts", "token_key_id")
    op.add_column("accounts", sa.Column("display_name", sa.Text()))
    op.add_column("accounts", sa.Column("union_id", sa.Text()))
    op.add_column("posts", sa.Column("app_id", sa.Text()))


def downgrade() -> None:
    """Drop the tables; accounts get tokens again, which are empty."""
    op.drop_column("posts", "app_id")
    op.drop_column("accounts", "union_id")
    op.drop_column("accounts", "display_name")
    empty = sa.Column("access_token", sa.LargeBinary(), nullable=False, server_default=sa.text("''"))
    op.add_column("accounts", empty)
    op.add_column("accounts", sa.Column("token_key_id", sa.Text(), nullable=False, server_default=""))
    for table in ("logins", "invitations", "grants", "apps"):
        op.drop_table(table)


def _apps() -> None:
    op.create_table(
        "apps",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("client_key", sa.Text(), nullable=False),
        sa.Column("client_secret", sa.LargeBinary(), nullable=False),
        sa.Column("seal_key_id", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("redirect_uri", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("sandbox", sa.Boolean(), nullable=False),
        sa.Column("audit", sa.Text(), nullable=False),
        sa.Column("user_cap", sa.Integer()),
        sa.Column("lessons", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_apps"),
        sa.UniqueConstraint("client_key", name="uq_apps_client_key"),
    )


def _grants() -> None:
    op.create_table(
        "grants",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("app_id", sa.Text(), nullable=False),
        sa.Column("open_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("pair", sa.LargeBinary()),
        sa.Column("seal_key_id", sa.Text()),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger()),
        sa.Column("refresh_expires_at", sa.BigInteger()),
        sa.Column("warned_of", sa.BigInteger()),
        sa.Column("next_at", sa.BigInteger()),
        sa.Column("lease", sa.Text()),
        sa.Column("owner", sa.Text()),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_grants_workspace_id"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_grants_account_id"),
        sa.ForeignKeyConstraint(["app_id"], ["apps.id"], name="fk_grants_app_id"),
        sa.PrimaryKeyConstraint("id", name="pk_grants"),
        sa.UniqueConstraint("account_id", "app_id", name="uq_grants_account_id_app_id"),
        sa.UniqueConstraint(
            "app_id", "open_id", "workspace_id", name="uq_grants_app_id_open_id_workspace_id"
        ),
        postgresql_with=HOT,
    )
    for name, column in (("due", "next_at"), ("owner", "owner")):
        there = sa.text(f"{column} IS NOT NULL")
        op.create_index(f"ix_grants_{name}", "grants", [column], sqlite_where=there, postgresql_where=there)


def _invitations() -> None:
    op.create_table(
        "invitations",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("app_id", sa.Text()),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("connected_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_invitations_workspace_id"),
        sa.ForeignKeyConstraint(["app_id"], ["apps.id"], name="fk_invitations_app_id"),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_invitations_account_id"),
        sa.PrimaryKeyConstraint("id", name="pk_invitations"),
    )
    op.create_index("ix_invitations_workspace_id", "invitations", ["workspace_id"])


def _logins() -> None:
    op.create_table(
        "logins",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("app_id", sa.Text(), nullable=False),
        sa.Column("invitation_id", sa.Text()),
        sa.Column("bound_to", sa.Text(), nullable=False),
        sa.Column("redirect_uri", sa.Text(), nullable=False),
        sa.Column("verifier", sa.LargeBinary()),
        sa.Column("seal_key_id", sa.Text()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger()),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_logins_workspace_id"),
        sa.ForeignKeyConstraint(["app_id"], ["apps.id"], name="fk_logins_app_id"),
        sa.ForeignKeyConstraint(["invitation_id"], ["invitations.id"], name="fk_logins_invitation_id"),
        sa.PrimaryKeyConstraint("id", name="pk_logins"),
    )
    op.create_index("ix_logins_expires_at", "logins", ["expires_at"])
