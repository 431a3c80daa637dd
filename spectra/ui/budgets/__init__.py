"""The Budgets page's parts."""
