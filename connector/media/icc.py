"""Tells whether a colour profile is sRGB (pure). Sources: ICC.1:2022, IEC 61966-2-1."""

import struct

SRGB = {
    b"rXYZ": (0.4361, 0.2225, 0.0139),
    b"gXYZ": (0.3851, 0.7169, 0.0971),
    b"bXYZ": (0.1431, 0.0606, 0.7141),
}
"""Where sRGB's primaries lie, adapted to D50, as every profile of it has them."""

NEAR = 0.01
"""How far a primary may lie off: makers round differently; Display P3 is off by 0.08."""

_HEADER = 128
_SPACE = slice(16, 20)
_FIXED = 65536


def other_profile(profile: bytes) -> str | None:
    """Return the name of a colour profile other than sRGB, None for sRGB; `broken` for what is no profile."""
    try:
        tags = _tags(profile)
        if profile[_SPACE] == b"RGB " and all(_is_near(profile, tags, tag) for tag in SRGB):
            return None
        return _description(profile, tags) or "a profile without a name"
    except (struct.error, KeyError, UnicodeDecodeError):
        return "a broken profile"


def _tags(profile: bytes) -> dict[bytes, tuple[int, int]]:
    count = min(struct.unpack_from(">I", profile, _HEADER)[0], 100)
    rows = (struct.unpack_from(">4sII", profile, _HEADER + 4 + 12 * index) for index in range(count))
    return {tag: (offset, size) for tag, offset, size in rows}


def _is_near(profile: bytes, tags: dict[bytes, tuple[int, int]], tag: bytes) -> bool:
    if tag not in tags:
        return False
    found = struct.unpack_from(">3i", profile, tags[tag][0] + 8)
    return all(abs(each / _FIXED - wanted) < NEAR for each, wanted in zip(found, SRGB[tag], strict=True))


def _description(profile: bytes, tags: dict[bytes, tuple[int, int]]) -> str:
    offset, size = tags[b"desc"]
    data = profile[offset : offset + min(size, 4096)]
    if data[:4] == b"mluc":
        length, start = struct.unpack_from(">II", data, 20)
        text = data[start : start + length].decode("utf-16-be")
    else:
        length = struct.unpack_from(">I", data, 8)[0]
        text = data[12 : 12 + length].decode("latin-1")
    return "".join(character for character in text if character.isprintable())[:80].strip()
