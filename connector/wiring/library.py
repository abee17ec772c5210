"""Builds the media room and the library of uploads over the media folder under HOME."""

from dataclasses import replace
from typing import TYPE_CHECKING

from connector.domain.net import origin_of
from connector.domain.storage import bucket_of
from connector.engine.library import Library
from connector.engine.model_media import Life
from connector.engine.ports_storage import MediaLocks
from connector.kernel.errors import PostrailError
from connector.media.intake import Intake
from connector.media.locks import FolderLocks
from connector.media.partial import PartialFolder
from connector.media.room import Media
from connector.media.spool import AnySpool, Spool
from connector.net import Egress
from connector.settings import SettingsError
from connector.wiring.parts import Parts, Stock

if TYPE_CHECKING:
    from connector.media.objects import ObjectSpool

LOOPBACK = ("127.0.0.1", "localhost", "::1")

DOWNLOAD_SHARE = 4
"""One in so many web threads may fetch an upload from a URL."""


def open_stock(parts: Parts, *addresses: str) -> Stock:
    """Open the media folder.

    `addresses` are those by which this server is called: uploads are recognised by them.
    """
    settings = parts.settings
    spool = _open_spool(parts)
    sources = Egress(trusted=parts.trusted, clock=parts.clock, allow_http=settings.allow_http_sources)
    media = Media(
        sources,
        spool,
        total_s=settings.source_timeout_s,
        photo_s=settings.photo_timeout_s,
        idle_s=settings.source_idle_s,
    )
    intake = Intake(
        media,
        spool,
        sources,
        limit=settings.max_upload_bytes,
        total_s=settings.source_timeout_s,
        places=max(1, settings.threads // DOWNLOAD_SHARE),
    )
    partials = PartialFolder(settings.home / "media", parts.clock, life_ms=settings.upload_life_s * 1000)
    return Stock(media=media, library=_library(parts, intake, partials, *addresses))


def clear_incoming(parts: Parts) -> None:
    """Delete what processes that died have left half written in the media folder."""
    _open_spool(parts).sweep_incoming()


def see_storage(parts: Parts) -> None:
    """See that media can be kept where the settings say. Raises SettingsError, which names what is wrong."""
    url, folder = parts.settings.media_url, parts.settings.home / "media"
    name = "POSTRAIL_HOME" if url is None else "POSTRAIL_MEDIA_URL"
    try:
        _open_spool(parts).check()
    except OSError as error:
        raise SettingsError(f"POSTRAIL_HOME: cannot keep media in {folder}: {error.strerror}") from error
    except PostrailError as error:
        fix = error.details[0].fix if error.details else ""
        raise SettingsError(f"{name}: {error.message}; {fix}") from error


def _open_spool(parts: Parts) -> AnySpool:
    """Open where media is kept. Raises SettingsError for a setting that cannot be used."""
    settings = parts.settings
    return _open_bucket(parts, settings.media_url) if settings.media_url else Spool(settings.home / "media")


def _open_bucket(parts: Parts, url: str) -> "ObjectSpool":
    settings = parts.settings
    try:
        # The client of a bucket is an extra, and takes its time to load.
        from connector.media.objects import Credentials, ObjectSpool, open_bucket  # noqa: PLC0415 - see above
    except ModuleNotFoundError as missing:
        needs = 'a bucket needs its client: pip install "postrail[s3]"'
        raise SettingsError(f"POSTRAIL_MEDIA_URL: {needs}") from missing
    key_id, secret = settings.media_access_key_id, settings.media_secret_access_key
    credentials = Credentials(key_id=key_id, secret=secret.get_secret_value()) if key_id and secret else None
    try:
        store = open_bucket(bucket_of(url), credentials)
    except ValueError as error:
        raise SettingsError(f"POSTRAIL_MEDIA_URL: {error}") from error
    return ObjectSpool(settings.home / "media", store, parts.clock, _media_locks(parts))


def _media_locks(parts: Parts) -> MediaLocks:
    """Return locks among all who use the ledger: on SQLite that is one machine."""
    if parts.settings.is_sqlite:
        return FolderLocks(parts.settings.home / "media" / "locks")
    from connector.store.media_locks import locks_of  # noqa: PLC0415 - it loads PostgreSQL's driver

    return locks_of(parts.database)


def _library(parts: Parts, intake: Intake, partials: PartialFolder, *addresses: str) -> Library:
    settings = parts.settings
    life = Life(
        plain_ms=settings.media_life_s * 1000,
        retained_ms=settings.media_retained_life_s * 1000,
        quota=settings.media_quota,
    )
    own = {origin_of(address) for address in addresses}
    here = {replace(one, host=host) for one in own if one.host in LOOPBACK for host in LOOPBACK}
    origins = frozenset(own | here)
    return Library(records=parts.media, intake=intake, partials=partials, life=life, origins=origins)
