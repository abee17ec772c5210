"""`postrail rotate-secrets`: a new key, and everything sealed anew, while servers go on."""

from dataclasses import dataclass

from connector.kernel.clock import SystemClock
from connector.kernel.ids import SystemIds
from connector.settings import Settings, SettingsError
from connector.wiring.parts import KEY_FILE, KeyFile, configured_keys, make_home, open_parts

HOW = (
    "POSTRAIL_SECRET_KEY: to change a key that is configured, set it to NEW,OLD for every process and "
    "restart them one after the other, run this command with the same setting, then set it to NEW alone"
)


@dataclass(frozen=True, kw_only=True)
class Rotated:
    """What was done: how many texts were sealed anew, and whether the old key is needed no more."""

    resealed: int
    old_key_dropped: bool


def rotate(settings: Settings) -> Rotated:
    """Seal everything under a new key: one made here under HOME, or the first that is configured.

    Servers that run take up a key made here by themselves; the old one opens what it sealed until everything
    is sealed anew. Raises SettingsError where a configured key has no successor.
    """
    configured = configured_keys(settings)
    if len(configured) == 1:
        raise SettingsError(HOW)
    file = None if configured else _new_key(settings)
    parts = open_parts(settings)
    try:
        resealed = parts.resealer.reseal()
        if file is None:
            return Rotated(resealed=resealed, old_key_dropped=False)
        newest = file.read()[0]
        dropped = parts.resealer.when_done(lambda: file.put(newest))
        return Rotated(resealed=resealed, old_key_dropped=dropped)
    finally:
        parts.database.close()


def _new_key(settings: Settings) -> KeyFile:
    """Put a new key before those under HOME; a rotation that was cut short before goes on with its own."""
    make_home(settings)
    path, file = settings.home / KEY_FILE, KeyFile(settings.home / KEY_FILE)
    before = file.read() if path.exists() else ()
    if len(before) <= 1:
        file.put(SystemIds(SystemClock()).token().encode(), *before)
    return file
