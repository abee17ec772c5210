"""Upload Media is one use case, whether the files came with the request or are written in its rows."""

from collections.abc import Iterator

import pytest

from connector.contract import Rows
from connector.engine.ask import Ask
from connector.engine.intake import Received
from connector.engine.model import Principal
from connector.engine.perform import Told, perform
from connector.engine.wait import WaitRoom
from connector.kernel.clock import SystemClock
from connector.kernel.errors import PostrailError
from tests.fakes.scripted import PretendFile, Scene

pytest_plugins = ("tests.engine_scene",)

ME = Principal(workspace_id="w", key_id="k", scopes=frozenset({"posts:read", "posts:write"}))
URL = "https://media.example/a.jpg"


@pytest.fixture
def room(scene: Scene) -> Iterator[WaitRoom]:
    """Give a room in which nobody waits."""
    room = WaitRoom(scene.stage.ledger, SystemClock(), capacity=0)
    yield room
    room.close()


def upload(scene: Scene, room: WaitRoom, rows: dict[str, object], *received: Received) -> Told:
    """Perform Upload Media."""
    contract = scene.context.contract
    ask = Ask(
        principal=ME,
        operation=contract.operation("upload_media"),
        understood=contract.understand("upload_media", Rows.of(rows)),
        received=received,
    )
    return perform(scene.context, room, ask)


def kept(scene: Scene) -> list[bytes]:
    """Return what has been kept."""
    return list(scene.intake.files.values())


def test_files_that_came_with_the_request_are_taken_and_the_rows_text_is_not(
    scene: Scene, room: WaitRoom
) -> None:
    file = Received(field="file", label="", file=PretendFile(bytearray(b"abc")))
    told = upload(scene, room, {"file": "QUJD", "name": "beach.jpg"}, file)
    assert (told.body["name"], kept(scene)) == ("beach.jpg", [b"abc"])


def test_a_file_has_its_own_name_before_the_one_of_the_rows(scene: Scene, room: WaitRoom) -> None:
    file = Received(field="file", label="own.jpg", file=PretendFile(bytearray(b"abc")))
    assert upload(scene, room, {"file": "QUJD", "name": "beach.jpg"}, file).body["name"] == "own.jpg"


@pytest.mark.parametrize(
    ("text", "data"), [("QUJD", b"ABC"), ("data:;base64,QUJD", b"ABC"), (URL, URL.encode())]
)
def test_a_file_that_is_written_in_the_rows_is_read_or_fetched(
    scene: Scene, room: WaitRoom, text: str, data: bytes
) -> None:
    told = upload(scene, room, {"file": text, "name": "beach.jpg"})
    assert (told.body["name"], kept(scene)) == ("beach.jpg", [data])


def test_a_file_that_came_by_its_url_is_fetched(scene: Scene, room: WaitRoom) -> None:
    upload(scene, room, {"file": "x"}, Received(field="file", label="", file=PretendFile(), url=URL))
    assert kept(scene) == [URL.encode()]


def test_a_text_that_is_no_file_leaves_nothing(scene: Scene, room: WaitRoom) -> None:
    with pytest.raises(PostrailError, match="bad_request"):
        upload(scene, room, {"file": "QUJ!"})
    assert kept(scene) == []
