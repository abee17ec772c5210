"""Helpers of the sandbox's tests: a clock set by hand, media built by hand, a client held to the schemas."""

import io
import json
import struct
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from PIL import Image
from werkzeug.test import TestResponse

from connector.kernel.ids import SystemIds
from connector.sandbox.accounts import ALL_SCOPES, Account, Traits
from connector.sandbox.app import create_app
from connector.sandbox.world import World

SCHEMAS = Path(__file__).parents[3] / "schemas" / "tiktok"
START = 1_790_000_000_000

Wire = dict[str, Any]

SHAPES = {
    "creator_info/query": (None, "creator_info_response"),
    "video/init": ("video_init_request", "video_init_response"),
    "inbox/video/init": ("inbox_video_init_request", "video_init_response"),
    "content/init": ("content_init_request", "content_init_response"),
    "status/fetch": ("status_fetch_request", "status_fetch_response"),
    "cancel": ("cancel_request", "cancel_response"),
    "user/info": (None, "user_info_response"),
    "video/list": ("video_list_request", "video_list_response"),
    "video/query": ("video_query_request", "video_query_response"),
}
"""Which schemas hold an endpoint's request and its success."""


class HandClock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.ms = START

    def now(self) -> int:
        """Return the hand-set time in UTC ms."""
        return self.ms

    def ticks(self) -> float:
        """Return the same in seconds."""
        return self.ms / 1000

    def advance(self, seconds: float) -> None:
        """Move on."""
        self.ms += round(seconds * 1000)


def schema(name: str) -> Draft202012Validator:
    """Return the validator of one of TikTok's shapes."""
    return Draft202012Validator(json.loads((SCHEMAS / f"{name}.json").read_text()))


def hold_to_schemas(endpoint: str, sent: object, answer: Wire) -> None:
    """Hold an answer, and the request it accepts, to the wire schemas."""
    request_schema, success_schema = SHAPES[endpoint]
    if answer["error"]["code"] != "ok":
        schema("error_response").validate(answer)
        return
    schema(success_schema).validate(answer)
    if request_schema is not None:
        schema(request_schema).validate(sent)


class Caller:
    """A TikTok client of one account over Flask's test client; every call is held to the schemas."""

    def __init__(self, http: FlaskClient, account: Account) -> None:
        self.http = http
        self.account = account
        self.headers = {"Authorization": f"Bearer {account.access_token}"}

    def post(self, endpoint: str, body: object = None) -> TestResponse:
        """Call an endpoint of the Content Posting API."""
        return self._held(endpoint, body, f"/v2/post/publish/{endpoint}/", "POST")

    def video_list(self, body: Wire, fields: str) -> TestResponse:
        """Call video/list."""
        return self._held("video/list", body, f"/v2/video/list/?fields={fields}", "POST")

    def video_query(self, *ids: str, fields: str = "id") -> TestResponse:
        """Call video/query."""
        body = {"filters": {"video_ids": list(ids)}}
        return self._held("video/query", body, f"/v2/video/query/?fields={fields}", "POST")

    def user_info(self, fields: str) -> TestResponse:
        """Call user/info."""
        return self._held("user/info", None, f"/v2/user/info/?fields={fields}", "GET")

    def put(self, url: str, data: bytes, first: int, total: int) -> TestResponse:
        """PUT one chunk."""
        path = url[url.index("/", 8) :]
        header = f"bytes {first}-{first + len(data) - 1}/{total}"
        return self.http.put(path, data=data, headers={"Content-Range": header}, content_type="video/mp4")

    def status(self, publish_id: str) -> Wire:
        """Return `data` of status/fetch."""
        return code_and_data(self.post("status/fetch", {"publish_id": publish_id}))[1]

    def draft(self, data: bytes) -> str:
        """Upload a video to the inbox in one chunk and return its publish_id."""
        made = code_and_data(self.post("inbox/video/init", {"source_info": one_chunk(len(data))}))[1]
        assert self.put(made["upload_url"], data, 0, len(data)).status_code == 201
        return str(made["publish_id"])

    def upload(self, data: bytes, **post_info: object) -> str:
        """Upload a video in one chunk and return its publish_id."""
        body = {"post_info": {"privacy_level": "SELF_ONLY", **post_info}, "source_info": one_chunk(len(data))}
        made = code_and_data(self.post("video/init", body))[1]
        assert self.put(made["upload_url"], data, 0, len(data)).status_code == 201
        return str(made["publish_id"])

    def _held(self, endpoint: str, body: object, path: str, method: str) -> TestResponse:
        data = b"" if body is None else json.dumps(body)
        reply = self.http.open(
            path, method=method, headers=self.headers, data=data, content_type="application/json"
        )
        assert reply.json is not None
        assert reply.headers["x-tt-logid"] == reply.json["error"]["log_id"]
        hold_to_schemas(endpoint, body, reply.json)
        return reply


class Scene:
    """A world with a hand-set clock and its application."""

    def __init__(self, home: Path) -> None:
        self.clock = HandClock()
        self.ids = SystemIds(self.clock)
        self.world = World(home, clock=self.clock, ids=self.ids)
        self.app = create_app(self.world, ids=self.ids)
        self.http = self.app.test_client()

    def caller(self, *, scope: str = ALL_SCOPES, **traits: object) -> Caller:
        """Add an account and return its client."""
        account = self.world.accounts.add(Traits.model_validate(traits), scope=scope)
        return Caller(self.http, account)


def control(scene: Scene, method: str, path: str, body: object = None, status: int = 200) -> Wire:
    """Call the control API, which must answer `status`."""
    reply = scene.http.open(f"/_sandbox/{path}", method=method, json=body)
    assert reply.status_code == status, reply.text
    answer: Wire = reply.json or {}
    return answer


def code_and_data(reply: TestResponse) -> tuple[str, Wire]:
    """Return an answer's error code and data."""
    assert reply.json is not None
    return reply.json["error"]["code"], reply.json.get("data", {})


def one_chunk(size: int) -> Wire:
    """Return the source_info of an upload in one chunk."""
    return {"source": "FILE_UPLOAD", "video_size": size, "chunk_size": size, "total_chunk_count": 1}


def box(kind: bytes, *parts: bytes) -> bytes:
    """Spell an ISO box."""
    payload = b"".join(parts)
    return struct.pack(">I4s", 8 + len(payload), kind) + payload


def movie(
    *,
    brand: bytes | None = b"isom",
    codec: bytes = b"avc1",
    width: int = 720,
    height: int = 1280,
    rate: int = 30,
    seconds: int = 2,
    handler: bytes = b"vide",
    tail: bytes = b"",
) -> bytes:
    """Build a small MP4 or MOV (`brand` None) by hand; its frames are empty."""
    frames = rate * seconds
    entry = box(codec, bytes(24), struct.pack(">HH", width, height), bytes(50))
    table = box(
        b"stbl",
        box(b"stsd", struct.pack(">II", 0, 1), entry),
        box(b"stts", struct.pack(">IIII", 0, 1, frames, 1)),
    )
    times = struct.pack(">IIIII", 0, 0, 0, rate, frames)
    media = box(
        b"mdia",
        box(b"mdhd", times, bytes(4)),
        box(b"hdlr", bytes(8), handler, bytes(13)),
        box(b"minf", table),
    )
    moov = box(b"moov", box(b"mvhd", times, bytes(80)), box(b"trak", media))
    head = b"" if brand is None else box(b"ftyp", brand, bytes(4), b"isom")
    return head + moov + box(b"mdat", tail)


def picture(form: str, width: int = 100, height: int = 150) -> bytes:
    """Return a picture in Pillow's format `form`."""
    file = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(file, form)
    return file.getvalue()
