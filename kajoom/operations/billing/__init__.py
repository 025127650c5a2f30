"""Invoices, renewals, account credit and reminders."""
