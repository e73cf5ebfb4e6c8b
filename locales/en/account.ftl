# My account, and what every page of somebody signed in has.

account-link = My account
sign-out-button = Sign out

account-heading = My account
account-info-title = Security info
account-info-empty = Nothing is registered yet. Without it you can't reset a forgotten password.
account-info-link = See and change security info
account-password = Change it if you think that somebody else knows it.
account-password-link = Change password
account-devices-count =
    { $count ->
        [one] You are signed in in this browser only.
       *[other] You are signed in in { $count } browsers.
    }
account-devices-link = See your devices
account-events-title = What happened lately
account-events-empty = Nothing yet.
account-events-hint = Was something of this not you? Change your password and tell your administrator.
account-method-passkey = Passkeys
account-method-authenticator = Authenticator apps
account-method-email = E-mail
account-method-phone = Mobile phone
account-method-office = Office phone
account-method-questions = Security questions
account-method-recovery-codes = Recovery codes
account-method-count = { $count } registered
account-event-sign-in = Signed in
account-event-sign-in-failed = A sign-in that failed
account-event-locked = Sign-in was locked after failed tries
account-event-session-ended = Signed out on another device
account-event-reset = Password was reset
account-event-reset-failed = A password reset that was not finished
account-event-reset-by-admin = An administrator set the password
account-event-change = Password was changed
account-event-change-failed = A password change that failed
account-event-unlock = Account was unlocked
account-event-blocked = Password reset was blocked after failed tries
account-event-registered = Security info was changed
account-event-confirmed = Security info was confirmed
account-event-methods = An administrator changed security info
account-event-not-me = Reported: this was not me
account-event-changed = An administrator changed the account

## Signed in on these devices

devices-heading = Signed in on these devices
devices-lead = If you don't know one of these, end it and change your password.
devices-this = this one
devices-unknown = Unknown browser
devices-address = Network
devices-since = Signed in
devices-used = Last used
devices-end = Sign out there
devices-end-others = Sign out everywhere else
devices-ended = Done. Nobody is signed in there any more.

## The first page

landing-heading = What do you want to do?
landing-reset = Reset a forgotten password
landing-reset-detail = You prove who you are and choose a new one.
landing-register = Register security info
landing-register-detail = So that you can get back in when you forget your password.
landing-change = Change your password
landing-change-detail = You know the old one and want another.
landing-account = See what is registered, what happened and where you are signed in.
landing-sign-in = To see your account and where you are signed in.
