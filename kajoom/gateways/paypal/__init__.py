"""PayPal: Orders v2, saved payment methods, webhooks and transaction reports."""
