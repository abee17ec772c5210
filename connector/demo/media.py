"""Real media made on the spot: a vertical H.264 MP4 with sound, and photos in TikTok's formats."""

import math
from array import array
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
from PIL import Image, ImageDraw

VIDEO_SIZE = (1080, 1920)
PHOTO_SIZE = (864, 1080)
"""4:5, the tallest share of a feed, within PM3K's 1080 px on either side."""

SAMPLE_RATE = 44_100
SAMPLES_PER_FRAME = 1024
MELODY_HZ = (262, 330, 392, 523, 392, 330)

Color = tuple[int, int, int]

DUSK: Color = (36, 17, 74)
ROSE: Color = (244, 91, 105)
SUN: Color = (255, 196, 112)
SEA: Color = (20, 120, 140)
INK: Color = (12, 18, 38)


def gradient(size: tuple[int, int], top: Color, bottom: Color) -> Image.Image:
    """Paint a vertical gradient of `size` pixels."""
    ramp = Image.linear_gradient("L").resize(size)
    return Image.composite(Image.new("RGB", size, bottom), Image.new("RGB", size, top), ramp)


def _shape(side: int, color: Color, *, round_: bool) -> Image.Image:
    image = Image.new("RGBA", (side, side), (*color, 0))
    draw = ImageDraw.Draw(image)
    box = (0, 0, side - 1, side - 1)
    if round_:
        draw.ellipse(box, fill=(*color, 210))
    else:
        draw.rounded_rectangle(box, radius=side // 5, fill=(*color, 190))
    return image


def pictures(size: tuple[int, int], count: int) -> Iterator[Image.Image]:
    """Yield `count` frames: a sky that drifts, a sun that rises, two shapes that swing."""
    width, height = size
    sky = gradient((width, height * 2), DUSK, ROSE)
    sun = _shape(width * 5 // 9, SUN, round_=True)
    card = _shape(width // 3, SEA, round_=False)
    moon = _shape(width // 5, INK, round_=True)
    for index in range(count):
        phase = index / max(count, 1)
        swing = math.sin(phase * math.tau * 2)
        top = round(height * phase)
        frame = sky.crop((0, top, width, top + height))
        frame.paste(sun, (width * 2 // 9, round(height * (0.62 - 0.4 * phase))), sun)
        frame.paste(card, (round(width * (0.33 + 0.3 * swing)), round(height * 0.66)), card)
        frame.paste(moon, (round(width * (0.4 - 0.3 * swing)), round(height * 0.14)), moon)
        yield frame


def tone(first: int, count: int) -> bytes:
    """Return `count` 16-bit samples, from sample `first` on, of a melody that changes twice a second."""
    samples = array("h")
    for index in range(first, first + count):
        beat, within = divmod(index, SAMPLE_RATE // 2)
        loudness = 9000 * math.exp(-4 * within / SAMPLE_RATE)
        pitch = MELODY_HZ[beat % len(MELODY_HZ)]
        samples.append(round(loudness * math.sin(math.tau * pitch * within / SAMPLE_RATE)))
    return samples.tobytes()


def _sound_stream(output: av.container.OutputContainer, *, webm: bool) -> av.AudioStream:
    return output.add_stream("libopus", rate=48_000) if webm else output.add_stream("aac", rate=SAMPLE_RATE)


def _add_sound(output: av.container.OutputContainer, stream: av.AudioStream, seconds: float) -> None:
    for first in range(0, round(seconds * SAMPLE_RATE), SAMPLES_PER_FRAME):
        frame = av.AudioFrame(format="s16", layout="mono", samples=SAMPLES_PER_FRAME)
        frame.planes[0].update(tone(first, SAMPLES_PER_FRAME))
        frame.sample_rate = SAMPLE_RATE
        frame.pts = first
        output.mux(stream.encode(frame))
    output.mux(stream.encode(None))


def make_video(
    path: Path,
    *,
    seconds: float = 5,
    width: int = VIDEO_SIZE[0],
    height: int = VIDEO_SIZE[1],
    fps: int = 30,
    sound: bool = True,
) -> Path:
    """Write a moving picture to `path` and return it: VP9 and Opus for .webm, else H.264 and AAC."""
    webm = path.suffix == ".webm"
    with av.open(str(path), "w") as output:
        video = output.add_stream("libvpx-vp9" if webm else "libx264", rate=fps)
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        video.options = (
            {"deadline": "realtime", "cpu-used": "8"} if webm else {"preset": "ultrafast", "crf": "26"}
        )
        audio = _sound_stream(output, webm=webm) if sound else None
        for index, picture in enumerate(pictures((width, height), round(seconds * fps))):
            frame = av.VideoFrame.from_image(picture)  # type: ignore[no-untyped-call]  # PyAV leaves it out
            frame.pts, frame.time_base = index, Fraction(1, fps)
            output.mux(video.encode(frame))
        output.mux(video.encode(None))
        if audio is not None:
            _add_sound(output, audio, seconds)
    return path


def make_photo(path: Path, format_: str = "JPEG", size: tuple[int, int] = PHOTO_SIZE) -> Path:
    """Write a photo of `size` pixels to `path` and return it.

    `format_` is a name that Pillow knows (JPEG, WEBP, PNG, GIF, BMP); PNG has see-through parts.
    """
    width, height = size
    image = gradient(size, SEA, SUN).convert("RGBA")
    for side, x, y, color in ((0.6, 0.2, 0.1, ROSE), (0.35, 0.08, 0.52, DUSK), (0.3, 0.6, 0.58, INK)):
        shape = _shape(max(round(width * side), 1), color, round_=color != INK)
        image.paste(shape, (round(width * x), round(height * y)), shape)
    if format_ == "PNG":
        ImageDraw.Draw(image).ellipse(
            (width // 3, height // 3, width * 2 // 3, height // 2), fill=(0, 0, 0, 0)
        )
    else:
        image = image.convert("RGB")
    image.save(path, format_)
    return path


def make_demo_media(folder: Path) -> dict[str, Path]:
    """Write the demo's files into `folder`: `clip.mp4`, `one.jpg`, `two.webp` and `three.png`, by name."""
    made = [
        make_video(folder / "clip.mp4"),
        make_photo(folder / "one.jpg", "JPEG"),
        make_photo(folder / "two.webp", "WEBP", (1080, 1080)),
        make_photo(folder / "three.png", "PNG"),
    ]
    return {path.name: path for path in made}
