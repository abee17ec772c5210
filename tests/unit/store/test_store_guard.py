"""One serving process per data folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from connector.kernel.errors import PostrailError
from connector.store.guard import LOCK_NAME, single_server


def test_a_second_server_is_refused_and_told_who_holds_the_folder(tmp_path: Path) -> None:
    with single_server(tmp_path), pytest.raises(PostrailError) as refused, single_server(tmp_path):
        pass
    assert f"process {os.getpid()}" in refused.value.message
    assert str(tmp_path) in refused.value.message


def test_the_folder_is_free_again_afterwards(tmp_path: Path) -> None:
    for _ in range(2):
        with single_server(tmp_path):
            assert (tmp_path / LOCK_NAME).read_text() == str(os.getpid())


def test_another_folder_has_its_own_lock(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with single_server(tmp_path), single_server(tmp_path / "other"):
        assert (tmp_path / "other" / LOCK_NAME).exists()


def test_a_killed_server_leaves_the_folder_free(tmp_path: Path) -> None:
    code = (
        "import pathlib, sys; from connector.store.guard import single_server\n"
        "with single_server(pathlib.Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    root = Path(__file__).parents[3]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root
    ) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == "held\n"
        with pytest.raises(PostrailError, match=f"process {server.pid}"), single_server(tmp_path):
            pass
        server.kill()
    with single_server(tmp_path):
        assert (tmp_path / LOCK_NAME).read_text() == str(os.getpid())
