"""The client area of a web host.

``domain`` holds the business rules, ``models`` the tables and ``operations`` what can be done; ``gateways`` are the
adapters to other systems; ``web``, ``worker`` and ``cli`` are the entry points. ``docs/architecture.md`` says which
layer may import which.
"""
