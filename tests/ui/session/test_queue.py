"""The queue's own rules, without a window."""

from pathlib import Path

from ui.session.queue import Entry, Queue

A, B, C = Path("a.mp4"), Path("b.mp4"), Path("c.mp4")


def hows(queue: Queue) -> list[tuple[Path, str]]:
    return [(entry.path, entry.how) for entry in queue.entries]


def test_exams_take_turns_in_the_order_they_came() -> None:
    queue = Queue()
    for path in (A, B, A):
        queue.add(path)
    assert queue.start() == A
    assert queue.running == A
    queue.finish(A)
    assert queue.start() == B
    queue.finish(B, "It holds no picture.")
    assert queue.start() is None
    assert queue.entries == [Entry(A, "done"), Entry(B, "failed", "It holds no picture.")]


def test_what_was_put_back_is_next() -> None:
    queue = Queue()
    for path in (A, B):
        queue.add(path)
    queue.start()
    queue.put_back()
    assert queue.running is None
    assert hows(queue) == [(A, "waiting"), (B, "waiting")]
    assert queue.start() == A


def test_one_that_is_over_can_wait_again_and_one_taken_out_stays_out() -> None:
    queue = Queue()
    queue.add(A)
    queue.start()
    queue.add(A)
    assert queue.running == A
    queue.finish(A, "No.")
    queue.add(A)
    assert queue.entries == [Entry(A)]
    queue.start()
    queue.remove(A)
    queue.remove(C)
    queue.finish(A)
    assert queue.entries == []
