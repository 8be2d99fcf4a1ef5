import BreakerEngine
import Testing

@testable import BreakerHTTP

@Suite("The Prometheus text format")
struct ExpositionTests {
    private func text(_ family: MetricFamily, _ write: (inout Exposition.Samples) -> Void) -> String {
        var page = Exposition()
        page.add(family, write)
        return String(decoding: page.bytes, as: UTF8.self)
    }

    @Test("A metric family is written as its help, its type and its samples")
    func family() {
        #expect(
            text(.httpConnections) { $0.add(3) } == """
                # HELP fusebox_http_connections Open connections.
                # TYPE fusebox_http_connections gauge
                fusebox_http_connections 3

                """
        )
    }

    @Test("Special characters in a label's value are escaped")
    func labels() {
        let text = text(.buildInfo) { $0.add(1, ["version": "a\"b\\c\nd}é", "other": ""]) }
        #expect(text.hasSuffix("\nfusebox_build_info{version=\"a\\\"b\\\\c\\nd}é\",other=\"\"} 1\n"))
    }

    @Test(
        "A sample's value is written in the short form that Go parses",
        arguments: [
            (0, "0"), (1, "1"), (-1.5, "-1.5"), (0.000_25, "0.00025"), (1e-9, "1e-09"), (1e300, "1e+300"),
            (.infinity, "+Inf"), (-.infinity, "-Inf"), (.nan, "NaN"),
        ] as [(Double, String)]
    )
    func numbers(value: Double, text: String) {
        #expect(Exposition.text(value) == text)
    }

    @Test("A histogram counts cumulatively, and a value at a bound belongs to that bound's bucket")
    func histogram() {
        var histogram = Histogram(bounds: [1, 2.5])
        for value in [0.5, 1, 2.5, 3] { histogram.observe(value) }
        let lines = text(.writerBatchSize) { $0.add(histogram) }.split(separator: "\n").dropFirst()
        #expect(
            Array(lines) == [
                "# TYPE fusebox_writer_batch_size histogram", "fusebox_writer_batch_size_bucket{le=\"1\"} 2",
                "fusebox_writer_batch_size_bucket{le=\"2.5\"} 3", "fusebox_writer_batch_size_bucket{le=\"+Inf\"} 4",
                "fusebox_writer_batch_size_sum 7", "fusebox_writer_batch_size_count 4",
            ]
        )
    }
}
