"""Builds the media room and the library of uploads over the media folder under HOME."""

from dataclasses import replace

from connector.domain.net import origin_of
from connector.engine.library import Library
from connector.engine.model_media import Life
from connector.media.intake import Intake
from connector.media.partial import PartialFolder
from connector.media.room import Media
from connector.media.spool import Spool
from connector.net import Egress
from connector.wiring.parts import Parts, Stock

LOOPBACK = ("127.0.0.1", "localhost", "::1")


def open_stock(parts: Parts, *addresses: str) -> Stock:
    """Open the media folder; what processes that died have left half written goes first.

    `addresses` are those by which this server is called: uploads are recognised by them.
    """
    settings = parts.settings
    spool = Spool(settings.home / "media")
    spool.sweep_incoming()
    sources = Egress(trusted=parts.trusted, clock=parts.clock, allow_http=settings.allow_http_sources)
    media = Media(
        sources,
        spool,
        total_s=settings.source_timeout_s,
        photo_s=settings.photo_timeout_s,
        idle_s=settings.source_idle_s,
    )
    intake = Intake(media, spool, sources, limit=settings.max_upload_bytes, total_s=settings.source_timeout_s)
    partials = PartialFolder(settings.home / "media", parts.clock, life_ms=settings.upload_life_s * 1000)
    return Stock(media=media, library=_library(parts, intake, partials, *addresses))


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
