# The demo pages.

demo-heading = Try Latchkey
demo-lead = This is a demo with made-up people. No message leaves this machine: all of them are in the outbox.
demo-start = Reset a password
demo-outbox-link = Open the outbox
demo-users = Who you can be
demo-password = Everybody's password, where Latchkey keeps it
demo-users-link = Back to the people
demo-links = More to see
demo-copy = Copy
demo-copied = Copied
demo-outbox-heading = Outbox
demo-outbox-lead = Every e-mail, text and call that was sent, the newest first.
demo-outbox-empty = Nothing was sent yet. Start a reset and ask for a code.
demo-refresh = Look again
demo-channel-mail = E-mail
demo-channel-text = Text message
demo-channel-call = Call
