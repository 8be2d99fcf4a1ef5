/// The state of a breaker.
///
/// Transitions and their causes:
/// - `closed` → `open`: a rule holds; `force_open`.
/// - `open` → `half_open`: the recovery timeout; the end of `force_open`; reset.
/// - `half_open` → `closed`: enough probes succeeded; reset; `force_closed`.
/// - `half_open` → `open`: a probe failed; `force_open`.
/// - any → `closed`, any → `half_open`: reset. Any → `closed`: `force_closed`.
package enum State: String, CaseIterable, Sendable {
    case closed
    case open
    case halfOpen = "half_open"
}
