"""A look into real files: what they are, and what is wrong with those that are not."""

import io
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.kernel.errors import PostrailError
from connector.media.boxes import BoxReader, mp4_length
from connector.media.probe import probe_photo, probe_video
from connector.media.webm import webm_length
from tests.media_samples import make_photo, make_video


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with small clips in the three containers."""
    folder = tmp_path_factory.mktemp("clips")
    for name, sound in (("a.mp4", True), ("a.mov", False), ("a.webm", True)):
        make_video(folder / name, seconds=1, width=360, height=640, fps=25, sound=sound)
    return folder


def written(path: Path, data: bytes) -> Path:
    """Write a file and return its path."""
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("name", "mime", "codec", "sound"),
    [
        ("a.mp4", "video/mp4", "h264", True),
        ("a.mov", "video/quicktime", "h264", False),
        ("a.webm", "video/webm", "vp9", True),
    ],
)
def test_a_clip_is_looked_into(clips: Path, name: str, mime: str, codec: str, *, sound: bool) -> None:
    video = probe_video(clips / name)
    assert (video.mime, video.codec, video.has_audio) == (mime, codec, sound)
    assert (video.width, video.height, video.fps) == (360, 640, 25)
    assert video.duration_ms is not None
    assert abs(video.duration_ms - 1000) < 60


def test_a_turned_clip_tells_its_size_as_displayed(clips: Path, tmp_path: Path) -> None:
    turned = tmp_path / "turned.mp4"
    with av.open(str(clips / "a.mp4")) as source, av.open(str(turned), "w") as output:
        stream = output.add_stream_from_template(source.streams.video[0])
        stream.set_display_rotation(90)
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                output.mux(packet)
    video = probe_video(turned)
    assert (video.width, video.height, video.stored, video.rotation) == (640, 360, (360, 640), 270)


def refusal(look: Callable[[Path], object], path: Path) -> tuple[str, str, str]:
    """Return (code, problem, got) of the refusal of a file."""
    with pytest.raises(PostrailError) as caught:
        look(path)
    problem = caught.value.details[0]
    assert problem.code == caught.value.code
    return caught.value.code, problem.problem, problem.got


@pytest.mark.parametrize(
    ("data", "got"),
    [
        (b"this is not a video, it is text\n", "a text file"),
        (b"<html><body>404", "a web page"),
        (b"RIFF....AVI LIST", "an AVI video"),
        (b"", "an empty file"),
        (
            b"\x00\x00\x00\x10ftypisom0000\x00\x00\x00\x10mdat00000000",
            "an MP4 file that cannot be read (it has no index (moov))",
        ),
    ],
)
def test_what_is_no_video_is_named_as_what_it_is(tmp_path: Path, data: bytes, got: str) -> None:
    found = refusal(probe_video, written(tmp_path / "clip.mp4", data))
    assert found == ("unsupported_video_type", "unsupported_video_type", got)


def test_a_playlist_named_mp4_is_never_opened_as_one(tmp_path: Path) -> None:
    playlist = written(tmp_path / "clip.mp4", b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n")
    assert refusal(probe_video, playlist)[2] == "a text file"


def test_a_sound_file_in_an_mp4_box_has_no_picture_track(tmp_path: Path) -> None:
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("aac", rate=44_100)
        frame = av.AudioFrame(format="s16", layout="mono", samples=1024)
        frame.planes[0].update(bytes(2048))
        frame.sample_rate = 44_100
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    assert refusal(probe_video, path)[2] == "an MP4 file without a picture track"


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.webm"])
@pytest.mark.parametrize("share", [0.5, 0.99])
def test_a_clip_that_was_cut_is_told(clips: Path, tmp_path: Path, name: str, share: float) -> None:
    data = (clips / name).read_bytes()
    cut = written(tmp_path / name, data[: int(len(data) * share)])
    assert refusal(probe_video, cut)[:2] == ("bad_request", "truncated")


def test_padding_behind_the_last_box_is_no_cut(clips: Path, tmp_path: Path) -> None:
    padded = written(tmp_path / "a.mp4", (clips / "a.mp4").read_bytes() + b"\xff" * 100)
    assert probe_video(padded).codec == "h264"


def test_a_photo_is_looked_at(tmp_path: Path) -> None:
    photo = probe_photo(make_photo(tmp_path / "a.jpg", "JPEG", (300, 400)))
    assert (photo.mime, photo.width, photo.height) == ("image/jpeg", 300, 400)


@pytest.mark.parametrize(("data", "got"), [(b"hello", "a text file"), (b"%PDF-1.7", "a PDF document")])
def test_what_is_no_photo_is_named_as_what_it_is(tmp_path: Path, data: bytes, got: str) -> None:
    found = refusal(probe_photo, written(tmp_path / "photo.jpg", data))
    assert found == ("unsupported_image_type", "unsupported_image_type", got)


def test_a_damaged_photo_is_told(tmp_path: Path) -> None:
    assert "damaged" in refusal(probe_photo, written(tmp_path / "photo.jpg", b"\xff\xd8\xff\xe0\x00"))[2]


def test_a_box_of_64_bit_size_and_one_to_the_end_are_walked() -> None:
    large = b"\x00\x00\x00\x01mdat" + (20).to_bytes(8, "big") + b"1234"
    data = large + b"\x00\x00\x00\x00free" + b"12"
    reader = BoxReader(io.BytesIO(data), len(data))
    found = [(box.kind, box.start, box.end) for box in reader.inside(reader.whole)]
    assert found == [(b"mdat", 16, 20), (b"free", 28, 30)]


def test_a_box_that_goes_nowhere_ends_the_walk() -> None:
    data = b"\x00\x00\x00\x03mdat" + bytes(20)
    assert mp4_length(io.BytesIO(data), len(data)) == 0


@pytest.mark.parametrize(
    "data", [b"", b"\x1a\x45\xdf\xa3", b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\x01" + b"\xff" * 7]
)
def test_a_webm_that_does_not_tell_its_length_is_taken_as_whole(data: bytes) -> None:
    assert webm_length(io.BytesIO(data), len(data)) == len(data)


def test_a_codec_nobody_knows_is_named_by_its_four_characters(clips: Path, tmp_path: Path) -> None:
    data = (clips / "a.mp4").read_bytes()
    assert probe_video(written(tmp_path / "a.mp4", data.replace(b"avc1", b"zzz9"))).codec == "zzz9"


def test_names_that_are_no_text_do_no_harm(clips: Path, tmp_path: Path) -> None:
    data = (clips / "a.mov").read_bytes().replace(b"VideoHandler", b"Video\xffandler")
    assert probe_video(written(tmp_path / "a.mov", data)).codec == "h264"


@settings(max_examples=80, deadline=None)
@given(
    name=st.sampled_from(["a.mp4", "a.mov", "a.webm"]),
    place=st.floats(0, 1),
    values=st.binary(min_size=1, max_size=8),
)
def test_a_damaged_clip_is_read_or_refused_and_never_worse(
    clips: Path, name: str, place: float, values: bytes
) -> None:
    data = bytearray((clips / name).read_bytes())
    at = round(place * (len(data) - len(values)))
    data[at : at + len(values)] = values
    damaged = written(clips / f"damaged-{name}", bytes(data))
    with suppress(PostrailError):
        assert probe_video(damaged).size == len(data)
