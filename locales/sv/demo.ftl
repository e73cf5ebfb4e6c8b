# Demosidorna.

demo-heading = Prova Latchkey
demo-lead = Det här är en demo med påhittade personer. Inga meddelanden lämnar den här datorn: alla finns i utkorgen.
demo-start = Återställ ett lösenord
demo-outbox-link = Öppna utkorgen
demo-users = Vem du kan vara
demo-password = Allas lösenord, där Latchkey förvarar det
demo-users-link = Tillbaka till personerna
demo-links = Mer att se
demo-copy = Kopiera
demo-copied = Kopierat
demo-outbox-heading = Utkorg
demo-outbox-lead = Alla mejl, sms och samtal som skickats, det senaste först.
demo-outbox-empty = Inget har skickats än. Börja en återställning och be om en kod.
demo-refresh = Titta igen
demo-channel-mail = Mejl
demo-channel-text = Sms
demo-channel-call = Samtal
