#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What may stand between an agent and a repository, on 127.0.0.1.

usage: tunnels.py mutual PORT TARGET CERTIFICATE KEY CA   TLS for who shows a certificate of the CA; the rest goes to port TARGET
       tunnels.py proxy PORT LOG                          a forward proxy (CONNECT); the hosts it is asked for go to LOG
"""
import socket
import ssl
import sys
import threading

kind, port, *rest = sys.argv[1:]


def pump(source, sink):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass
    finally:
        try:
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def join(left, right):
    back = threading.Thread(target=pump, args=(right, left))
    back.start()
    pump(left, right)
    back.join()
    left.close()
    right.close()


def mutual(client):
    target, certificate, key, ca = rest
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.load_verify_locations(ca)
    context.verify_mode = ssl.CERT_REQUIRED
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # whose handshake ends where the certificate is refused
    try:
        inside = context.wrap_socket(client, server_side=True)
    except (OSError, ssl.SSLError):
        return client.close()
    join(inside, socket.create_connection(("127.0.0.1", int(target))))


def proxy(client):
    head = b""
    while b"\r\n\r\n" not in head:
        data = client.recv(4096)
        if not data:
            return client.close()
        head += data
    method, where, _ = head.split(b" ", 2)
    if method != b"CONNECT":
        client.sendall(b"HTTP/1.1 405 no\r\nContent-Length: 0\r\n\r\n")
        return client.close()
    with open(rest[0], "a") as log:
        log.write(where.decode() + "\n")
    host, _, target = where.decode().rpartition(":")
    upstream = socket.create_connection((host, int(target)))
    client.sendall(b"HTTP/1.1 200 connected\r\n\r\n")
    join(client, upstream)


listener = socket.create_server(("127.0.0.1", int(port)))
while True:
    threading.Thread(target={"mutual": mutual, "proxy": proxy}[kind], args=(listener.accept()[0],), daemon=True).start()
