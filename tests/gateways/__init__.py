"""Tests of the gateways: payment providers, panels and mailers."""
