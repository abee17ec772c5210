"""What every command builds in the same way: the ledger, the accounts, the contract, the engine's context."""

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from connector.contract import Contract, load_contract
from connector.domain.net import Origin, origin_of
from connector.engine.context import Context
from connector.engine.desk import Desk
from connector.engine.library import Library
from connector.engine.ports import MediaRoom
from connector.engine.reach import Reach
from connector.engine.renewing import RenewingTikTok
from connector.engine.tokens import Renewals
from connector.engine.uplink import Uplink
from connector.kernel.clock import Clock
from connector.kernel.ids import SystemIds
from connector.kernel.signing import Signer
from connector.media.signatures import SignatureFolder
from connector.net import Egress
from connector.settings import TIKTOK_API, Settings, SettingsError
from connector.store.access import SqlAccess
from connector.store.apps import SqlApps
from connector.store.database import Database
from connector.store.grants import SqlGrants
from connector.store.ledger import SqlLedger
from connector.store.logins import SqlLogins
from connector.store.media import SqlMedia
from connector.store.resealing import Resealer
from connector.store.sealing import Sealer
from connector.store.secrets import Secrets
from connector.tiktok.client import TikTokClient
from connector.tiktok.login import LoginClient
from connector.wiring.clocks import open_clock
from connector.wiring.domains import build_hosting, signatures_of
from connector.wiring.opening import demand_installation, is_begun, open_ledger

KEY_FILE = "secret.key"
LOST = (
    "{file} is missing, and the database beside it holds secrets that only this key opens: put your copy of "
    "the file back, or name the folder that is meant with --home"
)
PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The parts that need no network and no other process."""

    settings: Settings
    clock: Clock
    ids: SystemIds
    owner: str
    """How this process is called in leases: no other ever had the name."""

    contract: Contract
    database: Database
    ledger: SqlLedger
    access: SqlAccess
    apps: SqlApps
    grants: SqlGrants
    logins: SqlLogins
    media: SqlMedia
    signer: Signer
    resealer: Resealer
    trusted: frozenset[Origin]
    signatures: SignatureFolder


@dataclass(frozen=True, kw_only=True)
class Stock:
    """What is over the media folder: where files are fetched into, and where uploads are."""

    media: MediaRoom
    library: Library


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    fresh = path.with_suffix(path.suffix + ".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def create_private(path: Path, text: str) -> None:
    """Write such a file unless it is there already: of two processes at once, one wins."""
    fresh = path.with_suffix(f".{os.getpid()}")
    write_private(fresh, text)
    with suppress(FileExistsError):
        path.hardlink_to(fresh)
    fresh.unlink()


class KeyFile:
    """The keys of an installation under HOME: one on each line, the one that seals first."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int] | None = None

    def read(self) -> tuple[bytes, ...]:
        """Return the keys."""
        found = self._path.stat()
        self._seen = (found.st_mtime_ns, found.st_ino)
        return tuple(line.strip().encode() for line in self._path.read_text().splitlines() if line.strip())

    def look(self) -> tuple[bytes, ...] | None:
        """Return the keys if the file has been replaced since they were read."""
        found = self._path.stat()
        return None if (found.st_mtime_ns, found.st_ino) == self._seen else self.read()

    def put(self, *keys: bytes) -> None:
        """Replace the keys, all at once."""
        write_private(self._path, "".join(f"{key.decode()}\n" for key in keys))


def configured_keys(settings: Settings) -> tuple[bytes, ...]:
    """Return the keys of POSTRAIL_SECRET_KEY: one, or several with commas, the one that seals first."""
    given = settings.secret_key.get_secret_value() if settings.secret_key else ""
    return tuple(key.strip().encode() for key in given.split(",") if key.strip())


def _open_secrets(settings: Settings, ids: SystemIds) -> Secrets:
    """Return the keys that encrypt secrets at rest: configured, or made once under HOME.

    Raises SettingsError on PostgreSQL without one, since several machines must share it, and where the key of
    an installation is gone: a new one opens nothing of what the old one has sealed.
    """
    if keys := configured_keys(settings):
        return Secrets(*keys)
    if not settings.is_sqlite:
        raise SettingsError(
            "POSTRAIL_SECRET_KEY: needed with PostgreSQL; make one with `openssl rand -hex 32`"
        )
    file = KeyFile(settings.home / KEY_FILE)
    if not (settings.home / KEY_FILE).exists():
        if is_begun(settings):
            raise SettingsError(LOST.format(file=settings.home / KEY_FILE))
        file.put(ids.token().encode())
    return Secrets(*file.read(), look=file.look)


def make_home(settings: Settings) -> None:
    """Create HOME for its owner alone. Raises SettingsError when that is not possible."""
    try:
        settings.home.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"POSTRAIL_HOME: cannot use {settings.home}: {error.strerror}") from error


def _secrets(settings: Settings, ids: SystemIds) -> Secrets:
    try:
        return _open_secrets(settings, ids)
    except ValueError as error:
        raise SettingsError(f"POSTRAIL_SECRET_KEY: {error}; make one with `openssl rand -hex 32`") from error


def _trusted_origins(settings: Settings) -> frozenset[Origin]:
    """Return the origins that may be private. Raises SettingsError for one that is no origin."""
    try:
        return frozenset(origin_of(origin) for origin in settings.trusted_origins)
    except ValueError as error:
        raise SettingsError(f"POSTRAIL_TRUSTED_ORIGINS: {error}; write http://host:port") from error


def open_parts(settings: Settings) -> Parts:
    """Open the ledger (brought to the present schema) and load the contract.

    Raises SettingsError when a setting that they need cannot be used.
    """
    clock = open_clock(settings)
    ids = SystemIds(clock)
    trusted = _trusted_origins(settings)
    signatures = signatures_of(settings)
    make_home(settings)
    secrets = _secrets(settings, ids)
    sealer = Sealer(secrets, ids)
    database = open_ledger(settings, clock)
    return Parts(
        settings=settings,
        clock=clock,
        ids=ids,
        owner=f"{os.uname().nodename}:{os.getpid()}:{ids.new('run')}",
        contract=load_contract(),
        database=database,
        ledger=SqlLedger(database, ids=ids),
        access=SqlAccess(database, sealer=sealer),
        apps=SqlApps(database, sealer=sealer),
        grants=SqlGrants(database, ids=ids, sealer=sealer),
        logins=SqlLogins(database, sealer=sealer),
        media=SqlMedia(database),
        signer=Signer(secrets.signing_keys),
        resealer=Resealer(database, sealer),
        trusted=trusted,
        signatures=signatures,
    )


def open_existing(settings: Settings) -> Parts:
    """Open an installation that is there already. Raises SettingsError as `open_parts`, and where none is."""
    demand_installation(settings)
    return open_parts(settings)


def build_desk(parts: Parts, *, tiktok_url: str, web_url: str) -> Desk:
    """Build what connects accounts: TikTok's calls go to `tiktok_url`, browsers to `web_url`."""
    own = frozenset({origin_of(tiktok_url)}) if tiktok_url != TIKTOK_API else frozenset()
    egress = Egress(trusted=own, clock=parts.clock)
    return Desk(
        apps=parts.apps,
        grants=parts.grants,
        logins=parts.logins,
        login=LoginClient(egress, tiktok_url, web_url, parts.clock),
        tiktok=TikTokClient(egress, tiktok_url, parts.clock),
        signer=parts.signer,
        owner=parts.owner,
        pkce_on_web=parts.settings.tiktok_pkce_on_web,
    )


def build_context(
    parts: Parts,
    *,
    tiktok_url: str,
    web_url: str,
    public_url: str,
    stopping: Callable[[], bool],
    wake: Callable[[], None],
    hears: Callable[[], bool],
    stock: Stock,
) -> Context:
    """Build the engine's context around TikTok (or its sandbox) at `tiktok_url`."""
    settings = parts.settings
    desk = build_desk(parts, tiktok_url=tiktok_url, web_url=web_url)
    reach = Reach(parts.clock)
    return Context(
        contract=parts.contract,
        ledger=parts.ledger,
        access=parts.access,
        tiktok=RenewingTikTok(desk.tiktok, Renewals(desk, parts.ledger.now), reach),
        desk=desk,
        media=stock.media,
        library=stock.library,
        uplink=Uplink(),
        hosting=build_hosting(settings, parts.signatures, public_url, parts.clock),
        clock=parts.clock,
        ids=parts.ids,
        public_url=public_url,
        web_url=web_url,
        repeat_window_ms=settings.repeat_window_s * 1000,
        stopping=stopping,
        wake=wake,
        hears=hears,
        late_ms=reach.late_ms,
        require_vertical=settings.require_vertical,
    )
