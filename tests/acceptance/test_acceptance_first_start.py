"""The first start: several servers at once on one empty database, and a sandbox whose world was wiped."""

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from connector.demo.processes import Program, sandbox_program, server_program
from connector.settings import bare_environment
from tests.databases import PostgresServer
from tests.running import CLOCK, SECRET_KEY, BuildHouse, Witness, call, free_port, pause

pytest_plugins = ("tests.databases", "tests.running")

SERVERS = 2
TABLES = ("workspaces", "api_keys", "apps", "accounts", "grants")


@pytest.fixture
def empty_url(postgres_server: PostgresServer) -> Iterator[str]:
    """Give an empty PostgreSQL database."""
    yield from postgres_server.fresh()


def start_at_once(programs: list[Program]) -> list[str]:
    """Start all programs before waiting for any of them; return their addresses."""
    with ThreadPoolExecutor(len(programs)) as pool:
        return list(pool.map(Program.start, programs))


def count_rows(url: str) -> dict[str, int]:
    """Count the rows of the tables that a first start fills."""
    with psycopg.connect(url) as conn:
        found = {table: conn.execute(f"SELECT count(*) FROM {table}").fetchone() for table in TABLES}  # noqa: S608 - names of ours
        return {table: row[0] for table, row in found.items() if row}


def test_servers_that_start_at_once_on_an_empty_database_share_one_workspace(
    empty_url: str, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        sandbox = sandbox_program(tmp_path / "sandbox", bare_environment(), CLOCK, pause)
        settings = {"DATABASE_URL": empty_url, "SECRET_KEY": SECRET_KEY, "TIKTOK_BASE_URL": sandbox.start()}
        stack.callback(sandbox.stop)
        environment = {
            **bare_environment(),
            **{f"POSTRAIL_{name}": value for name, value in settings.items()},
        }
        homes = [tmp_path / f"home-{number}" for number in range(SERVERS)]
        servers = [server_program(home, environment, CLOCK, pause, port=free_port()) for home in homes]
        for server in servers:
            stack.callback(server.stop)
        urls = start_at_once(servers)
        assert count_rows(empty_url) == dict.fromkeys(TABLES, 1)
        (key_file,) = [home / "first-key" for home in homes if (home / "first-key").exists()]
        key = {"Authorization": f"Bearer {key_file.read_text().strip()}"}
        listed = [call("POST", f"{url}/v1/operations/list_accounts", headers=key, json={}) for url in urls]
        assert [answer.body["accounts"][0]["username"] for answer in listed] == ["sandbox_creator"] * SERVERS


def test_a_sandbox_whose_world_was_wiped_brings_no_second_account(build_house: BuildHouse) -> None:
    house = build_house()
    (before,) = house.run("list_accounts", {}).body["accounts"]
    house.stop()
    house.sandbox.stop()
    shutil.rmtree(house.sandbox.folder)
    house.witness = Witness(house.sandbox.start(), house.sandbox.folder)
    house.start()
    (after,) = house.run("list_accounts", {}).body["accounts"]
    assert (after["account_id"], after["open_id"]) == (before["account_id"], before["open_id"])
    told = house.run("post_video", house.video("in the new world", wait_seconds="45")).body
    assert told["status"] == "published_public"
