"""Jobs on media run in children: what they give, and that a hostile file ends its child and nothing else."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.media.helpers import Helpers, JobFailed
from connector.media.probe import probe_video
from tests.media_samples import make_video
from tests.movies_made import made_webm


@pytest.fixture
def helpers() -> Iterator[Helpers]:
    """Give helpers of their own, ended afterwards."""
    helpers = Helpers()
    yield helpers
    helpers.close()


def test_a_live_recording_is_counted_by_a_demuxer(tmp_path: Path) -> None:
    path = tmp_path / "live.webm"
    path.write_bytes(made_webm(seconds=None, rate=None, frames=75, frame_ms=40))
    video = probe_video(path)
    assert video.duration_ms == 3000
    assert video.fps == pytest.approx(25)


def test_a_job_on_what_is_no_video_fails_with_a_reason(tmp_path: Path, helpers: Helpers) -> None:
    path = tmp_path / "clip.webm"
    path.write_bytes(b"this is text")
    with pytest.raises(JobFailed, match="damaged"):
        helpers.run("demux", path=str(path), form="webm")


def test_a_job_that_takes_too_long_is_ended_and_the_next_one_runs(tmp_path: Path, helpers: Helpers) -> None:
    fifo = tmp_path / "never.webm"
    os.mkfifo(fifo)
    with pytest.raises(JobFailed, match="too much time or memory"):
        helpers.run("demux", path=str(fifo), form="webm", seconds=0.2)
    clip = make_video(tmp_path / "a.webm", seconds=0.2, width=64, height=64)
    assert helpers.run("demux", path=str(clip), form="webm")[0]["codec"] == "vp9"


def test_a_job_that_wants_too_much_memory_is_ended(tmp_path: Path, helpers: Helpers) -> None:
    clip = make_video(tmp_path / "a.webm", seconds=0.2, width=64, height=64)
    with pytest.raises(JobFailed):
        helpers.run("demux", path=str(clip), form="webm", memory=0)


def test_a_helper_that_was_killed_is_started_again(tmp_path: Path, helpers: Helpers) -> None:
    clip = make_video(tmp_path / "a.webm", seconds=0.2, width=64, height=64)
    helpers.run("demux", path=str(clip), form="webm")
    assert helpers.pid is not None
    first = helpers.pid
    os.kill(first, signal.SIGKILL)
    os.waitid(os.P_PID, first, os.WEXITED | os.WNOWAIT)
    assert helpers.run("demux", path=str(clip), form="webm")[0]["width"] == 64
    assert helpers.pid != first


def test_a_helper_has_no_secret_of_its_parent(helpers: Helpers, tmp_path: Path) -> None:
    with pytest.raises(JobFailed):
        helpers.run("demux", path=str(tmp_path / "none"), form="webm")
    environment = Path(f"/proc/{helpers.pid}/environ").read_bytes()
    assert {name.partition(b"=")[0] for name in environment.split(b"\0") if name} == {
        b"LANG",
        b"VIPS_CONCURRENCY",
        b"VIPS_BLOCK_UNTRUSTED",
    }
