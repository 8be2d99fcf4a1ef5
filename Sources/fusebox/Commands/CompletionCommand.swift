import ArgumentParser

struct CompletionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completion",
        abstract: "Print a script that makes your shell complete the commands and options of fusebox.",
        discussion: """
            Examples:
              source <(fusebox completion bash)          # in ~/.bashrc
              fusebox completion zsh > ~/.zfunc/_fusebox # a folder of your fpath
              fusebox completion fish > ~/.config/fish/completions/fusebox.fish
            """
    )

    @Argument(help: "The shell: bash, zsh or fish.")
    var shell: String

    func validate() throws {
        guard CompletionShell(rawValue: shell) != nil else {
            throw ValidationError("the shell must be bash, zsh or fish, not \(shell)")
        }
    }

    func run() throws {
        guard let shell = CompletionShell(rawValue: shell) else { preconditionFailure("\(shell) was validated") }
        try Output.write(FuseboxCommand.completionScript(for: shell))
    }
}
