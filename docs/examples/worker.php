<?php
// A worker whose calls ask Fusebox first. Each line of its input is a job: the URL to call. Needs PHP's curl extension.

define('FUSEBOX', getenv('FUSEBOX_URL') ?: 'http://127.0.0.1:7979');
define('TOKEN', getenv('FUSEBOX_TOKEN'));
define('TIMEOUT', (float) (getenv('FUSEBOX_TIMEOUT') ?: 0.3)); // seconds that a call waits for Fusebox
const CALL_TIMEOUT = 5.0; // less than the lease of a probe, `lease_ms`
const FIRST_PAUSE = 1.0; // while Fusebox does not answer, it is asked less and less often
const LAST_PAUSE = 30.0;

class Denied extends Exception {}
/** The code is the status of an answer, or an error number of curl with a minus sign. */
class RequestFailed extends Exception {}

/** Returns the status and the body of an answer. */
function request(string $url, float $timeout, array $options = []): array
{
    if (!preg_match('#^https?://#i', $url)) {
        throw new InvalidArgumentException('not a URL of HTTP');
    }
    $curl = curl_init($url);
    curl_setopt_array($curl, $options + [
        CURLOPT_RETURNTRANSFER => true, CURLOPT_NOSIGNAL => true, CURLOPT_TIMEOUT_MS => (int) ($timeout * 1000),
    ]);
    $body = curl_exec($curl);
    if ($body === false) {
        throw new RequestFailed(curl_strerror(curl_errno($curl)), -curl_errno($curl));
    }
    $status = curl_getinfo($curl, CURLINFO_RESPONSE_CODE);
    if ($status >= 400) {
        throw new RequestFailed("HTTP $status", $status);
    }
    return [$status, $body];
}

/** Sends an acquire or a report. Returns [] if there is no decision: the call then goes through. */
function ask(string $event, array $fields = []): array
{
    // A process of PHP-FPM forgets these after each request; keep them in APCu there.
    static $pause = FIRST_PAUSE, $resume = 0.0, $complaint = null;
    if (hrtime(true) / 1e9 < $resume) {
        return [];
    }
    $url = FUSEBOX . "/v1/breakers/payments/$event" . ($fields ? '?' . http_build_query($fields) : '');
    $headers = TOKEN ? ['authorization: Bearer ' . TOKEN] : [];
    try {
        $options = [CURLOPT_CUSTOMREQUEST => 'POST', CURLOPT_HTTPHEADER => $headers];
        $answer = json_decode(request($url, TIMEOUT, $options)[1], true, 16, JSON_THROW_ON_ERROR);
        [$pause, $complaint] = [FIRST_PAUSE, null];
        return $answer;
    } catch (RequestFailed | JsonException $error) {
        if (!($error instanceof RequestFailed && $error->getCode() >= 400 && $error->getCode() < 500)) {
            // No answer; a 401 or a 403 is one.
            [$resume, $pause] = [hrtime(true) / 1e9 + $pause, min(2 * $pause, LAST_PAUSE)];
        }
        if ($error->getMessage() !== $complaint) {
            fwrite(STDERR, "no decision from Fusebox: {$error->getMessage()}\n");
        }
        $complaint = $error->getMessage();
        return [];
    }
}

/** Returns the outcome and the kind: `failure` only if the downstream is at fault. */
function classify(Throwable $error): array
{
    $code = $error instanceof RequestFailed ? $error->getCode() : 0;
    return match (true) {
        $code >= 500 => ['failure', "http_$code"],
        $code === -CURLE_OPERATION_TIMEOUTED => ['failure', 'timeout'],
        $code < 0 && $code !== -CURLE_URL_MALFORMAT => ['failure', 'connection'],
        default => ['ignored', ''],
    };
}

function protect(callable $call): mixed
{
    $decision = ask('acquire');
    if (!($decision['allowed'] ?? true)) {
        throw new Denied('retry in ' . ($decision['retry_after_ms'] ?? '?') . ' ms');
    }
    $began = hrtime(true);
    [$outcome, $kind] = ['success', ''];
    try {
        return $call();
    } catch (Throwable $error) {
        [$outcome, $kind] = classify($error);
        throw $error;
    } finally {
        if (isset($decision['permit'])) {
            $duration = intdiv(hrtime(true) - $began, 1_000_000);
            ask('report', [
                'permit' => $decision['permit'], 'outcome' => $outcome, 'kind' => $kind, 'duration_ms' => $duration,
            ]);
        }
    }
}

while (($line = fgets(STDIN)) !== false) {
    try {
        $status = protect(fn () => request(trim($line), CALL_TIMEOUT)[0]);
        echo "done: $status\n";
    } catch (Denied $denial) {
        echo "denied: {$denial->getMessage()}\n";
    } catch (Throwable $error) {
        echo "failed: {$error->getMessage()}\n";
    }
}
