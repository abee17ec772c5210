#!/bin/sh
# Usage: posts photos to TikTok through Postrail as one carousel, waits until it is published, prints its address.
#
#   POSTRAIL_URL=http://127.0.0.1:8000 POSTRAIL_KEY=your-key PRIVACY=public TITLE='Three days in Lisbon' \
#     sh post_photos.sh https://media.example.com/a.jpg https://media.example.com/b.webp
#
# PRIVACY          public, friends or private; private accounts offer followers in place of public
# TITLE, DESCRIPTION  may be left out
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

[ $# -gt 0 ] || refuse_use 'No photo was given: the words are the addresses of the photos, in their order.'
read_settings
publish post_photos \
  --data-urlencode "photo_images=$(printf '%s\n' "$@")" \
  --data-urlencode "title=${TITLE-}" \
  --data-urlencode "description=${DESCRIPTION-}" \
  --data-urlencode "privacy=$PRIVACY"
