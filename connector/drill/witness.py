"""The sandbox as the drill's witness: told what to do wrong, and asked for the truth."""

from collections.abc import Mapping, Sequence
from typing import Any

from connector.drill.caller import Line

MOVING = frozenset({"pulling", "checking", "processing", "moderating"})
"""The stages of a publish task that go on by themselves."""


class Witness:
    """The control API of the sandbox at `url`."""

    def __init__(self, url: str, line: Line) -> None:
        self.url = url
        self._line = line

    def prepare(
        self,
        dial: Mapping[str, object],
        behaviour: Mapping[str, object],
        rules: Sequence[Mapping[str, object]],
    ) -> None:
        """Set its pace, how it behaves, and what goes wrong."""
        self._put("dial", dial)
        self._put("behaviour", behaviour)
        self._put("rules", {"rules": list(rules)})

    def step_clock(self, seconds: float) -> None:
        """Move the shared clock on."""
        self._line.call("POST", f"{self.url}/_sandbox/clock/advance", body={"ms": round(seconds * 1000)})

    def posts(self) -> list[dict[str, Any]]:
        """Return what is on the pretend TikTok."""
        return self._list("posts")

    def publishes(self) -> list[dict[str, Any]]:
        """Return every publish task with its history."""
        return self._list("publishes")

    def log(self) -> list[dict[str, Any]]:
        """Return every request that came to TikTok's endpoints."""
        return self._list("log")

    def webhooks(self) -> list[dict[str, Any]]:
        """Return every webhook with what came of it."""
        return self._list("webhooks")

    def is_quiet(self) -> bool:
        """Say whether nothing moves any more: no pull and no processing goes on."""
        return not any(task["stage"] in MOVING for task in self.publishes())

    def _list(self, name: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._line.call("GET", f"{self.url}/_sandbox/{name}").body[name]
        return found

    def _put(self, name: str, value: object) -> None:
        answer = self._line.call("PUT", f"{self.url}/_sandbox/{name}", body=value)
        if answer.status >= 400:  # noqa: PLR2004 - an HTTP status
            raise ValueError(f"the sandbox does not take {name}: {answer.body}")
