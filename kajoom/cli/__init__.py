"""The front door of the operator: each command is a sentence said to one deed, and an exit code."""

from kajoom.cli.bill import bill
from kajoom.cli.catalog import catalog_command
from kajoom.cli.demo import demo
from kajoom.cli.imports import import_command
from kajoom.cli.mail import mail
from kajoom.cli.quote import due_command, quote_command
from kajoom.cli.staff import staff
from kajoom.cli.words import words_command
from kajoom.cli.work import work

COMMANDS = (bill, catalog_command, demo, due_command, import_command, mail, quote_command, staff, words_command, work)
