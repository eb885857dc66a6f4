"""The benchmarks run, and say what they have to; how fast anything is, no test asks."""

from __future__ import annotations

import re

import pytest

from benchmarks import __main__ as benchmarks
from benchmarks import rounds
from benchmarks.report import Report, at_least, at_most, figure
from benchmarks.rounds import Candidate, Lap, Race

FORMATS = re.compile(r"^  (time|rate|memory): .+ (met|NOT MET|no goal)(, by processor time)?$", re.MULTILINE)


@pytest.mark.bench
@pytest.mark.parametrize("name", benchmarks.BENCHMARKS)
def test_a_benchmark_runs_and_compares(name, tmp_path, capsys):
    code = benchmarks.main(["--quick", "--directory", str(tmp_path), name])
    told = capsys.readouterr()
    assert code == 0, told.err
    assert re.match(r"\d+ cores, ", told.out)
    assert FORMATS.search(told.out)
    assert list(tmp_path.iterdir()) == [], "what was made for a run is thrown away"


def test_a_benchmark_that_cannot_be_run_is_a_failure_and_does_not_stop_the_others(tmp_path, capsys, monkeypatch):
    def fail(_):
        raise OSError("no disk")

    monkeypatch.setitem(benchmarks.BENCHMARKS, "emit", fail)
    assert benchmarks.main(["--quick", "--directory", str(tmp_path), "emit", "export"]) == 1
    told = capsys.readouterr()
    assert "no disk" in told.err
    assert "could not be run: emit" in told.err
    assert "bundle of" in told.out


def test_a_missed_goal_is_said_and_is_no_failure(tmp_path, capsys, monkeypatch):
    report = Report(title="slow", races=(), outcomes=(figure("time: slow", 3, "x", at_most(2)),))
    monkeypatch.setitem(benchmarks.BENCHMARKS, "emit", lambda _: report)
    assert benchmarks.main(["--directory", str(tmp_path), "emit"]) == 0
    assert "NOT MET" in capsys.readouterr().out


def test_an_unknown_name_is_a_usage_error(capsys):
    with pytest.raises(SystemExit, match="2"):
        benchmarks.main(["no-such-benchmark"])
    assert "no benchmark no-such-benchmark" in capsys.readouterr().err


def test_a_goal_is_met_on_its_side_and_at_its_bound():
    assert [at_most(2).met(value) for value in (1, 2, 3)] == [True, True, False]
    assert [at_least(2).met(value) for value in (1, 2, 3)] == [False, True, True]


def laps(*each):
    return tuple(Lap(seconds=seconds, processor=processor) for seconds, processor in each)


def test_a_ratio_is_the_median_of_the_rounds_and_not_the_ratio_of_medians():
    both = tuple(Candidate(name=name, run=lambda: 0.0) for name in ("a", "b"))
    seen = Race(
        candidates=both,
        laps={"a": laps((1, 1), (9, 1), (3, 1)), "b": laps((1, 1), (3, 1), (2, 1))},
        noisy=0,
        disturbed=False,
    )
    ratio = seen.time_ratio("a", "b")
    assert (ratio.median, ratio.least, ratio.most, ratio.rounds) == (1.5, 1, 3, 3)


def test_on_a_busy_machine_what_computes_is_compared_by_processor_time_and_what_waits_is_not():
    each = tuple(Candidate(name=name, run=lambda: 0.0, computes=name != "disk") for name in ("a", "b", "disk"))
    seen = Race(
        candidates=each,
        laps={"a": laps((8, 2)), "b": laps((2, 1)), "disk": laps((4, 1))},
        noisy=1,
        disturbed=True,
    )
    assert seen.time_ratio("a", "b").median == 2
    assert seen.time_ratio("a", "disk").median == 2
    assert seen.time_ratio("disk", "b").median == 2


def test_every_round_runs_every_candidate_once_and_another_first():
    order = []

    def runner(name):
        def run():
            order.append(name)
            return 0.0

        return run

    each = [Candidate(name=name, run=runner(name), computes=False) for name in "abc"]
    seen = rounds.race(each, rounds=3, longest=60)
    assert "".join(order) == "abc" + "abc" + "bca" + "cab"
    assert {len(of_one) for of_one in seen.laps.values()} == {3}


def test_a_process_that_sleeps_is_not_taken_for_one_that_computes(monkeypatch):
    monkeypatch.setattr(rounds, "_processor_seconds", lambda: 0.0)
    seen = rounds.race([Candidate(name="idle", run=lambda: 0.0)], rounds=5, longest=0)
    assert (seen.noisy, seen.disturbed) == (2, True)
