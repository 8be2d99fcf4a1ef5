/// Measures how long a thing takes, for the eye alone: nothing is decided by it.
struct Stopwatch {
    private let start = ContinuousClock.now

    var elapsed: Duration { ContinuousClock.now - start }
}
