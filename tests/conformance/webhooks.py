"""Pushes signed by the Standard Webhooks library: webhooks.py SITE.json. A wrong signature must not be taken."""

import json
import sys
import urllib.error
import urllib.request
from datetime import datetime, timedelta, timezone
from pathlib import Path

from standardwebhooks import Webhook

SITE = json.loads(Path(sys.argv[1]).read_text())


def push(payload, signed=None, at=None):
    at = at or datetime.now(timezone.utc)
    signature = Webhook(SITE["push_secret"]).sign("msg_py_1", at, signed or payload)
    headers = {
        "webhook-id": "msg_py_1", "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature,
        "Content-Type": "application/json",
    }
    request = urllib.request.Request(f"{SITE['url']}/v1/channels/hotline-12345/events", payload.encode(), headers)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


status, receipt = push('{"orderId": "py-1"}')
assert status == 202 and receipt["receipt"].startswith("hotline-12345."), receipt
assert push('{"orderId": "py-2"}', signed='{"orderId": "py-1"}')[0] == 401
assert push('{"orderId": "py-1"}', at=datetime.now(timezone.utc) - timedelta(hours=1))[0] == 401
print("taken; a changed body and an old signature refused")
