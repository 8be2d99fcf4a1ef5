"""A real Prometheus scrapes a real server, and the alerts fire.

Needs `prometheus` and `promtool` in PATH, Python's yaml, and the server at $FUSEBOX, or else in .build/debug.
Everything runs on loopback and in a temporary folder, and ends with the test.
"""

import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCKER = ROOT / "docker"
RULES = DOCKER / "prometheus" / "fusebox.rules.yml"
SERVER = os.environ.get("FUSEBOX", str(ROOT / ".build" / "debug" / "fusebox"))
# The maximum time in seconds that a test waits for a condition.
PATIENCE = 60


def fetch(url: str, method: str = "GET", body: str | None = None, token: str | None = None) -> str:
    request = urllib.request.Request(url, method=method, data=body.encode() if body else None)
    if token:
        request.add_header("authorization", f"Bearer {token}")
    with urllib.request.urlopen(request, timeout=10) as response:
        return response.read().decode()


def eventually(what: str, condition):
    """Waits for a condition in another process that sends no notification."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            value = condition()
        except (OSError, urllib.error.URLError):
            value = None
        if value:
            return value
        time.sleep(0.1)
    raise AssertionError(f"not within {PATIENCE} s: {what}")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def promtool(*arguments: str, text: str | None = None) -> subprocess.CompletedProcess:
    return subprocess.run(["promtool", *arguments], input=text, capture_output=True, text=True, timeout=PATIENCE)


class Processes(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def start(self, name: str, *command: str) -> pathlib.Path:
        output = self.folder / f"{name}.log"
        with output.open("w") as file:
            process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT, cwd=self.folder)
        self.addCleanup(process.wait, timeout=PATIENCE)
        self.addCleanup(process.kill)
        return output

    def start_server(self, *options: str) -> str:
        output = self.start("fusebox", SERVER, "serve", "--listen", "127.0.0.1:0", "--db", "fusebox.db", *options)
        return eventually("the server listens", lambda: re.search(r"listening on (\S+)", output.read_text())).group(1)

    def token(self, role: str) -> str:
        """Adds a token to the server's tokens file and returns its secret."""
        command = [SERVER, "token", "new", "--name", role, "--role", role]
        made = subprocess.run(command, check=True, capture_output=True, text=True, timeout=PATIENCE).stdout
        with (self.folder / "tokens").open("a") as tokens:
            tokens.write(re.search(r"^line.*?: (.*)$", made, re.MULTILINE).group(1) + "\n")
        return re.search(r"fbx_\w+", made).group(0)

    def trip(self, url: str, name: str, token: str | None = None):
        report = f"{url}/v1/breakers/{name}/report?outcome=failure&kind=timeout"
        for _ in range(5):
            fetch(report, "POST", token=token)


@unittest.skipUnless(shutil.which("promtool"), "promtool is not installed")
class MetricsTest(Processes):
    def test_promtool_finds_no_fault_in_the_metrics(self):
        url = self.start_server()
        self.trip(url, "payments")
        fetch(f"{url}/v1/breakers/payments/override", "PUT", '{"mode":"shadow","reason":"a test"}')
        checked = promtool("check", "metrics", text=fetch(f"{url}/metrics"))
        self.assertEqual((checked.returncode, checked.stdout + checked.stderr), (0, ""))

    def test_the_rules_and_the_dashboard_use_only_metrics_that_exist(self):
        page = fetch(f"{self.start_server()}/metrics")
        types = re.findall(r"^# TYPE (\S+) (\w+)$", page, re.MULTILINE)
        told = {name for name, kind in types if kind != "histogram"}
        told |= {name + suffix for name, kind in types if kind == "histogram" for suffix in ("_bucket", "_sum", "_count")}
        dashboard = json.loads((DOCKER / "grafana" / "dashboards" / "fusebox.json").read_text())
        asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
        asked += [variable["query"]["query"] for variable in dashboard["templating"]["list"]]
        asked.append(re.sub(r"^\s*(#|- alert:|summary:|description:).*$", "", RULES.read_text(), flags=re.MULTILINE))
        names = set(re.findall(r"\b(?:fusebox|process)_\w+", " ".join(asked)))
        self.assertGreater(len(names), 10)
        self.assertEqual(names - told, set())


@unittest.skipUnless(shutil.which("promtool"), "promtool is not installed")
class RulesTest(unittest.TestCase):
    def test_the_rules_are_valid(self):
        checked = promtool("check", "rules", str(RULES))
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)

    def test_the_rules_fire_only_when_they_should(self):
        tested = promtool("test", "rules", str(RULES.with_name("fusebox.rules.test.yml")))
        self.assertEqual(tested.returncode, 0, tested.stdout + tested.stderr)

    def test_the_configuration_is_valid(self):
        # The token's file exists only in the container, so only the syntax is checked.
        checked = promtool("check", "config", "--syntax-only", str(RULES.with_name("prometheus.yml")))
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)


class ShippedFilesTest(unittest.TestCase):
    """The files that Docker Compose, Prometheus and Grafana read, and the references between them."""

    def setUp(self):
        self.services = self.read("compose.yaml")["services"]
        self.dashboard = json.loads((DOCKER / "grafana" / "dashboards" / "fusebox.json").read_text())

    def read(self, path: str):
        return yaml.safe_load((DOCKER / path).read_text())

    def mounts(self, service: str) -> dict[str, pathlib.Path]:
        """The files of this repository, by their paths in the container."""
        volumes = (volume.split(":") for volume in self.services[service]["volumes"] if volume.startswith("./"))
        return {parts[1]: DOCKER / parts[0] for parts in volumes}

    def test_all_folders_that_containers_mount_exist(self):
        for service in ("prometheus", "grafana"):
            self.assertEqual(self.services[service]["profiles"], ["observability"])
            for path in self.mounts(service).values():
                self.assertTrue(path.is_dir(), path)

    def test_the_server_makes_its_tokens_and_its_container_mounts_only_the_data_and_tmp(self):
        server = self.services["fusebox"]
        settings = json.dumps(server).lower()
        self.assertNotIn("token", settings)
        self.assertNotIn("insecure", settings)
        mounts = [volume.split(":")[1] for volume in server["volumes"]] + server["tmpfs"]
        self.assertEqual(mounts, ["/data", "/tmp"])
        self.assertTrue(server["read_only"])

    def test_prometheus_finds_its_configuration_the_rules_the_secret_and_the_server(self):
        option = next(each for each in self.services["prometheus"]["command"] if each.startswith("--config.file="))
        inside = pathlib.PurePosixPath(option.removeprefix("--config.file="))
        folder = self.mounts("prometheus")[str(inside.parent)]
        configuration = yaml.safe_load((folder / inside.name).read_text())
        self.assertEqual([(folder / name).is_file() for name in configuration["rule_files"]], [True])
        (scrape,) = configuration["scrape_configs"]
        secret = pathlib.PurePosixPath(scrape["authorization"]["credentials_file"])
        self.assertEqual(secret.parent, pathlib.PurePosixPath("/run/secrets"))
        self.assertIn(secret.name, self.services["prometheus"]["secrets"])
        (target,) = scrape["static_configs"][0]["targets"]
        self.assertIn(target.split(":")[0], self.services)
        # The rules refer to the job by its name.
        self.assertIn(f'up{{job="{scrape["job_name"]}"}}', RULES.read_text())

    def test_grafana_finds_the_dashboard_and_its_data_source(self):
        mounts = self.mounts("grafana")
        (provider,) = self.read("grafana/provisioning/dashboards/fusebox.yml")["providers"]
        dashboards = mounts[provider["options"]["path"]]
        home = pathlib.PurePosixPath(self.services["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
        self.assertEqual(str(home.parent), provider["options"]["path"])
        self.assertTrue((dashboards / home.name).is_file())
        (source,) = self.read("grafana/provisioning/datasources/prometheus.yml")["datasources"]
        self.assertIn(source["url"].removeprefix("http://").split(":")[0], self.services)
        used = [part["datasource"] for panel in self.dashboard["panels"] for part in [panel, *panel["targets"]]]
        used += [variable["datasource"] for variable in self.dashboard["templating"]["list"]]
        self.assertEqual({(each["type"], each["uid"]) for each in used}, {(source["type"], source["uid"])})

    def test_panels_have_unique_names_and_do_not_overlap(self):
        panels = self.dashboard["panels"]
        for key in ("id", "title"):
            self.assertEqual(len({panel[key] for panel in panels}), len(panels), key)
        places = [
            (column, row)
            for place in (panel["gridPos"] for panel in panels)
            for column in range(place["x"], place["x"] + place["w"])
            for row in range(place["y"], place["y"] + place["h"])
        ]
        self.assertEqual(len(set(places)), len(places))
        self.assertTrue(all(column < 24 for column, _ in places))

    def test_the_dashboard_shows_never_as_the_end_of_an_override_without_an_expiry(self):
        (panel,) = (panel for panel in self.dashboard["panels"] if panel["title"] == "Overrides")
        # The query returns 0 for an override without an expiry.
        self.assertTrue(panel["targets"][0]["expr"].endswith("* 0"))
        (override,) = panel["fieldConfig"]["overrides"]
        shown = {each["id"]: each["value"] for each in override["properties"]}
        self.assertEqual(shown["mappings"][0]["options"]["0"]["text"], "never")


@unittest.skipUnless(shutil.which("prometheus"), "Prometheus is not installed")
class AlertsTest(Processes):
    def start_prometheus(self, url: str, token: str) -> str:
        """Starts Prometheus with the shipped rules, but with shorter times before an alert fires."""
        rules, count = re.subn(r"for: \d+m", "for: 1s", RULES.read_text())
        self.assertGreater(count, 0)
        (self.folder / "rules.yml").write_text(rules)
        (self.folder / "scraper").write_text(token)
        (self.folder / "prometheus.yml").write_text(
            (RULES.with_name("prometheus.yml").read_text())
            .replace("15s", "1s")
            .replace("fusebox.rules.yml", "rules.yml")
            .replace("/run/secrets/prometheus-token", str(self.folder / "scraper"))
            .replace("fusebox:7979", url.removeprefix("http://"))
        )
        address = f"127.0.0.1:{free_port()}"
        self.start(
            "prometheus",
            "prometheus",
            "--config.file=prometheus.yml",
            "--storage.tsdb.path=data",
            f"--web.listen-address={address}",
        )
        eventually("Prometheus is ready", lambda: fetch(f"http://{address}/-/ready"))
        return f"http://{address}"

    def test_an_alert_fires_for_an_open_breaker_and_ends_when_it_recovers(self):
        operator, viewer = self.token("operator"), self.token("viewer")
        url = self.start_server("--tokens", "tokens")
        fetch(f"{url}/v1/breakers/search", "PUT", '{"preset":"default"}', token=operator)
        self.trip(url, "payments", token=operator)
        prometheus = self.start_prometheus(url, viewer)

        def firing() -> set[tuple[str, str]]:
            alerts = json.loads(fetch(f"{prometheus}/api/v1/alerts"))["data"]["alerts"]
            return {
                (alert["labels"]["alertname"], alert["labels"].get("breaker", ""))
                for alert in alerts
                if alert["state"] == "firing"
            }

        stuck = ("FuseboxBreakerStuckOpen", "payments")
        eventually("the alert fires", lambda: stuck in firing())
        self.assertEqual({breaker for _, breaker in firing() if breaker}, {"payments"})
        fetch(f"{url}/v1/breakers/payments/reset", "POST", token=operator)
        eventually("the alert ends", lambda: stuck not in firing())


if __name__ == "__main__":
    unittest.main()
