"""Takes an account off: TikTok is told first, then its tokens are erased here."""

from dataclasses import dataclass

from connector.engine.desk import Office
from connector.engine.model import Account
from connector.engine.model_accounts import App
from connector.engine.ports_tiktok import LoginError, TikTokLogin

REASON = "disconnected_here"


@dataclass(frozen=True, kw_only=True)
class Parted:
    """One app that may no longer act for an account; `trouble` says why TikTok could not be told.

    `had_ended`: the consent was over already, so that there was nothing to tell.
    """

    app: App
    trouble: str | None
    had_ended: bool = False


def disconnect(office: Office, account: Account, client_key: str | None = None) -> list[Parted]:
    """End what apps (all, or the one of `client_key`) may do for an account; returns those that could.

    Among them are those whose consent has ended by itself. The tokens are erased here even where TikTok does
    not answer: its creator can then still take the app off in TikTok's settings.
    """
    apps = {app.id: app for app in office.desk.apps.apps()}
    parted = []
    for grant in office.desk.grants.grants(account.workspace_id):
        app = apps[grant.app_id]
        meant = grant.account_id == account.id and client_key in {None, app.client_key}
        if not meant or grant.state == "disconnected":
            continue
        trouble = _revoke(office.desk.login, app, grant.pair.access) if grant.pair else None
        office.desk.grants.end(grant.id, "disconnected", REASON)
        parted.append(Parted(app=app, trouble=trouble, had_ended=grant.state == "reconnect"))
    return parted


def _revoke(login: TikTokLogin, app: App, access_token: str) -> str | None:
    """Revoke a token; return what went wrong. A second time does no harm, so a lost call is made again."""
    for last in (False, True):
        try:
            login.revoke(app.keys, access_token)
        except LoginError as error:
            if last or not error.transient:
                return f"{error.code}: {error.message}"
        else:
            break
    return None
