"""What grpcio, a client that nobody here wrote, makes of the message store. Prints what it got as JSON.

Arguments: the port, and a file with the descriptors of the reflection service. All else it asks the server by reflection.
Reads from stdin the request of the store's README: three events, as JSON.
"""
import json
import sys

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

port, descriptors = sys.argv[1:]
channel = grpc.insecure_channel(f"127.0.0.1:{port}")


def messages_of(files):
    pool = descriptor_pool.DescriptorPool()
    for file in files:
        pool.Add(file)
    factory = message_factory.MessageFactory(pool)
    return lambda name: factory.GetPrototype(pool.FindMessageTypeByName(name))


def call(kind, path, request, answer):
    make = getattr(channel, kind)
    return make(path, request_serializer=lambda m: m.SerializeToString(), response_deserializer=answer.FromString)(
        request, timeout=30
    )


with open(descriptors, "rb") as file:
    known = descriptor_pb2.FileDescriptorSet.FromString(file.read())
reflection = "grpc.reflection.v1"
message = messages_of(known.file)
(told,) = call(
    "stream_stream",
    f"/{reflection}.ServerReflection/ServerReflectionInfo",
    iter([message(f"{reflection}.ServerReflectionRequest")(file_containing_symbol="awakari.messages.Service")]),
    message(f"{reflection}.ServerReflectionResponse"),
)
files = told.file_descriptor_response.file_descriptor_proto
message = messages_of(descriptor_pb2.FileDescriptorProto.FromString(each) for each in reversed(files))


def store(method, request):
    package = "awakari.messages"
    return call("unary_unary", f"/{package}.Service/{method}", request, message(f"{package}.{method}Response"))


def of_ids(method, ids):
    return store(method, message(f"awakari.messages.{method}Request")(ids=ids))


sent = json_format.Parse(sys.stdin.read(), message("awakari.messages.PutBatchRequest")())
ids = [each.id for each in sent.msgs]
put = store("PutBatch", sent)
got = of_ids("GetBatch", ids)
print(
    json.dumps(
        {
            "put": put.ackCount,
            "same": [each.SerializeToString() for each in got.msgs] == [each.SerializeToString() for each in sent.msgs]
            or list(got.msgs) == list(sent.msgs),
            "got": [[each.id, each.attributes["subject"].ce_string, each.text_data] for each in got.msgs],
            "deleted": [of_ids("DeleteBatch", ids).ackCount, of_ids("DeleteBatch", ids).ackCount],
            "left": len(of_ids("GetBatch", ids).msgs),
        }
    )
)
