"""TikTok's APIs: wire shapes (pure), what their errors mean, and the clients that send through `net`.

Must not touch SQL, disk or the media room.

wire.py       endpoints, the envelope, what an error says about the effect
posting.py    shapes of the Content Posting API
display.py    shapes of the Display API
oauth.py      shapes of Login Kit
signature.py  webhooks: the signature and the body
calls.py      one request: sent, timed, judged
client.py     the calls for an account
login.py      the calls that bring tokens
"""
