import Foundation

/// A Markdown document of the repository.
struct MarkdownDocument: Sendable {
    /// A fenced block of code.
    struct Block: Sendable {
        /// The text after the opening fence: the language and, for some blocks, a word about the content.
        var kind: String
        var lines: [String] = []

        var text: String { lines.joined(separator: "\n") + "\n" }
    }

    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// The path from the top of the repository.
    let path: String
    let text: String
    private(set) var blocks: [Block] = []
    /// The lines outside of the blocks.
    private(set) var prose: [String] = []

    init(_ path: String) throws {
        self.path = path
        text = try String(contentsOf: Self.root.appendingPathComponent(path), encoding: .utf8)
        var block: Block?
        for line in text.components(separatedBy: "\n") {
            if line.hasPrefix("```") {
                if let ended = block {
                    blocks.append(ended)
                    block = nil
                } else {
                    block = Block(kind: String(line.dropFirst(3)))
                }
            } else if block != nil {
                block?.lines.append(line)
            } else {
                prose.append(line)
            }
        }
    }

    /// All documents of the repository.
    static func all() throws -> [MarkdownDocument] {
        var paths: [String] = []
        for folder in ["", "docs", "Sources", "Benchmarks", "clients/python"] {
            let names = try FileManager.default.contentsOfDirectory(atPath: root.appendingPathComponent(folder).path)
            paths += names.filter { $0.hasSuffix(".md") }.map { folder.isEmpty ? $0 : "\(folder)/\($0)" }
        }
        return try paths.sorted().map { try MarkdownDocument($0) }
    }

    func blocks(_ kind: String) -> [Block] { blocks.filter { $0.kind == kind } }

    /// The cells of the first table row whose first cell is this code.
    func row(_ code: String) -> [String]? {
        guard let row = prose.first(where: { $0.hasPrefix("| `\(code)` |") }) else { return nil }
        return row.components(separatedBy: "|").dropFirst().dropLast()
            .map { $0.trimmingCharacters(in: .whitespaces) }
    }

    /// The targets of the links.
    var links: [String] {
        prose.joined(separator: "\n").matches(of: /\]\(([^)\s]+)\)/).map { String($0.1) }
    }

    /// The names by which links address the headings.
    var anchors: Set<String> {
        var anchors: Set<String> = []
        for line in prose where line.hasPrefix("#") {
            let heading = line.drop { "# ".contains($0) }
            let kept = heading.lowercased().filter { $0.isLetter || $0.isNumber || " -_".contains($0) }
            anchors.insert(kept.replacingOccurrences(of: " ", with: "-"))
        }
        return anchors
    }

    /// The file and the heading to which a link of this document leads.
    func target(of link: String) -> (file: String, anchor: String?) {
        let parts = link.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let anchor = parts.count == 2 ? parts[1] : nil
        guard let file = parts.first, !file.isEmpty else { return (path, anchor) }
        let folder = Self.root.appendingPathComponent(path).deletingLastPathComponent()
        let absolute = folder.appendingPathComponent(file).standardizedFileURL.path
        return (String(absolute.dropFirst(Self.root.standardizedFileURL.path.count + 1)), anchor)
    }
}
