"""The sandbox's pages for people: what is on the pretend TikTok, and plain forms for every knob.

They show what the control API tells and call what it calls; no script runs on them.
"""
