"""The thread that collects media: at once when it starts, and not undone by trouble."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from connector.worker.media import MediaKeeper
from tests.fakes.scripted import PretendIntake, Scene

pytest_plugins = ("tests.databases", "tests.engine_scene")


@dataclass
class ToldIntake(PretendIntake):
    """Tells when a file has been collected; fails as often as it is told to."""

    collected: threading.Event = field(default_factory=threading.Event)
    failures: int = 0

    def collect(self, media_id: str, is_needed: Callable[[], bool]) -> int:
        """Fail, or drop a file that is not needed."""
        if self.failures:
            self.failures -= 1
            raise OSError("no disk")
        size = super().collect(media_id, is_needed)
        self.collected.set()
        return size


def test_what_nobody_needs_goes_when_the_thread_starts(scene: Scene) -> None:
    scene.intake = intake = ToldIntake(files={"orphan": b"x"})
    keeper = MediaKeeper(scene.library, scene.stage.clock)
    keeper.start()
    assert intake.collected.wait(30)
    keeper.stop(timeout_s=30)
    assert intake.files == {}


def test_a_collection_that_fails_is_tried_again(scene: Scene) -> None:
    scene.intake = intake = ToldIntake(files={"orphan": b"x"}, failures=2)
    keeper = MediaKeeper(scene.library, scene.stage.clock, every_s=0.01)
    keeper.start()
    assert intake.collected.wait(30)
    keeper.stop(timeout_s=30)
    assert intake.files == {}
