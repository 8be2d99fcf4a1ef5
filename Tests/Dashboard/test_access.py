"""Access to the dashboard by role, and protection against requests from another site's page."""

import http.server
import threading
import urllib.error

from playwright.sync_api import expect

from support import REFUSALS, DashboardTest, Proxy, breaker_path, row


class AccessTests(DashboardTest):
    def test_a_token_signs_in_and_no_script_can_read_it_afterwards(self):
        server = self.serve("operator", "viewer")
        server.succeed("payments")
        page = self.open(server, tolerates=REFUSALS)
        page.get_by_label("Token").fill("fbx_wrong")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert")).to_have_text("This token is unknown.")
        self.sign_in(page, server, "operator")
        expect(row(page, "payments")).to_be_visible()
        secret = server.secrets["operator"]
        kept = page.evaluate("JSON.stringify([document.cookie, {...localStorage}, {...sessionStorage}, location.href])")
        self.assertEqual(kept, f'["",{{}},{{}},"{server.url}/"]')
        self.assertNotIn(secret, page.content())
        (cookie,) = page.context.cookies(server.url + "/v1/breakers")
        self.assertEqual((cookie["httpOnly"], cookie["sameSite"], cookie["path"]), (True, "Strict", "/v1"))
        self.assertNotIn(secret, cookie["value"])
        page.reload()
        expect(row(page, "payments")).to_be_visible()
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_label("Token")).to_be_visible()
        self.assertEqual(page.context.cookies(server.url + "/v1/breakers"), [])
        page.reload()
        expect(page.get_by_label("Token")).to_be_visible()

    def test_a_session_survives_a_restart_and_ends_with_its_token(self):
        server = self.serve("operator", "viewer")
        server.succeed("payments")
        page = self.open(server, tolerates=REFUSALS)
        self.sign_in(page, server, "viewer")
        server.kill()
        expect(page.locator("#status")).to_contain_text("stale")
        server.start()
        expect(page.locator("#status")).to_have_text("live")
        expect(row(page, "payments")).to_be_visible()
        lines = (server.folder / "tokens").read_text().splitlines()
        (server.folder / "tokens").write_text("\n".join(line for line in lines if "viewer" not in line))
        page.goto(server.url + breaker_path("payments"))
        expect(page.get_by_role("region", name="Why")).to_contain_text("payments")
        page.evaluate("document.body.append(document.createElement('dialog')), document.querySelector('dialog').showModal()")
        server.process.send_signal(1)
        expect(page.get_by_label("Token")).to_be_focused()
        expect(page.get_by_role("status").filter(has_text="The session has ended.")).to_be_visible()
        expect(page.get_by_role("dialog")).to_have_count(0)

    def test_the_page_reports_a_failed_sign_out(self):
        server = self.serve("operator")
        page = self.open(server, tolerates=REFUSALS)
        self.sign_in(page, server, "operator")
        server.kill()
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_text("Still signed in. The server does not answer.")).to_be_visible()
        server.start()
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_label("Token")).to_be_focused()
        expect(page.get_by_text("The session has ended.")).to_have_count(0)

    def test_a_viewer_sees_no_controls_and_its_requests_get_a_403(self):
        server = self.serve("operator", "viewer")
        server.succeed("payments")
        page = self.open(server, breaker_path("payments"), tolerates=REFUSALS)
        self.sign_in(page, server, "viewer")
        expect(page.get_by_role("region", name="Why")).to_contain_text("payments")
        for name in ["Force open…", "Force closed…", "Shadow…", "Clear…", "Reset…", "Delete…", "Edit…"]:
            expect(page.get_by_role("button", name=name)).to_have_count(0)
        expect(page.get_by_role("region", name="Audit")).to_be_visible()
        answers = page.evaluate(
            """async () => {
                const orders = [
                    ["PUT", "/override", { mode: "force_open", reason: "x" }], ["DELETE", "/override"],
                    ["POST", "/reset"], ["PATCH", "", { policy: { failure_threshold: 1 } }], ["DELETE", ""],
                ];
                const answers = [];
                for (const [method, rest, body] of orders) {
                    const options = { method, body: body && JSON.stringify(body) };
                    const answer = await fetch("v1/breakers/payments" + rest, options);
                    answers.push([answer.status, (await answer.json()).code]);
                }
                return answers;
            }"""
        )
        self.assertEqual(answers, [[403, "forbidden"]] * 5)
        self.assertIsNone(server.call("GET", "/v1/breakers/payments")["override"])

    def test_a_token_that_may_not_read_the_audit_sees_none(self):
        server = self.serve("operator", "worker")
        server.succeed("payments")
        # A worker cannot sign in, but a proxy may add its token.
        fields = {"authorization": f"Bearer {server.secrets['worker']}"}
        page = self.open(server, "/livez", tolerates=REFUSALS, extra_http_headers=fields)
        asked = []
        page.on("request", lambda request: asked.append(request.url) if "/v1/audit" in request.url else None)
        page.goto(server.url + breaker_path("payments"))
        expect(page.get_by_text("worker worker")).to_be_visible()
        expect(page.get_by_role("region", name="Policy")).to_contain_text("failure_threshold")
        expect(page.get_by_role("region", name="Audit")).to_have_count(0)
        self.assertEqual(asked, [])

    def test_an_override_shows_the_operator_who_set_it(self):
        server = self.serve("operator")
        server.succeed("payments")
        page = self.open(server, breaker_path("payments"))
        self.sign_in(page, server, "operator")
        page.get_by_role("button", name="Force closed…").click()
        page.get_by_label("Reason").fill("the health check lies")
        page.get_by_role("dialog").get_by_role("button", name="Force closed").click()
        expect(page.locator(".override")).to_contain_text("by operator")

    def test_the_page_of_another_site_cannot_use_the_session_of_its_visitor(self):
        server = self.serve("operator")
        server.succeed("payments")
        page = self.open(server, tolerates=REFUSALS)
        self.sign_in(page, server, "operator")
        with Neighbour() as neighbour:
            context = page.context
            context.unroute_all()
            other = context.new_page()
            other.goto(neighbour)
            other.evaluate(
                """async (url) => {
                    const options = { mode: "no-cors", credentials: "include" };
                    const send = (path, method) => fetch(url + path, { method, ...options });
                    await send("/v1/breakers/payments/reset", "POST").catch(() => {});
                    await send("/v1/breakers/other/acquire", "POST").catch(() => {});
                }""",
                server.url,
            )
        self.assertIsNone(server.call("GET", "/v1/breakers/payments")["last_transition"])
        with self.assertRaises(urllib.error.HTTPError) as refusal:
            server.call("GET", "/v1/breakers/other")
        self.assertEqual(refusal.exception.code, 404)

    def test_the_dashboard_works_under_the_path_prefix_of_a_proxy(self):
        server = self.serve("operator")
        server.trip("payments")
        with Proxy(server, "/ops/fusebox") as url:
            behind = type("Behind", (), {"url": url, "secrets": server.secrets})
            page = self.open(behind, "/ops/fusebox/")
            self.sign_in(page, server, "operator")
            expect(row(page, "payments")).to_have_class("row open")
            expect(page.locator("#status")).to_have_text("live")
            (cookie,) = page.context.cookies(url + "/ops/fusebox/v1/breakers")
            self.assertEqual(cookie["path"], "/ops/fusebox/v1")
            row(page, "payments").get_by_role("link").click()
            curl = page.get_by_label("explain the state", exact=True)
            expect(curl).to_contain_text("/ops/fusebox/v1/breakers/payments")
            page.get_by_role("button", name="Reset…").click()
            page.get_by_role("dialog").get_by_role("button", name="Reset").click()
            expect(page.locator(".head .badge")).to_have_text("Half open")


class Neighbour:
    """Another site, on another port of this machine: cookies treat both as one host, origins as two."""

    def __enter__(self) -> str:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("content-type", "text/html")
                self.end_headers()
                self.wfile.write(b"<!doctype html><title>Neighbour</title>")

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self.server.server_port}/"

    def __exit__(self, *error):
        self.server.shutdown()
        self.server.server_close()
