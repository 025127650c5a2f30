"""WTForms classes of the forms of two-step verification."""

from __future__ import annotations

from kajoom.operations.accounts.factors import normalized_code
from kajoom.web.forms import SingleField, StrictForm
from kajoom.web.urls import safe_local_path

_LONGEST = 4096
"""Characters of an address to go on to, or of an encrypted key."""


class CodeForm(StrictForm):
    """A code of a second factor or for recovery, and where signing in with it leads."""

    code = SingleField(convert=normalized_code)
    next = SingleField(convert=safe_local_path, max_length=_LONGEST)


class FactorSetupForm(StrictForm):
    """The encrypted key of an app that is being set up, and the code that it shows."""

    setup = SingleField(max_length=_LONGEST)
    code = SingleField(convert=normalized_code)
