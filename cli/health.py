"""``antmile health``: ask a running service whether it serves."""

from typing import Annotated

import typer

from cli.errors import plain_errors


@plain_errors()
def health(
    address: Annotated[str, typer.Option(help="HOST:PORT of the service.")] = "localhost:50051",
    timeout_s: Annotated[float, typer.Option("--timeout", min=0.1)] = 3.0,
) -> None:
    """Ask a running service whether it serves; exit status 1 where it does not."""
    import grpc
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    with grpc.insecure_channel(address) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        try:
            answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=timeout_s)
        except grpc.RpcError as error:
            detail = f"{error.code().name}: {error.details()}"
            typer.echo(f"error: {address} does not answer ({detail})", err=True)
            raise typer.Exit(1) from None
    status = health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)
    typer.echo(status)
    if answer.status != health_pb2.HealthCheckResponse.SERVING:
        raise typer.Exit(1)
