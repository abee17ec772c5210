"""TikTok's webhooks wired up, and in sandbox mode the sandbox told where to send them."""

import json
from collections.abc import Callable
from http import HTTPStatus

from connector.engine.webhooks import HookDesk
from connector.kernel.log import get_log
from connector.net import Broken, Egress, Unsent
from connector.store.hook_accounts import SqlHookAccounts
from connector.store.inbox import SqlInbox
from connector.tiktok import signature
from connector.wiring.parts import Parts

log = get_log("serve")

PATH = "/webhooks/tiktok"


def build_hook_desk(parts: Parts, *, wake: Callable[[], None]) -> HookDesk:
    """Build the place where webhooks arrive; `wake` is told of each new one."""
    return HookDesk(
        inbox=SqlInbox(parts.database, ids=parts.ids),
        hooks=signature,
        accounts=SqlHookAccounts(parts.database, apps=parts.apps, grants=parts.grants),
        clock=parts.clock,
        tolerance_s=parts.settings.webhook_tolerance_s,
        wake=wake,
        owner=parts.owner,
    )


def call_back_here(parts: Parts, egress: Egress, sandbox_url: str, own_url: str) -> None:
    """Have the sandbox send the webhooks of its app to this server; without them it is polled alone."""
    wanted = json.dumps({"webhook_url": own_url + PATH}).encode()
    for app in parts.apps.apps():
        if not app.sandbox:
            continue
        try:
            reply = egress.send(
                "PATCH",
                f"{sandbox_url}/_sandbox/apps/{app.client_key}",
                headers={"Content-Type": "application/json"},
                body=wanted,
                content_length=len(wanted),
            )
        except (Unsent, Broken) as error:
            log.warning("sandbox_sends_no_webhooks", reason=str(error))
            return
        if reply.status != HTTPStatus.OK:
            log.warning("sandbox_sends_no_webhooks", status=reply.status)
