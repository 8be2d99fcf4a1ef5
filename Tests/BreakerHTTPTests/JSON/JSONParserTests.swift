import Testing

@testable import BreakerHTTP

@Suite("The JSON parser")
struct JSONParserTests {
    @Test(
        "Valid JSON is parsed to its value",
        arguments: [
            ("null", JSON.null), ("true", true), ("false", false), (" \t\r\n1 \t\r\n", .integer(1)),
            ("0", .integer(0)), ("-0", .integer(0)), ("9223372036854775807", .integer(.max)),
            ("-9223372036854775808", .integer(.min)), ("9223372036854775808", .decimal(9_223_372_036_854_775_808)),
            ("1.5", .decimal(1.5)), ("-1.5e3", .decimal(-1_500)), ("1E+2", .decimal(100)), ("1e-2", .decimal(0.01)),
            ("1.7976931348623157e308", .decimal(.greatestFiniteMagnitude)), ("0e1", .decimal(0)),
            ("1e-400", .decimal(0)),
            ("\"\"", ""), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"), (#""\u0041\u00e9\u00E9""#, "Aéé"),
            (#""\ud83d\ude00""#, "😀"), (#""\u0000""#, "\0"), ("\"😀é\u{7f}\"", "😀é\u{7f}"),
            (#""\ufffe""#, "\u{fffe}"),
            ("[]", .array([])), ("[ ]", .array([])), ("[1,2]", .array([.integer(1), .integer(2)])),
            ("{}", [:]), ("{ }", [:]), (#"{"b":1,"a":[{}]}"#, ["b": .integer(1), "a": .array([[:]])]),
            (#"{"":0}"#, ["": .integer(0)]),
            (brackets(15), nested(15)),
        ] as [(String, JSON)]
    )
    func reads(text: String, value: JSON) throws {
        #expect(try JSONParser.parse(Array(text.utf8)) == value)
    }

    @Test(
        "Invalid JSON is refused",
        arguments: [
            "", " ", "nul", "nulll", "True", "NaN", "Infinity", "-Infinity", "undefined", "'a'", "\u{feff}1", "1 2",
            "1,", "//1", "1//",
            "01", "-01", "00", "-", "+1", ".5", "1.", "1.e1", "1e", "1e+", "0x1", "1_000", "1e309", "-1e309", "--1",
            "\"", "\"a", "\"\u{1}\"", "\"\n\"", #""\x""#, #""\u12""#, #""\u12G4""#, #""\u+123""#, #""\ud800""#,
            #""\udc00""#,
            #""\ud800\u0041""#, #""\ud800\ud800""#, #""\"#,
            "[", "]", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "[1:2]",
            "{", "}", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{a:1}", "{1:1}", "{\"a\" 1}",
            "{\"a\":1 \"b\":2}", "{\"a\"}",
            #"{"a":1,"a":1}"#, #"{"a":1,"\u0061":1}"#, #"[{"x":{"a":1,"a":2}}]"#, "{\"a\":1}}",
            brackets(16), String(repeating: "{\"a\":", count: 100_000),
        ] as [String]
    )
    func refuses(text: String) {
        #expect(throws: JSONCursor.Failure.self) { try JSONParser.parse(Array(text.utf8)) }
    }

    @Test(
        "A JSON text that is not UTF-8 is refused",
        arguments: [
            [0xff], [0xc3], [0xc0, 0x80], [0xe2, 0x82], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0x80],
        ] as [[UInt8]]
    )
    func invalidUTF8(bytes: [UInt8]) {
        let document = [UInt8(ascii: "\"")] + bytes + [UInt8(ascii: "\"")]
        #expect(throws: JSONCursor.Failure.self) { try JSONParser.parse(document) }
    }

    @Test(
        "A parser error gives the mistake and its offset",
        arguments: [
            (#"{"a":1,"a":2}"#, "the member \"a\" is repeated", 10), ("[1,]", "a value is expected", 3),
            ("[1", "a comma or the end of the array is expected", 2), ("01", "a number must not begin with 0", 2),
            ("[1] x", "the document ends here, but more data follows", 4), ("", "the document ends too early", 0),
        ]
    )
    func says(text: String, detail: String, offset: Int) {
        #expect(throws: JSONCursor.Failure(detail: detail, offset: offset)) { try JSONParser.parse(Array(text.utf8)) }
    }

    @Test(
        "A JSON string may have at most 30 combining marks in a row, plain or escaped",
        arguments: [("\u{301}", 1), ("\u{f73}", 1), (#"\u0301"#, 1), (#"\u0316"# + "\u{301}", 2)]
    )
    func marks(some: String, each: Int) throws {
        func document(_ count: Int) -> [UInt8] {
            let marks = String(repeating: some, count: count / each) + (count % each == 0 ? "" : "\u{301}")
            return Array(#"{"a\#(marks)":"b\#(marks)"}"#.utf8)
        }
        #expect(throws: Never.self) { try JSONParser.parse(document(30)) }
        let failure = #expect(throws: JSONCursor.Failure.self) { try JSONParser.parse(document(31)) }
        #expect(failure?.detail == "a string may have at most 30 combining marks in a row")
    }

    @Test(
        "A JSON document may have at most the maximum number of values",
        arguments: [(HTTPLimits.jsonValues - 1, true), (HTTPLimits.jsonValues, false)]
    )
    func values(items: Int, isRead: Bool) {
        let text = "[" + String(repeating: "0,", count: items - 1) + "0]"
        if isRead {
            #expect(throws: Never.self) { try JSONParser.parse(text.utf8) }
        } else {
            let error = #expect(throws: JSONCursor.Failure.self) { try JSONParser.parse(text.utf8) }
            #expect(error?.detail == "the document has too many values")
        }
    }

    private static func brackets(_ depth: Int) -> String {
        String(repeating: "[", count: depth) + "1" + String(repeating: "]", count: depth)
    }

    private static func nested(_ depth: Int) -> JSON {
        (0..<depth).reduce(.integer(1)) { value, _ in .array([value]) }
    }
}
