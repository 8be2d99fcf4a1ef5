import BreakerAPI
import BreakerCore
import Foundation
import Testing

@Suite("openapi.yaml describes the documents of the server")
struct DocumentSchemaTests {
    private static let name = Paths.namePlaceholder

    private func differences<D: Document>(
        _ document: D.Type,
        of method: String,
        _ path: String,
        except: Set<String> = []
    ) throws -> [String] {
        var documented = try OpenAPI.answer(of: method, path)
        for name in except { documented.members[name] = nil }
        return try Schema(of: document).differences(from: documented, at: path)
    }

    @Test("An operator's document has exactly the members that openapi.yaml has, with their types")
    func operators() throws {
        let name = Self.name
        let history = "history"
        let breaker = try differences(BreakerDocument.self, of: "get", Paths.breaker(name), except: [history])
        // Older servers leave it out.
        #expect(breaker.filter { !$0.contains(".progress") } == [])
        for method in ["put", "patch"] {
            let set = try differences(PolicyAnswerDocument.self, of: method, Paths.breaker(name), except: [history])
            #expect(set.filter { !$0.contains(".progress") } == [])
        }
        let explanation = try differences(ExplanationDocument.self, of: "get", Paths.explanation(name))
        #expect(explanation.filter { !$0.contains(".refused_reports") } == [])
        #expect(try differences(HistoryDocument.self, of: "get", Paths.history(name)) == [])
        #expect(try differences(FailureSummaryDocument.self, of: "get", Paths.failureSummary(name)) == [])
        #expect(try differences(FailureListDocument.self, of: "get", Paths.failures(name)) == [])
        let transitions = TransitionListDocument<TransitionDocument>.self
        #expect(try differences(transitions, of: "get", Paths.transitions(name)) == [])
        let named = TransitionListDocument<NamedTransitionDocument>.self
        #expect(try differences(named, of: "get", Paths.transitions) == [])
        #expect(try differences(AuditListDocument.self, of: "get", Paths.audit) == [])
        #expect(try differences(DeletedDocument.self, of: "delete", Paths.breakers) == [])
        #expect(try differences(PolicyPlanDocument.self, of: "post", Paths.policies) == [])
        #expect(try differences(TokenReloadDocument.self, of: "post", Paths.tokenReload) == [])
        #expect(try differences(SessionDocument.self, of: "get", Paths.session) == [])
        #expect(try differences(LivenessDocument.self, of: "get", Paths.livez) == [])
        #expect(try differences(ReadinessDocument.self, of: "get", Paths.readyz) == [])
        #expect(try differences(VersionDocument.self, of: "get", Paths.version) == [])
    }

    @Test("A list of breakers has the members that openapi.yaml has, and its histories are optional")
    func list() throws {
        let differences = try differences(BreakerListDocument.self, of: "get", Paths.breakers)
        #expect(differences.filter { !$0.contains(".history") && !$0.contains(".progress") } == [])
        let history = try #require(try Schema(of: ListedBreakerDocument.self).members["history"])
        let documented = try #require(try OpenAPI.schema(named: "Breaker").members["history"])
        #expect(!documented.isRequired)
        #expect(history.schema.members.keys.sorted() == documented.schema.members.keys.sorted())
    }

    @Test("An answer to a worker has exactly the members that openapi.yaml has, with their types")
    func workers() throws {
        let name = Self.name
        #expect(try differences(DecisionDocument.self, of: "post", Paths.acquire(name)) == [])
        #expect(try differences(ReportsAnswerDocument.self, of: "post", Paths.reports) == [])
        let report = try differences(ReportAnswerDocument.self, of: "post", Paths.report(name))
        #expect(
            report == ["\(Paths.report(name)).generation is always present only in one of the two"],
            "older servers leave it out"
        )
        let problem = try Schema(of: ProblemDocument.self)
        #expect(try problem.differences(from: OpenAPI.schema(named: "Problem")) == [])
    }

    @Test("The lines of the stream have exactly the members of an event in openapi.yaml")
    func stream() throws {
        let documented = try OpenAPI.schema(named: "Event").members
        let lines = try [
            Schema(of: ChangeDocument.self), Schema(of: ResyncDocument.self), Schema(of: HeartbeatDocument.self),
        ]
        let names = lines.reduce(into: Set<String>()) { $0.formUnion($1.members.keys) }
        #expect(names.sorted() == documented.keys.sorted())
        for line in lines {
            for (name, member) in line.members {
                #expect(member.schema.type == documented[name]?.schema.type, "\(name)")
            }
        }
        let override = try Schema(of: OverrideDocument.self)
        #expect(try override.differences(from: OpenAPI.schema(named: "Override")) == [])
    }

    @Test("A report and an order have exactly the members that openapi.yaml has, with their types")
    func requests() throws {
        let override = try OpenAPI.body(of: "put", Paths.override(Self.name))
        let policy = try OpenAPI.body(of: "put", Paths.breaker(Self.name))
        let policies = try OpenAPI.body(of: "post", Paths.policies)
        for (request, documented) in [
            (try Schema(of: ReportDocument.self), try OpenAPI.schema(named: "AddressedReport")),
            (try Schema(of: OverrideOrderDocument.self), override), (try Schema(of: PolicyOrderDocument.self), policy),
            (try Schema(of: PolicyOrdersDocument.self), policies),
        ] {
            #expect(request.members.keys.sorted() == documented.members.keys.sorted())
            for (name, member) in request.members {
                let type = documented.members[name]?.schema.type
                // The server rounds a number with a fraction, which this project's clients never send.
                let isRounded = type == "number" && (name == "duration_ms" || name == "age_ms")
                #expect(member.schema.type == (isRounded ? "integer" : type), "\(name)")
            }
        }
    }
}

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
