import ArgumentParser

struct CompletionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completion",
        abstract: "Print a script that has your shell complete this program's commands and options.",
        discussion: """
            Examples:
              source <(fusebox completion bash)          # in ~/.bashrc
              fusebox completion zsh > ~/.zfunc/_fusebox # a folder of your fpath
              fusebox completion fish > ~/.config/fish/completions/fusebox.fish
            """
    )

    @Argument(help: "bash, zsh or fish.")
    var shell: String

    func validate() throws {
        guard CompletionShell(rawValue: shell) != nil else {
            throw ValidationError("there are completions for bash, zsh and fish, not for \(shell)")
        }
    }

    func run() throws {
        guard let shell = CompletionShell(rawValue: shell) else { preconditionFailure("\(shell) was validated") }
        try Output.write(FuseboxCommand.completionScript(for: shell))
    }
}
