"""Running one operation in many threads at the same moment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from threading import Barrier, Thread

from flask import Flask

from kajoom.domain.refusal import BusinessError
from kajoom.models.db import db

THREADS = 20


def run_in_threads(app: Flask, operation: Callable[[int], str]) -> Counter[str]:
    """Call ``operation(number)`` in 20 threads that start together; the results, or codes of business errors, counted.

    Any other exception ends its thread without a result, and so fails the test.
    """
    db.session.remove()
    barrier, results = Barrier(THREADS), []

    def run(number: int) -> None:
        with app.app_context():
            barrier.wait()
            try:
                results.append(operation(number))
            except BusinessError as error:
                results.append(error.code.value)

    threads = [Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == THREADS
    return Counter(results)
