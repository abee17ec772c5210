"""A process under attack is really killed, frozen, starved of disk and started again."""

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.drill.caller import Line
from connector.drill.field import stop_all
from connector.drill.nodes import Node
from connector.settings import bare_environment
from tests.running import eventually

WRITER = """
import pathlib, sys, time
place = pathlib.Path(sys.argv[1])
while True:
    try:
        with place.open("ab") as file:
            file.write(b"x" * 1000)
    except OSError:
        place.with_suffix(".full").touch()
    time.sleep(0.01)
"""


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    """Give a process that writes without end."""
    place = tmp_path / "file"
    made = Node(
        name="writer",
        words=("-c", WRITER, str(place)),
        folder=tmp_path,
        environment=bare_environment(),
        line=Line(),
    )
    made.start()
    eventually(place.exists, what="the process writes")
    yield made
    stop_all([made])


def pid_of(node: Node) -> int:
    assert node.process is not None
    return node.process.pid


def state_of(node: Node) -> str:
    """The kernel's letter for what the process does: T while it is stopped."""
    stat = Path(f"/proc/{pid_of(node)}/stat").read_text()
    return stat.rpartition(")")[2].split()[0]


def test_a_kill_is_followed_by_another_process(node: Node) -> None:
    before = pid_of(node)
    node.kill()
    assert pid_of(node) != before
    assert node.is_ready()
    assert node.died == 0


def test_a_frozen_process_stands_still_until_it_is_thawed(node: Node) -> None:
    node.freeze()
    eventually(lambda: state_of(node) == "T", what="the process is stopped")
    node.thaw()
    eventually(lambda: state_of(node) in "SRD", what="the process goes on")


def test_while_the_disk_is_full_no_file_grows(node: Node, tmp_path: Path) -> None:
    place = tmp_path / "file"
    eventually(lambda: place.stat().st_size > 8_000, what="a file larger than may be")
    node.fill_disk()
    eventually((tmp_path / "file.full").exists, what="a write that fails")
    size = place.stat().st_size
    node.clear_disk()
    eventually(lambda: place.stat().st_size > size, what="the file grows again")


def test_a_process_that_ends_by_itself_is_started_again_and_counted(node: Node) -> None:
    before = pid_of(node)
    assert node.process is not None
    node.process.send_signal(signal.SIGTERM)
    node.process.wait(10)
    assert not node.is_ready()
    node.tend()
    assert (node.died, node.is_ready(), pid_of(node) != before) == (1, True, True)


def test_a_process_that_is_asked_to_restart_is_not_counted_as_lost(node: Node) -> None:
    before = pid_of(node)
    node.restart()
    assert node.process is not None
    node.process.wait(10)
    node.tend()
    assert (node.died, node.is_ready(), pid_of(node) != before) == (0, True, True)
    node.process.send_signal(signal.SIGTERM)
    node.process.wait(10)
    node.tend()
    assert node.died == 1


def test_a_stop_ends_a_frozen_process_too(node: Node) -> None:
    node.freeze()
    node.ask_to_stop()
    assert node.stop() == -signal.SIGTERM


def test_the_log_of_a_process_outlives_it(tmp_path: Path) -> None:
    made = Node(
        name="speaker",
        words=("-c", "print('last words')"),
        folder=tmp_path,
        environment={"PATH": sys.exec_prefix},
        line=Line(),
    )
    made.start()
    assert made.process is not None
    made.process.wait(10)
    assert made.last_words() == "last words\n"
