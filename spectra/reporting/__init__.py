"""The report as data: its model, how it is built, frozen, compared and written out.

``asking``
    `make_request`: what a person asks, checked.
``build``
    `build`: a draft from what the store accounts for.
``final``
    `seal`, `load`, `reproduce`: final reports in their chain.
``drill``, ``diff``
    `narrowed`: a figure as `store.report_queries` takes it; `compare` two reports.
``model``, ``parts``, ``codec``, ``words``
    The report's shape, its JSON, and how its numbers are written.
``faces``
    `FACES`: what writes each format.
"""
