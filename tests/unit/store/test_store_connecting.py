"""What the URL of a PostgreSQL says is passed on, besides what every session is set to."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine

from connector.store.connecting import migration_engine, postgres_engine, session_engine


@pytest.mark.parametrize("build", [postgres_engine, session_engine, migration_engine])
def test_what_the_url_says_of_tls_and_hosts_is_passed_on(build: Callable[[str], Engine]) -> None:
    engine = build("postgresql://u:p@/name?host=a,b&sslmode=verify-full&sslrootcert=/ca.pem")
    assert dict(engine.url.query) == {"host": "a,b", "sslmode": "verify-full", "sslrootcert": "/ca.pem"}
    engine.dispose()
