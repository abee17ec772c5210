"""Jobs that give small pictures of media: the frame of a video at some moment, a thumbnail of a photo.

Runs in the media helper's children.
"""

import io
from fractions import Fraction

import av
from PIL import Image

from connector.media.pictures import Answer, Unusable, shrunk

QUALITY = 85
"""JPEG quality, of 100."""


def still(path: str, form: str, at_ms: int, side: int) -> Answer:
    """Give the frame shown at `at_ms` milliseconds as JPEG, upright, with no side above `side` pixels.

    Behind the end it is the last frame. Tells `at_ms`, the frame's own time.
    """
    with av.open(path, format=form, metadata_errors="ignore") as container:
        if not container.streams.video:
            raise Unusable("it has no picture track")
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        frame = _frame_at(container, stream, Fraction(at_ms, 1000))
        image = _upright(frame, stream.sample_aspect_ratio or Fraction(1))
    image.thumbnail((side, side))
    out = io.BytesIO()
    image.save(out, "JPEG", quality=QUALITY)
    return {
        "width": image.width,
        "height": image.height,
        "at_ms": round((frame.time or 0) * 1000),
    }, out.getvalue()


def thumbnail(path: str, mime: str, side: int) -> Answer:
    """Give a small JPEG of a photo, upright, on white, with no side above `side` pixels."""
    return shrunk(path, mime, side, QUALITY)


def _frame_at(container: av.container.InputContainer, stream: av.VideoStream, at: Fraction) -> av.VideoFrame:
    """Return the last frame that begins at or before a time in seconds; the first one where none does."""
    unit = stream.time_base or Fraction(1, 1000)
    container.seek(round(at / unit), stream=stream)
    found: av.VideoFrame | None = None
    for frame in container.decode(stream):
        if found is not None and frame.pts is not None and frame.pts * unit > at:
            break
        found = frame
    if found is None:
        raise Unusable("it has no frame there")
    return found


def _upright(frame: av.VideoFrame, shape: Fraction) -> Image.Image:
    """Return a frame as it is displayed: pixels made square, turned as the track says."""
    image: Image.Image = frame.to_image()  # type: ignore[no-untyped-call] # PyAV leaves it out
    if shape != 1:
        image = image.resize((max(1, round(image.width * shape)), image.height))
    return image.rotate(frame.rotation, expand=True) if frame.rotation else image
