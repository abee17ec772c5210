"""Answers with a file: whole, one range, several, a head alone, or left to the web server in front."""

import io
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from threading import BoundedSemaphore

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient

from connector.engine.model import MediaItem
from connector.media.blobs import FileBlob
from connector.server.files import HANDOFF_SETTING, STREAMS_SETTING, Handoff, send_file

DATA = bytes(range(256)) * 4
ITEM = MediaItem(media_id="ab" * 32, kind="photo", name="p.jpg", mime="image/jpeg", size=len(DATA))
TAG = f'"{ITEM.media_id}"'


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    """An app with one file."""
    app = Flask("files", static_folder=None)
    place = tmp_path / "ab" / ITEM.media_id
    place.parent.mkdir()
    place.write_bytes(DATA)

    @app.get("/file")
    def file() -> Response:
        return send_file(ITEM, FileBlob(place))

    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Somebody who asks for it."""
    return app.test_client()


def parts_of(content_type: str, body: bytes) -> list[Message]:
    """Read a multipart body as a mail reader does."""
    whole = message_from_bytes(f"Content-Type: {content_type}\r\n".encode() + body)
    found = whole.get_payload()
    assert isinstance(found, list)
    return [part for part in found if isinstance(part, Message)]


def test_the_whole_file_comes_with_its_length_its_type_and_no_store(client: FlaskClient) -> None:
    answer = client.get("/file", buffered=True)
    assert (answer.status_code, answer.data) == (200, DATA)
    assert answer.headers["Content-Length"] == str(len(DATA))
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Accept-Ranges"] == "bytes"


def test_one_range_is_answered_with_that_part(client: FlaskClient) -> None:
    answer = client.get("/file", buffered=True, headers={"Range": "bytes=100-199"})
    assert (answer.status_code, answer.data) == (206, DATA[100:200])
    assert answer.headers["Content-Range"] == "bytes 100-199/1024"
    assert answer.headers["Content-Length"] == "100"


def test_ranges_that_meet_come_as_one_part(client: FlaskClient) -> None:
    answer = client.get("/file", buffered=True, headers={"Range": "bytes=0-9,10-19"})
    assert (answer.status_code, answer.data) == (206, DATA[:20])
    assert answer.headers["Content-Type"] == "image/jpeg"


def test_several_ranges_come_as_parts_that_a_reader_can_tell_apart(client: FlaskClient) -> None:
    answer = client.get("/file", buffered=True, headers={"Range": "bytes=500-509,0-4,-1"})
    parts = parts_of(answer.headers["Content-Type"], b"\r\n" + answer.data)
    assert answer.status_code == 206
    assert answer.headers["Content-Length"] == str(len(answer.data))
    assert "Content-Range" not in answer.headers
    assert [part["Content-Range"] for part in parts] == [
        "bytes 500-509/1024",
        "bytes 0-4/1024",
        "bytes 1023-1023/1024",
    ]
    assert [part.get_content_type() for part in parts] == ["image/jpeg"] * 3
    for data in (DATA[500:510], DATA[:5], DATA[-1:]):
        assert b"\r\n\r\n" + data + b"\r\n--" in answer.data


def test_a_range_behind_the_end_is_told_the_size(client: FlaskClient) -> None:
    answer = client.get("/file", buffered=True, headers={"Range": "bytes=1024-"})
    assert (answer.status_code, answer.data) == (416, b"")
    assert answer.headers["Content-Range"] == "bytes */1024"


@pytest.mark.parametrize(("condition", "status"), [(TAG, 206), ('"other"', 200), (f"W/{TAG}", 200)])
def test_a_range_of_another_version_gets_the_whole_file(
    client: FlaskClient, condition: str, status: int
) -> None:
    answer = client.get("/file", buffered=True, headers={"Range": "bytes=0-1", "If-Range": condition})
    assert answer.status_code == status


def test_a_head_has_the_length_of_the_whole_and_no_body(client: FlaskClient) -> None:
    answer = client.head("/file", headers={"Range": "bytes=0-1"})
    assert (answer.status_code, answer.data) == (200, b"")
    assert answer.headers["Content-Length"] == str(len(DATA))


@pytest.mark.parametrize(
    ("handoff", "header", "value"),
    [
        (Handoff(how="x-accel"), "X-Accel-Redirect", f"/_spool/ab/{ITEM.media_id}"),
        (Handoff(how="x-accel", prefix="/in/side/"), "X-Accel-Redirect", f"/in/side/ab/{ITEM.media_id}"),
        (Handoff(how="x-sendfile"), "X-Sendfile", f"/ab/{ITEM.media_id}"),
    ],
)
def test_a_file_is_left_to_the_server_in_front(
    app: Flask, client: FlaskClient, handoff: Handoff, header: str, value: str
) -> None:
    app.config[HANDOFF_SETTING] = handoff
    answer = client.get("/file", buffered=True, headers={"Range": "bytes=0-1"})
    assert (answer.status_code, answer.data) == (200, b"")
    assert answer.headers[header].endswith(value)
    assert answer.headers["Content-Type"] == "image/jpeg"


def test_nothing_is_left_to_a_server_that_is_not_set_up(client: FlaskClient) -> None:
    assert {"X-Accel-Redirect", "X-Sendfile"} & set(client.get("/file", buffered=True).headers) == set()


@dataclass(frozen=True)
class Elsewhere:
    """A file that lies on no disk of ours."""

    data: bytes
    path: None = None

    def open(self, first: int, size: int) -> io.BytesIO:
        """Begin to read a part."""
        return io.BytesIO(self.data[first : first + size])


@pytest.fixture
def afar() -> Flask:
    """An app whose file lies elsewhere, and that sends one such file at a time."""
    app = Flask("afar", static_folder=None)
    app.config[STREAMS_SETTING] = BoundedSemaphore(1)
    app.config[HANDOFF_SETTING] = Handoff(how="x-accel")

    @app.get("/file")
    def file() -> Response:
        return send_file(ITEM, Elsewhere(DATA))

    return app


def test_a_file_that_lies_elsewhere_comes_whole_and_by_ranges_and_is_not_left_to_others(afar: Flask) -> None:
    client = afar.test_client()
    assert client.get("/file", buffered=True).data == DATA
    part = client.get("/file", buffered=True, headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.data) == (206, DATA[100:200])
    parts = client.get("/file", buffered=True, headers={"Range": "bytes=500-509,0-4"})
    for data in (DATA[500:510], DATA[:5]):
        assert b"\r\n\r\n" + data + b"\r\n--" in parts.data
    assert len(parts.data) == int(parts.headers["Content-Length"])


def test_one_more_than_there_are_places_is_told_to_come_back(afar: Flask) -> None:
    with afar.test_client().get("/file") as first:
        busy = afar.test_client().get("/file")
        assert (busy.status_code, busy.headers["Retry-After"]) == (503, "2")
        assert afar.test_client().head("/file").status_code == 200
        assert first.data == DATA
    assert afar.test_client().get("/file", buffered=True).data == DATA
