"""Where `manifests/` and `schemas/` lie: at the root of a checkout, in the wheel under `connector/_data/`."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent


def data_root() -> Path:
    """Return the folder that holds `manifests/` and `schemas/`.

    Raises FileNotFoundError when the installation lacks them.
    """
    for root in (PACKAGE / "_data", PACKAGE.parent):
        if (root / "manifests").is_dir() and (root / "schemas").is_dir():
            return root
    raise FileNotFoundError(
        f"manifests/ and schemas/ lie neither in {PACKAGE / '_data'} nor in {PACKAGE.parent}"
    )
