"""A server over HTTP that costs as little as one in Python can: what is before it is what is measured."""

from __future__ import annotations

from typing import Final

from tests.web_server import answering

_SERVING: Final = """
class Serving(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.octets = transport, b""
    def data_received(self, octets):
        self.octets += octets
        while (end := self.octets.find(b"\\r\\n\\r\\n")) >= 0:
            head, end = self.octets[:end].lower(), end + 4
            at = head.find(b"content-length:")
            size = int(head[at + 15:].split(b"\\r\\n", 1)[0]) if at >= 0 else 0
            if len(self.octets) < end + size:
                return
            body, self.octets = self.octets[end:end + size], self.octets[end + size:]
            status, told = (b"405 No", b"") if not head.startswith(b"post") else (b"202 Accepted", b"")
            if body and "id" in (message := json.loads(body)):
                status, told = b"200 OK", answer(message)
            self.transport.write(b"HTTP/1.1 %%s\\r\\nContent-Type: application/json\\r\\n" %% status
                                 + b"Content-Length: %%d\\r\\n\\r\\n%%s" %% (len(told), told))
async def main():
    server = await asyncio.get_running_loop().create_server(Serving, "127.0.0.1", %d)
    await server.serve_forever()
asyncio.run(main())
"""


def echo_server(port: int) -> str:
    """Return the program that listens at a port of this machine."""
    return answering() + _SERVING % port
