"""What every use case is handed: the ports and the few settings that it depends on."""

from collections.abc import Callable
from dataclasses import dataclass

from connector.contract import Contract
from connector.engine.desk import Desk
from connector.engine.hosting import Hosting
from connector.engine.library import Library
from connector.engine.ports import AccessStore, Ledger, MediaRoom
from connector.engine.ports_tiktok import FullTikTok
from connector.engine.uplink import Uplink
from connector.kernel.clock import Clock
from connector.kernel.ids import Ids


@dataclass(frozen=True, kw_only=True)
class Context:
    """The engine's surroundings, built once by `wiring`.

    `desk` is where accounts are connected, `library` where uploads are, `hosting` what is known of the host
    of `public_url`, which TikTok pulls media from, `uplink` how fast bytes leave for TikTok. `web_url` is
    where posts are looked at. `stopping` tells that this process drains, so that long work should stop at its
    next safe point. `wake` tells the workers and the waiting that something has changed. `hears` tells that
    TikTok's webhooks arrive here, `late_ms` for how many milliseconds a post must have been due before this
    process takes it.
    """

    contract: Contract
    ledger: Ledger
    access: AccessStore
    tiktok: FullTikTok
    desk: Desk
    media: MediaRoom
    library: Library
    hosting: Hosting
    uplink: Uplink
    clock: Clock
    ids: Ids
    public_url: str
    web_url: str
    repeat_window_ms: int
    stopping: Callable[[], bool]
    wake: Callable[[], None]
    hears: Callable[[], bool] = lambda: False
    late_ms: Callable[[], int] = lambda: 0
    require_vertical: bool = False
