"""`postrail domains`, and the proofs that the server serves."""

from collections.abc import Iterator
from pathlib import Path

from connector.engine.hosting import Finding, Hosting, Look, check, domains_row
from connector.kernel.clock import Clock, SystemClock
from connector.kernel.errors import PostrailError
from connector.media.signatures import SignatureFolder
from connector.net import Broken, Egress, Timeout, Unsent
from connector.net.texts import DnsTexts
from connector.settings import Settings, SettingsError
from connector.wiring.addresses import served_at

FOLDER = "proofs"
_PATIENCE = Timeout(connect_s=5, idle_s=5, total_s=10)


def signatures_of(settings: Settings) -> SignatureFolder:
    """Return the signature files: those under HOME and those of the settings. Raises SettingsError."""
    given = (item.partition("=") for item in settings.signature_files)
    configured = {name.strip(): content.strip().encode() for name, _, content in given}
    try:
        return SignatureFolder(settings.home / FOLDER, configured)
    except PostrailError as error:
        raise SettingsError(f"POSTRAIL_SIGNATURE_FILES: {error.message}") from error


def build_hosting(settings: Settings, signatures: SignatureFolder, public_url: str, clock: Clock) -> Hosting:
    """Build what knows the public host."""
    return Hosting(
        public_url,
        signatures=signatures,
        records=DnsTexts(),
        clock=clock,
        declared=settings.public_url_verified,
    )


def _hosting(settings: Settings, url: str) -> Hosting:
    return build_hosting(settings, signatures_of(settings), url, SystemClock())


def add_file(settings: Settings, path: Path) -> tuple[str, ...]:
    """Keep a signature file; return where it is served. Raises PostrailError and SettingsError."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror}") from error
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    signatures_of(settings).add(path.name, content)
    base = served_at(settings)
    return f"{base}/{path.name}", f"{base}/media/{path.name}"


def remove_file(settings: Settings, name: str) -> bool:
    """Forget a signature file; False where there is none under HOME."""
    return signatures_of(settings).remove(name)


def shown(settings: Settings) -> dict[str, object]:
    """Return what `/v1/domains` tells, of the address that the server would have where none runs."""
    return domains_row(_hosting(settings, served_at(settings)))


def checked(settings: Settings) -> Iterator[Finding]:
    """Look at the proofs as TikTok does, from this machine."""
    egress = Egress(trusted=frozenset(), clock=SystemClock())

    def look(url: str) -> Look:
        try:
            reply = egress.send("GET", url, timeout=_PATIENCE)
        except (Unsent, Broken, PostrailError) as error:
            return Look(status=None, said=str(error))
        return Look(status=reply.status, body=reply.body)

    return check(_hosting(settings, settings.public_url or ""), look)
