"""Read before processes are forked: what AWS says of its services, longer to read than to ask."""

from spectra.sources.aws.access import _models

for _service in ("ec2", "sts"):
    _models().load_service_model(_service, "service-2")
