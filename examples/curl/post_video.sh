#!/bin/sh
# Usage: posts one video to TikTok through Postrail, waits until it is published, prints the address of the post.
#
#   POSTRAIL_URL=http://127.0.0.1:8000 POSTRAIL_KEY=your-key PRIVACY=public TITLE='Sunday roast #coffee' \
#     sh post_video.sh https://media.example.com/clip.mp4
#
# PRIVACY          public, friends or private; private accounts offer followers in place of public
# TITLE            the caption; may be left out
# IDEMPOTENCY_KEY  one key, one post: give one of your own, such as a row's id, and the script may run again and
#                  again without posting twice; without it each run makes a new one
# WAIT_SECONDS     the patience of one wait call, 0 to 50 (50)
# RETRY_SECONDS    how long to go on asking a server that does not answer (60)
# PENDING_SECONDS  how long to wait for the end of the post in all (3600)
#
# Exit status 0: published. 1: not published. 2: it is not known, and standard error says how to ask again.
# Needs curl 7.75, awk, and postrail.sh beside it.
set -u
. "$(dirname "$0")/postrail.sh"

[ $# -eq 1 ] || refuse_use "$# words were given: it must be one, the address of the video."
read_settings
publish post_video \
  --data-urlencode "source_url=$1" \
  --data-urlencode "title=${TITLE-}" \
  --data-urlencode "privacy=$PRIVACY"
