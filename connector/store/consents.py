"""Storing a consent: the account it is for, the tokens it brought, and the posts that waited for it."""

from sqlalchemy import Connection, select, update

from connector.domain.lifecycle import POLLED, State
from connector.engine.model_accounts import Grant, NewGrant
from connector.store import journal
from connector.store.dialect import insert, tell
from connector.store.grant_rows import grant_of, token_columns
from connector.store.sealing import Sealer, grant_context
from connector.store.tables import accounts, grants, posts

CONNECTED = "account_connected"


def store_consent(conn: Connection, now: int, sealer: Sealer, new: NewGrant) -> Grant:
    """Store a grant with its account, each new or known, and the event of it."""
    account_id = _known_account(conn, new) or _add_account(conn, now, new)
    _note_profile(conn, now, account_id, new)
    grant = _keep_grant(conn, now, sealer, account_id, new)
    _wake_posts(conn, now, account_id)
    journal.tell_account(
        conn, now, CONNECTED, new.workspace_id, account_id, app_id=new.app_id, scopes=sorted(grant.scopes)
    )
    return grant


def _known_account(conn: Connection, new: NewGrant) -> str | None:
    """Find the account of a consent: by the app's own open_id for it, else by TikTok's id for all apps."""
    by_grant = select(grants.c.account_id).where(
        grants.c.app_id == new.app_id,
        grants.c.open_id == new.open_id,
        grants.c.workspace_id == new.workspace_id,
    )
    mine = accounts.c.workspace_id == new.workspace_id
    same = [accounts.c.open_id == new.open_id]
    if new.union_id is not None:
        same.append(accounts.c.union_id == new.union_id)
    for query in (by_grant, *(select(accounts.c.id).where(mine, found) for found in same)):
        account_id: str | None = conn.execute(query.limit(1)).scalar_one_or_none()
        if account_id is not None:
            return account_id
    return None


def _add_account(conn: Connection, now: int, new: NewGrant) -> str:
    """Add an account; a twin that connects at the same instant ends up with the same one."""
    row = {
        "id": new.account_id,
        "workspace_id": new.workspace_id,
        "open_id": new.open_id,
        "username": new.username,
        "paced": new.paced,
        "sandbox": new.sandbox,
        "created_at": now,
        "updated_at": now,
    }
    added = insert(conn, accounts).values(row)
    one = added.on_conflict_do_update(
        index_elements=["workspace_id", "open_id"], set_={"updated_at": now}
    ).returning(accounts.c.id)
    return str(conn.execute(one).scalar_one())


def _note_profile(conn: Connection, now: int, account_id: str, new: NewGrant) -> None:
    known = {"display_name": new.display_name, "union_id": new.union_id}
    told = {name: value for name, value in known.items() if value is not None}
    fresh = {"username": new.username, "paced": new.paced, "sandbox": new.sandbox, "updated_at": now}
    conn.execute(update(accounts).where(accounts.c.id == account_id).values(**fresh, **told))


def _keep_grant(conn: Connection, now: int, sealer: Sealer, account_id: str, new: NewGrant) -> Grant:
    """Put the tokens into the grant of this app for this account: whoever renews the old ones has lost."""
    context = grant_context(new.app_id, new.open_id, new.workspace_id)
    fresh = {"open_id": new.open_id, "scopes": "[]", "refresh_expires_at": None, "warned_of": None}
    fresh |= token_columns(now, new.tokens, None, context, sealer)
    name = {"account_id": account_id, "app_id": new.app_id}
    row = {"id": new.id, "workspace_id": new.workspace_id, "created_at": now, **name, **fresh}
    kept = insert(conn, grants).values(row)
    conn.execute(kept.on_conflict_do_update(index_elements=list(name), set_=fresh))
    mine = select(grants).where(grants.c.account_id == account_id, grants.c.app_id == new.app_id)
    return grant_of(conn.execute(mine).mappings().one(), sealer)


def _wake_posts(conn: Connection, now: int, account_id: str) -> None:
    """Let TikTok be asked at once about the account's posts; one that somebody works on is left to them.

    An unconfirmed post that was left to a person is looked for once more: what may be asked has changed.
    """
    asked = (posts.c.account_id == account_id) & posts.c.state.in_(sorted(POLLED))
    given_up = (posts.c.state == State.UNCONFIRMED.value) & posts.c.next_at.is_(None)
    waiting = asked & posts.c.lease.is_(None) & ((posts.c.next_at > now) | given_up)
    if conn.execute(update(posts).where(waiting).values(next_at=now)).rowcount:
        tell(conn, "posts")
