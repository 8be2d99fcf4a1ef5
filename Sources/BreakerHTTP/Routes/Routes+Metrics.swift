import BreakerAPI
import BreakerEngine
import HTTPTypes
import NIOPosix

extension Routes {
    /// - Parameter breakers: the number of breakers that get their own series.
    static func metrics(_ engine: Engine, meters: HTTPMeters, breakers: Int) -> [Route] {
        [
            Route(.get, Paths.metrics, .read) { context in
                let page = MetricsPage(
                    panel: await engine.panelReading(visible: context.access.scope, limit: breakers),
                    writer: await engine.writerReading(),
                    meters: meters
                )
                return Answer(
                    fields: [.contentType: "text/plain; version=0.0.4; charset=utf-8", .cacheControl: "no-store"],
                    body: try await NIOThreadPool.singleton.runIfActive { page.bytes() }
                )
            }
        ]
    }
}
