/// Counts events by address. The window of an address begins with its first event.
struct AddressCounts {
    private struct Window {
        var startMs: Int64
        var count: Int
    }

    private let windowMs: Int64
    private var windows: [String: Window] = [:]

    /// The maximum number of addresses. Beyond it, the address whose window began first is forgotten.
    static let maximumAddresses = 1_000

    init(windowMs: Int64) {
        self.windowMs = windowMs
    }

    /// The number of events in the address's window at `nowMs`, an uptime, and the time until the window ends; `nil`
    /// where the address has no window.
    func window(of address: String, atMs nowMs: Int64) -> (count: Int, remainingMs: Int64)? {
        guard let window = windows[address] else { return nil }
        let remainingMs = window.startMs + windowMs - nowMs
        return remainingMs > 0 ? (window.count, remainingMs) : nil
    }

    /// Counts an event.
    ///
    /// - Returns: the number of events in the window, including this event; and, if this event begins a window, the
    ///   number of events in the address's previous window, otherwise 0.
    @discardableResult
    mutating func add(_ address: String, atMs nowMs: Int64) -> (count: Int, before: Int) {
        if let window = window(of: address, atMs: nowMs) {
            windows[address]?.count += 1
            return (window.count + 1, 0)
        }
        let before = windows.removeValue(forKey: address)?.count ?? 0
        if windows.count >= Self.maximumAddresses,
            let oldest = windows.min(by: { $0.value.startMs < $1.value.startMs })?.key
        {
            windows[oldest] = nil
        }
        windows[address] = Window(startMs: nowMs, count: 1)
        return (1, before)
    }
}
