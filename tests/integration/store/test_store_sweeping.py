"""A sweep of uploads beside others who write, on PostgreSQL: SQLite has one writer at a time anyway."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection, text, update

from connector.engine.model import MediaItem
from connector.engine.model_media import Admission, Life, NewUpload
from connector.store.tables import albums, media
from tests.databases import HandClock, open_on
from tests.ledgers import ALL, IDS, Stage, set_stage

pytest_plugins = ("tests.databases",)

DAY = 86_400_000
LIFE = Life(plain_ms=DAY, retained_ms=DAY)

SETTLE = """
CREATE FUNCTION settle() RETURNS trigger LANGUAGE plpgsql AS
'BEGIN UPDATE posts SET state = ''failed'', settled_at = 0; RETURN NULL; END';
CREATE TRIGGER settle AFTER DELETE ON album_media FOR EACH STATEMENT EXECUTE FUNCTION settle();
"""
"""Lets every post settle as soon as a sweep has dealt with the albums."""


@pytest.fixture
def stage(postgres_url: str, clock: HandClock) -> Iterator[Stage]:
    """Give a ledger on PostgreSQL."""
    database = open_on(postgres_url, clock)
    yield set_stage(database, clock)
    database.close()


def admit(stage: Stage, sha: str, album_id: str) -> str:
    """Record a photo in an album of its own; return the upload's id."""
    item = MediaItem(media_id=sha * 64, kind="photo", name="a.jpg", mime="image/jpeg", size=100)
    new = NewUpload(id=IDS.new("media"), item=item, label="a.jpg")
    admission = Admission(reach=ALL, uploads=(new,), album_id=album_id, new_album=True)
    return stage.media.admit(admission, LIFE)[0].id


def test_an_upload_that_is_just_being_revived_is_left_and_nobody_waits_for_it(stage: Stage) -> None:
    upload_id = admit(stage, "a", "album_1")
    stage.clock.advance(10 * DAY)
    revived, swept = threading.Event(), threading.Event()

    def revive(conn: Connection) -> None:
        lives = stage.clock.now() + DAY
        conn.execute(update(media).where(media.c.id == upload_id).values(expires_at=lives))
        revived.set()
        swept.wait(60)

    with ThreadPoolExecutor(2) as pool:
        reviving = pool.submit(stage.database.write, revive)
        try:
            assert revived.wait(30)
            assert pool.submit(stage.media.sweep, 5 * DAY).result(20) == 1
        finally:
            swept.set()
        reviving.result(30)
    upload = stage.media.find(ALL, upload_id)
    assert upload is not None
    assert upload.expires_at > stage.clock.now()


def test_a_post_that_settles_in_the_middle_of_a_sweep_does_not_break_it(stage: Stage) -> None:
    upload_id = admit(stage, "a", "album_retained")
    admit(stage, "b", "album_2")
    stage.accept(uploads=(upload_id,))
    stage.clock.advance(10 * DAY)
    mine = update(albums).where(albums.c.id == "album_retained")
    retained = mine.values(expires_at=stage.clock.now() + DAY)
    stage.database.write(lambda conn: (conn.execute(retained), conn.execute(text(SETTLE))))
    assert stage.media.sweep(5 * DAY) == 2
    assert stage.media.find(ALL, upload_id) is not None
    assert stage.media.sweep(5 * DAY) == 1
    assert stage.media.find(ALL, upload_id) is None
