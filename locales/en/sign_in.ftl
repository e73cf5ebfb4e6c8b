# Signing in.

## Passkeys, wherever they are used

passkey-busy = Your device shows a window. Use your fingerprint, face or PIN there.
passkey-failed = That didn't work. Nothing was changed. Press the button to try again, or choose another way.
passkey-unsupported = This browser cannot use passkeys. Choose another way.
passkey-no-script = A passkey needs JavaScript, which is off in this browser. Choose another way.
