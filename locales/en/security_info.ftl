# Security info: registering the methods that prove who somebody is.

## The first page

info-heading = Security info
info-lead = With these you prove who you are, so that you can reset your password when you forgot it.
info-progress =
    { $done ->
        [one] { $done } of { $needed } done
       *[other] { $done } of { $needed } done
    }
info-more =
    { $missing ->
        [one] Add { $missing } more, of another kind. Until then you can't reset your password by yourself.
       *[other] Add { $missing }, of different kinds. Until then you can't reset your password by yourself.
    }
info-enough = That is enough to reset your password. One more doesn't hurt.
info-off = Resetting your password by yourself is not turned on for you. Your administrator can tell you more.
info-nothing = Your organisation has not set up anything to register.
info-elsewhere = Your account is kept by another organisation. Its security info and password are there too: look there.
info-asked = Your organisation asks you to set this up. It takes about two minutes.
info-asked-second = As an administrator you need a second factor before anything else. Register an authenticator app or a passkey.
info-held = Your password was reset. Until { $until } you need two factors to change anything here.
info-go-on = Continue
info-not-now = Not now
info-not-now-hint = We ask again the next time you sign in.
info-check = Check what is here
info-back = Back to security info
info-cancel = Cancel

info-done-added = Added. We told you by e-mail, wherever we have an address of yours.
info-done-replaced = Replaced. We told you by e-mail, at the old and the new address.
info-done-removed = Removed. We told you by e-mail.
info-done-confirmed = Confirmed.
info-done-registered = You're all set: you can now reset your password by yourself.
info-done-proven = Now you can make your change.
info-over = That took too long, or there were too many tries. Nothing was changed. Start again.

method-passkey = Passkeys
method-passkey-detail = Your fingerprint, face or PIN on this device, or a security key.
method-authenticator = Authenticator apps
method-authenticator-detail = An app that shows a new code every 30 seconds.
method-email = E-mail address
method-email-detail = A private address, to which we send codes. Not the one that opens with this password.
method-phone = Mobile phone
method-phone-detail = A number that we text or call with a code.
method-office = Office phone
method-office-detail = Your organisation sets it. If it is wrong, tell your administrator.
method-questions = Security questions
method-questions-detail = Answers that only you know.
method-recovery = Recovery codes
method-recovery-detail = Ten codes on paper, for the day when nothing else is at hand.

item-questions =
    { $count ->
        [one] { $count } question answered
       *[other] { $count } questions answered
    }
item-codes =
    { $count ->
        [one] { $count } code left
       *[other] { $count } codes left
    }
item-from-administrator = Entered by your organisation.
item-from-directory = From your organisation's directory.
item-rests = Can be used to reset your password from { $until }.
item-since = Since { $when }
item-used = Last used { $when }
item-confirm = Confirm
item-confirm-name = Confirm { $which }
item-remove = Remove
item-remove-name = Remove { $which }
add-passkey = Add a passkey
add-authenticator = Add an app
add-email = Add an address
change-email = Change the address
add-phone = Add a number
change-phone = Change the number
add-questions = Choose questions
change-questions = Answer anew
add-recovery = Make recovery codes
change-recovery = Make new ones

## An address or a number

email-heading = What is your other e-mail address?
email-lead = We send a code there. Use an address that you can open without this password.
email-label = E-mail address
email-hint = Like
email-button = Send the code
email-confirm-heading = Is this still your address?
email-confirm-button = Yes: send a code there
email-other = Use another address
email-error-form = Type an address like ada@example.com.
email-error-own = You would need your password to open this mailbox. Type an address that is not from your organisation.
email-error-known = This address is registered already.
phone-heading = What is your mobile number?
phone-lead = We text or call you with a code.
phone-confirm-heading = Is this still your number?
phone-confirm-button = Yes: send a code there
phone-other = Use another number
phone-error-known = This number is registered already.
phone-by = How do you want the code?
phone-by-text = As a text message
phone-by-call = As a call that reads it aloud
phone-error-way = Choose one of these.
register-code-heading-email = What is the code in the e-mail?
register-code-error =
    { $left ->
        [one] That code isn't right. You have { $left } more try. Codes come from { $tenant } and are valid for 10 minutes.
       *[other] That code isn't right. You have { $left } more tries. Codes come from { $tenant } and are valid for 10 minutes.
    }
register-other = Type it anew

## An authenticator app

app-heading = What is the name of your app or phone?
app-lead = The name helps you to tell one from another. Any app works that shows codes for signing in.
name-label = Name
app-name-default = My phone
app-scan-heading = Scan this with your app
app-scan-lead = In your app, choose to add an account. Then type the code that it shows.
app-scan-alt = QR code for your authenticator app
app-typed = No camera? Type this secret into your app:
app-code-hint = It has 6 digits and changes every 30 seconds.
app-button = Check the code
app-error =
    { $left ->
        [one] That code isn't right. You have { $left } more try. See that the clock of your phone is right.
       *[other] That code isn't right. You have { $left } more tries. See that the clock of your phone is right.
    }
name-error-form = Type a name of 1 to 60 characters.
name-error-taken = You have one with this name. Type another name.
name-error-many = You have as many as there can be. Remove one first.
name-error-impossible = Passkeys can't be used at the address of this service. Choose another way.

## A passkey

passkey-heading = What is the name of this passkey?
passkey-lead = The name helps you to tell one from another, like the name of this device.
passkey-name-default = This device
passkey-create-heading = Create the passkey { $name }
passkey-create-lead = Your device asks for your fingerprint, face or PIN. They stay on the device.
passkey-create-button = Create the passkey

## Security questions

ask-heading = Choose your questions
ask-lead =
    { $needed ->
        [one] Answer at least { $needed } question. Spaces and capital letters don't matter.
       *[other] Answer at least { $needed } questions. Spaces and capital letters don't matter.
    }
ask-warning = Choose answers that nobody can find out about you. Nobody can read them here, not even your administrator.
ask-replaces = They take the place of the ones that you answered before.
ask-question = Question { $number }
ask-none = No more
ask-answer = Answer { $number }
ask-answer-hint = 3 to 40 characters.
ask-button = Save the answers
ask-error-few =
    { $needed ->
        [one] Choose and answer { $needed } question.
       *[other] Choose and answer { $needed } questions.
    }
ask-error-short = Question { $number }: the answer is shorter than 3 characters.
ask-error-long = Question { $number }: the answer is longer than 40 characters.
ask-error-common = Question { $number }: many people give this answer. Choose another question or answer.
ask-error-in-question = Question { $number }: the answer is in the question.
ask-error-name = Question { $number }: the answer is in your name.
ask-error-repeated = Question { $number }: another question has the same answer.
ask-error-twice = Question { $number }: you chose this question before.
ask-error-unknown = Question { $number }: this question is no longer there. Choose another one.

## Recovery codes

recovery-heading = Make recovery codes
recovery-lead = You get ten codes. Each works once, instead of another method. Print them or write them down.
recovery-replaces =
    { $count ->
        [one] You have { $count } code from before. It stops working.
       *[other] You have { $count } codes from before. They stop working.
    }
recovery-button = Make ten codes
sheet-heading = Your recovery codes
sheet-lead = This is the only time that you see them. Keep them where only you can find them, not on this device.
sheet-list = Recovery codes
sheet-download = Download as a text file
sheet-kept = I have kept them
sheet-file = Recovery codes of { $user } at { $tenant }. Each works once. Nobody from IT will ever ask you for one.

## Removing

remove-heading = Remove this?
remove-lead = { $which } can then not be used any more to prove who you are.
remove-button = Remove it
remove-keep = Keep it
remove-sure-heading = You can't reset your password without this
remove-sure-lead = Without { $which } you have too few ways to prove who you are. If you forget your password, only your administrator can help you.
remove-sure-button = Remove it all the same
remove-refused-heading = You need this one
remove-refused-lead = { $which } is your last second factor, and administrators always need one. Register another one first.

## Confirming

confirm-heading = Is this still right?
confirm-lead = Look at each of these. If you lost a phone or an address, change it now, not on the day when you need it.
confirm-button = Yes, all of this is right
confirm-change = Change something

## Confirm that it's you

prove-heading = Confirm that it's you
prove-lead = Before something changes here, we check again that it's you.
prove-lead-two = Your password was reset. Until { $until } we need two factors before something changes here.
prove-password = Password
prove-code = Code from your authenticator app
prove-button = Confirm
prove-passkey = Use a passkey
prove-passkey-heading = Use your passkey
prove-passkey-lead = Your device asks for your fingerprint, face or PIN.
prove-elsewhere = You sign in with your organisation's own sign-in page. Sign out, sign in again, and come back within ten minutes.
prove-impossible = Your password was reset and you have no second factor. You can change something here from { $until }. If you can't wait, contact your administrator.
prove-error = That isn't right. Type it again.
prove-error-code = That password or code isn't right. Type both again, with the code that your app shows now.
prove-error-passkey = That passkey isn't right, or it took too long. Try again.
prove-locked = There were too many tries. Try again from { $until }.
