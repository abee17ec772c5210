"""Collections of other machines against uploads of the same bytes: one bucket, one ledger on PostgreSQL."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from connector.domain.storage import Bucket
from connector.engine.intake import Received, take_in
from connector.engine.model import Principal
from connector.engine.ports_storage import MediaLocks
from connector.kernel.clock import SystemClock
from connector.kernel.errors import PostrailError
from connector.media.intake import Intake
from connector.media.objects import Credentials, ObjectSpool, open_bucket
from connector.media.room import Media
from connector.net import Egress
from connector.store.database import Database, open_database
from connector.store.media_locks import locks_of
from tests.databases import HandClock
from tests.fakes.scripted import Scene
from tests.integration.media.collecting_process import collecting, stopped
from tests.ledgers import ALL, set_stage
from tests.media_samples import make_photo

pytest_plugins = ("tests.buckets", "tests.databases")

ME = Principal(workspace_id="w", key_id="k", scopes=frozenset({"posts:read", "posts:write"}))
KEYS = Credentials(key_id="test", secret="test")
ROUNDS = 25


@pytest.fixture
def ledger(postgres_url: str) -> Iterator[Database]:
    """The ledger of all machines, on its own time."""
    database = open_database(postgres_url)
    yield database
    database.close()


def intake_of(folder: Path, endpoint: str, bucket: str, locks: MediaLocks) -> Intake:
    """Return the intake of a machine whose disk is at `folder`."""
    store = open_bucket(Bucket(name=bucket, prefix="media", endpoint=endpoint), KEYS)
    spool = ObjectSpool(folder, store, SystemClock(), locks)
    egress = Egress(trusted=frozenset(), clock=HandClock())
    return Intake(Media(egress, spool), spool, egress, limit=10_000_000)


def test_an_upload_never_loses_its_file_to_a_collection_of_another_machine(
    ledger: Database, postgres_url: str, s3_endpoint: str, bucket: str, tmp_path: Path
) -> None:
    photo = make_photo(tmp_path / "a.jpg", "JPEG").read_bytes()
    scene = Scene(set_stage(ledger, HandClock()))
    intake = intake_of(tmp_path / "here", s3_endpoint, bucket, locks_of(ledger))
    scene.intake = intake  # type: ignore[assignment] # the real one fills the same port
    settings = {
        "POSTRAIL_MEDIA_URL": f"s3://{bucket}/media?endpoint={s3_endpoint}",
        "POSTRAIL_MEDIA_ACCESS_KEY_ID": "test",
        "POSTRAIL_MEDIA_SECRET_ACCESS_KEY": "test",
        "POSTRAIL_SECRET_KEY": "a-secret-for-tests-and-nothing-else",
    }
    answered = 0
    with ExitStack() as stack:
        homes = [tmp_path / name for name in ("there", "elsewhere")]
        others = [stack.enter_context(collecting(home, postgres_url, settings)) for home in homes]
        for _ in range(ROUNDS):
            with intake.receive() as file:
                file.write(photo)
                received = [Received(field="file", label="a.jpg", file=file)]
                try:
                    body = take_in(scene.context, ME, received, album=None)
                except PostrailError as error:
                    assert error.code == "not_ready"  # noqa: PT017 - it may be refused, never lost
                    continue
            answered += 1
            reading = intake.blob(str(body["sha256"])).open(0, len(photo))
            assert b"".join(iter(lambda: reading.read(65536), b"")) == photo  # noqa: B023 - read at once
            scene.stage.media.end(ALL, str(body["media_id"]))
        went = sum(stopped(process) for process in others)
    assert answered > 0
    assert went > 0
