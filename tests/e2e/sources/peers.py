#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Two peers over TLS on 127.0.0.1, for one user.

usage: peers.py files FOLDER PORT CERTIFICATE KEY USER PASSWORD    a Helm repository: files behind basic auth
       peers.py tokens FOLDER PORT CERTIFICATE KEY USER PASSWORD   the token service of a registry; signs with KEY
"""
import base64
import http.server
import json
import os
import ssl
import subprocess
import sys
import time
import urllib.parse

kind, folder, port, certificate, key, user, password = sys.argv[1:]
wanted = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def token(scopes):
    pem = open(certificate).read()
    chain = ["".join(pem.split("-----")[2].split())]
    access = [{"type": s.split(":")[0], "name": s.split(":")[1], "actions": s.split(":")[2].split(",")} for s in scopes]
    now = int(time.time())
    claims = {"iss": "test", "sub": user, "aud": "registry", "exp": now + 300, "nbf": now - 10, "iat": now, "jti": str(now), "access": access}
    body = encoded(json.dumps({"typ": "JWT", "alg": "RS256", "x5c": chain}).encode()) + b"." + encoded(json.dumps(claims).encode())
    signed = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key], input=body, stdout=subprocess.PIPE, check=True)
    return (body + b"." + encoded(signed.stdout)).decode()


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, status, body=b"", headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.headers.get("Authorization") != wanted:
            return self.answer(401, headers=[("WWW-Authenticate", 'Basic realm="charts"')])
        address = urllib.parse.urlparse(self.path)
        if kind == "tokens":
            scopes = urllib.parse.parse_qs(address.query).get("scope", [])
            return self.answer(200, json.dumps({"token": token(scopes)}).encode())
        path = os.path.join(folder, address.path.lstrip("/"))
        if not os.path.isfile(path):
            return self.answer(404)
        with open(path, "rb") as file:
            self.answer(200, file.read())

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
