"""A scratch site for the conformance run: a hub from the build under test, on a nats-server of its own that may be looked
into, with keys and a little life in it. Says where it is in site.json, then waits to be stopped."""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from base64 import b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

PROGRAM, NATS_SERVER, FOLDER = sys.argv[1], sys.argv[2], Path(sys.argv[3])
ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 60
CHANNELS = ["hotline-12345", "petition-portal"]
DEPARTMENTS = ["jb-ecology", "jb-housing"]


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Source(BaseHTTPRequestHandler):
    """The hotline's end of the line: keeps what it was told, as it came."""

    told = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.told.append({"headers": {name.lower(): value for name, value in self.headers.items()}, "body": body})
        answer = b'{"code": "0"}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


def lay_out(port, nats_port, password, push_secret, answer_secret, source):
    (FOLDER / "data").mkdir(parents=True)
    (FOLDER / "nats.conf").write_text(
        f'listen: "127.0.0.1:{nats_port}"\nmax_payload: 8MB\n'
        f'authorization {{ user: huiliu, password: "{password}" }}\n'
        f'jetstream {{ store_dir: "{FOLDER / "nats"}", sync_interval: always }}\n'
    )
    (FOLDER / "nats.password").write_text(password)
    (FOLDER / "push.secret").write_text(push_secret)
    (FOLDER / "answer.secret").write_text(answer_secret)
    told = {"hotline-12345": f'base_url = "{source}"\nanswer_secrets = [{{ file = "answer.secret" }}]\n'}
    pushed = 'requests_per_second = 1000\npush_secrets = [{ file = "push.secret" }]\n'
    channels = "".join(f"[channels.{name}]\n{pushed}{told.get(name, '')}" for name in CHANNELS)
    (FOLDER / "huiliu.toml").write_text(
        f'[http]\nlisten = "127.0.0.1:{port}"\n'
        f'[data]\ndir = "data"\ndirectory_dir = "{ROOT / "deploy/directory/330205"}"\n'
        f'[engine]\nurls = ["nats://127.0.0.1:{nats_port}"]\nuser = "huiliu"\npassword = {{ file = "nats.password" }}\n'
        f"{channels}"
    )


def mint(kind, subject):
    command = [PROGRAM, "--settings", FOLDER / "huiliu.toml", "keys", "add", kind, subject]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def ask(url, key, path, body=None):
    data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(url + path, data, {"Authorization": f"Bearer {key}", "Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=45) as answer:
        return json.loads(answer.read() or b"null")


def eventually(what, look):
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        try:
            if (found := look()) is not None:
                return found
        except (urllib.error.URLError, ConnectionError):
            pass
        time.sleep(0.1)
    sys.exit(f"site: {what} did not come about in time")


def live(url, keys):
    """Cases in every state a caller can meet: fresh, handled, in triage, and a dead letter."""
    fixtures = ROOT / "adapters/packs/hotline-12345/fixtures"
    order = json.loads((fixtures / "order.json").read_text())
    # Two orders that differ in their numbers only.
    orders = [{**order, "orderId": f"{order['orderId']}-{i}", "orderNum": f"{order['orderNum']}-{i}", "oldOrderNum": None} for i in range(2)]
    hotline = keys["hotline-12345"]
    taken_up = [ask(url, hotline, "/v1/channels/hotline-12345/events", o) for o in orders]
    ask(url, hotline, "/v1/channels/hotline-12345/events", (fixtures / "batch.json").read_bytes())
    ask(url, hotline, "/v1/channels/hotline-12345/events", {"orderNum": "an order without a number of its own"})
    for receipt in taken_up:
        ask(url, hotline, f"/v1/receipts/{receipt['receipt']}?wait=30")

    def entries():
        return ask(url, keys["jb-ecology"], "/v1/queue?max=10&wait=5")["entries"] or None

    entry = eventually("an entry for jb-ecology", entries)[0]
    case = entry["entry"]["number"]
    for kind, words in [("sign_for", {}), ("accept", {}), ("progress", {"note": "已到现场。"})]:
        ask(url, keys["jb-ecology"], f"/v1/cases/{case}/commands/{kind}", {"id": f"{kind}-1", **words})
    ask(url, keys["jb-ecology"], "/v1/queue/ack", {"ack": entry["ack"]})
    dead = eventually("a dead letter", lambda: ask(url, keys["desk"], "/v1/dead")["letters"] or None)
    return {"case": case, "receipt": taken_up[0]["receipt"], "dead": dead[0]["sequence"]}


def main():
    port, nats_port = free_port(), free_port()
    password, push_secret = secrets.token_hex(16), "whsec_" + b64encode(secrets.token_bytes(32)).decode()
    answer_secret = "whsec_" + b64encode(secrets.token_bytes(32)).decode()
    source = ThreadingHTTPServer(("127.0.0.1", 0), Source)
    Thread(target=source.serve_forever, daemon=True).start()
    lay_out(port, nats_port, password, push_secret, answer_secret, f"http://127.0.0.1:{source.server_port}")
    keys = {name: mint("channel", name) for name in CHANNELS} | {name: mint("department", name) for name in DEPARTMENTS}
    keys |= {"desk": mint("operator", "desk"), "robot": mint("machine", "robot")}
    log = open(FOLDER / "site.log", "a")
    started = []

    def stop(*_):
        for process in reversed(started):
            process.terminate()
            process.wait(timeout=PATIENCE_S)
        sys.exit(0)

    signal.signal(signal.SIGTERM, stop)
    started.append(subprocess.Popen([NATS_SERVER, "-c", FOLDER / "nats.conf"], stdout=log, stderr=log))
    eventually("the nats-server", lambda: socket.create_connection(("127.0.0.1", nats_port), 1).close() or True)
    started.append(subprocess.Popen([PROGRAM, "run", "--settings", FOLDER / "huiliu.toml"], stdout=log, stderr=log, cwd=ROOT))
    url = f"http://127.0.0.1:{port}"
    eventually("the hub", lambda: urllib.request.urlopen(url + "/readyz", timeout=2).status)
    site = {"url": url, "keys": keys, "push_secret": push_secret, "answer_secret": answer_secret, **live(url, keys)}
    site["told"] = eventually("what the hotline is told", lambda: Source.told or None)
    site["nats"] = {"url": f"nats://127.0.0.1:{nats_port}", "user": "huiliu", "password": password}
    made = FOLDER / "site.json.new"
    made.write_text(json.dumps(site))
    os.replace(made, FOLDER / "site.json")
    signal.pause()


main()
