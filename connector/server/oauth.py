"""`/connect/tiktok`: pages on which a person connects TikTok accounts, and TikTok's way back.

Whoever connects has shown an API key or opened an invitation; either begins a browser session in a signed
cookie, to which the state of every login is bound.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps

from flask import Flask, Response, request

from connector.engine.access import authenticate, demand_to_connect
from connector.engine.connect import Caller, Connected, begin, bound, callback_here, finish
from connector.engine.invites import read as read_invitation
from connector.engine.invites import usable
from connector.engine.model import Principal
from connector.engine.standing import standings
from connector.kernel.errors import PostrailError
from connector.server.pages import elsewhere, page
from connector.server.site import Site
from connector.web.app import log
from connector.web.sessions import Cookie

BASE = "/connect/tiktok"
SESSION_S = 3600
OUTCOME_S = 120
FORM = "form"


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """Who sits at the browser: a session of a key (`principal`) or of an invited person (`invited`)."""

    sid: str
    workspace_id: str
    principal: Principal | None = None
    invited: str | None = None
    invitation_id: str | None = None
    app_id: str | None = None

    @property
    def caller(self) -> Caller:
        """Return who connects."""
        return Caller(
            workspace_id=self.workspace_id,
            bound_to=bound("session", self.sid),
            invitation_id=self.invitation_id,
        )


class Door:
    """The pages and what they share."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._context = context = site.context
        self._signer = context.desk.signer
        secure = context.public_url.startswith("https://")
        session, outcome = (
            Cookie(self._signer, context.clock, name, path="/connect", life_s=life, secure=secure)
            for name, life in (("postrail_session", SESSION_S), ("postrail_outcome", OUTCOME_S))
        )
        self._session, self._outcome = session, outcome

    def _visitor(self) -> Visitor | None:
        """Return who has a session here, None when nobody has or what it stood for has ended."""
        told = self._session.read(request)
        if told is None:
            return None
        if told.get("invitation"):
            found = usable(self._context, told["invitation"])
            return Visitor(
                sid=told["sid"],
                workspace_id=found.workspace_id,
                invited=found.name,
                invitation_id=found.id,
                app_id=found.app_id,
            )
        keys = self._context.access.keys(told["workspace"])
        now = self._context.clock.now()
        key = next((one for one in keys if one.id == told["key"] and one.revoked_at is None), None)
        if key is None or (key.expires_at is not None and key.expires_at <= now):
            return None
        principal = Principal(workspace_id=key.workspace_id, key_id=key.id, scopes=key.scopes)
        return Visitor(sid=told["sid"], workspace_id=key.workspace_id, principal=principal)

    def show(self) -> Response:
        """Show what can be connected and what is, or ask for a key."""
        outcome = self._outcome.read(request)
        visitor = None if outcome and outcome.get("spent") else self._visitor()
        if visitor is None and not (outcome and outcome.get("spent")):
            return page("key", base=BASE, problem=None)
        token = self._signer.sign(FORM, visitor.sid) if visitor else ""
        answer = page(
            "connect",
            base=BASE,
            server=self._context.public_url,
            token=token,
            outcome=outcome,
            spent=visitor is None,
            invited=visitor.invited if visitor else None,
            offers=self._offers(visitor) if visitor else [],
            accounts=self._accounts(visitor) if visitor else [],
        )
        self._outcome.clear(answer)
        return answer

    def _offers(self, visitor: Visitor) -> list[dict[str, object]]:
        return [
            {
                "id": app.id,
                "label": app.label,
                "client_key": app.client_key,
                "sandbox": app.sandbox,
                "here": callback_here(self._context, app) is not None,
            }
            for app in self._context.desk.apps.apps()
            if visitor.app_id in {None, app.id}
        ]

    def _accounts(self, visitor: Visitor) -> list[dict[str, object]]:
        return [] if visitor.principal is None else standings(self._context, visitor.principal)

    def enter(self) -> Response:
        """Begin a session for whoever shows an API key that may connect accounts."""
        try:
            principal = authenticate(
                self._context.access, self._context.clock, request.form.get("api_key", "").strip()
            )
            demand_to_connect(principal)
        except PostrailError as error:
            entry = self._context.contract.error(error.code)
            return page("key", entry.http, base=BASE, problem=error.message)
        answer = elsewhere(BASE)
        held = {"workspace": principal.workspace_id, "key": principal.key_id}
        self._session.write(answer, {"sid": self._context.ids.token(), **held})
        return answer

    def invited(self, token: str) -> Response:
        """Begin a session for an invited person, and take the link out of the browser's address."""
        invitation = read_invitation(self._context, token)
        answer = elsewhere(BASE)
        self._session.write(answer, {"sid": self._context.ids.token(), "invitation": invitation.id})
        return answer

    def _demand_form(self) -> Visitor:
        """Return who sent a form of ours. Raises PostrailError `forbidden` for a form of another site."""
        visitor = self._visitor()
        token = request.form.get("token", "")
        if visitor is None or not self._signer.is_ours(FORM, visitor.sid, token):
            raise PostrailError("forbidden", "This form is not of your session here; it may have ended.")
        return visitor

    def start(self) -> Response:
        """Send the browser to TikTok's consent page."""
        visitor = self._demand_form()
        app = self._context.desk.apps.find(request.form.get("app", ""))
        if app is None or visitor.app_id not in {None, app.id}:
            raise PostrailError("not_found", "There is no such TikTok app here.")
        here = callback_here(self._context, app)
        if here is None:
            raise PostrailError("invalid_request", f"{app.label} takes logins back to another address.")
        always_ask = request.form.get("always_ask") == "1"
        return elsewhere(begin(self._context, app, visitor.caller, here, always_ask=always_ask))

    def back(self) -> Response:
        """Take a browser that comes back from TikTok, and tell on a page of its own how it went."""
        told = self._session.read(request)
        sid = told["sid"] if told else ""
        answer = elsewhere(BASE)
        query = request.query_string.decode("ascii", "replace")
        try:
            connected = finish(self._context, query, bound("session", sid))
        except PostrailError as error:
            if error.code == "login_not_known":
                raise
            fix = self._context.contract.error(error.code).fix
            told_why = {"ok": False, "error": error.code, "message": error.message, "fix": fix}
            self._outcome.write(answer, told_why)
            return answer
        self._outcome.write(answer, self._success(connected, spent=bool(told and told.get("invitation"))))
        return answer

    def _success(self, connected: Connected, *, spent: bool) -> dict[str, object]:
        lacking = sorted(set(connected.app.scopes) - connected.grant.scopes)
        lines = [f"{scope} was left off: what needs it does not work." for scope in lacking]
        return {"ok": True, "username": connected.account.username, "lacking": lines, "spent": spent}

    def leave(self) -> Response:
        """End the session."""
        self._demand_form()
        answer = elsewhere(BASE)
        self._session.clear(answer)
        return answer


def register(app: Flask, site: Site) -> None:
    """Add the pages; whatever they refuse is told on a page too."""
    door = Door(site)

    def shown(view: Callable[..., Response]) -> Callable[..., Response]:
        @wraps(view)
        def answer(**path: str) -> Response:
            try:
                return view(**path)
            except PostrailError as error:
                entry = site.context.contract.error(error.code)
                log.info("connect_refused", code=error.code)
                told = {"message": error.message, "fix": entry.fix, "error": error.code}
                return page("problem", entry.http, base=BASE, **told)

        return answer

    for path, method, view in (
        ("", "GET", door.show),
        ("/session", "POST", door.enter),
        ("/invite/<token>", "GET", door.invited),
        ("/start", "POST", door.start),
        ("/callback", "GET", door.back),
        ("/leave", "POST", door.leave),
    ):
        app.add_url_rule(f"{BASE}{path}", f"connect:{path}", shown(view), methods=[method])
