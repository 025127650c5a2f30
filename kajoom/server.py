"""gunicorn's worker for ``gunicorn.conf.py``: a thread is given a request only once the whole of it has arrived."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from io import SEEK_END
from selectors import EVENT_READ
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

REQUEST_SECONDS = 10.0
"""How long a client may take to send a request; its connection is then closed."""

LARGEST_BUFFERED = 64 * 1024
"""The bytes of a request's head, and of its body, that are waited for; the application refuses a larger body."""

_LINGER_SECONDS = 2.0
_DRAIN_SECONDS = 0.01
_CONTENT_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,12})[ \t]*(?:\r\n|$)", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:[^\r\n]*chunked", re.IGNORECASE)
_EXPECTS_CONTINUE = re.compile(rb"\r\nexpect:[ \t]*100-continue.*?\r\n\r\n$", re.IGNORECASE | re.DOTALL)


def is_whole(received: bytes) -> bool:
    """Whether a thread can handle what was received without waiting for the client.

    It is also true of what the server or the application refuses at once, such as a body that is too large.
    """
    head, end, body = received.lstrip(b"\r\n").partition(b"\r\n\r\n")
    if not end:
        return len(head) > LARGEST_BUFFERED
    if _CHUNKED.search(head):
        return len(body) > LARGEST_BUFFERED or _has_last_chunk(body)
    length = _CONTENT_LENGTH.search(head)
    needed = int(length[1]) if length else 0
    return len(body) >= needed or needed > LARGEST_BUFFERED


def _has_last_chunk(body: bytes) -> bool:
    """Whether a chunked body has its last chunk and trailers, or a size that cannot be read."""
    start = 0
    while (end := body.find(b"\r\n", start)) >= 0:
        size = body[start:end].partition(b";")[0]
        if not re.fullmatch(rb"[0-9A-Fa-f]{1,8}[ \t]*", size):
            return True
        if int(size, 16) == 0:
            return body.find(b"\r\n\r\n", end) >= 0
        start = end + 2 + int(size, 16) + 2
    return False


class BufferingWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """gthread, whose main loop reads each request and closes each connection, so that no client occupies a thread.

    gthread itself gives a thread to a connection whose request has only begun, for as long as the client wishes, and
    its main loop waits for the client when it closes a connection. With eight threads, eight half-sent requests would
    stop a process.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._handled: dict[TConn, float] = {}
        """The connections that a thread handles, and until when it may read from them."""
        self._deadlines: dict[TConn, float] = {}
        """The connections whose request has not arrived, and until when it may."""

    def enqueue_req(self, conn: TConn) -> None:
        """Give a connection to a thread when its request has arrived, else wait for the rest in the main loop."""
        now = time.monotonic()
        if self.cfg.is_ssl or _receive(conn):
            self._deadlines.pop(conn, None)
            self._handled[conn] = now + REQUEST_SECONDS
            super().enqueue_req(conn)
        else:
            self._deadlines.setdefault(conn, now + REQUEST_SECONDS)
            self._wait(conn, self._deadlines[conn], self.on_pending_socket_readable)

    def finish_request(self, conn: TConn, fs: Future[object]) -> None:
        """Keep the connection for another request, or close it without waiting for the client."""
        del self._handled[conn]
        if self.alive and not fs.cancelled() and fs.exception() is None and fs.result() is False:
            self._linger(conn)
        else:
            super().finish_request(conn, fs)

    def _keepalive_after(self, conn: TConn, keepalive: bool) -> bool:
        """Whether the connection can take another request; a body that was refused unread is not waited for."""
        return keepalive and bool(conn.parser.finish_body(deadline=time.monotonic() + _DRAIN_SECONDS))

    def murder_pending(self) -> None:
        """Close the connections whose request has not arrived in time, and end the reading of those being handled."""
        now = time.monotonic()
        for conn in [conn for conn in self.pending_conns if conn.timeout <= now or self._is_idle(conn)]:
            self._forget(conn)
            self._drop(conn)
        for conn in [conn for conn, deadline in self._handled.items() if deadline <= now]:
            # The thread then reads the end of the stream instead of waiting; it can still answer.
            _shut_down(conn, socket.SHUT_RD)

    def _is_idle(self, conn: TConn) -> bool:
        """Whether a worker that stops need not wait for a connection: nothing has been received on it."""
        return not self.alive and conn.initialized and not conn.parser.unreader.buf.tell()

    def _linger(self, conn: TConn) -> None:
        """Close the sending side, then the connection when the client has closed its own.

        Closing with bytes unread would reset the connection, and the client could lose the end of the response.
        """
        if not _shut_down(conn, socket.SHUT_WR):
            self._drop(conn)
            return
        conn.sock.setblocking(False)
        self._wait(conn, time.monotonic() + _LINGER_SECONDS, self._discard)

    def _discard(self, conn: TConn, _sock: socket.socket) -> None:
        self._forget(conn)
        try:
            ended = not conn.sock.recv(LARGEST_BUFFERED)
        except BlockingIOError:
            ended = False
        except OSError:
            ended = True
        if ended:
            self._drop(conn)
        else:
            self._wait(conn, conn.timeout, self._discard)

    def _wait(self, conn: TConn, deadline: float, when_readable: Callable[[TConn, socket.socket], None]) -> None:
        conn.timeout = deadline
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(when_readable, conn))

    def _forget(self, conn: TConn) -> None:
        self.pending_conns.remove(conn)
        self.poller.unregister(conn.sock)

    def _drop(self, conn: TConn) -> None:
        self._deadlines.pop(conn, None)
        self.nr_conns -= 1
        conn.close()


def _receive(conn: TConn) -> bool:
    """Read what has arrived into the parser's buffer; whether a thread can go on with it, be it to close."""
    conn.init()
    conn.sock.setblocking(False)
    buffer = conn.parser.unreader.buf
    buffer.seek(0, SEEK_END)
    try:
        while data := conn.sock.recv(LARGEST_BUFFERED):
            buffer.write(data)
            if buffer.tell() > 2 * LARGEST_BUFFERED:
                break
    except BlockingIOError:
        received = buffer.getvalue()
        if not is_whole(received):
            return bool(_EXPECTS_CONTINUE.search(received)) and not _send_continue(conn)
    except OSError:
        pass
    return True


def _send_continue(conn: TConn) -> bool:
    """Ask for the body of a client that waits to be asked; ``False`` when it has gone."""
    try:
        return bool(conn.sock.send(b"HTTP/1.1 100 Continue\r\n\r\n"))
    except OSError:
        return False


def _shut_down(conn: TConn, how: int) -> bool:
    try:
        conn.sock.shutdown(how)
    except OSError:
        return False
    return True
