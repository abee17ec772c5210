# Sourced by the scripts beside it: calls Postrail, reads its answers, waits for a post, says how it ended.

refuse_use() {
  printf '%s\n\n' "$1" >&2
  sed -n '2,/^[^#]/s/^#\( \|$\)//p' "$0" >&2
  exit 1
}

whole_seconds() {
  case $2 in '' | *[!0-9]*) refuse_use "$1 is '$2': it must be a whole number of seconds." ;; esac
}

# Looks at all that is set before anything is posted.
read_settings() {
  for program in curl awk; do
    command -v "$program" >/dev/null || refuse_use "$program is not installed."
  done
  : "${WAIT_SECONDS:=50}" "${RETRY_SECONDS:=60}" "${PENDING_SECONDS:=3600}"
  [ -n "${POSTRAIL_URL-}" ] || refuse_use 'POSTRAIL_URL is not set: it is the address of your Postrail.'
  [ -n "${POSTRAIL_KEY-}" ] || refuse_use 'POSTRAIL_KEY is not set: it is your API key.'
  [ -n "${PRIVACY-}" ] || refuse_use 'PRIVACY is not set: it says who can see the post.'
  whole_seconds WAIT_SECONDS "$WAIT_SECONDS"
  whole_seconds RETRY_SECONDS "$RETRY_SECONDS"
  whole_seconds PENDING_SECONDS "$PENDING_SECONDS"
  [ "$WAIT_SECONDS" -le 50 ] || refuse_use "WAIT_SECONDS is $WAIT_SECONDS: it must be 0 to 50."
  url=$POSTRAIL_URL
  while [ "${url%/}" != "$url" ]; do url=${url%/}; done
  key=${IDEMPOTENCY_KEY:-$(basename "$0" .sh)-$(date +%s)-$$}
}

# members: reads a JSON object, prints a line `name=text` for each value in it: error=..., details.0.field=...
members() {
  LC_ALL=C awk '
    { json = json $0 " " }
    function keep() {
      if (quoted || (text != "" && text != "null")) kept = kept path[depth] name[depth] "=" text "\n"
      text = ""; quoted = 0
    }
    END {
      size = json ~ /^[ \t\r]*[{]/ ? length(json) : 0
      for (at = 1; at <= size; at++) {
        c = substr(json, at, 1)
        if (inside && c == "\\") {
          c = substr(json, ++at, 1)
          text = text (c ~ /[nrt]/ ? " " : c ~ /["\\\/]/ ? c : "\\" c)
        }
        else if (c == "\"") { inside = !inside; if (inside) { text = ""; quoted = 1 } }
        else if (inside) text = text c
        else if (c == ":") { name[depth] = text; text = ""; quoted = 0 }
        else if (c == "{" || c == "[") {
          path[depth + 1] = depth ? path[depth] name[depth] "." : ""
          depth++
          list[depth] = c == "["
          name[depth] = list[depth] ? 0 : ""
        }
        else if (c == ",") { keep(); if (list[depth]) name[depth]++ }
        else if (c == "}" || c == "]") { keep(); depth-- }
        else if (c !~ /[ \t\r]/) text = text c
      }
      if (!depth && !inside) printf "%s", kept
    }'
}

# member NAME: prints one value of the last answer, nothing where there is none.
member() { printf '%s\n' "$told" | sed -n "s/^$1=//p"; }

# call OPERATION CURL_ARGUMENTS...: sets what came back. $http is 000 and $trouble says why when nothing did, $sent
# is 0 when nothing reached the server either, $told are the members of an answer in Postrail's form. The API key
# goes through a pipe, where `ps` does not show it.
call() {
  called="POST $url/v1/operations/$1"
  shift
  reply=$(
    printf 'Authorization: Bearer %s\n' "$POSTRAIL_KEY" |
      curl --silent --connect-timeout 10 --max-time 75 --header @- \
        --write-out '\n%{http_code} %{size_request} %{errormsg}' "$@" "${called#POST }"
  )
  body=${reply%
*}
  read -r http sent trouble <<END
${reply##*
}
END
  [ "$http" != 000 ] || trouble=${trouble:-no answer}
  told=
  [ -n "$trouble" ] || told=$(printf '%s' "$body" | members)
  [ -n "$(member ok)" ] && [ -n "$(member error)$(member post_id)" ] || told=
}

is_post() { [ -n "$(member post_id)" ] && [ -n "$(member state)" ]; }
is_settled() { is_post && [ "$http" = 200 ]; }
is_passing() { case $http in 000 | 429 | 5??) true ;; *) [ -n "$trouble" ] ;; esac; }

# A server that says no has posted nothing; one that broke off, or says that it is broken, may have.
is_refused() {
  [ -z "$trouble" ] || { [ "$sent" = 0 ] && return; }
  case $http in 3?? | 4?? | 501) [ -z "$trouble" ] ;; *) false ;; esac
}

say() { [ -z "$2" ] || printf '%s: %s\n' "$1" "$2"; }

# Prints all that the last answer says.
tell() {
  if [ -z "$told" ]; then
    echo "called: $called"
    if [ -n "$trouble" ]; then
      echo "came back: $trouble"
    else
      excerpt=$(printf '%s' "$body" | LC_ALL=C tr -s '\000-\040' ' ' | cut -c 1-200)
      echo "came back: HTTP $http, ${excerpt:-an empty body}"
    fi
    echo "fix: see that POSTRAIL_URL ($POSTRAIL_URL) is your Postrail's address and that it runs there"
    return
  fi
  say why "$(member message)"
  printf '%s\n' "$told" | sed -n '
    s/^details\.[0-9]*\.field=$/field: (the request as a whole)/p
    s/^details\.[0-9]*\.field=\(.\)/field: \1/p
    s/^details\.[0-9]*\.got=\(.\)/  got: \1/p
    s/^details\.[0-9]*\.expected=\(.\)/  expected: \1/p
    s/^details\.[0-9]*\.fix=\(.\)/  fix: \1/p'
  say fix "$(member fix)"
}

not_published() {
  what=$(member error)
  what=${what:-$(member status)}
  [ "$sent" != 0 ] || what='no connection'
  echo "not published: ${what:-no answer of a Postrail}"
  tell
  if [ -z "${IDEMPOTENCY_KEY-}" ]; then
    echo 'mend it and run again (a new key is made)'
  elif is_post; then
    echo 'mend it and run again with a new key: this one stays with the failed post'
  else
    echo 'mend it and run again'
  fi
  exit 1
} >&2

# unknown WHAT: for a post that is accepted, or may be, and whose end has not been heard.
unknown() {
  echo "outcome unknown: $1"
  [ "$http" = interrupted ] || tell
  echo "to ask again without posting twice, run the same command with IDEMPOTENCY_KEY=$key"
  exit 2
} >&2

# publish OPERATION CURL_ARGUMENTS...: posts, waits for the end, prints the address of the post.
publish() {
  operation=$1
  shift
  trap 'http=interrupted; unknown "this script was stopped before it heard how the post ended"' HUP INT TERM
  call "$operation" --header "Idempotency-Key: $key" "$@"
  if ! is_post; then
    is_refused && not_published
    unknown 'the post may have been accepted'
  fi
  post_id=$(member post_id)
  echo "accepted as $post_id" >&2
  wait_for_the_end
  case $(member state):$(member status) in
    failed:*) not_published ;;
    done:published_* | done:inbox_delivered) ;;
    done:*) echo "$post_id is at TikTok no more: $(member status)" >&2 && exit 1 ;;
    *) unknown "$post_id was accepted, it is $(member status)" ;;
  esac
  address=$(member post_url)
  printf '%s\n' "${address:-$(member status): no public address, $(member url_reason)}"
}

# Waits by as many calls as it takes; goes on for a while over a server that is away.
wait_for_the_end() {
  started=$(date +%s)
  away_since=
  while ! is_settled; do
    now=$(date +%s)
    if is_post; then
      away_since=
      [ $((now - started)) -lt "$PENDING_SECONDS" ] || unknown "$post_id was accepted, it is still $(member status)"
    else
      is_passing || unknown "$post_id was accepted, the wait for it went wrong"
      away_since=${away_since:-$now}
      [ $((now - away_since)) -lt "$RETRY_SECONDS" ] || unknown "$post_id was accepted, then nothing was heard of it"
    fi
    sleep 1
    call wait_until_published --data-urlencode "post_id=$post_id" --data-urlencode "wait_seconds=$WAIT_SECONDS"
  done
}
