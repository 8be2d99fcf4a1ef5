import BreakerCore
import NIOCore

/// The outcomes that have not been sent to the server yet, in the order of their arrival.
///
/// This is a value: its caller acts on a returned action after it has released the lock.
struct Outbox: Sendable {
    struct Item: Sendable {
        let index: Int
        let name: String
        let outcome: Outcome
        let permit: CallPermit
        /// Whether this is the outcome of a probe, whose permit takes one outcome.
        let isProbe: Bool
        /// `nil` if the duration does not matter.
        let durationMs: Int64?
        let kind: String?
        let detail: String?
        /// When the call ended; the last call if the item counts several.
        fileprivate(set) var endedNs: Int64
        /// How many equal outcomes in a row this item counts.
        fileprivate(set) var count = 1
        /// The id under which the server recognises a repeated report; `nil` until the item is sent.
        fileprivate(set) var id: String?

        /// Whether the later `other` is equal and can be counted in this item. One age holds for all calls that ended
        /// within the same second.
        fileprivate func takes(_ other: Item) -> Bool {
            id == nil && !isProbe && !other.isProbe && outcome == other.outcome && permit == other.permit
                && durationMs == other.durationMs && kind == other.kind && detail == other.detail
                && endedNs / Self.secondNs == other.endedNs / Self.secondNs && count < Limits.reportCount.upperBound
        }

        private static let secondNs: Int64 = 1_000 * nsPerMs

        fileprivate mutating func take(_ other: Item) {
            count += 1
            endedNs = max(endedNs, other.endedNs)
        }

        /// A failure may open the breaker, and a probe decides the next state, so neither waits for further outcomes.
        var isUrgent: Bool { isProbe || outcome == .failure }
    }

    /// The action to take after an addition.
    enum Action: Hashable, Sendable {
        case nothing
        /// Send when the flush interval is over.
        case sendSoon
        case send
    }

    /// The maximum number of outcomes that are gathered before they are sent.
    static let outcomesAtOnce = 100
    /// The maximum number of items in one request; further items wait for the next request.
    /// An item takes up to 4 KB if every character has to be escaped, and the server accepts 4 MB.
    static let itemsPerRequest = 500
    /// The age from which an outcome is not sent: shortly after, the server forgets ids and refuses such ages.
    static let longestAgeNs: Int64 = (Receipt.lifetimeMs - 60_000) * nsPerMs

    private(set) var items = CircularBuffer<Item>()
    /// The number of the first of ``items``; the following items are numbered in order.
    private var firstNumber = 0
    /// The number of a breaker's last item, by the breaker's index.
    private var lastOfBreaker: [Int] = []
    private var isArmed = false
    private var gathered = 0
    private var sentItems = 0
    private let capacity: Int
    private let idPrefix: String

    /// How many outcomes wait, including those that are being sent.
    private(set) var waiting = 0
    /// How many outcomes were dropped: the oldest if there was no room, and those that were too old to be sent.
    private(set) var dropped = 0

    /// - Parameters:
    ///   - capacity: how many items may wait.
    ///   - idPrefix: the beginning of all report ids of this process, different from that of any other process.
    init(capacity: Int, idPrefix: String) {
        precondition(capacity > 0, "the capacity of an outbox must be at least 1, not \(capacity)")
        self.capacity = capacity
        self.idPrefix = idPrefix
    }

    /// Appends an outcome, or counts it in the breaker's last item if the two are equal.
    mutating func add(_ item: Item) -> Action {
        waiting += 1
        gathered += 1
        if !mergeIntoLast(item) { append(item) }
        if item.isUrgent || gathered >= Self.outcomesAtOnce {
            isArmed = false
            return .send
        }
        defer { isArmed = true }
        return isArmed ? .nothing : .sendSoon
    }

    private mutating func mergeIntoLast(_ item: Item) -> Bool {
        guard item.index < lastOfBreaker.count, lastOfBreaker[item.index] >= firstNumber else { return false }
        let index = items.index(items.startIndex, offsetBy: lastOfBreaker[item.index] - firstNumber)
        guard items[index].takes(item) else { return false }
        items[index].take(item)
        return true
    }

    private mutating func append(_ item: Item) {
        if items.count == capacity { dropFirst() }
        while lastOfBreaker.count <= item.index { lastOfBreaker.append(-1) }
        lastOfBreaker[item.index] = firstNumber + items.count
        items.append(item)
    }

    private mutating func dropFirst() {
        let item = items.removeFirst()
        firstNumber += 1
        dropped += item.count
        waiting -= item.count
    }

    /// Takes the next items to send, and gives each an id.
    mutating func take(atNs nowNs: Int64) -> [Item] {
        isArmed = false
        gathered = 0
        var batch: [Item] = []
        var outcomes = 0
        while let first = items.first, batch.count < Self.itemsPerRequest {
            if nowNs - first.endedNs >= Self.longestAgeNs {
                dropFirst()
                continue
            }
            guard outcomes + first.count <= Limits.outcomesPerRequest else { break }
            var item = items.removeFirst()
            firstNumber += 1
            outcomes += item.count
            if item.id == nil {
                sentItems += 1
                item.id = "\(idPrefix)-\(sentItems)"
            }
            batch.append(item)
        }
        return batch
    }

    /// Removes taken outcomes from the count after the server has answered them.
    mutating func settle(_ outcomes: Int) { waiting -= outcomes }

    /// Puts taken items back to the front under the same ids, because it is not known whether they arrived.
    mutating func putBack(_ batch: [Item]) {
        for item in batch.reversed() {
            items.prepend(item)
            firstNumber -= 1
        }
        while items.count > capacity { dropFirst() }
    }
}
