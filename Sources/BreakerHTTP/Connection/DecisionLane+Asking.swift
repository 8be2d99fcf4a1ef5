import NIOCore

extension DecisionLane {
    /// Decides a request. The answer is ready at once where nothing has to be stored; otherwise it comes from the
    /// writer's thread.
    func ask(_ part: Part, _ context: ChannelHandlerContext) {
        guard case .decision(let request, let client) = part else {
            preconditionFailure("the router's request was to be decided")
        }
        requestID = request.requestID
        connection.isServed = true
        let kind = request.decision.kind
        let eventLoop = context.eventLoop
        let bound = NIOLoopBound((lane: self, context: context), eventLoop: eventLoop)
        let answer = decisions.answer(request.decision, from: client) { answer in
            if eventLoop.inEventLoop {
                bound.value.lane.answer(answer, to: kind, bound.value.context)
            } else {
                eventLoop.execute { bound.value.lane.answer(answer, to: kind, bound.value.context) }
            }
        }
        if let answer { self.answer(answer, to: kind, context) }
    }

    private func answer(_ answer: Answer, to kind: DecisionKind, _ context: ChannelHandlerContext) {
        guard let persistence = sequencer.answered() else { return }
        meters.answered(kind, status: answer.status)
        connection.isServed = false
        deadlines.touch()
        write(answer, persistence, context)
        if persistence == .closes { close(context) }
        takeHeld(context)
    }
}
