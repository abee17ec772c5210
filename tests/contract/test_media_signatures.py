"""One suite for whatever keeps signature files: the folder, and the fake that stands in for it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from connector.domain.hosting import SIGNATURE_BYTES
from connector.engine.hosting import Signatures
from connector.kernel.errors import PostrailError
from connector.media.signatures import SignatureFolder
from tests.fakes.hosts import CONTENT, SIGNATURE, PretendSignatures

MAKERS: dict[str, Callable[[Path], Signatures]] = {
    "folder": lambda path: SignatureFolder(path / "proofs"),
    "fake": lambda _: PretendSignatures({}),
}


@pytest.fixture(params=MAKERS)
def signatures(request: pytest.FixtureRequest, tmp_path: Path) -> Signatures:
    """Each of them in turn, empty."""
    return MAKERS[str(request.param)](tmp_path)


def test_at_first_there_is_none(signatures: Signatures) -> None:
    assert signatures.names() == ()
    assert signatures.read(SIGNATURE) is None
    assert not signatures.remove(SIGNATURE)


def test_files_of_several_apps_are_kept_to_the_byte(signatures: Signatures) -> None:
    signatures.add(SIGNATURE, CONTENT + b"\r\n")
    signatures.add("tiktok9876.txt", b"other")
    assert signatures.names() == ("tiktok9876.txt", SIGNATURE)
    assert signatures.read(SIGNATURE) == CONTENT + b"\r\n"
    assert signatures.read("tiktok9876.txt") == b"other"


def test_a_file_may_be_replaced_and_removed(signatures: Signatures) -> None:
    signatures.add(SIGNATURE, b"first")
    signatures.add(SIGNATURE, b"second")
    assert signatures.read(SIGNATURE) == b"second"
    assert signatures.remove(SIGNATURE)
    assert signatures.names() == ()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("google1234.txt", CONTENT),
        ("tiktok.txt", CONTENT),
        ("../tiktokAbC123.txt", CONTENT),
        ("tiktokAbC123.html", CONTENT),
        (SIGNATURE, b""),
        (SIGNATURE, b" \n"),
        (SIGNATURE, b"x" * (SIGNATURE_BYTES + 1)),
        (SIGNATURE, "ü".encode()),
    ],
)
def test_what_is_no_signature_file_is_refused(signatures: Signatures, name: str, content: bytes) -> None:
    with pytest.raises(PostrailError) as refused:
        signatures.add(name, content)
    assert refused.value.code == "invalid_request"
    assert signatures.names() == ()


def test_nothing_else_in_the_folder_is_named_or_read(tmp_path: Path) -> None:
    (tmp_path / "secret.key").write_text("secret")
    (tmp_path / "tiktokFolder1.txt").mkdir()
    folder = SignatureFolder(tmp_path)
    assert folder.names() == ()
    for name in ("secret.key", "tiktokFolder1.txt", "../secret.key", ""):
        assert folder.read(name) is None
        assert not (name != "tiktokFolder1.txt" and folder.remove(name))
    assert (tmp_path / "secret.key").exists()


def test_what_the_settings_give_stands_beside_the_folder(tmp_path: Path) -> None:
    folder = SignatureFolder(tmp_path / "proofs", {SIGNATURE: b"given"})
    folder.add("tiktok9876.txt", b"kept")
    assert folder.names() == ("tiktok9876.txt", SIGNATURE)
    assert (folder.read(SIGNATURE), folder.read("tiktok9876.txt")) == (b"given", b"kept")
