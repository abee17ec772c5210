"""One serving process per SQLite file."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from connector.kernel.errors import PostrailError
from connector.store.guard import single_server


def test_a_second_server_is_refused_and_told_who_holds_the_file(tmp_path: Path) -> None:
    with (
        single_server(tmp_path / "x.db"),
        pytest.raises(PostrailError) as refused,
        single_server(tmp_path / "x.db"),
    ):
        pass
    assert f"process {os.getpid()}" in refused.value.message
    assert str(tmp_path) in refused.value.message


def test_the_file_is_free_again_afterwards(tmp_path: Path) -> None:
    for _ in range(2):
        with single_server(tmp_path / "x.db"):
            assert (tmp_path / "x.db.lock").read_text() == str(os.getpid())


def test_another_file_has_its_own_lock(tmp_path: Path) -> None:
    with single_server(tmp_path / "x.db"), single_server(tmp_path / "other.db"):
        assert (tmp_path / "other.db.lock").exists()


def test_a_killed_server_leaves_the_file_free(tmp_path: Path) -> None:
    code = (
        "import pathlib, sys; from connector.store.guard import single_server\n"
        "with single_server(pathlib.Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "x.db")]
    root = Path(__file__).parents[3]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root
    ) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == "held\n"
        with pytest.raises(PostrailError, match=f"process {server.pid}"), single_server(tmp_path / "x.db"):
            pass
        server.kill()
    with single_server(tmp_path / "x.db"):
        assert (tmp_path / "x.db.lock").read_text() == str(os.getpid())
