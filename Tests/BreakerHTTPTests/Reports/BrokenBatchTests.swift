import BreakerAPI
import BreakerCore
import Testing

@testable import BreakerHTTP

@Suite("Batches that are not valid JSON")
struct BrokenBatchTests {
    private static let sound = #"{"name":"a","outcome":"success"}"#

    @Test(
        "A batch that is not valid JSON is refused with the mistake and its offset",
        arguments: [
            ("", "the document ends too early", 0), ("{", "a member's name is expected", 1),
            (#"{"reports":[1]"#, "a comma or the end of the object is expected", 14),
            (#"{"reports":[1"#, "a comma or the end of the array is expected", 13),
            (#"{"reports":["#, "the document ends too early", 12),
            (#"{"reports":[1,]}"#, "a value is expected", 14), (#"{"reports":[,1]}"#, "a value is expected", 12),
            (#"{"reports":[1 2]}"#, "a comma or the end of the array is expected", 14),
            (#"{"reports":[]}x"#, "the document ends here, but more data follows", 14),
            (#"{"reports" []}"#, "a colon is expected", 11),
            (#"{"reports":[],}"#, "a member's name is expected", 14),
            ("{reports:[]}", "a member's name is expected", 1),
            (#"{"reports":[],"reports":[]}"#, #"the member "reports" is repeated"#, 23),
            (#"{"reports":[],"rep\u006frts":1}"#, #"the member "reports" is repeated"#, 28),
            (#"{"x":1,"x":1,"reports":[]}"#, #"the member "x" is repeated"#, 10),
            (#"[{"x":{"y":1,"y":2}}]"#, #"the member "y" is repeated"#, 16),
            ("[1,", "the document ends too early", 3), ("tru", "a value is expected", 0),
            ("'a'", "a value is expected", 0),
        ]
    )
    func frame(document: String, detail: String, offset: Int) {
        expect(Array(document.utf8), detail, at: offset)
    }

    /// - Parameter offset: the offset of the error, in bytes after the beginning of `value`.
    @Test(
        "A JSON error within an item refuses the whole batch, whether the item is otherwise valid or not",
        arguments: [
            (#""kind":"#, "01", "a number must not begin with 0", 2), (#""kind":"#, "-", "a digit is expected", 1),
            (#""count":"#, "1.", "a digit is expected", 2), (#""count":"#, "1e", "a digit is expected", 2),
            (#""count":"#, "+1", "a value is expected", 0), (#""count":"#, ".5", "a value is expected", 0),
            (#""count":"#, "1e999", "the number 1e999 is too large", 5),
            (#""x":"#, "-1e999", "the number -1e999 is too large", 6),
            (#""x":"#, #""\x""#, "the escape is invalid", 3),
            (#""x":"#, #""\u12G4""#, "four hexadecimal digits are expected", 3),
            (#""x":"#, #""\u+123""#, "four hexadecimal digits are expected", 3),
            (#""x":"#, #""\ud800""#, "half of a surrogate pair is missing", 7),
            (#""x":"#, #""\udc00""#, "half of a surrogate pair is missing", 7),
            (#""x":"#, #""\ud800\n""#, "half of a surrogate pair is missing", 8),
            (#""x":"#, #""\ud800\u0041""#, "half of a surrogate pair is missing", 13),
            (#""x":"#, #""\ud800\udbff""#, "half of a surrogate pair is missing", 13),
            (#""x":"#, #""\ud800\ue000""#, "half of a surrogate pair is missing", 13),
            (#""x":"#, "\"\u{1}\"", "a control character must be escaped", 1),
            (#""kind":"#, "\"\n\"", "a control character must be escaped", 1),
            (#""name":"#, "1", #"the member "name" is repeated"#, -1),
            (#""na\u006de":"#, "1", #"the member "name" is repeated"#, -1),
            (#""x":1,"x":"#, "1", #"the member "x" is repeated"#, -1),
            (#""x":1,"\u0078":"#, "1", #"the member "x" is repeated"#, -1),
            (#""é":1,"e\u0301":"#, "1", "the member \"e\u{301}\" is repeated", -1),
            (#""K":1,"\u212a":"#, "1", "the member \"\u{212a}\" is repeated", -1),
            (#""x":"#, #"{"a":1,"b":2,"a":3}"#, #"the member "a" is repeated"#, 16),
            (#""x":"#, #"[{"name":1,"name":2}]"#, #"the member "name" is repeated"#, 17),
            (#""x":"#, String(repeating: "[", count: 13), "the document is nested too deep", 13),
            (#""x":"#, String(repeating: #"{"":"#, count: 13), "the document is nested too deep", 52),
            (#""x":"#, "nul", "a value is expected", 0), (#""x":"#, "NaN", "a value is expected", 0),
        ]
    )
    func item(member: String, value: String, detail: String, offset: Int) {
        for item in [#"{"name":"a","outcome":"success","#, #"{"name":7,"outcome":"maybe","#] {
            let before = #"{"reports":[\#(Self.sound),\#(item)\#(member)"#
            expect(Array("\(before)\(value)}]}".utf8), detail, at: before.utf8.count + offset)
        }
    }

    @Test(
        "A batch with a text that is not UTF-8 is refused, in a name or a value, with or without escapes",
        arguments: [
            [0xff], [0xc3], [0xc0, 0x80], [0xe2, 0x82], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0x80],
            [0xc3] + Array("\\u00a9".utf8), Array("\\u00c3".utf8) + [0xa9], [0xe2] + Array("\\n".utf8) + [0x82, 0xac],
        ] as [[UInt8]]
    )
    func invalidUTF8(bytes: [UInt8]) {
        for (before, after) in [(#"{"name":""#, #""}"#), (#"{"x":"é"#, #""}"#), (#"{""#, #"":1}"#)] {
            let start = Array(#"{"reports":[\#(before)"#.utf8) + bytes
            expect(start + Array("\(after)]}".utf8), "the string is not UTF-8", at: start.count + 1)
        }
    }

    @Test("A batch that is cut off at any byte is refused")
    func cut() {
        let document = Array(#"{"reports":[{"name":"a","kind":"\ud83d\ude00é","count":1.5e3,"x":[true]}]}"#.utf8)
        for end in document.indices {
            let reading = ReportBatch.read(Array(document[..<end]), access: .anonymous)
            guard case .refused(let problem) = reading else {
                Issue.record("\(end) bytes are read as \(reading)")
                continue
            }
            #expect(problem.faults.map(\.field) == ["body"])
            #expect(reading == ReferenceBatch.read(Array(document[..<end]), access: .anonymous))
        }
    }

    @Test(
        "A batch may have at most the maximum number of values, inside and outside its items",
        arguments: [(HTTPLimits.jsonValues - 6, true), (HTTPLimits.jsonValues - 5, false)]
    )
    func values(zeros: Int, isRead: Bool) {
        let values = "[" + String(repeating: "0,", count: zeros - 1) + "0]"
        for document in [
            #"{"reports":[\#(Self.sound)],"x":\#(values)}"#,
            #"{"reports":[{"name":"a","outcome":"success","x":\#(values)}]}"#,
        ] {
            let reading = ReportBatch.read(Array(document.utf8), access: .anonymous)
            if isRead {
                #expect(reading.lines == ["a success"])
            } else {
                #expect(reading.lines.first?.hasPrefix("body is not JSON: the document has too many values") == true)
            }
        }
    }

    @Test("An item may have as many members as a document may have values, and a repeated last member is found")
    func unknownMembers() {
        let members = (0..<HTTPLimits.jsonValues - 5).map { #""\#($0)":0"# }.joined(separator: ",")
        let item = #"{"reports":[{"name":"a","outcome":"success",\#(members)"#
        #expect(ReportBatch.read(Array("\(item)}]}".utf8), access: .anonymous).lines == ["a success"])
        expect(Array(#"\#(item),"7":0}]}"#.utf8), #"the member "7" is repeated"#, at: item.utf8.count + 4)
    }

    private func expect(
        _ body: [UInt8],
        _ detail: String,
        at offset: Int,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let problem = Problem.invalid("body", "is not JSON: \(detail) (at byte \(offset))")
        #expect(ReportBatch.read(body, access: .anonymous) == .refused(problem), sourceLocation: sourceLocation)
        #expect(ReferenceBatch.read(body, access: .anonymous) == .refused(problem), sourceLocation: sourceLocation)
    }
}
