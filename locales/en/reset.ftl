# The portals: reset, this was not me, and pages for problems.

## Around every page

skip-to-content = Skip to the content
ways-out-label = Help and cancel
languages-label = Language
help-link = Contact your administrator
cancel-button = Cancel
next-button = Next
back-button = Back
start-again = Start again
title-error = Error: { $title }
alert-title = There is a problem
progress-first = Step 1: who you are
progress = Step { $step } of { $steps }: { $name }
step-prove = prove it's you
step-password = a new password
time-left = You have { $duration } to finish.
reference = Support reference

## Who are you

start-heading = Reset your password
start-lead = Tell us who you are. Then you prove it, and choose a new password.
user-id-label = User ID
user-id-hint = Often your work e-mail address, like ada@contoso.com.
work-busy = One moment: your browser is doing a short check.
error-user-id = Type your user ID, like ada@contoso.com.
error-check-failed = The check that you are not a program didn't pass. This page has a new one: try again.
error-too-fast = That was faster than a person types. Wait a few seconds, then choose Next.
error-busy = There are too many requests from your network right now. Try again in { $duration }.
notice-gone = Start here. There was no reset under way in this browser, or its time was over.
notice-start-out-of-date = That page was out of date. This one is new: choose Next.
no-cookies-title = Your browser accepts no cookies
no-cookies-what = A cookie keeps your reset in this browser, so that nobody else can finish it.
no-cookies-next = Allow cookies for this page, or use another browser, then choose Next.

## Choose how to prove it

verify-heading = How do you want to prove it's you?
verify-lead = Choose what you have at hand.
verify-lead-passkey = Choose what you have at hand. If your passkey is on this device, that is quickest and safest.
verify-lead-next = The first proof was right. Choose one more, of another kind.
verify-legend = Ways to prove it's you
error-choose = Choose one of the ways below.
gate-email = Code by e-mail
gate-email-detail = We send a code to your other e-mail address.
gate-sms = Code by text message
gate-sms-detail = You type your mobile number, we send a code there.
gate-mobile-call = Call to your mobile phone
gate-mobile-call-detail = You type your mobile number, we call and read a code aloud.
gate-office-call = Call to your office phone
gate-office-call-detail = You type your office number, we call and read a code aloud.
gate-questions = Security questions
gate-questions-detail = You answer questions that you chose before.
gate-authenticator-code = Code from your authenticator app
gate-authenticator-code-detail = You type the code that the app shows.
gate-authenticator-push = Approve in your authenticator app
gate-authenticator-push-detail = You approve a request that the app shows.
gate-passkey = Passkey
gate-passkey-detail = Best if it is on this device: your fingerprint, face or PIN, or a security key.
gate-recovery-code = Recovery code
gate-recovery-code-detail = You type one of the codes that you kept.
gate-helpdesk-code = Code from the helpdesk
gate-helpdesk-code-detail = You type the code that your helpdesk gave you.
other-button = Choose another way

## The whole number

number-heading-mobile = What is your mobile number?
number-heading-office = What is your office number?
number-lead-text = Type the whole number. If it is the one we know, we send a code there.
number-lead-call = Type the whole number. If it is the one we know, we call it and read a code aloud.
number-on-file = The number we know:
number-label = Phone number
number-hint = Begin with the country code, like
number-button-text = Send the code
number-button-call = Call me
error-number-form = Type the whole number with its country code, like +31 6 12345678.
error-number =
    { $left ->
        [one] That isn't the number we know. You have { $left } more try.
       *[other] That isn't the number we know. You have { $left } more tries.
    }

## The code

code-label = Code
code-heading-email = What is the code in the e-mail?
code-heading-text = What is the code in the text message?
code-heading-call = What code did the call read to you?
code-heading-authenticator = What code does your app show?
code-lead-email = We sent a code of { $digits } digits to your other e-mail address.
code-lead-email-to = We sent a code of { $digits } digits to
code-lead-text = We sent a code of { $digits } digits to your mobile phone.
code-lead-text-to = We sent a code of { $digits } digits to
code-lead-call = We are calling you and will read a code of { $digits } digits aloud.
code-lead-call-to = We read a code of { $digits } digits aloud in a call to
code-lead-authenticator = Open your authenticator app and find { $tenant }.
code-hint = It comes from { $tenant } and is valid for 10 minutes. Spaces don't matter.
code-hint-authenticator = It has 6 digits and changes every 30 seconds. Spaces don't matter.
code-never-share = Nobody from IT will ever ask you for this code. Don't give it to anyone.
code-not-there = No code yet?
code-not-there-hint = It can take a minute. A new code makes the old one void.
again-button = Try again: send a new code
again-button-call = Try again: call me once more
error-code-form = Type the { $digits } digits of the code.
error-code =
    { $left ->
        [one] That code isn't right. You have { $left } more try. Codes come from { $tenant } and are valid for 10 minutes.
       *[other] That code isn't right. You have { $left } more tries. Codes come from { $tenant } and are valid for 10 minutes.
    }
error-authenticator =
    { $left ->
        [one] That code isn't right. You have { $left } more try. Wait for a new code in the app, and check that your phone shows the right time.
       *[other] That code isn't right. You have { $left } more tries. Wait for a new code in the app, and check that your phone shows the right time.
    }
notice-sent-again = A new code is on its way. The old one no longer works.
notice-too-soon = Wait until ten seconds after the last code, then ask for another one.
notice-out-of-date = That page was out of date, and nothing was done. Here is where you are now.
notice-too-late = The reset had ended before this form arrived, so the form changed nothing. Here is how it ended.
notice-too-late-done = Your password was already reset before this form arrived, so the form changed nothing. The password that was set first is the one that works.
notice-no-messages-title = No more texts and calls for now
notice-no-messages = Choose another way, or try again in an hour.

## A passkey

reset-passkey-heading = Use your passkey
reset-passkey-lead = Your device or security key asks for your fingerprint, face or PIN. Those stay on it, and nothing is typed here.
reset-passkey-button = Use a passkey
error-reset-passkey =
    { $left ->
        [one] That passkey was not accepted for the user ID that you typed. You have { $left } more try. Press the button and choose the passkey of that account, or choose another way.
       *[other] That passkey was not accepted for the user ID that you typed. You have { $left } more tries. Press the button and choose the passkey of that account, or choose another way.
    }
error-reset-passkey-late = That took longer than 5 minutes. It doesn't count as a try: press the button again.
error-reset-passkey-form = Your device sent no passkey. Press the button and do what your device says, or choose another way.

## A recovery code

recovery-code-heading = What is one of your recovery codes?
recovery-code-lead = You got these codes when you set up your security info. Each works once.
recovery-code-hint = It has 24 letters and digits. Capital letters, spaces and dashes don't matter.
error-recovery-code-form = Type the whole code: 24 letters and digits.
error-recovery-code =
    { $left ->
        [one] That code isn't right, or was used before. You have { $left } more try. Check it letter by letter, or use another code of your list.
       *[other] That code isn't right, or was used before. You have { $left } more tries. Check it letter by letter, or use another code of your list.
    }

## Security questions

questions-heading = Answer your security questions
questions-lead = All answers must be right. Capital letters and extra spaces don't matter.
error-answers-form = Answer every question.
error-answers =
    { $left ->
        [one] Not all answers are right. Here are other questions. You have { $left } more try.
       *[other] Not all answers are right. Here are other questions. You have { $left } more tries.
    }
question-first-manager = What is the last name of your first manager?
question-first-street = What street did you live in as a small child?
question-first-concert = What was the first concert you went to?
question-childhood-friend = What is the name of your best friend from childhood?
question-first-school-city = In what town was your first school?
question-parents-met = In what town did your parents meet?
question-childhood-nickname = What nickname did you have as a child?
question-first-job-city = In what town was your first job?
question-oldest-cousin = What is the first name of your oldest cousin?
question-first-teacher = What is the last name of your first teacher?
question-childhood-toy = What was your favourite toy as a child?
question-grandmother-street = What street did your grandmother live in?

## The new password

password-heading = Choose a new password
password-account = For the account
new-password-label = New password
confirm-password-label = Confirm new password
password-button = Set the new password
show-button = Show
hide-button = Hide
passwords-match = Both are the same.
passwords-differ-yet = They are not the same yet.
rules-title = Your new password needs:
rule-met = met
rule-unmet = not met yet
rule-min-length = At least { $min } characters
rule-max-length = At most { $max } characters
rule-classes = At least { $min } of these 4: small letter, capital letter, digit, symbol
rule-no-control-characters = No tabs or line ends
rule-printable-ascii = Only the letters a to z, digits, spaces and the symbols of an English keyboard
rule-no-names = Not your name, your user ID or your organisation's name
rule-not-banned = Not made of words that everybody tries first
rule-not-reused =
    { $last ->
        [one] Not the password you had last
       *[other] Not one of the last { $last } passwords you had
    }
rule-not-breached = Not known from a data leak
rule-min-age =
    { $days ->
        [one] Your present password must be { $days } day old
       *[other] Your present password must be { $days } days old
    }
violation-too-short = Use at least { $min } characters. This one has { $actual }.
violation-too-long = Use at most { $max } characters. This one has { $actual }.
violation-too-few-classes = Mix at least { $min } of small letters, capital letters, digits and symbols. This one has { $actual }.
violation-control-character = Leave out tabs and line ends. They often come with pasting.
violation-not-printable-ascii = Use only the letters a to z, digits, spaces and the symbols of an English keyboard.
violation-given-name = Leave out your first name.
violation-family-name = Leave out your last name.
violation-user-id = Leave out your user ID.
violation-tenant-name = Leave out your organisation's name.
violation-banned = This one is easy to guess. Use fewer common words, or add something of your own.
violation-reused = You had this one before. Choose another.
violation-breached = This one is known from a data leak. Choose another, and change it wherever you use it.
violation-too-recent = Your password can be changed again from { $until }.
error-passwords-differ = The two passwords are not the same. Type both again.
error-password-form = Type the new password in both fields.

## The end

done-heading = Your password is reset
done-works = The new password works from now on, wherever you use this account.
done-sessions = You are signed out everywhere. Sign in again with the new password.
done-told = We told you about it at:
failed-heading = You can't reset this password here
failed-code = Code
reason-turned-off = Password reset is turned off for your organisation.
reason-no-methods = Your organisation has not set up any way to prove who you are.
reason-not-in-group = Password reset is not turned on for your account.
reason-not-licensed = Your organisation's plan does not cover your account.
reason-on-premises = Your password is kept in your organisation's own directory and can't be changed from here.
reason-too-few-methods = There are too few ways on file to prove that it's you.
reason-directory-away = Your organisation's directory can't be reached right now.
reason-directory-fault = Your organisation's directory refused the connection.
reason-disabled = This account is turned off.
cure-ask = Your administrator can mend that. Give them the code and the support reference.
cure-methods = Ask your administrator to add a phone number or another e-mail address to your account. Give them the code and the support reference.
cure-later = Try again in a while. If it goes on, give your administrator the code and the support reference.
unknown-heading = We don't know this user ID
unknown-what = Look at how it is spelled. It often ends with your organisation's name, like @contoso.com.
unknown-next = Try another user ID
blocked-heading = Too many tries
blocked-all = To protect the account, resetting its password is stopped for a while.
blocked-password = Your password has not changed. If you remember it, it still works.
blocked-method = To protect the account, this way is stopped for a while: { $method }.
blocked-other = Start again to use another way, or contact your administrator.
blocked-until = Try again from
canceled-heading = You canceled
canceled-what = Nothing has changed. Your present password still works.
contacted-heading = Your administrators have been asked
contacted-what = If your account can be helped this way, they have an e-mail with your user ID and this reference.
contacted-next = They will get in touch with you. Nobody from IT will ever ask you for a code or a password.
expired-heading = This reset is over
expired-what = Its time was up, or the account changed in the meantime. Your password has not changed.

## Help

help-heading = Contact your administrator?
help-lead = We send your administrators an e-mail with your user ID and a support reference. They will get in touch with you.
help-ends = This ends your reset. You can start again at any time.
help-button = Send them an e-mail
help-lead-link = Your organisation has its own page or address for help with passwords.
help-open = Get help
help-lead-first = First type your user ID, so that we know who your administrators are. Then you can ask for help on every page.

## This was not me

not-me-heading = This was not me
not-me-lead = Somebody else reset your password? Look at it here and lock the account.
not-me-code-label = Code from the message
not-me-code-hint = It works once, for three days. If you came by the link, it is here already.
not-me-refused = This code isn't right, was used, or its time is over. Contact your administrator now if somebody else changed your password.
not-me-confirm-heading = Lock this account?
not-me-confirm-what = This locks the account, ends all its sessions and tells your administrators. You need them to get back in.
not-me-when = Password reset
not-me-when-change = Password changed
not-me-when-info = Security info changed
not-me-button = This was not me: lock the account
not-me-done-heading = The account is locked
not-me-done-what = All its sessions have ended, and nobody can reset the password by themselves.
not-me-done-next = Your administrators know. To get back in, talk to them.

## When there is no page

problem-host = This address is not known here
problem-host-what = Use the address that your organisation gave you.
problem-request = That could not be understood
problem-request-what = Your browser sent something that this page does not know. Nothing was done. Go back, load the page again and try once more.
problem-characters-what = There were characters in it that can't be seen, which often come with pasting. Go back and type it by hand.
problem-origin-what = The form came from another website, so nothing was done. Open this site's own page.
problem-conflict-what = It changed in the meantime. Nothing was done. Load the page again.
problem-not-a-form-what = What was sent is no form. Use this site's own pages.
problem-not-found = There is nothing here
problem-not-found-what = Look at the address, or start from the beginning.
problem-method-what = This address can't be opened like that. Start from the beginning.
problem-too-large = That was too long
problem-too-large-what = Nothing was done. Go back and type less.
problem-busy = Too busy right now
problem-busy-what = Nothing was lost. Wait a few seconds, then load the page again.
problem-away-what = A part of the service does not answer. Wait a minute, then load the page again.
problem-internal = That is our fault, sorry
problem-internal-what = Something broke on our side. Try again. If it goes on, give your administrator this reference.
