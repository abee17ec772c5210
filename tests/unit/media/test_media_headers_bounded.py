"""Headers made to be walked through again and again are read once, and not without end."""

import io
import struct
import zlib

import pytest

from connector.kernel.errors import PostrailError
from connector.media.boxes import MAX_BYTES as MOST_UNPACKED
from connector.media.boxes import Box, BoxReader, Unreadable
from connector.media.elements import MAX_BYTES, MAX_ELEMENTS, ElementReader
from connector.media.exif import orientation_in
from connector.media.images import read_photo
from connector.media.jpeg import HeaderError
from connector.media.movie import read_movie
from connector.media.probe import look_at_video
from connector.media.webm import read_webm, webm_length
from tests.movies_made import box, element, made_movie, number, packed


class Counting(io.BytesIO):
    """A file that counts how often and how many bytes are read of it."""

    reads = 0
    taken = 0

    def read(self, size: int | None = -1, /) -> bytes:
        """Read and count."""
        data = super().read(size)
        self.reads += 1
        self.taken += len(data)
        return data


def claiming(kind: bytes, size: int) -> bytes:
    """Return the header of a box that claims so many bytes."""
    return struct.pack(">I4s", size, kind)


def head_of(data: bytes) -> BoxReader:
    """Return a reader of boxes in memory."""
    return BoxReader(io.BytesIO(data), len(data))


def test_a_box_ends_where_its_parent_ends_whatever_it_claims() -> None:
    data = box(b"moof", claiming(b"traf", 1000)) + box(b"free", bytes(2000))
    reader = head_of(data)
    moof, _free = reader.inside(reader.whole)
    assert [(each.kind, each.end) for each in reader.inside(moof)] == [(b"traf", 16)]


def test_a_box_whose_header_alone_reaches_behind_its_parent_is_none() -> None:
    reader = head_of(struct.pack(">I4sQ", 1, b"wide", 16))
    assert list(reader.inside(Box(b"moov", 0, 12))) == []


def test_what_a_box_has_behind_its_parent_is_not_read() -> None:
    reader = head_of(box(b"moov", claiming(b"mvhd", 24)) + bytes(100))
    (moov,) = (each for each in reader.inside(reader.whole) if each.kind == b"moov")
    with pytest.raises(Unreadable, match="mvhd is too large"):
        reader.payload(reader.children(moov)[b"mvhd"])


def test_boxes_are_counted_over_all_levels_of_a_file() -> None:
    data = box(b"moov", box(b"trak"), box(b"trak")) * 2
    reader = BoxReader(io.BytesIO(data), len(data), max_boxes=5)
    with pytest.raises(Unreadable, match="too many boxes"):
        [list(reader.inside(each)) for each in reader.inside(reader.whole)]


def test_bytes_are_counted_over_all_boxes_of_a_file() -> None:
    data = box(b"free", bytes(10))
    reader = BoxReader(io.BytesIO(data), len(data), max_bytes=19)
    (free,) = reader.inside(reader.whole)
    reader.payload(free)
    with pytest.raises(Unreadable, match="boxes are too large"):
        reader.payload(free)


def test_fragments_that_claim_the_rest_of_the_file_do_not_share_it() -> None:
    count = 400
    tail = box(b"tfhd", struct.pack(">II", 0x020000, 1))
    left = (16 * each - 8 + len(tail) for each in range(count, 0, -1))
    rest = (claiming(b"moof", 16) + claiming(b"traf", each) for each in left)
    data = made_movie(runs=(), fragments=((1,) * 30,), sounds=0) + b"".join(rest) + tail
    file = Counting(data)
    with pytest.raises(PostrailError):
        look_at_video(file, len(data))
    assert file.reads < 4 * count


def test_tables_of_many_tracks_are_not_read_without_end() -> None:
    clock = struct.pack(">5I", 0, 0, 0, 1, 1)
    stts = box(b"stts", bytes(3_000_000))
    inside = box(b"hdlr", bytes(8), b"soun"), box(b"mdhd", clock), box(b"minf", box(b"stbl", stts))
    data = box(b"moov", box(b"mvhd", clock), box(b"trak", box(b"tkhd", bytes(84)), box(b"mdia", *inside)) * 6)
    file = Counting(data)
    with pytest.raises(Unreadable, match="boxes are too large"):
        read_movie(file, len(data))
    assert file.taken < len(data)


def test_a_compressed_index_is_not_unpacked_without_end() -> None:
    bomb = zlib.compress(box(b"moov", bytes(MOST_UNPACKED)), 9)
    data = box(b"moov", box(b"cmov", box(b"dcom", b"zlib"), box(b"cmvd", bytes(4), bomb)))
    assert len(data) < MOST_UNPACKED // 100
    with pytest.raises(Unreadable, match="packed index is too large"):
        read_movie(io.BytesIO(data), len(data))


def test_a_compressed_index_inside_a_compressed_index_is_none() -> None:
    data = packed(packed(made_movie(index_last=True)))
    with pytest.raises(Unreadable, match="no header"):
        read_movie(io.BytesIO(data), len(data))


def test_a_property_that_a_picture_names_again_and_again_is_not_read_without_end() -> None:
    pixi = box(b"pixi", bytes(4), b"\x03", bytes([8]) * 1_000_000)
    ipma = box(b"ipma", struct.pack(">IIHB", 0, 1, 1, 255), b"\x01" * 254 + b"\x02")
    parts = box(b"ipco", pixi, box(b"ispe", struct.pack(">III", 0, 30, 20)))
    meta = box(b"meta", bytes(4), box(b"pitm", bytes(4), b"\0\1"), box(b"iprp", parts, ipma))
    data = box(b"ftyp", b"heic", bytes(4)) + meta
    with pytest.raises(HeaderError, match="boxes are too large"):
        read_photo(io.BytesIO(data), len(data))


def test_an_element_ends_where_its_parent_ends_whatever_it_claims() -> None:
    sides = element(0xE0, number(0xB0, 30), number(0xBA, 20))
    codec = b"\x86" + (500 | 1 << 56).to_bytes(8, "big") + b"V_VP9"
    tracks = element(0x1654AE6B, element(0xAE, number(0x83, 1), sides, codec))
    data = element(0x1A45DFA3) + element(0x18538067, tracks, element(0x1549A966), element(0xEC, bytes(900)))
    assert read_webm(io.BytesIO(data), len(data)).codec == "vp9"


def head_of_tracks(*tracks: bytes) -> bytes:
    """Return the head of a WebM file with these tracks."""
    info = element(0x1549A966, number(0x2AD7B1, 1_000_000))
    return element(0x1A45DFA3) + element(0x18538067, info, element(0x1654AE6B, *tracks))


def test_elements_are_counted_over_all_levels_of_a_file() -> None:
    tracks = [element(0xAE, number(0x83, 2), *[element(0xEC)] * (MAX_ELEMENTS // 10)) for _ in range(20)]
    data = head_of_tracks(*tracks)
    file = Counting(data)
    with pytest.raises(Unreadable, match="too many parts"):
        read_webm(file, len(data))
    assert file.reads == MAX_ELEMENTS


def test_a_webm_that_begins_with_empty_elements_alone_is_taken_as_whole_and_read_no_further() -> None:
    data = element(0xEC) * (2 * MAX_ELEMENTS)
    file = Counting(data)
    assert webm_length(file, len(data)) == len(data)
    assert file.reads == MAX_ELEMENTS


def test_values_are_counted_over_all_elements_of_a_file() -> None:
    tracks = [element(0xAE, element(0x83, bytes(60_000))) for _ in range(20)]
    data = head_of_tracks(*tracks)
    file = Counting(data)
    with pytest.raises(Unreadable, match="its head is too large"):
        read_webm(file, len(data))
    assert file.taken < MAX_BYTES + 12 * file.reads


def test_a_value_larger_than_any_real_one_is_not_read() -> None:
    data = element(0x86, bytes(65_537))
    reader = ElementReader(io.BytesIO(data), len(data))
    (codec,) = reader.inside(reader.whole)
    with pytest.raises(Unreadable, match="a part of its head is too large"):
        reader.value(codec)


def test_of_a_thousand_tracks_few_are_looked_into() -> None:
    sound = element(0xAE, number(0xD7, 2), number(0x83, 2), *[number(0x86, 1)] * 50)
    picture = element(
        0xAE, number(0x83, 1), element(0x86, b"V_VP9"), element(0xE0, number(0xB0, 9), number(0xBA, 9))
    )
    data = head_of_tracks(picture, *[sound] * 900)
    file = Counting(data)
    assert read_webm(file, len(data)).width == 9
    assert file.reads < 3_000


def test_a_gif_of_empty_extensions_is_not_walked_to_its_end() -> None:
    data = b"GIF89a" + bytes(7) + b"\x21\xf9\x00" * 250_000
    file = Counting(data)
    with pytest.raises(HeaderError, match="too many blocks"):
        read_photo(file, len(data))


def test_a_jpeg_of_fill_bytes_is_not_walked_to_its_end() -> None:
    data = b"\xff\xd8" + b"\xff" * 100_000
    file = Counting(data)
    with pytest.raises(HeaderError, match="filled up"):
        read_photo(file, len(data))
    assert file.reads < 10_000


def test_of_a_directory_of_exif_the_first_entries_count() -> None:
    others = struct.pack(">HHIHH", 0x0100, 3, 1, 1, 0) * 60_000
    orientation = struct.pack(">HHIHH", 0x0112, 3, 1, 6, 0)
    head = b"MM\0*" + struct.pack(">IH", 8, 60_001)
    assert orientation_in(head + orientation + others) == 6
    assert orientation_in(head + others + orientation) is None
