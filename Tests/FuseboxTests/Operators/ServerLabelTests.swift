import BreakerAPI
import Testing

@testable import fusebox

@Suite("The name of a server on a terminal")
struct ServerLabelTests {
    private func heading(_ label: ServerLabel, on screen: Screen) -> String? {
        VersionDocument(version: "1", epoch: "5e1f09c4", label: label).heading(on: screen)
    }

    @Test("A server without a name has no heading")
    func nameless() {
        #expect(heading(ServerLabel(colour: .red), on: .plain) == nil)
    }

    @Test("The name is in its colour if the screen has colours")
    func colours() {
        let label = ServerLabel(name: "production", colour: .red)
        #expect(heading(label, on: .plain) == "production")
        let screen = Screen(width: 80, hasColors: true)
        #expect(heading(label, on: screen) == "\u{1b}[1;31mproduction\u{1b}[0m")
        #expect(heading(ServerLabel(name: "staging"), on: screen) == "\u{1b}[1mstaging\u{1b}[0m")
    }

    @Test("A name cannot control the terminal, and a colour of a later version is ignored")
    func strangers() {
        var document = VersionDocument(version: "1", epoch: "5e1f09c4", label: ServerLabel(name: "a\u{1b}b"))
        document.colour = "mauve"
        #expect(document.heading(on: .plain) == "a\u{fffd}b")
    }
}
