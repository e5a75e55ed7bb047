"""The gRPC service: who may ask what, and what is answered.

Servicers check the caller, read the request through `dispatch.wire`, hand a command to the
zone's loop and write the answer. They decide nothing about parcels: that is the core's.
"""
