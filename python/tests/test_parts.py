"""Runs done in parts: the very result of one thread, wherever the parts were done and whatever was lost."""

import multiprocessing
import os
import pickle
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import pytest

import tlslab as tl
from tlslab.parts.job import Job, Rules, job_of
from tlslab.parts.run import Run

EXPERIMENT = tl.Experiment(tl.Client(ems="off"), tl.Server(ems="off", premaster_zeros="keep", groups=["modp768"]))
TRIALS = 5_000

RUNS = [
    {"fidelity": "wire"},
    {"fidelity": "class"},
    {"fidelity": "census"},
    {"fidelity": "class", "max_failures": 9},
    {"fidelity": "wire", "precision": 0.7},
]


def run(**options: Any) -> tl.Result:  # noqa: ANN401 - whatever a run takes
    return EXPERIMENT.run(TRIALS, seed=2, progress=False, **options)


@pytest.mark.parametrize("options", RUNS, ids=str)
def test_threads_and_blocks_change_nothing(options: dict[str, Any]) -> None:
    alone = run(threads=1, **options)
    with ThreadPoolExecutor(3) as executor:
        assert run(executor=executor, block=611, **options) == alone
    assert alone != run(threads=1, **{**options, "max_failures": 1, "fidelity": "wire", "precision": None})


def test_processes_change_nothing() -> None:
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as executor:
        assert run(executor=executor, block=1_000, fidelity="class") == run(threads=1, fidelity="class")
        # An error comes across as what it is.
        with pytest.raises(tl.RunError, match="memory"):
            run(executor=executor, memory_budget=100)


class Unreliable(Executor):
    """Loses the first tries of each block."""

    def __init__(self, losses: int) -> None:
        self.losses = losses
        self.tries: dict[Any, int] = {}

    def submit(self, function: Callable[..., Any], /, *args: Any, **_: Any) -> "Future[Any]":  # noqa: ANN401
        what = (function.__name__, *args[1:3])
        self.tries[what] = self.tries.get(what, 0) + 1
        future: Future[Any] = Future()
        try:
            if self.tries[what] <= self.losses:
                raise ConnectionResetError("the worker is gone")
            future.set_result(function(*args))
        except Exception as error:
            future.set_exception(error)
        return future


def test_what_is_lost_is_done_again() -> None:
    unreliable = Unreliable(losses=2)
    assert run(executor=unreliable, block=2_000, fidelity="class") == run(fidelity="class")
    assert set(unreliable.tries.values()) == {3}
    with pytest.raises(tl.RunError, match=r"trials \d+ to \d+ were lost 4 times, the last time by ConnectionReset"):
        run(executor=Unreliable(losses=9), block=2_000)


def test_an_executor_that_is_done_for() -> None:
    executor = ThreadPoolExecutor(1)
    executor.shutdown()
    with pytest.raises(tl.RunError, match="takes no more blocks"):
        run(executor=executor)
    with ThreadPoolExecutor(1) as executor:
        with pytest.raises(tl.RunError, match="without an executor"):
            run(executor=executor, digest=True)
        with pytest.raises(tl.RunError, match="at least one trial"):
            run(executor=executor, block=0)
    with pytest.raises(tl.RunError, match=r"submit, as those of concurrent\.futures; 3 has not"):
        run(executor=3)
    with pytest.raises(tl.RunError, match="what an executor is given"):
        run(block=1_000)


def test_an_interrupt_keeps_a_prefix() -> None:
    def interrupt(done: int, _failures: int | None) -> None:
        if done > 700:
            raise KeyboardInterrupt

    with ThreadPoolExecutor(2) as executor:
        some = EXPERIMENT.run(10**7, seed=2, fidelity="wire", executor=executor, block=300, progress=interrupt)
    assert some.stopped_by == "interrupted"
    assert 700 < some.trials < 10**7
    assert some.failed_trials == EXPERIMENT.run(some.trials, seed=2, progress=False).failed_trials


def test_time_that_is_up() -> None:
    with ThreadPoolExecutor(2) as executor:
        some = EXPERIMENT.run(
            10**7, seed=2, fidelity="wire", executor=executor, block=300, seconds=0.01, progress=False
        )
    assert some.stopped_by == "seconds"
    assert some.trials % 300 == 0


def test_parts_may_come_in_any_order_and_overlap() -> None:
    job = job_of(EXPERIMENT, seed=2, trials=TRIALS, fidelity="class", rules=Rules())
    prepared = job.prepare()

    def part(start: int, stop: int) -> str:
        options: dict[str, Any] = {"failures_before": 0, "max_failures": None, "precision": None}
        return prepared.part(start, stop, progress=lambda *_: None, **options)[0]

    order = Run(job, 1_000, block=400)
    for start, stop in [(700, 1_000), (0, 300), (200, 500), (0, 200), (300, 700), (300, 400)]:
        order.give(part(start, stop))
        assert order.advance() is None
    assert (order.done, order.stopped_by) == (1_000, "trials")
    gap = Run(job, 1_000, block=400)
    gap.give(part(300, 500))
    assert [gap.next_block() for _ in range(5)] == [(0, 300), (500, 800), (800, 1_000), None, None]


def test_jobs_and_errors_can_be_sent() -> None:
    job = job_of(EXPERIMENT, seed=2, trials=1, fidelity="auto", rules=Rules())
    assert pickle.loads(pickle.dumps(job)) == job
    assert isinstance(job, Job)
    for error in (tl.RunError("a"), tl.BehaviourError("b"), tl.CollectionError("c")):
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), str(again)) == (type(error), str(error))


@pytest.mark.filterwarnings("ignore")
def test_a_dask_cluster_whose_worker_is_killed() -> None:
    distributed = pytest.importorskip("distributed")
    killed = threading.Event()

    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        victim = next(iter(client.run(os.getpid).values()))

        def kill(done: int, _failures: int | None) -> None:
            if done and not killed.is_set():
                os.kill(victim, signal.SIGKILL)
                killed.set()

        with client.get_executor() as executor:
            many = EXPERIMENT.run(40_000, seed=2, fidelity="class", executor=executor, block=2_000, progress=kill)
        assert victim not in client.run(os.getpid).values()
    assert killed.is_set()
    assert many == EXPERIMENT.run(40_000, seed=2, fidelity="class", threads=1, progress=False)
