"""Forms, sign-up, approval, invitations and their mails."""
