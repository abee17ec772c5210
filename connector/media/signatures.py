"""TikTok's signature files, in a folder of their own and from the settings. Nothing else is read there."""

import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from connector.domain.hosting import SIGNATURE_BYTES, SIGNATURE_NAME, check_signature

READABLE = 0o644


class SignatureFolder:
    """Implements `connector.engine.hosting.Signatures`; what is `configured` stands beside the folder's."""

    def __init__(self, folder: Path, configured: Mapping[str, bytes] | None = None) -> None:
        self._folder = folder
        self._configured = dict(configured or {})
        for name, content in self._configured.items():
            check_signature(name, content)

    def names(self) -> tuple[str, ...]:
        """Return their names, sorted."""
        with suppress(FileNotFoundError):
            return tuple(sorted({*self._configured, *self._kept()}))
        return tuple(sorted(self._configured))

    def _kept(self) -> list[str]:
        return [
            path.name
            for path in self._folder.iterdir()
            if SIGNATURE_NAME.fullmatch(path.name) and path.is_file()
        ]

    def read(self, name: str) -> bytes | None:
        """Return what one holds; None where there is none of that name."""
        if SIGNATURE_NAME.fullmatch(name) is None:
            return None
        if name in self._configured:
            return self._configured[name]
        with suppress(OSError), (self._folder / name).open("rb") as file:
            return file.read(SIGNATURE_BYTES)
        return None

    def add(self, name: str, content: bytes) -> None:
        """Keep one, whole or not at all. Raises PostrailError `invalid_request` for what is none."""
        check_signature(name, content)
        self._folder.mkdir(exist_ok=True)
        descriptor, fresh = tempfile.mkstemp(dir=self._folder)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
            os.fchmod(descriptor, READABLE)
        Path(fresh).replace(self._folder / name)

    def remove(self, name: str) -> bool:
        """Forget one; False where the folder has none of that name."""
        if SIGNATURE_NAME.fullmatch(name) is None:
            return False
        with suppress(FileNotFoundError):
            (self._folder / name).unlink()
            return True
        return False
