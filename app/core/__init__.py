"""The platform: database, jobs, tokens, mail, web security. It knows no feature."""
