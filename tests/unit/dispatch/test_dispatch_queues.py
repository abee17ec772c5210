"""Which queue a post goes to, by its state."""

from dataclasses import replace

import pytest

from connector.dispatch.queues import LIGHT, MEDIA, queue_of
from connector.domain.lifecycle import AttemptState, State
from connector.engine.model import Attempt, Claim, Lease, Post, Transfer
from tests.ledgers import VIDEO

POST = Post(
    id="p",
    workspace_id="w",
    account_id="a",
    operation="post_video",
    kind="video",
    mode="direct",
    transfer="upload",
    state=State.QUEUED,
    input={},
    receipt={},
    created_at=0,
    updated_at=0,
)
ATTEMPT = Attempt(
    id="gate",
    post_id="p",
    account_id="a",
    number=1,
    state=AttemptState.ACCEPTED,
    transfer="upload",
    created_at=0,
    upload_url="https://upload.example/1",
)


@pytest.mark.parametrize(
    ("state", "transfer", "has_media", "uploaded", "queue"),
    [
        (State.QUEUED, "upload", False, None, MEDIA),
        (State.FETCHING, "pull", False, None, MEDIA),
        (State.FETCHING, "upload", True, None, MEDIA),
        (State.FETCHING, "pull", True, None, LIGHT),
        (State.SENDING, "upload", True, None, MEDIA),
        (State.SENDING, "pull", True, None, LIGHT),
        (State.SENDING, "upload", True, 0, MEDIA),
        (State.SENDING, "upload", True, VIDEO.size, LIGHT),
        (State.PROCESSING, "upload", True, VIDEO.size, LIGHT),
        (State.IN_MODERATION, "pull", True, None, LIGHT),
        (State.UNCONFIRMED, "upload", True, 0, LIGHT),
    ],
)
def test_what_moves_files_goes_with_the_media(
    state: State, transfer: Transfer, has_media: bool, uploaded: int | None, queue: str
) -> None:
    post = replace(POST, state=state, transfer=transfer, media=(VIDEO,) if has_media else ())
    attempt = None if uploaded is None else replace(ATTEMPT, uploaded=uploaded)
    claim = Claim(post=post, lease=Lease(post_id="p", token="t", owner="me"), attempt=attempt)
    assert queue_of(claim) == queue


@pytest.mark.parametrize("state", State)
def test_every_state_has_a_queue(state: State) -> None:
    claim = Claim(post=replace(POST, state=state), lease=Lease(post_id="p", token="t", owner="me"))
    assert queue_of(claim) in {MEDIA, LIGHT}
