/// The names of members that a reader knows, each with a number from 0 to 63.
protocol MemberName: RawRepresentable<Int> {
    /// - Returns: `nil` for a name that the reader does not know.
    init?(_ key: UnsafeBufferPointer<UInt8>)
}

extension JSONCursor {
    /// The empty set of names: the reader knows no member.
    enum NoName: Int, MemberName {
        case none

        init?(_ key: UnsafeBufferPointer<UInt8>) { nil }
    }

    enum Member<Name: MemberName> {
        case known(Name)
        case unknown(Text)
        /// The object has no more members.
        case end
    }

    /// The names that have occurred in one object so far. Known names are bits, and need no string.
    struct Members<Name: MemberName> {
        fileprivate var isEmpty = true
        private var known: UInt64 = 0
        /// Strings, so that two spellings of one name count as one, as they do for a reader of the tree.
        private var others: Set<String> = []

        /// - Returns: `false` where the object has the name already.
        fileprivate mutating func insert(_ name: Name) -> Bool {
            let bit: UInt64 = 1 << name.rawValue
            defer { known |= bit }
            return known & bit == 0
        }

        fileprivate mutating func insert(other name: String) -> Bool { others.insert(name).inserted }
    }

    /// Steps to the value of an object's next member, or past the end of the object.
    mutating func nextMember<Name>(of members: inout Members<Name>) throws(Failure) -> Member<Name> {
        skipSpace()
        if take("}") { return .end }
        if members.isEmpty {
            members.isEmpty = false
        } else {
            guard take(",") else { throw failure("a comma or the end of the object is expected") }
            skipSpace()
        }
        guard peek == UInt8(ascii: "\"") else { throw failure("a member's name is expected") }
        let key = try text()
        let name: Name? = key.withBytes(in: bytes) { Name($0) }
        guard name.map({ members.insert($0) }) ?? members.insert(other: key.string(in: bytes)) else {
            throw failure("the member \"\(key.string(in: bytes))\" is repeated")
        }
        skipSpace()
        guard take(":") else { throw failure("a colon is expected") }
        skipSpace()
        return name.map { .known($0) } ?? .unknown(key)
    }
}
