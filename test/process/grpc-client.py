"""What grpcio, a client that nobody here wrote, makes of the log. Prints what it got as JSON.

Arguments: the port, and a file with the descriptors of the reflection service. All else it asks the server by reflection.
"""
import json
import sys

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

port, descriptors = sys.argv[1:]
channel = grpc.insecure_channel(f"127.0.0.1:{port}")


def messages_of(files):
    pool = descriptor_pool.DescriptorPool()
    for file in files:
        pool.Add(file)
    factory = message_factory.MessageFactory(pool)
    return lambda name: factory.GetPrototype(pool.FindMessageTypeByName(name))


def call(kind, service, method, request, answer, **options):
    make = getattr(channel, kind)
    path = f"/{service}/{method}"
    return make(path, request_serializer=lambda m: m.SerializeToString(), response_deserializer=answer.FromString)(
        request, **{"timeout": 30, **options}
    )


with open(descriptors, "rb") as file:
    known = descriptor_pb2.FileDescriptorSet.FromString(file.read())
reflection = "grpc.reflection.v1"
message = messages_of(known.file)
asked = message(f"{reflection}.ServerReflectionRequest")(file_containing_symbol="netlog.v1.Log")
(told,) = call(
    "stream_stream",
    f"{reflection}.ServerReflection",
    "ServerReflectionInfo",
    iter([asked]),
    message(f"{reflection}.ServerReflectionResponse"),
)
files = told.file_descriptor_response.file_descriptor_proto
message = messages_of(descriptor_pb2.FileDescriptorProto.FromString(each) for each in reversed(files))


def log(method, **fields):
    answer = message(f"netlog.v1.{method}Response")
    return call("unary_unary", "netlog.v1.Log", method, message(f"netlog.v1.{method}Request")(**fields), answer)


def failure(method, **fields):
    try:
        log(method, **fields)
    except grpc.RpcError as error:
        return [error.code().name, dict(error.trailing_metadata()).get("x-netlog-error")]


new = message("netlog.v1.NewMessage")
log("CreateTopic", topic="t", settings=message("netlog.v1.TopicSettings")(segment_age="7day"))
published = log("Publish", topic="t", message=new(payload=b"one", key="k", headers={"x-meta-a": "1"}))
batch = log("PublishBatch", topic="t", messages=[new(payload=b"two"), new(payload=b"\xff")])
read = log("Read", topic="t")
tail = call(
    "unary_stream",
    "netlog.v1.Log",
    "Tail",
    message("netlog.v1.TailRequest")(topic="t", offset=1),
    message("netlog.v1.TailResponse"),
)
first = next(tail)
tail.cancel()
log("CreateScanner", topic="t", id="s", ack=True)
scanned = log("Scan", topic="t", id="s", max_messages=2)
acked = log("Ack", topic="t", id="s", lease=scanned.lease)
print(
    json.dumps(
        {
            "offsets": [published.offset, batch.offset, batch.count],
            "read": [[m.payload.hex(), m.key, dict(m.headers)] for m in read.messages],
            "tail": [[m.payload.hex() for m in first.messages], first.next_offset],
            "scanned": [[m.offset, m.delivery] for m in scanned.messages],
            "acked": acked.settled,
            "settings": log("GetTopic", topic="t").topic.settings.segment_age,
            "failures": [failure("GetTopic", topic="none"), failure("Publish", topic="t")],
        }
    )
)
