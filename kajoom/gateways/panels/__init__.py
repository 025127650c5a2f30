"""Adapters to hosting panels."""
