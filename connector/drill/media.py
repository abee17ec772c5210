"""The files of a drill, and their hashes: what TikTok must show in the end is these bytes and no others."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from connector.demo.media import make_photo, make_video

CLIP, LONG, HUGE = "clip.mp4", "long.mp4", "huge.mp4"
PHOTOS = ("one.jpg", "two.webp")
PADDING = {LONG: 3_000_000, HUGE: 70_000_000}
"""Bytes by which the longer videos are longer: the last one goes to TikTok in several chunks."""

BOX_HEADER = 8
"""Bytes of the header of the box that pads them."""


@dataclass(frozen=True, kw_only=True)
class Media:
    """Where the files are served, and the SHA-256 of each by its name."""

    url: str
    hashes: Mapping[str, str]


def make_media(folder: Path) -> dict[str, str]:
    """Make three videos of the same pictures and two photos; return their hashes."""
    folder.mkdir()
    clip = make_video(folder / CLIP, seconds=3, width=540, height=960)
    for name, size in PADDING.items():
        _pad(clip, folder / name, size)
    for name, kind in zip(PHOTOS, ("JPEG", "WEBP"), strict=True):
        make_photo(folder / name, kind)
    return {path.name: _hash(path) for path in folder.iterdir()}


def _pad(clip: Path, target: Path, size: int) -> None:
    """Write the clip with an empty box of `size` bytes behind it, which takes no room on the disk."""
    with target.open("wb") as file:
        file.write(clip.read_bytes())
        file.write(size.to_bytes(4) + b"free")
        file.truncate(file.tell() + size - BOX_HEADER)


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
