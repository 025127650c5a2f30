"""Payments: attempts, receipts, refunds, saved methods, webhooks and reconciliation."""
