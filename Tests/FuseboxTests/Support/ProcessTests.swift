import Testing

/// Tests with processes of their own go one after the other: each wants the machine for itself.
@Suite(.serialized)
enum ProcessTests {}
