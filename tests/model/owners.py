"""What owners do with the post, step by step, as `connector.engine` does; its guards can be taken away.

What an owner has heard and will be true for ever (a chunk is there, a task has failed) is no step of its own.

A step of the ledger is one transaction: the lease and the attempt's state are compared, and all is written or
nothing. Without the fence the lease is not compared; without the compare-and-set TikTok's answer is stored in
two steps, the first of which compares and the second of which writes.
"""

from connector.domain.lifecycle import AttemptState, Effect, State, may_become
from connector.domain.transfer import may_be_complete
from connector.store.tables import LIVE
from tests.model import product
from tests.model.checking import Move
from tests.model.product import CHUNKS, Try
from tests.model.world import NOBODY, Moves, Owner, Put, Rules, Task, World, name, spend, with_owner, with_try

LOST = "finds the post taken, and stops"


class Owners:
    """The moves of both owners, under these rules."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules

    def moves(self, world: World) -> Moves:
        """Yield every move of the owners."""
        for me in (0, 1):
            owner = world.owners[me]
            if owner.at == "idle":
                yield from self._claim(world, me)
                continue
            step = getattr(self, f"_{owner.at}")
            yield from step(world, me, owner)
            if spent := spend(world):
                yield Move(f"{name(me)} dies", self._let_go(spent, me), is_sure=False)

    def _holds(self, world: World, me: int) -> bool:
        return world.lease == me or not self._rules.fence

    def _let_go(self, world: World, me: int, post: State | None = None) -> World:
        lease = NOBODY if self._holds(world, me) else world.lease
        return with_owner(world._replace(lease=lease, post=post or world.post), me, Owner())

    def _goes_on(self, world: World, me: int, at: str) -> World:
        return with_owner(world, me, world.owners[me]._replace(at=at))

    def _writes(self, world: World, me: int, what: str, then: World | None) -> Moves:
        """One fenced transaction; `then` None: it compares something that is not so."""
        if self._holds(world, me) and then is not None:
            yield Move(f"{name(me)} {what}", then)
        else:
            yield Move(f"{name(me)} {LOST}", with_owner(world, me, Owner()))

    def _next(self, world: World, one: Try | None) -> Effect:
        return product.effect_on(
            world.post,
            one.state if one else None,
            uploads=not self._rules.pulls,
            bytes_sent=one is not None and one.uploaded >= CHUNKS,
        )

    def _claim(self, world: World, me: int) -> Moves:
        live = next((at for at, one in enumerate(world.tries) if one.state.value in LIVE), NOBODY)
        known = world.tries[live] if live != NOBODY else None
        effect = self._next(world, known)
        free = world if world.lease == NOBODY else spend(world)
        if effect is Effect.REST or free is None:
            return
        # A post whose attempt is over is asked about by its last publish id.
        number = live if live != NOBODY or effect is Effect.SEND else len(world.tries) - 1
        claimed = with_owner(free._replace(lease=me), me, Owner(effect.value, number, known or Try()))
        is_sure = world.lease == NOBODY
        frozen = "" if is_sure else f", since {name(1 - me)} is frozen"
        yield Move(f"{name(me)} claims the post{frozen}: {effect}", claimed, is_sure)

    # Opening an attempt: engine/send.

    def _send(self, world: World, me: int, _owner: Owner) -> Moves:
        if product.is_spent(world.tries):
            failed = self._let_go(world, me, post=State.FAILED)
            yield from self._writes(world, me, "fails the post: no attempt left", failed)
            return
        tries = tuple(
            one._replace(state=AttemptState.VOID) if one.state is AttemptState.SENDING else one
            for one in world.tries
        )
        number, opened = len(tries), None
        if not any(one.state.value in LIVE for one in tries) and may_become(world.post, State.SENDING):
            begun = world._replace(post=State.SENDING, tries=(*tries, Try()), tasks=(*world.tasks, Task()))
            opened = with_owner(begun, me, Owner("init", number))
        yield from self._writes(world, me, f"opens attempt {number + 1}", opened)

    def _init(self, world: World, me: int, owner: Owner) -> Moves:
        number = owner.attempt
        coming = world._replace(tasks=(*world.tasks[:number], Task("coming"), *world.tasks[number + 1 :]))
        yield Move(f"{name(me)} sends init {number + 1}", self._goes_on(coming, me, "await"))
        if spent := spend(world):
            yield Move(
                f"{name(me)} cannot send init {number + 1}", self._goes_on(spent, me, "reject"), is_sure=False
            )
        if spent := spend(world):
            yield Move(
                f"TikTok refuses init {number + 1}", self._goes_on(spent, me, "refused"), is_sure=False
            )

    def _await(self, world: World, me: int, owner: Owner) -> Moves:
        number, at = owner.attempt + 1, world.tasks[owner.attempt].at
        if at not in {"coming", "lost"}:
            yield from self._accept(world, me, owner)
        late = world if at == "lost" else spend(world)
        if late is not None:
            given_up = self._goes_on(late, me, "void")
            yield Move(
                f"{name(me)} waits no longer for the answer to init {number}", given_up, is_sure=at == "lost"
            )

    def _accept(self, world: World, me: int, owner: Owner) -> Moves:
        is_sending = world.tries[owner.attempt].state is AttemptState.SENDING
        if self._rules.compares:
            then = self._accepted(world, me, owner)
            yield from self._writes(
                world, me, f"accepts attempt {owner.attempt + 1}", then if is_sending else None
            )
        else:
            then = self._goes_on(world, me, "set")
            yield from self._writes(world, me, "finds all as it should be", then if is_sending else None)

    def _set(self, world: World, me: int, owner: Owner) -> Moves:
        yield Move(f"{name(me)} accepts attempt {owner.attempt + 1}", self._accepted(world, me, owner))

    def _accepted(self, world: World, me: int, owner: Owner) -> World:
        one = Try(AttemptState.ACCEPTED, has_id=True)
        state = State.PROCESSING if self._rules.pulls else State.SENDING
        post = state if may_become(world.post, state) else world.post
        stored = with_try(world, owner.attempt, one)._replace(post=post)
        effect = self._next(stored, one)
        if effect is Effect.REST:
            return self._let_go(stored, me)
        return with_owner(stored, me, Owner(effect.value, owner.attempt, one))

    def _ended(self, world: World, me: int, to: AttemptState, post: State) -> World | None:
        """The attempt in hand ends as `to` and the post is given back; None where the ledger forbids it."""
        number = world.owners[me].attempt
        one = world.tries[number]
        if not product.may_end_as(one.state, to) or not may_become(world.post, post):
            return None
        return self._let_go(with_try(world, number, one._replace(state=to)), me, post=post)

    def _void(self, world: World, me: int, _owner: Owner) -> Moves:
        then = self._ended(world, me, AttemptState.VOID, world.post)
        yield from self._writes(world, me, "voids the attempt", then)

    def _reject(self, world: World, me: int, _owner: Owner) -> Moves:
        then = self._ended(world, me, AttemptState.REJECTED, world.post)
        yield from self._writes(world, me, "ends the attempt, for another one", then)

    def _refused(self, world: World, me: int, _owner: Owner) -> Moves:
        then = self._ended(world, me, AttemptState.REJECTED, State.FAILED)
        yield from self._writes(world, me, "fails the post", then)

    # Sending the bytes: engine/upload.

    def _upload(self, world: World, me: int, owner: Owner) -> Moves:
        number, known = owner.attempt, owner.known
        if product.is_expired(known, world.tasks[number].age):
            yield from self._reject(world, me, owner)
        elif known.uploaded >= CHUNKS:
            yield from self._processing(world, me, owner)
        elif known.uploaded < CHUNKS - 1:
            yield from self._put(world, me, owner)
        else:
            one, started = world.tries[number], None
            if one.state is AttemptState.ACCEPTED:
                noted = with_try(world, number, one._replace(final_started=True))
                started = self._goes_on(noted, me, "put")
            yield from self._writes(world, me, "notes that the last chunk starts", started)

    def _put(self, world: World, me: int, owner: Owner) -> Moves:
        number, chunk = owner.attempt, owner.known.uploaded
        put = Put(number, chunk, in_time=not world.tasks[number].age)
        what = f"chunk {chunk + 1} of task {number + 1}"
        sent = world._replace(puts=world.puts | {put})
        yield Move(f"{name(me)} sends {what}", self._goes_on(sent, me, "answer"))
        if spent := spend(world):
            yield Move(
                f"TikTok refuses {what} to {name(me)}", self._goes_on(spent, me, "stopped"), is_sure=False
            )

    def _answer(self, world: World, me: int, owner: Owner) -> Moves:
        task, chunk = world.tasks[owner.attempt], owner.known.uploaded
        if any((put.attempt, put.chunk) == (owner.attempt, chunk) for put in world.puts):
            if spent := spend(world):
                given_up = self._goes_on(spent, me, "again")
                yield Move(f"{name(me)} waits no longer for the answer to its chunk", given_up, is_sure=False)
        elif task.got > chunk:
            yield from self._record(world, me, owner)
        elif task.at != "open" or task.age:
            yield from self._stopped(world, me, owner)
        else:
            yield from self._again(world, me, owner)

    def _record(self, world: World, me: int, owner: Owner) -> Moves:
        one, then = world.tries[owner.attempt], None
        if one.state is AttemptState.ACCEPTED:
            one = one._replace(uploaded=owner.known.uploaded + 1)
            then = with_owner(with_try(world, owner.attempt, one), me, Owner("upload", owner.attempt, one))
        yield from self._writes(world, me, "records the chunk", then)

    def _stopped(self, world: World, me: int, owner: Owner) -> Moves:
        is_final = owner.known.uploaded == CHUNKS - 1
        if may_be_complete(final_chunk_started=owner.known.final_started, is_final=is_final):
            yield from self._processing(world, me, owner)
        else:
            yield from self._reject(world, me, owner)

    def _processing(self, world: World, me: int, _owner: Owner) -> Moves:
        then = None
        if may_become(world.post, State.PROCESSING):
            then = self._goes_on(world._replace(post=State.PROCESSING), me, Effect.POLL.value)
        yield from self._writes(world, me, "leaves the rest to TikTok's status", then)

    def _again(self, world: World, me: int, _owner: Owner) -> Moves:
        yield from self._writes(world, me, "gives the post back for later", self._let_go(world, me))

    # Asking how it stands: engine/poll.

    def _poll(self, world: World, me: int, owner: Owner) -> Moves:
        at = world.tasks[owner.attempt].at
        if at == "published":
            yield from self._concludes(world, me, owner, "PUBLISH_COMPLETE")
        elif at == "failed":
            yield from self._failed(world, me, owner)
        else:
            yield Move(f"{name(me)} is told that it is under way", self._goes_on(world, me, "under_way"))

    def _under_way(self, world: World, me: int, owner: Owner) -> Moves:
        yield from self._concludes(world, me, owner, "PROCESSING_UPLOAD")

    def _concludes(self, world: World, me: int, owner: Owner, word: str) -> Moves:
        age = world.tasks[owner.attempt].age
        state = product.verdict_on(world.post, owner.known, word, age, pulls=self._rules.pulls)
        then = state if may_become(world.post, state) else world.post
        yield from self._writes(world, me, f"saves {then}", self._let_go(world, me, post=then))

    def _failed(self, world: World, me: int, owner: Owner) -> Moves:
        """TikTok's reason may be one after which another attempt helps, or not."""
        number = owner.attempt + 1
        if not product.is_spent(world.tries) and may_become(world.post, State.SENDING):
            then = self._ended(world, me, AttemptState.REJECTED, State.SENDING)
            yield from self._writes(world, me, f"ends attempt {number}, for another one", then)
        failed = self._let_go(world, me, post=State.FAILED) if may_become(world.post, State.FAILED) else None
        yield from self._writes(world, me, "fails the post for TikTok's reason", failed)
