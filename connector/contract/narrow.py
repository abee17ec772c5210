"""What an account may do right now, written into an operation's input schema. Pure."""

from collections.abc import Mapping
from copy import deepcopy

import jsonschema_rs

from connector.contract.load import Schema
from connector.domain.creator import Limits


def _only(member: Schema, choices: list[object]) -> None:
    """Leave a property these choices, and the examples and other names that lead to them."""
    member["enum"] = choices
    aliases = member.get("x-aliases")
    if isinstance(aliases, dict):
        member["x-aliases"] = {alias: choice for alias, choice in aliases.items() if choice in choices}
    member["examples"] = choices[:2]


def _narrow_members(members: Mapping[str, Schema], limits: Limits) -> None:
    if "privacy" in members and limits.privacy_level_options:
        _only(members["privacy"], list(limits.privacy_level_options))
    switched_off = {
        "disable_comment": limits.comment_disabled,
        "disable_duet": limits.duet_disabled,
        "disable_stitch": limits.stitch_disabled,
    }
    for name, off in switched_off.items():
        if off and name in members:
            _only(members[name], [True])
    if "source_url" in members and limits.max_video_post_duration_sec:
        members["source_url"]["x-maxDurationS"] = limits.max_video_post_duration_sec


def narrow(schema: Mapping[str, object], limits: Limits) -> Schema:
    """Return a copy of an input schema that allows what the account may post, and nothing else.

    `privacy` keeps the account's options; what the account has turned off can only be turned off;
    `x-maxDurationS` of `source_url` is the longest video in seconds. Examples that no longer hold are left
    out.
    """
    narrowed = deepcopy(dict(schema))
    properties = narrowed.get("properties")
    _narrow_members(properties if isinstance(properties, dict) else {}, limits)
    examples = narrowed.pop("examples", None)
    is_valid = jsonschema_rs.Draft202012Validator(narrowed, validate_formats=False).is_valid
    narrowed["examples"] = (
        [found for found in examples if is_valid(found)] if isinstance(examples, list) else []
    )
    return narrowed
