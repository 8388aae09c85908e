"""How much one run costs, as ratios that hold on any machine, and how many sizings a second.

    python3 .ci/benchmark.py [RUNS]

A script is compiled at every start: importing what it needs and compiling it is the floor of a run. Commands
alternate, and medians are compared. A request that does not fit is compared with one that does. Exit status 1
beyond a limit.
"""
import itertools
import os
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
os.chdir(os.path.join(HERE, ".."))
ANY_LOAD = [sys.executable, "sizing.py", "--model", "opt-oss-120b", "--server", "dgx300", "--json-only"]
RUN = [*ANY_LOAD, "--concurrency", "1000", "--effective-context", "131072"]
FLOOR = [sys.executable, "-c",
         "import argparse, json, dataclasses; compile(open('sizing.py').read(), 'sizing.py', 'exec')"]
UNFIT = {"memory": [*RUN, "--runtime-overhead-gib", "99999"], "speed": [*RUN, "--tpot-ms", "0.5"],
         "nodes": [*ANY_LOAD, "--concurrency", "100000", "--nodes", "4", "--effective-context", "max"]}
LIMITS = {"CPU": 1.35, "memory": 1.3, "sizings": 10000, "unfit": 3}


def measure(command, status=0):
    """(CPU seconds, peak KiB) of one process."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, code, usage = os.wait4(process.pid, 0)
    if os.WEXITSTATUS(code) != status:
        raise SystemExit("%s failed" % " ".join(command))
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def medians(runs, *commands):
    """For each (command, exit status) the median CPU seconds and peak KiB of alternating runs."""
    measured = [[measure(*command) for command in commands] for _ in range(runs)]
    return [[statistics.median(figures) for figures in zip(*column)] for column in zip(*measured)]


def sizings_per_s(sizings):
    """How many of these sizings a second this process makes, on one core: the best of five stretches."""
    rates = []
    for _ in range(5):
        start, count = time.perf_counter(), 0
        while time.perf_counter() < start + 0.2:
            count += next(sizings)
        rates.append(count / (time.perf_counter() - start))
    return max(rates)


def by_concurrency():
    """Sizings of one scenario of the quick start, each with other sessions, one at a time and as a grid.

    Their alerts are not asked for: a plan finds them when they are.
    """
    sys.path.insert(0, os.getcwd())
    import sizing
    model = sizing.load_models("models.json")["opt-oss-120b"]
    servers = sizing.load_servers("servers.json")
    storage = sizing.load_storage_profiles("storage.json")["profile_default"]
    base = sizing.Request(model, servers["dgx300"], storage, 1000, 131072, "fp8")

    def one_by_one():
        for sessions in itertools.count(1000):
            sizing.calculate_sizing(model, servers["dgx300"], storage, sessions, 131072, "fp8", 0.7, None,
                                    0.2, "n+1")
            yield 1

    def as_a_grid():
        axes = itertools.product(range(1000, 10**5), ("dgx200", "dgx300"), (32768, 131072))
        grid = (base.but(concurrency=sessions, server=servers[name], effective_context=context)
                for sessions, name, context in axes)
        return map(len, sizing.size_many(grid))
    return {"calculate_sizing": one_by_one(), "size_many": as_a_grid()}


def main(runs):
    measure(RUN)                                         # warm the file cache
    (cpu, peak), (floor_cpu, floor_peak) = medians(runs, (RUN, 0), (FLOOR, 0))
    rates = {name: sizings_per_s(sizings) for name, sizings in by_concurrency().items()}
    figures = {"CPU": cpu / floor_cpu, "memory": peak / floor_peak, "sizings": min(rates.values())}
    print("CPU      %6.1f ms against %6.1f ms to import and compile: ratio %.2f (limit %.2f)"
          % (1e3 * cpu, 1e3 * floor_cpu, figures["CPU"], LIMITS["CPU"]))
    print("memory   %6.1f MiB against %6.1f MiB: ratio %.2f (limit %.2f)"
          % (peak / 1024, floor_peak / 1024, figures["memory"], LIMITS["memory"]))
    for name, rate in rates.items():
        print("sizings  %d a second by %s (at least %d)" % (rate, name, LIMITS["sizings"]))
    for name, unfit in UNFIT.items():
        (unfit_cpu, _), (fit_cpu, _) = medians(max(3, runs // 3), (unfit, 1), (RUN, 0))
        figures["unfit"] = max(figures.get("unfit", 0), unfit_cpu / fit_cpu)
        print("unfit    by %-6s %6.1f ms: ratio %.2f to a run that fits (limit %.2f)"
              % (name, 1e3 * unfit_cpu, unfit_cpu / fit_cpu, LIMITS["unfit"]))
    return (any(figures[name] > LIMITS[name] for name in ("CPU", "memory", "unfit"))
            or figures["sizings"] < LIMITS["sizings"])


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 21))
