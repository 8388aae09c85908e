"""CPU time and peak memory of one run as a ratio to importing the standard library it needs and compiling it.

    python3 .ci/benchmark.py [RUNS]

A script is compiled at every start, so that is the floor. The two commands alternate, and medians are compared.
"""
import os
import statistics
import subprocess
import sys

os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
RUN = [sys.executable, "sizing.py", "--model", "opt-oss-120b", "--server", "dgx300", "--concurrency", "1000",
       "--effective-context", "131072", "--json-only"]
FLOOR = [sys.executable, "-c", "import argparse, json, dataclasses; compile(open('sizing.py').read(), 'sizing.py', 'exec')"]
LIMIT = 1.5


def measure(command):
    """(CPU seconds, peak KiB) of one process."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit("%s failed" % " ".join(command))
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def main(runs):
    measure(RUN)                                         # warm the file cache
    pairs = [(measure(RUN), measure(FLOOR)) for _ in range(runs)]
    for at, (name, scale, unit) in enumerate((("CPU", 1e3, "ms"), ("memory", 1 / 1024, "MiB"))):
        run, floor = (statistics.median(pair[side][at] for pair in pairs) for side in (0, 1))
        print("%-6s %6.1f %s against %6.1f %s: ratio %.2f (limit %.1f)" % (name, run * scale, unit, floor * scale, unit, run / floor, LIMIT))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 21)
