"""Hosting panels."""
