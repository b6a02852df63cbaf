"""FastStream's ASGI app: POST /orders -> mapping -> choice of a subject -> JetStream, answered after the ack."""

import json
import os

from faststream.asgi import AsgiFastStream, AsgiResponse, Request, post
from faststream.nats import NatsBroker

broker = NatsBroker(os.environ["NATS"], logger=None)


def case_of(order: dict) -> dict:
    return {
        "source_id": order["orderId"],
        "registered_at": order.get("callTime"),
        "title": order["title"],
        "text": order.get("majorContent"),
        "reporter": {"name": order.get("callerName"), "phone": order.get("callerPhone")},
        "place": {"division": order.get("areaCode"), "address": order.get("address")},
        "appeal": order.get("callerType"),
        "matter": order.get("questionName"),
        "form": order.get("sourceType"),
        "urgency": order.get("pilotLight"),
    }


def subject_of(case: dict) -> str:
    if case["place"]["division"] != "330205006":
        return "cases.triage"
    return "cases.330205006." + ("enforcement" if case["matter"] == "噪音污染" else "township")


@post
async def orders(request: Request) -> AsgiResponse:
    case = case_of(json.loads(await request.body()))
    await broker.publish(case, subject_of(case), stream="CASES", headers={"Nats-Msg-Id": case["source_id"]})
    return AsgiResponse(b'{"accepted":true}', status_code=202, headers={"Content-Type": "application/json"})


app = AsgiFastStream(broker, asgi_routes=[("/orders", orders)])
