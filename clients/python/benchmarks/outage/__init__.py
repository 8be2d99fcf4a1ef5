"""An outage, gone through by gunicorn workers that share a breaker, and by as many with one of PyBreaker's each."""
