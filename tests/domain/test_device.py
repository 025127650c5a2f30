"""What is stored of the device of a session: names, and an address that is truncated."""

from __future__ import annotations

import pytest

from kajoom.domain.device import device_of, truncated_address

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("user_agent", "browser", "system"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0", "Firefox", "Windows"),
        (f"Mozilla/5.0 (Windows NT 10.0) {WEBKIT} Chrome/142.0.0.0 Safari/537.36 Edg/142.0", "Edge", "Windows"),
        (f"Mozilla/5.0 (Linux; Android 10; K) {WEBKIT} Chrome/142.0.0.0 Mobile Safari/537.36", "Chrome", "Android"),
        (f"Mozilla/5.0 (X11; CrOS x86_64 14541) {WEBKIT} Chrome/142.0.0.0 Safari/537.36", "Chrome", "ChromeOS"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/26.0 Safari/605.1.15", "Safari", "macOS"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) Version/26.0 Safari/604.1", "Safari", "iPhone"),
        ("Mozilla/5.0 (iPad; CPU OS 18_6 like Mac OS X) CriOS/142.0 Mobile Safari/604.1", "Chrome", "iPad"),
        ("curl/8.14.1", "", ""),
        ("", "", ""),
        ("\0é" * 9_000, "", ""),
    ],
)
def test_device_is_named_by_its_browser_and_system(user_agent: str, browser: str, system: str) -> None:
    assert device_of(user_agent, "") == (browser, system, "")


@pytest.mark.parametrize(
    ("address", "truncated"),
    [
        ("203.0.113.77", "203.0.113.x"),
        ("::ffff:203.0.113.77", "203.0.113.x"),
        ("2001:db8:85a3:8d3:1319:8a2e:370:7348", "2001:db8:85a3:x"),
        ("2001:db8::1", "2001:db8:0:x"),
        ("fe80::1%eth0", "fe80:0:0:x"),
        ("unix:", ""),
        ("", ""),
    ],
)
def test_address_keeps_24_bits_of_ipv4_and_48_of_ipv6(address: str, truncated: str) -> None:
    assert truncated_address(address) == truncated
