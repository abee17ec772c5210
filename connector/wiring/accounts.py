"""`postrail accounts` and `postrail apps`: what can be done beside a running server, on the same ledger."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from connector.domain.audit import Audit
from connector.engine.accounts import resolve_account
from connector.engine.desk import Desk
from connector.engine.disconnect import Parted
from connector.engine.disconnect import disconnect as part
from connector.engine.invites import invite as invite_people
from connector.engine.model import Principal
from connector.engine.model_accounts import App, Invitation
from connector.engine.standing import standings
from connector.kernel.errors import PostrailError
from connector.kernel.ids import SystemIds
from connector.settings import TIKTOK_API, Settings, SettingsError
from connector.store.access import SqlAccess
from connector.store.ledger import SqlLedger
from connector.wiring.addresses import noted_url, served_at
from connector.wiring.bootstrap import callback_of, ensure_workspace, kind_of
from connector.wiring.parts import build_desk, open_existing, open_parts

NOWHERE = "http://127.0.0.1:9"
"""TikTok's address where no sandbox runs: what needs it says that nobody answers."""


@dataclass(frozen=True, kw_only=True)
class Backroom:
    """The parts of the engine's context that managing accounts needs."""

    desk: Desk
    access: SqlAccess
    ledger: SqlLedger
    ids: SystemIds
    public_url: str
    anyone: Principal


@contextmanager
def backroom(settings: Settings, *, begins: bool = False) -> Iterator[Backroom]:
    """Open the ledger beside a running server, for its first workspace.

    Raises SettingsError where there is no installation, unless one `begins` with this.
    """
    parts = open_parts(settings) if begins else open_existing(settings)
    try:
        api_url, web_url = tiktok_of(settings)
        yield Backroom(
            desk=build_desk(parts, tiktok_url=api_url, web_url=web_url),
            access=parts.access,
            ledger=parts.ledger,
            ids=parts.ids,
            public_url=served_at(settings),
            anyone=Principal(workspace_id=ensure_workspace(parts), key_id=""),
        )
    finally:
        parts.database.close()


def tiktok_of(settings: Settings) -> tuple[str, str]:
    """Return where TikTok's calls and its pages are; in sandbox mode the sandbox that runs, if one does."""
    if not settings.sandbox:
        return settings.tiktok_base_url or TIKTOK_API, settings.tiktok_web_url
    noted = noted_url(settings.home / "sandbox" / "sandbox.json")
    url = settings.tiktok_base_url or noted or NOWHERE
    return url, url


def listed(settings: Settings) -> list[dict[str, object]]:
    """Return how every account stands."""
    with backroom(settings) as room:
        return standings(room, room.anyone)


def invite(
    settings: Settings, names: Sequence[str], *, app: str | None, days: int
) -> list[tuple[Invitation, str]]:
    """Invite people and return their links. Raises PostrailError `not_found` for an app that is not there."""
    with backroom(settings) as room:
        app_id = None if app is None else find_app(room, app).id
        return invite_people(room, room.anyone.workspace_id, names, app_id=app_id, days=days)


def pending(settings: Settings) -> tuple[list[Invitation], int]:
    """Return the invitations that have not led to an account, and the present time (UTC milliseconds)."""
    with backroom(settings) as room:
        every = room.desk.logins.invitations(room.anyone.workspace_id)
        return [one for one in every if one.connected_at is None], room.ledger.now()


def disconnect(settings: Settings, ref: str, *, app: str | None) -> list[Parted]:
    """Take an account off. Raises PostrailError `account_not_found`."""
    with backroom(settings) as room:
        client_key = None if app is None else find_app(room, app).client_key
        return part(room, resolve_account(room.access, room.anyone, ref), client_key)


def find_app(room: Backroom, ref: str) -> App:
    """Find an app by its client key, id or label. Raises PostrailError `not_found`."""
    for app in room.desk.apps.apps():
        if ref in {app.id, app.client_key, app.label}:
            return app
    raise PostrailError("not_found", f"There is no TikTok app {ref}; `postrail apps list` shows them.")


def apps(settings: Settings) -> list[App]:
    """Return every app, oldest first."""
    with backroom(settings) as room:
        return room.desk.apps.apps()


def add_app(
    settings: Settings,
    *,
    client_key: str,
    client_secret: str,
    label: str,
    redirect_uri: str | None,
    scopes: Sequence[str],
) -> App:
    """Store an app, or what has changed of one. Raises SettingsError for a redirect TikTok does not take."""
    if not client_secret:
        raise SettingsError("the app's client secret is empty")
    redirect = redirect_uri or callback_of(settings)
    with backroom(settings, begins=True) as room:
        app = App(
            id=room.ids.new("app"),
            client_key=client_key,
            client_secret=client_secret,
            label=label,
            kind=kind_of(redirect),
            redirect_uri=redirect,
            scopes=tuple(scopes or settings.tiktok_scopes),
            sandbox=settings.sandbox,
        )
        return room.desk.apps.keep(app)


def set_audit(settings: Settings, ref: str, audit: Audit, *, user_cap: int | None) -> App:
    """Note what the operator knows of an app's audit. Raises PostrailError `not_found`."""
    with backroom(settings) as room:
        app = find_app(room, ref)
        room.desk.apps.set_audit(app.id, audit, user_cap)
        return find_app(room, app.id)
