"""AWS through boto3: who we are there, what runs, how busy it is, what it costs and emits."""

from spectra.sources.aws.access import Access, Account, AwsKeys, Meter, Role

__all__ = ["Access", "Account", "AwsKeys", "Meter", "Role"]
