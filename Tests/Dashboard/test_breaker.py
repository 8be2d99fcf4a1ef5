"""The page of one breaker, and what an operator can change there."""

import datetime
import re
import time

from playwright.sync_api import expect

from support import REFUSALS, ROOT, DashboardTest, breaker_path, row, wait_until


class BreakerTests(DashboardTest):
    def test_the_page_shows_the_cause_the_transitions_and_the_failures(self):
        server = self.serve()
        server.succeed("payments", 20)
        server.trip("payments")
        page = self.open(server)
        row(page, "payments").get_by_role("link").click()
        expect(page.get_by_role("heading", name="payments")).to_be_visible()
        expect(page).to_have_title("payments · Fusebox")
        expect(page.get_by_role("region", name="Why")).to_contain_text("5 consecutive failures")
        expect(page.get_by_role("region", name="Why")).to_contain_text(re.compile(r"in \d+ s:"))
        timeline = page.get_by_role("region", name="Timeline")
        expect(timeline).to_contain_text("Closed → Open")
        failures = page.get_by_role("region", name="Failures")
        expect(failures.get_by_role("row")).to_have_count(6)
        expect(failures).to_contain_text("no response within 5 s")
        policy = page.get_by_role("region", name="Policy")
        expect(policy).to_contain_text("From the built-in default.")
        curl = page.get_by_label("explain the state", exact=True)
        expect(curl).to_have_text(f"curl {server.url}/v1/breakers/payments/explain")
        server.call("POST", "/v1/breakers/payments/reset")
        expect(page.locator(".head .badge")).to_have_text("Closed")
        expect(timeline).to_contain_text("Open → Closed")
        page.go_back()
        expect(row(page, "payments")).to_be_visible()

    def test_outcomes_are_shown_as_a_chart_and_as_text(self):
        server = self.serve()
        server.succeed("payments", 20)
        server.trip("payments")
        page = self.open(server, breaker_path("payments"), tolerates=REFUSALS)
        outcomes = page.get_by_role("region", name="Outcomes")
        expect(page.get_by_role("region", name="Timeline")).to_contain_text("Closed → Open")
        expect(outcomes).to_contain_text("20 successes, 5 failures")
        expect(outcomes.locator("rect.failures")).not_to_have_count(0)
        outcomes.locator(".chart-box").focus()
        page.keyboard.press("End")
        expect(outcomes.locator("#reading")).not_to_contain_text("last 1 h")
        outcomes.get_by_role("button", name="7 d").click()
        expect(outcomes.locator("#reading")).to_contain_text("last 7 d: 20 successes")
        outcomes.get_by_text("As numbers").click()
        expect(outcomes.get_by_role("row").nth(1)).to_contain_text("20")

    def test_each_minute_of_the_outcomes_can_be_selected(self):
        server = self.serve()
        server.trip("payments")
        page = self.open(server, "/livez", tolerates=REFUSALS)
        points = [point(minute, successes=100, allowed=100) for minute in range(60)]
        points[58].update(successes=40, failures=60, slow=3)
        points[59].update(successes=0, allowed=0, denied=900)
        history = {"name": "payments", "from": points[0]["at"], "to": "", "step_ms": 60_000, "points": points}
        page.route("**/history?*", lambda route: route.fulfill(json=history))
        page.goto(server.url + breaker_path("payments"))
        outcomes = page.get_by_role("region", name="Outcomes")
        reading = outcomes.locator("#reading")
        total = "5,840 successes, 60 failures, 3 slow, 0 ignored, 5,900 allowed, 900 denied"
        expect(reading).to_have_text(f"last 1 h: {total}")
        self.assertEqual(outcomes.locator("rect.successes").count(), 59)
        # All at once, because the page may draw the chart again in between.
        tops = outcomes.evaluate(
            """region => [".chart line", "rect.denied", "rect.failures"].map(
                selector => region.querySelector(selector).getBoundingClientRect().top
            )"""
        )
        axis, denied, failures = tops
        self.assertGreater(denied, axis)
        self.assertLess(failures, axis)
        outcomes.locator(".chart-box").focus()
        page.keyboard.press("End")
        expect(reading).to_contain_text("0 successes, 0 failures, 0 slow, 0 ignored, 0 allowed, 900 denied")
        page.keyboard.press("ArrowLeft")
        expect(reading).to_contain_text("40 successes, 60 failures, 3 slow")
        outcomes.locator(".chart-box").hover()
        expect(reading).to_contain_text("100 successes, 0 failures")
        outcomes.get_by_text("As numbers").click()
        expect(outcomes.get_by_role("row")).to_have_count(61)

    def test_the_time_in_each_state_says_since_when_it_is_known(self):
        server = self.serve()
        server.succeed("payments")
        # The page requests the newest hundred transitions.
        for _ in range(120):
            server.call("POST", "/v1/breakers/payments/reset")
        page = self.open(server, breaker_path("payments"))
        outcomes = page.get_by_role("region", name="Outcomes")
        expect(outcomes).to_contain_text(re.compile(r"Time in each state since \d\d:\d\d:\d\d: closed"))

    def test_all_times_are_in_the_named_time_zone_and_an_operator_can_choose_utc(self):
        server = self.serve()
        server.trip("payments")
        at = server.call("GET", "/v1/breakers/payments")["last_failure"]["at"]
        utc = at[11:19]
        tokyo = (datetime.datetime.fromisoformat(at[:19]) + datetime.timedelta(hours=9)).strftime("%H:%M:%S")
        page = self.open(server, timezone_id="Asia/Tokyo")
        zone = page.get_by_label("Time zone")
        expect(zone).to_have_value("Asia/Tokyo")
        expect(row(page, "payments").locator("td.c7")).to_contain_text(tokyo)
        zone.select_option("UTC")
        expect(row(page, "payments").locator("td.c7")).to_contain_text(utc)
        page.goto(server.url + breaker_path("payments"))
        expect(zone).to_have_value("UTC")
        expect(page.get_by_role("region", name="Failures").locator("tbody time").first).to_contain_text(utc)
        why = page.get_by_role("region", name="Why")
        expect(why).to_contain_text(f"since {utc} (")
        expect(why).not_to_contain_text("UTC")
        zone.select_option("Asia/Tokyo")
        expect(why).to_contain_text(f"since {tokyo} (")
        expect(page.get_by_role("region", name="Failures").locator("tbody time").first).to_contain_text(tokyo)

    def test_an_older_explanation_does_not_replace_a_later_one(self):
        server = self.serve()
        server.succeed("payments")
        page = self.open(server, "/livez", tolerates=REFUSALS)
        held = []
        page.route("**/explain", lambda route: route.continue_() if held else held.append((route, route.fetch())))
        page.goto(server.url + breaker_path("payments"))
        wait_until(page, "the page requests the explanation", lambda: held)
        page.evaluate(
            """() => {
                const node = document.querySelector(".explanation");
                window.texts = [];
                new MutationObserver(() => window.texts.push(node.textContent)).observe(node, { childList: true });
            }"""
        )
        server.trip("payments")
        expect(page.locator(".head .badge")).to_have_text("Open")
        for route, answer in held:
            route.fulfill(response=answer)
        # The page requests the explanation again after it has handled the held answer.
        with page.expect_request("**/explain"):
            pass
        expect(page.locator(".explanation")).to_contain_text("has been open")
        states = ["open" if "has been open" in text else "closed" for text in page.evaluate("window.texts")]
        self.assertEqual(states, sorted(states))

    def test_a_breaker_that_changes_all_the_time_causes_one_request_and_one_more_after_it(self):
        server = self.serve()
        server.succeed("payments")
        page = self.open(server, "/livez", tolerates=REFUSALS)
        page.clock.install()
        page.goto(server.url + breaker_path("payments"))
        expect(page.locator("#status")).to_have_text("live")
        expect(page.get_by_role("region", name="Why")).to_contain_text("has been closed")
        page.clock.pause_at(time.time() + 2)
        asked = []
        page.on("request", lambda request: asked.append(request) if request.url.endswith("/payments") else None)
        for _ in range(50):
            server.call("POST", "/v1/breakers/payments/reset")
        server.call("POST", "/v1/breakers/payments/reset?to=half_open")
        expect(page.get_by_role("status")).to_have_text("payments is half open.")
        self.assertLessEqual(len(asked), 1)
        page.clock.run_for(2_000)
        expect(page.locator(".head .badge")).to_have_text("Half open")

    def test_failures_are_grouped_by_kind_and_by_reporter(self):
        server = self.serve()
        server.trip("payments")
        page = self.open(server, "/livez", tolerates=REFUSALS)
        timeout = {"kind": "timeout", "failures": 256, "share": 0.82, "reporters": []}
        summary = {
            "name": "payments", "failures": 312, "text": "82 % timeout; 90 % of them from checkout-7",
            "kinds": [timeout, {"kind": None, "failures": 56, "share": 0.18, "reporters": []}],
            "reporters": [{"reporter": "checkout-7", "failures": 312, "share": 1}],
        }
        page.route("**/failures/summary*", lambda route: route.fulfill(json=summary))
        page.goto(server.url + breaker_path("payments"))
        failures = page.get_by_role("region", name="Failures")
        expect(failures).to_contain_text(summary["text"])
        groups = failures.get_by_role("listitem")
        expect(groups).to_have_text(["timeout82 % · 256", "no kind18 % · 56", "checkout-7100 % · 312"])

    def test_rows_do_not_move_while_an_operator_reads_them(self):
        server = self.serve()
        server.fail("payments", kind="first")
        server.call("PATCH", "/v1/breakers/payments", {"policy": {"failure_threshold": None}})
        page = self.open(server, breaker_path("payments"))
        failures = page.get_by_role("region", name="Failures")
        rows = failures.locator("tbody tr")
        expect(rows).to_have_count(1)
        rows.first.hover()
        server.fail("payments", kind="second")
        newer = failures.get_by_role("button", name="Show newer")
        expect(newer).to_be_visible()
        expect(rows).to_have_count(1)
        newer.click()
        expect(rows).to_have_count(2)
        expect(newer).to_be_hidden()
        expect(failures.get_by_role("group", name="Individual failures")).to_be_focused()
        server.fail("payments", kind="third")
        expect(newer).to_be_visible()
        page.get_by_role("heading", name="Why").click()
        page.get_by_role("link", name="All breakers").focus()
        expect(rows).to_have_count(3)
        server.fail("payments", 30, kind="more")
        expect(rows).to_have_count(25)
        failures.get_by_role("button", name="Show earlier").click()
        expect(rows).to_have_count(33)
        expect(failures.get_by_role("group", name="Individual failures")).to_be_focused()
        page.get_by_role("link", name="All breakers").focus()
        server.fail("payments", kind="last")
        # The page does not jump to the newest failures while an operator reads older ones.
        expect(newer).to_be_visible()
        expect(rows).to_have_count(33)

    def test_the_audit_shows_who_changed_the_breaker_and_how(self):
        server = self.serve("operator")
        server.succeed("payments")
        server.succeed("search")
        policy = {"failure_threshold": 7, "failure_rate_threshold": 0.5}
        server.call("PATCH", "/v1/breakers/payments", {"policy": policy})
        server.override("payments", "force_open", "provider maintenance", 1_800_000)
        server.override("payments", "shadow", "a trial", None)
        server.call("DELETE", "/v1/breakers/payments/override")
        server.call("POST", "/v1/breakers/payments/reset")
        server.override("search", "shadow", "another breaker")
        page = self.open(server, breaker_path("payments"))
        self.sign_in(page, server, "operator")
        audit = page.get_by_role("region", name="Audit")
        entries = audit.locator(".audit > li")
        expect(entries).to_have_count(5)
        forced = "Forced open for 30 min: provider maintenance"
        source = "source: the built-in default → set through the API"
        expected = [
            ["Reset", "Half open → Closed"],
            ["Override cleared", "Shadow until cleared: a trial"],
            ["Override set", "Shadow until cleared: a trial", "instead of " + forced],
            ["Override set", forced],
            ["Policy changed", "failure_threshold: 5 → 7", "failure_rate_threshold: off → 50 %", source],
        ]
        for index, (action, *changes) in enumerate(expected):
            expect(entries.nth(index).locator("strong")).to_have_text(action)
            expect(entries.nth(index).locator(".note")).to_have_text("by operator from 127.0.0.1")
            expect(entries.nth(index).get_by_role("listitem")).to_have_text(changes)
        expect(audit).not_to_contain_text("another breaker")

    def test_the_audit_shows_what_a_deletion_and_a_creation_changed(self):
        server = self.serve()
        policy = {"failure_threshold": None, "window_calls": 50, "recovery_timeout_ms": 900_000}
        server.call("PUT", "/v1/breakers/payments", {"policy": policy})
        server.override("payments", "force_closed", "the health check lies", None)
        server.call("DELETE", "/v1/breakers/payments")
        server.succeed("payments")
        page = self.open(server, breaker_path("payments"))
        entries = page.get_by_role("region", name="Audit").locator(".audit > li")
        values = ["failure_threshold: off", "window_calls: 50", "recovery_timeout_ms: 15 min"]
        expect(entries.locator("strong")).to_have_text(["Deleted", "Override set", "Created"])
        deletion = ["Closed", "Forced closed until cleared: the health check lies", *values]
        expect(entries.nth(0).get_by_role("listitem")).to_have_text(deletion)
        expect(entries.nth(2).get_by_role("listitem")).to_have_text(values)

    def test_the_audit_shows_each_change_at_once_and_earlier_ones_on_request(self):
        server = self.serve()
        server.succeed("payments")
        page = self.open(server, breaker_path("payments"))
        audit = page.get_by_role("region", name="Audit")
        entries = audit.locator(".audit > li")
        expect(entries).to_have_text(["no changes yet"])
        server.call("PATCH", "/v1/breakers/payments", {"policy": {"failure_threshold": 7}})
        expect(entries).to_have_count(1)
        expect(entries).to_contain_text(["failure_threshold: 5 → 7"])
        for number in range(6):
            server.override("payments", "shadow", f"trial {number}")
        expect(entries).to_have_count(5)
        expect(entries.first).to_contain_text("trial 5")
        audit.get_by_role("button", name="Show earlier").click()
        expect(entries).to_have_count(7)
        expect(entries.last).to_contain_text("failure_threshold: 5 → 7")
        expect(audit.get_by_role("button", name="Show earlier")).to_be_hidden()

    def test_the_clear_button_is_hidden_without_an_override(self):
        server = self.serve()
        server.acquire("payments")
        server.override("payments", "shadow", "a trial")
        page = self.open(server, breaker_path("payments"))
        clear = page.get_by_role("button", name="Clear…")
        clear.focus()
        server.call("DELETE", "/v1/breakers/payments/override")
        expect(clear).to_be_hidden()
        expect(page.get_by_role("button", name="Reset…")).to_be_focused()

    def test_the_page_of_an_unknown_breaker_says_that_it_does_not_exist(self):
        page = self.open(self.serve(), breaker_path("nothing"), tolerates=REFUSALS)
        expect(page.get_by_role("alert").filter(has_text="nothing")).to_be_visible()
        expect(page.get_by_role("button", name="Force open…")).to_have_count(0)
        page.get_by_role("link", name="All breakers").click()
        expect(page.get_by_text("No breakers yet")).to_be_visible()

    def test_an_override_is_set_shown_and_cleared(self):
        server = self.serve()
        server.succeed("payments")
        page = self.open(server, breaker_path("payments"))
        page.get_by_role("button", name="Force open…").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("button", name="Force open").click()
        # The dialog sends nothing without a reason.
        expect(dialog).to_be_visible()
        self.assertIsNone(server.call("GET", "/v1/breakers/payments")["override"])
        dialog.get_by_label("Reason").fill("provider maintenance")
        expect(dialog.get_by_label("1 h")).to_be_checked()
        dialog.get_by_label("30 min").check()
        dialog.get_by_role("button", name="Force open").click()
        expect(dialog).to_have_count(0)
        expect(page.locator(".head .badge")).to_have_text("Forced open")
        expect(page.locator(".override")).to_contain_text("by anonymous")
        expect(page.locator(".override")).to_contain_text("provider maintenance")
        expect(page.locator(".override")).to_contain_text(re.compile(r"(2\d|30) min"))
        self.assertFalse(server.acquire("payments")["allowed"])
        page.get_by_role("link", name="All breakers").click()
        expect(row(page, "payments")).to_have_class("row force_open")
        row(page, "payments").get_by_role("link").click()
        page.get_by_role("button", name="Clear…").click()
        dialog.get_by_role("button", name="Clear").click()
        expect(page.locator(".head .badge")).to_have_text("Half open")
        page.get_by_role("button", name="Reset…").click()
        dialog.get_by_label("Closed").check()
        dialog.get_by_role("button", name="Reset").click()
        expect(page.locator(".head .badge")).to_have_text("Closed")
        self.assertTrue(server.acquire("payments")["allowed"])

    def test_a_breaker_is_deleted_after_a_confirmation_and_the_list_is_shown(self):
        server = self.serve()
        server.succeed("payments")
        # The page may learn of the deletion from the stream, and request the breaker, before the list is shown.
        page = self.open(server, breaker_path("payments"), tolerates=REFUSALS)
        page.get_by_role("button", name="Delete…").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("Delete: payments")
        dialog.get_by_role("button", name="Cancel").click()
        expect(dialog).to_have_count(0)
        self.assertEqual(server.call("GET", "/v1/breakers/payments")["name"], "payments")
        page.get_by_role("button", name="Delete…").click()
        dialog.get_by_role("button", name="Delete").click()
        expect(page.get_by_role("heading", name="payments")).to_have_count(0)
        expect(page.get_by_text("No breakers yet")).to_be_visible()
        self.assertEqual(server.call("GET", "/v1/breakers")["breakers"], [])

    def test_the_name_of_the_server_is_in_the_title_the_header_and_each_dialog(self):
        server = self.serve(settings={"FUSEBOX_NAME": "production", "FUSEBOX_COLOUR": "red"})
        server.succeed("payments")
        page = self.open(server, breaker_path("payments"))
        expect(page).to_have_title("payments · production · Fusebox")
        expect(page.locator(".top .label")).to_have_text("production")
        expect(page.locator(".top")).to_have_attribute("data-colour", "red")
        for name in ["Force open…", "Reset…", "Delete…", "Edit…"]:
            page.get_by_role("button", name=name).click()
            expect(page.get_by_role("dialog").locator(".label")).to_have_text("production")
            page.keyboard.press("Escape")
            expect(page.get_by_role("dialog")).to_have_count(0)

    def test_a_server_without_a_name_shows_none(self):
        server = self.serve()
        server.succeed("payments")
        page = self.open(server, breaker_path("payments"))
        expect(page).to_have_title("payments · Fusebox")
        expect(page.locator(".top .label")).to_be_hidden()
        page.get_by_role("button", name="Reset…").click()
        expect(page.get_by_role("dialog").locator(".label")).to_have_count(0)

    def test_an_answer_that_is_older_than_an_order_does_not_undo_it_on_the_page(self):
        server = self.serve()
        server.succeed("payments")
        page = self.open(server, breaker_path("payments"), tolerates=REFUSALS)
        expect(page.get_by_role("region", name="Why")).to_contain_text("payments")
        held = []
        path = "**/v1/breakers/payments"
        page.route(path, lambda route: route.continue_() if held else held.append((route, route.fetch())))
        wait_until(page, "the page requests the breaker", lambda: held)
        page.get_by_role("button", name="Force closed…").click()
        page.get_by_label("Reason").fill("the health check lies")
        page.get_by_role("dialog").get_by_role("button", name="Force closed").click()
        expect(page.locator(".override")).to_be_visible()
        page.evaluate(
            """() => {
                window.changes = 0;
                const observer = new MutationObserver(() => window.changes += 1);
                observer.observe(document.querySelector(".override"), { attributeFilter: ["hidden"] });
            }"""
        )
        for route, answer in held:
            route.fulfill(response=answer)
        # The page requests the breaker again after it has handled the held answer.
        with page.expect_request(path):
            pass
        self.assertEqual(page.evaluate("window.changes"), 0)

    def test_the_back_button_closes_an_open_dialog(self):
        server = self.serve()
        server.succeed("payments")
        page = self.open(server)
        row(page, "payments").get_by_role("link").click()
        page.get_by_role("button", name="Force open…").click()
        expect(page.get_by_role("dialog")).to_be_visible()
        page.go_back()
        expect(row(page, "payments")).to_be_visible()
        expect(page.get_by_role("dialog")).to_have_count(0)

    def test_an_override_can_be_set_without_an_expiry(self):
        server = self.serve()
        server.succeed("payments")
        page = self.open(server, breaker_path("payments"))
        page.get_by_role("button", name="Shadow…").click()
        page.get_by_label("Reason").fill("a trial")
        page.get_by_label("Never").check()
        page.get_by_role("dialog").get_by_role("button", name="Shadow").click()
        expect(page.locator(".override")).to_contain_text("until cleared")
        self.assertIsNone(server.call("GET", "/v1/breakers/payments")["override"]["expires_at"])

    def test_an_override_expires_after_the_duration_that_an_operator_writes(self):
        server = self.serve()
        server.succeed("payments")
        page = self.open(server, breaker_path("payments"))
        dialog = page.get_by_role("dialog")
        for text, ms in [("1h30m", 5_400_000), ("45 min", 2_700_000), ("1s", 1_000), ("365d", 31_536_000_000)]:
            with self.subTest(text):
                page.get_by_role("button", name="Shadow…").click()
                dialog.get_by_label("Reason").fill("a trial")
                expect(dialog.get_by_label("Duration")).to_be_hidden()
                dialog.get_by_label("Other…").check()
                dialog.get_by_label("Duration").fill(text)
                with page.expect_response("**/override") as answer:
                    dialog.get_by_role("button", name="Shadow").click()
                self.assertEqual(answer.value.status, 200)
                self.assertEqual(answer.value.request.post_data_json["expires_in_ms"], ms)
                expect(dialog).to_have_count(0)

    def test_a_duration_that_the_server_would_refuse_is_a_fault_at_its_field(self):
        server = self.serve()
        server.succeed("payments")
        page = self.open(server, breaker_path("payments"))
        page.get_by_role("button", name="Shadow…").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Reason").fill("a trial")
        dialog.get_by_label("Other…").check()
        field = dialog.get_by_label("Duration")
        form = "Duration must have the form 45m, 1h30m or 90s."
        for text, fault in [
            ("", form),
            ("999ms", "Duration must be at least 1 s."),
            ("45", form),
            ("365d1s", "Duration must be at most 365 d."),
            ("soon", form),
            ("9" * 400 + "h", "Duration must be at most 365 d."),
        ]:
            with self.subTest(text[:10]):
                field.fill(text)
                dialog.get_by_role("button", name="Shadow").click()
                expect(dialog.locator("#expires_in_ms-fault")).to_have_text(fault)
                expect(field).to_have_attribute("aria-invalid", "true")
                expect(field).to_be_focused()
        self.assertIsNone(server.call("GET", "/v1/breakers/payments")["override"])
        dialog.get_by_label("4 h", exact=True).check()
        expect(field).to_be_hidden()
        dialog.get_by_role("button", name="Shadow").click()
        expect(page.locator(".override")).to_contain_text(re.compile(r"3 h 59 min|4 h"))

    def test_the_dialog_shows_why_the_server_refuses_a_change(self):
        server = self.serve()
        server.succeed("payments")
        server.override("payments", "force_open", "maintenance")
        page = self.open(server, breaker_path("payments"), tolerates=REFUSALS)
        page.get_by_role("button", name="Reset…").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_role("button", name="Reset").click()
        expect(dialog.get_by_role("alert")).not_to_be_empty()
        dialog.get_by_role("button", name="Cancel").click()
        expect(page.get_by_role("button", name="Reset…")).to_be_focused()


def point(minute, **numbers):
    """The server's data for one minute."""
    kinds = ["successes", "failures", "slow", "ignored", "allowed", "denied"]
    return {"at": f"2026-01-31T09:{minute:02}:00.000Z", **dict.fromkeys(kinds, 0), **numbers}


class PolicyTests(DashboardTest):
    def open_editor(self, server):
        page = self.open(server, breaker_path("payments"), tolerates=REFUSALS)
        page.get_by_role("region", name="Policy").get_by_role("button", name="Edit…").click()
        return page, page.get_by_role("dialog")

    def policy(self, server):
        return server.call("GET", "/v1/breakers/payments")["policy"]

    def test_an_operator_changes_a_policy(self):
        server = self.serve()
        server.succeed("payments")
        page, dialog = self.open_editor(server)
        dialog.get_by_label("failure_threshold").fill("7")
        dialog.get_by_label("failure_rate_threshold").fill("0.5")
        dialog.get_by_label("recovery_timeout_ms").fill("90000")
        expect(dialog).to_contain_text("1 min 30 s")
        dialog.get_by_role("button", name="Save").click()
        expect(dialog).to_have_count(0)
        policy = self.policy(server)
        self.assertEqual(policy["failure_threshold"], 7)
        self.assertEqual(policy["failure_rate_threshold"], 0.5)
        self.assertEqual(policy["recovery_timeout_ms"], 90_000)
        expect(page.get_by_role("region", name="Policy")).to_contain_text("Set through the API.")
        page.get_by_role("button", name="Edit…").click()
        dialog.get_by_label("failure_rate_threshold").fill("")
        dialog.get_by_role("button", name="Save").click()
        expect(dialog).to_have_count(0)
        self.assertIsNone(self.policy(server)["failure_rate_threshold"])

    def test_durations_and_shares_may_have_units(self):
        server = self.serve()
        server.succeed("payments")
        _, dialog = self.open_editor(server)
        dialog.get_by_label("failure_rate_threshold").fill("50%")
        dialog.get_by_label("recovery_timeout_ms").fill("1m30s")
        dialog.get_by_label("window_ms").fill("2 min")
        expect(dialog.locator("#hint-recovery_timeout_ms")).to_have_text("1 min 30 s")
        dialog.get_by_role("button", name="Save").click()
        expect(dialog).to_have_count(0)
        policy = self.policy(server)
        self.assertEqual(policy["failure_rate_threshold"], 0.5)
        self.assertEqual(policy["recovery_timeout_ms"], 90_000)
        self.assertEqual(policy["window_ms"], 120_000)

    def test_each_fault_is_shown_at_its_field(self):
        server = self.serve()
        server.succeed("payments")
        _, dialog = self.open_editor(server)
        dialog.get_by_label("failure_threshold").fill("0")
        dialog.get_by_label("half_open_probes").fill("many")
        dialog.get_by_role("button", name="Save").click()
        for field in ["failure_threshold", "half_open_probes"]:
            expect(dialog.locator(f"#fault-{field}")).not_to_be_empty()
            expect(dialog.get_by_label(field)).to_have_attribute("aria-invalid", "true")
        expect(dialog.get_by_label("failure_threshold")).to_be_focused()
        dialog.get_by_label("failure_threshold").fill("6")
        dialog.get_by_label("half_open_probes").fill("2")
        dialog.get_by_role("button", name="Save").click()
        expect(dialog).to_have_count(0)
        self.assertEqual(self.policy(server)["half_open_probes"], 2)

    def test_a_field_takes_only_decimal_numbers(self):
        server = self.serve()
        server.succeed("payments")
        page, dialog = self.open_editor(server)
        field = dialog.get_by_label("failure_threshold")
        for text in ["1e999", "Infinity", "0x10", "1e1", "9" * 400]:
            with self.subTest(text[:10]):
                field.fill(text)
                with page.expect_response(lambda response: response.request.method == "PATCH") as answer:
                    dialog.get_by_role("button", name="Save").click()
                self.assertEqual(answer.value.status, 400)
                expect(field).to_have_attribute("aria-invalid", "true")
                expect(dialog.locator("#fault-failure_threshold")).not_to_be_empty()
                self.assertEqual(self.policy(server)["failure_threshold"], 5)

    def test_an_empty_field_shows_the_default_that_it_restores(self):
        server = self.serve()
        server.succeed("payments")
        other = {"recovery_timeout_ms": 900_000, "window_calls": 20, "minimum_calls": 3, "success_threshold": 2}
        server.call("PATCH", "/v1/breakers/payments", {"policy": other})
        page, dialog = self.open_editor(server)
        expect(dialog.locator("#hint-window_ms")).to_have_text("off")
        dialog.get_by_label("recovery_timeout_max_ms").fill("")
        expect(dialog.locator("#hint-recovery_timeout_max_ms")).to_have_text("default: 15 min")
        fields = list(self.policy(server))
        for field in fields:
            dialog.get_by_label(field).fill("")
        hints = [dialog.locator(f"#hint-{field}").inner_text() for field in fields]
        self.assertEqual(hints[fields.index("failure_threshold")], "off")
        self.assertEqual(hints[fields.index("window_ms")], "default: 1 min")
        dialog.get_by_role("button", name="Save").click()
        expect(dialog).to_have_count(0)
        restored = [hint.removeprefix("default: ") for hint in hints]
        expect(page.locator(".policy dd")).to_have_text(restored)

    def test_each_field_has_the_help_and_the_default_of_the_document(self):
        server = self.serve()
        server.succeed("payments")
        _, dialog = self.open_editor(server)
        document = (ROOT / "docs" / "policies.md").read_text()
        fields = re.findall(r"^\| `(\w+)` \| (\w+) \| [^|]+ \| ([^|]+) \|$", document, re.MULTILINE)
        self.assertCountEqual([field for field, _, _ in fields], self.policy(server))
        words = {"null": "off", "30000": "30 s", "60000": "1 min", "600000": "10 min"}
        for field, default, sentences in fields:
            with self.subTest(field):
                described = dialog.get_by_label(field).get_attribute("aria-describedby")
                self.assertIn(f"help-{field}", described.split())
                sentence, shown = dialog.locator(f"#help-{field}").inner_text().split(" Default: ")
                self.assertEqual(sentences.replace("`", "")[: len(sentence) - 1], sentence.removesuffix("."))
                self.assertEqual(shown, words.get(default, default) + ".")
        dialog.get_by_label("window_calls").fill("20")
        expect(dialog.locator("#help-window_ms")).to_contain_text("Default: off.")
        dialog.get_by_label("recovery_timeout_ms").fill("15min")
        expect(dialog.locator("#help-recovery_timeout_max_ms")).to_contain_text("Default: 15 min.")

    def test_warnings_about_a_saved_policy_are_shown_until_the_policy_changes_again(self):
        server = self.serve()
        server.succeed("payments")
        page, dialog = self.open_editor(server)
        dialog.get_by_label("failure_rate_threshold").fill("50%")
        dialog.get_by_label("slow_call_ms").fill("2s")
        dialog.get_by_role("button", name="Save").click()
        expect(dialog).to_have_count(0)
        self.assertEqual(self.policy(server)["failure_rate_threshold"], 0.5)
        section = page.get_by_role("region", name="Policy")
        warnings = section.get_by_role("listitem")
        expect(section).to_contain_text("Saved, with 2 warnings")
        expect(warnings).to_contain_text(["shadowed_rule", "unused_field slow_call_ms opens nothing"])
        expect(page.get_by_role("status")).to_contain_text("The policy is saved, with 2 warnings.")
        # The page polls, and these answers have no warnings.
        for _ in range(2):
            with page.expect_response(lambda response: response.url.endswith("/v1/breakers/payments")):
                pass
        expect(warnings).to_have_count(2)
        self.scan(page)
        section.get_by_role("button", name="Edit…").click()
        dialog.get_by_label("slow_call_ms").fill("")
        dialog.get_by_role("button", name="Save").click()
        expect(section).to_contain_text("Saved, with a warning")
        expect(warnings).to_have_count(1)
        server.call("PATCH", "/v1/breakers/payments", {"policy": {"success_threshold": 2}})
        expect(warnings).to_have_count(0)

    def test_an_operator_resolves_a_conflict_with_another_operators_policy_change(self):
        server = self.serve()
        server.succeed("payments")
        page, dialog = self.open_editor(server)
        dialog.get_by_label("failure_threshold").fill("7")
        dialog.get_by_label("success_threshold").fill("2")
        theirs = {"policy": {"failure_threshold": 9, "recovery_timeout_ms": 30_000}}
        server.call("PATCH", "/v1/breakers/payments", theirs)
        dialog.get_by_role("button", name="Save").click()
        merge = page.get_by_role("dialog", name="The policy of payments has changed meanwhile")
        expect(merge.get_by_role("row")).to_have_count(4)
        self.assertEqual(self.policy(server)["failure_threshold"], 9)
        expect(merge.get_by_label("failure_threshold: theirs, 9")).to_be_checked()
        expect(merge.get_by_label("success_threshold: yours, 2")).to_be_checked()
        expect(merge.get_by_label("recovery_timeout_ms: yours")).to_be_disabled()
        expect(merge.get_by_label("recovery_timeout_ms: theirs, 30 s")).to_be_checked()
        merge.get_by_role("button", name="All yours").click()
        expect(merge.get_by_label("failure_threshold: yours, 7")).to_be_checked()
        # The other operator changes the policy again.
        server.call("PATCH", "/v1/breakers/payments", {"policy": {"failure_threshold": 11}})
        merge.get_by_role("button", name="Save").click()
        expect(merge.get_by_label("failure_threshold: theirs, 11")).to_be_checked()
        expect(page.get_by_role("dialog")).to_have_count(1)
        merge.get_by_label("failure_threshold: yours, 7").check()
        merge.get_by_role("button", name="Save").click()
        expect(merge).to_have_count(0)
        expect(page.get_by_role("button", name="Edit…")).to_be_focused()
        policy = self.policy(server)
        self.assertEqual(policy["failure_threshold"], 7)
        self.assertEqual(policy["success_threshold"], 2)
        self.assertEqual(policy["recovery_timeout_ms"], 30_000)
