"""Publish tasks as they are kept: what was asked, how far it is, and every state it went through."""

import json
import sqlite3
from dataclasses import dataclass
from typing import Literal, cast

from connector.kernel.clock import Clock
from connector.kernel.ids import Ids
from connector.sandbox.chunks import Plan
from connector.sandbox.database import Database
from connector.sandbox.snowflakes import Numbers, new_upload_token, publish_id
from connector.sandbox.states import UNFINISHED, Flow, Progress, Source, Stage, Step, status_of
from connector.sandbox.validate import Body, Init

DAY = 24 * 3600 * 1000
"""Milliseconds."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """One init call and what became of it. Times are UTC ms; sizes are bytes (0: not known yet).

    `chunk_fault` is the HTTP status that the next PUT gets; `url_expired` is 1 once the upload URL is.
    """

    publish_id: str
    open_id: str
    kind: Literal["video", "photo"]
    flow: Flow
    source: Source
    privacy_level: str | None
    title: str
    description: str
    post_info: Body
    source_info: Body
    stage: Stage
    since: int
    polls: int
    verdict: str | None
    fail_reason: str | None
    upload_id: str | None
    upload_token: str | None
    total_bytes: int
    received_bytes: int
    created_at: int
    client_key: str
    chunk_fault: int | None
    url_expired: int

    @property
    def status(self) -> str:
        """Return TikTok's word for the present stage."""
        return status_of(self.stage, self.source)

    @property
    def progress(self) -> Progress:
        """Return what decides the next step."""
        return Progress(
            stage=self.stage,
            since=self.since,
            polls=self.polls,
            flow=self.flow,
            privacy_level=self.privacy_level,
            verdict=self.verdict,
        )

    @property
    def plan(self) -> Plan:
        """Return the declared chunks of a FILE_UPLOAD."""
        info = self.source_info
        return Plan(
            size=self.total_bytes,
            chunk=cast("int", info["chunk_size"]),
            count=cast("int", info["total_chunk_count"]),
        )

    @property
    def urls(self) -> tuple[str, ...]:
        """Return the media URLs of a PULL_FROM_URL."""
        if self.kind == "video":
            return (cast("str", self.source_info["video_url"]),)
        return tuple(cast("list[str]", self.source_info["photo_images"]))


@dataclass(frozen=True, kw_only=True)
class Fate:
    """What a task is bound for from its beginning; see the fields of the same names."""

    fail_reason: str | None = None
    chunk_fault: int | None = None
    url_expired: bool = False


class Tasks:
    """The table of publish tasks and their history."""

    def __init__(self, database: Database, clock: Clock, ids: Ids, numbers: Numbers) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._numbers = numbers

    def create(self, open_id: str, init: Init, *, client_key: str, fate: Fate) -> Task:
        """Make a task from an init call of an app."""
        now = self._clock.now()
        upload = init.source == "FILE_UPLOAD"
        stage: Stage = "receiving" if upload else "pulling"
        with self._database.transaction():
            new_id = publish_id(init.kind, init.flow, init.source, self._numbers.new())
            self._database.insert(
                "tasks",
                publish_id=new_id,
                open_id=open_id,
                kind=init.kind,
                flow=init.flow,
                source=init.source,
                privacy_level=init.privacy_level,
                title=init.title,
                description=init.description,
                post_info=json.dumps(init.post_info),
                source_info=json.dumps(init.source_info),
                stage=stage,
                since=now,
                verdict=fate.fail_reason,
                client_key=client_key,
                chunk_fault=fate.chunk_fault,
                url_expired=int(fate.url_expired),
                upload_id=str(self._numbers.new()) if upload else None,
                upload_token=new_upload_token(self._ids) if upload else None,
                total_bytes=init.plan.size if init.plan else 0,
                created_at=now,
            )
            self._note(new_id, now, status_of(stage, init.source), stage)
        return self.get(new_id)

    def get(self, publish_id: str) -> Task:
        """Return a task that exists."""
        found = self.find(publish_id)
        if found is None:
            raise LookupError(publish_id)
        return found

    def find(self, publish_id: str) -> Task | None:
        """Return the task with this publish_id."""
        row = self._database.row("SELECT * FROM tasks WHERE publish_id = :value", value=publish_id)
        return None if row is None else _task(row)

    def by_upload(self, upload_id: str) -> Task | None:
        """Return the task that an upload URL names."""
        row = self._database.row("SELECT * FROM tasks WHERE upload_id = :value", value=upload_id)
        return None if row is None else _task(row)

    def all(self) -> list[Task]:
        """Return all tasks, oldest first."""
        return [_task(row) for row in self._database.rows("SELECT * FROM tasks ORDER BY rowid")]

    def at_stages(self, *stages: Stage) -> list[Task]:
        """Return the tasks that stand at one of `stages`, oldest first."""
        places = ", ".join(f":s{index}" for index in range(len(stages)))
        sql = f"SELECT * FROM tasks WHERE stage IN ({places}) ORDER BY rowid"  # noqa: S608 - places only
        return [_task(row) for row in self._database.rows(sql, **{f"s{i}": s for i, s in enumerate(stages)})]

    def count_poll(self, publish_id: str) -> None:
        """Count a status call in the task's present stage."""
        self._database.write("UPDATE tasks SET polls = polls + 1 WHERE publish_id = :value", value=publish_id)

    def set_received(self, publish_id: str, received: int) -> None:
        """Note how many bytes are there."""
        sql = "UPDATE tasks SET received_bytes = :received WHERE publish_id = :publish_id"
        self._database.write(sql, publish_id=publish_id, received=received)

    def set_verdict(self, publish_id: str, verdict: str) -> None:
        """Note the fail_reason that a task is bound for, unless it has one."""
        sql = "UPDATE tasks SET verdict = COALESCE(verdict, :verdict) WHERE publish_id = :publish_id"
        self._database.write(sql, publish_id=publish_id, verdict=verdict)

    def spend_chunk_fault(self, task: Task) -> int | None:
        """Return the HTTP status that this PUT is to get, and forget it."""
        sql = "UPDATE tasks SET chunk_fault = NULL WHERE publish_id = :value AND chunk_fault IS NOT NULL"
        return task.chunk_fault if self._database.write(sql, value=task.publish_id) else None

    def expire_url(self, publish_id: str) -> None:
        """End the upload URL of a task."""
        self._database.write("UPDATE tasks SET url_expired = 1 WHERE publish_id = :value", value=publish_id)

    def unfinished_of(self, client_key: str, open_id: str) -> list[Task]:
        """Return the tasks of an app for a creator that can still fail."""
        return [
            task
            for task in self.at_stages(*UNFINISHED)
            if (task.client_key, task.open_id) == (client_key, open_id)
        ]

    def active_users(self, client_key: str) -> set[str]:
        """Return the creators for whom an app posted directly within 24 hours, refused media included."""
        sql = (
            "SELECT DISTINCT open_id FROM tasks"
            " WHERE client_key = :client_key AND flow = 'direct' AND created_at > :since"
        )
        since = self._clock.now() - DAY
        return {row["open_id"] for row in self._database.rows(sql, client_key=client_key, since=since)}

    def move(self, task: Task, step: Step) -> bool:
        """Take a step from the stage that `task` shows; False: it has left that stage since."""
        with self._database.transaction():
            changed = self._database.write(
                "UPDATE tasks SET stage = :stage, since = :at, polls = 0, fail_reason = :fail_reason"
                " WHERE publish_id = :publish_id AND stage = :before",
                publish_id=task.publish_id,
                before=task.stage,
                stage=step.stage,
                at=step.at,
                fail_reason=step.fail_reason,
            )
            if changed:
                self._note(task.publish_id, step.at, status_of(step.stage, task.source), step.stage)
        return bool(changed)

    def history(self, publish_id: str) -> list[sqlite3.Row]:
        """Return every stage a task reached: rows of `at`, `status`, `stage`, oldest first."""
        sql = "SELECT at, status, stage FROM history WHERE publish_id = :value ORDER BY rowid"
        return self._database.rows(sql, value=publish_id)

    def recent(self, open_id: str, flow: Flow, *stages: Stage) -> int:
        """Count a creator's tasks of the last 24 hours that stand at one of `stages`."""
        places = ", ".join(f":s{index}" for index in range(len(stages)))
        sql = (
            "SELECT COUNT(*) AS n FROM tasks WHERE open_id = :open_id AND flow = :flow"  # noqa: S608 - places only
            f" AND created_at > :since AND stage IN ({places})"
        )
        values = {f"s{index}": stage for index, stage in enumerate(stages)}
        since = self._clock.now() - DAY
        found = self._database.rows(sql, open_id=open_id, flow=flow, since=since, **values)
        return int(found[0]["n"])

    def _note(self, publish_id: str, at: int, status: str, stage: Stage) -> None:
        self._database.insert("history", publish_id=publish_id, at=at, status=status, stage=stage)


def _task(row: sqlite3.Row) -> Task:
    values = dict(row)
    values["post_info"] = json.loads(row["post_info"])
    values["source_info"] = json.loads(row["source_info"])
    return Task(**values)
