import BreakerCore
import NIOCore

/// The outcomes that the server has not been told yet, in the order in which they came.
///
/// A value: whoever calls it acts on what it answers once the lock is gone.
struct Outbox: Sendable {
    struct Item: Sendable {
        let place: Int
        let name: String
        let outcome: Outcome
        let permit: Pass
        /// Whether the server waits for this one: a probe's permit takes one outcome.
        let isProbe: Bool
        /// `nil` where it does not matter.
        let durationMs: Int64?
        let kind: String?
        let detail: String?
        /// When the call ended, the last of them where it stands for several.
        fileprivate(set) var endedNs: Int64
        /// How many in a row were equal.
        fileprivate(set) var count = 1
        /// Under which the server knows it again; `nil` until it is sent.
        fileprivate(set) var id: String?

        /// Whether `other`, which came later, is one more of the same. One age is true of all that ended within a second.
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

        /// A failure may open the breaker, and a probe decides: neither waits for others.
        var isUrgent: Bool { isProbe || outcome == .failure }
    }

    /// What is to be done behind an addition.
    enum Action: Hashable, Sendable {
        case nothing
        /// Send when the interval is over.
        case sendSoon
        case send
    }

    /// How many outcomes are gathered at most before they are sent.
    static let outcomesAtOnce = 100
    /// How many items are sent in one request at most; more wait for the next.
    /// Each takes up to 4 KB where every character has to be escaped, and the server takes 4 MB.
    static let itemsPerRequest = 500
    /// An outcome of this age is not sent any more: soon after, the server forgets ids, and refuses ages.
    static let longestAgeNs: Int64 = (Receipt.lifetimeMs - 60_000) * nsPerMs

    private(set) var items = CircularBuffer<Item>()
    /// The number of the first of ``items``; numbers go up from there.
    private var firstNumber = 0
    /// By place, the number of the breaker's last item.
    private var lastOfPlace: [Int] = []
    private var isArmed = false
    private var gathered = 0
    private var sentItems = 0
    private let capacity: Int
    private let idPrefix: String

    /// How many outcomes wait, those included that are being sent.
    private(set) var waiting = 0
    /// How many were let go: the oldest, where there was no room, and those that were too old to be sent.
    private(set) var dropped = 0

    /// - Parameters:
    ///   - capacity: how many items may wait.
    ///   - idPrefix: what no other process begins its reports' ids with.
    init(capacity: Int, idPrefix: String) {
        precondition(capacity > 0, "an outbox holds at least one item, not \(capacity)")
        self.capacity = capacity
        self.idPrefix = idPrefix
    }

    /// Puts it behind the others, or to the breaker's last where it is one more of the same.
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
        guard item.place < lastOfPlace.count, lastOfPlace[item.place] >= firstNumber else { return false }
        let index = items.index(items.startIndex, offsetBy: lastOfPlace[item.place] - firstNumber)
        guard items[index].takes(item) else { return false }
        items[index].take(item)
        return true
    }

    private mutating func append(_ item: Item) {
        if items.count == capacity { dropFirst() }
        while lastOfPlace.count <= item.place { lastOfPlace.append(-1) }
        lastOfPlace[item.place] = firstNumber + items.count
        items.append(item)
    }

    private mutating func dropFirst() {
        let item = items.removeFirst()
        firstNumber += 1
        dropped += item.count
        waiting -= item.count
    }

    /// The next to be sent, each with an id from now on.
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

    /// The server has answered so many of the outcomes that were taken.
    mutating func settle(_ outcomes: Int) { waiting -= outcomes }

    /// These were sent, and nobody knows whether they came: they are the next again, under the same ids.
    mutating func putBack(_ batch: [Item]) {
        for item in batch.reversed() {
            items.prepend(item)
            firstNumber -= 1
        }
        while items.count > capacity { dropFirst() }
    }
}
