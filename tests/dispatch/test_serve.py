import asyncio
import json
from pathlib import Path

import grpc
import msgspec
import pytest

from dispatch.auth import Principal, Role, dev_tokens, issue
from dispatch.clock import SystemClock
from dispatch.core.notices import Audience, Notice, NoticeKind
from dispatch.log import OutboxRow, open_log
from dispatch.serve import LOG_FILE, OUTBOX_FILE, LiveService, secret_of
from dispatch.settings import SettingsError, dev_settings, load_settings
from dispatch.v1 import parcels_pb2, parcels_pb2_grpc

SECRET = "a-secret-that-is-long-enough-for-tests"
TOML = """
[networks.city]
currency = "EUR"
[networks.city.merchants.shop]
[networks.city.zones.west]
polygon = [[15.0, 48.0], [15.01, 48.0], [15.01, 48.02], [15.0, 48.02]]
[networks.city.zones.east]
polygon = [[15.01, 48.0], [15.03, 48.0], [15.03, 48.02], [15.01, 48.02]]
"""


async def test_a_service_goes_on_where_it_stopped(
    grid_map: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settings from a file, two zones, one log: after a restart both zones have their parcels."""
    (tmp_path / "antmile.toml").write_text(TOML)
    monkeypatch.setenv("ANTMILE_TOKEN_SECRET", SECRET)
    settings = load_settings(
        tmp_path / "antmile.toml", port=0, data_dir=tmp_path / "data", map_file=grid_map
    )
    token = issue(Principal("city", Role.MERCHANT, "shop"), SECRET, None)
    metadata = [("authorization", f"Bearer {token}")]
    parent = "networks/city/merchants/shop"
    for is_first in (True, False):
        service = LiveService(settings, secret_of(settings, dev=False))
        async with grpc.aio.insecure_channel(await service.start()) as channel:
            stub = parcels_pb2_grpc.ParcelServiceStub(channel)
            for lon in (15.005, 15.015) if is_first else ():
                here = parcels_pb2.Place(point={"latitude": 48.005, "longitude": lon})
                await stub.CreateParcel(
                    parcels_pb2.CreateParcelRequest(
                        parent=parent, parcel=parcels_pb2.Parcel(pickup=here, dropoff=here)
                    ),
                    metadata=metadata,
                )
            page = await stub.ListParcels(
                parcels_pb2.ListParcelsRequest(parent=parent), metadata=metadata
            )
        await service.stop()
        assert sorted(parcel.zone for parcel in page.parcels) == [
            "networks/city/zones/east",
            "networks/city/zones/west",
        ]


async def test_what_waits_in_the_outbox_is_sent_by_the_next_service(
    grid_map: Path, tmp_path: Path
) -> None:
    """Written and not sent when the first one ended; the second one sends it as it starts."""
    data = tmp_path / "data"
    settings = dev_settings(data_dir=data, map_file=grid_map, port=0)
    metadata = [("authorization", f"Bearer {dev_tokens(data).merchant}")]
    service = LiveService(settings, secret_of(settings, dev=True))
    async with grpc.aio.insecure_channel(await service.start()) as channel:
        here = parcels_pb2.Place(point={"latitude": 48.005, "longitude": 15.005})
        parcel = await parcels_pb2_grpc.ParcelServiceStub(channel).CreateParcel(
            parcels_pb2.CreateParcelRequest(
                parent="networks/local/merchants/default",
                parcel_id="p1",
                parcel=parcels_pb2.Parcel(pickup=here, dropoff=here),
            ),
            metadata=metadata,
        )
    await service.stop()
    zone = "networks/local/zones/all"
    notice = Notice(
        kind=NoticeKind.RETURNED, parcel="default/p1", label="p1", audience=Audience.MERCHANT
    )
    row = OutboxRow(
        id="e1/0",
        zone=zone,
        at=SystemClock().now(),
        due_at=0,
        template=notice.kind.value,
        subject="merchants/default/parcels/p1",
        payload=msgspec.json.encode(notice).decode(),
    )
    log = open_log(data / LOG_FILE)
    log.append(zone, [], outbox=[row])
    log.close()
    service = LiveService(settings, secret_of(settings, dev=True))
    await service.start()
    async with asyncio.timeout(10):
        while not (data / OUTBOX_FILE).exists():  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.02)
    await service.stop()
    (line,) = (data / OUTBOX_FILE).read_text().splitlines()
    message = json.loads(line)
    assert (message["id"], message["parcel"]) == ("e1/0", parcel.name)
    assert message["to"] == "networks/local/merchants/default"
    assert message["text"] == "Parcel p1 is back."


async def test_the_solver_is_loaded_before_the_first_call(
    grid_map: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That of the policy, and before the log is opened: no epoch waits for a compiler."""
    loaded: list[str] = []

    def warm_up(engine: str) -> None:
        assert not (tmp_path / "data" / LOG_FILE).exists()
        loaded.append(engine)

    monkeypatch.setattr("dispatch.serve.warm_up", warm_up)
    settings = dev_settings(
        data_dir=tmp_path / "data", map_file=grid_map, port=0, policy={"engine": "search"}
    )
    service = LiveService(settings, SECRET)
    await service.start()
    await service.stop()
    assert loaded == ["search"]


async def test_what_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No secret, no map, strangers on a development port, a policy that is none."""
    monkeypatch.delenv("ANTMILE_TOKEN_SECRET", raising=False)
    plain = dev_settings(data_dir=tmp_path)
    with pytest.raises(SettingsError, match="ANTMILE_TOKEN_SECRET"):
        secret_of(plain, dev=False)
    with pytest.raises(SettingsError, match="loopback"):
        secret_of(dev_settings(data_dir=tmp_path, host="0.0.0.0"), dev=True)  # noqa: S104
    with pytest.raises(SettingsError, match="map_file"):
        await LiveService(plain, SECRET).start()
    odd = dev_settings(data_dir=tmp_path, policy={"epoch_s": "often"})
    with pytest.raises(SettingsError, match="policy"):
        await LiveService(odd, SECRET).start()
    unknown = dev_settings(data_dir=tmp_path, policy={"epochs": 3})
    with pytest.raises(SettingsError, match="epochs"):
        await LiveService(unknown, SECRET).start()
