"""The page of all breakers."""

import re
import time

from playwright.sync_api import expect

from support import LIST, REFUSALS, DashboardTest, row, wait_until


class ListTests(DashboardTest):
    def test_a_trip_turns_the_row_red_and_moves_it_to_the_top_without_a_reload(self):
        server = self.serve()
        for name in ["a", "b", "payments"]:
            server.succeed(name)
        page = self.open(server, tolerates=REFUSALS)
        expect(page.locator("#status")).to_have_text("live")
        expect(row(page, "payments")).to_contain_text("Closed")
        page.evaluate("window.isSame = true")
        # The page cannot request the list again, so only the stream can bring the change.
        page.route(LIST, lambda route: route.abort())
        server.trip("payments")
        red = row(page, "payments")
        expect(red).to_contain_text("Open")
        expect(red).to_have_class("row open")
        expect(red).to_contain_text(re.compile(r"in \d+ s"))
        expect(red).to_contain_text("timeout from checkout-7")
        expect(page.locator("tr.row").first).to_contain_text("payments")
        expect(page.get_by_role("navigation").get_by_role("link", name="1 open")).to_be_visible()
        self.assertEqual(page.title(), "1 open · Fusebox")
        self.assertTrue(page.evaluate("window.isSame"), "the page was loaded anew")

    def test_a_breaker_that_opened_again_says_how_long_it_is_not_closed(self):
        server = self.serve()
        server.trip("payments")
        server.trip("search")
        server.call("POST", "/v1/breakers/payments/reset?to=half_open")
        page = self.open(server, tolerates=REFUSALS)
        expect(row(page, "payments")).to_contain_text(re.compile(r"not closed for \d+ "))
        expect(row(page, "search")).not_to_contain_text("not closed for")
        row(page, "payments").get_by_role("link", name="payments").click()
        expect(page.locator("main")).to_contain_text(re.compile(r"Half open for \d+ m?s · not closed for \d+ "))

    def test_breakers_that_need_attention_come_first(self):
        server = self.serve()
        for name in ["a", "near", "nearer", "open", "half", "forced", "shadowed"]:
            server.succeed(name)
        server.fail("near", 2)
        server.fail("nearer", 4)
        server.trip("open")
        server.trip("half")
        server.call("POST", "/v1/breakers/half/reset?to=half_open")
        server.override("forced", "force_closed", "the provider's health check lies")
        server.override("shadowed", "shadow", "a trial", None)
        page = self.open(server)
        expect(page.locator("tr.row")).to_have_count(7)
        names = [text.split("\n")[0] for text in page.locator("tr.row td.c1").all_inner_texts()]
        self.assertEqual(names, ["forced", "shadowed", "open", "half", "nearer", "near", "a"])
        expect(row(page, "forced")).to_contain_text("Forced closed")
        expect(row(page, "forced")).to_contain_text(re.compile(r"anonymous · \d+ min"))
        expect(row(page, "forced")).to_contain_text("the provider's health check lies")
        expect(row(page, "shadowed")).to_contain_text("until cleared")
        expect(row(page, "nearer")).to_contain_text("4 of 5 in a row")
        expect(row(page, "half")).to_contain_text("0 of 1 probes succeeded")
        page.get_by_label("Order").select_option("By name")
        wait_until(
            page,
            "the rows are in the order of their names",
            lambda: page.locator("tr.row td.c1 a").all_inner_texts()
            == ["a", "forced", "half", "near", "nearer", "open", "shadowed"],
        )

    def test_times_follow_the_clock_of_the_server(self):
        server = self.serve()
        server.trip("payments")
        for hours in [-5, 5]:
            with self.subTest(hours=hours):
                page = self.open(server, "/livez", tolerates=REFUSALS)
                page.clock.install(time=time.time() + hours * 3600)
                page.goto(server.url)
                expect(row(page, "payments").locator("td.c2")).to_have_text(re.compile(r"^\d+ s$"))
                expect(row(page, "payments").locator("td.c3")).to_have_text(re.compile(r"^in \d+ s$"))

    def test_rows_do_not_move_under_the_pointer_until_it_leaves(self):
        server = self.serve()
        for name in ["a", "b", "c", "d"]:
            server.succeed(name)
        page = self.open(server)
        row(page, "b").hover()
        before = row(page, "b").bounding_box()
        server.trip("d")
        expect(row(page, "d")).to_have_class("row open")
        button = page.get_by_role("button", name="1 row moved – reorder")
        expect(button).to_be_visible()
        self.assertEqual(row(page, "b").bounding_box(), before)
        self.assertEqual(page.locator("tr.row td.c1 a").all_inner_texts(), ["a", "b", "c", "d"])
        button.click()
        self.assertEqual(page.locator("tr.row td.c1 a").all_inner_texts(), ["d", "a", "b", "c"])
        server.trip("c")
        expect(button).to_be_visible()
        page.mouse.move(5, 5)
        wait_until(
            page,
            "the rows move once the pointer has left",
            lambda: page.locator("tr.row td.c1 a").all_inner_texts() == ["c", "d", "a", "b"],
        )

    def test_rows_do_not_move_while_one_of_them_has_the_focus(self):
        server = self.serve()
        for name in ["a", "b", "c"]:
            server.succeed(name)
        page = self.open(server)
        row(page, "a").get_by_role("link").focus()
        server.trip("c")
        expect(page.get_by_role("button", name="1 row moved – reorder")).to_be_visible()
        expect(page.get_by_role("link", name="a", exact=True)).to_be_focused()

    def test_the_row_with_the_focus_is_marked(self):
        server = self.serve()
        for name in ["a", "b"]:
            server.succeed(name)
        page = self.open(server)
        cell = row(page, "b").locator("td.c1")
        expect(cell).to_be_visible()
        before = cell.screenshot()
        page.get_by_label("Order").focus()
        page.keyboard.press("Tab")
        page.keyboard.press("ArrowDown")
        expect(page.get_by_role("link", name="b", exact=True)).to_be_focused()
        self.assertNotEqual(cell.screenshot(), before)

    def test_the_address_contains_the_search_and_the_filters(self):
        server = self.serve()
        for name in ["payments:charge", "payments:refund", "search"]:
            server.succeed(name)
        server.trip("payments:refund")
        page = self.open(server)
        expect(page.locator("tr.row")).to_have_count(3)
        page.keyboard.press("/")
        expect(page.get_by_label("Search")).to_be_focused()
        page.keyboard.type("PAY")
        expect(page.locator("tr.row")).to_have_count(2)
        self.assertIn("q=PAY", page.url)
        page.get_by_role("link", name="1 open").click()
        expect(page.locator("tr.row")).to_have_count(1)
        self.assertIn("state=open", page.url)
        page.reload()
        expect(page.locator("tr.row")).to_have_count(1)
        expect(page.get_by_label("Search")).to_have_value("PAY")
        page.go_back()
        expect(page.locator("tr.row")).to_have_count(2)
        page.get_by_label("Search").fill("nothing like it")
        expect(page.get_by_text("No breakers match.")).to_be_visible()
        page.get_by_role("link", name="Show all").click()
        expect(page.locator("tr.row")).to_have_count(3)

    def test_the_way_back_restores_the_scroll_position_and_the_search(self):
        server = self.serve()
        for number in range(80):
            server.succeed(f"service-{number:02}")
        page = self.open(server, "/?q=SERVICE")
        expect(row(page, "service-00")).to_be_visible()
        page.evaluate("scrollTo(0, 2900)")
        expect(row(page, "service-60")).to_be_in_viewport()
        place = page.evaluate("scrollY")
        self.assertGreater(place, 0)
        row(page, "service-60").get_by_role("link").click()
        expect(page.get_by_role("heading", name="service-60")).to_be_visible()
        self.assertEqual(page.evaluate("scrollY"), 0)
        server.trip("service-05")
        page.get_by_role("link", name="All breakers").click()
        expect(row(page, "service-60")).to_be_in_viewport()
        self.assertEqual(page.evaluate("scrollY"), place)
        self.assertIn("q=SERVICE", page.url)
        page.keyboard.press("Control+Home")
        expect(page.locator("tr.row").first).to_contain_text("service-05")

    def test_a_focused_row_keeps_the_focus_when_it_is_scrolled_out_of_view(self):
        server = self.serve()
        for number in range(120):
            server.succeed(f"service-{number:03}")
        page = self.open(server)
        link = page.get_by_role("link", name="service-001", exact=True)
        link.focus()
        page.mouse.wheel(0, 4_000)
        expect(row(page, "service-080")).to_be_visible()
        expect(link).to_be_focused()
        self.assertLess(page.locator("tr.row").count(), 60)
        page.keyboard.press("ArrowDown")
        expect(page.get_by_role("link", name="service-002", exact=True)).to_be_focused()
        expect(row(page, "service-002")).to_be_in_viewport()

    def test_a_pending_search_does_not_replace_the_page_of_a_breaker_with_the_list(self):
        server = self.serve()
        server.succeed("payments")
        page = self.open(server)
        expect(row(page, "payments")).to_be_visible()
        page.evaluate(
            """() => {
                const search = document.getElementById("search");
                search.value = "pay";
                search.dispatchEvent(new Event("input"));
                document.querySelector("tr.row a").click();
            }"""
        )
        page.wait_for_timeout(400)
        expect(page.get_by_role("heading", name="payments")).to_be_visible()

    def test_an_answer_that_is_older_than_a_change_does_not_undo_it(self):
        server = self.serve()
        for name in ["a", "b"]:
            server.succeed(name)
        page = self.open(server, tolerates=REFUSALS)
        expect(row(page, "b")).to_be_visible()
        held = []
        page.route(LIST, lambda route: held.append((route, route.fetch())))
        page.route("**/v1/breakers/*", lambda route: route.abort())
        wait_until(page, "the page requests the list again", lambda: held)
        server.override("a", "shadow", "a trial")
        server.call("DELETE", "/v1/breakers/b")
        expect(row(page, "a")).to_contain_text("Shadow")
        expect(row(page, "b")).to_have_count(0)
        page.route(LIST, lambda route: route.continue_())
        for route, answer in held:
            route.fulfill(response=answer)
        with page.expect_request(LIST):
            pass
        expect(row(page, "a")).to_contain_text("Shadow")
        expect(row(page, "b")).to_have_count(0)

    def test_the_page_does_not_miss_a_change_before_the_first_answer(self):
        server = self.serve()
        server.succeed("payments")
        page = self.open(server, "/livez", tolerates=REFUSALS)
        held = []
        page.route(LIST, lambda route: held.append((route, route.fetch())))
        page.goto(server.url)
        expect(page.locator("#status")).to_have_text("live")
        wait_until(page, "the page requests the list", lambda: held)
        server.trip("payments")
        page.wait_for_timeout(500)
        # The page has no other source for the change.
        page.route("**/v1/breakers/*", lambda route: route.abort())
        page.route(LIST, lambda route: route.abort())
        for route, answer in held:
            route.fulfill(response=answer)
        expect(row(page, "payments")).to_have_class("row open")

    def test_all_of_many_simultaneous_new_breakers_appear(self):
        server = self.serve()
        server.succeed("service-000")
        page = self.open(server)
        expect(row(page, "service-000")).to_be_visible()
        reports = [{"name": f"service-{number:03}", "outcome": "success"} for number in range(300)]
        server.call("POST", "/v1/reports", {"reports": reports})
        expect(row(page, "service-001")).to_be_visible()

        def reach_the_end():
            page.keyboard.press("End")
            return row(page, "service-299").count() > 0

        wait_until(page, "the last row is there", reach_the_end)

    def test_a_row_appears_when_it_matches_the_filter_and_disappears_when_it_does_not(self):
        server = self.serve()
        for name in ["a", "b"]:
            server.succeed(name)
        page = self.open(server, "/?state=open")
        expect(page.get_by_text("No breakers match.")).to_be_visible()
        server.trip("b")
        expect(row(page, "b")).to_be_visible()
        server.call("POST", "/v1/breakers/b/reset")
        expect(page.locator("tr.row")).to_have_count(0)

    def test_an_empty_panel_shows_the_curl_command_that_creates_a_breaker(self):
        server = self.serve()
        page = self.open(server)
        line = page.get_by_label("ask whether a call may go through").first
        expect(line).to_have_text(f"curl -X POST {server.url}/v1/breakers/payments/acquire")
        server.acquire("payments")
        expect(row(page, "payments")).to_be_visible()
        expect(line).to_have_count(0)
        server.call("DELETE", "/v1/breakers/payments")
        expect(line).to_be_visible()

    def test_a_list_of_ten_thousand_breakers_scrolls(self):
        server = self.serve(settings={"FUSEBOX_MAX_BREAKERS": "10100"})
        names = [f"service-{number:05}" for number in range(10_000)]
        reports = [{"name": name, "outcome": "success"} for name in names]
        server.call("POST", "/v1/reports", {"reports": reports})
        page = self.open(server)
        expect(row(page, names[0])).to_be_visible()
        expect(page.get_by_role("link", name="10,000 all")).to_be_visible()

        def reach_the_end():
            page.keyboard.press("End")
            return row(page, names[-1]).count() > 0

        wait_until(page, "the last row is there", reach_the_end)
        page.keyboard.press("End")
        expect(row(page, names[-1])).to_be_in_viewport()
        # The other rows have no elements on the page.
        self.assertLess(page.locator("tr.row").count(), 100)
        server.trip(names[9_990])
        expect(page.get_by_role("link", name="1 open")).to_be_visible()
        page.keyboard.press("Home")
        expect(page.locator("tr.row").first).to_contain_text(names[9_990])
        page.mouse.wheel(0, 200_000)
        expect(row(page, names[0])).to_have_count(0)
        self.assertGreater(page.locator("tr.row").count(), 10)

    def test_the_last_hour_is_shown_as_a_chart_and_as_text(self):
        server = self.serve()
        server.succeed("payments")
        page = self.open(server, "/livez", tolerates=REFUSALS)
        history = {"successes": [7] * 29 + [0], "failures": [1] * 30, "denied": [0] * 29 + [12]}

        def add(route):
            answer = route.fetch()
            document = answer.json()
            for breaker in document["breakers"]:
                breaker["history"] = history
            route.fulfill(response=answer, json=document)

        page.route("**/v1/breakers?*", add)
        page.goto(server.url)
        image = row(page, "payments").get_by_role("img")
        expect(image).to_have_accessible_name("last hour: 30 of 233 calls failed, 12 denied")
        counts = [image.locator(f"rect.{kind}").count() for kind in history]
        self.assertEqual(counts, [29, 30, 1])
        page.unroute_all(behavior="ignoreErrors")

    def test_denials_are_shown_as_a_rate_per_second(self):
        server = self.serve()
        server.trip("payments")
        page = self.open(server)
        cell = row(page, "payments").locator("td.c6")
        expect(cell).to_have_text("0")
        for _ in range(200):
            server.acquire("payments")
        wait_until(page, "a rate is shown", lambda: float(cell.inner_text()) > 0)
