"""What a longer billing cycle saves, in exact cents; months free only where they are whole."""

from __future__ import annotations

import pytest

from kajoom.domain.cycle import BillingCycle
from kajoom.domain.money import Money
from kajoom.domain.saving import saving

# The price and its cycle, the price of the shorter cycle, then the amount saved in each cycle and the months free.
SAVINGS = """
1500.00 annually      150.00 monthly    300.00 2
 149.90 annually       14.99 monthly     29.98 2
1650.00 annually      150.00 monthly    150.00 1
1520.00 annually      150.00 monthly    280.00 0
1799.99 annually      150.00 monthly      0.01 0
 440.00 quarterly     150.00 monthly     10.00 0
1500.00 annually      450.00 quarterly  300.00 2
 600.00 annually      100.00 quarterly   -     -
 300.00 annually      100.00 quarterly  100.00 3
2700.00 biennially    150.00 monthly    900.00 6
2700.00 biennially   1500.00 annually   300.00 0
3000.00 triennially  2000.01 biennially  -     -
1800.00 annually      150.00 monthly     -     -
1900.00 annually      150.00 monthly     -     -
 150.00 monthly      1500.00 annually    -     -
 150.00 monthly       150.00 monthly     -     -
 150.00 annually        0.00 free        -     -
   0.00 free          150.00 monthly     -     -
1500.00 one_time      150.00 monthly     -     -
   0.00 annually        0.00 monthly     -     -
"""


@pytest.mark.parametrize("row", SAVINGS.strip().splitlines())
def test_saving_is_exact_and_only_where_it_is_true(row: str) -> None:
    price, cycle, shorter, shorter_cycle, amount, months = row.split()
    found = saving(Money.parse(price), BillingCycle(cycle), Money.parse(shorter), BillingCycle(shorter_cycle))
    assert (str(found.amount), str(found.months)) == (amount, months) if found else amount == "-"
    assert found is None or found.cycle == cycle
