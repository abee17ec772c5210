"""Parts of pictures that no encoder here makes: colour profiles of other spaces."""

import struct

from PIL import ImageCms

PRIMARIES = {"wide": ((0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841))}
"""Primaries adapted to D50: those of Display P3."""


def profile(name: str) -> bytes:
    """Return sRGB's profile with the primaries of another space in it."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = struct.unpack_from(">I", data, 128)[0]
    tags = {
        data[at : at + 4].decode(): struct.unpack_from(">I", data, at + 4)[0]
        for at in range(132, 132 + 12 * count, 12)
    }
    for tag, values in zip(("rXYZ", "gXYZ", "bXYZ"), PRIMARIES[name], strict=True):
        struct.pack_into(">3i", data, tags[tag] + 8, *(round(value * 65536) for value in values))
    return bytes(data)
