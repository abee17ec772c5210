"""The port of files that come in several requests, on each implementation."""

import fcntl
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from connector.engine.model_media import Reach
from connector.engine.ports_media import Partials
from connector.kernel.errors import PostrailError
from connector.media.partial import PartialFolder
from tests.databases import HandClock
from tests.fakes.partials import PretendPartials

ID = "upload_01J9Z3K8Q4T2W6Y1X5V7B0N3M8"
OTHER = "upload_01J9Z3K8Q4T2W6Y1X5V7B0N3M9"
LIFE = 60_000
W = Reach(workspace_id="w")


Build = Callable[[HandClock], Partials]


@pytest.fixture(params=["disk", "memory"])
def build(request: pytest.FixtureRequest, tmp_path: Path) -> Build:
    """Build each implementation."""
    if request.param == "disk":
        return lambda clock: PartialFolder(tmp_path, clock, life_ms=LIFE)
    return lambda clock: PretendPartials(clock, life_ms=LIFE)


def anything(begun: Sequence[int]) -> None:
    """Let a file begin, whatever else is begun."""


def begun_beside(partials: Partials, workspace: str = "w") -> list[int]:
    """Return the lengths of what a workspace has begun, as they are told to who begins another."""
    told: list[int] = []

    def refuse(begun: Sequence[int]) -> None:
        told.extend(begun)
        raise PostrailError("too_many_open_uploads", "no more")

    with pytest.raises(PostrailError, match="too_many_open_uploads"):
        partials.create("upload_refused", Reach(workspace_id=workspace), 1, {}, refuse)
    assert missing(partials, workspace, "upload_refused")
    return sorted(told)


def now_of(path: Path) -> HandClock:
    """Return a clock that begins at the machine's present time."""
    (path / "now").touch()
    return HandClock((path / "now").stat().st_mtime_ns // 1_000_000)


@pytest.fixture
def clock(tmp_path: Path) -> HandClock:
    """Give a clock that begins now: files on a disk have the machine's own times."""
    return now_of(tmp_path)


@pytest.fixture
def partials(build: Build, clock: HandClock) -> Partials:
    """Give a store with one file of ten bytes begun."""
    built = build(clock)
    built.create(ID, W, 10, {"filename": "a.mp4"}, anything)
    return built


def missing(
    partials: Partials, workspace: str = "w", partial_id: str = ID, account: str | None = None
) -> bool:
    """Tell whether nobody can find the file, neither to look at nor to write."""
    for attempt in (partials.look, lambda *named: partials.take(*named).__enter__()):
        with pytest.raises(PostrailError, match="upload_not_found"):
            attempt(Reach(workspace_id=workspace, account_id=account), partial_id)
    return True


def test_a_file_begins_with_nothing(partials: Partials, clock: HandClock) -> None:
    state = partials.look(W, ID)
    assert (state.length, state.offset, state.upload_id) == (10, 0, None)
    assert dict(state.metadata) == {"filename": "a.mp4"}
    assert abs(state.expires_at - clock.now() - LIFE) < 5_000


def test_who_begins_a_file_is_told_what_else_the_workspace_has_begun(
    partials: Partials, clock: HandClock
) -> None:
    partials.create(OTHER, W, 7, {}, anything)
    assert begun_beside(partials) == [7, 10]
    assert begun_beside(partials, "x") == []
    with partials.take(W, ID) as part:
        part.write(b"1234567890")
        part.done("media_1")
    assert begun_beside(partials) == [7]
    clock.advance(LIFE + 5_000)
    assert begun_beside(partials) == []


def test_what_is_begun_is_told_without_the_one_that_is_being_ended(partials: Partials) -> None:
    partials.create(OTHER, W, 7, {}, anything)
    with partials.begun("w") as every, partials.begun("w", but=ID) as others:
        assert (sorted(every), list(others)) == ([7, 10], [7])


def begun_alone(folder: PartialFolder, done: Callable[[], None]) -> None:
    """Begin something elsewhere, and say so."""
    with folder.begun("w", alone=True):
        done()


@pytest.mark.parametrize("alone", [True, False])
def test_who_is_to_begin_a_file_waits_for_all_others(tmp_path: Path, clock: HandClock, alone: bool) -> None:
    folder = PartialFolder(tmp_path, clock, life_ms=LIFE)
    had = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        with folder.begun("w", alone=alone):
            waiting = pool.submit(begun_alone, folder, had.set)
            assert not had.wait(0.2)
        waiting.result(30)
    assert had.is_set()


@pytest.mark.parametrize("alone", [True, False])
def test_only_who_is_to_begin_a_file_keeps_others_waiting_while_it_asks_elsewhere(
    tmp_path: Path, clock: HandClock, alone: bool
) -> None:
    waited = []

    def asked(_workspace_id: str) -> Mapping[str, int]:
        descriptor = os.open(tmp_path / "partial", os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            waited.append(False)
        except BlockingIOError:
            waited.append(True)
        finally:
            os.close(descriptor)
        return {OTHER: 7}

    folder = PartialFolder(tmp_path, clock, life_ms=LIFE, elsewhere=asked)
    with folder.begun("w", alone=alone) as lengths:
        assert list(lengths) == [7]
    assert waited == [alone]


def test_a_file_of_a_bound_key_is_its_own_accounts_and_the_workspaces(partials: Partials) -> None:
    bound = Reach(workspace_id="w", account_id="a")
    state = partials.create(OTHER, bound, 7, {}, anything)
    assert state.account_id == "a"
    assert partials.look(W, OTHER) == partials.look(bound, OTHER)
    assert missing(partials, partial_id=OTHER, account="b")
    assert missing(partials, partial_id=ID, account="a")


def test_bytes_are_appended_by_one_request_after_the_other(partials: Partials) -> None:
    for data in (b"1234", b"56"):
        with partials.take(W, ID) as part:
            part.write(data)
            part.sync()
    with partials.take(W, ID) as part:
        assert part.state.offset == 6
        part.cut(5)
        assert part.state.offset == 5
        part.write(b"x")
    assert partials.look(W, ID).offset == 6


def test_a_file_is_in_one_hand_at_a_time_and_can_be_looked_at_meanwhile(partials: Partials) -> None:
    with partials.take(W, ID) as part:
        part.write(b"12")
        with pytest.raises(PostrailError, match="upload_locked"):
            partials.take(W, ID).__enter__()
        assert partials.look(W, ID).offset == 2
    with partials.take(W, ID) as part:
        assert part.state.offset == 2


def test_what_is_done_is_remembered_and_its_bytes_are_not(partials: Partials) -> None:
    with partials.take(W, ID) as part:
        part.write(b"1234567890")
        part.done("media_1")
        assert part.state.upload_id == "media_1"
    state = partials.look(W, ID)
    assert (state.upload_id, state.offset) == ("media_1", 10)
    with partials.take(W, ID) as part:
        assert part.state.upload_id == "media_1"


def test_what_is_dropped_is_gone(partials: Partials) -> None:
    with partials.take(W, ID) as part:
        part.drop()
    assert missing(partials)


@pytest.mark.parametrize(
    ("workspace", "partial_id"),
    [("x", ID), ("w", OTHER), ("w", "../../etc/passwd"), ("w", "")],
)
def test_what_is_not_ours_is_not_found(partials: Partials, workspace: str, partial_id: str) -> None:
    assert missing(partials, workspace, partial_id)


def test_a_file_that_nobody_goes_on_with_ends(partials: Partials, clock: HandClock) -> None:
    clock.advance(LIFE + 5_000)
    assert missing(partials)
    assert partials.sweep() == 1
    assert partials.sweep() == 0


def test_a_sweep_spares_what_lives_and_what_is_in_hand(partials: Partials, clock: HandClock) -> None:
    assert partials.sweep() == 0
    with partials.take(W, ID) as part:
        clock.advance(LIFE + 5_000)
        assert partials.sweep() == 0
        part.write(b"1")
    assert partials.sweep() == 1


def test_bytes_without_a_description_are_swept_after_their_time(tmp_path: Path, clock: HandClock) -> None:
    folder = PartialFolder(tmp_path, clock, life_ms=LIFE)
    stray = tmp_path / "partial" / ID
    stray.write_bytes(b"stray")
    assert folder.sweep() == 0
    clock.advance(LIFE + 5_000)
    assert folder.sweep() == 1
    assert not stray.exists()


def test_a_description_without_its_bytes_is_no_file(tmp_path: Path, clock: HandClock) -> None:
    folder = PartialFolder(tmp_path, clock, life_ms=LIFE)
    folder.create(ID, W, 10, {}, anything)
    (tmp_path / "partial" / ID).unlink()
    assert missing(folder)


def test_a_full_disk_is_told_and_what_is_there_stays(tmp_path: Path, clock: HandClock) -> None:
    folder = PartialFolder(tmp_path, clock, life_ms=10**13)
    folder.create(ID, W, 10, {}, anything)
    data = tmp_path / "partial" / ID
    data.unlink()
    data.symlink_to("/dev/full")
    with pytest.raises(PostrailError, match="disk_full"), folder.take(W, ID) as part:
        part.write(b"123")
    with folder.take(W, ID) as part:
        assert part.state.offset == 0


def test_what_is_begun_elsewhere_counts_too_but_for_the_one_that_ends(
    tmp_path: Path, clock: HandClock
) -> None:
    elsewhere = {"w": {OTHER: 7}, "x": {}}
    folder = PartialFolder(tmp_path, clock, life_ms=LIFE, elsewhere=elsewhere.__getitem__)
    folder.create(ID, W, 10, {}, anything)
    assert begun_beside(folder) == [7, 10]
    assert begun_beside(folder, "x") == []
    with folder.begun("w", but=OTHER) as lengths:
        assert list(lengths) == [10]
