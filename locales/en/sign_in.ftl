# Signing in.

## Passkeys, wherever they are used

passkey-busy = Your device shows a window. Use your fingerprint, face or PIN there.
passkey-failed = That didn't work. Nothing was changed. Press the button to try again, or choose another way.
passkey-unsupported = This browser cannot use passkeys. Choose another way.
passkey-no-script = A passkey needs JavaScript, which is off in this browser. Choose another way.

## The way in

sign-in-heading = Sign in
sign-in-button = Sign in
sign-in-with-passkey = Sign in with a passkey
sign-in-with-password = Sign in with a password
forgot-button = Can't access your account?
password-label = Password
sign-in-password-heading = What is your password?
sign-in-second-heading = How do you want to prove it's you?
sign-in-second-lead = Administrators also prove it's them in a second way.
sign-in-passkey-heading = Use your passkey
sign-in-passkey-lead = Your device asks for your fingerprint, face or PIN. It tells us who you are, and nothing is typed.
sign-in-passkey-button = Use a passkey
sign-in-elsewhere-heading = Sign in at your organisation
sign-in-elsewhere-lead = { $tenant } has a sign-in page of its own. You sign in there, and come back here.
sign-in-elsewhere-button = Continue to { $tenant }
sign-in-no-cookies = A cookie keeps your sign-in in this browser, so that nobody else can use it.
notice-sign-in-gone = Start here. Nobody was signing in in this browser, or the time was over.
error-sign-in = The user ID or the password isn't right. Try again, or choose “Can't access your account?”
error-sign-in-empty = Type your password.
error-sign-in-locked = There were too many failed tries. Wait { $duration } and try again, or choose “Can't access your account?”
error-sign-in-directory = Your password is kept in your organisation's own directory, which can't be reached from here. Try again later, or ask your administrator.
error-sign-in-codes = There were too many wrong codes. Use a passkey, or ask your administrator. Codes work again after 24 hours.
error-sign-in-passkey = That passkey was not accepted. Nobody was signed in. Press the button to try again, or choose another way.
error-sign-in-no-passkeys = Passkeys can't be used here. Type your user ID instead.
error-elsewhere-down = The sign-in page of { $tenant } can't be reached right now. Nobody was signed in. Try again later, or ask your administrator.
error-elsewhere-faulty = The sign-in page of { $tenant } doesn't work together with this service. Nobody was signed in. Ask your administrator.
error-elsewhere-not-signed-in = You did not sign in at { $tenant }. Press the button to try again.
error-elsewhere-again = That sign-in was not begun on this page, took too long, or was used already. Nobody was signed in. Press the button to begin again.
error-elsewhere-refused = { $tenant } signed in somebody other than this user ID, or the account can't be used here. Sign in there with the account of this user ID, or choose “Cancel” and type another one.

## The way out

sign-out-heading = Do you want to sign out?
sign-out-lead = You are signed in as { $user } in this browser.
signed-out-heading = You are signed out
signed-out-lead = Nobody is signed in in this browser any more.
