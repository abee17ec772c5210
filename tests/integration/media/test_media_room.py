"""The media room against sources of every kind: what it takes in, refuses, and leaves behind."""

import io
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from PIL import Image

from connector.engine.model import Kind
from connector.engine.ports import MediaRoom
from connector.kernel.clock import SystemClock
from connector.kernel.errors import PostrailError, Problem
from connector.media.room import Media
from connector.media.spool import Spool, place_of
from connector.net import Egress
from tests.integration.media.scripted_server import (
    Script,
    ScriptedServer,
    answer,
    drips,
    falls_silent,
    hangs_up_after,
    says,
)
from tests.media_samples import make_photo, make_video

FIELD = "photo_images[2]"


@contextmanager
def room(
    folder: Path, script: Script, *, total_s: float = 5, idle_s: float = 5
) -> Iterator[tuple[ScriptedServer, Media]]:
    """Yield a source that follows `script` and a media room that may reach it, with its spool in `folder`."""
    with ScriptedServer(script) as server:
        egress = Egress(trusted=frozenset({server.origin}), clock=SystemClock())
        with closing(egress):
            yield server, Media(egress, Spool(folder), total_s=total_s, idle_s=idle_s)


def refused(
    folder: Path, script: Script, kind: Kind = "video", *, total_s: float = 5, idle_s: float = 5
) -> Problem:
    """Take in from a source that must be refused; see that nothing stayed behind; return the problem."""
    with (
        room(folder, script, total_s=total_s, idle_s=idle_s) as (server, media),
        pytest.raises(PostrailError) as caught,
    ):
        media.take_in(server.url("/file?secret=x"), kind, field_path=FIELD)
    assert [path for path in folder.rglob("*") if path.is_file()] == []
    problem = caught.value.details[0]
    assert problem.field == FIELD
    assert problem.code == caught.value.code
    assert "secret" not in caught.value.message + problem.got
    return problem


def jpeg(width: int, height: int, **options: object) -> bytes:
    """Return a JPEG of that size."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(out, "JPEG", **options)
    return out.getvalue()


@pytest.mark.parametrize(
    ("ending", "mime"), [("mp4", "video/mp4"), ("mov", "video/quicktime"), ("webm", "video/webm")]
)
def test_a_video_is_kept_byte_for_byte(tmp_path: Path, ending: str, mime: str) -> None:
    data = make_video(tmp_path / f"a.{ending}", seconds=1, width=360, height=640).read_bytes()
    with room(tmp_path / "spool", says(answer("200 OK", data))) as (server, media):
        item = media.take_in(server.url("/a"), "video", field_path="source_url")
    assert place_of(tmp_path / "spool", item.media_id).read_bytes() == data
    assert (item.kind, item.mime, item.size, item.width, item.height) == ("video", mime, len(data), 360, 640)
    assert item.name == f"{item.media_id[:16]}.{ending}"
    assert item.source_url.endswith("/a")
    assert item.changes == ()


@pytest.mark.parametrize(("format_", "ending"), [("JPEG", "jpg"), ("WEBP", "webp")])
def test_a_photo_that_is_right_is_kept_byte_for_byte(tmp_path: Path, format_: str, ending: str) -> None:
    data = make_photo(tmp_path / "a", format_).read_bytes()
    with room(tmp_path / "spool", says(answer("200 OK", data))) as (server, media):
        item = media.take_in(server.url("/photo.png"), "photo", field_path=FIELD)
    assert place_of(tmp_path / "spool", item.media_id).read_bytes() == data
    assert (item.name.rpartition(".")[2], item.changes) == (ending, ())


def test_a_png_is_kept_as_jpeg_alone(tmp_path: Path) -> None:
    data = make_photo(tmp_path / "a", "PNG").read_bytes()
    with room(tmp_path / "spool", says(answer("200 OK", data))) as (server, media):
        item = media.take_in(server.url("/photo.jpg"), "photo", field_path=FIELD)
    kept = [path for path in (tmp_path / "spool").rglob("*") if path.is_file()]
    assert kept == [place_of(tmp_path / "spool", item.media_id)]
    assert kept[0].read_bytes().startswith(b"\xff\xd8\xff")
    assert (item.mime, item.size) == ("image/jpeg", kept[0].stat().st_size)
    assert item.changes == ("converted from image/png to image/jpeg", "see-through parts put on white")


def test_the_room_fills_the_engines_port(tmp_path: Path) -> None:
    with room(tmp_path, falls_silent) as (_, media):
        port: MediaRoom = media
        with pytest.raises(PostrailError, match="media_gone"):
            port.blob("0" * 64)


def test_redirects_are_followed(tmp_path: Path) -> None:
    hops = [answer("302 Found", Location=f"/hop{number}") for number in range(5)]
    with room(tmp_path, says(*hops, answer("200 OK", jpeg(400, 400)))) as (server, media):
        assert media.take_in(server.url("/start#part"), "photo", field_path=FIELD).mime == "image/jpeg"
    assert [head.split()[1] for head in server.heads] == ["/start", *(f"/hop{number}" for number in range(5))]


def test_a_sixth_redirect_is_one_too_many(tmp_path: Path) -> None:
    hops = [answer("301 Moved", Location=f"/hop{number}") for number in range(7)]
    problem = refused(tmp_path, says(*hops))
    assert (problem.code, problem.problem) == ("redirect_not_allowed", "too_many_redirects")


def test_a_redirect_loop_is_told(tmp_path: Path) -> None:
    script = says(answer("307 Again", Location="/b"), answer("307 Again", Location="/file?secret=x"))
    problem = refused(tmp_path, script)
    assert (problem.code, problem.problem) == ("redirect_not_allowed", "redirect_loop")


@pytest.mark.parametrize(
    "location", ["", "ftp://example.com/a", "file:///etc/passwd", "http://[", "javascript:1"]
)
def test_a_redirect_to_no_web_address_is_refused(tmp_path: Path, location: str) -> None:
    problem = refused(tmp_path, says(answer("302 Found", Location=location)))
    assert (problem.code, problem.problem) == ("redirect_not_allowed", "redirect_nowhere")


def test_a_redirect_to_a_private_address_reaches_nobody(tmp_path: Path) -> None:
    with ScriptedServer(says(answer("200 OK", jpeg(400, 400)))) as inside:
        problem = refused(tmp_path, says(answer("302 Found", Location=inside.url())))
    assert (problem.code, problem.problem) == ("address_not_allowed", "private_address")
    assert inside.connections == 0


def test_a_redirect_with_credentials_is_refused(tmp_path: Path) -> None:
    problem = refused(tmp_path, says(answer("302 Found", Location="http://me:hunter2@127.0.0.1/")))
    assert problem.problem == "credentials_in_url"


HOSTILE: list[tuple[str, Script, str]] = [
    ("not found", says(answer("404 Not Found")), "source_status"),
    ("forbidden", says(answer("403 Forbidden", jpeg(400, 400))), "source_status"),
    ("partial", says(answer("206 Partial Content", jpeg(400, 400))), "source_status"),
    ("broken server", says(answer("503 Service Unavailable")), "source_5xx"),
    ("web page", says(answer("200 OK", b"<!doctype html><html>sign in</html>")), "html_page"),
    ("empty", says(answer("200 OK")), "empty_file"),
    ("packed", says(answer("200 OK", b"x", Content_Encoding="gzip")), "content_encoded"),
    ("cut", hangs_up_after(answer("200 OK", bytes(5_000_000))[:2_500_000]), "source_cut"),
    ("cut head", hangs_up_after(b"HTTP/1.1 200 OK\r\nContent-Len"), "source_cut"),
    ("no answer", hangs_up_after(b""), "source_cut"),
]


@pytest.mark.parametrize(
    ("script", "word"), [case[1:] for case in HOSTILE], ids=[case[0] for case in HOSTILE]
)
def test_a_source_that_does_not_give_the_file_is_told(tmp_path: Path, script: Script, word: str) -> None:
    problem = refused(tmp_path, script)
    assert (problem.code, problem.problem) == ("fetch_error", word)


def test_a_silent_source_is_told_after_the_idle_limit(tmp_path: Path) -> None:
    assert refused(tmp_path, falls_silent, idle_s=0.1).problem == "source_timeout"


def test_a_dripping_source_is_told_after_the_total_limit(tmp_path: Path) -> None:
    script = drips(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b"x", 0.02)
    assert refused(tmp_path, script, total_s=0.3).problem == "source_too_slow"


def test_an_unreachable_source_is_told(tmp_path: Path) -> None:
    with room(tmp_path, falls_silent) as (server, media):
        url = server.url()
        server.stop()
        with pytest.raises(PostrailError) as caught:
            media.take_in(url, "video", field_path=FIELD)
    assert (caught.value.code, caught.value.details[0].problem) == ("fetch_error", "unreachable")


@pytest.mark.parametrize("url", ["ftp://example.com/a.mp4", "http://[::1", "hello", "http://a b/c.mp4"])
def test_what_is_no_url_is_told(tmp_path: Path, url: str) -> None:
    with room(tmp_path, falls_silent) as (_, media), pytest.raises(PostrailError) as caught:
        media.take_in(url, "video", field_path=FIELD)
    assert (caught.value.code, caught.value.details[0].problem) == ("fetch_error", "not_a_url")


@pytest.mark.parametrize(
    ("kind", "code", "limit"),
    [("video", "too_large", 4_000_000_000), ("photo", "image_too_large", 20_000_000)],
)
def test_a_file_that_says_it_is_too_large_is_not_read(
    tmp_path: Path, kind: Kind, code: str, limit: int
) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {limit + 1}\r\n\r\n".encode()
    problem = refused(tmp_path, hangs_up_after(head), kind)
    assert (problem.code, problem.problem) == (code, code)
    assert problem.got == problem.expected.removeprefix("at most ")


def test_an_endless_photo_is_cut_off_at_the_limit(tmp_path: Path) -> None:
    problem = refused(tmp_path, drips(b"HTTP/1.1 200 OK\r\n\r\n", bytes(1_000_000), 0), "photo")
    assert (problem.code, problem.got) == ("image_too_large", "more than 20.0 MB")


MP4_HEAD = b"\0\0\0\x18ftypmp42" + bytes(2000)


@pytest.mark.parametrize(
    ("script", "got"),
    [
        (
            hangs_up_after(b"HTTP/1.1 200 OK\r\nContent-Length: 31000000\r\n\r\n" + MP4_HEAD),
            "an MP4 file of 31.0 MB",
        ),
        (
            drips(b"HTTP/1.1 200 OK\r\n\r\n" + MP4_HEAD, bytes(1_000_000), 0),
            "an MP4 file of more than 20.0 MB",
        ),
    ],
    ids=["declared", "endless"],
)
def test_a_large_video_among_the_photos_is_told_as_what_it_is(
    tmp_path: Path, script: Script, got: str
) -> None:
    problem = refused(tmp_path, script, "photo")
    assert (problem.code, problem.got, problem.fix) == (
        "unsupported_image_type",
        got,
        "post it by post_video",
    )


def test_a_chunked_photo_without_a_length_is_taken(tmp_path: Path) -> None:
    data = jpeg(400, 300)
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (
        len(data),
        data,
    )
    with room(tmp_path, says(chunked)) as (server, media):
        assert media.take_in(server.url(), "photo", field_path=FIELD).size == len(data)


def test_a_text_file_named_mp4_is_told_as_what_it_is(tmp_path: Path) -> None:
    problem = refused(tmp_path, says(answer("200 OK", b"not a video\n", Content_Type="video/mp4")))
    assert (problem.code, problem.problem, problem.got) == (
        "unsupported_video_type",
        "unsupported_video_type",
        "a text file",
    )


def test_a_bmp_is_refused_as_a_photo(tmp_path: Path) -> None:
    data = make_photo(tmp_path.parent / f"{tmp_path.name}.bmp", "BMP").read_bytes()
    assert refused(tmp_path, says(answer("200 OK", data)), "photo").code == "unsupported_image_type"


def test_a_photo_six_pixels_too_wide_is_named_with_its_size(tmp_path: Path) -> None:
    problem = refused(tmp_path, says(answer("200 OK", jpeg(1086, 1448))), "photo")
    assert (problem.code, problem.got) == ("image_too_large_px", "1086 x 1448 px")


def test_a_cut_png_cannot_be_converted(tmp_path: Path) -> None:
    data = make_photo(tmp_path.parent / f"{tmp_path.name}.png", "PNG").read_bytes()
    assert refused(tmp_path, says(answer("200 OK", data[:4000])), "photo").code == "image_convert_failed"


def test_all_problems_of_a_video_are_told_at_once(tmp_path: Path) -> None:
    data = make_video(tmp_path / "small.mp4", seconds=1, width=320, height=240, fps=10).read_bytes()
    with (
        room(tmp_path / "spool", says(answer("200 OK", data))) as (server, media),
        pytest.raises(PostrailError) as caught,
    ):
        media.take_in(server.url(), "video", field_path="source_url")
    assert [problem.problem for problem in caught.value.details] == [
        "side_out_of_range",
        "frame_rate_out_of_range",
    ]
    assert {problem.field for problem in caught.value.details} == {"source_url"}
