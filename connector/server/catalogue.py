"""What is offered, as JSON: `/v1/operations`, `/v1/schemas`, `/v1/errors`. Drawn from the manifests."""

from flask import Flask, Response, jsonify

from connector.kernel.errors import PostrailError
from connector.server.site import Site


def register(app: Flask, site: Site) -> None:
    """Add the catalogue's routes. They need no key."""
    contract = site.context.contract

    @app.get("/v1/operations")
    def operations() -> Response:
        return jsonify({"operations": [contract.describe(key) for key in contract.operations]})

    @app.get("/v1/schemas")
    def schemas() -> Response:
        return jsonify({"schemas": list(contract.schema_names())})

    @app.get("/v1/schemas/<path:name>")
    def schema(name: str) -> Response:
        name = name.removesuffix(".json")
        if name not in contract.schema_names():
            raise PostrailError("not_found", f"There is no schema {name}; GET /v1/schemas lists them.")
        return jsonify(contract.schema(name))

    @app.get("/v1/errors")
    def errors() -> Response:
        return jsonify({"errors": [entry.model_dump() for entry in contract.errors.values()]})

    @app.get("/v1/errors/<code>")
    def error(code: str) -> Response:
        if code not in contract.errors:
            raise PostrailError("not_found", f"There is no error {code}; GET /v1/errors lists them.")
        return jsonify(contract.errors[code].model_dump())
