# SPDX-License-Identifier: Apache-2.0
"""An HTTP proxy before an API server that breaks what it is told to break.

Plain HTTP/1.1 in front, TLS with a client certificate behind. `judge` is asked about every request and
answers None (pass it on) or a Fault. It runs on a thread of its own; `judge` is called there.
"""
import asyncio
import dataclasses
import json
import threading
import typing
import urllib.parse


@dataclasses.dataclass
class Request:
    number: int
    method: str
    target: str
    headers: dict
    body: bytes

    @property
    def path(self):
        return self.target.partition("?")[0]

    @property
    def query(self):
        return dict(urllib.parse.parse_qsl(self.target.partition("?")[2]))

    @property
    def is_watch(self):
        return self.query.get("watch") in ("1", "true")

    @property
    def is_write(self):
        """A write that lasts; leases and events are nobody's state."""
        lasting = self.method in ("POST", "PUT", "PATCH", "DELETE") and "dryRun" not in self.query
        return lasting and "/leases" not in self.path and "/events" not in self.path and "reviews" not in self.path


@dataclasses.dataclass
class Fault:
    """Before the answer: `delay`; in place of the answer: `status`; after it was made: `lose` it, `cut` a
    stream after so many seconds, or call `then`."""
    delay: float = 0.0
    status: int = 0
    reason: str = ""
    retry_after: typing.Optional[int] = None
    lose: bool = False
    cut: float = 0.0
    expire: bool = False
    then: typing.Optional[typing.Callable] = None


def status_body(code, reason):
    return json.dumps({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": code,
                       "reason": reason, "message": f"the storm says {reason}"}).encode()


class FaultProxy:
    def __init__(self, plane):
        self.plane = plane
        self.judge = lambda request: None
        self.count = 0
        self.writes = []
        self.broken = 0
        self.streams = set()
        self.tasks = set()  # asyncio itself holds them weakly, and collects a connection while it waits
        self.loop = asyncio.new_event_loop()
        started = threading.Event()

        def run():
            asyncio.set_event_loop(self.loop)
            self.server = self.loop.run_until_complete(asyncio.start_server(self.serve, "127.0.0.1", 0, limit=1 << 26))
            self.port = self.server.sockets[0].getsockname()[1]
            started.set()
            self.loop.run_forever()

        threading.Thread(target=run, daemon=True).start()
        started.wait()

    def cut_streams(self):
        """Ends every watch there is, so that its next begin meets the faults."""
        self.loop.call_soon_threadsafe(lambda: [each.close() for each in self.streams])

    @staticmethod
    async def read_head(reader):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {}
        for line in head[1:]:
            name, colon, value = line.partition(":")
            if colon:
                headers[name.strip().lower()] = value.strip()
        return head[0], headers

    async def serve(self, reader, writer):
        behind = None
        self.tasks.add(asyncio.current_task())
        try:
            while True:
                line, headers = await self.read_head(reader)
                method, target, _ = line.split(" ", 2)
                if headers.get("expect", "").lower() == "100-continue":
                    writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                self.count += 1
                request = Request(self.count, method, target, headers, body)
                if request.is_write:
                    self.writes.append(f"{method} {request.path}")
                fault = self.judge(request)
                if fault is not None:
                    self.broken += 1
                    await asyncio.sleep(fault.delay)
                    if fault.status:
                        answer = status_body(fault.status, fault.reason)
                        later = f"Retry-After: {fault.retry_after}\r\n" if fault.retry_after is not None else ""
                        writer.write(f"HTTP/1.1 {fault.status} Storm\r\nContent-Type: application/json\r\n{later}"
                                     f"Content-Length: {len(answer)}\r\n\r\n".encode() + answer)
                        await writer.drain()
                        continue
                if behind is None:
                    behind = await asyncio.open_connection("127.0.0.1", self.plane.api_port, ssl=self.plane.api.context, limit=1 << 26)
                if not await self.forward(request, fault or Fault(), behind, writer):
                    return
        except (OSError, EOFError, asyncio.TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            pass
        finally:
            self.tasks.discard(asyncio.current_task())
            for each in (behind[1] if behind else None, writer):
                if each is not None:
                    each.close()

    async def forward(self, request, fault, behind, writer):
        """Passes one request on and its answer back; false when the connection is over."""
        keep = {name: value for name, value in request.headers.items()
                if name not in ("authorization", "connection", "host", "expect", "accept-encoding")}
        head = "".join(f"{name}: {value}\r\n" for name, value in keep.items())
        behind[1].write(f"{request.method} {request.target} HTTP/1.1\r\nHost: kubernetes\r\n{head}\r\n".encode() + request.body)
        await behind[1].drain()
        line, headers = await self.read_head(behind[0])
        if fault.then is not None:
            if "content-length" in headers:
                await behind[0].readexactly(int(headers["content-length"]))
            fault.then()
            return False
        if fault.lose:
            return False
        passed = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if name != "connection")
        writer.write(f"{line}\r\n{passed}\r\n".encode())
        if headers.get("transfer-encoding") == "chunked":
            self.streams.add(writer)
            try:
                copy = self.copy_chunks(behind[0], writer, fault)
                return await (asyncio.wait_for(copy, fault.cut) if fault.cut else copy)
            finally:
                self.streams.discard(writer)
        writer.write(await behind[0].readexactly(int(headers.get("content-length", 0))))
        await writer.drain()
        return True

    @staticmethod
    async def copy_chunks(reader, writer, fault):
        if fault.expire:
            event = b'{"type":"ERROR","object":' + status_body(410, "Expired") + b"}\n"
            writer.write(f"{len(event):x}\r\n".encode() + event + b"\r\n0\r\n\r\n")
            await writer.drain()
            return False
        while True:
            size = await reader.readuntil(b"\r\n")
            writer.write(size + await reader.readexactly(int(size, 16) + 2))
            await writer.drain()
            if int(size, 16) == 0:
                return True
