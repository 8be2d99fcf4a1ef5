/// Measures a duration for display only: nothing is decided by it.
struct Stopwatch {
    private let start = ContinuousClock.now

    var elapsed: Duration { ContinuousClock.now - start }
}
