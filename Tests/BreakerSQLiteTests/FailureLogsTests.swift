import StoreContract
import TestSupport
import Testing

@testable import BreakerSQLite

@Suite("The index of failure logs")
struct FailureLogsTests {
    @Test(
        "The index of failure logs equals a plain model, also after rollbacks",
        arguments: 1...20 as ClosedRange<UInt64>
    )
    func model(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var logs = FailureLogs()
        var model: [Int64: ClosedRange<Int64>] = [:]
        var committed = model
        for step in 0..<400 {
            let id = Int64.random(in: 1...12, using: &random)
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<4:
                let newest = (model[id]?.upperBound ?? 0) + .random(in: 0...9, using: &random)
                logs.extend(id, to: newest)
                if newest > 0 { model[id] = (model[id]?.lowerBound ?? 1)...newest }
            case 4..<7:
                guard let log = model[id] else { continue }
                let oldest = Int64.random(in: log, using: &random)
                logs.cut(id, before: oldest)
                model[id] = oldest...log.upperBound
            case 7:
                logs.remove(id)
                model[id] = nil
            case 8:
                logs.keep()
                committed = model
            default:
                logs.rollBack()
                model = committed
            }
            let lengths = model.values.map { Int($0.upperBound - $0.lowerBound) + 1 }
            #expect(logs.rows == lengths.reduce(0, +), "seed \(seed), step \(step)")
            #expect(logs.longest?.log.length == lengths.max(), "seed \(seed), step \(step)")
            #expect(Set(logs.breakerIDs) == Set(model.keys), "seed \(seed), step \(step)")
        }
    }
}
