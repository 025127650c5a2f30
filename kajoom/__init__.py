"""The client area of a web host, room by room.

``domain`` holds what is true, ``models`` what is kept, ``operations`` what is done; ``gateways`` are the back doors,
``web``, ``worker`` and ``cli`` the front doors. The README draws the plan and says who may import whom.
"""
