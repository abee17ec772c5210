"""TikTok's webhooks: 10,000 mixed deliveries at a working engine, and the sandbox's own at a server.

The load runs in this process: the real routes, ledger and workers, and a TikTok that knows each post's story.
"""

import random  # noqa: TID251 - a seeded shuffle, not a secret
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from connector.domain.lifecycle import AttemptState, State
from connector.engine.model import Account, Change
from connector.engine.model_incident import ALARM
from connector.engine.ports import PublishStatus
from connector.engine.ports_tiktok import EventKind
from connector.engine.wait import WaitRoom
from connector.kernel.clock import SystemClock
from connector.server.app import build_app
from connector.server.site import Site
from connector.store.database import open_database
from connector.store.migrate import migrate
from connector.store.tables import events, webhook_inbox
from connector.worker.hooks import HookWorker
from connector.worker.loop import Worker
from tests.databases import HandClock
from tests.fakes.hooks import TOLERANCE_S, KnownAccounts, MailRoom, signed, webhook
from tests.fakes.scripted import Scene, ScriptedTikTok, status
from tests.ledgers import NOTE, Stage, new_grant, set_stage
from tests.running import BuildHouse, House, call, eventually

pytest_plugins = ("tests.databases", "tests.running")

K = EventKind
DELIVERIES, FORGED, STALE = 10_000, 2_000, 1_000
POSTS, SENDERS, SEED = 270, 8, 20_261_120
HOUR = 3_600_000
WORKING = status("PROCESSING_UPLOAD")
Told = tuple[EventKind | str, dict[str, object]]
"""An event and its content; `{n}` stands for the post's number."""


class RunningClock(HandClock):
    """The machine's time, where a clock to be moved by hand is expected."""

    def now(self) -> int:
        """Return the wall clock."""
        return SystemClock().now()

    def ticks(self) -> float:
        """Return the monotonic clock."""
        return SystemClock().ticks()


@dataclass(frozen=True, kw_only=True)
class Story:
    """A post's fate at TikTok: what is told of it in order, what its status says, how it must end."""

    name: str
    told: tuple[Told, ...]
    ends: State
    status: PublishStatus = WORKING
    loses_first_init: bool = False
    alarms: bool = False


COMPLETE: Told = (K.PUBLISH_COMPLETE, {})
PUBLIC: Told = (K.PUBLICLY_AVAILABLE, {"post_id": "76{n}"})
GONE: Told = (K.NO_LONGER_PUBLIC, {"post_id": "76{n}"})
STORIES = (
    Story(name="public", told=(COMPLETE, PUBLIC), ends=State.PUBLISHED_PUBLIC),
    Story(
        name="old spelling",
        told=(("post.publish.publicaly_available", {"post_id": "76{n}"}),),
        ends=State.PUBLISHED_PUBLIC,
    ),
    Story(name="removed", told=(COMPLETE, PUBLIC, GONE), ends=State.REMOVED),
    Story(
        name="refused",
        told=((K.PUBLISH_FAILED, {"reason": "spam_risk"}),),
        ends=State.FAILED,
    ),
    Story(name="draft", told=((K.INBOX_DELIVERED, {}),), ends=State.INBOX_DELIVERED),
    Story(
        name="draft, then posted",
        told=((K.INBOX_DELIVERED, {}), COMPLETE),
        ends=State.PUBLISHED_PUBLIC,
        status=status("PUBLISH_COMPLETE", ids=("77",)),
    ),
    Story(
        name="only complete",
        told=(COMPLETE,),
        ends=State.PUBLISHED_PUBLIC,
        status=status("PUBLISH_COMPLETE", ids=("77",)),
    ),
    Story(name="silence", told=(), ends=State.PROCESSING),
    Story(name="unheard of", told=(("post.publish.sung", {}),), ends=State.PROCESSING),
)
LOST = (
    Story(
        name="a lost init fails, as it must",
        told=((K.PUBLISH_FAILED, {"reason": "video_pull_failed", "publish_id": "lost-{n}"}),),
        ends=State.PROCESSING,
        loses_first_init=True,
    ),
    Story(
        name="a lost init publishes, which cannot be",
        told=((K.PUBLISH_COMPLETE, {"publish_id": "lost-{n}"}),),
        ends=State.HELD,
        loses_first_init=True,
        alarms=True,
    ),
)
"""One for each account: what an unknown publish id belongs to is guessed by the account alone."""


@dataclass
class StoryTeller(ScriptedTikTok):
    """Answers for every publish id with the status of its story."""

    publish_ids: dict[str, Story] = field(default_factory=dict)

    def status(self, account: Account, publish_id: str) -> PublishStatus:
        """Say what the story has for its status."""
        del account
        return self.publish_ids[publish_id].status


@dataclass
class HeldAccounts(KnownAccounts):
    """Lets nobody look an account up, and so act on any webhook, while `open` is not set."""

    open: Event = field(default_factory=Event)

    def accounts_of(self, client_key: str, open_id: str) -> frozenset[str]:
        """Return our ids of an account, once that is allowed."""
        self.open.wait()
        return super().accounts_of(client_key, open_id)

    def authorization_removed(self, client_key: str, open_id: str, *, at: int, reason: int | None) -> bool:
        """Note it, once that is allowed."""
        self.open.wait()
        return super().authorization_removed(client_key, open_id, at=at, reason=reason)


@dataclass
class Load:
    """A working engine with posts in processing, and the mail for them."""

    scene: Scene
    mail: MailRoom
    accounts: HeldAccounts
    worker: Worker
    hooks: HookWorker
    stories: dict[str, Story]

    def state(self, post_id: str) -> State:
        """Return a post's state."""
        found = self.scene.stage.ledger.post("w", post_id)
        assert found is not None
        return found.state

    def count(self, outcome: str | None = None) -> int:
        """Count the webhooks that are kept, all or with an outcome."""
        query = select(func.count()).select_from(webhook_inbox)
        if outcome is not None:
            query = query.where(webhook_inbox.c.outcome == outcome)
        return self.scene.stage.database.read(lambda conn: conn.execute(query).scalar_one())

    def handled(self) -> int:
        """Count the webhooks that have been acted on."""
        query = select(func.count()).select_from(webhook_inbox).where(webhook_inbox.c.handled_at.is_not(None))
        return self.scene.stage.database.read(lambda conn: conn.execute(query).scalar_one())

    def alarmed(self) -> set[str]:
        """Return the posts of which an alarm was raised."""
        query = select(events.c.post_id).where(events.c.kind == ALARM)
        return self.scene.stage.database.read(lambda conn: set(conn.execute(query).scalars()))


def at_tiktok(stage: Stage, number: int, story: Story) -> str:
    """Have a post that TikTok works on and that is looked at in an hour; return its id."""
    account = {"account_id": "ab"[number % 2], "input": {"privacy": "PUBLIC_TO_EVERYONE"}}
    claim = stage.begun(f"gate-{number}-1", **account)
    if story.loses_first_init:
        stage.ledger.resolve_attempt(claim.lease, f"gate-{number}-1", AttemptState.VOID, Change(), NOTE)
        stage.ledger.begin_attempt(claim.lease, f"gate-{number}-2", "upload", NOTE)
    stage.open_gate(claim, f"gate-{number}-{1 + story.loses_first_init}", f"pub-{claim.post.id}")
    stage.ledger.save(claim.lease, Change(state=State.PROCESSING))
    stage.ledger.release(claim.lease, next_at=stage.clock.now() + HOUR)
    return claim.post.id


@pytest.fixture
def load(tmp_path: Path) -> Iterator[Load]:
    """Have a post for every story, again and again, all of them in processing at TikTok."""
    url, clock = f"sqlite:///{tmp_path / 'ledger.db'}", RunningClock()
    migrate(url)
    database = open_database(url, clock=clock)
    teller = StoryTeller()
    scene = Scene(set_stage(database, clock), tiktok=teller)
    for name in "ab":
        # Hundreds of posts of one account: TikTok's budget for asking about them is not what is tried here.
        scene.stage.grants.connect(new_grant(name, paced=False))
    accounts = HeldAccounts()
    accounts.open.set()
    mail = MailRoom(scene, accounts=accounts)
    context = replace(scene.context, hears=mail.desk.hears)
    worker = Worker(context, owner="me", threads=2, lease_s=5.0)
    hooks = HookWorker(replace(context, wake=worker.wake), mail.desk)
    cast = [*LOST, *(STORIES[number % len(STORIES)] for number in range(POSTS))]
    stories = {at_tiktok(scene.stage, number, story): story for number, story in enumerate(cast)}
    teller.publish_ids = {f"pub-{post_id}": story for post_id, story in stories.items()}
    worker.start()
    hooks.start()
    yield Load(scene, mail, accounts, worker, hooks, stories)
    accounts.open.set()
    hooks.stop(timeout_s=20)
    worker.stop(timeout_s=20)
    database.close()


def truths(load: Load) -> list[bytes]:
    """Return the body of everything that has happened."""
    now = load.scene.stage.clock.now() - 60_000
    bodies = []
    for number, (post_id, story) in enumerate(load.stories.items()):
        for step, (kind, content) in enumerate(story.told):
            spelt = {name: str(value).format(n=number) for name, value in content.items()}
            told = {"publish_id": f"pub-{post_id}", **spelt}
            bodies.append(webhook(kind, now + step * 1000, told, open_id=f"open-{'ab'[number % 2]}"))
    foreign = [
        webhook(K.PUBLISH_COMPLETE, now, {"publish_id": f"foreign-{number}"}, open_id="open-z")
        for number in range(20)
    ]
    gone = [
        webhook(K.AUTHORIZATION_REMOVED, now, {"reason": 1}, open_id=f"open-{name}")
        for name in ("a", "b", "z")
    ]
    return bodies + foreign + gone


def lies(load: Load, count: int, dice: random.Random) -> list[bytes]:
    """Return bodies that would change a post, were they believed."""
    ids = list(load.stories)
    kinds = (K.PUBLISH_FAILED, K.NO_LONGER_PUBLIC, K.PUBLICLY_AVAILABLE, K.INBOX_DELIVERED)
    return [
        webhook(
            dice.choice(kinds),
            load.scene.stage.clock.now() + number,
            {"publish_id": f"pub-{dice.choice(ids)}", "post_id": f"99{number}", "reason": "auth_removed"},
        )
        for number in range(count)
    ]


def mixed(load: Load, true: Sequence[bytes]) -> list[tuple[str | None, bytes, bool]]:
    """Return (signature, body, genuine) of all deliveries in a random order."""
    dice = random.Random(SEED)  # noqa: S311 - a test's order
    now = load.scene.stage.clock.now()
    copies = [*true, *dice.choices(true, k=DELIVERIES - FORGED - STALE - len(true))]
    sent: list[tuple[str | None, bytes, bool]] = [
        (signed(body, now - dice.randrange(72 * 3600) * 1000), body, True) for body in copies
    ]
    forgeries = (
        lambda _body: None,
        lambda _body: "t=1,s=abc",
        lambda body: signed(body, now, "not the secret"),
        lambda body: signed(body + b" ", now),
        lambda body: signed(body, now).replace(f"t={now // 1000}", f"t={now // 1000 + 1}"),
    )
    sent += [(dice.choice(forgeries)(body), body, False) for body in lies(load, FORGED, dice)]
    sent += [(signed(body, now - (TOLERANCE_S + 60) * 1000), body, False) for body in lies(load, STALE, dice)]
    dice.shuffle(sent)
    return sent


def deliver(load: Load, sent: Sequence[tuple[str | None, bytes, bool]]) -> list[tuple[int, bool]]:
    """Deliver everything over the real route, from several threads; return (status, genuine)."""
    room = WaitRoom(load.scene.stage.ledger, load.scene.stage.clock, capacity=1)
    desk = replace(load.mail.desk, wake=load.hooks.wake)
    site = Site(context=load.scene.context, room=room, hold_s=0, pause=lambda _: None, hooks=desk)
    app = build_app(site, max_body_bytes=1_000_000)

    def send(item: tuple[str | None, bytes, bool]) -> tuple[int, bool]:
        header, body, genuine = item
        client: FlaskClient = app.test_client()
        headers = {} if header is None else {"TikTok-Signature": header}
        answer = client.post("/webhooks/tiktok", data=body, headers=headers, content_type="application/json")
        return answer.status_code, genuine

    with ThreadPoolExecutor(SENDERS) as pool:
        return list(pool.map(send, sent))


def expect_right_ends(load: Load) -> None:
    """Wait until every webhook has been acted on and every post stands as its story ends."""

    def wrong() -> dict[str, tuple[State, State]]:
        return {
            f"{story.name} {post_id}": (load.state(post_id), story.ends)
            for post_id, story in load.stories.items()
            if load.state(post_id) is not story.ends
        }

    eventually(lambda: load.mail.inbox.next_due() is None, within_s=90, what="all webhooks acted on")
    eventually(lambda: not wrong(), within_s=60, what=str(wrong()))


def test_a_delivery_is_recorded_and_answered_while_nobody_can_act_on_any(load: Load) -> None:
    load.accounts.open.clear()
    true = truths(load)
    now = load.scene.stage.clock.now()
    answers = deliver(load, [(signed(body, now), body, True) for body in true])
    assert Counter(answers) == {(200, True): len(true)}
    assert (load.count(), load.handled()) == (len(true), 0)
    assert {load.state(post_id) for post_id in load.stories} == {State.PROCESSING}
    load.accounts.open.set()
    expect_right_ends(load)


def test_ten_thousand_mixed_deliveries_end_in_the_right_states_and_none_forged_is_believed(
    load: Load,
) -> None:
    true = truths(load)
    answers = deliver(load, mixed(load, true))
    assert Counter(answers) == {
        (200, True): DELIVERIES - FORGED - STALE,
        (401, False): FORGED + STALE,
    }
    expect_right_ends(load)
    assert load.count() == len(true)
    assert load.count("defect") == 0
    assert load.alarmed() == {post_id for post_id, story in load.stories.items() if story.alarms}
    assert len(load.mail.accounts.removed) == 3
    for post_id, story in load.stories.items():
        states = load.scene.stage.attempt_states(post_id)
        assert (AttemptState.VOID in states) == story.loses_first_init


def slow(house: House) -> None:
    """Have TikTok take a moment for everything, so that webhooks come while nobody looks."""
    house.witness.set_dial(mode="seconds", processing=0.4, moderation=0.4)


def calls(house: House, post_id: str) -> list[str]:
    """Return the names of the lines of a post's timeline."""
    return [line["call"] for line in house.status(post_id)["timeline"]]


@pytest.mark.parametrize("names", ["documented", "corrected", "old"])
def test_the_sandboxs_webhooks_drive_a_post_in_every_spelling(build_house: BuildHouse, names: str) -> None:
    house = build_house()
    slow(house)
    house.witness.behave(event_names=names, webhook_duplicates=2, webhook_shuffle_ms=300)
    post_id = house.run("post_video", house.video("told by webhook")).body["post_id"]
    told = house.wait(post_id)
    assert (told["status"], len(told["tiktok_post_ids"])) == ("published_public", 1)
    number = told["tiktok_post_ids"][0]
    call("POST", f"{house.witness.url}/_sandbox/posts/{number}/hide")
    eventually(lambda: house.status(post_id)["status"] == "removed", what="word that it is no longer public")
    assert {"webhook/complete", "state"} <= set(calls(house, post_id))
    sent = house.witness.webhooks()
    assert {entry["tries"][-1]["status"] for entry in sent if entry["tries"]} == {200}


def test_webhooks_that_came_while_the_server_was_down_are_acted_on_afterwards(
    build_house: BuildHouse,
) -> None:
    house = build_house()
    house.witness.set_dial(mode="hand")
    house.witness.behave(webhook_retry_s=0.5)
    post_id = house.run("post_video", house.video("told again")).body["post_id"]
    publish_id = str(
        eventually(lambda: house.status(post_id)["status"] == "processing" and house.status(post_id))[
            "publish_id"
        ]
    )
    house.kill()
    for _ in range(2):
        call("POST", f"{house.witness.url}/_sandbox/publishes/{publish_id}/advance")
    eventually(lambda: [e for e in house.witness.webhooks("complete") if e["tries"]], what="a try in vain")
    house.start()
    assert house.wait(post_id)["status"] == "published_public"
    eventually(lambda: all(entry["state"] == "delivered" for entry in house.witness.webhooks()))
    assert len(house.witness.posts()) == 1


def test_nothing_unsigned_gets_in_over_the_real_route(house: House) -> None:
    body = webhook(K.PUBLISH_COMPLETE, SystemClock().now(), {"publish_id": "p"}, app="sbdefault")
    for headers in ({}, {"TikTok-Signature": "t=1,s=2"}, {"TikTok-Signature": signed(body, 0, "guess")}):
        answer = call("POST", f"{house.url}/webhooks/tiktok", data=body, headers=headers)
        assert (answer.status, answer.body["error"]) == (401, "invalid_signature")
    for junk in (b"", b"[]", b"{}", b"{" * 5000, b"\xff" * 100):
        answer = call("POST", f"{house.url}/webhooks/tiktok", data=junk)
        assert (answer.status, answer.body["error"]) == (400, "bad_request")
    assert call("GET", f"{house.url}/webhooks/tiktok").status == 405


def test_an_access_that_its_creator_removes_is_ended_by_the_webhook(build_house: BuildHouse) -> None:
    house = build_house()
    app = house.witness.app()["client_key"]
    assert call("DELETE", f"{house.witness.url}/_sandbox/grants/{app}/sandbox_creator").status == 204

    def listed() -> str:
        return house.command("accounts", "list", "--home", str(house.home)).stdout

    eventually(lambda: "(auth_removed)" in listed(), what="the account in need of a new login")
