# Messages that are sent: mails, texts, calls. Plain, short, the tenant's name first.

## Said in every mail that tells of something that was done

mail-when = When
mail-where = From
mail-reference = Support reference
mail-not-you-ask = If it was not you, tell your administrator now.

## The code for a reset

# Said with every code, on paper and aloud.
never-ask-mail = Nobody from IT will ever ask you for this code. Don't give it to anyone.

mail-code-subject = { $tenant }: your code to reset your password
mail-code-intro = Here is the code to reset your password:
mail-code-valid = It is valid for { $duration }, only in the browser where you asked for it.
mail-code-not-you = If it was not you, do nothing. Without this code, nothing changes.

# One text message of 160 letters holds this, the tenant's name before it and a line with the address.
text-code = { $code } is your code to reset your password. Nobody from IT will ever ask for it.

# Read aloud; $digits is the code, digit by digit.
call-code = This is { $tenant }. Your code to reset your password is: { $digits }. Once more, your code is: { $digits }. Nobody from IT will ever ask you for this code. If it was not you, hang up. Nothing changes.

## A password was reset

mail-reset-subject = { $tenant }: your password was reset
mail-reset-intro = The password of { $user } was reset. All its sessions have ended.
mail-unlocked-subject = { $tenant }: your account was unlocked
mail-unlocked-intro = The account { $user } was unlocked. Its password was not changed.
mail-reset-told = We also told
mail-reset-not-you = If it was not you, lock the account now:
mail-reset-link = This was not me
mail-reset-typed = Or open { $page } and type this code:
mail-reset-valid = The link and the code work once, for { $duration }. Nothing happens until you confirm.

mail-admin-reset-subject = { $tenant }: an administrator's password was reset
mail-admin-reset-intro = The administrator { $user } reset their own password.
mail-admin-reset-check = If you did not expect this, call them on a number you know. If it was not them, block the account at once.

## Too many failed tries

mail-blocked-subject = { $tenant }: resetting your password is blocked for a while
mail-blocked-all = There were too many failed tries to reset the password of { $user }.
mail-blocked-method = There were too many failed tries at one way of proving who you are, when resetting the password of { $user }.
mail-blocked-until = Blocked until
mail-blocked-still = Your password has not changed and still works.

## A recovery code was used

mail-recovery-code-subject = { $tenant }: one of your recovery codes was used
mail-recovery-code-intro = Somebody used one of your recovery codes to reset the password of { $user }. That code doesn't work any more.
mail-recovery-code-left =
    { $left ->
        [0] You have no recovery codes left. Make new ones in your security info.
        [one] You have { $left } recovery code left. Make new ones in your security info.
       *[other] You have { $left } recovery codes left.
    }
mail-recovery-code-not-you = If it was not you, somebody else has your codes: tell your administrator now.

## Why a reset is not possible

mail-missing-subject = { $tenant }: why you can't reset your password
mail-missing-intro = Somebody asked to reset the password of { $user }. That is not possible now.
mail-missing-turned-off = Password reset is turned off for your organisation.
mail-missing-no-methods = Your organisation has not set up any way to prove who you are.
mail-missing-not-in-group = Password reset is not turned on for your account.
mail-missing-not-licensed = Your organisation's plan does not cover your account.
mail-missing-on-premises = Your password is kept in your organisation's own directory and can't be changed from here.
mail-missing-methods = You need { $needed ->
        [one] { $needed } way
       *[other] { $needed } ways
    } to prove who you are, and you have { $usable }.
mail-missing-directory = Your organisation's directory can't be reached right now.
mail-missing-directory-fault = Your organisation's directory refused the connection.
mail-missing-disabled = Your account is turned off.
mail-missing-mend-admin = Your administrator can mend that. Give them the support reference.
mail-missing-mend-methods = Ask your administrator to add a phone number or another e-mail address to your account.
mail-missing-mend-later = Try again later. If it goes on, tell your administrator.

## Help is asked for

mail-help-subject = { $tenant }: { $user } needs help with their password
mail-help-intro = { $user } can't reset their password and asks for your help.
mail-help-check = First make sure that it is really them: call them on a number you know.
mail-help-link = Reset the password in the administrators' portal

## This was not me

mail-frozen-admin-subject = { $tenant }: { $user } did not reset their password
mail-frozen-admin-intro = { $user } reported a password reset that they did not make. We locked the account: nobody can sign in to it or reset its password, and its sessions have ended.
mail-frozen-admin-check = Find out with them what happened, then give them a new password and unlock the account.
mail-frozen-admin-link = Open the account in the administrators' portal

mail-frozen-user-subject = { $tenant }: your account is locked
mail-frozen-user-intro = You reported that you did not reset the password of { $user }. We locked the account: nobody can sign in to it, not even you, and all its sessions have ended.
mail-frozen-user-next = Your administrators know. To get back in, talk to them.
mail-frozen-user-not-you = If you did not report this, tell your administrators too.

## Money

mail-spend-subject = { $tenant }: unusually many texts and calls
mail-spend-intro = { $sent ->
        [one] { $sent } text or call was
       *[other] { $sent } texts and calls were
    } sent today. The limit for a day is { $limit }.
mail-spend-until = No more until
mail-spend-still = Codes by e-mail still work.
mail-spend-check = If you did not expect this, look for a number or a country that stands out. Somebody may be making money from it.
mail-spend-link = Open the administrators' portal

## Wrong passwords locked an account

mail-locked-subject = { $tenant }: signing in to your account is locked for a while
mail-locked-intro = There were too many failed tries to sign in as { $user }.
mail-locked-until = Locked until
mail-locked-still = Your password has not changed. To get in sooner, reset it.
mail-locked-not-you = If it was not you, nobody got in. If you think that somebody knows your password, change it and tell your administrator.

## The password was changed

mail-changed-subject = { $tenant }: your password was changed
mail-changed-intro = The password of { $user } was changed by somebody who knew the old one.

## The password expires

mail-expires-subject = { $days ->
        [one] { $tenant }: your password expires in { $days } day
       *[other] { $tenant }: your password expires in { $days } days
    }
mail-expires-intro = { $days ->
        [one] The password of { $user } expires in { $days } day.
       *[other] The password of { $user } expires in { $days } days.
    }
mail-expires-when = It works until
mail-expires-what = Change it before then. You need the password that you have now.
mail-expires-link = Change the password

## A code to register an address or a number

mail-register-subject = { $tenant }: your code to register this address
mail-register-intro = Here is the code to register this address, with which you can later reset your password:
mail-register-not-you = If it was not you, do nothing. Without this code, the address is not registered.

# One text message of 160 letters holds this, the tenant's name before it and a line with the address.
text-register = { $code } is your code to register this number. Nobody from IT will ever ask for it.

text-number-changed = This number was taken off your account. If that was not you, tell your administrator at once.

call-register = This is { $tenant }. Your code to register this phone number is: { $digits }. Once more, your code is: { $digits }. Nobody from IT will ever ask you for this code. If it was not you, hang up. Nothing changes.

## Security info was changed

mail-info-subject = { $tenant }: your security info was changed
mail-info-intro = The ways in which { $user } can prove who they are were changed.
mail-info-added = Added
mail-info-replaced = Replaced
mail-info-removed = Removed
mail-info-email = e-mail address
mail-info-phone = phone number
mail-info-questions = security questions
mail-info-authenticator = authenticator app
mail-info-passkey = passkey
mail-info-recovery-codes = recovery codes
