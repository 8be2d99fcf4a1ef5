"""The page's connection to the server, and whether the page shows the server's true state."""

import signal
import threading

from playwright.sync_api import expect

from support import LIST, REFUSALS, DashboardTest, Proxy, row, wait_until

# Counts the pieces of the list's answers as they arrive.
COUNT_PIECES = """
    const original = window.fetch;
    window.pieces = 0;
    window.givenUp = 0;
    window.fetch = async (url, options) => {
        options.signal?.addEventListener("abort", () => window.givenUp += 1);
        const response = await original(url, options);
        if (!String(url).includes("include=history") || response.body === null) return response;
        const counter = new TransformStream({
            transform(piece, controller) {
                window.pieces += 1;
                controller.enqueue(piece);
            },
        });
        return new Response(response.body.pipeThrough(counter), response);
    };
"""


class StreamTests(DashboardTest):
    def test_the_page_is_stale_without_a_server_and_misses_no_change_after_a_restart(self):
        server = self.serve()
        for name in ["a", "b", "payments"]:
            server.succeed(name)
        page = self.open(server, tolerates=REFUSALS)
        status = page.locator("#status")
        expect(status).to_have_text("live")
        expect(row(page, "payments")).to_contain_text("Closed")
        page.evaluate("window.isSame = true")
        server.kill()
        expect(status).to_contain_text("stale for")
        expect(page).to_have_title("stale · Fusebox")
        first = status.inner_text()
        expect(status).not_to_have_text(first)
        server.start()
        # This happens at once, before the page has reconnected.
        server.trip("payments")
        server.succeed("later")
        expect(status).to_have_text("live")
        expect(row(page, "payments")).to_have_class("row open")
        expect(row(page, "later")).to_be_visible()
        expect(page.get_by_role("alert").filter(has_text="does not answer")).to_have_count(0)
        expect(page).to_have_title("1 open · Fusebox")
        self.assertTrue(page.evaluate("window.isSame"), "the page was loaded anew")

    def test_the_page_resumes_the_stream_after_the_last_change(self):
        server = self.serve()
        server.succeed("payments")
        page = self.open(server, tolerates=REFUSALS)
        expect(page.locator("#status")).to_have_text("live")
        asked = []
        page.on("request", lambda request: asked.append(request) if "/v1/events" in request.url else None)
        server.trip("payments")
        expect(row(page, "payments")).to_have_class("row open")
        revision = server.call("GET", "/v1/breakers/payments")["last_transition"]["revision"]
        server.kill()
        expect(page.locator("#status")).to_contain_text("stale")
        server.start()
        expect(page.locator("#status")).to_have_text("live")
        self.assertGreaterEqual(int(asked[-1].all_headers()["last-event-id"].split("-")[-1]), revision)

    def test_rows_do_not_move_under_the_pointer_when_the_server_sends_everything_again(self):
        server = self.serve()
        for name in ["a", "b", "c", "d"]:
            server.succeed(name)
        for _ in range(20):
            server.call("POST", "/v1/breakers/a/reset")
        page = self.open(server, tolerates=REFUSALS)
        row(page, "b").hover()
        # The other database has fewer revisions, so the server does not know the page's revision.
        server.replace_database()
        for name in ["a", "b", "e"]:
            server.succeed(name)
        server.trip("d")
        expect(row(page, "d")).to_have_class("row open")
        expect(row(page, "c")).to_have_class("row deleted")
        self.assertEqual(page.locator("tr.row td.c1 a").all_inner_texts(), ["a", "b", "c", "d"])
        expect(page.get_by_role("button", name="2 rows moved – reorder")).to_be_visible()
        page.mouse.move(5, 5)
        wait_until(
            page,
            "the rows move once the pointer has left",
            lambda: page.locator("tr.row td.c1 a").all_inner_texts() == ["d", "a", "b", "e"],
        )

    def test_breakers_of_a_replaced_database_disappear_although_the_list_cannot_be_requested(self):
        server = self.serve()
        for name in ["a", "b"]:
            server.succeed(name)
        page = self.open(server, tolerates=REFUSALS)
        expect(row(page, "b")).to_be_visible()
        expect(page.locator("#status")).to_have_text("live")
        page.route(LIST, lambda route: route.abort())
        server.replace_database()
        expect(page.locator("tr.row")).to_have_count(0)
        server.succeed("a")
        expect(row(page, "a")).to_be_visible()

    def test_an_answer_from_before_a_resync_does_not_bring_its_breakers_back(self):
        server = self.serve()
        for name in ["a", "b"]:
            server.succeed(name)
        page = self.open(server, tolerates=REFUSALS)
        expect(row(page, "b")).to_be_visible()
        expect(page.locator("#status")).to_have_text("live")
        held = []
        page.route(LIST, lambda route: held.append((route, route.fetch())))
        wait_until(page, "the page requests the list again", lambda: held)
        page.route(LIST, lambda route: route.abort())
        server.replace_database()
        expect(page.locator("tr.row")).to_have_count(0)
        for route, answer in held:
            route.fulfill(response=answer)
        # The page requests the list again after it has handled the held answer.
        with page.expect_request(LIST):
            pass
        self.assertEqual(page.locator("tr.row").count(), 0)

    def test_a_complete_list_removes_deleted_breakers_while_there_is_no_stream(self):
        server = self.serve()
        for name in ["a", "b"]:
            server.succeed(name)
        page = self.open(server, "/livez", tolerates=REFUSALS)
        page.route("**/v1/events*", lambda route: route.abort())
        page.goto(server.url)
        expect(row(page, "b")).to_be_visible()
        server.call("DELETE", "/v1/breakers/b")
        expect(row(page, "b")).to_have_count(0)
        expect(row(page, "a")).to_be_visible()

    def test_an_answer_that_arrives_slowly_is_not_given_up(self):
        server = self.serve()
        for name in ["a", "b"]:
            server.succeed(name)
        pieces = threading.Semaphore(1)

        def wait(path):
            if LIST.search(path):
                pieces.acquire(timeout=60)

        with Proxy(server, "/slow", piece_bytes=300, before_piece=wait) as url:
            behind = type("Behind", (), {"url": url})
            page = self.open(behind, "/slow/livez", tolerates=REFUSALS)
            page.add_init_script(COUNT_PIECES)
            page.clock.install()
            page.goto(url + "/slow/")
            # Together these pauses are longer than the page waits for the beginning of an answer.
            for number in range(1, 4):
                wait_until(page, "a piece arrives", lambda: page.evaluate("window.pieces") >= number)
                page.clock.fast_forward(10_000)
                pieces.release()
            pieces.release(1_000)
            expect(row(page, "a")).to_be_visible()
            self.assertEqual(page.evaluate("window.givenUp"), 0)

    def test_the_page_reports_and_replaces_a_connection_that_hangs(self):
        server = self.serve()
        server.succeed("payments")
        page = self.open(server, "/livez", tolerates=REFUSALS)
        page.clock.install()
        page.goto(server.url)
        status = page.locator("#status")
        expect(status).to_have_text("live")
        server.process.send_signal(signal.SIGSTOP)
        page.clock.fast_forward(21_000)
        expect(status).to_contain_text("stale for")
        # A request in flight ends together with the connection.
        page.clock.fast_forward(20_000)
        server.process.send_signal(signal.SIGCONT)
        server.trip("payments")
        page.clock.fast_forward(1_000)
        expect(status).to_have_text("live")
        expect(row(page, "payments")).to_have_class("row open")

    def test_a_hidden_page_closes_its_stream_and_polls(self):
        server = self.serve()
        server.succeed("payments")
        page = self.open(server, "/livez", tolerates=REFUSALS)
        page.clock.install()
        begun, ended = [], []
        page.on("request", lambda request: begun.append(request) if "/v1/events" in request.url else None)
        page.on("requestfailed", lambda request: ended.append(request) if "/v1/events" in request.url else None)
        page.goto(server.url)
        expect(page.locator("#status")).to_have_text("live")
        see = """isHidden => {
            Object.defineProperty(document, "hidden", { value: isHidden, configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
        }"""
        page.evaluate(see, True)
        page.clock.fast_forward(2_000)
        page.clock.fast_forward(62_000)
        wait_until(page, "the connection ends", lambda: len(ended) == 1)
        # The page's own requests are answered before anything changes.
        with page.expect_request_finished(lambda request: "/v1/breakers" in request.url):
            page.clock.fast_forward(62_000)
        server.trip("payments")
        expect(page).to_have_title("Fusebox")
        page.clock.fast_forward(62_000)
        expect(page).to_have_title("1 open · Fusebox")
        self.assertEqual(len(begun), 1)
        server.kill()
        page.clock.fast_forward(62_000)
        expect(page).to_have_title("stale · 1 open · Fusebox")
        server.start()
        page.evaluate(see, False)
        expect(page.locator("#status")).to_have_text("live")
        expect(row(page, "payments")).to_have_class("row open")
        self.assertEqual(len(begun), 2)

    def test_the_page_requests_the_list_again_after_a_failure(self):
        server = self.serve()
        server.trip("payments")
        page = self.open(server, "/livez", tolerates=REFUSALS)
        page.route("**/v1/breakers?*", lambda route: route.abort())
        page.goto(server.url)
        expect(page.get_by_role("alert")).to_have_text("The server does not answer.")
        page.unroute("**/v1/breakers?*")
        expect(row(page, "payments")).to_be_visible()
        expect(page.get_by_role("alert")).to_have_count(0)

    def test_a_page_that_is_opened_without_a_server_recovers_once_the_server_answers(self):
        server = self.serve()
        server.trip("payments")
        page = self.open(server, tolerates=REFUSALS)
        expect(row(page, "payments")).to_be_visible()
        page.route("**/v1/session", lambda route: route.abort())
        page.reload()
        expect(page.get_by_text("The server does not answer.")).to_be_visible()
        page.unroute("**/v1/session")
        expect(row(page, "payments")).to_be_visible()
