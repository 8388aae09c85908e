"""How much one run costs, as ratios that hold on any machine, and how many sizings a second.

    python3 .ci/benchmark.py [RUNS]

A script is compiled at every start: importing what it needs and compiling it is the floor of a run. Commands
alternate, and medians are compared. A request that does not fit is compared with one that does. Exit status 1
beyond a limit.
"""
import os
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
os.chdir(os.path.join(HERE, ".."))
ANY_CONTEXT = [sys.executable, "sizing.py", "--model", "opt-oss-120b", "--server", "dgx300", "--concurrency",
               "1000", "--json-only"]
RUN = [*ANY_CONTEXT, "--effective-context", "131072"]
FLOOR = [sys.executable, "-c",
         "import argparse, json, dataclasses; compile(open('sizing.py').read(), 'sizing.py', 'exec')"]
UNFIT = {"memory": [*RUN, "--runtime-overhead-gib", "99999"], "speed": [*RUN, "--tpot-ms", "0.5"],
         "nodes": [*ANY_CONTEXT, "--nodes", "1", "--effective-context", "max"]}
LIMITS = {"CPU": 1.35, "memory": 1.3, "sizings": 5000, "unfit": 3}


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


def sizings_per_s(seconds=1.0):
    """Sizings of the quick start in this process, on one core: the best of five stretches."""
    sys.path.insert(0, os.getcwd())
    import sizing
    model = sizing.load_models("models.json")["opt-oss-120b"]
    server = sizing.load_servers("servers.json")["dgx300"]
    storage = sizing.load_storage_profiles("storage.json")["profile_default"]
    rates = []
    for _ in range(5):
        end, count = time.perf_counter() + seconds / 5, 0
        while time.perf_counter() < end:
            sizing.calculate_sizing(model, server, storage, 1000, 131072, "fp8", 0.7, None, 0.2, "n+1")
            count += 1
        rates.append(5 * count / seconds)
    return max(rates)


def main(runs):
    measure(RUN)                                         # warm the file cache
    (cpu, peak), (floor_cpu, floor_peak) = medians(runs, (RUN, 0), (FLOOR, 0))
    figures = {"CPU": cpu / floor_cpu, "memory": peak / floor_peak, "sizings": sizings_per_s()}
    print("CPU      %6.1f ms against %6.1f ms to import and compile: ratio %.2f (limit %.2f)"
          % (1e3 * cpu, 1e3 * floor_cpu, figures["CPU"], LIMITS["CPU"]))
    print("memory   %6.1f MiB against %6.1f MiB: ratio %.2f (limit %.2f)"
          % (peak / 1024, floor_peak / 1024, figures["memory"], LIMITS["memory"]))
    print("sizings  %d a second in one process (at least %d)" % (figures["sizings"], LIMITS["sizings"]))
    for name, unfit in UNFIT.items():
        (unfit_cpu, _), (fit_cpu, _) = medians(max(3, runs // 3), (unfit, 1), (RUN, 0))
        figures["unfit"] = max(figures.get("unfit", 0), unfit_cpu / fit_cpu)
        print("unfit    by %-6s %6.1f ms: ratio %.2f to a run that fits (limit %.2f)"
              % (name, 1e3 * unfit_cpu, unfit_cpu / fit_cpu, LIMITS["unfit"]))
    return (any(figures[name] > LIMITS[name] for name in ("CPU", "memory", "unfit"))
            or figures["sizings"] < LIMITS["sizings"])


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 21))
