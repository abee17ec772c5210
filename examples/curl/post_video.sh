#!/bin/sh
# Posts one video to TikTok through Postrail, waits until it is published, prints the address of the post.
#
#   POSTRAIL_URL=http://127.0.0.1:8000 POSTRAIL_KEY=your-key PRIVACY=public TITLE='Sunday roast #coffee' \
#     sh post_video.sh https://media.example.com/clip.mp4
#
# PRIVACY is public, friends, followers or private. WAIT_SECONDS (0 to 50) is the patience of one wait call.
# IDEMPOTENCY_KEY: one key, one post. Give one of your own, such as a row's id, and the script may run again and
# again without posting twice. Needs curl 7.76. Exit status 0: published. Otherwise standard error says why not.
set -u
: "${POSTRAIL_URL:?is the address of your Postrail}" "${POSTRAIL_KEY:?is your API key}" "${PRIVACY:?is for whom}"
: "${1:?is the address of the video}"
key=${IDEMPOTENCY_KEY:-video-$(date +%s)-$$}

# call OPERATION CURL_ARGUMENTS...: prints the answer, also that of a refusal. Keeps the key out of `ps`.
call() {
  operation=$1
  shift
  printf 'Authorization: Bearer %s\n' "$POSTRAIL_KEY" |
    curl --silent --show-error --fail-with-body --max-time 75 --header @- "$@" "$POSTRAIL_URL/v1/operations/$operation"
}

# text MEMBER: prints a text member of $answer, nothing where there is none.
text() {
  printf '%s\n' "$answer" | sed -n 's/.*"'"$1"'": *"\([^"\\]*\(\\.[^"\\]*\)*\)".*/\1/p'
}

fail() {
  echo "not published: $(text error) $(text status)" >&2
  echo "why: $(text message)" >&2
  echo "fix: $(text fix)" >&2
  echo "again without posting twice: IDEMPOTENCY_KEY=$key" >&2
  exit 1
}

answer=$(
  call post_video \
    --header "Idempotency-Key: $key" \
    --data-urlencode "source_url=$1" \
    --data-urlencode "title=${TITLE-}" \
    --data-urlencode "privacy=$PRIVACY"
) || fail
post_id=$(text post_id)
echo "accepted as $post_id" >&2

calls=0
while [ "$calls" -lt 60 ]; do
  answer=$(
    call wait_until_published \
      --data-urlencode "post_id=$post_id" \
      --data-urlencode "wait_seconds=${WAIT_SECONDS:-50}"
  ) || fail
  [ -n "$(text retry_at)" ] || break
  calls=$((calls + 1))
  sleep 1
done

[ "$(text state)" = done ] || fail
url=$(text post_url)
echo "${url:-$(text status): no public address, $(text url_reason)}"
