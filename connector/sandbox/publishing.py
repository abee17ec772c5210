"""TikTok's Content Posting API, v2: creator_info, the three inits, status, cancel, and the chunk PUTs."""

from flask import Blueprint, Response, g, request

from connector.kernel.jsontext import Json
from connector.sandbox.accounts import Account
from connector.sandbox.front import IS_CONNECTED, LOSE_REPLY, Endpoint, Front
from connector.sandbox.journal import ANSWERED, BROKEN_OFF, REPLY_LOST
from connector.sandbox.tasks import Task
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
    routes.add_url_rule("/upload", view_func=lambda: _upload(world), methods=["PUT"], endpoint="upload")
    return routes


class Publishing:
    """The handlers; each gets an admitted account and the JSON body, and raises Refusal."""

    def __init__(self, world: World) -> None:
        self._world = world

    def creator_info(self, account: Account, _body: object) -> Data:
        """Answer creator_info/query; what stops all posting is refused with HTTP 200, as TikTok does."""
        stop = self._stopped(account)
        if stop is not None:
            raise Refusal(stop, status=200)
        traits = account.traits
        return {
            "creator_avatar_url": f"{request.host_url}_sandbox/avatar/{account.username}.svg",
            "creator_username": account.username,
            "creator_nickname": traits.nickname or account.username,
            "privacy_level_options": list(account.privacy_options()),
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
        return self._create(account, init)

    def status(self, account: Account, body: object) -> Data:
        """Answer status/fetch."""
        task = self._world.settled(self._task_of(account, body))
        self._world.tasks.count_poll(task.publish_id)
        public = [post.post_id for post in self._world.posts.of(task.publish_id) if post.public_at]
        data: Data = {"status": task.status, "publicaly_available_post_id": list(public)}
        if task.fail_reason is not None:
            data["fail_reason"] = task.fail_reason
        moved = "uploaded_bytes" if task.source == "FILE_UPLOAD" else "downloaded_bytes"
        data[moved] = task.received_bytes
        return data

    def cancel(self, account: Account, body: object) -> None:
        """Answer cancel, whose success has no data."""
        if not self._world.cancel(self._task_of(account, body)):
            raise Refusal("publish_not_cancellable")

    def _create(self, account: Account, init: Init) -> Data:
        self._check_account(account, init)
        if not all(may_be_pulled(url) for url in init.urls):
            raise Refusal("url_ownership_unverified")
        task = self._world.create(account.open_id, init)
        g.publish_id = task.publish_id
        data: Data = {"publish_id": task.publish_id}
        if task.source == "FILE_UPLOAD":
            query = f"upload_id={task.upload_id}&upload_token={task.upload_token}"
            data["upload_url"] = f"{request.host_url}upload?{query}"
        return data

    def _check_account(self, account: Account, init: Init) -> None:
        traits = account.traits
        stop = self._stopped(account) if init.flow == "direct" else self._full_inbox(account)
        if stop is not None:
            raise Refusal(stop)
        if init.flow == "inbox":
            return
        if traits.unaudited and not (traits.private_account and init.privacy_level == "SELF_ONLY"):
            raise Refusal("unaudited_client_can_only_post_to_private_accounts")
        if init.privacy_level not in account.privacy_options():
            raise Refusal("privacy_level_option_mismatch")

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
        if task is None:
            raise Refusal("invalid_params", "invalid_publish_id")
        g.publish_id = task.publish_id
        if task.open_id != account.open_id:
            raise Refusal("token_not_authorized_for_specified_publish_id")
        return task


def _upload(world: World) -> Response:
    """Answer a chunk PUT: a bare status and the `Content-Range` of the progress (reference, shape C)."""
    number = world.journal.begin(request.method, request.full_path)
    reply = world.put(_put())
    lost = reply.outcome == BROKEN_OFF or world.knobs.spend_lost_reply("upload")
    request.environ[LOSE_REPLY] = lost and reply.outcome == ANSWERED
    world.journal.end(
        number,
        status=None if reply.outcome == BROKEN_OFF else reply.status,
        code=reply.code,
        log_id=None,
        publish_id=reply.publish_id,
        outcome=REPLY_LOST if lost and reply.outcome == ANSWERED else reply.outcome,
    )
    return _bare(reply)


def _put() -> Put:
    return Put(
        upload_id=request.args.get("upload_id", ""),
        upload_token=request.args.get("upload_token", ""),
        content_type=request.headers.get("Content-Type"),
        content_length=request.headers.get("Content-Length"),
        content_range=request.headers.get("Content-Range"),
        body=request.environ["wsgi.input"],
        is_connected=request.environ.get(IS_CONNECTED, lambda: True),
    )


def _bare(reply: PutReply) -> Response:
    headers = {} if reply.content_range is None else {"Content-Range": reply.content_range}
    return Response(b"", status=reply.status, headers=headers)
