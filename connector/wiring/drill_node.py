"""The processes that only a drill has: `python -m connector.wiring.drill_node ROLE WORD...`.

stage NAME...         make the ledger, connect these creators of the sandbox, print an API key
ledger                print every event and attempt of the ledger
serve VARIANT         a server without the gate, to show that a drill sees what the gate is for
work VARIANT          a worker of that kind

Each reads its settings from the environment, as every process of the product does.
"""

import json
import sys
from dataclasses import asdict
from typing import get_args

from sqlalchemy.exc import SQLAlchemyError

from connector.domain.net import origin_of
from connector.drill.naive import naive
from connector.drill.plan import Naive
from connector.engine.access import issue_first_key
from connector.kernel.log import configure_logs
from connector.net import Egress
from connector.settings import Settings, SettingsError, load_settings
from connector.store.database import open_database
from connector.store.record import is_blank, read_attempts, read_events
from connector.wiring.bootstrap import connect_new_creators, ensure_workspace
from connector.wiring.opening import database_url
from connector.wiring.parts import Parts, open_parts
from connector.wiring.serve import serve
from connector.wiring.work import work


def _stage(settings: Settings, names: list[str]) -> dict[str, object]:
    """Make a ledger in a blank database. Raises SettingsError for one that is in use."""
    if not settings.sandbox or settings.tiktok_base_url is None:
        raise SettingsError("a drill is for the sandbox alone")
    if not settings.is_sqlite:
        _demand_blank(database_url(settings))
    parts = open_parts(settings)
    try:
        return {"key": _connect(parts, settings.tiktok_base_url, names), "accounts": names}
    finally:
        parts.database.close()


def _demand_blank(url: str) -> None:
    try:
        blank = is_blank(url)
    except SQLAlchemyError as error:
        raise SettingsError(f"--database-url: cannot be reached: {type(error).__name__}") from error
    if not blank:
        raise SettingsError("--database-url: a drill wants an empty database of its own; this one has tables")


def _connect(parts: Parts, sandbox_url: str, names: list[str]) -> str | None:
    """Connect the creators to the first workspace and return its first key."""
    egress = Egress(trusted=frozenset({origin_of(sandbox_url)}), clock=parts.clock)
    workspace_id = ensure_workspace(parts)
    connect_new_creators(parts, egress, sandbox_url, workspace_id, names)
    return issue_first_key(parts.access, parts.ids, parts.clock, workspace_id=workspace_id)


def _ledger(settings: Settings) -> dict[str, object]:
    database = open_database(database_url(settings))
    try:
        return {
            "events": [asdict(row) for row in read_events(database)],
            "attempts": [asdict(row) for row in read_attempts(database)],
        }
    finally:
        database.close()


def _variant(words: list[str]) -> Naive:
    found: Naive | None = next((name for name in get_args(Naive) if words == [name]), None)
    if found is None:
        raise SettingsError(f"there is no naive engine {' '.join(words)!r}")
    return found


def _say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(role: str, words: list[str]) -> None:
    """Be one of the processes. Raises SettingsError."""
    settings = load_settings()
    configure_logs(settings.log_format)
    if role == "stage":
        _say(json.dumps(_stage(settings, words)))
    elif role == "ledger":
        _say(json.dumps(_ledger(settings)))
    elif role == "serve":
        serve(settings, tell=_say, on_terminal=False, adapt=naive(_variant(words)))
    elif role == "work":
        work(settings, tell=_say, adapt=naive(_variant(words)))
    else:
        raise SettingsError(f"a drill has no process {role!r}")


if __name__ == "__main__":
    try:
        main(sys.argv[1], sys.argv[2:])
    except SettingsError as unusable:
        sys.stderr.write(f"{unusable}\n")
        sys.exit(2)
