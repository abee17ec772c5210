"""Costs of the engine's own steps: the product's effects, one after the other, in this process."""

import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence

from sqlalchemy import update

from benchmarks.costing.ground import CLOCK, Engine, Ground
from benchmarks.costing.meter import Watch
from benchmarks.webhooks import signed
from connector.domain.lifecycle import Effect, State, next_effect
from connector.engine.advance import EFFECTS, view_of
from connector.engine.model import Change, Claim, Post
from connector.engine.steps import decided
from connector.engine.tokens import Renewals
from connector.engine.webhooks import attend, receive
from connector.store.record import read_events
from connector.store.tables import grants

HOUR_MS = 3_600_000
POLLS_EACH, PHOTOS, WRITERS = 3, 40, 8
MOST = 10_000


def take_all(work: Engine) -> dict[str, list[Claim]]:
    """Lease every post that waits, for an hour; return them by the first word of their caption."""
    found: dict[str, list[Claim]] = {}
    work.parts.ledger.release_all()
    for claim in work.parts.ledger.claim(work.parts.owner, limit=MOST, ttl_ms=HOUR_MS):
        found.setdefault(str(claim.post.input["title"]).split()[0], []).append(claim)
    return found


def follow(work: Engine, watch: Watch, posts: dict[str, list[Claim]]) -> None:
    """Take the posts `main` to their end, and those of a large video to TikTok."""
    ledger, mine = work.parts.ledger, posts["main"]
    for claim in mine:
        with watch.of("transition"):
            ledger.save(claim.lease, Change(state=State.FETCHING))
    for claim in mine:
        with watch.of("release"):
            ledger.release(claim.lease, next_at=CLOCK.now())
    _work_off(work, watch, polls=POLLS_EACH * len(mine))
    for claim in posts["large"]:
        _see_through(work, watch, claim, "_large")
    for kind in ("complete", "publicly_available"):
        for number, claim in enumerate(mine):
            _tell(work, watch, _post(work, claim), kind, str(7_600_000_000_000_000_000 + number))
    _look_at_gates(work, watch, mine)
    wrong = [claim for claim in mine if _post(work, claim).state is not State.PUBLISHED_PUBLIC]
    if wrong:
        raise SystemExit(f"{len(wrong)} posts are not public")


def _post(work: Engine, claim: Claim) -> Post:
    found = work.parts.ledger.post(claim.post.workspace_id, claim.post.id)
    if found is None:
        raise AssertionError("a post is gone")
    return found


def _work_off(work: Engine, watch: Watch, polls: int) -> None:
    """Work on what is due until TikTok was asked so often."""
    while watch.times("poll") < polls:
        since = watch.now()
        claims = work.parts.ledger.claim(work.parts.owner, limit=1, ttl_ms=HOUR_MS)
        if claims:
            watch.note("claim", since)
        else:
            time.sleep(0.05)
        for claim in claims:
            _see_through(work, watch, claim)


def _see_through(work: Engine, watch: Watch, claim: Claim, suffix: str = "") -> None:
    """Take a post as far as it goes now, each effect counted by itself."""
    current: Claim | None = claim
    while current is not None:
        effect = next_effect(view_of(current))
        if effect is Effect.REST:
            raise SystemExit(f"a post has ended too early: {current.post.state}")
        with watch.of(effect.name.lower() + suffix):
            current = EFFECTS[effect](work.context, current)


def _tell(work: Engine, watch: Watch, post: Post, kind: str, public_id: str) -> None:
    """Let TikTok tell of a post."""
    app, account = work.parts.apps.apps()[0], work.context.access.account(post.account_id)
    content = {"publish_id": post.publish_id, "publish_type": "DIRECT_PUBLISH", "post_id": public_id}
    body = {
        "client_key": app.client_key,
        "event": f"post.publish.{kind}",
        "create_time": CLOCK.now() // 1000,
        "user_openid": account.open_id if account else "",
        "content": json.dumps(content if kind == "publicly_available" else content | {"post_id": None}),
    }
    raw = json.dumps(body).encode()
    header = signed(raw, app.client_secret, CLOCK.now() // 1000)["TikTok-Signature"]
    with watch.of("webhook"):
        receive(work.hooks, header, raw)
        for letter in work.hooks.inbox.claim(work.parts.owner, limit=1, ttl_ms=HOUR_MS):
            attend(work.context, work.hooks, letter)


def _look_at_gates(work: Engine, watch: Watch, claims: Iterable[Claim]) -> None:
    tokens = [attempt.id for claim in claims for attempt in work.parts.ledger.attempts(claim.post.id)]
    for token in tokens:
        with watch.of("gate"):
            work.parts.ledger.gate(token)


def renew(work: Engine, watch: Watch, count: int) -> None:
    """Renew the tokens of every account."""
    work.parts.database.write(lambda conn: conn.execute(update(grants).values(next_at=0)))
    renewals, done = Renewals(work.context.desk, work.parts.ledger.now), 0
    since = watch.now()
    while taken := renewals.due():
        done += taken
    if done != count:
        raise SystemExit(f"{done} of {count} accounts were renewed")
    watch.note("refresh", since, done)


def take_photos(place: Ground, work: Engine, watch: Watch) -> None:
    """Take in a photo that needs no conversion, again and again."""
    for _ in range(PHOTOS):
        with watch.of("photo"):
            work.context.media.take_in(f"{place.media_url}/photo.jpg", "photo", field_path="photo_images[0]")


def changes_each(work: Engine, claims: Sequence[Claim]) -> float:
    """Return how many state changes were written for each of these posts."""
    mine = {claim.post.id for claim in claims}
    return sum(event.post_id in mine for event in read_events(work.parts.database)) / len(mine)


def per_second(work: Engine, claims: Sequence[Claim]) -> tuple[float, float]:
    """Return state changes a second from several threads, and writes without a new state, by the clock."""
    ledger = work.parts.ledger

    def change(claim: Claim) -> None:
        ledger.save(claim.lease, Change(state=State.FETCHING))

    def write(claim: Claim) -> None:
        ledger.save(claim.lease, Change(), decided("nothing new"))

    return _rate(change, claims), _rate(write, claims)


def _rate(act: Callable[[Claim], None], claims: Sequence[Claim]) -> float:
    def run(mine: Iterator[Claim]) -> None:
        for claim in mine:
            act(claim)

    shares = [iter(claims[number::WRITERS]) for number in range(WRITERS)]
    threads = [threading.Thread(target=run, args=(share,)) for share in shares]
    began = CLOCK.ticks()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(claims) / (CLOCK.ticks() - began)
