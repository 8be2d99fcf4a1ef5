"""A client that openapi-python-client generates from openapi.yaml works with a real server.

Needs the packages of requirements.txt in this Python.
"""

import importlib
import pkgutil
import subprocess
import sys
import time

from served import DOCUMENT, FOLDER, PATIENCE, ServedCase

PACKAGE = "fusebox_api"
NAME = "payments"


class GeneratedClientTest(ServedCase):
    def setUp(self):
        super().setUp()
        # Any warning is a failure. The generator leaves out what it warns of.
        command = [
            sys.executable, "-m", "openapi_python_client", "generate", "--path", str(DOCUMENT), "--meta", "none",
            "--output-path", str(self.folder / PACKAGE), "--config", str(FOLDER / "generator.yaml"),
            "--fail-on-warning",
        ]
        generated = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(generated.returncode, 0, generated.stdout + generated.stderr)
        sys.path.insert(0, str(self.folder))
        self.addCleanup(sys.path.remove, str(self.folder))
        package = importlib.import_module(PACKAGE)
        self.addCleanup(self.forget)
        for module in pkgutil.walk_packages(package.__path__, f"{PACKAGE}."):
            importlib.import_module(module.name)
        self.models = sys.modules[f"{PACKAGE}.models"]
        secret = self.token()
        self.client = package.AuthenticatedClient(base_url=self.start_server(), token=secret)
        self.addCleanup(self.client.get_httpx_client().close)

    def forget(self):
        for name in [name for name in sys.modules if name.split(".")[0] == PACKAGE]:
            del sys.modules[name]

    def send(self, operation: str, status: int = 200, **fields):
        """Carries out an operation, such as `breakers.put_breaker`, and returns its parsed answer."""
        module = sys.modules[f"{PACKAGE}.api.{operation}"]
        answer = module.sync_detailed(NAME, client=self.client, **fields)
        self.assertEqual(answer.status_code, status, answer.content)
        return answer.parsed

    def report(self, outcome: str, **fields):
        report = self.models.Report(outcome=self.models.Outcome(outcome), **fields)
        return self.send("decisions.report", body=report)

    def order(self, **fields):
        return self.models.PolicyOrder(policy=self.models.PolicyFields(**fields))

    def test_a_policy_a_trip_and_a_recovery_pass_through_the_client(self):
        absent = self.models.PutBreakerIfNoneMatch("*")
        policy = self.order(failure_threshold=2, recovery_timeout_ms=100)
        created = self.send("breakers.put_breaker", 201, body=policy, if_none_match=absent)
        self.assertEqual(created.policy.failure_threshold, 2)
        self.send("breakers.put_breaker", 412, body=policy, if_none_match=absent)

        allowed = self.send("decisions.acquire")
        self.assertIsInstance(allowed, self.models.Allowed)
        self.report("failure", permit=allowed.permit, duration_ms=12.7, kind="timeout")
        tripped = self.report("failure", permit=allowed.permit, count=3)
        self.assertEqual((tripped.state, tripped.counted), (self.models.State.OPEN, 1))

        while isinstance(decision := self.send("decisions.acquire"), self.models.Denied):
            time.sleep(decision.retry_after_ms / 1000)
        self.assertEqual((decision.state, decision.lease_ms), (self.models.State.HALF_OPEN, 30_000))
        recovered = self.report("success", permit=decision.permit, duration_ms=5)
        self.assertEqual(recovered.state, self.models.State.CLOSED)

        self.send("breakers.delete_breaker", 204)
        self.send("breakers.get_breaker", 404)

    def test_a_patch_sends_only_the_fields_that_were_given(self):
        self.send("breakers.put_breaker", 201, body=self.order(failure_threshold=2, window_calls=20))
        patch = self.models.PatchBreakerBody(policy=self.models.PolicyFields(recovery_timeout_ms=120_000))
        policy = self.send("breakers.patch_breaker", body=patch).policy
        self.assertEqual(
            (policy.failure_threshold, policy.window_calls, policy.window_ms, policy.recovery_timeout_ms),
            (2, 20, None, 120_000),
        )
