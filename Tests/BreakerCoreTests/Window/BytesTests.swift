import Testing

@testable import BreakerCore

@Suite("Numbers as bytes, and counts")
struct BytesTests {
    @Test(
        "A number is encoded in seven bits a byte, the least significant first",
        arguments: [
            (0, [0]), (1, [1]), (127, [0x7f]), (128, [0x80, 1]), (300, [0xac, 2]), (16_383, [0xff, 0x7f]),
            (16_384, [0x80, 0x80, 1]), (.max, Array(repeating: 0xff, count: 9) + [1]),
        ] as [(UInt64, [UInt8])]
    )
    func number(number: UInt64, bytes: [UInt8]) {
        var written = Bytes()
        written.append(number)
        #expect(written.array == bytes)
        var reader = Bytes.Reader(bytes)
        #expect(reader.next() == number)
        #expect(reader.isAtEnd)
    }

    @Test(
        "Bytes that are cut off or exceed 64 bits are not a number",
        arguments: [
            [], [0x80], [0xff, 0xff], Array(repeating: 0xff, count: 9) + [2], Array(repeating: 0x80, count: 10) + [1],
        ]
    )
    func damaged(bytes: [UInt8]) {
        var reader = Bytes.Reader(bytes)
        #expect(reader.next() == nil)
    }

    @Test("A count stays at its maximum", arguments: [(0, 1, 1), (.max - 1, 1, .max), (.max, 1, .max)])
    func saturates(count: UInt32, step: UInt32, sum: UInt32) {
        var count = count
        count.addSaturating(step)
        #expect(count == sum)
    }

    @Test("A rate is a share of the calls, and nil if there are no calls")
    func rates() {
        #expect(Counts().failureRate == nil)
        #expect(Counts().slowRate == nil)
        #expect(Counts(calls: 4, failures: 1, slow: 2).failureRate == 0.25)
        #expect(Counts(calls: 4, failures: 1, slow: 2).slowRate == 0.5)
    }
}
