"""Collections in other processes against uploads of the same bytes: what was answered with 2xx is there."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from connector.engine.intake import Received, take_in
from connector.engine.model import Principal
from connector.kernel.errors import PostrailError
from connector.media.intake import Intake
from connector.media.room import Media
from connector.media.spool import Spool
from connector.net import Egress
from connector.store.database import open_database
from tests.databases import HandClock
from tests.fakes.scripted import Scene
from tests.integration.media.collecting_process import collecting, stopped
from tests.ledgers import ALL, set_stage
from tests.media_samples import make_photo

pytest_plugins = ("tests.databases",)

ME = Principal(workspace_id="w", key_id="k", scopes=frozenset({"posts:read", "posts:write"}))
ROUNDS = 40


def real_intake(folder: Path) -> Intake:
    """Return the real intake over a folder."""
    spool, egress = Spool(folder), Egress(trusted=frozenset(), clock=HandClock())
    return Intake(Media(egress, spool), spool, egress, limit=10_000_000)


@pytest.fixture
def scene(sqlite_url: str) -> Iterator[Scene]:
    """Give the engine on a ledger that runs on the time of all processes."""
    database = open_database(sqlite_url)
    yield Scene(set_stage(database, HandClock()))
    database.close()


def test_an_upload_that_was_answered_never_loses_its_file_to_a_collection(
    scene: Scene, sqlite_url: str, tmp_path: Path
) -> None:
    photo = make_photo(tmp_path / "a.jpg", "JPEG").read_bytes()
    intake = real_intake(tmp_path / "media")
    scene.intake = intake  # type: ignore[assignment] # the real one fills the same port
    with ExitStack() as stack:
        others = [stack.enter_context(collecting(tmp_path, sqlite_url)) for _ in range(2)]
        answered = 0
        for _ in range(ROUNDS):
            try:
                with intake.receive() as file:
                    file.write(photo)
                    body = take_in(
                        scene.context, ME, [Received(field="file", label="a.jpg", file=file)], album=None
                    )
            except PostrailError as error:
                assert error.code == "not_ready"  # noqa: PT017 - it may be refused, never lost
                continue
            answered += 1
            place = intake.blob(str(body["sha256"])).path
            assert place is not None
            assert place.read_bytes() == photo
            scene.stage.media.end(ALL, str(body["media_id"]))
        went = sum(stopped(process) for process in others)
    assert answered > 0
    assert went > 0


@pytest.mark.parametrize("needed", [True, False])
def test_a_collection_waits_for_who_holds_the_file(tmp_path: Path, needed: bool) -> None:
    intake = real_intake(tmp_path / "media")
    with intake.receive() as file:
        file.write(make_photo(tmp_path / "a.jpg", "JPEG").read_bytes())
        item = intake.keep(file, field_path="file")
    asked: list[str] = []

    def is_needed() -> bool:
        asked.append("asked")
        return needed

    with ThreadPoolExecutor(1) as pool:
        with intake.held([item.media_id]) as gone:
            assert gone == frozenset()
            collecting_it = pool.submit(intake.collect, item.media_id, is_needed)
            assert asked == []
            assert intake.blob(item.media_id).path
        assert collecting_it.result(30) == (0 if needed else item.size)
    with intake.held([item.media_id, "0" * 64]) as gone:
        assert gone == ({"0" * 64} if needed else {item.media_id, "0" * 64})
