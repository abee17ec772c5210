"""The consent page: a person chooses an account, ticks scopes, and lets an app in or does not."""

import re
from urllib.parse import urlencode

from flask import Blueprint, Response, render_template, request

from connector.sandbox.accounts import Account, Traits
from connector.sandbox.front import Front
from connector.sandbox.login.apps import BASIC
from connector.sandbox.login.authorize import Ask, Declined, NoWayBack, read_ask, way_back
from connector.sandbox.replies import HTML, Reply
from connector.sandbox.wire import Refusal
from connector.sandbox.world import World

SESSION = "tiktok_sandbox_session"
"""The cookie that says which creator is logged in at the pretend TikTok."""
NEW = "+"
"""The choice of an account that is yet to be made; no handle looks like it."""
HANDLE = re.compile(r"[A-Za-z0-9_.]{1,40}")

SCOPE_WORDS = {
    "user.info.basic": "Read your profile info (avatar, display name)",
    "user.info.profile": "Read your profile's bio, link and verification",
    "user.info.stats": "Read your counts of followers, likes and videos",
    "video.list": "Read your public videos",
    "video.publish": "Post content to TikTok",
    "video.upload": "Upload draft content to TikTok",
}


class _Again(Exception):
    """The form is not filled in; the text says what is missing."""


def consent_routes(world: World, front: Front) -> Blueprint:
    """Return the route of the page."""
    routes = Blueprint("consent", __name__)
    desk = Consent(world)

    @routes.route("/v2/auth/authorize/", methods=["GET", "POST"])
    def authorize() -> Response:
        return front.carry_out("auth/authorize", desk.answer, _broken)

    return routes


class Consent:
    """Answers the browser."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._login = world.login

    def answer(self) -> Reply:
        """Answer a GET with the page, a POST with the way back to the app."""
        query = request.args
        try:
            app, redirect_uri = way_back(query, self._login.apps.find(query.get("client_key", "")))
        except NoWayBack as error:
            page = render_template("no_way_back.html", what=error.what)
            return _page(page, 400, error.what)
        try:
            ask = read_ask(query, app, redirect_uri)
            return self._decided(ask) if request.method == "POST" else self._asked(ask)
        except Declined as declined:
            return _back(redirect_uri, declined.as_query(query.get("state", "")), declined.error)

    def _asked(self, ask: Ask) -> Reply:
        account = self._session()
        if ask.is_silent and account is not None and self._has_consented(ask, account):
            return self._let_in(ask, account, ask.scopes)
        return self._form(ask, None)

    def _decided(self, ask: Ask) -> Reply:
        if request.form.get("decision") != "approve":
            raise Declined("access_denied", "The user denied the request.")
        try:
            account = self._chosen()
        except _Again as again:
            return self._form(ask, str(again))
        if not ask.app.admits(account.username):
            raise Declined("access_denied", "This account cannot log in to this app.", "non_sandbox_target")
        ticked = {*request.form.getlist("scope"), BASIC}
        scopes = tuple(name for name in ask.scopes if name in ticked)
        if not scopes:
            raise Declined("access_denied", "The user granted no scope.")
        self._login.consent(ask.app, account, ask.scopes, scopes)
        return self._let_in(ask, account, scopes)

    def _let_in(self, ask: Ask, account: Account, scopes: tuple[str, ...]) -> Reply:
        scope = ",".join(scopes)
        code = self._login.codes.issue(
            client_key=ask.app.client_key,
            account=account.open_id,
            redirect_uri=ask.redirect_uri,
            scope=scope,
            challenge=ask.challenge,
            ttl_ms=round(self._world.knobs.behaviour.code_ttl_s * 1000),
        )
        reply = _back(ask.redirect_uri, {"code": code, "scopes": scope, "state": ask.state}, "ok")
        reply.headers["Set-Cookie"] = f"{SESSION}={account.username}; Path=/v2/auth/; HttpOnly; SameSite=Lax"
        return reply

    def _chosen(self) -> Account:
        """Return the account that was chosen or is made now. Raises _Again."""
        choice = request.form.get("account", "")
        if choice != NEW:
            account = self._world.accounts.named(choice)
            if account is None:
                raise _Again("Choose the account to log in with.")
            return account
        handle = request.form.get("new_handle", "").strip()
        if not HANDLE.fullmatch(handle):
            raise _Again("A handle has 1 to 40 letters, digits, dots or underscores.")
        try:
            return self._world.accounts.add(Traits(), username=handle)
        except ValueError:
            raise _Again(f"The handle {handle} is taken: choose it above, or another one.") from None

    def _form(self, ask: Ask, problem: str | None) -> Reply:
        session = self._session()
        ticked = request.form.getlist("scope") if request.method == "POST" else list(ask.scopes)
        page = render_template(
            "consent.html",
            app=ask.app,
            problem=problem,
            accounts=self._world.accounts.all(),
            chosen=request.form.get("account", session.username if session else ""),
            scopes=[(name, SCOPE_WORDS[name], name in ticked, name == BASIC) for name in ask.scopes],
            new=NEW,
        )
        return _page(page, 400 if problem else 200, "invalid_form" if problem else "ok")

    def _session(self) -> Account | None:
        return self._world.accounts.named(request.cookies.get(SESSION, ""))

    def _has_consented(self, ask: Ask, account: Account) -> bool:
        grant = self._login.grants.live(ask.app.client_key, account.open_id)
        return grant is not None and set(ask.scopes) <= set(grant.scope.split(","))


def _back(redirect_uri: str, query: dict[str, str], code: str) -> Reply:
    return Reply(status=302, code=code, headers={"Location": f"{redirect_uri}?{urlencode(query)}"})


def _page(text: str, status: int, code: str) -> Reply:
    headers = {"Cache-Control": "no-store", "X-Frame-Options": "DENY"}
    return Reply(status=status, code=code, body=text.encode(), content_type=HTML, headers=headers)


def _broken(refused: Refusal) -> Reply:
    return _page(f"<!doctype html><title>TikTok</title><p>{refused.status}</p>", refused.status, refused.code)
