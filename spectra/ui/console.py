"""Links into AWS's own console."""

from __future__ import annotations

from urllib.parse import quote

import streamlit as st


def instance_button(region: str, instance_id: str) -> None:
    """A button that opens an instance in the AWS console."""
    region, machine = quote(region, safe=""), quote(instance_id, safe="")
    st.link_button(
        "AWS console",
        f"https://{region}.console.aws.amazon.com/ec2/home?region={region}"
        f"#InstanceDetails:instanceId={machine}",
        icon=":material/open_in_new:",
    )
