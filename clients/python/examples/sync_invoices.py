#!/usr/bin/env python3
"""A cron job that uses only the command line of Fusebox:

    */5 * * * *  fusebox run billing --ignore-exit 2 -- /usr/local/bin/sync_invoices.py

While billing is down, the job does not run, and ``fusebox run`` exits with 75. The job's exit code is reported: 0 as a
success, 1 as a failure of billing, and 2, an error of the job itself, as ignored.
"""

import os
import sys
import urllib.error
import urllib.request


def main() -> int:
    url = os.environ.get("BILLING_URL")
    if not url:
        print("BILLING_URL is not set", file=sys.stderr)
        return 2
    try:
        with urllib.request.urlopen(f"{url}/invoices", timeout=10) as answer:
            print(f"synced: {answer.read().decode()}")
    except (urllib.error.URLError, OSError) as error:
        print(f"billing does not answer: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
