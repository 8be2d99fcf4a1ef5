import Foundation

/// A question that the user answers with yes or no.
enum Confirmation {
    /// - Parameter question: a printable text.
    /// - Returns: whether the answer is `y` or `yes`. The end of the input counts as a no.
    static func isGiven(_ question: String) throws -> Bool {
        try Output.write("\(question) [y/N] ", to: STDERR_FILENO)
        return ["y", "yes"].contains(readLine()?.lowercased() ?? "")
    }
}
