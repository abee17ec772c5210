"""Takes secrets out of text before it reaches a log, a journal or an answer."""

import re

HIDDEN = "[hidden]"

_SECRETS = (
    re.compile(r"(?i)(\b[\w-]*(?:token|secret|password|signature|api_?key)=)[^&\s\"']+"),
    re.compile(r"(?i)([?&](?:code|sig|key)=)[^&\s\"']+"),
    re.compile(r"(/media/)[A-Za-z0-9_-]{16,64}(?=/)"),
    re.compile(r"(?i)(bearer\s+)[^\s\"',]+"),
    re.compile(r"\b(?:act|rft|clt)\.[A-Za-z0-9!*._-]{6,}()"),
    re.compile(r"\bpr_[a-z]+_[A-Za-z0-9_-]{20,}()"),
    re.compile(r"(://)[^/@\s]+:[^/@\s]+(?=@)"),
)


def redact(text: str) -> str:
    """Replace tokens, keys, signatures and URL credentials in `text` by `[hidden]`."""
    for pattern in _SECRETS:
        text = pattern.sub(lambda found: f"{found.group(1)}{HIDDEN}", text)
    return text
