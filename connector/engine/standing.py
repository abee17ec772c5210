"""How each connected account stands: which apps may act for it, what works, what does not, and why."""

from collections import defaultdict
from dataclasses import asdict

from connector.domain.scopes import Ability, abilities
from connector.engine.desk import Office
from connector.engine.model import Account, Principal
from connector.engine.model_accounts import App, Grant, GrantState
from connector.kernel.clock import to_iso, to_iso_or_none

STATES: dict[GrantState, str] = {
    "live": "connected",
    "reconnect": "needs_reconnect",
    "disconnected": "disconnected",
}
"""What a caller is told of a grant's state."""

ENDED = {
    "needs_reconnect": "the account must be connected again",
    "disconnected": "the account is disconnected",
}


def visible(office: Office, principal: Principal) -> list[Account]:
    """Return the accounts that a principal may see: a key that is bound to one sees that one."""
    known = office.access.accounts(principal.workspace_id)
    return [account for account in known if principal.account_id in {None, account.id}]


def standings(office: Office, principal: Principal) -> list[dict[str, object]]:
    """Return how the accounts that a principal may see stand, as rows of `output/accounts`."""
    apps = {app.id: app for app in office.desk.apps.apps()}
    grants = defaultdict(list)
    for grant in office.desk.grants.grants(principal.workspace_id):
        grants[grant.account_id].append(grant)
    return [_standing(account, grants[account.id], apps) for account in visible(office, principal)]


def _standing(account: Account, grants: list[Grant], apps: dict[str, App]) -> dict[str, object]:
    live = [grant for grant in grants if grant.state == "live"]
    state = STATES[_foremost(grants)]
    granted = frozenset(scope for grant in live for scope in grant.scopes)
    asked = frozenset(scope for grant in grants for scope in apps[grant.app_id].scopes)
    found = abilities(granted, asked)
    return {
        "account_id": account.id,
        "open_id": account.open_id,
        "username": account.username,
        "display_name": account.display_name,
        "sandbox": account.sandbox,
        "state": state,
        "apps": [_binding(grant, apps[grant.app_id]) for grant in grants],
        "operations": [_told(ability, state) for ability in found],
    }


def _foremost(grants: list[Grant]) -> GrantState:
    states = {grant.state for grant in grants}
    if "live" in states:
        return "live"
    return "reconnect" if "reconnect" in states else "disconnected"


def _binding(grant: Grant, app: App) -> dict[str, object]:
    return {
        "app": app.label,
        "client_key": app.client_key,
        "audit": app.audit,
        "state": STATES[grant.state],
        "reason": grant.reason,
        "scopes": sorted(grant.scopes),
        "missing_scopes": sorted(set(app.scopes) - grant.scopes),
        "connected_at": to_iso(grant.created_at),
        "reconnect_by": to_iso_or_none(grant.refresh_expires_at),
    }


def _told(ability: Ability, state: str) -> dict[str, object]:
    row = asdict(ability)
    return row if state == "connected" else {**row, "works": False, "why": ENDED[state]}
