"""Two machines: one is cut off in the middle of its work, and its posts go on at the other."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from connector.demo.media import make_video
from tests.machines.namespaces import remove_abandoned, why_not
from tests.machines.room import Node, Room, machine_room
from tests.running import call, eventually, make_long_file, part_sizes

CHUNK = 10_000_000
SIZE = 7 * CHUNK
"""Bytes of a video that goes to TikTok in seven chunks."""

STORED = 2 * CHUNK
HELD_AT = STORED + CHUNK // 2
"""Bytes after which TikTok takes no more of it for a while: in the middle of the third chunk."""

SOON_S = 100.0
"""Seconds within which a machine that is cut off learns of it, and one that is back has its say."""

SOME = 8
TRIES = 2
"""Attempts of a post at most: one where nothing could be sent, and one at the other machine."""

LATE_S = 17.0
"""Seconds that TikTok takes to answer an init: longer than a lease, and not yet too long to wait for."""


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a video of many chunks."""
    folder = tmp_path_factory.mktemp("video")
    make_video(folder / "clip.mp4", seconds=3, width=540, height=960)
    make_long_file(folder / "clip.mp4", folder / "long.mp4", SIZE)
    return folder / "long.mp4"


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    """Give two nodes that work."""
    missing = why_not()
    if missing is not None:
        pytest.fail(missing, pytrace=False)
    remove_abandoned()
    with told_to_end(), machine_room(tmp_path) as built:
        yield built


@contextmanager
def told_to_end() -> Iterator[None]:
    """End as by an interrupt when told to end, so that no machine is left behind."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def parts_in_flight(room: Room) -> int:
    """Count the PUTs of which TikTok has all that it takes for now."""
    return part_sizes(room.witness.home).count(HELD_AT - STORED)


def hold_an_upload(room: Room, video: Path, title: str) -> tuple[str, str, Node]:
    """Post a video that stops in its third chunk; return post, publish id, and the node that sends it."""
    room.witness.set_faults(hold_upload_after_bytes=HELD_AT)
    post_id = room.post(room.nodes[0], video, title)
    eventually(lambda: parts_in_flight(room) == 1, what="half a chunk at TikTok")
    (task,) = room.witness.publishes(title)
    assert task["uploaded_bytes"] == STORED
    return post_id, task["publish_id"], holder_of(room, post_id)


def holder_of(room: Room, post_id: str) -> Node:
    """Return the node that has a post in hand."""
    return eventually(lambda: room.holder(post_id), what="a node has it in hand")


def outcome(room: Room, node: Node, post_id: str) -> tuple[object, object]:
    """Wait at a node until a post is settled; return its status and publish id."""

    def settled() -> dict[str, object] | None:
        rows = {"post_id": post_id, "wait_seconds": "50"}
        answer = room.run(node, "wait_until_published", rows)
        return None if answer["state"] == "pending" else answer

    found = eventually(settled, within_s=SOON_S, what="the post is settled")
    return found["status"], found["publish_id"]


def assert_published_once(room: Room, title: str, publish_id: str) -> None:
    """Look into TikTok's own books."""
    assert [post["publish_id"] for post in room.witness.posts(title)] == [publish_id]
    assert [task["publish_id"] for task in room.witness.publishes(title)] == [publish_id]
    assert room.witness.inits() == 1


def assert_refused(room: Room, node: Node, post_id: str) -> None:
    """Let a node come back with what it has to say of a post, and see that it changes nothing."""
    as_it_stood = room.written(post_id)
    node.come_back()
    eventually(lambda: node.said("lease_lost", post_id=post_id), within_s=SOON_S, what="it is refused")
    assert room.written(post_id) == as_it_stood


def chunks(room: Room) -> list[int]:
    """Return how TikTok has answered the chunks that it has had whole."""
    return [entry["status"] for entry in room.witness.log("/upload") if entry["outcome"] == "answered"]


def test_an_upload_of_a_machine_that_is_cut_off_goes_on_at_the_other(room: Room, video: Path) -> None:
    post_id, publish_id, lost = hold_an_upload(room, video, "cut off")
    other = room.other_than(lost)
    lost.cut_off()
    eventually(lambda: room.holder(post_id) is other, what="the other has taken it")
    room.witness.set_faults()
    assert outcome(room, other, post_id) == ("published_public", publish_id)
    assert_refused(room, lost, post_id)
    assert_published_once(room, "cut off", publish_id)


def test_who_is_cut_off_from_the_ledger_alone_sends_for_the_same_upload_and_writes_nothing(
    room: Room, video: Path
) -> None:
    post_id, publish_id, lost = hold_an_upload(room, video, "no ledger")
    other = room.other_than(lost)
    lost.cut_off("ledger")
    eventually(lambda: parts_in_flight(room) == len(room.nodes), what="both send the same chunk")
    assert room.holder(post_id) is other
    room.witness.set_faults()
    assert outcome(room, other, post_id) == ("published_public", publish_id)
    eventually(lambda: len(chunks(room)) == SIZE // CHUNK + 1, what="the bytes of both have arrived")
    assert sorted(chunks(room)) == [201] + [206] * 6 + [416]
    assert_refused(room, lost, post_id)
    assert_published_once(room, "no ledger", publish_id)


def test_a_machine_that_is_back_before_its_bytes_have_left_is_refused_all_the_same(
    room: Room, video: Path
) -> None:
    post_id, publish_id, lost = hold_an_upload(room, video, "back in time")
    other = room.other_than(lost)
    lost.cut_off("ledger")
    eventually(lambda: parts_in_flight(room) == len(room.nodes), what="both send the same chunk")
    lost.come_back()
    room.witness.set_faults()
    assert outcome(room, other, post_id) == ("published_public", publish_id)
    assert_refused(room, lost, post_id)
    assert_published_once(room, "back in time", publish_id)


def test_an_upload_of_a_machine_that_reaches_the_ledger_and_not_tiktok_goes_on_at_the_other(
    room: Room, video: Path
) -> None:
    post_id, publish_id, lost = hold_an_upload(room, video, "no TikTok")
    other = room.other_than(lost)
    lost.cut_off("outside")
    room.witness.set_faults()
    assert outcome(room, other, post_id) == ("published_public", publish_id)
    assert_published_once(room, "no TikTok", publish_id)


def test_a_machine_that_does_not_reach_tiktok_leaves_what_is_due_to_the_other(
    room: Room, video: Path
) -> None:
    lost, other = room.nodes
    lost.cut_off("outside")
    clip, titles = video.with_name("clip.mp4"), [f"due {number}" for number in range(SOME)]
    for post_id in [room.post(other, clip, title) for title in titles]:
        assert outcome(room, other, post_id)[0] == "published_public"
        assert len(room.rows("SELECT 1 FROM attempts WHERE post_id = %(id)s", id=post_id)) <= TRIES
    assert sorted(post["title"] for post in room.witness.posts()) == titles


def test_an_init_that_is_answered_late_to_a_machine_that_was_cut_off_is_void(room: Room, video: Path) -> None:
    slow = {"endpoint": "video/init", "what": "slow", "after_effect": True, "seconds": LATE_S}
    call("PUT", f"{room.witness.url}/_sandbox/rules", json={"rules": [slow]})
    post_id = room.post(room.nodes[0], video, "late")
    eventually(lambda: room.witness.publishes("late"), what="a publish task that nobody knows of")
    lost = holder_of(room, post_id)
    lost.cut_off()
    status, publish_id = outcome(room, room.other_than(lost), post_id)
    assert_refused(room, lost, post_id)
    orphan, used = room.witness.publishes("late")
    assert (status, publish_id) == ("published_public", used["publish_id"])
    assert (orphan["uploaded_bytes"], orphan["post_ids"], len(used["post_ids"])) == (0, [], 1)


def test_a_pull_from_a_machine_that_is_cut_off_goes_on_at_the_other(room: Room, video: Path) -> None:
    lost, other = room.nodes
    lost.slow_down()
    post_id = room.post(other, video, "pulled", transfer="pull")
    (task,) = eventually(lambda: room.witness.publishes("pulled"), what="TikTok has the task")
    eventually(lambda: room.witness.publishes("pulled")[0]["uploaded_bytes"] > CHUNK, what="TikTok pulls")
    lost.cut_off()
    room.float_to(other)
    assert outcome(room, other, post_id) == ("published_public", task["publish_id"])
    lost.come_back()
    assert_published_once(room, "pulled", task["publish_id"])
