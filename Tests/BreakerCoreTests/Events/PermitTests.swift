import BreakerCore
import TestSupport
import Testing

@Suite("Permits as text")
struct PermitTests {
    @Test(
        "A permit is written as its generation, followed for a probe by 16 hexadecimal digits",
        arguments: [
            (Permit(generation: 7), "7"),
            (Permit(generation: .max), "9223372036854775807"),
            (Permit(generation: 9, lease: 0), "9-0000000000000000"),
            (Permit(generation: 9, lease: 0x1f3a), "9-0000000000001f3a"),
            (Permit(generation: 9, lease: .max), "9-ffffffffffffffff"),
            (Permit(generation: 10, lease: 0xabcd_ef01_2345_6789), "10-abcdef0123456789"),
        ]
    )
    func written(permit: Permit, text: String) {
        #expect(permit.description == text)
        #expect(Permit(text) == permit)
    }

    @Test(
        "A malformed permit does not parse",
        arguments: [
            "", "-", "0", "00", "07", "-7", "+7", " 7", "7 ", "7\n", "7.0", "0x7", "seven", "7-", "7--", "-7-", "７",
            "٧",
            "9223372036854775808", "99999999999999999999", "0-0000000000000000", "-1-0000000000000000",
            "9-000000000000000", "9-00000000000000000", "9-000000000000000g", "9-000000000000000A",
            "9-+00000000000000f", "9--00000000000000f", "9- 00000000000000f", "9-000000000000000f-",
            "9-000000000000000f-1", "9_000000000000000f", "9-0000000000000\u{e9}", "-000000000000000f",
            "9-0x0000000000000f",
        ]
    )
    func malformed(text: String) {
        #expect(Permit(text) == nil)
    }

    @Test("A permit equals the one parsed from its text", arguments: UInt64(1)...20)
    func roundTrip(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        for _ in 1...100 {
            let generation = Int64((random.next() >> UInt64(random.below(63))) >> 1) | 1
            let lease = random.below(2) == 0 ? nil : random.next() >> UInt64(random.below(64))
            let permit = Permit(generation: generation, lease: lease)
            #expect(Permit(permit.description) == permit, "seed \(seed)")
        }
    }
}
