"""A worker whose calls ask Fusebox first. Each line of its input is a job: the URL to call."""

import http.client, json, os, sys, time, urllib.error, urllib.parse, urllib.request

FUSEBOX = os.environ.get("FUSEBOX_URL", "http://127.0.0.1:7979")
TOKEN = os.environ.get("FUSEBOX_TOKEN")
TIMEOUT = float(os.environ.get("FUSEBOX_TIMEOUT", "0.3"))  # seconds that a call waits for Fusebox
CALL_TIMEOUT = 5.0                       # less than the lease of a probe, `lease_ms`
FIRST_PAUSE, LAST_PAUSE = 1.0, 30.0      # while Fusebox does not answer, it is asked less and less often

pause, resume, complaint = FIRST_PAUSE, 0.0, None

class Denied(Exception):
    """The breaker does not allow the call."""

def ask(event, **fields):
    """Sends an acquire or a report. Returns {} if there is no decision: the call then goes through."""
    global pause, resume, complaint
    if time.monotonic() < resume:
        return {}
    url = f"{FUSEBOX}/v1/breakers/payments/{event}" + ("?" + urllib.parse.urlencode(fields) if fields else "")
    headers = {"authorization": f"Bearer {TOKEN}"} if TOKEN else {}
    try:
        request = urllib.request.Request(url, method="POST", headers=headers)
        with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
            answer = json.load(response)
        pause, complaint = FIRST_PAUSE, None
        return answer
    except (OSError, http.client.HTTPException, ValueError) as error:
        if getattr(error, "code", 500) >= 500:           # no answer; a 401 or a 403 is one
            resume, pause = time.monotonic() + pause, min(2 * pause, LAST_PAUSE)
        if str(error) != complaint:
            print(f"no decision from Fusebox: {error}", file=sys.stderr, flush=True)
        complaint = str(error)
        return {}

def classify(error):
    """Returns the outcome and the kind: `failure` only if the downstream is at fault."""
    if isinstance(error, urllib.error.HTTPError):
        return ("failure", f"http_{error.code}") if error.code >= 500 else ("ignored", "")
    # The reason is an exception if the connection failed, and a text if `urlopen` does not accept the URL.
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, TimeoutError):
        return "failure", "timeout"
    if isinstance(reason, (OSError, http.client.HTTPException)) and not isinstance(reason, http.client.InvalidURL):
        return "failure", "connection"
    return "ignored", ""

def protected(call):
    decision = ask("acquire")
    if not decision.get("allowed", True):
        raise Denied(f"retry in {decision.get('retry_after_ms', '?')} ms")
    began, outcome, kind = time.monotonic(), "ignored", ""
    try:
        result = call()
        outcome = "success"
        return result
    except Exception as error:
        outcome, kind = classify(error)
        raise
    finally:
        if "permit" in decision:
            duration = int((time.monotonic() - began) * 1000)
            ask("report", permit=decision["permit"], outcome=outcome, kind=kind, duration_ms=duration)

def charge(url):
    with urllib.request.urlopen(url, timeout=CALL_TIMEOUT) as response:
        return response.status

for line in sys.stdin:
    try:
        print("done:", protected(lambda: charge(line.strip())), flush=True)
    except Denied as denial:
        print("denied:", denial, flush=True)
    except Exception as error:
        print("failed:", error, flush=True)
