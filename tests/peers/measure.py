"""Measures how fast receipts are given: Huiliu beside mq-bridge, FastStream and Node-RED, in one run on one machine.

    measure.py HUILIU NATS_SERVER

Everybody gets the same bytes (order.json, a new number each time) over HTTP, maps them, chooses a subject by place and matter,
stores in JetStream and answers only then. Each runs alone, with a nats-server and a store of its own, under the server's default
(fsync every two minutes) and under fsync before each ack. What was acknowledged is looked for afterwards in the store, opened by
another nats-server. Only loopback; everything started here is stopped here.
"""

import asyncio
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import nats
from nats.js.api import StorageType, StreamConfig

HERE = Path(__file__).parent
SCRATCH = Path(".local/peers/run").absolute()
NODE = Path(".local/peers/node").absolute()
CONNECTIONS = [1, 32, 64]
WARM_UP_S = 3
CELL_S = 10
# How long a hub may take to work off what it took in meanwhile.
WORK_OFF_S = 120
# The whole of it.
LIMIT_S = 480
CHANNEL = "hotline-12345"
DEFAULT, FSYNC = "default", "fsync"


@dataclass
class System:
    """What is measured: where it listens, which processes it is, where its messages end."""

    name: str
    url: str
    gateway: int
    server: int
    key: str | None = None


@dataclass
class Cell:
    system: str
    sync: str
    connections: int
    per_second: float
    p50_ms: float
    p99_ms: float
    memory_mib: float
    gateway_cores: float
    server_cores: float
    settled_per_second: float | None
    acknowledged: int


# --- processes -------------------------------------------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextmanager
def running(command: list, log: Path, **env: str):
    """A process that is asked to stop at the end, and then made to."""
    with log.open("ab") as out:
        process = subprocess.Popen([str(c) for c in command], stdout=out, stderr=out, env={**os.environ, **env})
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(what: str, ready, seconds: float = 30):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if (found := ready()) is not None:
            return found
        time.sleep(0.1)
    raise SystemExit(f"{what}: not so within {seconds:.0f} s; the logs are in {SCRATCH}")


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:")) / 1024


def child_of(pid: int) -> int:
    lists = [Path(f"{task}/children").read_text() for task in Path(f"/proc/{pid}/task").iterdir()]
    return int(" ".join(lists).split()[0])


def get(request: str | urllib.request.Request) -> str | None:
    """The body of an answer that is no refusal."""
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.read().decode()
    except OSError:
        return None


# --- nats-server -----------------------------------------------------------------------------------------------------------


@contextmanager
def nats_server(program: str, directory: Path, store: Path, sync: str, account: str | None = None):
    """A server on `store`; gives its process, its address and its monitoring's."""
    port, monitoring = free_port(), free_port()
    config = directory / f"nats-{port}.conf"
    interval = "always" if sync == FSYNC else '"2m"'
    accounts = f"accounts {{ {account} {{ jetstream: enabled }} }}" if account else ""
    config.write_text(
        f'host: "127.0.0.1"\nport: {port}\nhttp: "127.0.0.1:{monitoring}"\n'
        f'jetstream {{ store_dir: "{store}", sync_interval: {interval} }}\n{accounts}\n'
    )
    with running([program, "--config", config], directory / "nats.log") as process:
        wait_for("nats-server", lambda: get(f"http://127.0.0.1:{monitoring}/healthz"))
        yield process, f"nats://127.0.0.1:{port}", f"http://127.0.0.1:{monitoring}"


async def make_stream(address: str):
    client = await nats.connect(address)
    await client.jetstream().add_stream(StreamConfig(name="CASES", subjects=["cases.>"], storage=StorageType.FILE))
    await client.close()


def stored(program: str, directory: Path, store: Path, stream: str, account: str | None = None) -> int:
    """How many messages another server finds in the stream."""
    with nats_server(program, directory, store, DEFAULT, account) as (_, _, monitoring):
        answer = json.loads(get(f"{monitoring}/jsz?accounts=true&streams=true"))
    streams = [s for a in answer["account_details"] for s in a.get("stream_detail", [])]
    return next(s["state"]["messages"] for s in streams if s["name"] == stream)


# --- the systems -----------------------------------------------------------------------------------------------------------


@contextmanager
def huiliu(programs, directory: Path, sync: str):
    port = free_port()
    durability = 'durability = "fsync-always"'
    if sync == DEFAULT:
        durability = 'durability = "relaxed"\n'
        durability += 'relaxed_because = "I accept that a power cut loses reports that were already acknowledged"'
    settings = directory / "huiliu.toml"
    settings.write_text(
        f'[http]\nlisten = "127.0.0.1:{port}"\n[data]\ndir = "data"\n'
        f'directory_dir = "{Path("deploy/directory/330205").absolute()}"\n[log]\nfilter = "warn"\n'
        f"[engine.embedded]\n{durability}\n[channels.{CHANNEL}]\nrequests_per_second = 1000000\n"
    )
    minted = [programs.huiliu, "--settings", settings, "keys", "add", "channel", CHANNEL]
    key = subprocess.run(minted, check=True, capture_output=True, text=True).stdout.strip()
    env = {"HUILIU_NATS_SERVER": programs.nats_server}
    with running([programs.huiliu, "--settings", settings, "run"], directory / "huiliu.log", **env) as process:
        address = f"http://127.0.0.1:{port}"
        wait_for("huiliu", lambda: get(f"{address}/readyz"))
        yield System("huiliu", f"{address}/v1/channels/{CHANNEL}/events", process.pid, child_of(process.pid), key)


def beside(name: str, command):
    """A peer: a server, a stream, and the process that `command` says, given its own port, the server's and a directory."""

    @contextmanager
    def system(programs, directory: Path, sync: str):
        with nats_server(programs.nats_server, directory, directory / "store", sync) as (server, address, _):
            asyncio.run(make_stream(address))
            port = free_port()
            env = {"PORT": str(port), "NATS": address, "NODE_PATH": str(NODE / "node_modules")}
            with running(command(port, address, directory), directory / f"{name}.log", **env) as process:
                yield System(name, f"http://127.0.0.1:{port}/orders", process.pid, server.pid)

    return system


def mq_bridge(port: int, address: str, directory: Path):
    route = (HERE / "mq-bridge/route.yaml").read_text()
    filled = directory / "route.yaml"
    filled.write_text(route.replace("@HTTP@", f"127.0.0.1:{port}").replace("@NATS@", address))
    return [sys.executable, HERE / "mq-bridge/serve.py", filled]


def faststream(port: int, _address: str, _directory: Path):
    command = [sys.executable, "-m", "uvicorn", "serve:app", "--app-dir", HERE / "faststream", "--host", "127.0.0.1"]
    return [*command, "--port", port, "--no-access-log", "--log-level", "warning"]


def node_red(_port: int, _address: str, directory: Path):
    shutil.copy(HERE / "node-red/flows.json", directory / "flows.json")
    command = ["node", NODE / "node_modules/node-red/red.js", "--userDir", directory]
    return [*command, "--settings", HERE / "node-red/settings.js", "flows.json"]


# --- measuring -------------------------------------------------------------------------------------------------------------


def load(system: System, connections: int, seconds: int, prefix: str) -> dict:
    """What wrk measured; `acknowledged` are the answers that were not refusals."""
    command = ["wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{seconds}s", "--timeout", "10s"]
    command += ["--script", str(HERE / "load.lua"), system.url, "--", str(HERE / "order.json"), prefix]
    command += [system.key] if system.key else []
    said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=seconds + 30).stdout
    result = json.loads(said.splitlines()[-1])
    return {**result, "acknowledged": result["answered"] - result["refused"]}


def takes(system: System) -> str | None:
    """Whether it takes an order by now."""
    headers = {"Content-Type": "application/json"}
    if system.key:
        headers["Authorization"] = f"Bearer {system.key}"
    return get(urllib.request.Request(system.url, (HERE / "order.json").read_bytes(), headers))


def settled(system: System) -> float | None:
    """Records the hub's pipeline has brought to a queue or to triage; the peers have no such thing."""
    if system.name != "huiliu":
        return None
    figures = get(system.url.split("/v1/")[0] + "/metrics") or ""
    return sum(float(row.split()[-1]) for row in figures.splitlines() if row.startswith("huiliu_records_total{"))


def measure_cell(system: System, sync: str, connections: int) -> Cell:
    def state():
        return cpu_seconds(system.gateway), cpu_seconds(system.server), settled(system)

    before = state()
    result = load(system, connections, CELL_S, f"{sync}-{connections}")
    after = state()
    if result["refused"] or result["broken"]:
        print(f"{system.name}, {sync}, {connections}: {result['refused']} refused, {result['broken']} broken", file=sys.stderr)
    seconds = result["seconds"]
    gateway, server, cases = ((b - a) / seconds if a is not None else None for a, b in zip(before, after))
    return Cell(
        system.name, sync, connections, result["acknowledged"] / seconds, result["p50_ms"], result["p99_ms"],
        resident_mib(system.gateway), gateway, server, cases, result["acknowledged"],
    )


def measure(programs, name: str, start, sync: str, connections: list[int]) -> tuple[list[Cell], str]:
    """One system under one sync, from an empty store to the proof; gives its cells and a sentence on the proof."""
    directory = SCRATCH / f"{name}-{sync}-{time.monotonic_ns()}"
    directory.mkdir(parents=True)
    with start(programs, directory, sync) as system:
        wait_for(name, lambda: takes(system))
        acknowledged = load(system, 32, WARM_UP_S, "warm-up")["acknowledged"]
        cells = []
        for c in connections:
            cells.append(measure_cell(system, sync, c))
            print(f"{name}, {sync}, {c} connections: {cells[-1].per_second:,.0f}/s", file=sys.stderr)
        acknowledged += sum(cell.acknowledged for cell in cells)
        after = work_off(system, acknowledged) if name == "huiliu" else ""
    place = (directory / "data/nats/store", "INTAKE", "HUB") if name == "huiliu" else (directory / "store", "CASES")
    found = stored(programs.nats_server, directory, *place)
    if found < acknowledged:
        raise SystemExit(f"{name}, {sync}: {acknowledged} were acknowledged, {found} are stored: {acknowledged - found} LOST")
    shutil.rmtree(directory)
    return cells, f"{name}, {sync}: {acknowledged:,} acknowledged, {found:,} in {place[1]}{after}"


def work_off(system: System, acknowledged: int) -> str:
    """Waits until every acknowledged report is in a queue or in triage."""
    left, began = acknowledged - settled(system), time.monotonic()
    wait_for("working off", lambda: True if settled(system) >= acknowledged else None, WORK_OFF_S)
    took = time.monotonic() - began
    return f"; the {max(left, 0):,.0f} that were not yet in a queue or in triage when the load ended were there {took:.0f} s later"


def fsync_ms() -> float:
    """The median time of appending 4 KiB and syncing it."""
    times = []
    with (SCRATCH / "fsync").open("wb") as file:
        for _ in range(200):
            began = time.perf_counter()
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - began)
    return statistics.median(times) * 1e3


# --- telling ---------------------------------------------------------------------------------------------------------------


def table(cells: list[Cell]) -> str:
    reference = {(c.sync, c.connections): c.per_second for c in cells if c.system == "mq-bridge"}
    rows = [
        "| sync | connections | system | receipts/s | to mq-bridge | p50 ms | p99 ms | gateway MiB | cores: gateway, nats-server "
        "| cases settled/s meanwhile |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for sync in (DEFAULT, FSYNC):
        for connections in CONNECTIONS:
            for c in (c for c in cells if (c.sync, c.connections) == (sync, connections)):
                ratio = c.per_second / reference[sync, connections]
                settled = "–" if c.settled_per_second is None else f"{c.settled_per_second:,.0f}"
                rows.append(
                    f"| {sync} | {connections} | {c.system} | {c.per_second:,.0f} | {ratio:.2f} | {c.p50_ms:.1f} | {c.p99_ms:.1f} "
                    f"| {c.memory_mib:.0f} | {c.gateway_cores:.2f}, {c.server_cores:.2f} | {settled} |"
                )
    return "\n".join(rows)


@dataclass
class Programs:
    huiliu: str
    nats_server: str


def versions(programs: Programs) -> str:
    def said(*command: str) -> str:
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip().replace(": v", " ")

    node_red = json.loads((NODE / "node_modules/node-red/package.json").read_text())["version"]
    own = [said(programs.huiliu, "--version"), said(programs.nats_server, "--version")]
    python = [f"{name} {version(name)}" for name in ("mq-bridge", "faststream", "uvicorn")]
    return ", ".join([*own, *python, f"Node-RED {node_red} on Node {said('node', '--version')}"])


def main():
    programs = Programs(*(str(Path(p).absolute()) for p in sys.argv[1:3]))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    signal.signal(signal.SIGALRM, lambda *_: sys.exit(f"not done within {LIMIT_S} s"))
    signal.alarm(LIMIT_S)
    shutil.rmtree(SCRATCH, ignore_errors=True)
    SCRATCH.mkdir(parents=True)
    systems = [("huiliu", huiliu)]
    systems += [(n, beside(n, c)) for n, c in (("mq-bridge", mq_bridge), ("FastStream", faststream), ("Node-RED", node_red))]
    plan = [(name, start, sync, CONNECTIONS) for sync in (DEFAULT, FSYNC) for name, start in systems]
    # Ours once more at the end: what differs from the first time is the machine.
    plan += [("huiliu", huiliu, sync, CONNECTIONS[-1:]) for sync in (DEFAULT, FSYNC)]

    fsync, began = fsync_ms(), time.monotonic()
    cells, proofs = [], []
    for name, start, sync, connections in plan:
        some, proof = measure(programs, name, start, sync, connections)
        cells += some
        proofs.append(proof)
    shutil.rmtree(SCRATCH)

    print(f"\n{versions(programs)}. {os.cpu_count()} cores; one fsync {fsync:.2f} ms; {time.monotonic() - began:.0f} s.\n")
    print(table(cells))
    print("\nNothing acknowledged was lost:\n" + "\n".join(f"- {proof}" for proof in proofs))


if __name__ == "__main__":
    main()
