"""Pulls that come early, over real sockets: from the disk, past a server in front, and out of a bucket."""

import http.client
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import obstore
import pytest
from flask import Flask

from connector.domain.lifecycle import AttemptState
from connector.domain.storage import Bucket
from connector.engine.blobs import Blob
from connector.engine.context import Context
from connector.engine.gate import GateMode, tail_start
from connector.engine.model import Change, Claim, MediaItem
from connector.engine.wait import WaitRoom
from connector.engine.webhooks import HookDesk
from connector.media.blobs import FileBlob
from connector.media.objects import Credentials, ObjectBlob, open_bucket
from connector.server import media
from connector.server.files import HANDOFF_SETTING, STREAMS_SETTING, Handoff
from connector.server.site import Site
from connector.web.serve import WebServer
from tests.fakes.scripted import PretendMedia, Scene
from tests.ledgers import NOTE

pytest_plugins = ("tests.buckets", "tests.engine_scene")

DATA = bytes(range(256)) * 200
START = tail_start(len(DATA))
ITEM = MediaItem(media_id="ab" * 32, kind="video", name="v.mp4", mime="video/mp4", size=len(DATA))
TOKEN = "gate-of-this-attempt"
HOLDS, THREADS = 2, 6
SOON = 20
"""Seconds after which a test that waits for nothing fails."""


class Turnstile:
    """How the gate sleeps: it tells how many are held, and lets them look again often."""

    def __init__(self) -> None:
        self._held: set[int] = set()
        self._changed = threading.Condition()

    def __call__(self, _seconds: float) -> None:
        with self._changed:
            self._held.add(threading.get_ident())
            self._changed.notify_all()
            self._changed.wait(0.005)

    def wait_for(self, count: int) -> None:
        """Return once so many threads have been held since the last time."""
        with self._changed:
            self._held.clear()
            assert self._changed.wait_for(lambda: len(self._held) >= count, SOON)


@dataclass
class OneFile(PretendMedia):
    """A media room with one file."""

    file: Blob = field(default_factory=lambda: FileBlob(Path("/nowhere")))

    def blob(self, media_id: str) -> Blob:  # type: ignore[override] # any blob
        """Return it."""
        assert media_id == ITEM.media_id
        return self.file


@dataclass
class Stand:
    """A server with one post whose init is under way, and those who pull its file."""

    scene: Scene
    claim: Claim
    mode: GateMode
    handed: bool
    turnstile: Turnstile
    server: WebServer
    port: int
    stack: ExitStack = field(default_factory=ExitStack)
    has_ended: bool = False

    def pull(self, method: str = "GET", **headers: str) -> http.client.HTTPConnection:
        """Ask for the file, and do not wait for an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SOON)
        self.stack.callback(connection.close)
        connection.request(method, f"/media/{TOKEN}/v.mp4", headers=headers)
        return connection

    def answer(self, method: str = "GET", **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
        """Ask for the file and read the whole answer."""
        answer = self.pull(method, **headers).getresponse()
        return answer, answer.read()

    def stop(self) -> None:
        """End the process's serving, once."""
        self.scene.draining = True
        if not self.has_ended:
            self.has_ended = True
            self.server.stop()

    def accept(self) -> None:
        """TikTok's answer is stored."""
        self.scene.stage.open_gate(self.claim, TOKEN)

    def give_up(self) -> None:
        """TikTok's answer was lost."""
        self.scene.stage.ledger.resolve_attempt(self.claim.lease, TOKEN, AttemptState.VOID, Change(), NOTE)


def stored(request: pytest.FixtureRequest, folder: Path, where: str) -> Blob:
    """Put the file where it is to be served from."""
    if where == "bucket":
        endpoint, name = request.getfixturevalue("s3_endpoint"), request.getfixturevalue("bucket")
        store = open_bucket(Bucket(name=name, endpoint=endpoint), Credentials(key_id="test", secret="test"))
        obstore.put(store, "file", DATA)
        return ObjectBlob(store, "file")
    place = folder / "ab" / ITEM.media_id
    place.parent.mkdir()
    place.write_bytes(DATA)
    return FileBlob(place)


def sending(scene: Scene) -> Claim:
    """Have a post whose attempt has no answer yet."""
    scene.stage.accept()
    claim = scene.stage.claim()
    post = scene.stage.ledger.save(claim.lease, Change(media=(ITEM,)))
    scene.stage.ledger.begin_attempt(claim.lease, TOKEN, "pull", NOTE)
    return replace(claim, post=post)


def app_of(scene: Scene, file: Blob, mode: GateMode, turnstile: Turnstile, *, handed: bool) -> Flask:
    """An app with the media route, and with a word for everybody else."""
    context: Context = replace(scene.context, media=OneFile(file=file), stopping=lambda: scene.draining)
    site = Site(
        context=context,
        room=cast("WaitRoom", None),
        hooks=cast("HookDesk", None),
        hold_s=0 if mode is GateMode.REFUSE else 5,
        pause=turnstile,
        holds=HOLDS,
        gate_mode=mode,
    )
    app = Flask("gate", static_folder=None)
    app.config[HANDOFF_SETTING] = Handoff(how="x-accel" if handed else "none")
    app.config[STREAMS_SETTING] = threading.BoundedSemaphore(THREADS)
    media.register(app, site)
    app.add_url_rule("/word", view_func=lambda: "here")
    return app


@pytest.fixture(params=["disk", "handed", "bucket"])
def where(request: pytest.FixtureRequest) -> str:
    """Where the file is served from: our disk, our disk with a server in front, a bucket."""
    return str(request.param)


@pytest.fixture
def stand(
    scene: Scene, tmp_path: Path, where: str, mode: GateMode, request: pytest.FixtureRequest
) -> Iterator[Stand]:
    """A server in one of the modes."""
    file = stored(request, tmp_path, where)
    turnstile = Turnstile()
    server = WebServer("127.0.0.1", 0, threads=THREADS, stall_s=SOON, drain_s=SOON)
    port = server.bind()
    server.start(app_of(scene, file, mode, turnstile, handed=where == "handed"))
    stand = Stand(scene, sending(scene), mode, where == "handed", turnstile, server, port)
    with stand.stack:
        stand.stack.callback(stand.stop)
        yield stand


def rest_of(answer: http.client.HTTPResponse) -> bytes:
    """Read what is left of an answer that must not end as if all of it had come."""
    got = bytearray()
    try:
        while piece := answer.read1(65_536):
            got += piece
    except ConnectionResetError:
        return bytes(got)
    raise AssertionError("a clean end")


HOLDING = pytest.mark.parametrize("mode", [GateMode.HOLD, GateMode.TAIL])
EACH = pytest.mark.parametrize("mode", GateMode)


@pytest.mark.parametrize("mode", [GateMode.HOLD])
def test_a_held_pull_gets_the_file_once_the_attempt_is_accepted(stand: Stand) -> None:
    pull = stand.pull()
    stand.turnstile.wait_for(1)
    stand.accept()
    answer = pull.getresponse()
    handed = answer.headers["X-Accel-Redirect"]
    assert (answer.status, answer.read()) == (200, b"" if stand.handed else DATA)
    assert handed == (f"/_spool/ab/{ITEM.media_id}" if stand.handed else None)


@pytest.mark.parametrize("mode", [GateMode.HOLD])
def test_a_held_pull_is_told_that_the_file_is_gone_once_the_attempt_is_void(stand: Stand) -> None:
    pull = stand.pull()
    stand.turnstile.wait_for(1)
    stand.give_up()
    answer = pull.getresponse()
    assert (answer.status, answer.read()) == (410, b"")


@pytest.mark.parametrize("mode", [GateMode.HOLD])
def test_a_process_that_ends_lets_a_held_pull_come_again(stand: Stand) -> None:
    pull = stand.pull()
    stand.turnstile.wait_for(1)
    stand.stop()
    answer = pull.getresponse()
    assert (answer.status, answer.headers["Retry-After"], answer.read()) == (503, "2", b"")


def begin_tail(stand: Stand) -> http.client.HTTPResponse:
    """Pull all but the tail, and come to where it is held."""
    answer = stand.pull().getresponse()
    assert (answer.status, answer.headers["Content-Length"]) == (200, str(len(DATA)))
    assert answer.headers["X-Accel-Redirect"] is None
    assert answer.read(START) == DATA[:START]
    stand.turnstile.wait_for(1)
    return answer


@pytest.mark.parametrize("mode", [GateMode.TAIL])
def test_a_held_tail_flows_once_the_attempt_is_accepted_and_the_connection_goes_on(stand: Stand) -> None:
    pull = stand.pull()
    answer = pull.getresponse()
    assert answer.read(START) == DATA[:START]
    stand.turnstile.wait_for(1)
    stand.accept()
    assert answer.read() == DATA[START:]
    pull.request("GET", "/word")
    assert pull.getresponse().read() == b"here"


@pytest.mark.parametrize("mode", [GateMode.TAIL])
def test_a_held_tail_is_reset_once_the_attempt_is_void(stand: Stand) -> None:
    answer = begin_tail(stand)
    stand.give_up()
    assert rest_of(answer) == b""
    assert stand.answer()[0].status == 410


@pytest.mark.parametrize("mode", [GateMode.TAIL])
def test_a_held_tail_is_reset_when_its_time_is_up_and_gives_its_place_back(stand: Stand) -> None:
    for _ in range(HOLDS + 1):
        answer = begin_tail(stand)
        stand.scene.stage.clock.advance(5_000)
        assert rest_of(answer) == b""
    stand.accept()
    assert stand.answer()[0].status == 200


@pytest.mark.parametrize("mode", [GateMode.TAIL])
def test_a_process_that_ends_resets_a_held_tail(stand: Stand) -> None:
    answer = begin_tail(stand)
    stand.stop()
    assert rest_of(answer) == b""


@pytest.mark.parametrize("mode", [GateMode.TAIL])
def test_what_lies_before_the_tail_and_the_head_alone_come_at_once(stand: Stand) -> None:
    head, nothing = stand.answer("HEAD")
    assert (head.status, head.headers["Content-Length"], nothing) == (200, str(len(DATA)), b"")
    part, data = stand.answer(Range=f"bytes=100-{START - 1}")
    assert (part.status, data) == (206, DATA[100:START])
    several, data = stand.answer(Range="bytes=0-9,100-109")
    assert (several.status, len(data)) == (206, int(several.headers["Content-Length"]))


@pytest.mark.parametrize("mode", [GateMode.TAIL])
@pytest.mark.parametrize("is_accepted", [True, False])
def test_a_pull_of_the_tail_alone_is_held_as_a_whole(stand: Stand, is_accepted: bool) -> None:
    pull = stand.pull(Range="bytes=-100")
    stand.turnstile.wait_for(1)
    (stand.accept if is_accepted else stand.give_up)()
    answer = pull.getresponse()
    if is_accepted:
        assert answer.status == (200 if stand.handed else 206)
        assert answer.read() == (b"" if stand.handed else DATA[-100:])
    else:
        assert (answer.status, answer.read()) == (410, b"")


@pytest.mark.parametrize("mode", [GateMode.REFUSE])
def test_a_refused_pull_comes_again_at_once_and_gets_the_file_later(stand: Stand) -> None:
    for method in ("GET", "HEAD"):
        answer, data = stand.answer(method)
        assert (answer.status, answer.headers["Retry-After"], data) == (503, "2", b"")
    stand.accept()
    answer, data = stand.answer()
    assert (answer.status, data) == (200, b"" if stand.handed else DATA)


@EACH
def test_an_attempt_that_is_void_is_gone_in_every_mode(stand: Stand) -> None:
    stand.give_up()
    for method in ("GET", "HEAD"):
        assert stand.answer(method)[0].status == 410
    assert stand.answer(Range="bytes=0-0")[0].status == 410


@HOLDING
def test_more_pulls_than_there_are_places_leave_the_other_threads_alone(stand: Stand) -> None:
    held = [stand.pull() for _ in range(HOLDS)]
    stand.turnstile.wait_for(HOLDS)
    for _ in range(THREADS):
        answer, _ = stand.answer()
        assert (answer.status, answer.headers["Retry-After"]) == (503, "2")
    other = http.client.HTTPConnection("127.0.0.1", stand.port, timeout=SOON)
    stand.stack.callback(other.close)
    other.request("GET", "/word")
    assert other.getresponse().read() == b"here"
    stand.accept()
    for pull in held:
        answer = pull.getresponse()
        assert answer.read() == (b"" if stand.handed and stand.mode is GateMode.HOLD else DATA)
    assert stand.answer()[0].status == 200
