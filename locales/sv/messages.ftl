# Messages that are sent: mails, texts, calls.
