"""CSConfig; its other fields are not known."""

from cerebras.standin.protobuf import message_class

CSConfig = message_class("CSConfig", {"use_cbfloat16": "bool"})
