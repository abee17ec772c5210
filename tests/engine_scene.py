"""The fixture that most engine tests begin with: the engine on a fresh SQLite ledger."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.store.database import open_database
from connector.store.migrate import migrate
from tests.databases import HandClock
from tests.fakes.scripted import Scene
from tests.ledgers import set_stage


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Give the engine on a ledger of its own, with a scripted TikTok."""
    url, clock = f"sqlite:///{tmp_path / 'ledger.db'}", HandClock()
    migrate(url)
    database = open_database(url, clock=clock)
    yield Scene(set_stage(database, clock))
    database.close()
