"""Runs inside GIMP's batch interpreter: does what `gimp.py` on the other side asks for."""

from __future__ import annotations

import json
import socket
import traceback

from . import images


def serve(address):
    """Until the other side hangs up."""
    names = {name: getattr(images, name) for name in dir(images) if not name.startswith("_")}
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(address)
        stream = line.makefile("rw", encoding="utf-8")
        for text in stream:
            stream.write(json.dumps(_answer(json.loads(text), names), default=repr) + "\n")
            stream.flush()


def _answer(request, names):
    names.update(request["values"])
    try:
        return {"value": _value(request["code"], names)}
    except Exception:
        return {"error": traceback.format_exc()}


def _value(code, names):
    try:
        expression = compile(code, "scenario", "eval")
    except SyntaxError:
        exec(compile(code, "scenario", "exec"), names)
        return None
    return eval(expression, names)
