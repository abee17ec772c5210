"""Which pauses cover which posts: conditions alone."""

from sqlalchemy import ColumnElement, and_, exists, or_, select

from connector.store.tables import pauses, posts

ACTIVE = pauses.c.ended_at.is_(None)
"""The condition on a pause that it has not been lifted."""

_of_workspace = pauses.c.workspace_id.in_(("", posts.c.workspace_id))
COVERS = or_(
    pauses.c.kind == "all",
    and_(
        _of_workspace,
        or_(
            pauses.c.kind == "workspace",
            and_(pauses.c.kind == "account", pauses.c.target == posts.c.account_id),
            and_(pauses.c.kind == "app", pauses.c.target == posts.c.app_id),
        ),
    ),
)
"""The condition on a pause that it covers a post, whatever the post is doing."""


def is_covered() -> ColumnElement[bool]:
    """Return the condition on a post that a pause covers it."""
    return exists(select(pauses.c.kind).where(ACTIVE, COVERS).correlate(posts))
