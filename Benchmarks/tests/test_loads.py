"""Tests of the parsers with recorded output of wrk 4.1.0 and redis-benchmark 7.0.15."""

import unittest

from bench.loads import parse_redis_benchmark, parse_wrk
from bench.plan import BenchError

WRK = """\
Running 1s test @ http://127.0.0.1:40123
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.20ms  512.00us   9.28ms   91.51%
    Req/Sec    51.01k     2.10k   53.76k    80.00%
  50700 requests in 1.00s, 11.02MB read
Requests/sec:  50688.10
Transfer/sec:     11.02MB
{"requests": 50700, "duration_us": 1000235, "refused": REFUSED, "socket_errors": SOCKETS, "timeouts": TIMEOUTS, \
"p50_us": 1170, "p99_us": 2570, "p999_us": 5890, "max_us": 9280}
"""

REDIS_BENCHMARK = '''\
"test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms","p99_latency_ms","max_latency_ms"
"EVALSHA 0a1b2c 1 breaker:000000000000 30000","64516.13","0.512","0.120","0.503","0.711","0.903","2.103"
'''


def wrk_output(refused: int = 0, sockets: int = 0, timeouts: int = 0) -> str:
    return WRK.replace("REFUSED", str(refused)).replace("SOCKETS", str(sockets)).replace("TIMEOUTS", str(timeouts))


class Outputs(unittest.TestCase):
    def test_the_rate_of_wrk_is_that_of_the_whole_run(self) -> None:
        result = parse_wrk(wrk_output())
        self.assertAlmostEqual(result.rate, 50_688.1, places=1)
        self.assertEqual((result.p50_us, result.p99_us, result.p999_us, result.max_us), (1_170, 2_570, 5_890, 9_280))

    def test_a_load_with_a_failed_request_has_no_rate(self) -> None:
        for output in (wrk_output(refused=1), wrk_output(sockets=1), wrk_output(timeouts=1)):
            with self.subTest(output=output.splitlines()[-1]), self.assertRaises(BenchError):
                parse_wrk(output)

    def test_a_load_without_an_answer_has_no_rate(self) -> None:
        with self.assertRaises(BenchError):
            parse_wrk(wrk_output().replace('"requests": 50700', '"requests": 0'))

    def test_an_interrupted_wrk_raises_an_error_with_its_output(self) -> None:
        with self.assertRaisesRegex(BenchError, "unable to connect"):
            parse_wrk("unable to connect to 127.0.0.1:40123 Connection refused\n")

    def test_the_rate_of_redis_benchmark_is_read_by_the_name_of_its_column(self) -> None:
        self.assertEqual(parse_redis_benchmark(REDIS_BENCHMARK), 64_516.13)
        warned = "WARNING: Could not fetch server CONFIG\n" + REDIS_BENCHMARK
        self.assertEqual(parse_redis_benchmark(warned), 64_516.13)

    def test_an_interrupted_redis_benchmark_raises_an_error(self) -> None:
        with self.assertRaises(BenchError):
            parse_redis_benchmark("Could not connect to Redis at 127.0.0.1:1: Connection refused\n")


if __name__ == "__main__":
    unittest.main()
