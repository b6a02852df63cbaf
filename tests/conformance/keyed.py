"""The id of a command may stand in its body or in `Idempotency-Key`; in neither, or another in each, it is refused, and no schema
can say so. What is meant to be taken gets it in the header, and there alone."""

from uuid import uuid4

import schemathesis


@schemathesis.hook
def before_call(context, case, kwargs):
    is_command = "/commands/" in case.operation.path
    if is_command and case.meta and case.meta.generation.mode.is_positive:
        case.headers["Idempotency-Key"] = str(uuid4())
        if isinstance(case.body, dict):
            case.body.pop("id", None)
