"""What a server frees of its docstrings, in a process of its own."""

from __future__ import annotations

import subprocess
import sys

from tests.architecture.files import ROOT

SCRIPT = """
import json, kajoom
from kajoom.docstrings import forget_docstrings

class Plan:
    "A plan."

    def name(self):
        "The name."
        return "The name."

    def price(self, cents=500):
        "The price."
        return f"{cents} cents"

forget_docstrings()
print([Plan.__doc__, Plan.name.__doc__, json.__doc__, json.dumps.__doc__, kajoom.__doc__])
print(Plan().name(), Plan().price(), json.dumps({"a": 1}))
print("The price." in Plan.price.__code__.co_consts)
"""


def test_docstrings_are_freed_and_functions_return_the_same() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [str([None] * 5), 'The name. 500 cents {"a": 1}', "False"]
