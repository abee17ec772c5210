"""All settings, frozen, read once from the environment (`POSTRAIL_*`), a `.env` file, or flags.

Only `cli` and `wiring` see this module; every other room is handed the values it needs.
"""

import os
import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, DotEnvSettingsSource, NoDecode, SettingsConfigDict

PREFIX = "POSTRAIL_"
TIKTOK_API = "https://open.tiktokapis.com"
"""Where TikTok's API is, unless a setting says otherwise."""

_WEB_ADDRESS = re.compile(r"https?://[^\s/?#]+(?:/[^\s?#]*)?$")


_ORIGIN_AND_MORE = re.compile(r"(https?://[^\s/?#]+)/?([^\s].*)?$", re.IGNORECASE)
"""A scheme, a host and a port, and whatever is more than that."""


LEAST_POSTS_LIFE_DAYS = 30
"""A post stays for as long as its idempotency key binds it."""

_BROKERS = ("amqp://", "amqps://", "redis://", "rediss://")


def _has_number_as_port(url: str) -> bool:
    try:
        return urlsplit(url).port != 0
    except ValueError:
        return False


class SettingsError(Exception):
    """A setting has a value that cannot be used; the message names each one and its cure."""


class Settings(BaseSettings):
    """Every setting of a Postrail process."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", extra="ignore", frozen=True, env_ignore_empty=True
    )

    home: Path = Path("~/.postrail")
    """The data folder: database, media, keys of this installation."""

    host: str = "127.0.0.1"
    """Address to listen on. Loopback by default; `0.0.0.0` when a proxy or a container stands in front."""

    port: int = Field(default=8000, ge=0, le=65535)
    """Port to listen on; 0 takes a free one."""

    public_url: str | None = None
    """What the outside calls this server (TikTok pulls from there); default: the address listened on."""

    public_url_verified: bool = False
    """Say that TikTok has verified PUBLIC_URL for your app, where Postrail cannot see what proves it."""

    signature_files: Annotated[tuple[str, ...], NoDecode] = ()
    """TikTok's signature files (`tiktokAbC.txt=content`, comma-separated), beside those under HOME."""

    database_url: str | None = None
    """`postgresql://...`, or nothing for SQLite under HOME."""

    database_connections: int | None = Field(default=None, ge=2, le=500)
    """Connections to PostgreSQL that a process may have open for its work; default by its threads (25)."""

    migrate_at_start: bool = True
    """Whether a start brings the database to the schema of this code; else it refuses one that is behind."""

    tiktok_client_key: str | None = None
    """The client key of a TikTok app; without one the server runs in sandbox mode."""

    tiktok_client_secret: SecretStr | None = None
    """The client secret of that app."""

    tiktok_redirect_uri: str | None = None
    """The redirect address registered for that app; default PUBLIC_URL's callback, or a loopback one."""

    tiktok_scopes: Annotated[tuple[str, ...], NoDecode] = (
        "user.info.basic",
        "user.info.profile",
        "video.publish",
        "video.upload",
    )
    """The permissions that a login asks for, comma-separated; TikTok must have approved the app for each."""

    tiktok_app_label: str = Field(default="TikTok", min_length=1, max_length=80)
    """How that app is called on the connect page."""

    tiktok_pkce_on_web: bool = False
    """Whether web logins are proven by PKCE too; TikTok demands it of desktop logins, which always are."""

    tiktok_base_url: str | None = None
    """Where TikTok's API is; default TikTok's own host, or the built-in sandbox in sandbox mode."""

    tiktok_web_url: str = "https://www.tiktok.com"
    """Where posts are looked at; the links in answers begin with it (sandbox mode: the sandbox's pages)."""

    secret_key: SecretStr | None = None
    """Encrypts secrets at rest; generated into HOME for SQLite, demanded on PostgreSQL.

    While it is changed: the new one, a comma, the old one.
    """

    trusted_origins: Annotated[tuple[str, ...], NoDecode] = ()
    """Exact origins (`http://host:port`, comma-separated) that may be private, for media."""

    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = ()
    """Addresses whose `X-Forwarded-*` headers are believed, comma-separated."""

    gate_mode: Literal["hold", "tail", "refuse"] = "hold"
    """What a pull meets before its publish id is stored: a held request, all but the last sixteenth of the
    file with only that held, or 503 at once."""

    gate_hold_s: float = Field(default=5.0, ge=0, le=30)
    """Seconds for which a pull, or its tail, is held."""

    media_url: str | None = None
    """Where media is kept: `s3://bucket/prefix?endpoint=URL&region=NAME`, or nothing for HOME's disk."""

    media_access_key_id: str | None = None
    """What the bucket is opened with; without it the machine's own role is asked for."""

    media_secret_access_key: SecretStr | None = None
    """The secret of that key."""

    media_handoff: Literal["none", "x-accel", "x-sendfile"] = "none"
    """Leave the sending of media to the web server in front: nginx and Caddy, or Apache and lighttpd."""

    media_handoff_prefix: str = Field(default="/_spool/", pattern=r"^/(?:[A-Za-z0-9._~-]+/)+$")
    """Where that server has the media folder, for `x-accel`: an internal location, with a closing slash."""

    workers: int = Field(default=4, ge=0, le=64)
    """Worker threads in `serve` and `work`; 0 in `serve` leaves the work to `postrail work` (PostgreSQL)."""

    threads: int = Field(default=64, ge=4, le=1024)
    """Web threads of `serve`: each waiting caller and each download holds one."""

    engine: Literal["local", "celery"] = "local"
    """Who shares out the work of `work` processes: they themselves, or Celery (PostgreSQL)."""

    broker_url: SecretStr | None = None
    """Celery's broker: `amqp://user:password@host:5672/vhost` (RabbitMQ) or `redis://host:6379/0`."""

    dispatch_window: int = Field(default=128, ge=64, le=256)
    """Posts that a `work` process may have at the broker at one time."""

    lease_s: float = Field(default=10.0, ge=1, le=120)
    """Seconds after which the work of a frozen or lost process is taken over."""

    repeat_window_s: int = Field(default=600, ge=0, le=86_400)
    """Seconds in which the same input without a key counts as a repeat and is refused; 0 turns it off."""

    posts_life_days: int = Field(default=400, ge=0, le=36_500)
    """Days for which a post is kept after it has settled, with its timeline and its events: 30 at least, for
    which its idempotency key binds, and never less than MEDIA_LIFE_S; 0 keeps posts for ever.

    What is in doubt, held, parked, due or not settled stays whatever its age, and so does the audit.
    """

    require_vertical: bool = False
    """Whether a video that is not 9:16 is refused on `/v1` too, rather than warned of."""

    source_timeout_s: float = Field(default=3600.0, ge=1, le=86_400)
    """Seconds a video's source may take in all: 4 GB at 10 Mbit/s are 53 minutes."""

    photo_timeout_s: float = Field(default=30.0, ge=1, le=3600)
    """Seconds a photo's source may take in all."""

    source_idle_s: float = Field(default=30.0, ge=0.1, le=600)
    """Seconds a media source may be silent: until its answer begins, and between two pieces of it."""

    allow_http_sources: bool = False
    """Whether media may be fetched over plain http from origins that are not in `trusted_origins`."""

    max_body_bytes: int = Field(default=1_048_576, ge=1024, le=64 * 1_048_576)
    """Bytes of the largest request body (media goes by URL)."""

    max_upload_bytes: int = Field(default=4_000_000_000, ge=1024, le=4_000_000_000)
    """Bytes of the largest file that is taken as an upload; TikTok takes 4 GB at most."""

    upload_life_s: int = Field(default=86_400, ge=1, le=30 * 86_400)
    """Seconds for which an upload that is not whole may be gone on with, after its last byte."""

    media_life_s: int = Field(default=3 * 86_400, ge=1, le=3650 * 86_400)
    """Seconds an upload lives, and the files of a post stay after it has settled."""

    media_retained_life_s: int = Field(default=30 * 86_400, ge=1, le=3650 * 86_400)
    """Seconds a retained album lives."""

    media_quota: int | None = Field(default=None, ge=1)
    """Bytes of living uploads that a workspace may hold; nothing for as many as there is room for."""

    max_fields: int = Field(default=1_000, ge=10, le=100_000)
    """Members of the largest request body, all levels together."""

    max_depth: int = Field(default=20, ge=2, le=200)
    """Levels of lists and objects in a request body."""

    body_timeout_s: float = Field(default=10.0, ge=0.5, le=120)
    """Seconds for which a request body may stall before it is answered 408."""

    webhook_tolerance_s: int = Field(default=4 * 86_400, ge=60, le=30 * 86_400)
    """Seconds by which a webhook's signature may be old: TikTok tries for 72 hours and may not sign anew.

    A replay inside this time does nothing, since each webhook is acted on once.
    """

    clock_url: str | None = None
    """A sandbox whose time is followed, so that tests may let days pass; never with TikTok itself."""

    log_format: Literal["console", "json"] = "console"
    """How logs are written to standard error."""

    @field_validator("trusted_origins", "trusted_proxies", "tiktok_scopes", "signature_files", mode="before")
    @classmethod
    def _split_commas(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("public_url", "tiktok_base_url", "tiktok_web_url", "clock_url")
    @classmethod
    def _no_trailing_slash(cls, value: str | None) -> str | None:
        if value and not _WEB_ADDRESS.match(value):
            raise ValueError("no address of a server; write https://host or http://host:port")
        return value.rstrip("/") if value else None

    @field_validator("trusted_origins")
    @classmethod
    def _origins_alone(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for given in value:
            found = _ORIGIN_AND_MORE.match(given)
            if found and found.group(2):
                raise ValueError(f"origins alone can be trusted, without a path; write {found[1]}")
        return tuple(given.rstrip("/") for given in value)

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("sqlite:///", "postgresql://")):
            raise ValueError("write postgresql://user@host/name, or leave it out for SQLite under HOME")
        return value

    @field_validator("posts_life_days")
    @classmethod
    def _no_less_than_a_key(cls, value: int) -> int:
        if 0 < value < LEAST_POSTS_LIFE_DAYS:
            raise ValueError(
                f"idempotency keys bind for {LEAST_POSTS_LIFE_DAYS} days; write as many or more, "
                "or 0 to keep posts for ever"
            )
        return value

    @field_validator("broker_url")
    @classmethod
    def _known_broker(cls, value: SecretStr | None) -> SecretStr | None:
        url = value.get_secret_value() if value else ""
        if url and not (url.startswith(_BROKERS) and _has_number_as_port(url)):
            raise ValueError("write amqp://user:password@host:5672/vhost, or redis://host:6379/0")
        return value

    @field_validator("home")
    @classmethod
    def _expand(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @property
    def sandbox(self) -> bool:
        """Whether no TikTok app is configured, so that the built-in sandbox stands in for TikTok."""
        return self.tiktok_client_key is None

    @property
    def posts_life_ms(self) -> int | None:
        """Milliseconds for which a settled post is kept, no less than its files; None for ever."""
        if not self.posts_life_days:
            return None
        return max(self.posts_life_days * 86_400, self.media_life_s) * 1000

    @property
    def is_sqlite(self) -> bool:
        """Whether the ledger is the SQLite file under HOME."""
        return self.database_url is None or self.database_url.startswith("sqlite")


def _refuse_misspelt(given: Iterable[str]) -> None:
    """Raise SettingsError for a variable that is nearly one of ours: it would be left unread in silence."""
    known = [f"{PREFIX}{name.upper()}" for name in Settings.model_fields]
    for name in sorted(given):
        if name.startswith(PREFIX) and name not in known and (near := get_close_matches(name, known, 1, 0.9)):
            raise SettingsError(f"{name}: there is no such setting; did you mean {near[0]}?")


def load_settings(overrides: Mapping[str, object] | None = None) -> Settings:
    """Read the settings; `overrides` (from flags; None values are left out) win over the environment.

    Raises SettingsError naming every setting that cannot be used.
    """
    _refuse_misspelt({name.upper() for name in DotEnvSettingsSource(Settings).env_vars}.union(os.environ))
    given = {name: value for name, value in (overrides or {}).items() if value is not None}
    try:
        return Settings.model_validate({**Settings().model_dump(exclude_unset=True), **given})
    except ValidationError as error:
        lines = [
            f"{PREFIX}{'.'.join(str(part) for part in item['loc']).upper()}: {item['msg']}"
            for item in error.errors()
        ]
        raise SettingsError("\n".join(lines)) from error


def bare_environment() -> dict[str, str]:
    """Return this process's environment without any Postrail setting, for child processes of their own."""
    return {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
