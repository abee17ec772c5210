"""`postrail rotate-secrets` beside a running server."""

import sqlite3
from contextlib import closing
from typing import Any

import pytest

from tests.running import House

pytest_plugins = ("tests.running",)


@pytest.fixture
def place(build_house: Any) -> House:  # noqa: ANN401 - the fixture's own type
    """Give a server whose key lies under its home."""
    built: House = build_house(SECRET_KEY="")
    return built


def key_ids(place: House) -> set[str]:
    """Return the ids of the keys that have sealed what is stored."""
    path = f"file:{place.home / 'postrail.db'}?mode=ro"
    with closing(sqlite3.connect(path, uri=True)) as ledger:
        query = "SELECT seal_key_id FROM apps UNION SELECT seal_key_id FROM grants WHERE pair IS NOT NULL"
        return {row[0] for row in ledger.execute(query)}


def test_a_server_goes_on_with_the_new_key(place: House) -> None:
    key_file, before = place.home / "secret.key", key_ids(place)
    old_key = key_file.read_text().strip()
    told = place.command("rotate-secrets", "--home", str(place.home))
    assert told.stdout == "Sealed with the new key: 2.\nThe old key is gone.\n"
    assert len(before | key_ids(place)) == 2
    assert old_key not in key_file.read_text()
    assert key_file.stat().st_mode & 0o777 == 0o600
    rows = place.video("with the new key", wait_seconds="45")
    assert place.run("post_video", rows).body["status"] == "published_public"
    place.stop()
    place.start()
    assert place.run("list_accounts", {}).body["accounts"][0]["state"] == "connected"


def test_a_rotation_that_was_cut_short_is_finished_by_the_next(place: House) -> None:
    key_file = place.home / "secret.key"
    old_key = key_file.read_text().strip()
    key_file.write_text(f"a-key-of-a-rotation-that-was-cut-short\n{old_key}\n")
    assert "The old key is gone." in place.command("rotate-secrets", "--home", str(place.home)).stdout
    assert key_file.read_text() == "a-key-of-a-rotation-that-was-cut-short\n"


def test_a_configured_key_is_changed_by_naming_both(build_house: Any) -> None:  # noqa: ANN401 - the fixture's own type
    place: House = build_house(SECRET_KEY="the-first-secret-of-all")
    refused = place.command("rotate-secrets", "--home", str(place.home))
    assert (refused.returncode, "NEW,OLD" in refused.stderr) == (2, True)
    place.stop()
    place.settings = {"SECRET_KEY": "the-second-secret-of-all,the-first-secret-of-all"}
    place.start()
    assert "Sealed with the new key: 1." in place.command("rotate-secrets", "--home", str(place.home)).stdout
    place.stop()
    place.settings = {"SECRET_KEY": "the-second-secret-of-all"}
    place.start()
    assert place.run("list_accounts", {}).body["accounts"][0]["state"] == "connected"
