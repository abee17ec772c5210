"""The control API under `/_sandbox/`: make accounts and apps, turn knobs, play the creator, read the truth.

    GET             health, log, media/{sha256}
    GET PUT         dial, faults, behaviour, clock, rules {"rules": [...]}
    POST            clock/advance {"ms"}, rules (adds one)
    GET POST        accounts, apps, grants (POST gives a token pair without a browser), webhooks (by hand)
    PATCH           accounts/{username}, apps/{client_key}, grants/{client_key}/{username} {"scope"}
    DELETE          grants/{client_key}/{username}?reason=1 (the creator removes the app)
    GET             posts, publishes (the truth)
    POST            publishes/{publish_id}/advance | fail {"reason"} | post {"title", "privacy_level"} | lapse
    POST            posts/{post_id}/show | hide | remove, webhooks/{number}/again

Whoever reaches the port may use it, but no web page of another origin; the sandbox is bound to the loopback.
A PUT replaces the whole setting, a PATCH the named members; what no model knows is refused with 400.
"""
