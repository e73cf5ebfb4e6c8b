# Changing a password that is known.

current-password-label = Current password
change-heading = Change your password
change-why-administrator = Your administrator asks you to choose a password that only you know.
change-why-expired = Your password has expired. Choose a new one to go on.
change-button = Change the password
change-forgot = Don't know the current one?
change-forgot-link = Reset it
error-current-form = Type the password that you have now.
error-current = That isn't your current password. Nothing was changed.
change-locked-title = Too many wrong passwords
change-locked = For your safety no password is looked at before { $when }. If you don't know the current one, reset it.
change-done-heading = Your password is changed
change-done-what = Use the new one from now on, wherever you sign in.
change-done-devices = You stay signed in here. All other devices were signed out.
change-to-account = Go to my account
change-young-heading = Your password is too new
change-young-what = Your organisation asks you to keep a password for some days before you change it again. If somebody else may know it, reset it instead.
change-from = You can change it from
change-elsewhere-heading = Your password is kept elsewhere
change-elsewhere-what = Your organisation keeps it in its own directory, so it can't be changed here. Change it on your work computer, or ask your administrator.
