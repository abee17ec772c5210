"""Files that come in several requests, in memory."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from connector.engine.model_media import Partial, Reach
from connector.kernel.clock import Clock
from connector.kernel.errors import PostrailError
from connector.media.partial import nothing_begun


@dataclass
class PretendPart:
    """A file that comes in parts."""

    state: Partial
    data: bytearray = field(default_factory=bytearray)
    in_hand: bool = False
    dropped: bool = False
    synced: int = 0

    def write(self, data: bytes) -> None:
        """Append."""
        self.data += data
        self.state = replace(self.state, offset=len(self.data))

    def cut(self, size: int) -> None:
        """Forget the end."""
        del self.data[size:]
        self.state = replace(self.state, offset=size)

    def sync(self) -> None:
        """Note how much is safe."""
        self.synced = len(self.data)

    def done(self, upload_id: str) -> None:
        """Note what it has become."""
        self.state = replace(self.state, upload_id=upload_id)
        self.data.clear()

    def drop(self) -> None:
        """Forget it."""
        self.dropped = True


@dataclass
class PretendPartials:
    """Keeps them for `life_ms`."""

    clock: Clock
    life_ms: int = 1000
    parts: dict[str, PretendPart] = field(default_factory=dict)
    elsewhere: Callable[[str], Mapping[str, int]] = nothing_begun

    def create(
        self,
        partial_id: str,
        reach: Reach,
        length: int,
        metadata: Mapping[str, str],
        allow: Callable[[Sequence[int]], None],
    ) -> Partial:
        """Begin one."""
        allow(self._begun(reach.workspace_id))
        expires_at = self.clock.now() + self.life_ms
        state = Partial.begun(partial_id, reach, length, metadata, expires_at=expires_at)
        self.parts[partial_id] = PretendPart(state)
        return state

    def _begun(self, workspace_id: str, but: str | None = None) -> list[int]:
        states = [part.state for part in self.parts.values() if not self._is_over(part)]
        mine = [one for one in states if one.workspace_id == workspace_id and one.id != but]
        here = [one.length for one in mine if one.upload_id is None]
        return here + [length for name, length in self.elsewhere(workspace_id).items() if name != but]

    @contextmanager
    def begun(
        self, workspace_id: str, *, but: str | None = None, alone: bool = False
    ) -> Iterator[Sequence[int]]:
        """Give the lengths of what is begun."""
        del alone
        yield self._begun(workspace_id, but)

    def _find(self, reach: Reach, partial_id: str) -> PretendPart:
        part = self.parts.get(partial_id)
        if part is None or self._is_over(part) or not self._is_within(reach, part.state):
            raise PostrailError("upload_not_found", "no such upload")
        return part

    def _is_within(self, reach: Reach, state: Partial) -> bool:
        return state.workspace_id == reach.workspace_id and reach.account_id in {None, state.account_id}

    def look(self, reach: Reach, partial_id: str) -> Partial:
        """Tell how one stands."""
        return self._find(reach, partial_id).state

    @contextmanager
    def take(self, reach: Reach, partial_id: str) -> Iterator[PretendPart]:
        """Take one in hand."""
        part = self._find(reach, partial_id)
        if part.in_hand:
            raise PostrailError("upload_locked", "in hand")
        part.in_hand = True
        try:
            yield part
        finally:
            part.in_hand = False
            if part.dropped:
                del self.parts[partial_id]

    def _is_over(self, part: PretendPart) -> bool:
        return part.state.expires_at <= self.clock.now()

    def sweep(self) -> int:
        """Drop those whose life is over."""
        over = [name for name, part in self.parts.items() if self._is_over(part) and not part.in_hand]
        for name in over:
            del self.parts[name]
        return len(over)
