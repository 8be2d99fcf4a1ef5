// A worker whose calls ask Fusebox first. Each line of its input is a job: the URL to call.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	callTimeout = 5 * time.Second // less than the lease of a probe, `lease_ms`
	firstPause  = 1 * time.Second // while Fusebox does not answer, it is asked less and less often
	lastPause   = 30 * time.Second
)

type decision struct {
	Allowed      *bool  `json:"allowed"`
	Permit       string `json:"permit"`
	RetryAfterMs *int64 `json:"retry_after_ms"`
}

type denied struct{ error }
type httpError int

func (status httpError) Error() string { return fmt.Sprintf("HTTP %d", int(status)) }

var (
	fusebox   = setting("FUSEBOX_URL", "http://127.0.0.1:7979")
	client    = http.Client{Timeout: seconds(setting("FUSEBOX_TIMEOUT", "0.3"))} // how long a call waits for Fusebox
	payments  = http.Client{Timeout: callTimeout}
	mutex     sync.Mutex // of the variables below
	pause     = firstPause
	resume    time.Time
	complaint string
)

func setting(name, fallback string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return fallback
}

func seconds(text string) time.Duration {
	value, err := strconv.ParseFloat(text, 64)
	if err != nil {
		panic(err)
	}
	return time.Duration(value * float64(time.Second))
}

// post sends a request and reads its answer.
func post(path string, answer *decision) error {
	request, err := http.NewRequest("POST", fusebox+path, nil)
	if err != nil {
		return err
	}
	if token := os.Getenv("FUSEBOX_TOKEN"); token != "" {
		request.Header.Set("authorization", "Bearer "+token)
	}
	response, err := client.Do(request)
	if err != nil {
		return errors.Unwrap(err) // without the URL
	}
	defer response.Body.Close()
	if response.StatusCode != 200 {
		return httpError(response.StatusCode)
	}
	return json.NewDecoder(response.Body).Decode(answer)
}

// ask sends an acquire or a report. The answer is empty if there is no decision: the call then goes through.
func ask(event string, fields url.Values) decision {
	mutex.Lock()
	paused := time.Now().Before(resume)
	mutex.Unlock()
	if paused {
		return decision{}
	}
	path := "/v1/breakers/payments/" + event
	if fields != nil {
		path += "?" + fields.Encode()
	}
	var answer decision
	err := post(path, &answer)
	mutex.Lock()
	defer mutex.Unlock()
	if err == nil {
		pause, complaint = firstPause, ""
		return answer
	}
	var status httpError
	if !errors.As(err, &status) || status >= 500 { // no answer; a 401 or a 403 is one
		resume = time.Now().Add(pause)
		if pause *= 2; pause > lastPause {
			pause = lastPause
		}
	}
	if err.Error() != complaint {
		fmt.Fprintln(os.Stderr, "no decision from Fusebox:", err)
	}
	complaint = err.Error()
	return decision{}
}

// classify returns the outcome and the kind: `failure` only if the downstream is at fault.
func classify(err error) (outcome, kind string) {
	var status httpError
	var network net.Error
	var operation *net.OpError
	var request *url.Error
	switch {
	case err == nil:
		return "success", ""
	case errors.As(err, &status) && status >= 500:
		return "failure", fmt.Sprintf("http_%d", int(status))
	case errors.As(err, &network) && network.Timeout():
		return "failure", "timeout"
	case errors.Is(err, context.Canceled):
		return "ignored", ""
	case errors.As(err, &request) && isHTTP(request.URL): // also an invalid certificate, or an answer that is not HTTP
		return "failure", "connection"
	case errors.As(err, &operation), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "failure", "connection"
	default:
		return "ignored", ""
	}
}

// isHTTP returns whether a request can be sent to this URL.
func isHTTP(text string) bool {
	address, err := url.Parse(text)
	return err == nil && address.Host != "" && (address.Scheme == "http" || address.Scheme == "https")
}

func protected(call func() (int, error)) (result int, err error) {
	decision := ask("acquire", nil)
	if decision.Allowed != nil && !*decision.Allowed {
		wait := "?"
		if decision.RetryAfterMs != nil {
			wait = fmt.Sprint(*decision.RetryAfterMs)
		}
		return 0, denied{fmt.Errorf("retry in %s ms", wait)}
	}
	began, outcome, kind := time.Now(), "ignored", ""
	defer func() { // also if the call panics
		if decision.Permit != "" {
			duration := strconv.FormatInt(time.Since(began).Milliseconds(), 10)
			ask("report", url.Values{
				"permit": {decision.Permit}, "outcome": {outcome}, "kind": {kind}, "duration_ms": {duration},
			})
		}
	}()
	result, err = call()
	outcome, kind = classify(err)
	return result, err
}

func charge(address string) (int, error) {
	response, err := payments.Get(address)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return 0, &url.Error{Op: "Get", URL: address, Err: err}
	}
	if response.StatusCode >= 400 {
		return 0, httpError(response.StatusCode)
	}
	return response.StatusCode, nil
}

func main() {
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		result, err := protected(func() (int, error) { return charge(strings.TrimSpace(lines.Text())) })
		if errors.As(err, &denied{}) {
			fmt.Println("denied:", err)
		} else if err != nil {
			fmt.Println("failed:", err)
		} else {
			fmt.Println("done:", result)
		}
	}
}
