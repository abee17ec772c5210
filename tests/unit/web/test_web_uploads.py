"""A request that brings files: what cannot be written, or read, leaves nothing behind."""

import errno
import io
import json
import os
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlencode

import pytest
from flask import Flask, request

from connector.engine.ports_media import Receiving
from connector.kernel.errors import PostrailError
from connector.media.intake import Sent
from connector.media.spool import Spool
from connector.web.uploads import PIECE, SLACK, UploadBody, read_upload

BOUNDARY = "multipart/form-data; boundary=x"


def part(name: str, data: bytes, filename: str | None = None) -> bytes:
    """Return a part of a multipart body."""
    label = "" if filename is None else f'; filename="{filename}"'
    return f'--x\r\nContent-Disposition: form-data; name="{name}"{label}\r\n\r\n'.encode() + data + b"\r\n"


def read(
    spool: Spool, body: bytes, kind: str = "video/mp4", query: str = "", limit: int = 10_000
) -> UploadBody:
    """Read a request whose files go into a spool."""
    app = Flask("uploads")
    app.config["MAX_CONTENT_LENGTH"] = 1_000
    with (
        app.test_request_context(
            "/v1/media", method="POST", data=body, content_type=kind, query_string=query
        ),
        ExitStack() as files,
    ):

        def open_file() -> Receiving:
            return Sent(files.enter_context(spool.receive()), limit)

        return read_upload(request, open_file, limit)


def left(folder: Path) -> list[Path]:
    """Return every file below a folder."""
    return [path for path in folder.rglob("*") if path.is_file()]


def full_disk(folder: Path) -> tuple[int, Path]:
    """Create a file on a disk without room."""
    path = folder / "new"
    path.touch()
    return os.open("/dev/full", os.O_WRONLY), path


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (bytes(500), "video/mp4"),
        (part("file", bytes(500), "a.mp4") + b"--x--\r\n", BOUNDARY),
        (b'{"data": "' + b"QUJD" * 100 + b'"}', "application/json"),
        (b"file=" + b"QUJD" * 100, "application/x-www-form-urlencoded"),
    ],
    ids=["raw", "multipart", "json", "form"],
)
def test_a_full_disk_is_told_and_nothing_half_is_left(tmp_path: Path, body: bytes, kind: str) -> None:
    with pytest.raises(PostrailError, match="disk_full"):
        read(Spool(tmp_path, create=full_disk), body, kind)
    assert left(tmp_path) == []


class Stalling(io.RawIOBase):
    """A body whose sender falls silent."""

    def read(self, size: int = -1) -> bytes:
        """Wait in vain."""
        del size
        raise TimeoutError(errno.ETIMEDOUT, "timed out")


def test_a_body_that_stalls_is_told_and_nothing_half_is_left(tmp_path: Path) -> None:
    app, spool = Flask("uploads"), Spool(tmp_path)
    app.config["MAX_CONTENT_LENGTH"] = 1_000
    with (
        app.test_request_context(
            "/v1/media", method="POST", content_type="video/mp4", environ_overrides={"wsgi.input": Stalling()}
        ),
        ExitStack() as files,
        pytest.raises(PostrailError, match="request_timeout"),
    ):
        read_upload(request, lambda: Sent(files.enter_context(spool.receive()), 10), 10)
    assert left(tmp_path) == []


def test_rows_stand_beside_files_and_in_the_query(tmp_path: Path) -> None:
    body = part("file", b"abc", "a.mp4") + part("name", "caf\u00e9".encode()) + b"--x--\r\n"
    found = read(Spool(tmp_path), body, BOUNDARY, "album_id=album_1")
    assert dict(found.rows) == {"name": "caf\u00e9", "album_id": "album_1"}
    assert [(got.field, got.label, got.file.size) for got in found.received] == [("file", "a.mp4", 3)]


def test_files_of_one_request_are_told_apart(tmp_path: Path) -> None:
    body = part("file", b"a", "a.jpg") + part("file", b"bc", "b.jpg") + part("empty", b"", "") + b"--x--\r\n"
    found = read(Spool(tmp_path), body, BOUNDARY)
    assert [(got.field, got.label, got.file.size) for got in found.received] == [
        ("file[0]", "a.jpg", 1),
        ("file[1]", "b.jpg", 2),
    ]


JSON, FORM = "application/json", "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{{ $json.file }}", "unresolved_expression"),
        ("https://a.example/{{ $json.id }}.mp4", "unresolved_expression"),
        ("=https://a.example/b.mp4", "leading_equals"),
        ("={{ $binary.data }}", "unresolved_expression"),
        ("[object Object]", "object_object"),
        ("undefined", "required"),
        ("null", "required"),
        ("={{ " + "x" * 500, "leading_equals"),
    ],
)
@pytest.mark.parametrize("way", ["json", "form", "multipart"])
def test_what_a_tool_left_in_place_of_a_file_is_named(
    tmp_path: Path, text: str, problem: str, way: str
) -> None:
    body, kind = {
        "json": (json.dumps({"data": text}).encode(), JSON),
        "form": (urlencode({"file": text}).encode(), FORM),
        "multipart": (part("file", text.encode()) + b"--x--\r\n", BOUNDARY),
    }[way]
    with pytest.raises(PostrailError) as caught:
        read(Spool(tmp_path), body, kind)
    assert [(one.field, one.problem) for one in caught.value.details] == [("file", problem)]
    assert left(tmp_path) == []


@pytest.mark.parametrize("text", ["ab_-c d!", "data:text/plain,a b_c", "grün"])
def test_a_text_that_is_no_file_is_told_as_it_was_sent(tmp_path: Path, text: str) -> None:
    with pytest.raises(PostrailError) as caught:
        read(Spool(tmp_path), json.dumps({"file": text}).encode(), JSON)
    assert (caught.value.details[0].problem, caught.value.details[0].got) == ("not_a_file", text)


@pytest.mark.parametrize("kind", [JSON, FORM, "text/plain", ""])
@pytest.mark.parametrize("data", [b"\xff\xd8\xff\xe0rest", b"\0\0\0\x18ftypmp42", b"\x89PNG\r\n\x1a\n"])
def test_a_file_is_taken_whatever_it_is_called(tmp_path: Path, data: bytes, kind: str) -> None:
    (file,) = read(Spool(tmp_path), data, kind).received
    assert (file.field, file.file.size) == ("file", len(data))


def test_json_with_other_letters_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(PostrailError) as caught:
        read(Spool(tmp_path), '["grün"]'.encode(), JSON)
    assert caught.value.details[0].problem != "not_a_file"


@pytest.mark.parametrize(
    "header",
    [
        'attachment; filename="grün.jpg"'.encode().decode("latin-1"),
        'attachment; filename="grün.jpg"',
        "attachment; filename*=UTF-8''gr%C3%BCn.jpg",
    ],
    ids=["utf-8", "latin-1", "extended"],
)
def test_the_name_in_a_header_is_read_as_it_was_written(tmp_path: Path, header: str) -> None:
    app, spool = Flask("uploads"), Spool(tmp_path)
    app.config["MAX_CONTENT_LENGTH"] = 1_000
    with (
        app.test_request_context(
            "/v1/media",
            method="POST",
            data=b"abc\0",
            content_type="image/jpeg",
            environ_overrides={"HTTP_CONTENT_DISPOSITION": header},
        ),
        ExitStack() as files,
    ):
        found = read_upload(request, lambda: Sent(files.enter_context(spool.receive()), 10), 10)
    assert found.rows["name"] == "grün.jpg"


@pytest.mark.parametrize(
    ("body", "kind", "problem"),
    [
        (b"--x\r\n\r\nbroken", BOUNDARY, "broken_multipart"),
        (
            part("file", b"https://a.example/b") + part("file", b"QUJD") + b"--x--\r\n",
            BOUNDARY,
            "url_among_files",
        ),
        (
            part("file", b"QUJD") + part("file", b"https://a.example/b") + b"--x--\r\n",
            BOUNDARY,
            "url_among_files",
        ),
        (b'{"data": "QUJD", "name": ', "application/json", "broken_json"),
        (b'{"data": "QUJD", "data": "QUJD"}', "application/json", "sent_twice"),
        (b'{"name": "a"}', "application/json", "sent_twice"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, body: bytes, kind: str, problem: str) -> None:
    with pytest.raises(PostrailError) as caught:
        read(Spool(tmp_path), body, kind, "name=b")
    assert caught.value.details[0].problem == problem
    assert left(tmp_path) == []


def test_a_row_that_is_too_large_is_refused(tmp_path: Path) -> None:
    body = part("name", bytes(1_100_000)) + b"--x--\r\n"
    with pytest.raises(PostrailError, match="payload_too_large"):
        read(Spool(tmp_path), body, BOUNDARY, limit=10_000_000)


def test_a_body_that_says_it_is_too_large_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(PostrailError, match="too_large"):
        read(Spool(tmp_path), bytes(1_100_000), limit=10_000)


class Endless(io.RawIOBase):
    """A body that begins somehow and never comes to anything."""

    def __init__(self, start: bytes) -> None:
        self._start = start
        self.given = 0

    def read(self, size: int = -1) -> bytes:
        """Return the start, and what goes on and on behind it."""
        piece, self._start = self._start[:size].ljust(size, b"a"), self._start[size:]
        self.given += size
        return piece


@pytest.mark.parametrize(
    "start",
    [b"", b"--x\r\nX-Long: ", part("file", b"abc", "a.mp4") + b"--x--\r\n"],
    ids=["before the first boundary", "in the head of a part", "behind the last boundary"],
)
def test_what_is_in_no_part_is_not_gathered_for_ever(tmp_path: Path, start: bytes) -> None:
    app, spool, body = Flask("uploads"), Spool(tmp_path), Endless(start)
    app.config["MAX_CONTENT_LENGTH"] = 1_000
    with (
        app.test_request_context(
            "/v1/media", method="POST", content_type=BOUNDARY, environ_overrides={"wsgi.input": body}
        ),
        ExitStack() as files,
        pytest.raises(PostrailError, match="bad_request") as caught,
    ):
        read_upload(request, lambda: Sent(files.enter_context(spool.receive()), 10), 10 * SLACK)
    assert caught.value.details[0].problem == "broken_multipart"
    assert body.given <= SLACK + 2 * PIECE
    assert left(tmp_path) == []
