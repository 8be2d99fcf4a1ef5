import BreakerEngine

/// Writes metrics in Prometheus' text format, version 0.0.4
/// (https://prometheus.io/docs/instrumenting/exposition_formats/).
///
/// A family is written as a whole, with its `HELP` and `TYPE` before its samples, so no family is split.
struct Exposition {
    private(set) var bytes: [UInt8] = []

    /// The samples of one family.
    struct Samples {
        fileprivate let name: String
        fileprivate var bytes: [UInt8]

        mutating func add(_ value: some BinaryInteger, _ labels: KeyValuePairs<StaticString, String> = [:]) {
            add("", labels, String(value))
        }

        mutating func add(_ value: Double, _ labels: KeyValuePairs<StaticString, String> = [:]) {
            add("", labels, Exposition.text(value))
        }

        mutating func add(_ histogram: Histogram) {
            var below: UInt64 = 0
            for (bound, count) in zip(histogram.bounds + [.infinity], histogram.counts) {
                below += count
                add("_bucket", ["le": Exposition.text(bound)], String(below))
            }
            add("_sum", [:], Exposition.text(histogram.sum))
            add("_count", [:], String(below))
        }

        private mutating func add(
            _ suffix: StaticString,
            _ labels: KeyValuePairs<StaticString, String>,
            _ value: String
        ) {
            bytes += name.utf8
            bytes.append(text: suffix)
            for (index, label) in labels.enumerated() {
                bytes.append(text: index == 0 ? "{" : ",")
                bytes.append(text: label.key)
                bytes.append(text: "=\"")
                bytes.append(label: label.value)
                bytes.append(text: "\"")
            }
            bytes.append(text: labels.isEmpty ? " " : "} ")
            bytes += value.utf8
            bytes.append(text: "\n")
        }
    }

    mutating func add(_ family: MetricFamily, _ write: (inout Samples) -> Void) {
        bytes += "# HELP \(family.rawValue) ".utf8
        bytes.append(help: family.help)
        bytes += "\n# TYPE \(family.rawValue) \(family.kind.rawValue)\n".utf8
        // The bytes move to the samples and back, so that the samples of all families share one buffer.
        var samples = Samples(name: family.rawValue, bytes: bytes)
        bytes = []
        write(&samples)
        bytes = samples.bytes
    }

    /// The number as Go's parser reads it, in short form: `1`, not `1.0`.
    static func text(_ value: Double) -> String {
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if value.isNaN { return "NaN" }
        let text = value.description
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}

extension [UInt8] {
    fileprivate mutating func append(text: StaticString) {
        append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Appends a label's value, and escapes backslashes, quotation marks and line ends.
    fileprivate mutating func append(label text: String) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): append(text: "\\\\")
            case UInt8(ascii: "\""): append(text: "\\\"")
            case UInt8(ascii: "\n"): append(text: "\\n")
            default: append(byte)
            }
        }
    }

    /// Appends a help text, and escapes backslashes and line ends.
    fileprivate mutating func append(help text: String) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): append(text: "\\\\")
            case UInt8(ascii: "\n"): append(text: "\\n")
            default: append(byte)
            }
        }
    }
}
