"""TikTok's Content Posting API, v2: creator_info, the three inits, status, cancel, and the chunk PUTs."""

from flask import Blueprint, Response, g, request

from connector.kernel.jsontext import Json
from connector.sandbox.accounts import Account
from connector.sandbox.faces import avatar_url
from connector.sandbox.front import IS_CONNECTED, Endpoint, Front
from connector.sandbox.login.properties import covers
from connector.sandbox.replies import Reply, Stopped
from connector.sandbox.tasks import Fate, Task
from connector.sandbox.uploads import Put, PutReply
from connector.sandbox.validate import (
    Init,
    may_be_pulled,
    read_content_init,
    read_inbox_init,
    read_video_init,
)
from connector.sandbox.wire import Refusal
from connector.sandbox.world import World

PUBLISH = ("video.publish",)
UPLOAD = ("video.upload",)
EITHER = (*PUBLISH, *UPLOAD)

CREATOR_INFO = Endpoint(name="creator_info/query", scopes=PUBLISH, per_minute=20)
VIDEO_INIT = Endpoint(name="video/init", scopes=PUBLISH, per_minute=6)
INBOX_INIT = Endpoint(name="inbox/video/init", scopes=UPLOAD, per_minute=6)
CONTENT_INIT = Endpoint(name="content/init", scopes=EITHER, per_minute=6)
STATUS = Endpoint(name="status/fetch", scopes=EITHER, per_minute=30)
CANCEL = Endpoint(name="cancel", scopes=EITHER)

Data = dict[str, Json]


def publishing_routes(world: World, front: Front) -> Blueprint:
    """Return the routes of the Content Posting API."""
    routes = Blueprint("publishing", __name__)
    desk = Publishing(world)
    handlers = (
        (CREATOR_INFO, desk.creator_info),
        (VIDEO_INIT, desk.video_init),
        (INBOX_INIT, desk.inbox_init),
        (CONTENT_INIT, desk.content_init),
        (STATUS, desk.status),
        (CANCEL, desk.cancel),
    )
    for endpoint, handler in handlers:
        routes.add_url_rule(
            f"/v2/post/publish/{endpoint.name}/",
            endpoint=endpoint.name.replace("/", "_"),
            view_func=lambda endpoint=endpoint, handler=handler: front.serve(endpoint, handler),
            methods=["POST"],
        )
    for path in ("/upload", "/video/"):
        routes.add_url_rule(
            path, view_func=lambda: _upload(world, front), methods=["PUT"], endpoint=f"put {path}"
        )
    return routes


class Publishing:
    """The handlers; each gets an admitted account and the JSON body, and raises Refusal."""

    def __init__(self, world: World) -> None:
        self._world = world

    def creator_info(self, account: Account, _body: object) -> Data:
        """Answer creator_info/query; what stops all posting is refused with HTTP 200, as TikTok does."""
        stop = self._stopped(account) or self._over_user_cap(account)
        if stop is not None:
            raise Refusal(stop, status=200)
        traits = account.traits
        return {
            "creator_avatar_url": avatar_url(self._world, account),
            "creator_username": account.username,
            "creator_nickname": traits.nickname or account.username,
            "privacy_level_options": list(self._options(account)),
            "comment_disabled": traits.comment_disabled,
            "duet_disabled": traits.duet_disabled or traits.private_account,
            "stitch_disabled": traits.stitch_disabled or traits.private_account,
            "max_video_post_duration_sec": traits.max_video_post_duration_sec,
        }

    def video_init(self, account: Account, body: object) -> Data:
        """Answer video/init."""
        return self._create(account, read_video_init(body))

    def inbox_init(self, account: Account, body: object) -> Data:
        """Answer inbox/video/init."""
        return self._create(account, read_inbox_init(body))

    def content_init(self, account: Account, body: object) -> Data:
        """Answer content/init; which scope it needs depends on the post mode."""
        init = read_content_init(body)
        if not account.allows(*(PUBLISH if init.flow == "direct" else UPLOAD)):
            raise Refusal("scope_not_authorized")
        if init.flow == "inbox" and account.traits.old_app_version:
            raise Refusal("app_version_check_failed")
        return self._create(account, init)

    def status(self, account: Account, body: object) -> Data:
        """Answer status/fetch."""
        task = self._world.lifecycle.settled(self._task_of(account, body))
        self._world.tasks.count_poll(task.publish_id)
        public = [post.post_id for post in self._world.posts.of(task.publish_id) if post.is_public]
        data: Data = {"status": task.status, "publicaly_available_post_id": list(public)}
        if task.fail_reason is not None:
            data["fail_reason"] = task.fail_reason
        moved = "uploaded_bytes" if task.source == "FILE_UPLOAD" else "downloaded_bytes"
        data[moved] = task.received_bytes
        return data

    def cancel(self, account: Account, body: object) -> None:
        """Answer cancel, whose success has no data."""
        if not self._world.lifecycle.cancel(self._task_of(account, body)):
            raise Refusal("publish_not_cancellable")

    def _create(self, account: Account, init: Init) -> Data:
        self._check_account(account, init)
        if not all(self._may_pull(account, url) for url in init.urls):
            raise Refusal("url_ownership_unverified")
        task = self._world.create(account, init, self._fate(account, init))
        g.publish_id = task.publish_id
        data: Data = {"publish_id": task.publish_id}
        if task.source == "FILE_UPLOAD":
            query = f"upload_id={task.upload_id}&upload_token={task.upload_token}"
            path = self._world.knobs.behaviour.upload_path
            data["upload_url"] = f"{request.host_url.rstrip('/')}{path}?{query}"
        return data

    def _fate(self, account: Account, init: Init) -> Fate | None:
        """Return what the script or the caption's marker plans for this post. Raises Stopped."""
        marked = self._world.marks.strike(account.open_id, f"{init.title} {init.description}")
        if marked is not None and g.mishap is None:
            g.mishap = marked
        rule = g.mishap
        if rule is None:
            return None
        if rule.stops:
            raise Stopped(rule)
        if rule.what not in ("fail", "chunk", "expire"):
            return None
        return Fate(
            fail_reason=rule.fail_reason if rule.what == "fail" else None,
            chunk_fault=(rule.status or 500) if rule.what == "chunk" else None,
            url_expired=rule.what == "expire",
        )

    def _may_pull(self, account: Account, url: str) -> bool:
        if not may_be_pulled(url):
            return False
        if not self._world.knobs.behaviour.demand_ownership:
            return True
        return covers(self._world.login.apps.get(account.client_key).traits.properties, url)

    def _check_account(self, account: Account, init: Init) -> None:
        direct = init.flow == "direct"
        stop = self._stopped(account) if direct else self._full_inbox(account)
        if stop is None and direct:
            stop = self._over_user_cap(account) or self._misfit(account, init)
        if stop is not None:
            raise Refusal(stop)

    def _misfit(self, account: Account, init: Init) -> str | None:
        """Return what forbids this privacy level to this creator and app."""
        private_only = account.traits.private_account and init.privacy_level == "SELF_ONLY"
        if self._is_unaudited(account) and not private_only:
            return "unaudited_client_can_only_post_to_private_accounts"
        if init.privacy_level not in account.privacy_options():
            return "privacy_level_option_mismatch"
        return None

    def _options(self, account: Account) -> tuple[str, ...]:
        only_self = self._world.knobs.behaviour.unaudited_options == "self_only"
        if only_self and self._is_unaudited(account):
            return ("SELF_ONLY",)
        return account.privacy_options()

    def _is_unaudited(self, account: Account) -> bool:
        return account.traits.unaudited or not self._world.login.apps.get(account.client_key).traits.audited

    def _over_user_cap(self, account: Account) -> str | None:
        """Return why the app may not post for one creator more today (section 5)."""
        cap = self._world.login.apps.get(account.client_key).user_cap
        if cap is None:
            return None
        active = self._world.tasks.active_users(account.client_key)
        is_new = account.open_id not in active
        return "reached_active_user_cap" if is_new and len(active) >= cap else None

    def _stopped(self, account: Account) -> str | None:
        """Return why this creator may not post now."""
        if account.traits.banned:
            return "spam_risk_user_banned_from_posting"
        cap = account.traits.daily_post_cap
        posted = self._world.tasks.recent(account.open_id, "direct", "moderating", "complete")
        if cap is not None and posted >= cap:
            return "spam_risk_too_many_posts"
        return None

    def _full_inbox(self, account: Account) -> str | None:
        """Return why no further draft may be sent; a draft whose bytes never came is not counted."""
        if account.traits.banned:
            return "spam_risk_user_banned_from_posting"
        cap = account.traits.pending_share_cap
        pending = self._world.tasks.recent(account.open_id, "inbox", "checking", "processing", "inbox")
        if cap is not None and pending >= cap:
            return "spam_risk_too_many_pending_share"
        return None

    def _task_of(self, account: Account, body: object) -> Task:
        publish_id = body.get("publish_id") if isinstance(body, dict) else None
        task = self._world.tasks.find(publish_id) if isinstance(publish_id, str) else None
        if task is None or self._is_too_fresh(task):
            raise Refusal(self._world.knobs.behaviour.unknown_publish_id, "invalid_publish_id")
        g.publish_id = task.publish_id
        if (task.open_id, task.client_key) != (account.open_id, account.client_key):
            raise Refusal("token_not_authorized_for_specified_publish_id")
        return task

    def _is_too_fresh(self, task: Task) -> bool:
        delay = round(self._world.knobs.behaviour.publish_id_delay_s * 1000)
        return self._world.clock.now() < task.created_at + delay


def _upload(world: World, front: Front) -> Response:
    """Answer a chunk PUT: a bare status and the `Content-Range` of the progress (reference, shape C)."""
    return front.carry_out("upload", lambda: _received(world), _bare_refusal)


def _received(world: World) -> Reply:
    rule = g.mishap
    upload_id = request.args.get("upload_id", "")
    task = world.tasks.by_upload(upload_id)
    if rule is not None and rule.what == "expire" and task is not None:
        world.tasks.expire_url(task.publish_id)
    reply = world.put(_put(rule.after_bytes if rule is not None and rule.what == "cut" else None))
    g.publish_id = reply.publish_id
    return _bare(reply)


def _bare_refusal(refused: Refusal) -> Reply:
    return Reply(status=refused.status, code=refused.code, content_type=None)


def _put(cut_after: int | None) -> Put:
    return Put(
        upload_id=request.args.get("upload_id", ""),
        upload_token=request.args.get("upload_token", ""),
        content_type=request.headers.get("Content-Type"),
        content_length=request.headers.get("Content-Length"),
        content_range=request.headers.get("Content-Range"),
        body=request.environ["wsgi.input"],
        is_connected=request.environ.get(IS_CONNECTED, lambda: True),
        cut_after=cut_after,
    )


def _bare(reply: PutReply) -> Reply:
    headers = {} if reply.content_range is None else {"Content-Range": reply.content_range}
    return Reply(
        status=reply.status, code=reply.code, content_type=None, headers=headers, outcome=reply.outcome
    )
