"""How the bytes of a video reach TikTok, by what is wanted, its size, the line and the host."""

import pytest

from connector.domain.transfer import SAFE_SHARE, UPLOAD_LIFE_S, choose_transfer

RATE = 1_000_000.0
SAFE = round(RATE * UPLOAD_LIFE_S * SAFE_SHARE)
WHOLE = round(RATE * UPLOAD_LIFE_S)


@pytest.mark.parametrize(
    ("wanted", "size", "rate", "can_pull", "transfer", "warned"),
    [
        ("upload", SAFE, RATE, True, "upload", False),
        ("upload", SAFE + 1, RATE, True, "upload", True),
        ("upload", WHOLE + 1, RATE, False, "upload", True),
        ("upload", WHOLE, None, True, "upload", False),
        ("auto", SAFE, RATE, True, "upload", False),
        ("auto", SAFE + 1, RATE, True, "pull", False),
        ("auto", SAFE + 1, RATE, False, "upload", True),
        ("auto", WHOLE + 1, RATE, True, "pull", False),
        ("auto", WHOLE + 1, RATE, False, "upload", True),
        ("auto", WHOLE, None, True, "upload", False),
        ("pull", 1, RATE, True, "pull", False),
        ("pull", WHOLE * 2, RATE, False, "pull", False),
        ("pull", WHOLE, None, False, "pull", False),
    ],
)
def test_the_transfer_is_chosen_by_table(
    wanted: str, size: int, rate: float | None, can_pull: bool, transfer: str, warned: bool
) -> None:
    choice = choose_transfer(wanted, size=size, rate=rate, can_pull=can_pull)
    assert (choice.transfer, choice.is_risky) == (transfer, warned)
    assert bool(choice.reason) == (warned or (wanted == "auto" and transfer == "pull"))


@pytest.mark.parametrize(
    ("size", "rate", "said"),
    [
        (
            4_000_000_000,
            RATE,
            "cannot end in time: at 1.0 MB/s, as the last uploads went, sending 4000 MB takes 67",
        ),
        (
            3_000_000_000,
            RATE,
            "may not end in time: at 1.0 MB/s, as the last uploads went, sending 3000 MB takes 50",
        ),
        (900_000, 200.0, "cannot end in time: at 0 kB/s, as the last uploads went, sending 900 kB takes 75"),
    ],
)
def test_a_warning_says_the_figures(size: int, rate: float, said: str) -> None:
    assert said in choose_transfer("upload", size=size, rate=rate, can_pull=False).reason
