"""The media corpus: every file in it is made on the spot, and each has the verdict that it must get.

KEEPS and CONVERTED are files that a post may name; any other verdict is the word of the problem with it.
"""

import io
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Literal

import av
from PIL import Image

KEEPS = "keeps"
"""It goes to TikTok byte for byte."""

CONVERTED = "converted"
"""It goes to TikTok as another JPEG."""


@dataclass(frozen=True)
class Specimen:
    """One file: what it is, how it is made, and its verdict."""

    name: str
    kind: Literal["video", "photo"]
    make: Callable[[], bytes]
    verdict: str


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What an encoder is told; `muxer` options of the container, `codec_tag` of the track."""

    form: str = "mp4"
    codec: str = "libx264"
    width: int = 360
    height: int = 640
    rate: Fraction | int = 25
    frames: int = 12
    sounds: int = 1
    sound_codec: str = "aac"
    muxer: tuple[tuple[str, str], ...] = ()
    options: tuple[tuple[str, str], ...] = (("preset", "ultrafast"),)
    pixels: str = "yuv420p"
    turn: int = 0
    shape: Fraction | None = None
    tag: str = ""
    times: tuple[int, ...] = ()


@cache
def encoded(recipe: Recipe) -> bytes:
    """Encode a short film of moving grey."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film"  # a file: an encoder reads it again to put its index first
        _encode(recipe, path)
        return path.read_bytes()


def _encode(recipe: Recipe, path: Path) -> None:
    with av.open(str(path), "w", format=recipe.form, options=dict(recipe.muxer)) as container:
        film = container.add_stream(recipe.codec, rate=recipe.rate, options=dict(recipe.options))
        assert isinstance(film, av.VideoStream)
        film.width, film.height, film.pix_fmt = recipe.width, recipe.height, recipe.pixels
        film.codec_context.time_base = Fraction(1, 1000) if recipe.times else 1 / Fraction(recipe.rate)
        if recipe.shape is not None:
            film.codec_context.sample_aspect_ratio = recipe.shape
        if recipe.tag:
            film.codec_context.codec_tag = recipe.tag
        if recipe.turn:
            film.set_display_rotation(recipe.turn)
        sounds = [_sound(container, recipe) for _ in range(recipe.sounds)]
        for index in range(recipe.frames):
            container.mux(film.encode(_frame(recipe, index)))
        container.mux(film.encode(None))
        for sound in sounds:
            _hum(container, sound)


def _frame(recipe: Recipe, index: int) -> av.VideoFrame:
    picture = Image.new("L", (recipe.width, recipe.height), 20 + index * 7 % 200).convert("RGB")
    frame = av.VideoFrame.from_image(picture).reformat(format=recipe.pixels)  # type: ignore[no-untyped-call]  # PyAV leaves it out
    frame.pts = recipe.times[index] if recipe.times else index
    frame.time_base = Fraction(1, 1000) if recipe.times else 1 / Fraction(recipe.rate)
    assert isinstance(frame, av.VideoFrame)
    return frame


def _sound(container: av.container.OutputContainer, recipe: Recipe) -> av.AudioStream:
    stream = container.add_stream(recipe.sound_codec, rate=48_000)
    assert isinstance(stream, av.AudioStream)
    return stream


def _hum(container: av.container.OutputContainer, stream: av.AudioStream) -> None:
    for first in range(0, 20_000, 960):
        frame = av.AudioFrame(format="s16", layout="mono", samples=960)
        frame.planes[0].update(bytes(frame.planes[0].buffer_size))
        frame.sample_rate, frame.pts, frame.time_base = 48_000, first, Fraction(1, 48_000)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def painted(
    format_: str, mode: str = "RGB", size: tuple[int, int] = (320, 400), frames: int = 1, **options: object
) -> bytes:
    """Encode a picture, by Pillow's names of formats and modes."""
    pictures = [_picture(mode, size, index) for index in range(frames)]
    out = io.BytesIO()
    if frames > 1:
        options |= {"save_all": True, "append_images": pictures[1:]}
    pictures[0].save(out, format_, **options)
    return out.getvalue()


def _picture(mode: str, size: tuple[int, int], index: int) -> Image.Image:
    image = Image.linear_gradient("L").resize(size).rotate(90 * index)
    if mode == "I;16":
        return image.convert("I").point(lambda value: value * 257).convert("I;16")
    picture = image.convert(mode) if mode in {"L", "1"} else image.convert("RGB").convert(mode)
    if mode in {"LA", "RGBA"}:
        picture.putalpha(image)
    return picture
