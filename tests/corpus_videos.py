"""The videos of the corpus: good and bad in every way that a look from outside can tell."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

from tests.corpus import KEEPS, Recipe, Specimen, encoded, painted
from tests.movies_made import box, made_movie, made_webm, packed

PLAIN = Recipe()
WEBM = Recipe(
    form="webm",
    codec="libvpx-vp9",
    sound_codec="libopus",
    options=(("deadline", "realtime"), ("cpu-used", "8")),
)
FRAGMENTED = "frag_keyframe+empty_moov"
HALF = 0.5


def film(name: str, verdict: str = KEEPS, recipe: Recipe = PLAIN, **changes: object) -> Specimen:
    """A film from an encoder."""
    return Specimen(name, "video", lambda: encoded(replace(recipe, **changes)), verdict)  # type: ignore[arg-type] # any member


def boxes(name: str, verdict: str = KEEPS, **changes: Any) -> Specimen:  # noqa: ANN401 - any member of Made
    """An MP4 or MOV built by hand."""
    return Specimen(name, "video", lambda: made_movie(**changes), verdict)


def compressed(name: str, verdict: str, kind: bytes = b"zlib", **changes: Any) -> Specimen:  # noqa: ANN401 - any member of Made
    """A MOV whose index is compressed."""
    return Specimen(
        name, "video", lambda: packed(made_movie(brand=b"qt  ", index_last=True, **changes), kind), verdict
    )


def webm(name: str, verdict: str = KEEPS, **changes: object) -> Specimen:
    """A WebM built by hand."""
    return Specimen(name, "video", lambda: made_webm(**changes), verdict)


def cut(name: str, share: float, recipe: Recipe = PLAIN, **changes: object) -> Specimen:
    """A film of which the last part is missing."""
    recipe = replace(recipe, **changes)  # type: ignore[arg-type] # any member

    def make() -> bytes:
        data = encoded(recipe)
        return data[: round(len(data) * share)]

    return Specimen(name, "video", make, "truncated")


def raw(name: str, data: bytes) -> Specimen:
    """A file that is no video at all."""
    return Specimen(name, "video", lambda: data, "unsupported_video_type")


def muxed(**flags: str) -> tuple[tuple[str, str], ...]:
    """Return options of a container."""
    return tuple(flags.items())


ENCODED = (
    film("plain mp4"),
    film("mp4 without sound", sounds=0),
    film("mp4 with three sound tracks", sounds=3),
    film("mp4 with its index first", muxer=muxed(movflags="faststart")),
    film("mp4 with frames that refer ahead", options=(("preset", "veryfast"), ("bf", "3"))),
    film("mp4 without an edit list", muxer=muxed(use_editlist="0")),
    film("mp4 with its own clock", muxer=muxed(video_track_timescale="90000")),
    film("mp4 in fragments", muxer=muxed(movflags=FRAGMENTED)),
    film("mp4 in fragments with defaults", muxer=muxed(movflags=f"{FRAGMENTED}+default_base_moof")),
    film("mp4 in fragments behind a first part", muxer=muxed(movflags="frag_keyframe")),
    film("mp4 in fragments as CMAF", muxer=muxed(movflags="cmaf"), sounds=0),
    film("mov", form="mov"),
    film("mov with its index first", form="mov", muxer=muxed(movflags="faststart")),
    film(
        "mp4 of H.265", codec="libx265", options=(("x265-params", "log-level=none"), ("preset", "ultrafast"))
    ),
    film(
        "mov of H.265",
        codec="libx265",
        form="mov",
        tag="hvc1",
        options=(("x265-params", "log-level=none"), ("preset", "ultrafast")),
    ),
    film("mp4 of VP9", codec="libvpx-vp9", options=(("deadline", "realtime"), ("cpu-used", "8"))),
    film("mp4 in ten bits", pixels="yuv420p10le"),
    film("webm of VP9", recipe=WEBM),
    film("webm of VP8", recipe=WEBM, codec="libvpx", frames=4),
    film("webm without sound", recipe=WEBM, sounds=0),
    film("webm as a live recording", recipe=WEBM, muxer=muxed(live="1")),
    film("webm with its index first", recipe=WEBM, muxer=muxed(cues_to_front="1")),
    film("turned by 90 degrees", turn=90),
    film("turned by 180 degrees", turn=180),
    film("turned by 270 degrees", turn=270),
    film("pixels that are not square", width=360, height=480, shape=Fraction(4, 3)),
    film("a variable frame rate", frames=10, times=(0, 33, 66, 99, 150, 200, 233, 266, 299, 340)),
    film("23.976 frames", rate=Fraction(24_000, 1001)),
    film("29.97 frames", rate=Fraction(30_000, 1001)),
    film("59.94 frames", rate=Fraction(60_000, 1001), frames=60),
    film("wide", width=640, height=360),
    film("square", width=480, height=480),
    film("15 frames per second", "frame_rate_out_of_range", rate=15),
    film("120 frames per second", "frame_rate_out_of_range", rate=120, frames=30),
    film("too narrow", "side_out_of_range", width=320, height=640),
    film("too low", "side_out_of_range", width=640, height=240),
    film("mp4 of MPEG-4 part 2", "unsupported_codec", codec="mpeg4", options=()),
    film(
        "mov of ProRes", "unsupported_codec", form="mov", codec="prores_ks", pixels="yuv422p10le", options=()
    ),
    film("mov of Motion JPEG", "unsupported_codec", form="mov", codec="mjpeg", pixels="yuvj420p", options=()),
    film("matroska of H.264", "unsupported_video_type", form="matroska"),
    film("matroska of VP9", "unsupported_video_type", WEBM, form="matroska"),
    film("avi", "unsupported_video_type", form="avi", codec="mpeg4", options=(), sounds=0),
    film("flv", "unsupported_video_type", form="flv", codec="flv", options=(), sounds=0),
    film("mpeg-ts", "unsupported_video_type", form="mpegts"),
    film("3gp", "unsupported_video_type", form="3gp"),
)
"""Films from encoders."""

BUILT = (
    boxes("brand mp42", brand=b"mp42"),
    boxes("brand M4V", brand=b"M4V "),
    boxes("brand dash", brand=b"dash"),
    boxes("brand qt", brand=b"qt  "),
    boxes("mov without a brand", brand=None),
    boxes("64-bit boxes", wide=True),
    boxes("64-bit boxes, index last", wide=True, index_last=True),
    boxes("avc3", codec=b"avc3"),
    boxes("hev1", codec=b"hev1"),
    boxes("vp08", codec=b"vp08"),
    boxes("4096 by 360", width=4096, height=360),
    boxes("360 by 4096", width=360, height=4096),
    boxes("exactly 23 frames", runs=((46, 1),), scale=23),
    boxes("exactly 60 frames", runs=((120, 1),), scale=60),
    boxes("60.02 frames, as phones make them", runs=((3001, 50),), scale=3001),
    boxes("exactly ten minutes", runs=((18_000, 1),)),
    boxes("cut short by an edit", runs=((30_000, 1),), edits=((60_000, 0),)),
    boxes("a movie clock that lies low", movie_units=1),
    boxes("a movie clock that lies high", movie_units=3_600_000),
    Specimen("padding behind the end", "video", lambda: made_movie() + bytes(3000), KEEPS),
    Specimen(
        "a free box in front",
        "video",
        lambda: made_movie()[:20] + box(b"free", bytes(99)) + made_movie(chunk_at=200)[20:],
        KEEPS,
    ),
    compressed("a compressed index", KEEPS),
    compressed("a compressed index with edits", KEEPS, edits=((500, 0),)),
    Specimen("a compressed index of an encoder", "video", lambda: packed(encoded(PLAIN)), KEEPS),
    webm("webm, shown wider than stored", width=360, height=640, shown=(480, 640)),
    webm("webm, live, at 50 frames", seconds=None, rate=None, frames=100, frame_ms=20),
    webm("webm of exactly ten minutes", seconds=600.0),
    boxes("359 wide", "side_out_of_range", width=359),
    boxes("4097 high", "side_out_of_range", height=4097),
    boxes("no sides", "side_out_of_range", width=0, height=0),
    boxes("22 frames", "frame_rate_out_of_range", runs=((44, 1),), scale=22),
    boxes("61 frames", "frame_rate_out_of_range", runs=((122, 1),), scale=61),
    boxes("one frame a second by fragments", "frame_rate_out_of_range", runs=(), fragments=((30,) * 9,)),
    boxes("an average below 23", "frame_rate_out_of_range", runs=((30, 1), (30, 2))),
    boxes("eleven minutes", "too_long", runs=((19_800, 1),)),
    boxes("eleven minutes behind a clock that lies", "too_long", runs=((19_800, 1),), movie_units=1000),
    boxes("eleven minutes by edits", "too_long", edits=((300_000, 0), (360_000, 0))),
    boxes("eleven minutes by a pause first", "too_long", edits=((658_500, -1), (2000, 0))),
    boxes("eleven minutes by fragments", "too_long", runs=(), fragments=((1,) * 19_800,)),
    boxes("av01", "unsupported_codec", codec=b"av01"),
    boxes("encrypted", "unsupported_codec", codec=b"encv"),
    boxes("a codec nobody knows", "unsupported_codec", codec=b"zzzz"),
    boxes("sound alone", "unsupported_video_type", picture=False),
    boxes("no index", "unsupported_video_type", with_index=False),
    boxes("brand M4A", "unsupported_video_type", brand=b"M4A "),
    boxes("media behind the end", "truncated", chunk_at=9_999_999),
    boxes("media behind the end, 64 bits", "truncated", chunk_at=99_999_999_999, wide=True),
    Specimen(
        "a clock of zero",
        "video",
        lambda: made_movie().replace(b"\x00\x00\x00\x1e", bytes(4)),
        "unsupported_video_type",
    ),
    Specimen(
        "no media header", "video", lambda: made_movie().replace(b"mdhd", b"xxxx"), "unsupported_video_type"
    ),
    Specimen(
        "no sample table", "video", lambda: made_movie().replace(b"stts", b"xxxx"), "unsupported_video_type"
    ),
    compressed("eleven minutes behind a compressed index", "too_long", runs=((19_800, 1),)),
    compressed("media behind the end of a compressed index", "truncated", chunk_at=9_999_999),
    compressed("an index compressed in another way", "unsupported_video_type", kind=b"lzma"),
    Specimen(
        "a compressed index that is damaged",
        "video",
        lambda: packed(made_movie(index_last=True)).replace(b"\x78\x9c", b"\x78\x9d"),
        "unsupported_video_type",
    ),
    webm(
        "webm, live, at 10 frames",
        "frame_rate_out_of_range",
        seconds=None,
        rate=None,
        frames=30,
        frame_ms=100,
    ),
    webm("webm, live, of eleven minutes", "too_long", seconds=None, frames=19_800, frame_ms=1000 / 30),
    webm("webm of eleven minutes", "too_long", seconds=660.0),
    webm("webm at 15 frames", "frame_rate_out_of_range", rate=15),
    webm("webm, too narrow", "side_out_of_range", width=300),
    webm("webm of H.264", "unsupported_codec", codec=b"V_MPEG4/ISO/AVC"),
    webm("webm of AV1", "unsupported_codec", codec=b"V_AV1"),
    webm("webm of Theora", "unsupported_codec", codec=b"V_THEORA"),
    webm("webm of sound alone", "unsupported_video_type", picture=False),
    webm("matroska by its own name", "unsupported_video_type", doc_type=b"matroska"),
)
"""Files built box by box."""

BROKEN = (
    cut("mp4 without its second half", HALF),
    cut("mp4 without its last byte", 0.9999),
    cut("mp4, index first, without its last tenth", 0.9, muxer=muxed(movflags="faststart")),
    cut("mp4 in fragments without its second half", HALF, muxer=muxed(movflags=FRAGMENTED)),
    cut("mov without its last tenth", 0.9, form="mov"),
    cut("webm without its second half", HALF, WEBM),
    raw("an empty file", b""),
    raw("one byte", b"\x00"),
    raw("a text", b"This is a text about a video. " * 40),
    raw("a web page", b"<!DOCTYPE html><html><body>404</body></html>"),
    raw("JSON", b'{"error": "not found"}'),
    raw("a playlist", b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"),
    raw("a ZIP archive", b"PK\x03\x04" + bytes(80)),
    raw("a PDF document", b"%PDF-1.7\n" + bytes(80)),
    raw("an Ogg file", b"OggS" + bytes(80)),
    raw("an MP3 sound", b"ID3\x04" + bytes(200)),
    raw("zeros", bytes(4000)),
    raw("noise", bytes(index * 89 % 251 for index in range(4000))),
    raw("an ftyp box alone", box(b"ftyp", b"isom", bytes(8))),
    raw("an EBML head alone", b"\x1a\x45\xdf\xa3\x87\x42\x82\x84webm"),
    Specimen("a JPEG picture", "video", lambda: painted("JPEG"), "unsupported_video_type"),
    Specimen("a GIF animation", "video", lambda: painted("GIF", frames=4), "unsupported_video_type"),
    Specimen("an AVIF picture", "video", lambda: painted("AVIF"), "unsupported_video_type"),
)
"""What is cut, and what is no video."""

VIDEOS = (*ENCODED, *BUILT, *BROKEN)
