"""Opens where media is kept: the folder under HOME, or a bucket, as the settings say."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.domain.storage import bucket_of
from connector.engine.ports_storage import MediaLocks, PresignedUploads
from connector.media.locks import FolderLocks
from connector.media.spool import AnySpool, Spool
from connector.settings import SettingsError
from connector.wiring.parts import Parts

if TYPE_CHECKING:
    from obstore.store import S3Store

DOWNLOAD_SHARE = 4
"""One in so many web threads may fetch an upload: from a URL, or from where its sender has put it."""


@dataclass(frozen=True, kw_only=True)
class Storage:
    """Where files are kept, and where their senders may put them themselves: in a bucket alone."""

    spool: AnySpool
    presigned: PresignedUploads | None = None


def download_places(parts: Parts) -> int:
    """Return how many uploads may be fetched at once."""
    return max(1, parts.settings.threads // DOWNLOAD_SHARE)


def open_storage(parts: Parts) -> Storage:
    """Open where media is kept. Raises SettingsError for a setting that cannot be used."""
    settings, folder = parts.settings, parts.settings.home / "media"
    if settings.media_url is None:
        return Storage(spool=Spool(folder))
    store = _open_bucket(parts, settings.media_url)
    # The client of a bucket is an extra, and takes its time to load.
    from connector.media.objects import ObjectSpool  # noqa: PLC0415 - see above
    from connector.media.presigned import BucketUploads  # noqa: PLC0415 - see above

    locks = _media_locks(parts)
    uploads = BucketUploads(
        store, parts.clock, locks, life_ms=settings.upload_life_s * 1000, places=download_places(parts)
    )
    return Storage(spool=ObjectSpool(folder, store, parts.clock, locks), presigned=uploads)


def _open_bucket(parts: Parts, url: str) -> "S3Store":
    settings = parts.settings
    try:
        from connector.media.objects import Credentials, open_bucket  # noqa: PLC0415 - see above
    except ModuleNotFoundError as missing:
        needs = 'a bucket needs its client: pip install "postrail[s3]"'
        raise SettingsError(f"POSTRAIL_MEDIA_URL: {needs}") from missing
    key_id, secret = settings.media_access_key_id, settings.media_secret_access_key
    credentials = Credentials(key_id=key_id, secret=secret.get_secret_value()) if key_id and secret else None
    try:
        return open_bucket(bucket_of(url), credentials)
    except ValueError as error:
        raise SettingsError(f"POSTRAIL_MEDIA_URL: {error}") from error


def _media_locks(parts: Parts) -> MediaLocks:
    """Return locks among all who use the ledger: on SQLite that is one machine."""
    if parts.settings.is_sqlite:
        return FolderLocks(parts.settings.home / "media" / "locks")
    from connector.store.media_locks import locks_of  # noqa: PLC0415 - it loads PostgreSQL's driver

    return locks_of(parts.database)
