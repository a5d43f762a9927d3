#!/usr/bin/env python3
"""A service in trouble for a long time.

The vendor's service misbehaves, receivers of notices do not answer, somebody scrapes, others open a thousand
sockets that say nothing, or send headers a byte at a time. Meanwhile manifests are edited, and somebody
changes users behind them. Then all trouble stops, and every tenant has to be as its manifests want.

    cargo build && python3 benches/soak.py target/debug/dialplane 30

It prints what the process takes at the begin, on the way and at the end, and ends with 1 if a tenant is not
as wanted.
"""

import http.client
import json
import os
import pathlib
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

TENANTS, USERS, IDLE, SLOW = 60, 50, 1000, 20
# What goes wrong with calls, and how often.
TROUBLE = {
    "throttled": 0.02, "server": 0.02, "serverAfter": 0.01, "unavailable": 0.02, "dropped": 0.02, "lost": 0.01,
    "late": 0.01, "truncated": 0.01, "garbage": 0.01, "emptyList": 0.01, "shortList": 0.01, "errorInside": 0.01,
}
over = threading.Event()
seen = {"scraped": 0, "refused": 0, "slowest": 0.0, "oldest turn": 0.0}


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def manifest(tenant, tag):
    limit = "{ percent: 100, count: 100000 }"
    lines = [
        "apiVersion: dialplane/v1", "kind: Tenant", f"metadata: {{ name: tenant{tenant:03} }}", "spec:",
        f"  tenantId: 00000000-0000-4000-8000-{tenant:012}", "  mode: enforce", "  prune: never",
        f"  limits: {{ disable: {limit}, numbers: {limit}, changes: {limit} }}",
        "  defaults: { sbcGatewayId: 805, useTeamsVoicemail: true }",
        "---", "apiVersion: dialplane/v1", "kind: UserSet",
        f"metadata: {{ name: all, tenant: tenant{tenant:03} }}", "spec:", "  users:",
    ]
    for user in range(USERS):
        lines.append(f"    - userPrincipalName: {person(tenant, user)}")
        lines.append("      calling: enabled")
        lines.append(f'      phoneNumber: "+1{2000000000 + tenant * USERS + user}"')
        if tag is not None and user % 7 == 0:
            lines.append(f'      userTag: "{tag}"')
    return "\n".join(lines) + "\n"


def person(tenant, user):
    return f"user{user}@tenant{tenant:03}.example"


def save(path, text):
    """As editors do it: beside, then in its place."""
    beside = path.with_suffix(".new")
    beside.write_text(text)
    beside.rename(path)


def ask(port, method, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, body if body is None else json.dumps(body))
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def scrape(port):
    while not over.wait(1):
        begun = time.time()
        try:
            status, text = ask(port, "GET", "/metrics")
        except OSError:
            status = 0
        except http.client.HTTPException:
            status = 0
        if status != 200:
            seen["refused"] += 1
            continue
        seen["scraped"] += 1
        seen["slowest"] = max(seen["slowest"], time.time() - begun)
        for line in text.splitlines():
            if line.startswith("dialplane_loop_beat_timestamp_seconds "):
                seen["oldest turn"] = max(seen["oldest turn"], time.time() - float(line.split()[1]))


def idle(port):
    """Keeps sockets open that say nothing, for as long as the other side lets it."""
    sockets = []
    while not over.wait(0.5):
        still = []
        for one in sockets:
            try:
                if one.recv(1):
                    continue
            except BlockingIOError:
                still.append(one)
                continue
            except OSError:
                pass
            one.close()
        sockets = still
        while len(sockets) < IDLE and not over.is_set():
            try:
                one = socket.create_connection(("127.0.0.1", port), timeout=1)
            except OSError:
                break
            one.setblocking(False)
            sockets.append(one)
    for one in sockets:
        one.close()


def slow(port):
    text = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: " + b"x" * 600
    while not over.wait(0.1):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=5) as one:
                for byte in text:
                    one.sendall(bytes([byte]))
                    if over.wait(0.2):
                        return
        except OSError:
            pass


def beset(port):
    for work, times in ((scrape, 1), (idle, 1), (slow, SLOW)):
        for _ in range(times):
            threading.Thread(target=work, args=(port,), daemon=True).start()


def rows(folder):
    try:
        return json.loads((folder / ".dialplane/sandbox/status.json").read_text())["tenants"]
    except (OSError, ValueError, KeyError):
        return []


def is_well(row):
    quiet = not (row["needs"] or row["holds"] or row["problems"] or row["syncOwedSince"])
    return row["last"] == "done" and quiet and row["lostAnswers"] == 0 and row["settling"] == 0


def tell(when, pid, folder):
    proc = pathlib.Path(f"/proc/{pid}")
    status = dict(line.split(":", 1) for line in (proc / "status").read_text().splitlines())
    ticks = (proc / "stat").read_text().rsplit(")", 1)[1].split()[11:13]
    cpu = sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")
    memory = int(status["VmRSS"].split()[0]) / 1024
    descriptors = len(list((proc / "fd").iterdir()))
    wanted = sum(row["last"] == "done" for row in rows(folder))
    print(f"| {when} | {memory:.0f} MiB | {descriptors} descriptors | {status['Threads'].strip()} threads | "
          f"{cpu:.1f} s of the processor | {wanted} of {TENANTS} done |", flush=True)


def disturb(folder, vendor, number):
    """Somebody edits a manifest, and somebody else changes users behind another one."""
    tenant = number % TENANTS
    save(folder / f"manifests/tenant{tenant:03}.yaml", manifest(tenant, f"round {number}"))
    tenant = number * 7 % TENANTS
    # Each time others: somebody who changes the same back again and again is left alone.
    for user in range((number + number // TENANTS * 3) % 25, USERS, 25):
        path = f"/_sandbox/users/00000000-0000-4000-8000-{tenant:012}/{person(tenant, user)}"
        ask(vendor, "PUT", path, {"calling": "disabled"})


def until(what, seconds, is_so):
    begun = time.time()
    while not is_so():
        if time.time() - begun > seconds:
            print(f"never came: {what}", flush=True)
            return None
        time.sleep(0.2)
    return time.time() - begun


def main():
    program, minutes = os.path.abspath(sys.argv[1]), float(sys.argv[2])
    folder = pathlib.Path(tempfile.mkdtemp())
    (folder / "manifests").mkdir()
    for tenant in range(TENANTS):
        save(folder / f"manifests/tenant{tenant:03}.yaml", manifest(tenant, None))
    vendor, port = free_port(), free_port()
    log = open(folder / "sandbox.log", "w")
    sandbox = subprocess.Popen(
        [program, "sandbox", "--listen", f"127.0.0.1:{vendor}", "--as-desired",
         "--write-config", "dialplane.yaml", "manifests"],
        cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    config = folder / "dialplane.yaml"
    until("the sandbox", 60, config.exists)
    # A receiver that takes calls and never answers.
    deaf = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{deaf.getsockname()[1]}/"
    text = config.read_text().replace("syncSpacing: 2s", "syncSpacing: 0s")
    text += (
        f'server: {{ listen: "127.0.0.1:{port}" }}\n'
        "run: { debounce: 100ms, poll: 5s, resync: 30s, backoff: 1s, backoffCeiling: 10s }\n"
        "notices:\n  after: 10s\n  remind: 1min\n  receivers:\n"
        f'    deaf: {{ kind: webhook, url: {{ command: [printf, "{address}"] }} }}\n'
        '    nobody: { kind: slack, url: { command: [printf, "http://127.0.0.1:9/"] } }\n')
    config.write_text(text)
    log = open(folder / "service.log", "w")
    service = subprocess.Popen([program, "run"], cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        return soak(program, folder, (vendor, port), service, minutes)
    finally:
        over.set()
        for process in (service, sandbox):
            process.terminate()
            process.wait(60)
        if "--keep" not in sys.argv:
            shutil.rmtree(folder, ignore_errors=True)


def soak(program, folder, ports, service, minutes):
    vendor, port = ports
    until("the first passes", 300, lambda: sum(row["last"] == "done" for row in rows(folder)) == TENANTS)
    time.sleep(5)
    tell("begin", service.pid, folder)
    beset(port)
    faults = json.loads(ask(vendor, "GET", "/_sandbox/faults")[1])
    rules = [{"fault": fault, "probability": likely, "retryAfterSeconds": 1, "delayMs": 2000}
             for fault, likely in TROUBLE.items()]
    ask(vendor, "PUT", "/_sandbox/faults", {**faults, "rules": rules, "latency": {"fixedMs": 5, "randomMs": 50}})
    begun, number = time.time(), random.randrange(TENANTS)
    first = number
    while time.time() - begun < minutes * 60:
        disturb(folder, vendor, number)
        number += 1
        if (number - first) % 36 == 0:
            tell(f"{(time.time() - begun) / 60:.0f} min", service.pid, folder)
        time.sleep(5)
    over.set()
    ask(vendor, "PUT", "/_sandbox/faults", faults)
    took = until("all tenants as wanted", 600, lambda: sum(map(is_well, rows(folder))) == TENANTS)
    print(f"| all as wanted after | {took and round(took)} s |")
    time.sleep(20)
    tell("end", service.pid, folder)
    for what, value in seen.items():
        print(f"| {what} | {value if isinstance(value, int) else f'{value * 1000:.0f} ms'} |")
    print(f"| edits, and users changed behind them | {number - first} |")
    service.terminate()
    service.wait(60)
    plan = subprocess.run([program, "plan", "--summary"], cwd=folder, capture_output=True, text=True)
    print(f"| `plan` afterwards ends with | {plan.returncode} |")
    if took is None or plan.returncode:
        print(plan.stdout, plan.stderr)
        print(json.dumps([row for row in rows(folder) if not is_well(row)], indent=1)[:8000])
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
