import NIOCore

extension DecisionLane {
    /// Has a request decided. The answer is there at once where nothing has to be stored; else it comes from the
    /// writer's thread.
    func ask(_ part: Part, _ context: ChannelHandlerContext) {
        guard case .decision(let request) = part else { preconditionFailure("the router's request was to be decided") }
        requestID = request.requestID
        let kind = request.decision.kind
        if let answer = decisions.answerAtOnce(request.decision) {
            self.answer(answer, to: kind, context)
            return
        }
        connection.isServed = true
        let eventLoop = context.eventLoop
        let bound = NIOLoopBound((lane: self, context: context), eventLoop: eventLoop)
        decisions.answer(request.decision, from: request.client) { answer in
            if eventLoop.inEventLoop {
                bound.value.lane.answer(answer, to: kind, bound.value.context)
            } else {
                eventLoop.execute { bound.value.lane.answer(answer, to: kind, bound.value.context) }
            }
        }
    }

    private func answer(_ answer: Answer, to kind: DecisionKind, _ context: ChannelHandlerContext) {
        guard let persistence = turn.answered() else { return }
        meters.answered(kind, status: answer.status)
        connection.isServed = false
        deadlines.touch()
        write(answer, persistence, context)
        if persistence == .closes { close(context) }
        takeHeld(context)
    }
}
