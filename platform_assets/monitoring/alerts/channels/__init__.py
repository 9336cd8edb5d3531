"""The ways on which a bulletin leaves the platform: signed webhook, Slack, mail, and a file of lines."""
