"""Ids from outside that no database can look up: PostgreSQL takes no NUL and no half of a surrogate."""

from collections.abc import Callable

import pytest

from connector.engine.intake import Received, end, end_album, retain, show, show_album, take_in
from connector.engine.library import find
from connector.engine.model import Principal
from connector.engine.resume import begin
from connector.kernel.errors import PostrailError
from connector.store.database import Database
from tests.databases import HandClock
from tests.fakes.scripted import PretendFile, Scene
from tests.ledgers import ALL, set_stage

pytest_plugins = ("tests.databases",)

ME = Principal(workspace_id="w", key_id="k", scopes=frozenset({"posts:read", "posts:write"}))
FILE = Received(field="file", label="a.jpg", file=PretendFile(bytearray(b"a")))

UPLOADS: dict[str, Callable[[Scene, str], object]] = {
    "show": lambda scene, name: show(scene.context, ME, name),
    "end": lambda scene, name: end(scene.context, ME, name),
    "find": lambda scene, name: find(scene.library, ALL, name, 0),
}
ALBUMS: dict[str, Callable[[Scene, str], object]] = {
    "show": lambda scene, name: show_album(scene.context, ME, name),
    "retain": lambda scene, name: retain(scene.context, ME, name),
    "end": lambda scene, name: end_album(scene.context, ME, name),
    "take in": lambda scene, name: take_in(scene.context, ME, [FILE], album=name),
}


@pytest.fixture
def scene(database: Database, clock: HandClock) -> Scene:
    """Give the engine on each kind of database."""
    return Scene(set_stage(database, clock))


@pytest.mark.parametrize("name", ["\0", "media_\0", "\ud800", "media_" + "0" * 5_000])
@pytest.mark.parametrize("asked", UPLOADS.values(), ids=UPLOADS)
def test_no_upload_has_such_an_id(scene: Scene, asked: Callable[[Scene, str], object], name: str) -> None:
    with pytest.raises(PostrailError, match="media_not_found"):
        asked(scene, name)


@pytest.mark.parametrize("name", ["\0", "album_\0", "\ud800", "album_" + "0" * 5_000])
@pytest.mark.parametrize("asked", ALBUMS.values(), ids=ALBUMS)
def test_no_album_has_such_an_id(scene: Scene, asked: Callable[[Scene, str], object], name: str) -> None:
    with pytest.raises(PostrailError, match="album_not_found"):
        asked(scene, name)


@pytest.mark.parametrize("name", ["\0", "album_\0", "\ud800", "album_" + "0" * 5_000])
def test_an_unfinished_upload_is_for_no_such_album(scene: Scene, name: str) -> None:
    with pytest.raises(PostrailError, match="invalid_request") as refused:
        begin(scene.context, ME, 3, {"album_id": name})
    assert [problem.field for problem in refused.value.details] == ["album_id"]
