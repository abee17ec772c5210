"""While TikTok's answer is outstanding no set of requests, of whatever shape, brings a file together."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, cast

from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.domain.lifecycle import AttemptState
from connector.engine.gate import GateMode, tail_start
from connector.engine.model import Gate, MediaItem
from connector.engine.ports import Ledger, MediaRoom
from connector.engine.wait import WaitRoom
from connector.engine.webhooks import HookDesk
from connector.media.blobs import FileBlob
from connector.server import media
from connector.server.files import HANDOFF_SETTING, Handoff
from connector.server.site import Site
from connector.web.files import Withheld
from tests.fakes.scripted import Scene

pytest_plugins = ("tests.engine_scene",)

TOKEN = "gate-token-of-an-attempt"
HEAD, TAIL = b"h", b"\xff"
How = Literal["none", "x-accel", "x-sendfile"]
MOST = 3000


@dataclass(frozen=True)
class Asked:
    """One request."""

    method: str
    headers: dict[str, str]


@dataclass(frozen=True)
class Got:
    """What came of it: the bytes, and whether the answer ended as it had announced."""

    status: int
    body: bytes
    whole: bool


@dataclass(frozen=True)
class Elsewhere:
    """A file that lies on no disk of ours."""

    data: bytes
    path: None = None

    def open(self, first: int, size: int) -> io.BytesIO:
        """Begin to read a part, which is never an empty one."""
        assert size > 0
        return io.BytesIO(self.data[first : first + size])


@dataclass
class Stand:
    """One file behind the gate of one attempt: a ledger and a media room in one."""

    state: AttemptState
    item: MediaItem
    file: FileBlob | Elsewhere

    def gate(self, token: str) -> Gate | None:
        """Look behind the one token."""
        return Gate(state=self.state, media=(self.item,)) if token == TOKEN else None

    def blob(self, media_id: str) -> FileBlob | Elsewhere:
        """Return the one file."""
        assert media_id == self.item.media_id
        return self.file


def content(size: int) -> bytes:
    """Return a file whose tail is made of bytes that occur nowhere before it, nor in any multipart frame."""
    return HEAD * tail_start(size) + TAIL * (size - tail_start(size))


def client_of(scene: Scene, stand: Stand, handoff: Handoff) -> FlaskClient:
    """Return somebody who asks the media route in tail mode, without patience."""
    context = replace(scene.context, ledger=cast("Ledger", stand), media=cast("MediaRoom", stand))
    site = Site(
        context=context,
        room=cast("WaitRoom", None),
        hooks=cast("HookDesk", None),
        hold_s=0,
        pause=lambda _: None,
        gate_mode=GateMode.TAIL,
    )
    app = Flask("gate", static_folder=None)
    app.config[HANDOFF_SETTING] = handoff
    media.register(app, site)
    return app.test_client()


def ask(client: FlaskClient, asked: Asked) -> Got:
    """Make one request and read as much of the answer as comes."""
    answer = client.open(f"/media/{TOKEN}/v.mp4", method=asked.method, headers=asked.headers)
    assert not {"X-Accel-Redirect", "X-Sendfile"} & set(answer.headers)
    got, whole = bytearray(), True
    try:
        for piece in answer.response:
            got += cast("bytes", piece)
    except Withheld:
        whole = False
    answer.close()
    if whole and asked.method == "GET" and "Content-Length" in answer.headers:
        assert len(got) == int(answer.headers["Content-Length"])
    return Got(answer.status_code, bytes(got), whole)


def ranges(size: int) -> st.SearchStrategy[str]:
    """Range headers: sound, suffix, open, several, backwards, behind the end, and nonsense."""
    place = st.integers(0, size + 5)
    closed = st.tuples(place, place).map(lambda ends: f"{ends[0]}-{ends[1]}")
    one = st.one_of(closed, place.map(lambda at: f"{at}-"), place.map(lambda count: f"-{count}"))
    return st.one_of(
        st.lists(one, min_size=1, max_size=6).map(lambda some: "bytes=" + ",".join(some)),
        st.lists(closed, min_size=17, max_size=20).map(lambda some: "bytes=" + ", ".join(some)),
        st.sampled_from(["bytes=", "bytes=-", "items=0-1", "bytes=a-b", "bytes=0-0,x"]),
    )


@st.composite
def cases(draw: st.DrawFn) -> tuple[int, Sequence[Asked]]:
    """A size and some requests for a file of it."""
    size = draw(st.integers(1, MOST))
    tag = draw(st.sampled_from([None, f'"{"ab" * 32}"', '"another"']))
    asked = []
    for text in draw(st.lists(st.one_of(st.none(), ranges(size)), min_size=1, max_size=6)):
        headers = {"Range": text} if text is not None else {}
        if tag is not None:
            headers["If-Range"] = tag
        asked.append(Asked(draw(st.sampled_from(["GET", "GET", "HEAD"])), headers))
    return size, asked


def placed(data: bytes, tmp_path: Path, where: str) -> FileBlob | Elsewhere:
    """Put a file on the disk or elsewhere."""
    if where == "elsewhere":
        return Elsewhere(data)
    place = tmp_path / "aa" / ("ab" * 32)
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(data)
    return FileBlob(place)


WAYS = st.sampled_from([("disk", "none"), ("disk", "x-accel"), ("disk", "x-sendfile"), ("elsewhere", "none")])
ONE_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def stand_of(size: int, tmp_path: Path, where: str) -> Stand:
    """Return a file of `size` bytes of an attempt that has no answer yet."""
    item = MediaItem(media_id="ab" * 32, kind="video", name="v.mp4", mime="video/mp4", size=size)
    return Stand(AttemptState.SENDING, item, placed(content(size), tmp_path, where))


@ONE_FOLDER
@given(case=cases(), way=WAYS)
def test_no_byte_of_the_tail_leaves_while_the_answer_is_outstanding(
    scene: Scene, tmp_path: Path, case: tuple[int, Sequence[Asked]], way: tuple[str, How]
) -> None:
    size, asked = case
    stand = stand_of(size, tmp_path, way[0])
    client = client_of(scene, stand, Handoff(how=way[1]))
    for one in asked:
        got = ask(client, one)
        assert TAIL not in got.body
        assert got.whole or got.body
        if one.method == "HEAD":
            assert (got.status, got.body) == (200, b"")
        elif got.status == 200:
            assert not got.whole


@ONE_FOLDER
@given(case=cases(), where=st.sampled_from(["disk", "elsewhere"]))
def test_the_same_requests_bring_what_was_asked_for_once_the_attempt_is_accepted(
    scene: Scene, tmp_path: Path, case: tuple[int, Sequence[Asked]], where: str
) -> None:
    size, asked = case
    stand = stand_of(size, tmp_path, where)
    client = client_of(scene, stand, Handoff())
    before = [ask(client, one) for one in asked]
    stand.state = AttemptState.ACCEPTED
    for early, one in zip(before, asked, strict=True):
        late = ask(client, one)
        assert late.whole
        assert late.status in {200, 206, 416}
        if early.status == late.status:
            assert late.body.startswith(early.body)
            assert (late.body == early.body) == early.whole
        if late.status == 200 and one.method == "GET":
            assert late.body == content(size)


@ONE_FOLDER
@given(case=cases(), way=WAYS, over=st.sampled_from([AttemptState.VOID, AttemptState.REJECTED]))
def test_nothing_at_all_is_served_for_an_attempt_that_is_over(
    scene: Scene,
    tmp_path: Path,
    case: tuple[int, Sequence[Asked]],
    way: tuple[str, How],
    over: AttemptState,
) -> None:
    stand = stand_of(case[0], tmp_path, way[0])
    stand.state = over
    client = client_of(scene, stand, Handoff(how=way[1]))
    assert {(got.status, got.body) for got in (ask(client, one) for one in case[1])} == {(410, b"")}
