"""Accessibility, layout and keyboard use of the pages, and untrusted text, which must remain text."""

import contextlib
import os
import pathlib
import random
import re
import sqlite3
import time

from playwright.sync_api import expect

from support import REFUSALS, DashboardTest, breaker_path, row

LOOKS = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "narrow": {
        "color_scheme": "light",
        "viewport": {"width": 390, "height": 844},
        "timezone_id": "America/Argentina/Buenos_Aires",
    },
    "narrow and dark": {"color_scheme": "dark", "viewport": {"width": 390, "height": 844}},
}
HOSTILE = '<img src=x onerror="window.isBroken = true"><script>window.isBroken = true</script>'


class EverybodyTests(DashboardTest):
    def busy_server(self):
        """Starts a server with breakers in all states and overrides."""
        server = self.serve()
        for name in ["payments:charge", "search", "stock", "ledger", "geo:lookup", "mail"]:
            server.succeed(name, 40)
        server.trip("payments:charge")
        server.fail("mail", 4)
        server.override("ledger", "force_open", "provider maintenance, ticket 4711")
        server.override("stock", "shadow", "trying a stricter rule", None)
        make_unstable(server, "geo:lookup")
        return server

    def test_no_page_has_an_accessibility_violation(self):
        server = self.busy_server()
        for look, options in LOOKS.items():
            with self.subTest(look):
                page = self.open(server, tolerates=REFUSALS, **options)
                expect(row(page, "payments:charge")).to_be_visible()
                self.scan(page)
                for name in ["geo:lookup", "ledger"]:
                    page.goto(server.url + breaker_path(name))
                    expect(page.get_by_role("region", name="Why")).to_contain_text(name)
                    expect(page.get_by_role("region", name="Timeline")).to_contain_text("→")
                    expect(page.get_by_role("region", name="Audit")).to_contain_text("by anonymous")
                    self.scan(page)
                for name in ["Force open…", "Clear…", "Reset…", "Delete…", "Edit…"]:
                    page.get_by_role("button", name=name).click()
                    expect(page.get_by_role("dialog")).to_be_visible()
                    self.scan(page)
                    page.keyboard.press("Escape")
                    expect(page.get_by_role("dialog")).to_have_count(0)
                page.get_by_role("button", name="Shadow…").click()
                dialog = page.get_by_role("dialog")
                dialog.get_by_label("Reason").fill("a trial")
                dialog.get_by_label("Other…").check()
                dialog.get_by_role("button", name="Shadow").click()
                expect(dialog.locator("#expires_in_ms-fault")).to_be_visible()
                self.scan(page)

    def test_the_sign_in_form_and_the_empty_panel_have_no_accessibility_violation(self):
        closed, empty = self.serve("operator"), self.serve()
        for look, options in LOOKS.items():
            with self.subTest(look):
                page = self.open(closed, **options)
                expect(page.get_by_label("Token")).to_be_visible()
                self.scan(page)
                page = self.open(empty, **options)
                expect(page.get_by_text("No breakers yet")).to_be_visible()
                self.scan(page)

    def test_the_name_of_the_server_is_readable_in_each_colour(self):
        server = self.serve(settings={"FUSEBOX_NAME": "production", "FUSEBOX_COLOUR": "red"})
        for look, options in LOOKS.items():
            page = self.open(server, **options)
            expect(page.locator(".top .label")).to_have_text("production")
            for colour in ["red", "amber", "green", "blue", "violet", "grey"]:
                with self.subTest(look, colour=colour):
                    page.locator(".top").evaluate("(node, colour) => node.dataset.colour = colour", colour)
                    self.scan(page)

    def test_no_page_scrolls_sideways_on_a_narrow_screen(self):
        server = self.busy_server()
        page = self.open(server, tolerates=REFUSALS, **LOOKS["narrow"])
        for width in [390, 800, 930]:
            page.set_viewport_size({"width": width, "height": 844})
            for path in ["/", breaker_path("geo:lookup"), breaker_path("ledger")]:
                page.goto(server.url + path)
                expect(page.get_by_text("geo:lookup" if "geo" in path else "ledger").first).to_be_visible()
                self.assert_fits(page, width)
            page.goto(server.url)
            name = row(page, "ledger").get_by_role("link")
            expect(name).to_be_visible()
            self.assertGreater(name.bounding_box()["width"], 80, "there is room for the name")

    def test_texts_of_full_length_hide_nothing_on_a_narrow_screen(self):
        name, kind, reporter = "n" * 128, "k" * 64, "r" * 128
        server = self.serve()
        server.fail(name, 5, kind=kind, reporter=reporter, detail="d" * 512)
        server.override(name, "shadow", "x" * 512)
        page = self.open(server, tolerates=REFUSALS, **LOOKS["narrow"])
        expect(row(page, name)).to_contain_text(reporter)
        self.assert_fits(page, 390)
        for column in range(8):
            box = row(page, name).locator(f"td.c{column}").bounding_box()
            self.assertLessEqual(box["x"] + box["width"], 390, f"column {column}")
        row(page, name).get_by_role("link").click()
        expect(page.get_by_role("region", name="Failures").get_by_role("listitem").first).to_contain_text(kind)
        expect(page.get_by_role("region", name="Why")).to_contain_text(reporter)
        expect(page.get_by_role("region", name="Audit")).to_contain_text("x" * 512)
        self.assert_fits(page, 390)
        page.get_by_role("button", name="Clear…").click()
        dialog = page.get_by_role("dialog")
        for button in ["Cancel", "Clear"]:
            box = dialog.get_by_role("button", name=button, exact=True).bounding_box()
            self.assertLessEqual(box["x"] + box["width"], 390, button)
        self.assertEqual(dialog.evaluate("node => node.scrollWidth - node.clientWidth"), 0)

    def assert_fits(self, page, width):
        self.assertLessEqual(page.evaluate("document.documentElement.scrollWidth"), width, page.url)

    def test_no_badge_is_cut_off(self):
        server = self.busy_server()
        server.override("mail", "force_closed", "the health check lies")
        for look in ["light", "narrow"]:
            page = self.open(server, **LOOKS[look])
            expect(row(page, "mail")).to_contain_text("Forced closed")
            cut = page.locator("tr.row td.c0 > div").evaluate_all(
                "nodes => nodes.filter((node) => node.scrollWidth > node.clientWidth).map((node) => node.innerText)"
            )
            self.assertEqual(cut, [], look)

    def test_an_operator_can_do_everything_with_the_keyboard_alone(self):
        server = self.serve("operator")
        for name in ["a", "b"]:
            server.succeed(name)
        page = self.open(server)
        keyboard = page.keyboard
        expect(page.get_by_label("Token")).to_be_focused()
        keyboard.type(server.secrets["operator"])
        keyboard.press("Enter")
        expect(row(page, "a")).to_be_visible()
        self.tab_to(page, page.get_by_role("link", name="a", exact=True))
        keyboard.press("ArrowDown")
        expect(page.get_by_role("link", name="b", exact=True)).to_be_focused()
        keyboard.press("Enter")
        expect(page.get_by_role("heading", name="b", exact=True)).to_be_visible()
        force = page.get_by_role("button", name="Force open…")
        self.tab_to(page, force)
        keyboard.press("Enter")
        expect(page.get_by_label("Reason")).to_be_focused()
        keyboard.type("by keyboard")
        keyboard.press("Tab")
        keyboard.press("ArrowRight")
        expect(page.get_by_label("4 h", exact=True)).to_be_focused()
        self.tab_to(page, page.get_by_role("dialog").get_by_role("button", name="Force open"))
        keyboard.press("Enter")
        expect(page.locator(".override")).to_contain_text("by keyboard")
        expect(page.locator(".override")).to_contain_text(re.compile(r"3 h \d+ min"))
        expect(force).to_be_focused()
        outline = force.evaluate("node => getComputedStyle(node).outlineStyle")
        self.assertEqual(outline, "solid", "the focus is not visible")
        self.tab_to(page, page.get_by_role("button", name="Clear…"))
        keyboard.press("Enter")
        expect(page.get_by_role("dialog")).to_be_visible()
        keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(page.get_by_role("button", name="Clear…")).to_be_focused()

    def tab_to(self, page, target):
        for _ in range(40):
            if target.count() == 1 and target.evaluate("node => node === document.activeElement"):
                return
            page.keyboard.press("Tab")
        self.fail(f"not reached with the keyboard: {target}")

    def test_a_screen_reader_announces_that_a_breaker_opens(self):
        server = self.serve()
        server.succeed("payments")
        page = self.open(server)
        expect(row(page, "payments")).to_be_visible()
        expect(page.locator("#status")).to_have_text("live")
        server.trip("payments")
        expect(page.get_by_role("status")).to_have_text("payments is open.")

    def test_untrusted_text_is_shown_as_text(self):
        server = self.serve()
        server.fail("payments", 5, kind="<b>bold</b>", reporter="<i>w</i>", detail=HOSTILE)
        server.override("payments", "force_open", HOSTILE)
        page = self.open(server, tolerates=REFUSALS)
        expect(row(page, "payments")).to_contain_text('<img src=x onerror="window.isBroken')
        expect(row(page, "payments")).to_contain_text("<b>bold</b> from <i>w</i>")
        row(page, "payments").get_by_role("link").click()
        expect(page.get_by_role("region", name="Failures")).to_contain_text(HOSTILE)
        expect(page.locator(".override")).to_contain_text(HOSTILE)
        expect(page.get_by_role("region", name="Audit")).to_contain_text(HOSTILE)
        page.get_by_role("button", name="Clear…").click()
        expect(page.get_by_role("dialog")).to_contain_text(HOSTILE)
        page.keyboard.press("Escape")
        page.goto(server.url + breaker_path(HOSTILE))
        expect(page.get_by_role("heading", name=HOSTILE)).to_be_visible()
        page.goto(server.url + "/?q=" + breaker_path(HOSTILE).split("=", 1)[1])
        expect(page.get_by_label("Search")).to_have_value(HOSTILE)
        self.assertEqual(page.locator("main img, main script, main b, main i").count(), 0)
        self.assertIsNone(page.evaluate("window.isBroken ?? null"))

    def test_the_content_security_policy_blocks_foreign_content(self):
        page = self.open(self.serve(), tolerates="Content Security Policy")
        expect(page.get_by_text("No breakers yet")).to_be_visible()
        blocked = page.evaluate(
            """async () => {
                const blocked = [];
                document.addEventListener("securitypolicyviolation", (event) => blocked.push(event.effectiveDirective));
                const script = document.createElement("script");
                script.textContent = "window.isBroken = true";
                document.body.append(script);
                const image = document.createElement("img");
                image.src = "https://evil.example/x.png";
                document.body.append(image);
                document.body.setAttribute("style", "color: red");
                await new Promise((resolve) => setTimeout(resolve, 200));
                script.remove(); image.remove();
                return blocked;
            }"""
        )
        self.assertIn("script-src-elem", blocked)
        self.assertIn("img-src", blocked)
        self.assertIn("style-src-attr", blocked)


def make_unstable(server, name):
    """Opens the breaker three times and leaves it half open."""
    for to in ["", "", "?to=half_open"]:
        server.trip(name)
        server.call("POST", f"/v1/breakers/{name}/reset{to}")


def remember(server):
    """Fills the last hour of each breaker's history, as if the server had run that long."""
    server.kill()
    minute = int(time.time() // 60)
    chance = random.Random(7)
    with contextlib.closing(sqlite3.connect(server.folder / "f.db")) as database, database:
        for breaker, name in database.execute("SELECT id, name FROM breakers").fetchall():
            calls = chance.randint(20, 400)
            for past in range(1, 60):
                successes = round(calls * chance.uniform(0.7, 1.1))
                failures = round(successes * chance.choice([0, 0, 0, 0, 0.01]))
                denied = 0
                if name in ["payments:charge", "geo:lookup"] and past in {*range(11, 19), *range(34, 39)}:
                    successes, failures, denied = round(successes * 0.1), round(successes * 0.2), round(successes * 0.7)
                row = (minute - past, breaker, successes, failures, successes // 40, 0, successes + failures, denied)
                database.execute("INSERT INTO call_minutes VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
    server.start()


def fill(server):
    """Fills the server with breakers in all states, as on a bad day."""
    calm = "auth:introspect chat crm:sync currency images:resize pdf recommendations ship:labels ship:rates sms tax"
    for place, name in enumerate(calm.split()):
        server.succeed(name, 30 + 17 * place)
    for name in ["payments:charge", "payments:refund", "search", "stock", "ledger", "geo:lookup", "mail:send"]:
        server.succeed(name, 120)
    rate = {"failure_rate_threshold": 0.5, "failure_threshold": None}
    server.call("PATCH", "/v1/breakers/search", {"policy": rate})
    server.fail("search", 30, kind="http_503", reporter="web-3")
    server.fail("mail:send", 4, kind="timeout", reporter="jobs-2")
    server.fail("tax", 2, kind="http_500", reporter="checkout-2")
    server.override("ledger", "force_open", "provider maintenance until 19:00, ticket 4711")
    server.override("stock", "shadow", "trying a stricter rule", None)
    make_unstable(server, "geo:lookup")
    server.fail("payments:charge", 1, kind="http_502", reporter="web-1", detail="bad gateway")
    server.fail("payments:charge", 4, kind="timeout", reporter="checkout-7", detail="no response within 5 s")
    for _ in range(50):
        server.acquire("payments:charge")


class LookTests(DashboardTest):
    """Writes screenshots to the folder in $SCREENSHOTS. One of them is docs/dashboard.png."""

    def test_screenshots_of_each_look_are_written(self):
        folder = os.environ.get("SCREENSHOTS")
        if not folder:
            self.skipTest("no folder in $SCREENSHOTS")
        server = self.serve()
        fill(server)
        remember(server)
        for look, options in LOOKS.items():
            page = self.open(server, **options)
            page.emulate_media(reduced_motion="reduce")
            for name, path in [("list", "/"), ("breaker", breaker_path("payments:charge"))]:
                page.goto(server.url + path)
                expect(page.get_by_text("payments:charge").first).to_be_visible()
                # The page computes a rate from two successive lists.
                for _ in range(60):
                    server.acquire("payments:charge")
                    page.wait_for_timeout(100)
                file = f"{name}-{look.replace(' ', '-')}.png"
                page.screenshot(path=pathlib.Path(folder) / file, full_page=name == "breaker")
