"""The apps of developers: what is registered for each, and their table."""

import sqlite3
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, model_validator

from connector.kernel.clock import Clock
from connector.kernel.ids import Ids
from connector.sandbox.database import Database
from connector.sandbox.login.properties import check_properties
from connector.sandbox.login.redirects import Kind, check_redirects, is_callback, is_registered
from connector.sandbox.schema import DEFAULT_APP

BASIC = "user.info.basic"
"""The scope that comes with Login Kit."""
SCOPES = (
    BASIC,
    "user.info.profile",
    "user.info.stats",
    "video.list",
    "video.publish",
    "video.upload",
)
UNAUDITED_USERS = 5
"""Users within 24 hours that an app may post for before its audit (section 5)."""


class AppTraits(BaseModel):
    """What a developer set for an app, and what TikTok thinks of it.

    `daily_user_cap` None: five within 24 hours while unaudited, none afterwards. `login_kit` False: the
    product is missing or not approved. `target_users` are the handles that may log in while the app is one
    of TikTok's own sandboxes (None: everybody). `properties` are verified domains (`example.com`) and URL
    prefixes (`https://example.com/media/`). `webhook_url` is called for every event.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: str = "An app"
    kind: Kind = "web"
    redirect_uris: list[str] = Field(default_factory=list)
    scopes: list[str] = Field(default_factory=lambda: list(SCOPES))
    audited: bool = True
    daily_user_cap: NonNegativeInt | None = None
    login_kit: bool = True
    target_users: list[str] | None = None
    properties: list[str] = Field(default_factory=list)
    webhook_url: str | None = None

    @model_validator(mode="after")
    def _check(self) -> "AppTraits":
        check_redirects(self.redirect_uris, self.kind)
        check_properties(self.properties)
        unknown = set(self.scopes) - set(SCOPES)
        if unknown:
            raise ValueError(f"no such scope: {', '.join(sorted(unknown))}")
        if self.webhook_url is not None and not is_callback(self.webhook_url):
            raise ValueError("webhook_url must be https, or http on this machine")
        return self


@dataclass(frozen=True, kw_only=True)
class App:
    """A registered app."""

    client_key: str
    client_secret: str
    traits: AppTraits

    @property
    def scopes(self) -> frozenset[str]:
        """Return the scopes it is approved for; the basic one comes with Login Kit."""
        return frozenset((BASIC, *self.traits.scopes))

    @property
    def user_cap(self) -> int | None:
        """Return how many creators it may post for within 24 hours; None: no cap."""
        if self.traits.daily_user_cap is not None:
            return self.traits.daily_user_cap
        return None if self.traits.audited else UNAUDITED_USERS

    def may_return_to(self, uri: str) -> bool:
        """Say whether `uri` is one of its redirect URIs."""
        return is_registered(uri, self.traits.redirect_uris)

    def admits(self, username: str) -> bool:
        """Say whether this creator may log in to it."""
        return self.traits.target_users is None or username in self.traits.target_users

    def as_dict(self) -> dict[str, object]:
        """Return the app as the control API shows it, with its secret."""
        return {
            "client_key": self.client_key,
            "client_secret": self.client_secret,
            **self.traits.model_dump(),
        }


class Apps:
    """The table of apps; the default app is always there."""

    def __init__(self, database: Database, clock: Clock, ids: Ids) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        if self.find(DEFAULT_APP) is None:
            self.add(AppTraits(name="The sandbox"), DEFAULT_APP, f"{DEFAULT_APP}-secret")

    def add(self, traits: AppTraits, client_key: str | None = None, client_secret: str | None = None) -> App:
        """Register an app. Raises ValueError when the client key is taken."""
        app = App(
            client_key=client_key or f"sb{self._ids.new('app')[-14:].lower()}",
            client_secret=client_secret or self._ids.token(),
            traits=traits,
        )
        with self._database.transaction():
            if self.find(app.client_key) is not None:
                raise ValueError(f"the client key {app.client_key} is taken")
            self._database.insert(
                "apps",
                client_key=app.client_key,
                client_secret=app.client_secret,
                traits=traits.model_dump_json(),
                created_at=self._clock.now(),
            )
        return app

    def change(self, app: App, traits: AppTraits, client_secret: str | None = None) -> App:
        """Replace what is set for an app, and its secret if a new one is given."""
        self._database.write(
            "UPDATE apps SET traits = :traits, client_secret = :secret WHERE client_key = :client_key",
            client_key=app.client_key,
            traits=traits.model_dump_json(),
            secret=client_secret or app.client_secret,
        )
        return self.get(app.client_key)

    def find(self, client_key: str) -> App | None:
        """Return the app with this key."""
        row = self._database.row("SELECT * FROM apps WHERE client_key = :value", value=client_key)
        return None if row is None else _app(row)

    def get(self, client_key: str) -> App:
        """Return an app that exists. Raises LookupError."""
        found = self.find(client_key)
        if found is None:
            raise LookupError(client_key)
        return found

    def all(self) -> list[App]:
        """Return all apps, oldest first."""
        return [_app(row) for row in self._database.rows("SELECT * FROM apps ORDER BY rowid")]


def _app(row: sqlite3.Row) -> App:
    return App(
        client_key=row["client_key"],
        client_secret=row["client_secret"],
        traits=AppTraits.model_validate_json(row["traits"]),
    )
