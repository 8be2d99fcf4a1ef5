"""The page's connection to the server, and whether the page shows the server's true state."""

import signal

from playwright.sync_api import expect

from support import REFUSALS, DashboardTest, row, wait_until


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
        server.kill()
        # The other database has fewer revisions, so the server does not know the page's revision.
        for file in server.folder.glob("f.db*"):
            file.unlink()
        server.start()
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
