"""Who may read what: declared grants as casbin policies, credentials, one decision, and a log of every access."""
