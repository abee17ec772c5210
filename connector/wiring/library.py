"""Builds the media room and the library of uploads over the media folder under HOME."""

from dataclasses import replace

from connector.domain.net import origin_of
from connector.engine.library import Library
from connector.engine.model_media import Life
from connector.kernel.errors import PostrailError
from connector.media.intake import Intake
from connector.media.partial import PartialFolder, nothing_begun
from connector.media.room import Media
from connector.net import Egress
from connector.settings import SettingsError
from connector.wiring.parts import Parts, Stock
from connector.wiring.storage import Storage, download_places, open_storage

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def open_stock(parts: Parts, *addresses: str) -> Stock:
    """Open the media folder.

    `addresses` are those by which this server is called: uploads are recognised by them.
    """
    settings = parts.settings
    storage = open_storage(parts)
    sources = Egress(trusted=parts.trusted, clock=parts.clock, allow_http=settings.allow_http_sources)
    media = Media(
        sources,
        storage.spool,
        total_s=settings.source_timeout_s,
        photo_s=settings.photo_timeout_s,
        idle_s=settings.source_idle_s,
    )
    intake = Intake(
        media,
        storage.spool,
        sources,
        limit=settings.max_upload_bytes,
        total_s=settings.source_timeout_s,
        places=download_places(parts),
    )
    return Stock(media=media, library=_library(parts, intake, storage, *addresses))


def clear_incoming(parts: Parts) -> None:
    """Delete what processes that died have left half written in the media folder."""
    open_storage(parts).spool.sweep_incoming()


def see_storage(parts: Parts) -> None:
    """See that media can be kept where the settings say. Raises SettingsError, which names what is wrong."""
    url, folder = parts.settings.media_url, parts.settings.home / "media"
    name = "POSTRAIL_HOME" if url is None else "POSTRAIL_MEDIA_URL"
    try:
        open_storage(parts).spool.check()
    except OSError as error:
        raise SettingsError(f"POSTRAIL_HOME: cannot keep media in {folder}: {error.strerror}") from error
    except PostrailError as error:
        fix = error.details[0].fix if error.details else ""
        raise SettingsError(f"{name}: {error.message}; {fix}") from error


def _library(parts: Parts, intake: Intake, storage: Storage, *addresses: str) -> Library:
    settings, presigned = parts.settings, storage.presigned
    life = Life(
        plain_ms=settings.media_life_s * 1000,
        retained_ms=settings.media_retained_life_s * 1000,
        quota=settings.media_quota,
    )
    partials = PartialFolder(
        settings.home / "media",
        parts.clock,
        life_ms=settings.upload_life_s * 1000,
        elsewhere=nothing_begun if presigned is None else presigned.begun,
    )
    own = {origin_of(address) for address in addresses}
    here = {replace(one, host=host) for one in own if one.host in LOOPBACK for host in LOOPBACK}
    return Library(
        records=parts.media,
        intake=intake,
        partials=partials,
        life=life,
        origins=frozenset(own | here),
        presigned=presigned,
    )
