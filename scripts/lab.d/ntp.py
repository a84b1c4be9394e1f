"""An NTP server for the lab: answers client requests (RFC 5905, mode 3) at every address, from that address."""

import socket
import struct
import time

UNIX_EPOCH_IN_NTP = 2_208_988_800
LEAP_NONE_VERSION_4_SERVER = 0x24
STRATUM = 1


def timestamp() -> bytes:
    now = time.time()
    return struct.pack("!II", int(now) + UNIX_EPOCH_IN_NTP, int(now % 1 * 2**32))


def reply(request: bytes, received: bytes) -> bytes:
    head = struct.pack("!BBbb", LEAP_NONE_VERSION_4_SERVER, STRATUM, 6, -20)
    origin = request[40:48]
    return head + bytes(8) + b"LAB\0" + received + origin + received + timestamp()


def serve() -> None:
    server = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    server.bind(("::", 123))
    while True:
        request, ancillary, _, client = server.recvmsg(512, 256)
        received = timestamp()
        if len(request) < 48 or request[0] & 7 != 3:
            continue
        # The address asked becomes the source; an interface index of 0 leaves the route to the kernel.
        source = [(level, kind, data[:16] + bytes(4)) for level, kind, data in ancillary]
        server.sendmsg([reply(request, received)], source, 0, client)


serve()
