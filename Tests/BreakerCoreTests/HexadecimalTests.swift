import BreakerCore
import Testing

@Suite("Hexadecimal digits")
struct HexadecimalTests {
    @Test(
        "A number is written in lower case, with as many digits as its type has",
        arguments: [(0, "00000000"), (0x1f3a, "00001f3a"), (.max, "ffffffff")] as [(UInt32, String)]
    )
    func number(value: UInt32, text: String) {
        #expect(value.hexadecimal == text)
        #expect(UInt32(hexadecimal: text) == value)
    }

    @Test(
        "A number with another count of digits, in upper case or with other characters is not read",
        arguments: ["", "0001f3a", "000001f3a", "00001F3A", "+0001f3a", "0x001f3a", "0000１f3a", "0000gf3a"]
    )
    func noNumber(text: String) {
        #expect(UInt32(hexadecimal: text) == nil)
    }

    @Test("Each byte is written as two digits in lower case, and is read in upper case too")
    func bytes() {
        let bytes: [UInt8] = [0, 9, 10, 0x1f, 0xa0, 255]
        #expect(bytes.hexadecimal == "00090a1fa0ff")
        #expect([UInt8](hexadecimal: "00090a1fa0ff") == bytes)
        #expect([UInt8](hexadecimal: "00090A1FA0FF") == bytes)
        #expect([UInt8](hexadecimal: "")?.isEmpty == true)
        #expect([UInt8]().hexadecimal == "")
    }

    @Test(
        "Bytes with an odd count of digits or with other characters are not read",
        arguments: ["0", "abc", "0g", "g0", "+f", " f", "f ", "-f", "0x", "：0", "é"]
    )
    func noBytes(text: String) {
        #expect([UInt8](hexadecimal: text) == nil)
    }

    @Test("The value of a digit is that of the character", arguments: UInt8(0)...255)
    func digit(byte: UInt8) {
        let value = Character(Unicode.Scalar(byte)).hexDigitValue
        #expect(byte.hexDigitValue.map { Int($0) } == value)
    }
}
