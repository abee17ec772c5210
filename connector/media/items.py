"""Media items and looks from what probing and preparing have found (pure)."""

from connector.domain.media import Photo, Video
from connector.engine.model import MediaItem, MediaLook
from connector.media.prepare import Prepared

ENDINGS = {
    "image/jpeg": "jpg",
    "image/webp": "webp",
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/webm": "webm",
}
NAME_LENGTH = 16
"""Hex characters of the id in a file's public name."""


def name_of(media_id: str, mime: str) -> str:
    """Return the last part of a file's public URL."""
    return f"{media_id[:NAME_LENGTH]}.{ENDINGS[mime]}"


def video_item(media_id: str, video: Video, url: str) -> MediaItem:
    """Return a kept video."""
    return MediaItem(
        media_id=media_id,
        kind="video",
        name=name_of(media_id, video.mime),
        mime=video.mime,
        size=video.size,
        width=video.width,
        height=video.height,
        duration_ms=video.duration_ms,
        source_url=url,
    )


def photo_item(media_id: str, ready: Prepared, url: str) -> MediaItem:
    """Return a kept photo."""
    photo = ready.after
    return MediaItem(
        media_id=media_id,
        kind="photo",
        name=name_of(media_id, photo.mime),
        mime=photo.mime,
        size=photo.size,
        width=photo.width,
        height=photo.height,
        source_url=url,
        changes=ready.changes,
    )


def video_look(video: Video, url: str) -> MediaLook:
    """Return what a video was found to be."""
    width, height = video.stored
    facts = {
        "codec": video.codec,
        "fps": None if video.fps is None else round(video.fps, 3),
        "variable_frame_rate": video.is_uneven,
        "stored_width": width,
        "stored_height": height,
        "rotation": video.rotation,
        "audio_tracks": video.audio_tracks,
        "fragmented": video.is_fragmented,
    }
    return MediaLook(item=video_item("", video, url), facts=facts)


def photo_look(ready: Prepared, url: str) -> MediaLook:
    """Return what a photo was found to be, and what becomes of it."""
    return MediaLook(item=photo_item("", ready, url), facts={"before": _photo_facts(ready.before)})


def _photo_facts(photo: Photo) -> dict[str, object]:
    return {
        "mime": photo.mime,
        "size": photo.size,
        "width": photo.width,
        "height": photo.height,
        "orientation": photo.orientation,
        "colours": photo.colours,
        "profile": photo.profile,
        "bits": photo.bits,
        "alpha": photo.has_alpha,
        "animated": photo.is_animated,
    }
