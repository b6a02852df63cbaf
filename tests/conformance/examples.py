"""The department examples of the guide, on a hub with the server it runs itself: examples.py PROGRAM NODE_MODULES. Each meets
a case that was dispatched, and one that it had signed for and lost, and leaves nothing in its queue."""

import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

PROGRAM, NODE_MODULES = sys.argv[1], Path(sys.argv[2])
ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 60
DEPARTMENT, OTHER = "jb-ecology", "jb-housing"


def lay_out(folder):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    directory = ROOT / "deploy/directory/330205"
    (folder / "huiliu.toml").write_text(
        f'[http]\nlisten = "127.0.0.1:{port}"\n[data]\ndir = "data"\ndirectory_dir = "{directory}"\n[channels.hotline-12345]\n'
    )
    return f"http://127.0.0.1:{port}"


def mint(folder, kind, subject):
    command = [PROGRAM, "--settings", folder / "huiliu.toml", "keys", "add", kind, subject]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def eventually(what, look):
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        try:
            if found := look():
                return found
        except (urllib.error.URLError, ConnectionError):
            pass
        time.sleep(0.1)
    sys.exit(f"{what} did not come about in time")


class Site:
    def __init__(self, folder, url):
        self.url = url
        names = {"hotline-12345": "channel", DEPARTMENT: "department", "desk": "operator"}
        self.keys = {name: mint(folder, kind, name) for name, kind in names.items()}

    def ask(self, who, path, body=None):
        headers = {"Authorization": f"Bearer {self.keys[who]}", "Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, None if body is None else json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=45) as answer:
            return json.loads(answer.read() or b"null")

    def push(self, number):
        order = json.loads((ROOT / "adapters/packs/hotline-12345/fixtures/order.json").read_text())
        order |= {"orderId": f"{order['orderId']}-{number}", "orderNum": f"{order['orderNum']}-{number}", "oldOrderNum": None}
        self.ask("hotline-12345", "/v1/channels/hotline-12345/events", order)

    def lose(self):
        """What waits is signed for, and then goes to another department."""
        entries = lambda: self.ask(DEPARTMENT, "/v1/queue?max=1&wait=5")["entries"]
        handed = eventually(f"an entry for {DEPARTMENT}", entries)[0]
        case, n = handed["entry"]["number"], handed["entry"]["n"]
        self.ask(DEPARTMENT, f"/v1/cases/{case}/commands/sign_for", {"id": f"sign-{n}", "n": n})
        self.ask(DEPARTMENT, "/v1/queue/ack", {"ack": handed["ack"]})
        to = {"assignees": [{"department": OTHER, "role": "lead"}], "note": "改派。"}
        self.ask("desk", f"/v1/cases/{case}/commands/redispatch", {"id": f"away-{n}", **to})

    def queued(self):
        queues = self.ask("desk", "/v1/queues")["queues"]
        return next(queue["queued"] for queue in queues if queue["department"] == DEPARTMENT)


def main(folder):
    url = lay_out(folder)
    site = Site(folder, url)
    (folder / "key").write_text(site.keys[DEPARTMENT])
    # Node looks for packages beside the program.
    shutil.copy(ROOT / "docs/examples/department.mjs", folder)
    (folder / "node_modules").symlink_to(NODE_MODULES.resolve())
    with open(folder / "hub.log", "w") as log:
        hub = subprocess.Popen([PROGRAM, "run", "--settings", folder / "huiliu.toml"], stdout=log, stderr=log, cwd=ROOT)
    try:
        eventually("the hub", lambda: urllib.request.urlopen(url + "/readyz", timeout=2).status == 200)
        server = f"nats://127.0.0.1:{(folder / 'data/nats/port').read_text().strip()}"
        for number, example in enumerate([[sys.executable, ROOT / "docs/examples/department.py"], ["node", folder / "department.mjs"]]):
            site.push(f"lost-{number}")
            site.lose()
            site.push(f"had-{number}")
            eventually("a withdrawal and a dispatch", lambda: site.queued() == 2)
            subprocess.run([*example, server, DEPARTMENT, folder / "key"], check=True, timeout=PATIENCE_S)
            eventually("an empty queue", lambda: site.queued() == 0)
    finally:
        hub.terminate()
        hub.wait(timeout=PATIENCE_S)
    print("both leave nothing in the queue")


with tempfile.TemporaryDirectory() as scratch:
    main(Path(scratch))
