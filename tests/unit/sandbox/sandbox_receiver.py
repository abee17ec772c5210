"""A receiver of webhooks for tests: it takes what the courier brings and holds it to the schemas."""

import json
from dataclasses import dataclass, field

from tests.unit.sandbox.sandbox_helpers import Scene, Wire, schema

WEBHOOK_SHAPES = {"webhook", "webhook_content"}
HOOK_URL = "http://127.0.0.1:9/hook"


@dataclass
class Receiver:
    """Answers `statuses` in turn (the last one for ever; 0 breaks the connection) and keeps what came."""

    statuses: list[int] = field(default_factory=lambda: [200])
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def __call__(self, _url: str, body: bytes, headers: dict[str, str]) -> int:
        """Take one webhook."""
        self.bodies.append(body)
        self.headers.append(headers)
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        if not status:
            raise ConnectionResetError
        return status

    def events(self) -> list[tuple[str, Wire]]:
        """Return each event's name and content, in the order in which they came."""
        return [self._event(body) for body in self.bodies]

    def names(self) -> list[str]:
        """Return the last word of each event's name."""
        return [name.rpartition(".")[2] for name, _ in self.events()]

    @staticmethod
    def _event(body: bytes) -> tuple[str, Wire]:
        read = json.loads(body)
        schema("webhook").validate(read)
        content = json.loads(read["content"])
        schema("webhook_content").validate({"event": read["event"], "content": content})
        return read["event"], content


def deliver(scene: Scene, receiver: Receiver) -> int:
    """Let the world settle and the courier bring what is due; return how many tries that were."""
    scene.world.settle()
    return scene.world.courier.deliver_due(receiver)
