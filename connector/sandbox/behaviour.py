"""What the reference leaves open or seen both ways, as knobs: each default is the likeliest reading.

The number after U names the open point in section 13 of the reference.
"""

from typing import Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
)


class Behaviour(BaseModel):
    """How the pretend TikTok behaves where TikTok is not documented. Times in seconds unless named `_ms`."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    seed: int = 0
    """Decides everything that is left to chance."""

    oauth_error_status: Literal[200, 400, 401] = 200
    """HTTP status of a refused OAuth call (U1)."""
    code_ttl_s: PositiveFloat = 600.0
    """How long an authorization code is good for (U6)."""
    rotation: bool = True
    """A refresh gives a new refresh token and ends the old one (U5)."""
    refresh_grace_s: NonNegativeFloat = 0.0
    """How long a used refresh token gives its successor once more (U5)."""
    refresh_extends: bool = True
    """A refresh begins another 365 days (U5)."""
    refresh_ends_access: bool = False
    """A refresh ends the access tokens given before."""

    out_of_scope_fields: Literal["scope_not_authorized", "scope_permission_missed", "omit"] = (
        "scope_not_authorized"
    )
    """What user/info does with fields that need further scopes (U3)."""
    unaudited_options: Literal["by_account", "self_only"] = "by_account"
    """What creator_info offers an unaudited client (U2)."""
    bad_params_code: Literal["invalid_params", "invalid_param"] = "invalid_params"
    """Spelling of the code on the Content Posting API: as on the wire, or as on the page (U18)."""
    unknown_publish_id: Literal["invalid_params", "invalid_publish_id"] = "invalid_params"
    """Code for an unknown publish_id: as on the wire, or as on the page (U18)."""
    publish_id_delay_s: NonNegativeFloat = 0.0
    """How long a new publish_id is still unknown to status and cancel."""
    empty_data_on_error: bool = True
    """A refusal carries `"data": {}`; otherwise it has no `data` (U21)."""
    upload_path: Literal["/upload", "/video/"] = "/upload"
    """Path of the upload URLs: as issued live, or as on the page."""

    demand_ownership: bool = False
    """Media URLs must lie under a verified property of the app."""
    pull_window_s: PositiveFloat = 3600.0
    """How long a pull may take in all, by the sandbox's clock."""
    pull_head_first: bool = False
    """The puller asks HEAD before it asks GET."""
    pull_range_bytes: PositiveInt | None = None
    """The puller asks for ranges of so many bytes; None: the whole file at once."""

    event_names: Literal["documented", "corrected", "old"] = "documented"
    """Spelling of the two events about visibility (section 7)."""
    direct_publish_type: Literal["DIRECT_PUBLISH", "DIRECT_POST"] = "DIRECT_PUBLISH"
    """`publish_type` of direct posts in webhooks (U17)."""
    webhook_duplicates: NonNegativeInt = 0
    """How many further copies of each event are sent."""
    webhook_lost: float = Field(default=0.0, ge=0, le=1)
    """The share of events of which nobody is ever told, by the seed."""
    webhook_delay_ms: NonNegativeInt = 0
    """Milliseconds each event waits before it is sent."""
    webhook_shuffle_ms: NonNegativeInt = 0
    """Milliseconds, at most, that each delivery waits on top, by the seed: this reorders them."""
    webhook_retry_s: PositiveFloat = 5.0
    """Wait before the first retry; it doubles each time, for 72 hours (U14)."""
    webhook_same_t: bool = False
    """Retries keep the first signature's time; otherwise each is signed anew (U14)."""
