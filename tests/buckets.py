"""A real S3 server process on the loopback (moto's), with a bucket of one's own for each test.

PYTEST_DONT_REWRITE: imported before it is a plugin, and it asserts nothing.
"""

import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import pytest

from connector.settings import bare_environment
from tests.running import eventually, free_port

_NUMBERS = count(1)


def _listens(host: str, port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0


@contextmanager
def s3_server(host: str = "127.0.0.1", **environment: str) -> Iterator[str]:
    """Run an S3 server that listens on `host`; give its URL."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", host, "-p", str(port)],
        env={**bare_environment(), **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        eventually(lambda: _listens(host, port), what="an S3 server")
        yield f"http://{host}:{port}"
    finally:
        process.kill()
        process.wait()


def make_bucket(endpoint: str) -> str:
    """Make a bucket; return its name."""
    name = f"bucket-{next(_NUMBERS)}"
    urllib.request.urlopen(urllib.request.Request(f"{endpoint}/{name}", method="PUT")).close()  # noqa: S310 - our own server
    return name


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """The URL of an S3 server that tests share."""
    with s3_server() as endpoint:
        yield endpoint


@pytest.fixture
def bucket(s3_endpoint: str) -> str:
    """The name of a bucket of this test's own."""
    return make_bucket(s3_endpoint)
