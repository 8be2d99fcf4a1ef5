import BreakerAPI
import BreakerCore
import Foundation
import NIOHTTP1

/// All changes that `apply` has to make.
struct PolicyPlan {
    var changes: [PolicyChange] = []
    var unchanged = 0

    /// Reads the server's policies. Changes nothing.
    /// - Throws: if any of the breakers cannot be read; nothing has been changed then.
    init(_ file: PolicyFile, on client: OperatorClient, progress: (Int) -> Void) async throws {
        for (count, (name, policy)) in file.policies.enumerated() {
            progress(count)
            let change = PolicyChange(name, to: policy, from: try await Self.current(name, on: client))
            if let change { changes.append(change) } else { unchanged += 1 }
        }
    }

    private static func current(_ name: BreakerName, on client: OperatorClient) async throws -> (Policy, String)? {
        do {
            let reply = try await client.breaker(name.value)
            guard let tag = reply.etag else {
                throw ServerFailure(description: "the server sent no ETag for the policy of \(name)")
            }
            return (try Policy(try reply.decoded(as: BreakerDocument.self).policy), tag)
        } catch let problem as ServerProblem where problem.code == ProblemCode.unknownBreaker.rawValue {
            return nil
        }
    }

    /// Makes the changes, one breaker after the other. A refused change does not stop the others.
    mutating func apply(on client: OperatorClient, progress: (Int) -> Void) async {
        for index in changes.indices {
            progress(index)
            do {
                try await Self.apply(changes[index], on: client)
                changes[index].outcome = .applied
            } catch {
                let isRefusal = (error as? ServerProblem)?.code == ProblemCode.preconditionFailed.rawValue
                changes[index].outcome = isRefusal ? .refused : .failed
                changes[index].problem = error
            }
        }
    }

    private static func apply(_ change: PolicyChange, on client: OperatorClient) async throws {
        let condition = change.tag.map { ("if-match", $0) } ?? ("if-none-match", "*")
        _ = try await client.send(
            change.isCreation ? .PUT : .PATCH,
            Paths.breaker(change.name.value),
            body: Data(change.order.bytes),
            headers: [condition]
        )
    }

    var isComplete: Bool { changes.allSatisfy { $0.outcome == .applied || $0.outcome == .planned } }

    var document: [String: Any] { ["changes": changes.map(\.document), "unchanged": unchanged] }

    /// The differences, field by field, and a summary.
    func lines(on screen: Screen) -> [String] {
        changes.flatMap { Self.lines($0, on: screen) } + [sum]
    }

    private static func lines(_ change: PolicyChange, on screen: Screen) -> [String] {
        let name = screen.paint(change.name.value, .strong)
        var lines = [change.isCreation ? "\(name) (\(screen.paint("to be created", .good)))" : name]
        if change.outcome == .applied, change.isCreation { lines = ["\(name) (\(screen.paint("created", .good)))"] }
        let differences = change.differences.map { difference in
            FieldChange(
                what: difference.field.rawValue,
                old: difference.old.map { PolicyWords.text(of: difference.field, $0.asDecimal) } ?? "",
                new: PolicyWords.text(of: difference.field, difference.new.asDecimal)
            )
        }
        lines += FieldChange.lines(differences, on: screen)
        switch change.outcome {
        case .planned, .applied: break
        case .refused:
            lines.append(
                "  " + screen.paint("refused: the policy changed meanwhile; apply again to see the difference", .bad)
            )
        case .failed:
            lines.append("  " + screen.paint("failed: \(change.problem.map { "\($0)" } ?? "")".printable, .bad))
        }
        return lines
    }

    private var sum: String {
        let isPlan = changes.allSatisfy { $0.outcome == .planned }
        let done = changes.filter { isPlan || $0.outcome == .applied }
        let created = done.filter(\.isCreation).count
        var parts = [
            "\(done.count - created) \(isPlan ? "to change" : "changed")",
            "\(created) \(isPlan ? "to create" : "created")", "\(unchanged) unchanged",
        ]
        if changes.count > done.count { parts.append("\(changes.count - done.count) not done") }
        return changes.isEmpty ? "Nothing to do: \(unchanged) unchanged." : parts.joined(separator: ", ") + "."
    }
}
