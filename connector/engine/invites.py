"""Invitations: signed, expiring links by which a person connects an account without a login here."""

from collections.abc import Sequence

from connector.engine.desk import Office
from connector.engine.model_accounts import Invitation
from connector.kernel.errors import PostrailError

PREFIX = "pr_inv_"
PURPOSE = "invitation"
DAY_MS = 86_400_000


def invite(
    office: Office, workspace_id: str, names: Sequence[str], *, app_id: str | None, days: int
) -> list[tuple[Invitation, str]]:
    """Invite people, and return each invitation with its link."""
    until = office.ledger.now() + days * DAY_MS
    made = [
        Invitation(
            id=office.ids.new("inv"), workspace_id=workspace_id, name=name, expires_at=until, app_id=app_id
        )
        for name in names
    ]
    office.desk.logins.invite(made)
    return [(one, link(office, one)) for one in made]


def link(office: Office, invitation: Invitation) -> str:
    """Return the address that an invited person opens."""
    text = f"{invitation.id.removeprefix('inv_')}_{invitation.expires_at:x}"
    signature = office.desk.signer.sign(PURPOSE, text)
    return f"{office.public_url}/connect/tiktok/invite/{PREFIX}{text}_{signature}"


def read(office: Office, token: str) -> Invitation:
    """Return the invitation that a link's last part stands for, if it can still be used.

    Raises PostrailError `invitation_invalid`.
    """
    parts = token.removeprefix(PREFIX).split("_", 2)
    genuine = len(parts) == 3 and office.desk.signer.is_ours(  # noqa: PLR2004 - id, expiry, signature
        PURPOSE, f"{parts[0]}_{parts[1]}", parts[2]
    )
    if not token.startswith(PREFIX) or not genuine:
        raise PostrailError("invitation_invalid", "This link is not one of this server's, or was cut.")
    return usable(office, f"inv_{parts[0]}")


def usable(office: Office, invitation_id: str) -> Invitation:
    """Return an invitation that has neither expired nor been used. Raises `invitation_invalid`."""
    found = office.desk.logins.invitation(invitation_id)
    if found is None:
        raise PostrailError("invitation_invalid", "This invitation has been withdrawn.")
    if found.connected_at is not None:
        raise PostrailError("invitation_invalid", "This link has been used: an account is connected by it.")
    if found.expires_at <= office.ledger.now():
        raise PostrailError("invitation_invalid", "This link has expired.")
    return found
