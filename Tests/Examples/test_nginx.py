"""A real nginx with docker/examples/nginx.conf. Needs `nginx` in PATH."""

import json
import shutil
import unittest

from example import PATIENCE, HangingBackendTests, ProxyCase, ProxyTests, send


@unittest.skipUnless(shutil.which("nginx"), "nginx is not installed")
class NginxCase(ProxyCase):
    def start_proxy(self):
        """Starts the example with other ports, and with other time-outs for a decision and for the backend."""
        example = self.example(
            "nginx.conf",
            {
                "127.0.0.1:7979;": f"127.0.0.1:{self.fusebox_port};",
                "127.0.0.1:8080;": f"127.0.0.1:{self.backend.server_port};",
                "127.0.0.1:8081;": f"127.0.0.1:{self.port};",
                # On a busy machine a decision may take longer than a proxy with a fallback would wait.
                "proxy_read_timeout         250ms;": f"proxy_read_timeout         {PATIENCE}s;",
                "proxy_read_timeout    5s;": f"proxy_read_timeout    {self.backend_patience}s;",
            },
        )
        (self.folder / "example.conf").write_text(example)
        paths = "".join(
            f"{kind}_temp_path {self.folder}/{kind};" for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        )
        (self.folder / "nginx.conf").write_text(
            f"daemon off; pid {self.folder}/nginx.pid; error_log stderr; events {{}}\n"
            f"http {{ access_log off; {paths} include {self.folder}/example.conf; }}\n"
        )
        self.start("nginx", "nginx", "-p", str(self.folder), "-e", "stderr", "-c", str(self.folder / "nginx.conf"))


class NginxTest(ProxyTests, NginxCase):
    gone_status = 502

    def test_the_body_of_a_denial_says_when_to_retry(self):
        self.trip()
        _, fields, body = send(self.port, "GET", "/down")
        self.assertEqual(json.loads(body)["retry_after"], int(fields["Retry-After"]))
        self.steer("PUT", "/override", {"mode": "force_open", "reason": "maintenance", "expires_in_ms": None})
        self.assertIsNone(json.loads(send(self.port, "GET", "/held")[2])["retry_after"])


class HangingNginxTest(HangingBackendTests, NginxCase):
    pass


if __name__ == "__main__":
    unittest.main()
