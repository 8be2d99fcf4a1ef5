import Testing

/// The tests that start processes. They run one after another, because each needs the whole machine.
@Suite(.serialized)
enum ProcessTests {}
