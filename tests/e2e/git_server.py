#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A stock Git server: git http-backend behind Python's HTTP server. Anyone may read and push.

usage: git_server.py FOLDER ADDRESS PORT

Prints the port, which the system chooses when PORT is 0.
"""
import http.server
import os
import socketserver
import subprocess
import sys

folder, address, port = sys.argv[1], sys.argv[2], int(sys.argv[3])


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"

    def answer(self):
        path, _, query = self.path.partition("?")
        length = int(self.headers.get("Content-Length") or 0)
        environment = dict(
            os.environ,
            GIT_PROJECT_ROOT=folder,
            GIT_HTTP_EXPORT_ALL="1",
            GIT_PROTOCOL=self.headers.get("Git-Protocol", ""),
            PATH_INFO=path,
            QUERY_STRING=query,
            REQUEST_METHOD=self.command,
            CONTENT_TYPE=self.headers.get("Content-Type", ""),
            CONTENT_LENGTH=str(length),
            HTTP_CONTENT_ENCODING=self.headers.get("Content-Encoding", ""),
            REMOTE_ADDR=self.client_address[0],
        )
        ran = subprocess.run(["git", "http-backend"], input=self.rfile.read(length), env=environment, stdout=subprocess.PIPE)
        head, _, body = ran.stdout.partition(b"\r\n\r\n")
        status = "200 OK"
        lines = []
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"status: "):
                status = line[8:].decode()
            elif line:
                lines.append(line)
        self.wfile.write(b"HTTP/1.0 " + status.encode() + b"\r\n" + b"\r\n".join(lines) + b"\r\n\r\n" + body)

    do_GET = do_POST = answer

    def log_message(self, *arguments):
        pass


class Server(http.server.ThreadingHTTPServer):
    # HTTPServer's own asks DNS for the name of the address, which the tests count.
    server_bind = socketserver.TCPServer.server_bind


server = Server((address, port), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
