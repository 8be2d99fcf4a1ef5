#!/bin/sh
# A worker whose calls ask Fusebox first. Each line of its input is a job: the URL to call. Needs curl.

fusebox=${FUSEBOX_URL:-http://127.0.0.1:7979}
timeout=${FUSEBOX_TIMEOUT:-0.3} # seconds that a call waits for Fusebox
call_timeout=5                  # less than the lease of a probe, `lease_ms`
first_pause=1                   # while Fusebox does not answer, it is asked less and less often
last_pause=30
pause=$first_pause resume=0 complaint=

# ask EVENT: sends an acquire or a report. The answer is empty if there is no decision: the call then goes through.
ask() {
    answer=
    [ "$(date +%s)" -ge "$resume" ] || return 0
    # curl reads the token from its input, because every user sees the arguments of a command.
    answer=$(printf '%s' "${FUSEBOX_TOKEN:+header = \"authorization: Bearer $FUSEBOX_TOKEN\"}" |
        curl --config - --silent --max-time "$timeout" --write-out ' %{http_code}' --request POST \
            "$fusebox/v1/breakers/payments/$1")
    problem="curl: $?, HTTP ${answer##* }"
    case $problem in
    'curl: 0, HTTP 200')
        pause=$first_pause complaint=
        return 0
        ;;
    'curl: 0, HTTP 4'??) ;; # a 401 or a 403 is an answer
    *)
        resume=$(($(date +%s) + pause)) pause=$((2 * pause))
        [ "$pause" -le "$last_pause" ] || pause=$last_pause
        ;;
    esac
    [ "$problem" = "$complaint" ] || echo "no decision from Fusebox: $problem" >&2
    complaint=$problem answer=
}

# field NAME: prints a field of the answer.
field() { printf '%s' "$answer" | sed -n "s/.*\"$1\": *\"\{0,1\}\([^,\"}]*\).*/\1/p"; }

# charge URL: prints the status and the seconds that the call took. Fails as curl does.
charge() {
    case $1 in
    http://* | https://*) ;;
    *) return 3 ;; # a malformed URL
    esac
    curl --globoff --silent --output /dev/null --max-time "$call_timeout" --write-out '%{http_code} %{time_total}' "$1"
}

# protected URL: makes the call if the breaker allows it. `failure` is an outcome only if the downstream is at fault.
protected() {
    ask acquire
    if [ "$(field allowed)" = false ]; then
        wait=$(field retry_after_ms)
        echo "denied: retry in ${wait:-?} ms"
        return 75
    fi
    permit=$(field permit)
    result=$(charge "$1")
    code=$? status=${result%% *} seconds=${result##* } outcome=success kind=
    case $code:$status in
    0:5??) outcome=failure kind=http_$status ;;
    0:4?? | 3:*) outcome=ignored ;; # the caller's fault, also a malformed URL
    0:*) ;;
    28:*) outcome=failure kind=timeout ;;
    *) outcome=failure kind=connection ;;
    esac
    duration=$(LC_ALL=C awk "BEGIN { printf \"%d\", 1000 * ${seconds:-0} }")
    [ -z "$permit" ] || ask "report?permit=$permit&outcome=$outcome&kind=$kind&duration_ms=$duration"
    if [ "$outcome" = success ]; then echo "done: $status"; else echo "failed: curl: $code, HTTP $status"; fi
    [ "$outcome" = success ]
}

while read -r line; do protected "$line"; done
