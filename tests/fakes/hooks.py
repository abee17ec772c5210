"""TikTok's webhooks made by hand, and a desk at which they arrive on a ledger of a test's own."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from connector.engine.ports_tiktok import EventKind
from connector.engine.webhooks import OWNER, HookDesk, attend, receive
from connector.store.inbox import SqlInbox
from connector.tiktok import signature
from tests.fakes.scripted import Scene
from tests.ledgers import IDS, TTL

APP, SECRET = "aw_test", "test_client_secret"
TOLERANCE_S = 4 * 86_400


@dataclass
class KnownAccounts:
    """One TikTok app, and by open_id the accounts that it knows; notes whose access has ended."""

    by_open_id: dict[str, frozenset[str]] = field(
        default_factory=lambda: {"open-a": frozenset({"a"}), "open-b": frozenset({"b"})}
    )
    removed: list[tuple[str, int, int | None]] = field(default_factory=list)

    def client_secret(self, client_key: str) -> str | None:
        """Return the secret of the one app."""
        return SECRET if client_key == APP else None

    def accounts_of(self, client_key: str, open_id: str) -> frozenset[str]:
        """Return our ids of an account."""
        return self.by_open_id.get(open_id, frozenset()) if client_key == APP else frozenset()

    def authorization_removed(self, client_key: str, open_id: str, *, at: int, reason: int | None) -> bool:
        """Note it."""
        assert client_key == APP
        self.removed.append((open_id, at, reason))
        return open_id in self.by_open_id


def webhook(
    kind: EventKind | str,
    at_ms: int,
    content: Mapping[str, object],
    *,
    open_id: str = "open-a",
    app: str = APP,
) -> bytes:
    """Spell a webhook's body as TikTok does: the content is JSON within JSON."""
    body = {
        "client_key": app,
        "event": str(kind),
        "create_time": at_ms // 1000,
        "user_openid": open_id,
        "content": json.dumps(dict(content)),
    }
    return json.dumps(body).encode()


def signed(body: bytes, at_ms: int, secret: str = SECRET) -> str:
    """Return the signature header of a body sent at a time."""
    at = str(at_ms // 1000)
    return f"t={at},s={signature.sign(at, body, secret)}"


@dataclass
class MailRoom:
    """Where TikTok's webhooks arrive in a scene, moved by hand."""

    scene: Scene
    accounts: KnownAccounts = field(default_factory=KnownAccounts)
    woken: int = 0

    def __post_init__(self) -> None:
        self.inbox = SqlInbox(self.scene.stage.database, ids=IDS)
        self.desk = HookDesk(
            inbox=self.inbox,
            hooks=signature,
            accounts=self.accounts,
            clock=self.scene.stage.clock,
            tolerance_s=TOLERANCE_S,
            wake=self._wake,
        )

    def _wake(self) -> None:
        self.woken += 1

    def arrive(
        self, kind: EventKind | str, *, ago_ms: int = 0, open_id: str = "open-a", **content: object
    ) -> bool:
        """Let a genuine webhook of something that happened a while ago arrive now."""
        now = self.scene.stage.clock.now()
        body = webhook(kind, now - ago_ms, content, open_id=open_id)
        return receive(self.desk, signed(body, now), body)

    def work(self) -> int:
        """Act on whatever is due; return how many that were."""
        letters = self.inbox.claim(OWNER, limit=100, ttl_ms=TTL)
        for letter in letters:
            attend(self.scene.context, self.desk, letter)
        return len(letters)

    def tell(
        self, kind: EventKind | str, *, ago_ms: int = 0, open_id: str = "open-a", **content: object
    ) -> None:
        """Let a webhook arrive and act on it."""
        self.arrive(kind, ago_ms=ago_ms, open_id=open_id, **content)
        assert self.work() == 1
