"""What the hub told the hotline, proven by the Standard Webhooks library: told.py SITE.json. What was changed must not prove."""

import json
import sys
from pathlib import Path

from standardwebhooks import Webhook, WebhookVerificationError

SITE = json.loads(Path(sys.argv[1]).read_text())
webhook = Webhook(SITE["answer_secret"])

for told in SITE["told"]:
    said = webhook.verify(told["body"], told["headers"])
    assert said["requestId"] == told["headers"]["webhook-id"], told
    try:
        webhook.verify(told["body"] + " ", told["headers"])
    except WebhookVerificationError:
        continue
    sys.exit("a changed body proved")
print(f"{len(SITE['told'])} told and proven; changed, it is not")
