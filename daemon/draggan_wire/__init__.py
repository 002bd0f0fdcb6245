"""The contract between editors and daemon: messages, errors, client; standard library only.

Runs inside the editors' own Python (3.8 and later), so nothing here may import anything that has
to be installed; msgpack's pure-Python half is vendored in `_msgpack`. Start at `messages` (the
protocol's text), `client` and `edit`; `workbench` is what the plugins' panels have in common.
"""
