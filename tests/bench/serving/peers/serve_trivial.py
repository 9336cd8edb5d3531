"""The ceiling: a Starlette route that parses the body of numbers and answers JSON, with no model behind it."""

import os

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


class Asked(msgspec.Struct):
    """The body: rows of numbers."""

    instances: list[list[float]]


_ASKED = msgspec.json.Decoder(Asked)
_ENCODER = msgspec.json.Encoder()


async def predict(request: Request) -> Response:
    """Answer the first number of every row."""
    asked = _ASKED.decode(await request.body())
    answer = {"predictions": [row[0] for row in asked.instances]}
    return Response(_ENCODER.encode(answer), media_type="application/json")


app = Starlette(routes=[Route("/predict", predict, methods=["POST"])])

if __name__ == "__main__":
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(os.environ["BENCH_PORT"]),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )
