"""Seed the demo and say, as one JSON object, who and what it consists of.

    python -m functions.demo SERVICE_URL --key-file FILE

A process of its own: `up` and the demo are two doors, and doors do not know each other.
"""

import argparse
import json
import sys
from pathlib import Path

import django

from jigxmgmt.keys import read_or_make_key


def main() -> None:
    """Parse the command line and seed."""
    parser = argparse.ArgumentParser(prog="demo")
    parser.add_argument("service_url")
    parser.add_argument("--key-file", type=Path, required=True)
    options = parser.parse_args()
    django.setup()
    from functions.demo.seed import seed_demo

    demo = seed_demo(options.service_url, service_key=read_or_make_key(options.key_file)[0])
    json.dump(demo, sys.stdout)


if __name__ == "__main__":
    main()
