import TestSupport
import Testing

extension ProcessTests {
    @Suite struct CrashTests {
        @Test(
            "A server that is killed at any moment has stored everything that it acknowledged, once",
            .timeLimit(.minutes(15))
        )
        func kill() async throws {
            let seed = SplitMix64.seed()
            print("crash run: FUSEBOX_TEST_SEED=\(seed)")
            let findings = try await CrashRun(program: .fusebox, rounds: runsSlowTests ? 50 : 5, seed: seed).run()
            print(
                """
                crash run: \(findings.rounds) crashes, \(findings.acknowledged) of \(findings.sent) failures \
                acknowledged, \(findings.retriedUnacknowledged) repeated, \(findings.probes) probes, \
                \(findings.slotsHeldAcrossCrash) held across a crash, \(findings.openAcrossCrash) times open across one
                """
            )
            #expect(findings.losses == .none)
            #expect(findings.violations.isEmpty)
            #expect(findings.acknowledged > 5 * findings.rounds)
            #expect(findings.probes > 0)
            if runsSlowTests { #expect(findings.slotsHeldAcrossCrash > 0) }
        }

        @Test("The crash run detects a server that acknowledges before it commits", .timeLimit(.minutes(5)))
        func seededBug() async throws {
            let seed = SplitMix64.seed()
            print("crash run of the faulty server: FUSEBOX_TEST_SEED=\(seed)")
            let findings = try await CrashRun(program: .faulty, rounds: 10, seed: seed, stopsAtFirstLoss: true).run()
            #expect(!findings.losses.lost.isEmpty)
        }

        @Test("An acknowledged failure must be stored once, and one that was only sent may be")
        func pureCheck() {
            func check(_ stored: [String]) -> Losses {
                losses(acknowledged: ["a", "b"], sent: ["a", "b", "c"], stored: stored)
            }
            #expect(check(["a", "b"]) == .none)
            #expect(check(["c", "b", "a"]) == .none)
            #expect(check(["a"]) == Losses(lost: ["b"]))
            #expect(check(["a", "b", "c", "c"]) == Losses(repeated: ["c"]))
            #expect(check(["a", "b", "d"]) == Losses(invented: ["d"]))
        }
    }
}
