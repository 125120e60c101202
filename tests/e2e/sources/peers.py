#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Peers over TLS on 127.0.0.1, for one user.

usage: peers.py files FOLDER PORT CERTIFICATE KEY USER PASSWORD    a Helm repository: files behind basic auth
       peers.py tokens FOLDER PORT CERTIFICATE KEY USER PASSWORD   the token service of a registry; signs with KEY
       peers.py github FOLDER PORT CERTIFICATE KEY USER PASSWORD   GitHub: its API below /api/v3, for the App that is
           USER and whose public key FOLDER/app.pub is; below /Team what is at GIT_URL, for who has the token PASSWORD
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
import urllib.request

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


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def is_app(authorization):
    """Stock openssl says whether the App's own key signed what is shown."""
    head, claims, signature = authorization.removeprefix("Bearer ").split(".")
    with open(os.path.join(folder, "signature"), "wb") as file:
        file.write(decoded(signature))
    checked = subprocess.run(["openssl", "dgst", "-sha256", "-verify", os.path.join(folder, "app.pub"), "-signature", file.name],
                             input=f"{head}.{claims}".encode(), stdout=subprocess.DEVNULL)
    claims, now = json.loads(decoded(claims)), time.time()
    good = claims["iat"] < now < claims["exp"] <= claims["iat"] + 600
    return checked.returncode == 0 and good and (json.loads(decoded(head))["alg"], claims["iss"]) == ("RS256", user)


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, status, body=b"", headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if kind == "github":
            return self.github()
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

    def github(self):
        authorization = self.headers.get("Authorization", "")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.startswith("/Team/"):
            if authorization != "Basic " + base64.b64encode(f"x-access-token:{password}".encode()).decode():
                return self.answer(401)
            passed = {name: self.headers[name] for name in ("Content-Type", "Git-Protocol") if self.headers[name]}
            request = urllib.request.Request(os.environ["GIT_URL"] + self.path.removeprefix("/Team"), body or None, passed)
            with urllib.request.urlopen(request) as answer:
                return self.answer(answer.status, answer.read(), [("Content-Type", answer.headers["Content-Type"])])
        if not authorization.startswith("Bearer ") or not is_app(authorization):
            return self.answer(401)
        with open(os.path.join(folder, "asked"), "a") as file:
            print(self.command, self.path, file=file)
        if self.path == "/api/v3/app/installations?per_page=100&page=1":
            return self.answer(200, json.dumps([{"id": 7, "account": {"login": "Team"}}]).encode())
        end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600))
        self.answer(201, json.dumps({"token": password, "expires_at": end}).encode())

    def do_POST(self):
        return self.github()

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
