"""MP4, MOV and WebM files built by hand, box by box: every oddity that an encoder here would not make.

Their frames hold nothing: they are for readers of headers.
"""

import struct
import zlib
from dataclasses import dataclass, replace

MATRICES = {0: (1, 0, 0, 1), 90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}
ONE = 1 << 16
CLUSTER_FRAMES = 100


def box(kind: bytes, *parts: bytes) -> bytes:
    """One box."""
    inside = b"".join(parts)
    return struct.pack(">I4s", 8 + len(inside), kind) + inside


@dataclass(frozen=True, kw_only=True)
class Made:
    """What a movie is made of.

    `runs` of (frames, units each); `scale` units per second of the tracks, `movie_scale` of the movie;
    `edits` of (movie units, start in track units); `fragments`: frame durations that stand in `moof` boxes.
    """

    brand: bytes | None = b"isom"
    codec: bytes = b"avc1"
    width: int = 720
    height: int = 1280
    runs: tuple[tuple[int, int], ...] = ((60, 1),)
    scale: int = 30
    movie_scale: int = 1000
    movie_units: int = 2000
    edits: tuple[tuple[int, int], ...] | None = None
    turn: int = 0
    pixel: tuple[int, int] | None = None
    sounds: int = 1
    picture: bool = True
    index_last: bool = False
    wide: bool = False
    fragments: tuple[tuple[int, ...], ...] = ()
    default_duration: int = 0
    media: bytes = bytes(64)
    chunk_at: int | None = None
    with_index: bool = True


def _times(made: Made, scale: int, units: int) -> bytes:
    if made.wide:
        return struct.pack(">IQQIQ", 1 << 24, 0, 0, scale, units)
    return struct.pack(">IIIII", 0, 0, 0, scale, units)


def _header(made: Made, number: int) -> bytes:
    a, b, c, d = MATRICES[made.turn]
    matrix = struct.pack(">9i", a * ONE, b * ONE, 0, c * ONE, d * ONE, 0, 0, 0, 1 << 30)
    times = (
        struct.pack(">QQIIQ", 0, 0, number, 0, 0) if made.wide else struct.pack(">IIIII", 0, 0, number, 0, 0)
    )
    version = 1 if made.wide else 0
    return box(b"tkhd", struct.pack(">I", version << 24 | 7), times, bytes(16), matrix, bytes(8))


def _offsets(made: Made, at: int) -> bytes:
    if made.wide:
        return box(b"co64", struct.pack(">IIQ", 0, 1, at))
    return box(b"stco", struct.pack(">III", 0, 1, at))


def _track(made: Made, number: int, handler: bytes, at: int) -> bytes:
    pixel = box(b"pasp", struct.pack(">II", *made.pixel)) if made.pixel else b""
    entry = (
        box(made.codec, bytes(24), struct.pack(">HH", made.width, made.height), bytes(50), pixel)
        if handler == b"vide"
        else box(b"mp4a", bytes(28))
    )
    frames = sum(count for count, _ in made.runs)
    runs = b"".join(struct.pack(">II", *run) for run in made.runs)
    table = box(
        b"stbl",
        box(b"stsd", struct.pack(">II", 0, 1), entry),
        box(b"stts", struct.pack(">II", 0, len(made.runs)), runs),
        box(b"stsc", struct.pack(">IIIII", 0, 1, 1, frames, 1)) if frames else b"",
        box(b"stsz", struct.pack(">III", 0, 1, frames)),
        _offsets(made, at) if frames else b"",
    )
    units = sum(count * each for count, each in made.runs)
    media = box(
        b"mdia",
        box(b"mdhd", _times(made, made.scale, units), bytes(4)),
        box(b"hdlr", bytes(8), handler, bytes(13)),
        box(b"minf", table),
    )
    edits = b""
    if made.edits is not None:
        form = ">QqI" if made.wide else ">IiI"
        rows = b"".join(struct.pack(form, length, start, ONE) for length, start in made.edits)
        elst = box(b"elst", struct.pack(">II", (1 << 24) if made.wide else 0, len(made.edits)), rows)
        edits = box(b"edts", elst)
    return box(b"trak", _header(made, number), edits, media)


def _index(made: Made, at: int) -> bytes:
    handlers = [b"vide"] * made.picture + [b"soun"] * made.sounds
    tracks = [_track(made, number, handler, at) for number, handler in enumerate(handlers, 1)]
    extends = b""
    if made.fragments:
        trex = (box(b"trex", struct.pack(">IIIIII", 0, n, 1, made.default_duration, 0, 0)) for n in (1, 2))
        extends = box(b"mvex", *trex)
    return box(
        b"moov", box(b"mvhd", _times(made, made.movie_scale, made.movie_units), bytes(80)), *tracks, extends
    )


def _fragment(durations: tuple[int, ...]) -> bytes:
    samples = b"".join(struct.pack(">II", each, 1) for each in durations)
    trun = box(b"trun", struct.pack(">IIi", 0x301, len(durations), 0), samples)
    tfhd = box(b"tfhd", struct.pack(">II", 0x020000, 1))
    return box(b"moof", box(b"mfhd", bytes(8)), box(b"traf", tfhd, trun)) + box(
        b"mdat", bytes(len(durations))
    )


def made_movie(made: Made | None = None, **changes: object) -> bytes:
    """Return the bytes of a movie: one of 2 s at 30 frames per second, 720 x 1280, with what is changed."""
    made = replace(made or Made(), **changes)  # type: ignore[arg-type] # any member
    head = b"" if made.brand is None else box(b"ftyp", made.brand, bytes(4), b"isom")
    mdat = box(b"mdat", made.media)
    before = len(head) + 8 + (0 if made.index_last or not made.with_index else len(_index(made, 0)))
    index = _index(made, before if made.chunk_at is None else made.chunk_at) if made.with_index else b""
    body = mdat + index if made.index_last else index + mdat
    return head + body + b"".join(_fragment(each) for each in made.fragments)


def packed(movie: bytes, kind: bytes = b"zlib") -> bytes:
    """Compress the index of a movie as QuickTime does; one that stands last leaves all offsets true."""
    at = movie.index(b"moov") - 4
    size = struct.unpack_from(">I", movie, at)[0]
    data = box(b"cmvd", struct.pack(">I", size), zlib.compress(movie[at : at + size]))
    return movie[:at] + box(b"moov", box(b"cmov", box(b"dcom", kind), data)) + movie[at + size :]


def element(name: int, *parts: bytes) -> bytes:
    """One EBML element, its size in eight bytes."""
    inside = b"".join(parts)
    return (
        name.to_bytes((name.bit_length() + 7) // 8, "big")
        + (len(inside) | 1 << 56).to_bytes(8, "big")
        + inside
    )


def number(name: int, value: int) -> bytes:
    """One EBML element that holds a number."""
    return element(name, value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big"))


@dataclass(frozen=True, kw_only=True)
class MadeWebM:
    """What a WebM file is made of; with `seconds` or `rate` None its head does not tell them."""

    codec: bytes = b"V_VP9"
    width: int = 720
    height: int = 1280
    shown: tuple[int, int] | None = None
    seconds: float | None = 2.0
    rate: int | None = 30
    doc_type: bytes = b"webm"
    sounds: int = 1
    frames: int = 60
    frame_ms: float = 1000 / 30
    picture: bool = True


def made_webm(**changes: object) -> bytes:
    """Return the bytes of a WebM file: 2 s at 30 frames per second, 720 x 1280, with what is changed."""
    made = replace(MadeWebM(), **changes)  # type: ignore[arg-type] # any member
    sides = [number(0xB0, made.width), number(0xBA, made.height)]
    sides += [number(0x54B0, made.shown[0]), number(0x54BA, made.shown[1])] if made.shown else []
    frame = [number(0x23E383, round(1_000_000_000 / made.rate))] if made.rate else []
    kind, codec = number(0x83, 1), element(0x86, made.codec)
    video = element(0xAE, number(0xD7, 1), kind, codec, *frame, element(0xE0, *sides))
    sound = element(0xAE, number(0xD7, 2), number(0x83, 2), element(0x86, b"A_OPUS"))
    tracks = ([video] if made.picture else []) + [sound] * made.sounds
    duration = [] if made.seconds is None else [element(0x4489, struct.pack(">d", made.seconds * 1000))]
    info = element(0x1549A966, number(0x2AD7B1, 1_000_000), *duration)
    clusters = [_cluster(index, made) for index in range(0, made.frames, CLUSTER_FRAMES)]
    head = element(0x1A45DFA3, element(0x4282, made.doc_type))
    return head + element(0x18538067, info, element(0x1654AE6B, *tracks), *clusters)


def _cluster(first: int, made: MadeWebM) -> bytes:
    start = round(first * made.frame_ms)
    blocks = [
        element(0xA3, b"\x81", struct.pack(">hB", round(index * made.frame_ms) - start, 0x80), b"\0")
        for index in range(first, min(first + CLUSTER_FRAMES, made.frames))
    ]
    return element(0x1F43B675, number(0xE7, start), *blocks)
