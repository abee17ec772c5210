"""WebM built by hand: each member decides as it should; damaged bytes are refused, never stumbled over."""

import io
import struct
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.sandbox import ebml
from connector.sandbox.ebml import BadEbml, read_webm
from connector.sandbox.looks import look_at_video

UNKNOWN = b"\x01" + b"\xff" * 7


def element(element_id: int, payload: bytes, size: bytes | None = None) -> bytes:
    """Spell an element, its size on eight bytes unless given."""
    name = element_id.to_bytes((element_id.bit_length() + 7) // 8, "big")
    return name + (size or (len(payload) | 1 << 56).to_bytes(8, "big")) + payload


def number(element_id: int, value: int) -> bytes:
    """Spell an element that holds a number."""
    return element(element_id, value.to_bytes(4, "big"))


def webm(
    *,
    doc_type: bytes = b"webm",
    codec: bytes = b"V_VP9",
    width: int = 720,
    height: int = 1280,
    rate: int | None = 30,
    seconds: float | None = 2.0,
    kind: int = 1,
    size: bytes | None = None,
) -> bytes:
    """Build a small WebM without frames; `size` replaces that of its segment."""
    sides = number(ebml.PIXEL_WIDTH, width) + number(ebml.PIXEL_HEIGHT, height)
    track = number(ebml.TRACK_TYPE, kind) + element(ebml.CODEC_ID, codec) + element(ebml.VIDEO, sides)
    if rate is not None:
        track += number(ebml.DEFAULT_DURATION, round(1e9 / rate))
    info = number(ebml.TIMESTAMP_SCALE, 1_000_000)
    if seconds is not None:
        info += element(ebml.DURATION, struct.pack(">d", seconds * 1000))
    inside = element(ebml.INFO, info) + element(ebml.TRACKS, element(ebml.TRACK, track))
    inside += element(ebml.CLUSTER, bytes(100))
    return element(ebml.HEADER, element(ebml.DOC_TYPE, doc_type)) + element(ebml.SEGMENT, inside, size)


def read(data: bytes) -> ebml.WebM:
    """Read bytes."""
    return read_webm(io.BytesIO(data), len(data))


def test_every_member_is_read() -> None:
    found = read(webm(codec=b"V_VP8\0", rate=25))
    assert (found.doc_type, found.codec, found.width, found.height) == ("webm", "V_VP8", 720, 1280)
    assert (found.duration, found.frame_rate) == (Fraction(2), Fraction(25))


def test_a_live_recording_of_unknown_size_tells_neither_duration_nor_rate() -> None:
    found = read(webm(size=UNKNOWN, rate=None, seconds=None))
    assert (found.duration, found.frame_rate, found.width) == (None, None, 720)


@pytest.mark.parametrize(
    ("data", "verdict"),
    [
        (webm(), None),
        (webm(codec=b"V_VP8"), None),
        (webm(codec=b"V_AV1"), "file_format_check_failed"),
        (webm(codec=b"V_MPEG4/ISO/AVC"), "file_format_check_failed"),
        (webm(doc_type=b"matroska"), "file_format_check_failed"),
        (webm(kind=2), "file_format_check_failed"),
        (webm(width=359), "picture_size_check_failed"),
        (webm(height=4097), "picture_size_check_failed"),
        (webm(rate=22), "frame_rate_check_failed"),
        (webm(rate=61), "frame_rate_check_failed"),
        (webm(rate=60), None),
        (webm(seconds=10.0), None),
        (webm(seconds=10.1), "duration_check_failed"),
        (webm(seconds=float("nan")), "file_format_check_failed"),
    ],
)
def test_a_webm_is_judged_by_what_it_says(tmp_path: Path, data: bytes, verdict: str | None) -> None:
    path = tmp_path / "v"
    path.write_bytes(data)
    assert look_at_video(path, max_seconds=10).fail_reason == verdict


@given(st.integers(0, 200), st.integers(0, 255))
def test_a_damaged_byte_is_read_or_refused(at: int, value: int) -> None:
    data = bytearray(webm())
    data[at % len(data)] = value
    try:
        read(bytes(data))
    except BadEbml:
        return


@given(st.integers(0, 300))
def test_a_file_that_ends_early_is_refused(length: int) -> None:
    data = webm()
    with pytest.raises(BadEbml):
        read(data[: min(length, len(data) - 1)])
