"""Real protobuf messages from a table of fields: unknown fields and wrong types are refused."""

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_Field = descriptor_pb2.FieldDescriptorProto
_TYPES = {
    "bool": _Field.TYPE_BOOL,
    "int32": _Field.TYPE_INT32,
    "float": _Field.TYPE_FLOAT,
    "string": _Field.TYPE_STRING,
}


def message_class(name: str, fields: dict):
    """The class of a message.

    Args:
      fields: {name: one of _TYPES, "repeated <type>", or the fields of a message within}.
    """
    file = descriptor_pb2.FileDescriptorProto(name=name + ".proto", syntax="proto3")
    _fill(file.message_type.add(name=name), fields, "." + name)
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    descriptor = pool.FindMessageTypeByName(name)
    if hasattr(message_factory, "GetMessageClass"):  # protobuf from 4.22 on
        return message_factory.GetMessageClass(descriptor)
    return message_factory.MessageFactory(pool).GetPrototype(descriptor)


def _fill(message, fields, full_name):
    for number, (name, kind) in enumerate(sorted(fields.items()), start=1):
        field = message.field.add(name=name, number=number, label=_Field.LABEL_OPTIONAL)
        if isinstance(kind, dict):
            type_name = name.title()
            field.type, field.type_name = _Field.TYPE_MESSAGE, full_name + "." + type_name
            _fill(message.nested_type.add(name=type_name), kind, field.type_name)
            continue
        if kind.startswith("repeated "):
            field.label = _Field.LABEL_REPEATED
        field.type = _TYPES[kind.split()[-1]]
