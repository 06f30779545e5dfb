"""A child that asks: `python -m benchmarks.asked URL ALIAS bare|library`; each line of standard input is how many searches it makes."""

import sys

from benchmarks.rivals import QUERIES, Rivals


def main() -> None:
    """Warm up, say ready, and ask as often as each line says."""
    url, alias, kind = sys.argv[1:]
    rivals = Rivals(url, alias)
    ask = rivals.both()[kind]
    for text in QUERIES * 2:
        ask(text)
    print("ready", flush=True)
    for line in sys.stdin:
        for place in range(int(line)):
            ask(QUERIES[place % len(QUERIES)])
        print("done", flush=True)


if __name__ == "__main__":
    main()
