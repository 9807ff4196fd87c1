"""A pprof file as protobuf reads it when its samples and tables are to stay as they are, packed: each as bytes.

In protobuf's form a message, a packed list of numbers and bytes look the same, so that this describes the same files as
`profile_pb2` does, by the same numbers of fields. A list of numbers that is not packed is unknown to it.
"""

from __future__ import annotations

from typing import Any

from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

_FILE = {
    "sample_type": (1, "BYTES", True),
    "sample": (2, "BYTES", True),
    "mapping": (3, "BYTES", True),
    "location": (4, "BYTES", True),
    "function": (5, "BYTES", True),
    "string_table": (6, "STRING", True),
    "time_nanos": (9, "INT64", False),
    "duration_nanos": (10, "INT64", False),
    "period_type": (11, "BYTES", False),
    "period": (12, "INT64", False),
    "comment": (13, "INT64", True),
    "default_sample_type": (14, "INT64", False),
}
_SAMPLE = {"location_id": (1, "BYTES", False), "value": (2, "BYTES", False), "label": (3, "BYTES", True)}


def _message_classes(**messages: dict[str, tuple[int, str, bool]]) -> list[Any]:
    """Classes of messages whose fields have these numbers and types, and are lists or not."""
    file = FileDescriptorProto(name="icetop/window_parts.proto", package="icetop", syntax="proto3")
    for name, fields in messages.items():
        message = file.message_type.add(name=name)
        for field, (number, kind, many) in fields.items():
            label = FieldDescriptorProto.LABEL_REPEATED if many else FieldDescriptorProto.LABEL_OPTIONAL
            form = FieldDescriptorProto.Type.Value(f"TYPE_{kind}")
            message.field.add(name=field, number=number, type=form, label=label)
    pool = DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return [GetMessageClass(pool.FindMessageTypeByName(f"icetop.{name}")) for name in messages]


FileParts, SampleParts = _message_classes(FileParts=_FILE, SampleParts=_SAMPLE)


def knows_all(message: Any) -> bool:
    """Whether there is nothing in a message that its class does not know; that is then left out."""
    size = message.ByteSize()
    message.DiscardUnknownFields()
    return bool(message.ByteSize() == size)
