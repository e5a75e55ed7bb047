"""The protos keep to the API improvement proposals that the documentation promises."""

import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.api import field_behavior_pb2, field_info_pb2, resource_pb2
from google.protobuf.descriptor import (
    Descriptor,
    EnumDescriptor,
    FieldDescriptor,
    FileDescriptor,
    MethodDescriptor,
)

PROTOS = Path(__file__).parents[2] / "protos" / "dispatch" / "v1"
STANDARD = re.compile(r"(Get|List|Create|BatchCreate)[A-Z]")
TIMES_WITHOUT_SUFFIX = {"ttl"}
"""AIP-214 fixes this name."""
HARMLESS = {
    "RecordStopEvents",
    "ReportLocations",
    "ParseAddresses",
    "SolveBatch",
    "CheckFeasibility",
    "ExplainDecision",
}
"""Methods whose repetition changes nothing, whatever their requests say."""


def files() -> list[FileDescriptor]:
    """Return the descriptor of every proto, by name."""
    names = sorted(path.stem for path in PROTOS.glob("*.proto"))
    return [importlib.import_module(f"dispatch.v1.{name}_pb2").DESCRIPTOR for name in names]


def messages() -> Iterator[Descriptor]:
    """Yield every message that is not the entry of a map, nested ones too."""

    def with_nested(message: Descriptor) -> Iterator[Descriptor]:
        if not message.GetOptions().map_entry:
            yield message
        for nested in message.nested_types:
            yield from with_nested(nested)

    for file in files():
        for message in file.message_types_by_name.values():
            yield from with_nested(message)


def fields() -> list[FieldDescriptor]:
    """Return every field of every message."""
    return [field for message in messages() for field in message.fields]


def enums() -> list[EnumDescriptor]:
    """Return every enum, nested ones too."""
    top = [enum for file in files() for enum in file.enum_types_by_name.values()]
    return top + [enum for message in messages() for enum in message.enum_types]


def methods() -> list[MethodDescriptor]:
    """Return every method of every service."""
    return [
        method
        for file in files()
        for service in file.services_by_name.values()
        for method in service.methods
    ]


def full_name(field: FieldDescriptor) -> str:
    """Return a field's name after its message's."""
    return ".".join(field.full_name.split(".")[-2:])


def type_of(field: FieldDescriptor) -> str:
    """Return the full name of a field's message, or nothing."""
    return str(field.message_type.full_name) if field.message_type else ""


def test_the_services_are_those_of_the_documentation() -> None:
    """Names of services and methods are promises to every client."""
    names = {
        service.name: [method.name for method in service.methods]
        for file in files()
        for service in file.services_by_name.values()
    }
    assert names["ParcelService"] == [
        "CreateParcel",
        "BatchCreateParcels",
        "GetParcel",
        "ListParcels",
        "CancelParcel",
        "GiveConsent",
        "WithdrawConsent",
        "RedirectParcel",
        "RescheduleParcel",
        "GrantProxy",
        "RevokeProxy",
        "WriteOffParcel",
        "ListCustodyEvents",
    ]
    assert sorted(names) == [
        "AddressService",
        "CompoundService",
        "CourierAppService",
        "CourierService",
        "DispatchService",
        "EventService",
        "HubService",
        "ParcelService",
    ]


def test_parcels_stand_in_one_file() -> None:
    """A client that creates parcels imports one module, and it knows places too."""
    parcels = importlib.import_module("dispatch.v1.parcels_pb2")
    parcel = parcels.Parcel(pickup=parcels.Place(), dropoff=parcels.Place())
    parcel.dropoff.point.latitude = 60.17
    assert parcels.CreateParcelRequest(parcel=parcel).parcel.dropoff.point.latitude == 60.17


@pytest.mark.parametrize("enum", enums(), ids=lambda enum: enum.full_name)
def test_enums_begin_unspecified(enum: EnumDescriptor) -> None:
    """Zero is what an old client did not say; values are upper case (AIP-126)."""
    prefix = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", enum.name).upper()
    assert enum.values[0].number == 0
    assert enum.values[0].name == f"{prefix}_UNSPECIFIED"
    assert all(re.fullmatch(r"[A-Z][A-Z0-9_]*", value.name) for value in enum.values)


def test_states_are_nested_and_output_only() -> None:
    """A state belongs to its resource and changes by verbs alone (AIP-216)."""
    assert not [enum.full_name for enum in enums() if "State" in enum.name and enum.name != "State"]
    assert not [enum for file in files() for enum in file.enum_types_by_name if enum == "State"]
    resources = [message for message in messages() if is_resource(message)]
    states = [
        message.fields_by_name["state"] for message in resources if "state" in field_names(message)
    ]
    assert len(states) >= 5
    assert not [full_name(field) for field in states if not is_output_only(field)]


def test_fields_are_lower_snake_case() -> None:
    """Names read alike in every language (AIP-140)."""
    assert not [
        full_name(f) for f in fields() if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", f.name)
    ]


def test_instants_end_in_time_and_lengths_of_time_in_duration() -> None:
    """A field's name says that it is an instant or a duration, and only then (AIP-142)."""
    suffixes = {"google.protobuf.Timestamp": "_time", "google.protobuf.Duration": "_duration"}
    for field in fields():
        if field.name in TIMES_WITHOUT_SUFFIX:
            continue
        suffix = suffixes.get(type_of(field))
        assert suffix is None or field.name.endswith(suffix), full_name(field)
        for wanted, ending in suffixes.items():
            assert not field.name.endswith(ending) or type_of(field) == wanted, full_name(field)


def test_lengths_are_metres_and_floats_are_rare() -> None:
    """Distances carry their unit; what counts is an integer."""
    for field in fields():
        if re.search(r"distance|radius|accuracy", field.name):
            assert field.name.endswith("_meters"), full_name(field)
    floats = {
        full_name(field)
        for field in fields()
        if field.type in {FieldDescriptor.TYPE_DOUBLE, FieldDescriptor.TYPE_FLOAT}
    }
    assert floats == {
        "Reliability.mean",
        "Reliability.lower_bound",
        "RunDispatchMetadata.work_done",
        "StopEvent.accuracy_meters",
        "CorrectStopEventRequest.accuracy_meters",
        "LocationPoint.accuracy_meters",
    }


def test_every_resource_has_a_name() -> None:
    """A resource's first field is its name, and its pattern says where it lives (AIP-122)."""
    resources = {}
    for message in messages():
        if is_resource(message):
            (pattern,) = message.GetOptions().Extensions[resource_pb2.resource].pattern
            resources[message.name] = pattern
            assert message.fields[0].name == "name", message.name
            assert message.fields[0].number == 1, message.name
    assert all(pattern.startswith("networks/{network}/") for pattern in resources.values())
    assert resources["Parcel"] == "networks/{network}/merchants/{merchant}/parcels/{parcel}"
    assert {"Parcel", "Leg", "Courier", "AvailabilityWindow", "Hub", "Offer", "Tour"} <= set(
        resources
    )


def test_references_point_at_resources() -> None:
    """A reference names the type of a resource that exists."""
    types = {
        message.GetOptions().Extensions[resource_pb2.resource].type
        for message in messages()
        if is_resource(message)
    }
    for field in fields():
        reference = field.GetOptions().Extensions[resource_pb2.resource_reference]
        named = {reference.type, reference.child_type} - {""}
        assert named <= types, full_name(field)


@pytest.mark.parametrize("method", methods(), ids=lambda method: method.full_name)
def test_methods_follow_the_standard(method: MethodDescriptor) -> None:
    """Requests are named after their method; parents, names and pages stand where expected."""
    request, answer = method.input_type, method.output_type
    assert request.name == f"{method.name}Request"
    names = field_names(request)
    assert request.fields[0].name in {"name", "parent"}
    if method.name.startswith("List"):
        assert {"parent", "page_size", "page_token"} <= names
        assert "next_page_token" in field_names(answer)
    if method.name.startswith(("Create", "BatchCreate")) and is_resource(answer):
        assert {"parent", "request_id", "validate_only"} <= names
    if method.name.startswith("Get"):
        assert names == {"name"}
    if not STANDARD.match(method.name) and not method.server_streaming:
        assert "request_id" in names or method.name in HARMLESS


def test_request_ids_are_uuids() -> None:
    """Retries are recognised by a UUID4 (AIP-155)."""
    for field in fields():
        if field.name == "request_id":
            info = field.GetOptions().Extensions[field_info_pb2.field_info]
            assert info.format == field_info_pb2.FieldInfo.UUID4, full_name(field)


@pytest.mark.parametrize("path", sorted(PROTOS.glob("*.proto")), ids=lambda path: path.stem)
def test_everything_is_explained(path: Path) -> None:
    """Every service, method, message, enum, field and value has a comment above it."""
    lines = path.read_text(encoding="utf-8").splitlines()
    declared = re.compile(
        r"\s*(service|rpc|message|enum|oneof)\s|\s+[\w.<>, ]+ \w+ = \d+( \[|;)|\s+[A-Z]\w* = \d+;"
    )
    unexplained = [
        f"{path.name}:{number}: {line.strip()}"
        for number, line in enumerate(lines, 1)
        if declared.match(line) and not lines[number - 2].strip().startswith("//")
    ]
    assert not unexplained


def is_resource(message: Descriptor) -> bool:
    """Tell whether a message has a resource's name."""
    return bool(message.GetOptions().HasExtension(resource_pb2.resource))


def is_output_only(field: FieldDescriptor) -> bool:
    """Tell whether only the service writes a field."""
    behavior = field.GetOptions().Extensions[field_behavior_pb2.field_behavior]
    return field_behavior_pb2.OUTPUT_ONLY in behavior


def field_names(message: Descriptor) -> set[str]:
    """Return the names of a message's fields."""
    return {field.name for field in message.fields}
