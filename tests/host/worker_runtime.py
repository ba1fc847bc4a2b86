"""Microsoft's own worker runtime, in process: the one file that knows its internal seam.

`azure-functions-runtime` (Python 3.13) is the code that indexes and invokes functions in Azure. Its
records come over gRPC there; stand-ins of a few lines do here.
"""

import os
import uuid
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import azure_functions_runtime as runtime
from azure.functions.meta import Datum
from azure_functions_runtime import native_invocation

FAILURE: Final = 0
SUCCESS: Final = 1


def _record(**fields: object) -> SimpleNamespace:
    return SimpleNamespace(**fields)


class _Records:
    """Stands for the protobuf module: every message type makes a plain record."""

    BindingInfo = type("BindingInfo", (SimpleNamespace,), {"out": 1, "inout": 2, "undefined": 0})
    StatusResult = type(
        "StatusResult", (SimpleNamespace,), {"Failure": FAILURE, "Success": SUCCESS}
    )

    def __getattr__(self, name: str) -> Any:
        return _record


class WorkerRuntime:
    """An app as Microsoft's worker indexed it."""

    def __init__(self, bindings: Mapping[str, Mapping[str, str]]) -> None:
        self.bindings = bindings

    @classmethod
    async def of(cls, folder: Path) -> "WorkerRuntime":
        """Index the `function_app` in a folder.

        Raises:
            RuntimeError: the worker refuses it, with the worker's own words.
        """
        runtime.start_threadpool_executor()
        request = SimpleNamespace(
            request=SimpleNamespace(
                worker_init_request=SimpleNamespace(
                    capabilities={}, function_app_directory=os.fspath(folder)
                )
            ),
            properties={"host": "127.0.0.1", "protos": _Records()},
        )
        answer = await runtime.worker_init_request(request)
        if answer.result.status != SUCCESS:
            raise RuntimeError(str(answer.result.exception))
        found = (await runtime.functions_metadata_request(request)).function_metadata_results
        return cls({
            each.name: {name: binding.type for name, binding in each.bindings.items()}
            for each in found
        })  # fmt: skip

    async def http(
        self,
        function: str,
        *,
        method: str,
        url: str,
        headers: Mapping[str, str],
        params: Mapping[str, str],
        body: bytes,
    ) -> tuple[int, dict[str, str], bytes]:
        """Invoke an HTTP function; a failed invocation is a bare 500."""
        query = [pair.partition("=") for pair in url.partition("?")[2].split("&") if pair]
        value = {
            "method": Datum(method, "string"),
            "url": Datum(url, "string"),
            "headers": {name: Datum(each, "string") for name, each in headers.items()},
            "params": {name: Datum(each, "string") for name, each in params.items()},
            "query": {name: Datum(each, "string") for name, _, each in query},
            "body": Datum(body, "bytes"),
        }
        is_done, result = await self.invoke(function, Datum(value, "http"))
        if not is_done or result is None:
            return 500, {}, b""
        answered = result.value
        return (
            int(answered["status_code"].value),
            {name.lower(): each.value for name, each in answered["headers"].items()},
            answered["body"].value,
        )

    async def invoke(
        self, function: str, trigger: Datum, metadata: Mapping[str, Datum] | None = None
    ) -> tuple[bool, Datum | None]:
        """Invoke any function with what its trigger gives; tell whether it succeeded."""
        id = str(uuid.uuid5(uuid.NAMESPACE_OID, function))
        bound = self.bindings[function]
        argument = next(name for name, kind in bound.items() if kind.endswith("Trigger"))
        answer = await native_invocation.invocation_request_native(
            str(uuid.uuid5(uuid.NAMESPACE_OID, "invocation")),
            id,
            [(argument, trigger)],
            dict(metadata or {}),
        )
        return bool(answer[0]), answer[1]
