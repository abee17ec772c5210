"""The jobs of the media helper: each opens one file with a foreign decoder. Runs in a child of its own.

A job takes and returns what JSON can hold, and bytes; it writes nothing and opens nothing else.
"""

from collections.abc import Callable

import av

from connector.media import pictures, stills
from connector.media.pictures import Answer, Unusable

MAX_FRAMES = 60 * 60 * 12
"""Frames that are counted: twelve minutes at 60 per second, more than TikTok takes."""


def demux(path: str, form: str) -> Answer:
    """Count the frames of a video whose headers do not tell; `form` is the demuxer's name.

    Tells codec, stored and shown sides, turn (degrees clockwise), `seconds` and `rate` as text of decimals
    (None: not known), and the number of sound tracks.
    """
    with av.open(path, format=form, metadata_errors="ignore") as container:
        if not container.streams.video:
            raise Unusable("it has no picture track")
        stream = container.streams.video[0]
        codec: av.VideoCodecContext | None = stream.codec_context
        if codec is None:
            raise Unusable("its codec is not known")
        seconds, rate = _counted(container, stream)
        shape = stream.sample_aspect_ratio or 1
        return {
            "codec": codec.name,
            "width": codec.width,
            "height": codec.height,
            "shown_width": round(codec.width * shape),
            "seconds": seconds,
            "rate": rate,
            "sounds": len(container.streams.audio),
        }, b""


def _counted(
    container: av.container.InputContainer, stream: av.VideoStream
) -> tuple[float | None, float | None]:
    """Return (seconds, mean frames per second) from the frames themselves."""
    times: list[int] = []
    for packet in container.demux(stream):
        if packet.pts is not None:
            times.append(packet.pts)
        if len(times) >= MAX_FRAMES:
            break
    if len(times) <= 1 or stream.time_base is None:
        return None, None
    frames = len(times) - 1
    span = float((max(times) - min(times)) * stream.time_base)
    return (span * (frames + 1) / frames, frames / span) if span else (None, None)


def reason(error: Exception) -> str:
    """Say in a line why a job failed, without paths and without the decoder's own words."""
    if isinstance(error, Unusable):
        return str(error)
    return "it is damaged, or cut"


JOBS: dict[str, Callable[..., Answer]] = {
    "demux": demux,
    "whole": pictures.whole,
    "to_jpeg": pictures.to_jpeg,
    "still": stills.still,
    "thumbnail": stills.thumbnail,
}
"""The jobs by name."""
