"""Reads the boxes of a HEIC or AVIF picture: its sides as displayed, alpha, depth (pure).

Source: ISO/IEC 23008-12 (HEIF), ISO/IEC 14496-12 (item properties).
"""

import struct
from typing import BinaryIO

from connector.domain.media import Photo
from connector.media.boxes import Box, BoxReader, Unreadable

MAX_META = 1024 * 1024
_ALPHA = (b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", b"urn:mpeg:hevc:2015:auxid:1\0")
_QUARTERS = {1, 3}


def read_heif(file: BinaryIO, size: int, mime: str) -> Photo:
    """Read the header of a picture of `size` bytes. Raises Unreadable."""
    try:
        return _photo(BoxReader(file, size), size, mime)
    except (struct.error, KeyError, IndexError, ZeroDivisionError) as error:
        raise Unreadable("its boxes are damaged") from error


def _photo(reader: BoxReader, size: int, mime: str) -> Photo:
    meta = next((box for box in reader.inside(reader.whole) if box.kind == b"meta"), None)
    if meta is None:
        raise Unreadable("it has no index (meta)")
    inside = reader.children(Box(b"meta", meta.start + 4, meta.end))
    item = _primary(reader.payload(inside[b"pitm"]))
    parts = reader.children(inside[b"iprp"])
    properties = list(reader.inside(parts[b"ipco"]))
    wanted = _associated(reader.payload(parts[b"ipma"], MAX_META), item)
    chosen = [properties[index - 1] for index in wanted if 0 < index <= len(properties)]
    width, height = _sides(reader, chosen)
    return Photo(
        mime=mime,
        size=size,
        width=width,
        height=height,
        has_alpha=any(_is_alpha(reader, box) for box in properties),
        is_animated=any(box.kind == b"moov" for box in reader.inside(reader.whole)),
        bits=_depth(reader, chosen),
    )


def _primary(pitm: bytes) -> int:
    return int(struct.unpack_from(">I" if pitm[0] else ">H", pitm, 4)[0])


def _sides(reader: BoxReader, properties: list[Box]) -> tuple[int, int]:
    width = height = 0
    turned = False
    for box in properties:
        if box.kind == b"ispe":
            width, height = struct.unpack_from(">II", reader.payload(box), 4)
        elif box.kind == b"clap":
            across, over, down, under = struct.unpack_from(">4I", reader.payload(box))
            width, height = across // over, down // under
        elif box.kind == b"irot":
            turned = reader.payload(box)[0] & 3 in _QUARTERS
    if not width or not height:
        raise Unreadable("it tells no size")
    return (height, width) if turned else (width, height)


def _depth(reader: BoxReader, properties: list[Box]) -> int:
    shapes = (reader.payload(box) for box in properties if box.kind == b"pixi")
    return max((max(shape[5:], default=8) for shape in shapes), default=8)


def _is_alpha(reader: BoxReader, box: Box) -> bool:
    return box.kind == b"auxC" and reader.payload(box)[4:].startswith(_ALPHA)


def _associated(ipma: bytes, item: int) -> list[int]:
    """Return the numbers of an item's properties, counted from 1."""
    version, flags = ipma[0], ipma[3]
    count, at = struct.unpack_from(">I", ipma, 4)[0], 8
    for _ in range(count):
        form = ">IB" if version else ">HB"
        found, links = struct.unpack_from(form, ipma, at)
        at += struct.calcsize(form)
        wide = flags & 1
        numbers = [
            struct.unpack_from(">H", ipma, at + 2 * index)[0] & 0x7FFF if wide else ipma[at + index] & 0x7F
            for index in range(links)
        ]
        at += links * (2 if wide else 1)
        if found == item:
            return numbers
    raise Unreadable("its picture has no properties")
