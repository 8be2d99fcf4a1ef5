import BreakerAPI
import BreakerCore
import Foundation
import Testing

@Suite("The Python package and the documents of the server")
struct PythonReadsTests {
    @Test("The Python package reads and writes only members that the documents have")
    func members() throws {
        let decision = try Schema(of: DecisionDocument.self).names
        let report = try Schema(of: ReportDocument.self).names
        let results = try Schema(of: ReportsAnswerDocument.self).names
        let problem = try Schema(of: ProblemDocument.self).names
        let transitions = try Schema(of: TransitionListDocument<TransitionDocument>.self).names
        let breaker = try Schema(of: BreakerDocument.self).names.union(PolicyField.allCases.map(\.rawValue))
        let stream = try Schema(of: ChangeDocument.self).names.union(Schema(of: ResyncDocument.self).names)
        // `link.py` also reads an extension of its HTTP library.
        let extensions: Set = ["network_stream"]
        let files: [(String, Set<String>)] = [
            ("answers.py", try Schema(of: ReportAnswerDocument.self).names), ("asking.py", decision),
            ("batches.py", results), ("events.py", stream), ("link.py", problem.union(extensions)),
            ("orders.py", breaker.union(transitions)), ("outcomes.py", report), ("policies.py", breaker),
            ("pybreaker/breaker.py", breaker.union(transitions)), ("pybreaker/counts.py", breaker),
            ("pybreaker/course.py", results), ("pybreaker/settings.py", breaker),
        ]
        for (file, names) in files {
            let text = try String(
                contentsOf: Repository.file("clients/python/src/fusebox/\(file)"),
                encoding: .utf8
            )
            let members = Set(text.matches(of: /(?:\[|\.get\()"([a-z_]+)"[\]),]/).map { String($0.1) })
            #expect(!members.isEmpty, "\(file)")
            #expect(members.subtracting(names).sorted() == [], "\(file)")
        }
    }
}
